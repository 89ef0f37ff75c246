"""Credentials in the system keyring, one profile per environment.

The stored password is the JSON of a credentials file. The keyring library is imported when it is needed and
need not be installed.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from kognic._core.files import NotJsonError, decode_json
from kognic.auth._credentials_file import from_mapping
from kognic.auth.credentials import ApiCredentials
from kognic.auth.errors import CredentialsError
from kognic.auth.internal._keyring import keyring_trouble, open_keyring

log = logging.getLogger(__name__)

SERVICE_NAME = "kognic-credentials"
DEFAULT_PROFILE = "default"


def load_credentials(profile: str = DEFAULT_PROFILE) -> ApiCredentials | None:
    """Return the credentials of a profile; None when there are none or they cannot be read."""
    ring = open_keyring()
    if ring is None:
        return None
    try:
        stored = ring.get_password(SERVICE_NAME, profile)
    except Exception as exc:  # a backend may raise anything; credentials can come from elsewhere
        log.warning("The system keyring cannot be read: %s", type(exc).__name__)
        return None
    if stored is None:
        return None
    try:
        return from_mapping(_object(stored), "the credentials in the keyring")
    except (CredentialsError, NotJsonError) as exc:
        log.warning("Profile '%s' of the system keyring is ignored: %s", profile, exc)
        return None


def save_credentials(creds: ApiCredentials, profile: str = DEFAULT_PROFILE) -> None:
    """Store credentials under a profile.

    Raises:
        RuntimeError: There is no usable keyring, or it refused.
    """
    ring = open_keyring()
    if ring is None:
        raise RuntimeError(f"No system keyring: {keyring_trouble()}")
    trouble = None
    try:
        ring.set_password(SERVICE_NAME, profile, json.dumps(_content(creds)))
    except Exception as exc:  # a backend may raise anything, with the password in its frames
        trouble = type(exc).__name__
    if trouble:
        raise RuntimeError(f"The system keyring refused to store profile '{profile}': {trouble}")


def clear_credentials(profile: str = DEFAULT_PROFILE) -> None:
    """Remove a profile; never raises."""
    ring = open_keyring()
    if ring is None:
        return
    try:
        ring.delete_password(SERVICE_NAME, profile)
    except Exception as exc:  # backends raise different errors for an absent profile
        log.debug("Profile '%s' was not removed from the keyring: %s", profile, type(exc).__name__)


def why_unusable() -> str | None:
    """Return why there is no keyring to look into; None when there is one."""
    return keyring_trouble()


def _object(stored: str) -> dict[str, Any]:
    content = decode_json(stored)
    if not isinstance(content, dict):
        raise NotJsonError("is not a JSON object")
    return content


def _content(creds: ApiCredentials) -> dict[str, Any]:
    content: dict[str, Any] = {
        "clientId": creds.client_id,
        "clientSecret": creds.client_secret,
        "email": creds.email,
        "userId": creds.user_id,
        "issuer": creds.issuer,
        "name": creds.name,
    }
    for key, time in (("created", creds.created), ("expires", creds.expires)):
        if time is not None:
            content[key] = time.isoformat()
    if creds.scopes:
        content["scopes"] = list(creds.scopes)
    return content
