"""Small values that every service needs: identifiers and times."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path


def new_uuid() -> str:
    """Make a random UUID as text."""
    return str(uuid.uuid4())


def utc_now() -> datetime:
    """Return the current time, UTC."""
    return datetime.now(UTC)


def to_wire_time(moment: datetime) -> str:
    """ISO 8601 in UTC with six digits and `Z`, the one form that every reader of the protocol accepts."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def without_none(fields: dict[str, object]) -> dict[str, object]:
    """Fields whose value is None are left out of answers."""
    return {key: value for key, value in fields.items() if value is not None}


def from_timestamp(seconds: float) -> datetime:
    """Return a moment from seconds since the Unix epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def private_folder(path: Path) -> None:
    """Create a folder that only its owner can enter, whatever the umask; an existing one stays as it is."""
    if not path.is_dir():
        path.mkdir(parents=True, mode=0o700)
        path.chmod(0o700)
