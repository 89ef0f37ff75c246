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
from pathlib import Path
from typing import Any, NamedTuple

from kognic._core.redaction import opaque
from kognic.auth._credentials_file import ADVICE, from_mapping, from_pair, path_text, read_file
from kognic.auth.credentials import AnyAuth, ApiCredentials
from kognic.auth.errors import (
    CredentialsError,
    ExpiredCredentialsError,
    NoCredentialsError,
)
from kognic.auth.internal.credentials_store import (
    DEFAULT_PROFILE,
    SERVICE_NAME,
    load_credentials,
    why_unusable,
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
CLIENT_SECRET_VARIABLE = "KOGNIC_CLIENT_SECRET"  # noqa: S105 (the name of a variable)  # nosec B105
KEYRING_PREFIX = "keyring://"
_HAS_AN_ENDING = re.compile(r"[^{}\n]{1,250}\.[A-Za-z]{1,6}")


class Found(NamedTuple):
    """Credentials, and where they were found, in words."""

    credentials: ApiCredentials
    source: str


@opaque
def parse_credentials(path: str | os.PathLike[str] | Mapping[str, Any]) -> ApiCredentials:
    """Read a credentials file, whatever its ending, or a dict with the content of one.

    Raises:
        CredentialsFileNotFoundError: The file does not exist (a FileNotFoundError).
        CredentialsUnreadableError: It is a folder or may not be read (an OSError).
        CredentialsFormatError: It holds no JSON object, or a value of the wrong kind (an AttributeError).
        MissingCredentialsKeyError: A required key is missing (a KeyError).
    """
    if isinstance(path, Mapping):
        return from_mapping(path, "the credentials dict")
    return read_file(path)


@opaque
def resolve_any_credentials(auth: object) -> ApiCredentials:
    """Credentials from any form of `auth=` but None.

    Raises:
        CredentialsError: `auth` has no form that is understood, or what it names cannot be used.
    """
    return _resolve(auth).credentials


@opaque
def get_credentials_from_system() -> ApiCredentials | None:
    """Credentials from the environment, else from the system keyring; None if neither has any.

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
    auth: AnyAuth = None, client_id: str | None = None, client_secret: str | None = None
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
    auth: AnyAuth = None, client_id: str | None = None, client_secret: str | None = None
) -> Found:
    """Resolve as `resolve_credentials`, with all that is known of the credentials and their source."""
    if client_id is not None and client_secret is not None:
        if auth is not None:
            raise CredentialsError("Give either auth or client_id and client_secret, not both")
        return Found(from_pair(client_id, client_secret, "the arguments"), "client_id and client_secret")
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
    """Raise an error for expired credentials.

    Raises:
        ExpiredCredentialsError: It has.
    """
    if credentials.expires is not None and credentials.has_expired():
        where = f" ({source}); {ADVICE}" if source else ""
        message = f"Credentials expired at {credentials.expires.isoformat()}{where}"
        raise ExpiredCredentialsError(message, source=source)


def _resolve(auth: object) -> Found:
    if isinstance(auth, ApiCredentials):
        from_pair(auth.client_id, auth.client_secret, "the ApiCredentials")
        return Found(auth, "ApiCredentials")
    if isinstance(auth, tuple):
        if len(auth) != 2:
            raise CredentialsError(f"auth is a tuple of {len(auth)}, must be (client_id, client_secret)")
        return Found(from_pair(*auth, source="the auth tuple"), "auth tuple")
    if isinstance(auth, Mapping):
        return Found(from_mapping(auth, "the auth dict"), "auth dict")
    if isinstance(auth, str) and auth.startswith(KEYRING_PREFIX):
        return _from_keyring(auth)
    if isinstance(auth, (str, os.PathLike)):
        return Found(_from_json_path(auth), path_text(auth))
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
        return Found(read_file(named, origin), f"{named}{origin}")
    client_id, client_secret = os.environ.get(CLIENT_ID_VARIABLE), os.environ.get(CLIENT_SECRET_VARIABLE)
    if client_id and client_secret:
        source = f"{CLIENT_ID_VARIABLE} and {CLIENT_SECRET_VARIABLE}"
        return Found(from_pair(client_id, client_secret, source), source)
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
        "or store one with 'kognic-auth credentials put FILE'. To try it without an account, start a local "
        "platform: 'kognic sandbox serve', then 'eval \"$(kognic sandbox env)\"' in another shell"
    )


def _from_keyring(address: str, origin: str = "") -> Found:
    profile = address.removeprefix(KEYRING_PREFIX)
    stored = load_credentials(profile) if profile else None
    if stored is None:
        absent = f"the system keyring (service {SERVICE_NAME}) holds no usable profile of this name"
        raise CredentialsError(
            f"No credentials in {address}{origin}: {why_unusable() or absent}; "
            f"store some with 'kognic-auth credentials put FILE --env {profile or 'NAME'}'",
            source=address,
        )
    return Found(stored, f"{address}{origin}")


def _from_json_path(auth: str | os.PathLike[str]) -> ApiCredentials:
    text = path_text(auth)
    if not text.lower().endswith(".json"):
        shown = f"'{text}'" if _is_a_path(text) else "text without the form of a path"
        raise CredentialsError(
            f"auth is {shown}, must be a path that ends in .json, 'keyring://<profile>', "
            "or a (client_id, client_secret) tuple"
        )
    return read_file(auth)


def _is_a_path(text: str) -> bool:
    """Whether text may be shown in an error; it could be the secret itself."""
    try:
        return bool(_HAS_AN_ENDING.fullmatch(text)) or Path(text).expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        return False
