"""Signs requests with the access token, and answers a refusal with a new token, once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable

import requests
from requests.auth import AuthBase
from requests.cookies import extract_cookies_to_jar
from requests.utils import rewind_body

from kognic._core.urls import http_allowed, require_encryption
from kognic.auth._tokens import Token, TokenHolder

_SCHEME = "Bearer "
# An error answer longer than this is not read to its end to keep its connection.
_DRAINED = 64 * 1024


@runtime_checkable
class TokenProvider(Protocol):
    """What `KognicBearerAuth` needs; `RequestsAuthSession` is one."""

    def ensure_token(self) -> dict[str, Any]:
        """Return the current token; fetched if missing."""
        ...

    def invalidate_token(self) -> None:
        """Forget the current token."""
        ...


class KognicBearerAuth(AuthBase):
    """The `auth` of a requests session that presents the token of a provider.

    When the platform refuses the token (401), the provider fetches a new one and the request is
    retried, once. A body that cannot be replayed (a generator, a stream that cannot seek) is not: the 401
    is the answer then, and the next request gets the new token. On a redirect to another host no token is
    sent, and a 401 there is final.

    Raises:
        InsecureUrlError: The request would carry the token over plain http to another machine.
    """

    def __init__(self, provider: TokenProvider, *, allow_http: bool | None = None) -> None:
        """Make one.

        Args:
            provider: Where tokens come from; safe to share between threads and sessions.
            allow_http: Whether tokens may travel over plain http to other machines; None to ask the
                environment variable KOGNIC_ALLOW_HTTP.
        """
        own = getattr(provider, "_tokens", None)
        self._tokens = own if isinstance(own, TokenHolder) else _ForeignTokens(provider)
        self._allow_http = http_allowed(allow_http)

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        require_encryption(r.url or "", allow_http=self._allow_http)
        r.headers["Authorization"] = self._tokens.active().authorization
        r.register_hook("response", _RefusalHook(self))  # type: ignore[no-untyped-call]
        return r

    def repeat(self, response: requests.Response, **kwargs: Any) -> requests.Response | None:
        """Return the answer to the repeated request in place of a 401; None for any other answer.

        Args:
            response: An answer to a request that was signed by this object.
            **kwargs: What the request was sent with.
        """
        if response.status_code != 401:
            return None
        request = response.request
        refused = request.headers.get("Authorization", "")
        if not refused.startswith(_SCHEME):
            return None
        if not can_be_sent_again(request):
            self._tokens.forget(refused)
            return None
        header = self._tokens.replace(refused).authorization
        release(response)
        again = request.copy()
        if isinstance(getattr(request, "_body_position", None), int):
            rewind_body(again)
        _take_cookies(again, request, response)
        # The first request as well: where it is redirected later, requests copies it.
        request.headers["Authorization"] = again.headers["Authorization"] = header
        started = time.monotonic()
        answer: requests.Response = response.connection.send(again, **kwargs)
        answer.elapsed = timedelta(seconds=time.monotonic() - started)
        answer.history.append(response)
        answer.request = again
        return answer


class _RefusalHook:
    """Lives in the requests that were signed, which answers and errors keep."""

    def __init__(self, auth: KognicBearerAuth) -> None:
        self._auth = auth

    def __call__(self, response: requests.Response, *_: Any, **kwargs: Any) -> requests.Response | None:
        return self._auth.repeat(response, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickled answer does not take the tokens with it.
        return _get_inert_hook, ()


def _get_inert_hook() -> Callable[..., None]:
    return _inert_hook


def _inert_hook(*_: Any, **__: Any) -> None:
    """Does nothing with an answer."""


class _ForeignTokens:
    """The tokens of a provider that is not of this package."""

    def __init__(self, provider: TokenProvider) -> None:
        self._provider = provider
        self._lock = threading.Lock()

    def active(self) -> Token:
        return Token(self._provider.ensure_token())

    def replace(self, refused: str) -> Token:
        with self._lock:
            self.forget(refused)
            return self.active()

    def forget(self, refused: str) -> None:
        if self.active().authorization == refused:
            self._provider.invalidate_token()


def can_be_sent_again(request: requests.PreparedRequest) -> bool:
    """Whether the body of a request can be sent a second time."""
    body: object = request.body
    if body is None or isinstance(body, (bytes, bytearray, str)):
        return True
    if isinstance(getattr(request, "_body_position", None), int):
        return hasattr(body, "seek")
    # A container starts anew; a generator is its own iterator and is used up.
    return isinstance(body, Iterable) and iter(body) is not body


def _take_cookies(again: Any, request: requests.PreparedRequest, response: requests.Response) -> None:
    """Send what the refusal set, as the digest authentication of requests does."""
    if "Set-Cookie" not in response.headers:
        return
    extract_cookies_to_jar(again._cookies, request, response.raw)  # type: ignore[no-untyped-call]
    again.headers.pop("Cookie", None)
    again.prepare_cookies(again._cookies)


def release(response: requests.Response) -> None:
    """Read the rest of a short answer, so that its connection can be used again, and close it."""
    try:
        for _ in zip(range(_DRAINED // 1024), response.iter_content(1024), strict=False):
            pass
    except (requests.RequestException, RuntimeError):
        pass  # the answer that counts is the next one
    response.close()
