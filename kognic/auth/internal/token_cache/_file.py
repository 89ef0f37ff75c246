"""Tokens in a file that only its owner can read."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kognic._core.files import NotJsonError, read_json, write_private
from kognic._core.locks import locked
from kognic.auth._defaults import DEFAULT_CACHE_PATH
from kognic.auth.internal.token_cache._base import TokenCache, is_valid, make_key

log = logging.getLogger(__name__)

# Every permission of the group and of others.
_OTHERS = 0o077


class FileTokenCache(TokenCache):
    """A JSON file, key to token. Written in one step with mode 0600, by one process at a time."""

    def __init__(self, path: str | os.PathLike[str] = DEFAULT_CACHE_PATH) -> None:
        self.path = Path(path).expanduser()
        self._said = False

    def load(self, auth_server: str, client_id: str, scopes: str | None = None) -> dict[str, Any] | None:
        """Return the token if there is one with more than 30 seconds left."""
        token = self._read().get(make_key(auth_server, client_id, scopes))
        return token if is_valid(token) else None

    def save(
        self, auth_server: str, client_id: str, token: Mapping[str, Any], scopes: str | None = None
    ) -> None:
        """Keep a token in place of the one before."""
        key, kept = make_key(auth_server, client_id, scopes), dict(token)
        self._change(lambda tokens: tokens.__setitem__(key, kept))

    def clear(self, auth_server: str, client_id: str, scopes: str | None = None) -> None:
        """Forget a token."""
        key = make_key(auth_server, client_id, scopes)
        if key in self._read():
            self._change(lambda tokens: tokens.pop(key, None))

    def _change(self, change: Callable[[dict[str, Any]], object]) -> None:
        try:
            with locked(self.path):
                tokens = {k: v for k, v in self._read().items() if is_valid(v)}
                change(tokens)
                write_private(self.path, json.dumps(tokens, indent=2) + "\n")
        except OSError as exc:
            self._say(f"cannot be written: {exc.strerror or exc}")

    def _read(self) -> dict[str, Any]:
        try:
            self._make_private()
            tokens = read_json(self.path)
        except FileNotFoundError:
            return {}
        except NotJsonError as exc:
            log.info("The token cache '%s' %s and starts anew", self.path, exc)
            return {}
        except OSError as exc:
            self._say(f"cannot be read: {exc.strerror or exc}")
            return {}
        return tokens if isinstance(tokens, dict) else {}

    def _make_private(self) -> None:
        """Take a file that an older program left readable away from others."""
        mode = self.path.stat().st_mode
        if os.name == "posix" and mode & _OTHERS and os.access(self.path, os.W_OK):
            self.path.chmod(mode & 0o700)

    def _say(self, trouble: str) -> None:
        level = logging.DEBUG if self._said else logging.WARNING
        self._said = True
        log.log(level, "The token cache '%s' %s; every run fetches a token of its own", self.path, trouble)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"
