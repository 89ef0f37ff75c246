"""Tokens in the system keyring."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from kognic._core.files import NotJsonError, decode_json
from kognic.auth.internal._keyring import Keyring, keyring_trouble, open_keyring
from kognic.auth.internal.token_cache._base import SERVICE_NAME, TokenCache, is_valid, make_key

log = logging.getLogger(__name__)

T = TypeVar("T")


class KeyringTokenCache(TokenCache):
    """One password per token: service `kognic-auth`, user name the key, password the token's JSON."""

    def __init__(self, *, fallback: TokenCache | None = None) -> None:
        """Make a cache.

        Args:
            fallback: Keeps what the keyring refuses, such as tokens longer than its passwords may be.
        """
        self._fallback = fallback
        self._said = False

    def load(self, auth_server: str, client_id: str, scopes: str | None = None) -> dict[str, Any] | None:
        """Return the token if there is one with more than 30 seconds left."""
        key = make_key(auth_server, client_id, scopes)
        password = self._use(lambda ring: ring.get_password(SERVICE_NAME, key))
        token = _decoded(password) if isinstance(password, str) else None
        if token is None and self._fallback is not None:
            return self._fallback.load(auth_server, client_id, scopes)
        return token

    def save(
        self, auth_server: str, client_id: str, token: Mapping[str, Any], scopes: str | None = None
    ) -> None:
        """Keep a token in place of the one before."""
        key, password = make_key(auth_server, client_id, scopes), json.dumps(dict(token))

        def store(ring: Keyring) -> bool:
            ring.set_password(SERVICE_NAME, key, password)
            return True

        if not self._use(store) and self._fallback is not None:
            self._fallback.save(auth_server, client_id, token, scopes)

    def clear(self, auth_server: str, client_id: str, scopes: str | None = None) -> None:
        """Forget a token."""
        key = make_key(auth_server, client_id, scopes)
        # Removing what is not there is an error to some backends.
        if self._use(lambda ring: ring.get_password(SERVICE_NAME, key)) is not None:
            self._use(lambda ring: ring.delete_password(SERVICE_NAME, key))
        if self._fallback is not None:
            self._fallback.clear(auth_server, client_id, scopes)

    def _use(self, action: Callable[[Keyring], T]) -> T | None:
        ring = open_keyring()
        if ring is None:
            self._say(keyring_trouble() or "it is gone")
            return None
        try:
            return action(ring)
        except Exception as exc:  # a backend may raise anything; calls must go on without it
            self._say(type(exc).__name__)
            return None

    def _say(self, trouble: str) -> None:
        level = logging.DEBUG if self._said else logging.WARNING
        self._said = True
        instead = "are not kept" if self._fallback is None else "are kept in a file"
        log.log(level, "The system keyring does not work for tokens, they %s: %s", instead, trouble)


def _decoded(password: str) -> dict[str, Any] | None:
    try:
        token = decode_json(password)
    except NotJsonError:
        return None
    return token if is_valid(token) else None
