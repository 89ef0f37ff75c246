"""The order-execution service: tasks and inputs of a request."""
