"""What can be wrong with environments.json. Apart from `kognic.auth.errors`, which needs requests."""

from __future__ import annotations

import json

from kognic._core.errors import PlainError as _PlainError

__all__ = ["EnvironmentConfigError", "EnvironmentFileError", "MissingEnvironmentKeyError"]


class EnvironmentConfigError(_PlainError, ValueError):
    """The environments file is malformed, or does not know the environment that was asked for."""


class EnvironmentFileError(EnvironmentConfigError, json.JSONDecodeError):
    """The environments file is not JSON.

    Attributes:
        lineno: Where, from 1; 0 when that is not known.
        colno: See `lineno`.
    """

    def __init__(self, message: str, *, line: int = 0, column: int = 0) -> None:
        Exception.__init__(self, message)
        self.msg = message
        # The content may hold secrets, and errors are shown and logged.
        self.doc = ""
        self.pos = 0
        self.lineno = line
        self.colno = column


class MissingEnvironmentKeyError(EnvironmentConfigError, KeyError):
    """An environment lacks a key that it must have."""
