"""The workforce service: members of requests, assignment of tasks."""
