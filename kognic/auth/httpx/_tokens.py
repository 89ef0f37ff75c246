"""The token that coroutines share, and Authlib's client that gets a new one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio

from kognic._core.redaction import Secret, forget_library_frames, opaque
from kognic.auth._token_flow import Grant, explanation, run_async
from kognic.auth._token_response import MAX_BYTES, Answer, BadAnswerError, token_from
from kognic.auth._tokens import Token, TokenState
from kognic.auth.base.auth_client import AuthClient
from kognic.auth.credentials import ApiCredentials
from kognic.auth.errors import TokenError
from kognic.auth.httpx._errors import (
    AsyncTokenConnectionError,
    AsyncTokenResponseError,
    AsyncTokenTimeoutError,
)
from kognic.auth.httpx._library import AsyncOAuth2Client, httpx
from kognic.auth.httpx._transport import SHARED

# Seconds for one token request, its whole answer included: a dripped one must not hold all coroutines.
TOKEN_DEADLINE = 60.0


class AsyncTokenHolder(TokenState):
    """The asynchronous twin of `kognic.auth._tokens.TokenHolder`: one renewal for all coroutines."""

    def __init__(self, obtain: Callable[[Token | None], Awaitable[Token]]) -> None:
        super().__init__()
        self._obtain = obtain
        self._lock = anyio.Lock()

    async def ensure(self) -> Token:
        """Return the token, whatever its age; a new one if there is none."""
        return self.token if self.token is not None else await self.active()

    async def active(self) -> Token:
        """Return a token that is not about to expire."""
        token = self.usable()
        if token is not None:
            return token
        before = self.token
        async with self._lock:
            if self.token is not None and self.token is not before:
                return self.token  # renewed by another coroutine since this one looked
            return await self._renew(self.token)

    async def replace(self, refused: str) -> Token:
        """Return a token other than the one that the platform refused, given as the header that was sent."""
        async with self._lock:
            return self.instead_of(refused) or await self._renew(None)

    async def _renew(self, old: Token | None) -> Token:
        try:
            new = await self._obtain(old)
        except TokenError as exc:
            kept = self.keep(old, exc)
            if kept is None:
                raise
            return kept
        return self.take(new)


class TokenClient(AsyncOAuth2Client):
    """Authlib's client, for token requests alone; the user's requests have a client of their own.

    Differs from Authlib's in what concerns failure, as `kognic.auth.requests._oauth` does.
    """

    def __init__(
        self, url: str, credentials: ApiCredentials, scopes: list[str], options: Mapping[str, Any]
    ) -> None:
        shared = {name: value for name, value in options.items() if name in SHARED}
        super().__init__(  # type: ignore[no-untyped-call]
            client_id=credentials.client_id,
            client_secret=Secret(credentials.client_secret),
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a method
            scope=" ".join(scopes) or None,
            follow_redirects=False,
            **shared,
        )
        self._url = url
        self._presented: str | None = None
        self._new: Token | None = None

    async def obtain(self, old: Token | None) -> Token:
        """Get a new token, by the refresh token of the old one if it has any.

        Raises:
            TokenError: The endpoint gave none.
        """
        return await run_async(old, self._ask, self._explained, anyio.sleep)

    async def _ask(self, grant: Grant) -> Token:
        self._presented = grant.refresh_token
        try:
            with anyio.fail_after(TOKEN_DEADLINE):
                if grant.refresh_token is not None:
                    await self.refresh_token(  # type: ignore[no-untyped-call]
                        self._url, refresh_token=grant.refresh_token
                    )
                else:
                    await self.fetch_token(  # type: ignore[no-untyped-call]
                        self._url, grant_type=grant.kind
                    )
        except TimeoutError as exc:
            raise AsyncTokenTimeoutError(
                f"No access token from {self._url}: no complete answer within {TOKEN_DEADLINE:g} s"
            ) from exc
        # Authlib turns what it keeps and returns into a class of its own.
        assert self._new is not None
        return self._new

    async def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        """Send as `httpx.AsyncClient.send`, but read no more of the answer than a token can have."""
        response: httpx.Response = await super().send(  # pyright: ignore[reportAttributeAccessIssue] - httpx is optional
            request, **{**kwargs, "stream": True}
        )
        try:
            content = b""
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_BYTES:
                    break
        finally:
            await response.aclose()
        # The body is set as httpx does after reading it; the request that the answer keeps holds the secret.
        response._content = content
        return response

    @opaque
    def parse_response_token(self, resp: httpx.Response) -> Token:
        """Return the token in an answer of the token endpoint; called by Authlib."""
        bare = httpx.Request("POST", self._url)
        answered = httpx.Response(resp.status_code, headers=resp.headers, request=bare)
        AuthClient.check_rate_limit(answered)
        content: bytes | None = resp.content if len(resp.content) <= MAX_BYTES else None
        answer = Answer(resp.status_code, resp.reason_phrase, self._url, resp.headers, content)
        secrets = [Secret(self.client_secret), *([self._presented] if self._presented else [])]
        bad: BadAnswerError
        try:
            self._new = self.token = token = token_from(answer, secrets=secrets)
        except BadAnswerError as exc:
            bad = exc
        else:
            return token
        raise AsyncTokenResponseError(
            str(bad), response=answered, transient=bad.transient, retry_after=bad.retry_after
        )

    def _explained(self, error: Exception) -> TokenError | None:
        if isinstance(error, TokenError) or not isinstance(error, httpx.TransportError):
            return None
        forget_library_frames(error)
        text, why = explanation(error, self._url, None)
        if isinstance(error, httpx.TimeoutException):
            return AsyncTokenTimeoutError(text)
        permanent = isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)) or why.permanent
        return AsyncTokenConnectionError(text, transient=not permanent)
