"""One request: client, retries, limits, errors, pages."""
