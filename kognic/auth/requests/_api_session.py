"""The session behind `BaseApiClient`: raises failures, repeats what can be repeated, hears of sunsets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

from kognic._core.error_text import MAX_BYTES, error_text
from kognic.auth._defaults import MAX_RETRIES, RETRY_BACKOFF_FACTOR, RETRY_STATUS_CODES, RETRYABLE_METHODS
from kognic.auth._sunset import SunsetHandler, handle_sunset
from kognic.auth._user_agent import get_user_agent
from kognic.auth.errors import HttpStatusError
from kognic.auth.requests._transport import HOSTS_KEPT, GuardedSession
from kognic.auth.requests.bearer_auth import can_be_sent_again

MAX_WAIT = 60.0

JsonSerializer = Callable[[Any], Any]


class ApiSession(GuardedSession):
    """A requests session for full URLs of one or more services.

    Raises from every call:
        HttpStatusError: The answer is not a success (a requests.HTTPError).
        requests.RetryError: A repeatable call was answered with 502, 503 or 504 each time.
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

    def request(  # type: ignore[override]  # what is not looked at here passes through
        self, method: str, url: str, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """As `requests.Session.request`; see the class for what it raises."""
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


class CappedRetry(Retry):
    """Honours `Retry-After`, but not for longer than a minute."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Seconds to wait; None when the answer does not say."""
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, MAX_WAIT)


class RetryingAdapter(HTTPAdapter):
    """Repeats idempotent requests after connection failures and 502, 503, 504, as documented."""

    def __init__(self, **settings: Any) -> None:
        retry = CappedRetry(
            total=MAX_RETRIES,
            backoff_factor=RETRY_BACKOFF_FACTOR,
            status_forcelist=RETRY_STATUS_CODES,
            allowed_methods=RETRYABLE_METHODS,
        )
        self._once = HTTPAdapter(**settings, max_retries=0)
        super().__init__(**settings, max_retries=retry)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send, and again if the body can be."""
        # urllib3 would repeat the call of a generator that is used up, with an empty body.
        send = super().send if can_be_sent_again(request) else self._once.send
        return send(request, *args, **kwargs)

    def close(self) -> None:
        """Close all connections."""
        self._once.close()
        super().close()


def status_error(response: requests.Response) -> HttpStatusError:
    """The error of an answer that is not a success."""
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
