"""What can go wrong with custom cameras and conversions.

Errors of loading and running a module are in `kognic._core.camera_errors`, which geometry uses as well.
"""

from __future__ import annotations

from kognic._core.camera_errors import (
    CompilationError,
    CompilationOutputError,
    ConversionError,
    FunctionNotFoundError,
    FunctionSignatureError,
    LoadingError,
    ProjectionError,
    ProjectionValidationError,
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
