"""Custom cameras as a formula: the compiled module inside the calibration, on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kognic._core.camera_errors import LoadingError
from kognic.io.tools.calibration.wasm import CameraModule
from kognic.scenes.geometry.optics import Optics, Pixels
from kognic.scenes.geometry.poses import FloatArray

if TYPE_CHECKING:
    from kognic.io.model.calibration import CustomCameraCalibration


def custom(calibration: CustomCameraCalibration) -> Optics:
    """Return the formula of a custom camera: its module. NaN in a result means that the point is not seen.

    Raises:
        CameraError: The module cannot be used.
    """
    try:
        wasm = calibration.get_wasm_bytes()
    except ValueError as exc:
        raise LoadingError(f"wasm_base64 is not Base64: {exc}") from exc
    module = CameraModule(wasm)

    def to_pixels(x: FloatArray, y: FloatArray, z: FloatArray) -> Pixels:
        done = module.project(np.column_stack([x, y, z]).astype("<f8", copy=False).tobytes())
        pixels = np.frombuffer(done, dtype="<f8").reshape(-1, 3)
        u, v = np.ascontiguousarray(pixels[:, 0]), np.ascontiguousarray(pixels[:, 1])
        return u, v, np.isfinite(u) & np.isfinite(v)

    return to_pixels
