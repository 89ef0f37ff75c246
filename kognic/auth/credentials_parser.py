"""Finds the credentials: every form of `auth=`, the environment, the system keyring.

Everything here is offline. Errors are `CredentialsError`s that name the source that was tried and never
hold a secret. Whether credentials have expired is checked when a session is made (`_check_expiry`), not here.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from kognic.auth._files import NotJsonError, read_json
from kognic.auth._redaction import opaque
from kognic.auth.credentials import ApiCredentials
from kognic.auth.errors import (
    CredentialsError,
    CredentialsFileNotFoundError,
    CredentialsFormatError,
    CredentialsUnreadableError,
    ExpiredCredentialsError,
    MissingCredentialsKeyError,
    NoCredentialsError,
)

__all__ = [
    "ApiCredentials",
    "get_credentials_from_env",
    "get_credentials_from_system",
    "parse_credentials",
    "resolve_any_credentials",
    "resolve_credentials",
]

log = logging.getLogger(__name__)

CREDENTIALS_VARIABLE = "KOGNIC_CREDENTIALS"
CLIENT_ID_VARIABLE = "KOGNIC_CLIENT_ID"
CLIENT_SECRET_VARIABLE = "KOGNIC_CLIENT_SECRET"  # noqa: S105 (the name of a variable)
KEYRING_PREFIX = "keyring://"
REQUIRED_KEYS = ("clientId", "clientSecret", "email", "userId", "issuer")
_LOOKS_LIKE_A_PATH = re.compile(r"[^{}\n]{1,250}\.[A-Za-z]{1,6}|~?[\w .-]*(/[a-z_ .-]+){1,20}/?")
_ADVICE = "download new ones from the Kognic app"


class Found(NamedTuple):
    """Credentials, and where they were found, in words."""

    credentials: ApiCredentials
    source: str


@opaque
def parse_credentials(path: str | os.PathLike[str] | Mapping[str, Any]) -> ApiCredentials:
    """Read a credentials file, whatever its ending, or a dict with the content of one.

    Raises:
        CredentialsFileNotFoundError: There is no such file (a FileNotFoundError).
        CredentialsUnreadableError: It is a folder or may not be read (an OSError).
        CredentialsFormatError: It holds no JSON object, or a value of the wrong kind (an AttributeError).
        MissingCredentialsKeyError: A required key is missing (a KeyError).
    """
    if isinstance(path, Mapping):
        return _from_mapping(path, "the credentials dict")
    return _read_file(path, origin="")


@opaque
def resolve_any_credentials(auth: object) -> ApiCredentials:
    """Credentials from any form of `auth=` but None.

    Raises:
        CredentialsError: `auth` has no form that is understood, or what it names cannot be used.
    """
    return _resolve(auth).credentials


@opaque
def get_credentials_from_system() -> ApiCredentials | None:
    """Credentials from the environment, else from the system keyring; None when there are none.

    Raises:
        CredentialsError: The environment names credentials that cannot be used.
    """
    found = _from_system()
    return None if found is None else found.credentials


def get_credentials_from_env() -> tuple[str | None, str | None]:
    """Client id and secret of `get_credentials_from_system`, which replaces this; `(None, None)` without."""
    warnings.warn(
        "get_credentials_from_env is deprecated, use get_credentials_from_system",
        DeprecationWarning,
        stacklevel=2,
    )
    found = get_credentials_from_system()
    return (None, None) if found is None else (found.client_id, found.client_secret)


@opaque
def resolve_credentials(
    auth: object = None, client_id: str | None = None, client_secret: str | None = None
) -> tuple[str, str]:
    """Client id and secret from what was given, else from the system.

    Raises:
        ValueError: Both `auth` and an id with its secret are given.
        CredentialsError: What was given cannot be used, or nothing was given and none were found.
    """
    credentials = find_credentials(auth, client_id, client_secret).credentials
    return credentials.client_id, credentials.client_secret


@opaque
def find_credentials(
    auth: object = None, client_id: str | None = None, client_secret: str | None = None
) -> Found:
    """As `resolve_credentials`, with all that is known of the credentials and their source."""
    if client_id is not None and client_secret is not None:
        if auth is not None:
            raise CredentialsError("Give either auth or client_id and client_secret, not both")
        return Found(_from_pair(client_id, client_secret, "client_id and client_secret"), "client_id")
    if client_id is not None or client_secret is not None:
        lacking = "client_secret" if client_secret is None else "client_id"
        log.warning("client_id and client_secret are ignored: %s is missing", lacking)
    if auth is not None:
        return _resolve(auth)
    found = _from_system()
    if found is None:
        raise NoCredentialsError(_nothing_found())
    return found


def _check_expiry(credentials: ApiCredentials, source: str | None = None) -> None:
    """Refuse credentials whose time has passed.

    Raises:
        ExpiredCredentialsError: It has.
    """
    if credentials.expires is not None and credentials.has_expired():
        where = f" ({source}); {_ADVICE}" if source else ""
        message = f"Credentials expired at {credentials.expires.isoformat()}{where}"
        raise ExpiredCredentialsError(message, source=source)


def _resolve(auth: object) -> Found:
    if isinstance(auth, ApiCredentials):
        _from_pair(auth.client_id, auth.client_secret, "the ApiCredentials")
        return Found(auth, "ApiCredentials")
    if isinstance(auth, tuple):
        if len(auth) != 2:
            raise CredentialsError(f"auth is a tuple of {len(auth)}, must be (client_id, client_secret)")
        return Found(_from_pair(*auth, source="the auth tuple"), "auth tuple")
    if isinstance(auth, Mapping):
        return Found(_from_mapping(auth, "the auth dict"), "auth dict")
    if isinstance(auth, str) and auth.startswith(KEYRING_PREFIX):
        return _from_keyring(auth, origin="")
    if isinstance(auth, (str, os.PathLike)):
        return Found(_from_json_path(auth), _text(auth))
    raise CredentialsError(
        f"auth is of type {type(auth).__name__}, must be the path of a credentials file, "
        "'keyring://<profile>', a (client_id, client_secret) tuple, a dict or ApiCredentials"
    )


def _from_system() -> Found | None:
    named = os.environ.get(CREDENTIALS_VARIABLE)
    if named:
        origin = f" (from {CREDENTIALS_VARIABLE})"
        if named.lstrip().startswith("{"):
            raise CredentialsError(
                f"{CREDENTIALS_VARIABLE} holds JSON text, must hold the path of a credentials file",
                source=CREDENTIALS_VARIABLE,
            )
        if named.startswith(KEYRING_PREFIX):
            return _from_keyring(named, origin)
        return Found(_read_file(named, origin), f"{named}{origin}")
    client_id, client_secret = os.environ.get(CLIENT_ID_VARIABLE), os.environ.get(CLIENT_SECRET_VARIABLE)
    if client_id and client_secret:
        source = f"{CLIENT_ID_VARIABLE} and {CLIENT_SECRET_VARIABLE}"
        return Found(_from_pair(client_id, client_secret, source), source)
    from kognic.auth.internal.credentials_store import DEFAULT_PROFILE, load_credentials

    stored = load_credentials(DEFAULT_PROFILE)
    return None if stored is None else Found(stored, f"{KEYRING_PREFIX}{DEFAULT_PROFILE}")


def _nothing_found() -> str:
    tried = [f"{CREDENTIALS_VARIABLE} is not set"]
    names = (CLIENT_ID_VARIABLE, CLIENT_SECRET_VARIABLE)
    is_set = [name for name in names if os.environ.get(name)]
    if is_set:
        tried.append(f"{is_set[0]} is set without {names[1 - names.index(is_set[0])]}")
    else:
        tried.append(f"{CLIENT_ID_VARIABLE} and {CLIENT_SECRET_VARIABLE} are not set")
    tried.append("the system keyring holds no profile 'default'")
    if os.environ.get("ANNOTELL_CREDENTIALS") or os.environ.get("ANNOTELL_CLIENT_ID"):
        tried.append("the ANNOTELL_ variables are no longer read")
    return (
        f"No Kognic credentials: auth was not given, {', '.join(tried)}. Pass auth='credentials.json', "
        f"set {CREDENTIALS_VARIABLE} to the path of a credentials file, "
        "or store one with 'kognic-auth credentials put FILE'"
    )


def _from_keyring(address: str, origin: str) -> Found:
    from kognic.auth.internal.credentials_store import SERVICE_NAME, load_credentials, why_unusable

    profile = address.removeprefix(KEYRING_PREFIX)
    stored = load_credentials(profile) if profile else None
    if stored is None:
        trouble = (
            why_unusable()
            or f"the system keyring (service {SERVICE_NAME}) holds no usable profile of this name"
        )
        raise CredentialsError(
            f"No credentials in {address}{origin}: {trouble}; "
            f"store some with 'kognic-auth credentials put FILE --env {profile or 'NAME'}'",
            source=address,
        )
    return Found(stored, f"{address}{origin}")


def _from_pair(client_id: object, client_secret: object, source: str) -> ApiCredentials:
    for name, value in (("client_id", client_id), ("client_secret", client_secret)):
        if not isinstance(value, str):
            kind = type(value).__name__
            raise CredentialsFormatError(f"{name} of {source} is of type {kind}, must be text", source=source)
        if not value.strip():
            raise CredentialsFormatError(f"{name} of {source} is empty", source=source)
    assert isinstance(client_id, str)
    assert isinstance(client_secret, str)
    return ApiCredentials(client_id=client_id, client_secret=client_secret, email="", user_id=0, issuer="")


def _from_json_path(auth: str | os.PathLike[str]) -> ApiCredentials:
    text = _text(auth)
    if not text.lower().endswith(".json"):
        # What was given may be the secret itself.
        shown = f"'{text}'" if _LOOKS_LIKE_A_PATH.fullmatch(text) else "text that is not shown"
        raise CredentialsError(
            f"auth is {shown}, must be a path that ends in .json, 'keyring://<profile>', "
            "or a (client_id, client_secret) tuple"
        )
    return _read_file(auth, origin="")


def _text(path: str | os.PathLike[str]) -> str:
    text = os.fspath(path)
    if not isinstance(text, str):
        raise CredentialsError("The path of the credentials file is of type bytes, must be text")
    return text


def _read_file(path: str | os.PathLike[str], origin: str) -> ApiCredentials:
    """Read a file; `origin` says who named it."""
    given = _text(path)
    try:
        source = f"{Path(given).expanduser()}{origin}"
        return _from_mapping(read_json(Path(given).expanduser()), source)
    except (FileNotFoundError, NotADirectoryError) as exc:
        message = f"There is no credentials file {_where(given)}{origin}; {_ADVICE}, or give another path"
        error: CredentialsError = CredentialsFileNotFoundError(message, source=given, cause=exc)
    except IsADirectoryError as exc:
        message = f"{_where(given)}{origin} is a folder, must be a credentials file"
        error = CredentialsUnreadableError(message, source=given, cause=exc)
    except PermissionError as exc:
        trouble = f"may not be read: {exc.strerror}; check its permissions"
        message = f"The credentials file {_where(given)}{origin} {trouble}"
        error = CredentialsUnreadableError(message, source=given, cause=exc)
    except NotJsonError as exc:
        error = CredentialsFormatError(f"The credentials file {_where(given)}{origin} {exc}", source=given)
    except CredentialsError:
        raise
    except OSError as exc:
        message = f"The credentials file {_where(given)}{origin} cannot be read: {exc.strerror or exc}"
        error = CredentialsUnreadableError(message, source=given, cause=exc)
    except (RuntimeError, ValueError):
        # No home folder to put for "~"; a null byte in the path.
        error = CredentialsError(f"{given!r}{origin} is not a path that can be read", source=given)
    raise error


def _where(given: str) -> str:
    """The path in full, as the working directory is often the mistake."""
    try:
        full = str(Path(given).expanduser().absolute())
    except (OSError, RuntimeError):
        return f"'{given}'"
    return f"'{full}'"


def _from_mapping(content: object, source: str) -> ApiCredentials:
    if not isinstance(content, Mapping):
        kind = type(content).__name__
        raise CredentialsFormatError(
            f"{source} holds a {kind}, must hold the JSON object of Kognic credentials", source=source
        )
    for key in REQUIRED_KEYS:
        if key not in content:
            advice = f"; {_ADVICE}"
            raise MissingCredentialsKeyError(
                f"Key '{key}' is missing in {source}{advice}", key=key, source=source
            )
    return ApiCredentials(
        client_id=_string(content, "clientId", source),
        client_secret=_string(content, "clientSecret", source),
        email=_string(content, "email", source, empty=True),
        user_id=_integer(content, "userId", source),
        issuer=_string(content, "issuer", source, empty=True),
        name=_string(content, "name", source, empty=True)
        if content.get("name") is not None
        else "API Credentials",
        created=_time(content, "created", source),
        expires=_time(content, "expires", source),
        scopes=_scopes(content, source),
    )


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
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)


def parse_time(value: object) -> datetime | None:
    """ISO 8601 text as a time, microseconds at most; None when it is anything else."""
    from dateutil.parser import isoparse  # not needed by those who pass id and secret

    if not isinstance(value, str):
        return None
    try:
        return isoparse(value.strip())
    except (ValueError, OverflowError):
        return None


def _wrong(key: str, source: str, found: str, expected: str) -> CredentialsFormatError:
    return CredentialsFormatError(f"'{key}' in {source} is {found}, must be {expected}", source=source)
