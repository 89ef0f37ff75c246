"""What can go wrong with custom cameras and conversions.

Errors of loading and running a module are those of `kognic.io.checks.geometry`, which runs it.
"""

from __future__ import annotations

from kognic.auth.errors import KognicError
from kognic.io.checks.geometry.errors import (
    FunctionNotFoundError,
    FunctionSignatureError,
    LoadingError,
    ProjectionError,
)

__all__ = [
    "CompilationError",
    "CompilationOutputError",
    "ConversionError",
    "FunctionNotFoundError",
    "FunctionSignatureError",
    "LoadingError",
    "ProjectionError",
    "ProjectionValidationError",
]


class ProjectionValidationError(KognicError):
    """A test case comes out at another pixel."""


class CompilationError(KognicError):
    """The compiler is missing or fails, or the source is of an unknown kind; `__cause__` has the reason."""


class CompilationOutputError(KognicError):
    """The output path does not end in `.wasm`."""


class ConversionError(KognicError, ValueError):
    """A file of another tool cannot be turned into the platform's calibrations."""
