"""Refusals: what an error answer holds. Turning them into HTTP is `calls`' work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# A choice: one mistake in a list is repeated for every item.
SHOWN_ERRORS = 5


class PlatformError(Exception):
    """A call is rejected with a status and a human-readable message."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


class InvalidError(PlatformError):
    """The content of the call breaks a rule (400)."""

    def __init__(self, message: str) -> None:
        super().__init__(400, message)


class ValidationFailedError(InvalidError):
    """A documented validation failed; the message starts as the platform's do."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Validation failed: {reason}")


class UnauthorizedError(PlatformError):
    """The bearer token is absent, malformed, expired or revoked (401)."""

    def __init__(self, message: str) -> None:
        super().__init__(401, message, {"WWW-Authenticate": 'Bearer error="invalid_token"'})


class ForbiddenError(PlatformError):
    """The caller is known and may not do this (403)."""

    def __init__(self, message: str) -> None:
        super().__init__(403, message)


class NotFoundError(PlatformError):
    """The named thing does not exist, or not for this caller (404)."""

    def __init__(self, message: str) -> None:
        super().__init__(404, message)


class OAuthError(Exception):
    """A refusal of the token endpoint (RFC 6749, section 5.2)."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.status = status
        self.error = error
        self.description = description


def shape_error(errors: Sequence[Mapping[str, Any]]) -> ValidationFailedError:
    """Make the refusal of a body that has the wrong shape, from pydantic's list of errors."""
    shown = [f"{_place(error['loc'])}{error['msg']}" for error in errors[:SHOWN_ERRORS]]
    if len(errors) > SHOWN_ERRORS:
        shown.append(f"and {len(errors) - SHOWN_ERRORS} more")
    return ValidationFailedError("; ".join(shown))


def _place(location: Sequence[object]) -> str:
    return ".".join(str(part) for part in location) + ": " if location else ""
