"""What can go wrong before a request is sent: credentials, environments, tokens.

    KognicError                            (kognic._core.errors)
    |- CredentialsError                    who is calling?               ValueError
    |  |- CredentialsFileNotFoundError     no such file                  FileNotFoundError
    |  |- CredentialsUnreadableError       a folder, no permission, ...  OSError
    |  |- CredentialsFormatError           not a credentials object      AttributeError
    |  |- MissingCredentialsKeyError       a required key is absent      KeyError
    |  |- ExpiredCredentialsError          `expires` has passed
    |  `- NoCredentialsError               nothing was given or found
    |- EnvironmentConfigError              environments.json             ValueError
    |  |- EnvironmentFileError             it is not JSON                json.JSONDecodeError
    |  `- MissingEnvironmentKeyError       an environment lacks a key    KeyError
    |- HttpStatusError                     an answer to a BaseApiClient  requests.HTTPError
    |- InsecureUrlError                    a token over plain http       ValueError
    `- TokenError                          no access token
       |- TokenRefusedError                an OAuth error                authlib's OAuthError
       |- TokenResponseError               any other bad answer          requests.HTTPError
       |- TokenConnectionError             no answer                     requests.ConnectionError
       `- TokenTimeoutError                no answer in time             requests.Timeout

The right column is what users of the official packages catch. `TokenRefusedError` is raised as a subclass
that is also Authlib's `OAuthError`; only the modules that use Authlib import it. All survive pickling; none
holds a secret.
"""

from __future__ import annotations

import errno
from typing import Any

import requests

from kognic._core.environment_errors import (
    EnvironmentConfigError,
    EnvironmentFileError,
    MissingEnvironmentKeyError,
)
from kognic._core.errors import InsecureUrlError, KognicError
from kognic._core.errors import PlainError as _PlainError

__all__ = [
    "CredentialsError",
    "CredentialsFileNotFoundError",
    "CredentialsFormatError",
    "CredentialsUnreadableError",
    "EnvironmentConfigError",
    "EnvironmentFileError",
    "ExpiredCredentialsError",
    "HttpStatusError",
    "InsecureUrlError",
    "KognicError",
    "MissingCredentialsKeyError",
    "MissingEnvironmentKeyError",
    "NoCredentialsError",
    "TokenConnectionError",
    "TokenError",
    "TokenRefusedError",
    "TokenResponseError",
    "TokenTimeoutError",
]


class CredentialsError(_PlainError, ValueError):
    """Credentials are missing, malformed, incomplete, expired or unreadable.

    Attributes:
        source: What was tried: a path, an environment variable, a keyring profile, an argument.
    """

    def __init__(self, message: str, *, source: str | None = None) -> None:
        super().__init__(message)
        self.source = source


class _CredentialsOSError(CredentialsError, OSError):
    """Keeps what programs read from an OSError."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Any:
        # ValueError's, which comes first, cannot make an object with the members of an OSError.
        return OSError.__new__(cls)

    def __init__(self, message: str, *, source: str | None = None, cause: OSError | None = None) -> None:
        super().__init__(message, source=source)
        self.errno = None if cause is None else cause.errno
        self.strerror = message if cause is None else cause.strerror
        self.filename = None if cause is None else cause.filename

    def _state(self) -> dict[str, Any]:
        members = {name: getattr(self, name) for name in ("errno", "strerror", "filename")}
        return {**super()._state(), **members}


class CredentialsFileNotFoundError(_CredentialsOSError, FileNotFoundError):
    """There is no credentials file at the path."""

    def __init__(self, message: str, *, source: str | None = None, cause: OSError | None = None) -> None:
        super().__init__(message, source=source, cause=cause)
        self.errno = errno.ENOENT


class CredentialsUnreadableError(_CredentialsOSError):
    """Something is at the path, but it cannot be read: a folder, a file without permission."""


class CredentialsFormatError(CredentialsError, AttributeError):
    """The content is not that of a credentials file: not JSON, not an object, a value of the wrong kind."""


class MissingCredentialsKeyError(CredentialsError, KeyError):
    """A required key is absent.

    Attributes:
        key: Its name in a credentials file.
    """

    def __init__(self, message: str, *, key: str, source: str | None = None) -> None:
        super().__init__(message, source=source)
        self.key = key


class ExpiredCredentialsError(CredentialsError):
    """The credentials were valid until a time that has passed."""


class NoCredentialsError(CredentialsError):
    """No credentials were given, and neither the environment nor the keyring holds any."""


class HttpStatusError(_PlainError, requests.HTTPError):
    """A call of a `BaseApiClient` was answered with anything but a success.

    Attributes:
        response: The answer; its request does not hold the token any more.
        status_code: The HTTP status.
    """

    response: requests.Response

    def __init__(self, message: str, *, response: requests.Response) -> None:
        requests.HTTPError.__init__(self, message, response=response)
        self.status_code: int = response.status_code


class TokenError(_PlainError):
    """The token endpoint gave no access token; the request that needed it was not sent.

    Attributes:
        transient: Whether a later attempt may succeed.
        status_code: Status of the token endpoint's answer; None without an answer.
        retry_after: Seconds that the endpoint asked to wait; None if it did not.
    """

    transient = False
    status_code: int | None = None
    retry_after: float | None = None


class TokenRefusedError(TokenError):
    """The token endpoint refused with an OAuth error, such as `invalid_client` for wrong credentials.

    Attributes:
        error: The OAuth error code.
        description: The endpoint's explanation.
    """

    error: str | None = None
    description: str | None = None


class TokenResponseError(TokenError, requests.HTTPError):
    """The token endpoint answered with neither a token nor an OAuth error."""

    def __init__(
        self, message: str, *, response: requests.Response, transient: bool, retry_after: float | None = None
    ) -> None:
        requests.HTTPError.__init__(self, message, response=response)
        self.status_code = response.status_code
        self.transient = transient
        self.retry_after = retry_after


class TokenConnectionError(TokenError, requests.ConnectionError):
    """The token endpoint could not be reached, or the connection broke."""

    transient = True


class TokenTimeoutError(TokenError, requests.Timeout):
    """The token endpoint did not answer in time."""

    transient = True
