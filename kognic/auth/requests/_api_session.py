"""The session behind `BaseApiClient`: raises failures, retries idempotent requests, reports sunsets."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.utils import rewind_body

from kognic._core.connections import WatchedAdapter
from kognic._core.error_text import MAX_BYTES, error_text
from kognic._core.redaction import redact_url
from kognic._core.retrying import retry
from kognic.auth._api_retries import BadGateway, wait_after_failure, wait_after_status
from kognic.auth._defaults import RETRYABLE_METHODS
from kognic.auth._sunset import SunsetHandler, handle_sunset
from kognic.auth._user_agent import get_user_agent
from kognic.auth.errors import HttpStatusError
from kognic.auth.requests._transport import HOSTS_KEPT, GuardedSession
from kognic.auth.requests.bearer_auth import can_be_sent_again, release

JsonSerializer = Callable[[Any], Any]


class ApiSession(GuardedSession):
    """A requests session for full URLs of one or more services.

    Raises from every call:
        HttpStatusError: The answer is not a success (a requests.HTTPError).
        requests.RetryError: Every attempt of an idempotent request was answered with 502, 503 or 504.
        ValueError: The URL has no host.
    """

    def __init__(
        self,
        auth: AuthBase,
        *,
        client_name: str | None,
        json_serializer: JsonSerializer,
        sunset_handler: SunsetHandler | None,
    ) -> None:
        super().__init__()
        self.auth = auth
        self.headers["User-Agent"] = get_user_agent(f"requests/{requests.__version__}", client_name)
        self._json_serializer = json_serializer
        self._sunset_handler = sunset_handler

    def request(  # type: ignore[override]  # other arguments pass through
        self, method: str, url: str, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send as `requests.Session.request`; see the class for what it raises."""
        if url.startswith("/"):
            raise ValueError(f"The URL is {url!r}, must be a full one like https://input.app.kognic.com{url}")
        if kwargs.get("json") is not None:
            kwargs["json"] = self._json_serializer(kwargs["json"])
        response = super().request(method, url, *args, **kwargs)
        handle_sunset(response, self._sunset_handler)
        if not 200 <= response.status_code < 300:
            raise status_error(response)
        return response

    def _make_adapter(self) -> HTTPAdapter:
        return RetryingAdapter(pool_connections=HOSTS_KEPT, pool_maxsize=self._pool_size)


class RetryingAdapter(WatchedAdapter):
    """Retries idempotent requests after connection failures and 502, 503, 504, as documented."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send, and retry if method and body allow it."""
        if request.method not in RETRYABLE_METHODS or not can_be_sent_again(request):
            # A generator that is used up would be sent as an empty body.
            return super().send(request, *args, **kwargs)
        send = super().send

        def once() -> requests.Response:
            if isinstance(getattr(request, "_body_position", None), int):
                rewind_body(request)
            response = send(request, *args, **kwargs)
            wait = wait_after_status(response.status_code, response.headers)
            if wait is not None:
                release(response)
                raise BadGateway(response, wait)
            return response

        try:
            return retry(once, _decide, sleep)
        except BadGateway as last:
            text = (
                f"{request.method} {redact_url(str(request.url))}: too many {last.response.status_code} error"
            )
            raise requests.exceptions.RetryError(
                f"{text} responses", request=request, response=last.response
            ) from None


def _decide(error: BaseException, attempt: int) -> float | None:
    if isinstance(error, BadGateway):
        return error.wait_before(attempt)
    failed = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    permanent = isinstance(error, (requests.exceptions.SSLError, requests.exceptions.InvalidSchema))
    return wait_after_failure(attempt) if isinstance(error, failed) and not permanent else None


def status_error(response: requests.Response) -> HttpStatusError:
    """Return the error of an answer that is not a success."""
    for answer in (response, *response.history):
        answer.request.headers.pop("Authorization", None)
    _read(response)
    text = error_text(response.status_code, response.reason, response.url, response.text)
    return HttpStatusError(text, response=response)


def _read(response: requests.Response) -> None:
    """Read the beginning of an answer that was asked for as a stream."""
    if vars(response).get("_content") is not False:
        return
    content = b""
    for chunk in response.iter_content(8192):
        content += chunk
        if len(content) >= MAX_BYTES:
            break
    response.close()
    response._content = content
