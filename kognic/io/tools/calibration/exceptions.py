"""What can go wrong with custom cameras and conversions.

Errors of loading and running a module are in `kognic._core.camera_errors`, which geometry uses as well.
"""

from __future__ import annotations

from kognic._core.camera_errors import (
    ConversionError,
    FunctionNotFoundError,
    FunctionSignatureError,
    LoadingError,
    ProjectionError,
)
from kognic._core.errors import KognicError

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
