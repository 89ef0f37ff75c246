"""Authenticated asynchronous clients on httpx (`pip install "kognic-client[httpx]"`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.auth.httpx.async_client import HttpxAuthAsyncClient as HttpxAuthAsyncClient
    from kognic.auth.httpx.base_client import BaseAsyncApiClient as BaseAsyncApiClient

__all__ = ["BaseAsyncApiClient", "HttpxAuthAsyncClient"]

__getattr__, __dir__ = attach(
    __name__,
    {
        "BaseAsyncApiClient": "kognic.auth.httpx.base_client",
        "HttpxAuthAsyncClient": "kognic.auth.httpx.async_client",
    },
)
