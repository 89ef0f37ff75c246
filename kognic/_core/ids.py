"""Names of objects on the platform."""

from __future__ import annotations

from uuid import UUID


def is_uuid(text: str) -> bool:
    """Whether a name is a UUID rather than an external ID."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
