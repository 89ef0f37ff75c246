"""Errors of camera models and calibrations.

CameraError
    ProjectionUnavailableError      the formula is not public
    LoadingError                    the module of a custom camera cannot be loaded
    FunctionNotFoundError           the export is missing
    FunctionSignatureError          the export has another signature
    ProjectionError                 the export does not return two floats
ConversionError                     a calibration of another tool that cannot be converted
"""

from __future__ import annotations

from kognic._core.errors import KognicError


class CameraError(KognicError, ValueError):
    """Points cannot be projected with this camera."""


class ProjectionUnavailableError(CameraError):
    """The formula of this camera model is not public, so only the platform can project with it."""


class LoadingError(CameraError):
    """The module of a custom camera is not WebAssembly, or cannot be instantiated without imports."""


class FunctionNotFoundError(CameraError):
    """The module of a custom camera does not export `project_point_to_image`."""


class FunctionSignatureError(CameraError):
    """The exported function does not take three and return two 64-bit floats."""


class ProjectionError(CameraError):
    """The exported function trapped, or used more instructions than a camera can need."""


class ConversionError(KognicError, ValueError):
    """A calibration file of another tool cannot be converted into the platform's calibrations."""


class ProjectionValidationError(KognicError):
    """The result of a test case differs from the expected pixel."""


class CompilationError(KognicError):
    """The compiler is missing or fails, or the source is of an unknown kind; `__cause__` has the reason."""


class CompilationOutputError(KognicError):
    """The output path does not end in `.wasm`."""
