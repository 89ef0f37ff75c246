"""Signs httpx requests with the access token, and answers a refusal with a new token, once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

from kognic._core.urls import require_encryption
from kognic.auth.httpx._library import httpx
from kognic.auth.httpx._tokens import AsyncTokenHolder


class AsyncBearerAuth(httpx.Auth):
    """As `kognic.auth.requests.KognicBearerAuth`, for asynchronous httpx clients."""

    def __init__(self, tokens: AsyncTokenHolder, *, allow_http: bool) -> None:
        self._tokens = tokens
        self._allow_http = allow_http

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send with a token, and a second time if the platform refuses that token."""
        require_encryption(str(request.url), allow_http=self._allow_http)
        sent = (await self._tokens.active()).authorization
        request.headers["Authorization"] = sent
        response = yield request
        # After a redirect to another host the token was not sent, and its refusal says nothing.
        if response.status_code != 401 or response.request.headers.get("Authorization") != sent:
            return
        if not can_be_sent_again(request):
            self._tokens.forget(sent)
            return
        request.headers["Authorization"] = (await self._tokens.replace(sent)).authorization
        yield request

    def sync_auth_flow(
        self,
        request: httpx.Request,  # noqa: ARG002 (httpx calls it so)
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Not for synchronous clients."""
        raise RuntimeError("This session is asynchronous; use kognic.auth.requests for synchronous calls")


def can_be_sent_again(request: httpx.Request) -> bool:
    """Whether the body of a request can be sent a second time: whether it is in memory."""
    try:
        _ = request.content
    except httpx.RequestNotRead:
        return False
    return True
