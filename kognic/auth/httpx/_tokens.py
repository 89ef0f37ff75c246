"""The token that coroutines share, and the request that gets a new one."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio

from kognic._core.redaction import Secret, forget_library_frames, opaque, redact, redact_url
from kognic.auth._defaults import MAX_RETRIES, RETRY_STATUS_CODES, RETRY_WAITS
from kognic.auth._tokens import RENEWAL_PAUSE, Token
from kognic.auth.base.auth_client import AuthClient
from kognic.auth.errors import TokenError
from kognic.auth.httpx._errors import (
    AsyncTokenConnectionError,
    AsyncTokenResponseError,
    AsyncTokenTimeoutError,
)
from kognic.auth.httpx._library import httpx

if TYPE_CHECKING:
    from kognic.auth.credentials import ApiCredentials

log = logging.getLogger(__name__)

_HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
}


class AsyncTokenHolder:
    """The asynchronous twin of `kognic.auth._tokens.TokenHolder`: one renewal for all coroutines."""

    def __init__(self, obtain: Callable[[Token | None], Awaitable[Token]]) -> None:
        self.token: Token | None = None
        self._obtain = obtain
        self._lock = anyio.Lock()
        self._pause_until = 0.0

    async def ensure(self) -> Token:
        """The token, whatever its age; a new one if there is none."""
        return self.token if self.token is not None else await self.active()

    async def active(self) -> Token:
        """A token that is not about to expire."""
        token = self.token
        if token is not None and (not token.is_due() or self._pausing(token)):
            return token
        async with self._lock:
            if self.token is not None and self.token is not token:
                return self.token  # renewed by another coroutine since this one looked
            return await self._renew(self.token)

    async def replace(self, refused: str) -> Token:
        """A token other than the one that the platform refused, given as the header that was sent."""
        async with self._lock:
            if self.token is not None and self.token.authorization != refused:
                return self.token
            self.token = None
            return await self._renew(None)

    def forget(self, refused: str | None = None) -> None:
        """Drop the token; given the header that was refused, only if it is that token."""
        if refused is None or (self.token is not None and self.token.authorization == refused):
            self.token = None

    async def _renew(self, old: Token | None) -> Token:
        try:
            self.token = await self._obtain(old)
        except TokenError as exc:
            if old is None or not exc.transient or not old.still_works():
                raise
            log.warning("The access token still works and will be renewed later: %s", exc)
            self._pause_until = time.monotonic() + max(RENEWAL_PAUSE, exc.retry_after or 0)
            return old
        return self.token

    def _pausing(self, token: Token) -> bool:
        return time.monotonic() < self._pause_until and token.still_works()


class TokenEndpoint:
    """Asks an auth server for tokens."""

    def __init__(self, url: str, credentials: ApiCredentials, scopes: list[str]) -> None:
        self.url = url
        self._credentials = credentials
        self._scope = {"scope": " ".join(scopes)} if scopes else {}

    async def obtain(self, client: httpx.AsyncClient, old: Token | None) -> Token:
        """A new token, by the refresh token of the old one if it has any.

        Raises:
            TokenError: There is none to be had.
        """
        try:
            return await self._obtain(client, old)
        except TokenError as exc:
            error: Exception = exc
        except httpx.TransportError as exc:
            error = self._as_token_error(exc)
        # The frames of the libraries hold the client secret; so does the request that their errors keep.
        forget_library_frames(error)
        try:
            raise error
        finally:
            del error  # it refers to this frame

    async def _obtain(self, client: httpx.AsyncClient, old: Token | None) -> Token:
        from kognic.auth._token_response import REFRESH_TOKEN_EXPIRED, TokenRefusedError

        if old is not None and old.get("refresh_token"):
            form = {"grant_type": "refresh_token", "refresh_token": Secret(old["refresh_token"])}
            try:
                return Token({"refresh_token": old["refresh_token"], **await self._ask(client, form)})
            except TokenRefusedError as exc:
                if exc.error not in REFRESH_TOKEN_EXPIRED:
                    raise
                log.debug("The refresh token has expired")
        return await self._ask(client, {"grant_type": "client_credentials"})

    async def _ask(self, client: httpx.AsyncClient, form: dict[str, str]) -> Token:
        for wait in RETRY_WAITS[:MAX_RETRIES]:
            try:
                return await self._ask_once(client, form)
            except (TokenError, httpx.TransportError) as exc:
                if not _may_pass(exc):
                    raise
                log.warning("The token endpoint is asked again: %s", redact(str(exc)))
            await anyio.sleep(wait)
        return await self._ask_once(client, form)

    async def _ask_once(self, client: httpx.AsyncClient, form: dict[str, str]) -> Token:
        from kognic.auth._token_response import MAX_BYTES

        request = httpx.AsyncClient.build_request(
            client, "POST", self.url, data={**form, **self._scope, **self._proof()}, headers=_HEADERS
        )
        # Not the client's own `send`, which may raise and repeat; and redirects are not for secrets.
        response = await httpx.AsyncClient.send(
            client, request, auth=None, follow_redirects=False, stream=True
        )
        try:
            return self._token_in(response, await _read(response, MAX_BYTES), form.get("refresh_token"))
        finally:
            await response.aclose()

    @opaque
    def _token_in(self, response: httpx.Response, content: bytes | None, refresh_token: str | None) -> Token:
        from kognic.auth._token_response import Answer, BadAnswerError, token_from

        bare = httpx.Request("POST", self.url)
        answered = httpx.Response(response.status_code, headers=response.headers, request=bare)
        AuthClient.check_rate_limit(answered)
        answer = Answer(response.status_code, response.reason_phrase, self.url, response.headers, content)
        secrets = [self._credentials.client_secret, *([refresh_token] if refresh_token else [])]
        bad: BadAnswerError
        try:
            return token_from(answer, secrets=secrets)
        except BadAnswerError as exc:
            bad = exc
        raise AsyncTokenResponseError(
            str(bad), response=answered, transient=bad.transient, retry_after=bad.retry_after
        )

    def _proof(self) -> dict[str, str]:
        secret = Secret(self._credentials.client_secret)
        return {"client_id": self._credentials.client_id, "client_secret": secret}

    def _as_token_error(self, error: httpx.TransportError) -> TokenError:
        text = f"No access token from {redact_url(self.url)}: {redact(str(error)) or type(error).__name__}"
        if isinstance(error, httpx.TimeoutException):
            return AsyncTokenTimeoutError(text)
        return AsyncTokenConnectionError(text, transient=_may_pass(error))


def _may_pass(error: Exception) -> bool:
    """Whether the token endpoint is asked again."""
    if isinstance(error, TokenError):
        return error.status_code in RETRY_STATUS_CODES
    permanent = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
    return not isinstance(error, permanent) and "CERTIFICATE_VERIFY_FAILED" not in str(error)


async def _read(response: httpx.Response, limit: int) -> bytes | None:
    """The body; None if it is too long."""
    content = b""
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > limit:
            return None
    return content
