"""`BaseAsyncApiClient`: the base of asynchronous clients of single Kognic services, on httpx."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import anyio

from kognic._core.error_text import MAX_BYTES, error_text
from kognic._core.retrying import retry_async
from kognic.auth._api_retries import BadGateway, wait_after_failure, wait_after_status
from kognic.auth._defaults import (
    DEFAULT_HOST,
    DEFAULT_TOKEN_ENDPOINT_RELPATH,
    RETRYABLE_METHODS,
)
from kognic.auth._sunset import DEFAULT_SUNSET_HANDLER, SunsetHandler, handle_sunset
from kognic.auth._user_agent import get_user_agent
from kognic.auth.credentials import AnyAuth
from kognic.auth.env_config import environment_options
from kognic.auth.errors import TokenError
from kognic.auth.httpx._auth import can_be_sent_again
from kognic.auth.httpx._errors import AsyncHttpStatusError
from kognic.auth.httpx._library import httpx
from kognic.auth.httpx.async_client import GuardedAsyncClient, HttpxAuthAsyncClient
from kognic.auth.serde import serialize_body

if TYPE_CHECKING:
    from typing import Self

JsonSerializer = Callable[[Any], Any]


class BaseAsyncApiClient(HttpxAuthAsyncClient):
    """Calls Kognic services with full URLs, as `kognic.auth.requests.BaseApiClient` does.

        async with BaseAsyncApiClient(auth="credentials.json") as client:
            session = await client.session
            response = await session.get("https://...")

    Answers that are not a success are raised (httpx.HTTPStatusError). Calls of HEAD, GET, PUT, DELETE,
    OPTIONS and TRACE whose body is in memory are retried up to three times after a connection failure or 502,
    503, 504 (at once, after 1 s, after 2 s; `Retry-After` is honoured up to a minute).
    """

    def __init__(
        self,
        *,
        auth: AnyAuth = None,
        auth_host: str = DEFAULT_HOST,
        auth_token_endpoint: str = DEFAULT_TOKEN_ENDPOINT_RELPATH,
        client_name: str | None = "auto",
        json_serializer: JsonSerializer = serialize_body,
        sunset_handler: SunsetHandler | None = DEFAULT_SUNSET_HANDLER,
        scopes: Sequence[str] | None = None,
        allow_http: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """Make a client, offline.

        Args:
            auth: Credentials in any form that `RequestsAuthSession` takes; None for those of the system.
            auth_host: Base URL of the auth server.
            auth_token_endpoint: Path of its token endpoint.
            client_name: Put at the end of the user agent; `auto` for the class's name, None for nothing.
            json_serializer: What `json=` bodies pass through.
            sunset_handler: Called with the date, the method and the URL without query when an answer
                announces the end of its endpoint; None for nobody.
            scopes: What tokens are for; None for the scopes of the credentials, empty for none.
            allow_http: Whether secrets may travel over plain http to other machines; None to ask the
                environment variable KOGNIC_ALLOW_HTTP.
            **kwargs: As for `httpx.AsyncClient`: `timeout`, `verify`, `proxy`, ...

        Raises:
            CredentialsError: There are no credentials, or they cannot be used or have expired (a ValueError).
        """
        try:
            super().__init__(
                auth=auth,
                host=auth_host,
                token_endpoint=auth_token_endpoint,
                scopes=scopes,
                allow_http=allow_http,
                **kwargs,
            )
        finally:
            del auth  # not for tracebacks with local variables
        self._name = type(self).__name__ if client_name == "auto" else client_name
        self._json_serializer = json_serializer
        self._sunset_handler = sunset_handler

    @classmethod
    def from_env(cls, env: str, *, env_config_path: str | os.PathLike[str] = "", **kwargs: Any) -> Self:
        """Return a client for an environment of the environments file.

        Args:
            env: Its name.
            env_config_path: The file; empty for `~/.config/kognic/environments.json`.
            **kwargs: As for the class; `auth` and `scopes` replace those of the environment.

        Raises:
            EnvironmentConfigError: The environment does not exist, or the file is malformed (a ValueError).
        """
        return cls(**environment_options(env, env_config_path, kwargs))

    def _make_client(self, auth: httpx.Auth, options: dict[str, Any]) -> httpx.AsyncClient:
        agent = {"User-Agent": get_user_agent(f"python-httpx/{httpx.__version__}", self._name)}
        headers = httpx.Headers(agent)
        headers.update(options.get("headers"))
        options = {**options, "headers": headers}
        return ApiAsyncClient(self._json_serializer, self._sunset_handler, auth=auth, **options)


class ApiAsyncClient(GuardedAsyncClient):
    """Raises failures, retries idempotent requests, reports sunsets."""

    def __init__(
        self, json_serializer: JsonSerializer, sunset_handler: SunsetHandler | None, **options: Any
    ) -> None:
        super().__init__(**options)
        self._json_serializer = json_serializer
        self._sunset_handler = sunset_handler

    def build_request(self, method: str, url: httpx.URL | str, **kwargs: Any) -> httpx.Request:
        """Build as `httpx.AsyncClient.build_request`, for full URLs and JSON that was checked."""
        if str(url).startswith("/") and not self.base_url.host:
            raise ValueError(f"The URL is '{url}', must be a full one like https://input.app.kognic.com{url}")
        if kwargs.get("json") is not None:
            kwargs["json"] = self._json_serializer(kwargs["json"])
        return super().build_request(method, url, **kwargs)

    async def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        """Send as `httpx.AsyncClient.send`; raise what is not a success."""
        response = await self._send_with_retries(request, kwargs)
        handle_sunset(response, self._sunset_handler)
        if not response.is_success:
            raise await _status_error(response)
        return response

    async def _send_with_retries(self, request: httpx.Request, kwargs: dict[str, Any]) -> httpx.Response:
        send = super().send
        if request.method not in RETRYABLE_METHODS or not can_be_sent_again(request):
            return await send(request, **kwargs)
        last: httpx.Response | None = None

        async def once() -> httpx.Response:
            nonlocal last
            if last is not None:
                await last.aclose()
            response = last = await send(request, **kwargs)
            wait = wait_after_status(response.status_code, response.headers)
            if wait is not None:
                raise BadGateway(response, wait)
            return response

        try:
            return await retry_async(once, _decide, anyio.sleep)
        except BadGateway as failure:
            # Its body is unread or in memory, so that it becomes the error of its status.
            answer: httpx.Response = failure.response
            return answer


def _decide(error: BaseException, attempt: int) -> float | None:
    if isinstance(error, BadGateway):
        return error.wait_before(attempt)
    failed = isinstance(error, httpx.TransportError) and not isinstance(error, TokenError)
    return wait_after_failure(attempt) if failed else None


async def _status_error(response: httpx.Response) -> AsyncHttpStatusError:
    """The error of an answer that is not a success."""
    for answer in (response, *response.history):
        answer.request.headers.pop("Authorization", None)
    content = await _content(response)
    body = content.decode(response.encoding or "utf-8", "replace")
    text = error_text(response.status_code, response.reason_phrase, str(response.url), body)
    return AsyncHttpStatusError(text, response=response)


async def _content(response: httpx.Response) -> bytes:
    """The body, or the beginning of it if the answer was asked for as a stream."""
    try:
        return response.content
    except httpx.ResponseNotRead:
        content = b""
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) >= MAX_BYTES:
            break
    await response.aclose()
    response._content = content
    return content
