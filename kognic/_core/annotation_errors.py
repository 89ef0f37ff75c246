"""Why an annotation document cannot be used."""

from __future__ import annotations

from kognic._core.errors import PlainError


class AnnotationError(PlainError, ValueError):
    """An annotation document is invalid, or does not match its scene; the message has the location."""
