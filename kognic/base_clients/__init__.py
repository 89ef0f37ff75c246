"""How bytes move: HTTP transport, retries, errors, pages, serialisation, file transfer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.base_clients.http.client import HttpClient
    from kognic.base_clients.http.operations import Effect, Operation
    from kognic.base_clients.http.retry import RetryPolicy

__all__ = ["Effect", "HttpClient", "Operation", "RetryPolicy"]

__getattr__, __dir__ = attach(
    __name__,
    {
        "Effect": "kognic.base_clients.http.operations",
        "HttpClient": "kognic.base_clients.http.client",
        "Operation": "kognic.base_clients.http.operations",
        "RetryPolicy": "kognic.base_clients.http.retry",
    },
)
