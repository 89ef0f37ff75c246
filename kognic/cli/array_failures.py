"""Failures of commands that compute with arrays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kognic._core.extras import needs_extra
from kognic._core.failures import failures_in_one_line

_OF_CHECKS = ("numpy", "PIL")


@contextmanager
def array_failures() -> Iterator[None]:
    """Turn expected errors into one line, and say how to get the libraries that arrays and pictures need."""
    with failures_in_one_line(also=(ImportError,)):
        try:
            yield
        except ModuleNotFoundError as exc:
            if (exc.name or "").partition(".")[0] not in _OF_CHECKS:
                raise
            raise ImportError(needs_extra("this needs more packages", "checks", exc)) from exc
