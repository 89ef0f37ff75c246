"""The error that everything about annotation documents raises."""

from __future__ import annotations

from kognic.auth.errors import KognicError


class AnnotationError(KognicError, ValueError):
    """An annotation document, or what it is compared with, cannot be used as asked."""
