"""Errors before a request is sent: credentials, environments, tokens.

    KognicError                            (kognic._core.errors)
    |- CredentialsError                    invalid credentials           ValueError
    |  |- CredentialsFileNotFoundError     no such file                  FileNotFoundError
    |  |- CredentialsUnreadableError       a folder, no permission, ...  OSError
    |  |- CredentialsFormatError           not a credentials object      AttributeError
    |  |- MissingCredentialsKeyError       a required key is absent      KeyError
    |  |- ExpiredCredentialsError          `expires` has passed
    |  `- NoCredentialsError               no credentials found
    |- EnvironmentConfigError              environments.json             ValueError
    |  |- EnvironmentFileError             it is not JSON                json.JSONDecodeError
    |  `- MissingEnvironmentKeyError       an environment lacks a key    KeyError
    |- HttpStatusError                     an error response             requests.HTTPError
    |- InsecureUrlError                    a token over plain http       ValueError
    `- TokenError                          no access token
       |- TokenRefusedError                an OAuth error                authlib's OAuthError
       |- TokenResponseError               any other error response      requests.HTTPError
       |- TokenConnectionError             no response                   requests.ConnectionError
       `- TokenTimeoutError                no response in time           requests.Timeout

The classes in the last column are those that users of the official packages catch. `TokenRefusedError` is
raised as a subclass that is also Authlib's `OAuthError`, and that shows itself by the name of its base, which
is the one to import and catch; only the modules that use Authlib import it. All errors can be pickled, and
none contains a secret.
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
        source: Source of the credentials: a path, an environment variable, a keyring profile, an argument.
    """

    def __init__(self, message: str, *, source: str | None = None) -> None:
        super().__init__(message)
        self.source = source


class _CredentialsOSError(CredentialsError, OSError):
    """Sets the attributes of an OSError."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Any:
        # ValueError comes first in the MRO, but its __new__ cannot create the fields of an OSError.
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
    """The path exists but cannot be read: a folder, or a file without permission."""


class CredentialsFormatError(CredentialsError, AttributeError):
    """The file is not a credentials file: not JSON, not an object, or a value of the wrong type."""


class MissingCredentialsKeyError(CredentialsError, KeyError):
    """A required key is missing.

    Attributes:
        key: Its name in the credentials file.
    """

    def __init__(self, message: str, *, key: str, source: str | None = None) -> None:
        super().__init__(message, source=source)
        self.key = key


class ExpiredCredentialsError(CredentialsError):
    """The credentials have expired."""


class NoCredentialsError(CredentialsError):
    """No credentials were passed, and none are in the environment or the keyring."""


class HttpStatusError(_PlainError, requests.HTTPError):
    """A request of a `BaseApiClient` got an error response.

    Attributes:
        response: The response; the token is removed from its request.
        status_code: The HTTP status.
    """

    response: requests.Response

    def __init__(self, message: str, *, response: requests.Response) -> None:
        requests.HTTPError.__init__(self, message, response=response)
        self.status_code: int = response.status_code


class TokenError(_PlainError):
    """No access token could be fetched; the request that needed it was not sent.

    Attributes:
        transient: Whether a later attempt may succeed.
        status_code: Status of the token endpoint's response; None without a response.
        retry_after: The endpoint's `Retry-After`, seconds; None if it sent none.
    """

    transient = False
    status_code: int | None = None
    retry_after: float | None = None


class TokenRefusedError(TokenError):
    """The token endpoint returned an OAuth error, such as `invalid_client` for wrong credentials.

    Attributes:
        error: The OAuth error code.
        description: The endpoint's error description.
        source: Where the credentials are from: a path, an environment variable, a keyring profile, an
            argument.
    """

    error: str | None = None
    description: str | None = None
    source: str | None = None

    def says_source(self, source: str | None) -> None:
        """Note where the rejected credentials are from; a traceback shows it."""
        if source is not None and self.source is None:
            self.source = source
            self.add_note(f"The credentials are from {source}; 'kognic auth check' tests credentials")


class TokenResponseError(TokenError, requests.HTTPError):
    """The response of the token endpoint is neither a token nor an OAuth error."""

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
