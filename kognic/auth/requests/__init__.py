"""Authenticated clients on requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.auth.requests.auth_session import RequestsAuthSession as RequestsAuthSession
    from kognic.auth.requests.base_client import BaseApiClient as BaseApiClient
    from kognic.auth.requests.bearer_auth import KognicBearerAuth as KognicBearerAuth

__all__ = ["BaseApiClient", "KognicBearerAuth", "RequestsAuthSession"]

__getattr__, __dir__ = attach(
    __name__,
    {
        "BaseApiClient": "kognic.auth.requests.base_client",
        "KognicBearerAuth": "kognic.auth.requests.bearer_auth",
        "RequestsAuthSession": "kognic.auth.requests.auth_session",
    },
)
