"""Calibrations of cameras: base classes, and a class for each camera model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic.io.model.calibration.camera import standard
from kognic.io.model.calibration.camera.common import BaseCameraCalibration as BaseCameraCalibration
from kognic.io.model.calibration.camera.common import (
    BaseStandardCameraCalibration as BaseStandardCameraCalibration,
)
from kognic.io.model.calibration.camera.common import CameraMatrix as CameraMatrix
from kognic.io.model.calibration.camera.common import DistortionCoefficients as DistortionCoefficients
from kognic.io.model.calibration.camera.custom_camera_calibration import (
    CustomCameraCalibration as CustomCameraCalibration,
)
from kognic.io.model.calibration.camera.standard import *  # noqa: F403

if not TYPE_CHECKING:  # Type checkers take the imports above; they do not follow the list of another module.
    __all__ = [
        "BaseCameraCalibration",
        "BaseStandardCameraCalibration",
        "CameraMatrix",
        "CustomCameraCalibration",
        "DistortionCoefficients",
        *standard.__all__,
    ]
