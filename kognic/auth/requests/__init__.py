"""Authenticated clients on requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic.auth._lazy import attach

if TYPE_CHECKING:
    from kognic.auth.requests.auth_session import RequestsAuthSession as RequestsAuthSession

__all__ = ["RequestsAuthSession"]

__getattr__, __dir__ = attach(__name__, {"RequestsAuthSession": "kognic.auth.requests.auth_session"})
