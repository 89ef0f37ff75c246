"""What a credentials file holds: which keys, of which kinds, and what is wrong with one that cannot be used.

Where credentials come from is `credentials_parser`'s concern. Errors name the source, never a value.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kognic._core.files import NotJsonError, read_json
from kognic._core.standard_classes import keep_class
from kognic.auth.credentials import ApiCredentials
from kognic.auth.errors import (
    CredentialsError,
    CredentialsFileNotFoundError,
    CredentialsFormatError,
    CredentialsUnreadableError,
    MissingCredentialsKeyError,
)

log = logging.getLogger(__name__)

DEFAULT_NAME = "API Credentials"
REQUIRED_KEYS = ("clientId", "clientSecret", "email", "userId", "issuer")
ADVICE = "download new ones from the Kognic app"


def read_file(path: str | os.PathLike[str], origin: str = "") -> ApiCredentials:
    """Read a credentials file.

    Args:
        path: Where it is; `~` is the home folder.
        origin: Who named it, for errors; starts with a blank.

    Raises:
        CredentialsError: It cannot be used; the subclass says why.
    """
    given = path_text(path)
    where = f"{_in_full(given)}{origin}"
    try:
        content = read_json(Path(given).expanduser())
    except NotJsonError as exc:
        error: CredentialsError = CredentialsFormatError(f"The credentials file {where} {exc}", source=given)
    except OSError as exc:
        error = _unreadable(exc, where, given)
    except (RuntimeError, ValueError):
        # No home folder to put for "~"; a null byte in the path.
        error = CredentialsError(f"{given!r}{origin} is not a path that can be read", source=given)
    else:
        return from_mapping(content, f"the credentials file {where}")
    raise error


def _unreadable(exc: OSError, where: str, given: str) -> CredentialsError:
    if isinstance(exc, (FileNotFoundError, NotADirectoryError)):
        message = f"There is no credentials file {where}; {ADVICE}, or give another path"
        return CredentialsFileNotFoundError(message, source=given, cause=exc)
    trouble = f"cannot be read: {exc.strerror or type(exc).__name__}"
    if isinstance(exc, IsADirectoryError):
        trouble = "is a folder, must be a file"
    elif isinstance(exc, PermissionError):
        trouble = "may not be read by this user; check its permissions"
    error = CredentialsUnreadableError(f"The credentials file {where} {trouble}", source=given, cause=exc)
    return keep_class(error, exc)


def path_text(path: str | os.PathLike[str]) -> str:
    """Return a path as text."""
    text = os.fspath(path)
    if not isinstance(text, str):
        raise CredentialsError("The path of the credentials file is of type bytes, must be text")
    return text


def _in_full(given: str) -> str:
    """The path in full, as the working directory is often the mistake."""
    try:
        return f"'{Path(given).expanduser().absolute()}'"
    except (OSError, RuntimeError):
        return f"'{given}'"


def from_mapping(content: object, source: str) -> ApiCredentials:
    """Check the content of a credentials file.

    Raises:
        CredentialsFormatError: It is not an object, or a value is of the wrong kind.
        MissingCredentialsKeyError: A required key is missing.
    """
    if not isinstance(content, Mapping):
        kind = type(content).__name__
        raise CredentialsFormatError(
            f"{source} holds a {kind}, must hold the JSON object of Kognic credentials", source=source
        )
    for key in REQUIRED_KEYS:
        if key not in content:
            message = f"Key '{key}' is missing in {source}; {ADVICE}"
            raise MissingCredentialsKeyError(message, key=key, source=source)
    return ApiCredentials(
        client_id=_string(content, "clientId", source),
        client_secret=_string(content, "clientSecret", source),
        email=_string(content, "email", source, empty=True),
        user_id=_integer(content, "userId", source),
        issuer=_string(content, "issuer", source, empty=True),
        name=_string({"name": DEFAULT_NAME} | _given(content, "name"), "name", source, empty=True),
        created=_time(content, "created", source),
        expires=_time(content, "expires", source),
        scopes=_scopes(content, source),
    )


def _given(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {} if content.get(key) is None else {key: content[key]}


def _string(content: Mapping[str, Any], key: str, source: str, *, empty: bool = False) -> str:
    value = content[key]
    if not isinstance(value, str):
        raise _wrong(key, source, f"of type {type(value).__name__}", "text")
    if not empty and not value.strip():
        raise _wrong(key, source, "empty", "text")
    return value


def _integer(content: Mapping[str, Any], key: str, source: str) -> int:
    value = content[key]
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    # An integer of 64 bits has at most 19 digits; a longer one is no number of ours.
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
        return int(value)
    raise _wrong(key, source, f"of type {type(value).__name__}", "an integer")


def _scopes(content: Mapping[str, Any], source: str) -> list[str]:
    value = content.get("scopes")
    if value is None:
        return []
    if isinstance(value, (list, tuple)) and all(isinstance(scope, str) for scope in value):
        return list(value)
    raise _wrong("scopes", source, f"of type {type(value).__name__}", "a list of texts")


def _time(content: Mapping[str, Any], key: str, source: str) -> datetime | None:
    value = content.get(key)
    if value is None:
        return None
    parsed = value if isinstance(value, datetime) else parse_time(value)
    if parsed is None:
        log.warning("'%s' of %s is not an ISO 8601 time and is ignored", key, source)
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def parse_time(value: object) -> datetime | None:
    """ISO 8601 text as a time, microseconds at most; None when it is anything else."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.strip().upper())
    except ValueError:
        return None


def _wrong(key: str, source: str, found: str, expected: str) -> CredentialsFormatError:
    return CredentialsFormatError(f"'{key}' in {source} is {found}, must be {expected}", source=source)


def from_pair(client_id: object, client_secret: object, source: str) -> ApiCredentials:
    """Credentials of which only id and secret are known.

    Raises:
        CredentialsFormatError: One of them is not text, or empty.
    """
    for name, value in (("client_id", client_id), ("client_secret", client_secret)):
        if not isinstance(value, str):
            kind = type(value).__name__
            raise CredentialsFormatError(f"{name} of {source} is of type {kind}, must be text", source=source)
        if not value.strip():
            raise CredentialsFormatError(f"{name} of {source} is empty", source=source)
    assert isinstance(client_id, str)
    assert isinstance(client_secret, str)
    return ApiCredentials(client_id=client_id, client_secret=client_secret, email="", user_id=0, issuer="")
