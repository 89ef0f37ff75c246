"""How bytes move: HTTP transport, retries, errors, pages, serialisation, file transfer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic.auth._lazy import attach

if TYPE_CHECKING:
    from kognic.base_clients.http_client import HttpClient
    from kognic.base_clients.operations import Effect, Operation
    from kognic.base_clients.retry import RetryPolicy

__all__ = ["Effect", "HttpClient", "Operation", "RetryPolicy"]

__getattr__, __dir__ = attach(
    __name__,
    {
        "Effect": "kognic.base_clients.operations",
        "HttpClient": "kognic.base_clients.http_client",
        "Operation": "kognic.base_clients.operations",
        "RetryPolicy": "kognic.base_clients.retry",
    },
)
