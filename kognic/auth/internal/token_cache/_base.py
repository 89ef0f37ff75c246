"""What token caches have in common: the key of a token, and when one is worth handing out.

A cache never fails: a token that cannot be kept or read back is fetched anew. What goes wrong is said once.
"""

from __future__ import annotations

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from kognic.auth._tokens import as_number

SERVICE_NAME = "kognic-auth"
# A cached token must outlive the start of the command and its first request.
EXPIRY_MARGIN_SECONDS = 30
MODES = ("auto", "keyring", "file", "none")


class TokenCache(ABC):
    """Tokens by auth server, client and scopes; `scopes` is the blank-joined text of the scopes in effect."""

    @abstractmethod
    def load(self, auth_server: str, client_id: str, scopes: str | None = None) -> dict[str, Any] | None:
        """Return the token if there is one with more than 30 seconds left."""

    @abstractmethod
    def save(
        self, auth_server: str, client_id: str, token: Mapping[str, Any], scopes: str | None = None
    ) -> None:
        """Keep a token in place of the one before."""

    @abstractmethod
    def clear(self, auth_server: str, client_id: str, scopes: str | None = None) -> None:
        """Forget a token."""


def make_key(auth_server: str, client_id: str, scopes: str | None = None) -> str:
    """Return the name that a token is kept under."""
    key = f"{auth_server}:{client_id}"
    if not scopes:
        return key
    return f"{key}:s-{hashlib.sha256(scopes.encode()).hexdigest()[:12]}"


def is_valid(token: object) -> bool:
    """Whether it is a token whose expiry is known and more than 30 seconds away."""
    if not isinstance(token, Mapping) or not isinstance(token.get("access_token"), str):
        return False
    expires_at = as_number(token.get("expires_at"))
    return expires_at is not None and expires_at > time.time() + EXPIRY_MARGIN_SECONDS
