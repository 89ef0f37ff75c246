"""Check the WebAssembly module of a custom camera by the platform's rules (extra `wasm`)."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kognic.io.tools.calibration.exceptions import LoadingError, ProjectionError, ProjectionValidationError
from kognic.io.tools.calibration.wasm import FUNCTION, CameraModule

if TYPE_CHECKING:
    from kognic.io.model.calibration import CustomCameraCalibration
    from kognic.io.model.calibration.camera.custom_camera_calibration import TestCase

FUNCTION_NAME = FUNCTION
# Pixels; of the official client, which publishes this name.
TOLERANCE = 1e-5
BASE_POINT = (1.0, 2.0, 1.0)
USUAL_SIZE = 1000

_log = logging.getLogger(__name__)


class ProjectionFunction:
    """The projection function of an instantiated module, as a Python function.

    Args:
        function: The exported `wasmtime.Func`.
        store: The store that it lives in.
    """

    def __init__(self, function: Any, store: Any) -> None:
        self.function = function
        self.store = store

    def __call__(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Project a point of the camera system, metres, to a column and a row, pixels."""
        u, v = self.function(self.store, float(x), float(y), float(z))
        return u, v

    project = __call__


def validate_custom_camera_calibration(calibration: CustomCameraCalibration) -> None:
    """Check that the module of a custom camera can be run and gives what its test cases say.

    Raises:
        LoadingError: The module cannot be loaded or instantiated.
        FunctionNotFoundError: It does not export `project_point_to_image`.
        FunctionSignatureError: The export does not take three and return two 64-bit floats.
        ProjectionError: The point (1, 2, 1) cannot be projected.
        ProjectionValidationError: A test case differs by 1e-5 pixels or more.
        ImportError: wasmtime is not installed.
    """
    try:
        wasm = calibration.get_wasm_bytes()
    except ValueError as exc:
        raise LoadingError(str(exc)) from exc
    validate_wasm_binary(wasm, calibration.test_cases)


def validate_wasm_file(wasm_file: str | os.PathLike[str], test_cases: Sequence[TestCase]) -> None:
    """Check a compiled module in a file; otherwise as `validate_custom_camera_calibration`.

    Raises:
        OSError: The file cannot be read.
    """
    validate_wasm_binary(Path(wasm_file).read_bytes(), test_cases)


def validate_wasm_binary(wasm: bytes, test_cases: Sequence[TestCase]) -> None:
    """Check a compiled module; otherwise as `validate_custom_camera_calibration`."""
    if len(wasm) > USUAL_SIZE:
        _log.warning(
            "The module has %d bytes, more than the usual %d; compile it for size if you can",
            len(wasm),
            USUAL_SIZE,
        )
    module = CameraModule(wasm)
    try:
        module.project_point(*BASE_POINT)
    except ProjectionError as exc:
        raise ProjectionError(f"the point {BASE_POINT} cannot be projected: {exc}") from exc
    for case in test_cases:
        _check(module, case)


def _check(module: CameraModule, case: TestCase) -> None:
    point, expected = case.point3d, case.point2d
    u, v = module.project_point(point.x, point.y, point.z)
    if not (_equal(u, expected.x) and _equal(v, expected.y)):
        raise ProjectionValidationError(
            f"Expected ({expected.x}, {expected.y}), but got ({u}, {v}) "
            f"for point ({point.x}, {point.y}, {point.z})"
        )


def _equal(found: float, expected: float) -> bool:
    if math.isnan(found) or math.isnan(expected):
        return math.isnan(found) and math.isnan(expected)
    return abs(found - expected) < TOLERANCE
