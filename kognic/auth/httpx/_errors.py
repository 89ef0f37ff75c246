"""The errors of `kognic.auth.errors`, as users of httpx catch them."""

from __future__ import annotations

from kognic.auth.errors import KognicError, TokenError
from kognic.auth.httpx._library import httpx


class AsyncHttpStatusError(KognicError, httpx.HTTPStatusError):
    """A call of a `BaseAsyncApiClient` was answered with anything but a success.

    Attributes:
        response: The answer; its request does not hold the token any more.
        status_code: The HTTP status.
    """

    is_documented = False

    def __init__(self, message: str, *, response: httpx.Response) -> None:
        httpx.HTTPStatusError.__init__(self, message, request=response.request, response=response)
        self.status_code = response.status_code


class AsyncTokenResponseError(TokenError, httpx.HTTPStatusError):
    """The token endpoint answered with neither a token nor an OAuth error."""

    def __init__(
        self,
        message: str,
        *,
        response: httpx.Response,
        transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        httpx.HTTPStatusError.__init__(self, message, request=response.request, response=response)
        self.status_code = response.status_code
        self.transient = transient
        self.retry_after = retry_after


class AsyncTokenConnectionError(TokenError, httpx.TransportError):
    """The token endpoint could not be reached, or the connection broke."""

    def __init__(self, message: str, *, transient: bool = True) -> None:
        httpx.TransportError.__init__(self, message)
        self.transient = transient


class AsyncTokenTimeoutError(TokenError, httpx.TimeoutException):
    """The token endpoint did not answer in time."""

    transient = True

    def __init__(self, message: str) -> None:
        httpx.TimeoutException.__init__(self, message)
