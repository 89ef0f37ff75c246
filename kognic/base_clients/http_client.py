"""`HttpClient` at the path of the official client."""

from kognic.base_clients.http.client import HttpClient

__all__ = ["HttpClient"]
