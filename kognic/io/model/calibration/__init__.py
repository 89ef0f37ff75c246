"""Calibrations of cameras and lidars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.calibration import camera, lidar
    from kognic.io.model.calibration.calib import SensorCalibration, SensorCalibrationEntry
    from kognic.io.model.calibration.camera.common import (
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
    from kognic.io.model.calibration.common import (
        BaseCalibration,
        CalibrationType,
        Position,
        RotationQuaternion,
    )
    from kognic.io.model.calibration.lidar.lidar_calibration import LidarCalibration, LidarFieldOfView
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "BaseCalibration": "kognic.io.model.calibration.common",
            "BaseStandardCameraCalibration": "kognic.io.model.calibration.camera.common",
            "CalibrationType": "kognic.io.model.calibration.common",
            "CameraMatrix": "kognic.io.model.calibration.camera.common",
            "CustomCameraCalibration": "kognic.io.model.calibration.camera.custom_camera_calibration",
            "CylindricalCalibration": "kognic.io.model.calibration.camera.standard",
            "DistortionCoefficients": "kognic.io.model.calibration.camera.common",
            "FisheyeCalibration": "kognic.io.model.calibration.camera.standard",
            "FusedCylindricalCalibration": "kognic.io.model.calibration.camera.standard",
            "KannalaCalibration": "kognic.io.model.calibration.camera.standard",
            "LidarCalibration": "kognic.io.model.calibration.lidar.lidar_calibration",
            "LidarFieldOfView": "kognic.io.model.calibration.lidar.lidar_calibration",
            "PinholeCalibration": "kognic.io.model.calibration.camera.standard",
            "Position": "kognic.io.model.calibration.common",
            "PrincipalPointDistortionCalibration": "kognic.io.model.calibration.camera.standard",
            "PrincipalPointFisheyeCalibration": "kognic.io.model.calibration.camera.standard",
            "RotationQuaternion": "kognic.io.model.calibration.common",
            "SensorCalibration": "kognic.io.model.calibration.calib",
            "SensorCalibrationEntry": "kognic.io.model.calibration.calib",
            "camera": "kognic.io.model.calibration.camera:",
            "lidar": "kognic.io.model.calibration.lidar:",
        },
    )

__all__ = [
    "BaseCalibration",
    "BaseStandardCameraCalibration",
    "CalibrationType",
    "CameraMatrix",
    "CustomCameraCalibration",
    "CylindricalCalibration",
    "DistortionCoefficients",
    "FisheyeCalibration",
    "FusedCylindricalCalibration",
    "KannalaCalibration",
    "LidarCalibration",
    "LidarFieldOfView",
    "PinholeCalibration",
    "Position",
    "PrincipalPointDistortionCalibration",
    "PrincipalPointFisheyeCalibration",
    "RotationQuaternion",
    "SensorCalibration",
    "SensorCalibrationEntry",
    "camera",
    "lidar",
]
