"""Projects, batches and requests."""
