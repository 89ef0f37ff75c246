"""Errors of requests, transfers and models.

    KognicError                       (kognic._core.errors)
    |- ApiError                       an error response            requests.HTTPError
    |  |- BadRequestError             400                          RuntimeError
    |  |- AuthenticationError         401
    |  |- PermissionDeniedError       403
    |  |  `- SignedUrlExpiredError    a signed URL used too late
    |  |- NotFoundError               404
    |  |- ConflictError               409
    |  |- RateLimitedError            429
    |  `- ServerError                 5xx
    |- ConnectionFailedError          no response                  requests.ConnectionError
    |- RequestTimeoutError            no response in time          requests.ReadTimeout
    |  |- ConnectTimedOutError        not even a connection        requests.ConnectTimeout
    |  `- StalledTransferError        a file moves too slowly
    |- ResponseDecodeError            a success that is not JSON   requests.exceptions.JSONDecodeError
    |- ResponseTooLargeError          exceeds the size limit       requests.RequestException
    |- RequestBodyError               not valid as JSON            requests.exceptions.InvalidJSONError
    |- AmbiguousWriteError            outcome unknown              requests.RequestException
    |- PlatformAwayError              a long outage                requests.ConnectionError
    |- UploadError                    files that were not stored   requests.RequestException
    |  `- UploadCallbackError         a callback raised            RuntimeError
    |- SourceError                    a source could not be read
    |  `- SourceChangedError          a file changed while sent
    |- IntegrityError                 stored and sent bytes differ
    |- ClientClosedError              a call after `close`         RuntimeError
    |- MissingFileError               a local file is missing or empty
    `- ModelValidationError           a value of the wrong kind    ValueError
       `- ModelTypeError              an object of an unknown kind TypeError

The classes in the last column are those that users of the official packages catch. All errors can be pickled,
to cross process boundaries, and none contains a token or the signature of a URL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import requests

from kognic._core.errors import KognicError
from kognic._core.redaction import redact_url

if TYPE_CHECKING:
    from kognic.base_clients.cloud_storage.results import UploadResult

# Characters of an answer in a message; `response` holds it whole.
MAX_TEXT = 500
REQUEST_ID_HEADERS = (
    "x-request-id",
    "x-correlation-id",
    "x-guploader-uploadid",
    "x-amz-request-id",
    "x-ms-request-id",
    "x-cloud-trace-context",
)


def _rebuild(kind: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]) -> BaseException:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class _PortableError(KognicError):
    """Base class that lets errors with keyword-only arguments be pickled.

    Attributes:
        attempts: How often the request was sent before this error was raised.
        maybe_done: Whether an earlier attempt may have been processed. A 404 of a retried deletion, for
            example, then means that it succeeded.
        gave_up: Why the client stopped retrying earlier than its policy allows, such as an empty retry
            budget; None otherwise.
    """

    attempts: int = 1
    maybe_done: bool = False
    gave_up: str | None = None
    portable_class: ClassVar[type[BaseException] | None] = None

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}\n{self.gave_up[0].upper()}{self.gave_up[1:]}" if self.gave_up else text

    def __reduce__(self) -> tuple[Any, ...]:
        # An error that was extended for httpx is pickled as what it was: the other process may lack httpx.
        return _rebuild, (self.portable_class or type(self), self.args, self.__dict__)


class ApiError(_PortableError, requests.HTTPError):
    """The platform, or its storage, returned an error status.

    Attributes:
        message: The platform's message, truncated to 500 characters.
        status_code: The HTTP status.
        request_id: The platform's ID of the request, for support; None if the response has none.
        method: The HTTP method.
        url: The URL without a signature.
        response: The `requests.Response`, without credentials.
    """

    response: requests.Response

    def __init__(
        self,
        text: str,
        *,
        response: requests.Response,
        message: str | None = None,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(text, response=response)
        self.message = text if message is None else message
        self.status_code: int = response.status_code
        self.request_id = next((v for k in REQUEST_ID_HEADERS if (v := response.headers.get(k))), None)
        self.method = method
        self.url = url if url is not None else response.url


class BadRequestError(ApiError, RuntimeError):
    """The platform rejected the content of the request (400); the message is the platform's."""


class AuthenticationError(ApiError):
    """The platform does not accept the token (401)."""


class PermissionDeniedError(ApiError):
    """The user lacks permission (403)."""


class SignedUrlExpiredError(PermissionDeniedError):
    """A signed URL has expired; request a new one and repeat the transfer.

    Nothing was stored, so it is safe to repeat.
    """


class NotFoundError(ApiError):
    """The object does not exist (404)."""


class ConflictError(ApiError):
    """The object already exists, or its state does not allow the request (409)."""


class RateLimitedError(ApiError):
    """Too many requests (429), even after the client slowed down and retried."""


class ServerError(ApiError):
    """The platform failed (5xx)."""


# RFC 9110 and RFC 6585 (429); other statuses are `ServerError` from 500 on, else `ApiError`.
STATUS_ERRORS: Mapping[int, type[ApiError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitedError,
}


class _NoResponseError(_PortableError):
    """No response.

    Attributes:
        sent: Whether the platform may have received the request; False means that nothing was done.
        permanent: Whether a retry would fail in the same way (an untrusted certificate, a proxy that
            rejects the request).
    """

    def __init__(self, text: str, *, sent: bool = True, permanent: bool = False) -> None:
        super().__init__(text)
        self.sent = sent
        self.permanent = permanent

    def __str__(self) -> str:
        tried = f"; tried {self.attempts} times" if self.attempts > 1 else ""
        return f"{self.args[0]}{tried}" + (f"; {self.gave_up}" if self.gave_up else "")


class ConnectionFailedError(_NoResponseError, requests.ConnectionError):
    """No response: the host could not be reached, or the connection broke."""


class RequestTimeoutError(_NoResponseError, requests.ReadTimeout):
    """No response within the time allowed."""


class ConnectTimedOutError(ConnectionFailedError, RequestTimeoutError, requests.ConnectTimeout):
    """No connection within the time allowed; nothing was sent."""


class StalledTransferError(RequestTimeoutError):
    """A transfer was slower than the minimum rate."""


class ResponseDecodeError(_PortableError, requests.exceptions.JSONDecodeError):
    """A successful response whose body is not JSON, such as a gateway's HTML page."""


class ResponseTooLargeError(_PortableError, requests.RequestException):
    """A response exceeds the size limit for reading into memory."""


class RequestBodyError(_PortableError, requests.exceptions.InvalidJSONError):
    """The body has a value that JSON cannot express (NaN, infinity, an unknown type); nothing was sent."""


class AmbiguousWriteError(_PortableError, requests.RequestException):
    """The client cannot find out whether a write happened.

    Check the platform before you repeat the call, which could create a second object. `__cause__` is the
    failure.

    Attributes:
        operation: Method and path of the request.
    """

    def __init__(self, text: str, *, operation: str, response: requests.Response | None = None) -> None:
        super().__init__(text, response=response)
        self.operation = operation


class PlatformAwayError(_PortableError, requests.ConnectionError):
    """An outage of the platform lasted longer than the caller's patience.

    Attributes:
        since: Time of the first failure of the outage, seconds since the Unix epoch; None if unknown.
    """

    def __init__(self, text: str, *, since: float | None = None) -> None:
        super().__init__(text)
        self.since = since


class UploadError(_PortableError, requests.RequestException):
    """Files could not be uploaded; `__cause__` is the first failure.

    Attributes:
        resource_id: The resource that failed first.
        cause: The error of that resource.
        failures: Every resource that failed, with its error.
        uploaded: The resources that were stored.
        not_started: Resources that were not started after the first failure.
    """

    def __init__(
        self,
        text: str,
        *,
        resource_id: str,
        cause: BaseException,
        failures: Mapping[str, BaseException] | None = None,
        uploaded: Mapping[str, UploadResult] | None = None,
        not_started: Sequence[str] = (),
    ) -> None:
        super().__init__(text, response=getattr(cause, "response", None))
        self.resource_id = resource_id
        self.cause = cause
        self.failures = dict(failures or {resource_id: cause})
        self.uploaded = dict(uploaded or {})
        self.not_started = tuple(not_started)


class UploadCallbackError(UploadError, RuntimeError):
    """The user's callback or generator raised an exception, which is `__cause__`."""


class SourceError(_PortableError):
    """The content of an upload could not be read; `__cause__` has the reason."""


class SourceChangedError(SourceError):
    """A file changed during its upload, so the stored content is neither the old nor the new one."""


class IntegrityError(_PortableError):
    """The uploaded or downloaded bytes differ from those in storage."""


class ClientClosedError(_PortableError, RuntimeError):
    """The client is closed; create a new one, or make the call inside its `with` block."""


class QueryException(KognicError, RuntimeError):  # noqa: N818 - the name that users catch
    """A query failed, or its response cannot be parsed.

    Attributes:
        status_code: The HTTP status; 200 if the response was truncated or cannot be parsed.
    """

    def __init__(self, text: str, status_code: int | None = None) -> None:
        super().__init__(text)
        self.status_code = status_code


class MissingFileError(_PortableError):
    """A local file is missing, empty, or not a file.

    Attributes:
        filename: The path of the file.
        empty: Whether it exists but contains no data.
        directory: Whether it is a directory.
    """

    def __init__(self, filename: str, empty: bool = False, *, directory: bool = False) -> None:
        super().__init__(filename)
        self.filename = filename
        self.empty = empty
        self.directory = directory

    def to_string(self) -> str:
        """Describe the file in one line."""
        if self.directory:
            return f"Local file is a directory: {self.filename}"
        trouble = "contains no data" if self.empty else "is missing"
        return f"Local file {trouble}: {self.filename}"

    def __str__(self) -> str:
        return self.to_string()


class ModelValidationError(_PortableError, ValueError):
    """A value is invalid in a model, or in a response of the platform.

    Attributes:
        path: The offending field, such as `frames[3].images[0].sensor_name`; empty for the object itself.
    """

    def __init__(self, text: str, *, path: str = "") -> None:
        super().__init__(text)
        self.path = path


class ModelTypeError(ModelValidationError, TypeError):
    """The tag of an object, such as its `calibration_type`, is missing or unknown.

    Also raised for an image or point cloud without a file name, or with one that is not a string.
    """


def error_text(response: requests.Response) -> str:
    """Return the message of an error response: its `message`, JSON or text, at most 500 characters."""
    try:
        body = response.json()
    except ValueError:
        text = response.text
    else:
        said = body.get("message") if isinstance(body, dict) else None
        text = str(said or body)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "..."


def error_class(status_code: int) -> type[ApiError]:
    """Return the error class of an HTTP status."""
    return STATUS_ERRORS.get(status_code) or (ServerError if status_code >= 500 else ApiError)


def api_error(
    response: requests.Response,
    *,
    method: str,
    url: str,
    kind: type[ApiError] | None = None,
    message: str | None = None,
) -> ApiError:
    """Create the error of an error response.

    Args:
        response: The response, body read.
        method: The HTTP method that was sent.
        url: The URL to show; without the query if that is a secret.
        kind: The class, if the status alone does not determine it.
        message: Message to use instead of the one in the response.
    """
    _forget_credentials(response)
    said = message or error_text(response)
    status = response.status_code
    whose = "Server" if status >= 500 else "Client"
    line = f"{status} {whose} Error: {response.reason} for url: {url}"
    classic = f"{line}\nGot error in response: '{said}'"
    kind = kind or error_class(status)
    bad_request = issubclass(kind, BadRequestError)
    error = kind(said if bad_request else classic, response=response, message=said, method=method, url=url)
    # The official client's RuntimeError has the HTTPError as its cause; users read `.response` there.
    error.__cause__ = requests.HTTPError(line, response=response)
    return error


def _forget_credentials(response: requests.Response) -> None:
    for answer in (response, *response.history):
        if answer.request is not None:
            answer.request.headers.pop("Authorization", None)
        if "Location" in answer.headers:
            answer.headers["Location"] = redact_url(answer.headers["Location"])
