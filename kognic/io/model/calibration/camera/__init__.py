"""Calibrations of cameras."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.calibration.camera.common import (
        BaseCameraCalibration,
        BaseStandardCameraCalibration,
        CameraMatrix,
        DistortionCoefficients,
    )
    from kognic.io.model.calibration.camera.custom_camera_calibration import CustomCameraCalibration
    from kognic.io.model.calibration.camera.standard import (
        CylindricalCalibration,
        FisheyeCalibration,
        FusedCylindricalCalibration,
        KannalaCalibration,
        PinholeCalibration,
        PrincipalPointDistortionCalibration,
        PrincipalPointFisheyeCalibration,
    )
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "BaseCameraCalibration": "kognic.io.model.calibration.camera.common",
            "BaseStandardCameraCalibration": "kognic.io.model.calibration.camera.common",
            "CameraMatrix": "kognic.io.model.calibration.camera.common",
            "CustomCameraCalibration": "kognic.io.model.calibration.camera.custom_camera_calibration",
            "CylindricalCalibration": "kognic.io.model.calibration.camera.standard",
            "DistortionCoefficients": "kognic.io.model.calibration.camera.common",
            "FisheyeCalibration": "kognic.io.model.calibration.camera.standard",
            "FusedCylindricalCalibration": "kognic.io.model.calibration.camera.standard",
            "KannalaCalibration": "kognic.io.model.calibration.camera.standard",
            "PinholeCalibration": "kognic.io.model.calibration.camera.standard",
            "PrincipalPointDistortionCalibration": "kognic.io.model.calibration.camera.standard",
            "PrincipalPointFisheyeCalibration": "kognic.io.model.calibration.camera.standard",
        },
    )

__all__ = [
    "BaseCameraCalibration",
    "BaseStandardCameraCalibration",
    "CameraMatrix",
    "CustomCameraCalibration",
    "CylindricalCalibration",
    "DistortionCoefficients",
    "FisheyeCalibration",
    "FusedCylindricalCalibration",
    "KannalaCalibration",
    "PinholeCalibration",
    "PrincipalPointDistortionCalibration",
    "PrincipalPointFisheyeCalibration",
]
