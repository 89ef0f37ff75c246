"""Access tokens, and when to get a new one.

Knows no HTTP: how a token is obtained is a function given to `TokenHolder`, which makes sure that any number
of threads cause one request for each new token.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kognic._core import watchdog
from kognic._core.redaction import MASK, Secret
from kognic.auth.errors import TokenError, TokenTimeoutError

log = logging.getLogger(__name__)

# Seconds before its expiry at which a token is renewed; tokens that live shorter than ten times this are used
# for nine tenths of their life.
LEEWAY = 60.0
# Seconds before a renewal that failed is tried again, while the old token still works.
RENEWAL_PAUSE = 10.0
# A token with less than this many seconds left may be rejected when it arrives.
_TRAVEL_TIME = 5.0
_SECRET_KEYS = frozenset({"access_token", "refresh_token", "id_token"})


class Token(dict[str, Any]):
    """A token endpoint's answer with `expires_at`; a dict that shows no secret.

    Raises:
        ValueError: It has no access token.

    Attributes:
        renew_at: Epoch seconds from which on it should be renewed; None for never.
    """

    renew_at: float | None

    def __init__(self, answer: Mapping[str, Any], *, leeway: float = LEEWAY, is_new: bool = False) -> None:
        super().__init__(answer)
        if not isinstance(self.get("access_token"), str):
            raise ValueError("The token has no 'access_token', or one that is not text")
        # Some tracebacks show what a dict holds instead of asking it for its repr.
        self.update((key, Secret(self[key])) for key in _SECRET_KEYS if isinstance(self.get(key), str))
        now = time.time()
        lifetime = as_number(self.get("expires_in"))
        expires_at = as_number(self.get("expires_at"))
        if expires_at is None and lifetime is not None:
            expires_at = int(now) + int(lifetime)
        if expires_at is None:
            self.pop("expires_at", None)
            self.renew_at = None
            return
        self["expires_at"] = int(expires_at)
        self.renew_at = expires_at - leeway
        if lifetime is not None:
            # The time left by this machine's clock; for a stored token less than its whole life. A new one
            # has all of it, even if that clock is ahead of the auth server's: otherwise each call renews it.
            left = lifetime if is_new or "expires_at" not in answer else min(lifetime, expires_at - now)
            self.renew_at = now + left - min(leeway, lifetime / 10)

    @property
    def authorization(self) -> Secret:
        """The value of the header that presents the token."""
        return Secret(f"Bearer {self['access_token']}")

    def secrets(self) -> list[Secret]:
        """Return the texts in it that must not be shown."""
        return [self[key] for key in sorted(_SECRET_KEYS) if isinstance(self.get(key), str)]

    def is_due(self) -> bool:
        """Whether it should be renewed."""
        return self.renew_at is not None and time.time() >= self.renew_at

    def still_works(self) -> bool:
        """Whether the platform can be expected to take it."""
        return "expires_at" not in self or time.time() < self["expires_at"] - _TRAVEL_TIME

    def is_expired(self, leeway: float = LEEWAY) -> bool | None:
        """Check whether it expires within `leeway` seconds; None when it never does."""
        return time.time() > self["expires_at"] - leeway if "expires_at" in self else None

    def __repr__(self) -> str:
        return repr({key: MASK if key in _SECRET_KEYS else value for key, value in self.items()})

    __str__ = __repr__


def as_number(value: object) -> float | None:
    """Return a number of seconds, also as text; None when it is neither."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    # Neither NaN nor what no clock can show.
    return number if abs(number) < 1e11 else None


def decode_jwt(token: str) -> dict[str, Any]:
    """Take a JWT apart, without checking it, into `header`, `payload` and `signature`.

    Base64 is taken in both alphabets, with padding or without.

    Raises:
        ValueError: It is not a JWT.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError(f"The access token is not a JWT: it has {len(parts)} parts, not 3")
    header, payload = _decode_part(parts[0]), _decode_part(parts[1])
    if header is None or payload is None:
        raise ValueError("The access token is not a JWT: its parts are not JSON objects in base64")
    return {"header": header, "payload": payload, "signature": parts[2]}


def _decode_part(part: str) -> dict[str, Any] | None:
    text = part.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        decoded = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


class TokenState:
    """A shared token and the state of its renewal; subclasses decide which thread renews it."""

    def __init__(self, initial: Token | None = None) -> None:
        self.token = initial
        self._pause_until = 0.0

    def usable(self) -> Token | None:
        """Return the token if it need not be renewed now."""
        token = self.token
        if token is None or (token.is_due() and not self._pausing(token)):
            return None
        return token

    def forget(self, refused: str | None = None) -> None:
        """Drop the token; given the header that was rejected, only if it is that token."""
        token = self.token
        if refused is None or (token is not None and token.authorization == refused):
            self.token = None

    def instead_of(self, refused: str) -> Token | None:
        """Return the token, if it is not the one that was rejected, which is dropped."""
        self.forget(refused)
        return self.token

    def keep(self, old: Token | None, error: TokenError) -> Token | None:
        """Return the old token, if it still works although its renewal failed for now."""
        if old is None or not error.transient or not old.still_works():
            return None
        log.warning("The access token still works and will be renewed later: %s", error)
        self._pause_until = time.monotonic() + max(RENEWAL_PAUSE, error.retry_after or 0)
        return old

    def take(self, new: Token) -> Token:
        """Use a new token."""
        log.info(
            "Got a new access token%s", f", good for {new['expires_in']} s" if "expires_in" in new else ""
        )
        self.token = new
        return new

    def _pausing(self, token: Token) -> bool:
        return time.monotonic() < self._pause_until and token.still_works()


class TokenHolder(TokenState):
    """The token that threads share.

    A thread that finds the token due renews it; the others wait for the new token, or use the old one while
    it still works. Only renewals are serialised, never the requests that use the token.
    """

    def __init__(
        self,
        obtain: Callable[[Token | None], Token],
        *,
        on_new: Callable[[Token], None] | None = None,
        initial: Token | None = None,
    ) -> None:
        """Create a holder.

        Args:
            obtain: Gets a new token, by the refresh token of the one given if it has one; raises TokenError.
            on_new: Called with every new token, in the thread that got it.
            initial: A token from before.
        """
        super().__init__(initial)
        # For everything that may happen once only; the thread that holds it may take it again.
        self.lock = threading.RLock()
        self._obtain = obtain
        self._on_new = on_new
        _holders.add(self)

    def ensure(self) -> Token:
        """Return the token, whatever its age; a new one if there is none.

        Raises:
            TokenError: There is none, or another thread did not get one before the caller's deadline.
        """
        token = self.token
        if token is not None:
            return token
        with self._alone():
            return self.token if self.token is not None else self._renew(None)

    def active(self) -> Token:
        """Return a token that is not about to expire; raises as `ensure` does."""
        token = self.usable()
        if token is not None:
            return token
        before = self.token
        if before is not None and before.still_works():
            # While the old one works, nobody needs to wait for the thread that renews it.
            if not self.lock.acquire(blocking=False):
                return before
            try:
                return self._renewed_since(before)
            finally:
                self.lock.release()
        with self._alone():
            return self._renewed_since(before)

    def replace(self, refused: str) -> Token:
        """Return a token other than the one that the platform refused.

        Args:
            refused: The header that was sent.
        """
        with self._alone():
            return self.instead_of(refused) or self._renew(None)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock, but wait for it no longer than the call of this thread may take."""
        guard = watchdog.current()
        left = None if guard is None else guard.left()
        if not self.lock.acquire(timeout=-1 if left is None else max(left, 0.0)):
            raise TokenTimeoutError(
                "No access token: another thread is still waiting for the auth server, and the deadline of"
                " this call has passed"
            )
        try:
            yield
        finally:
            self.lock.release()

    def _renewed_since(self, before: Token | None) -> Token:
        """The token of another thread that renewed it since this one looked, else a new one."""
        if self.token is not None and self.token is not before:
            return self.token
        return self._renew(self.token)

    def _renew(self, old: Token | None) -> Token:
        try:
            new = self._obtain(old)
        except TokenError as exc:
            kept = self.keep(old, exc)
            if kept is None:
                raise
            return kept
        self.take(new)
        if self._on_new is not None:
            self._on_new(new)
        return new

    def after_fork(self) -> None:
        """Take a new lock: the parent's may be held by a thread that does not exist here."""
        self.lock = threading.RLock()


_holders: weakref.WeakSet[TokenHolder] = weakref.WeakSet()


def _after_fork() -> None:
    for holder in list(_holders):
        holder.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
