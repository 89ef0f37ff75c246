"""Calibrations of cameras and lidars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic.io.model.calibration import camera as camera
from kognic.io.model.calibration import lidar as lidar
from kognic.io.model.calibration.calib import SensorCalibration as SensorCalibration
from kognic.io.model.calibration.calib import SensorCalibrationEntry as SensorCalibrationEntry
from kognic.io.model.calibration.camera import *  # noqa: F403
from kognic.io.model.calibration.common import BaseCalibration as BaseCalibration
from kognic.io.model.calibration.common import CalibrationType as CalibrationType
from kognic.io.model.calibration.common import Position as Position
from kognic.io.model.calibration.common import RotationQuaternion as RotationQuaternion
from kognic.io.model.calibration.lidar.lidar_calibration import LidarCalibration as LidarCalibration
from kognic.io.model.calibration.lidar.lidar_calibration import LidarFieldOfView as LidarFieldOfView

if not TYPE_CHECKING:  # As in `camera`.
    __all__ = [
        "BaseCalibration",
        "CalibrationType",
        "LidarCalibration",
        "LidarFieldOfView",
        "Position",
        "RotationQuaternion",
        "SensorCalibration",
        "SensorCalibrationEntry",
        "camera",
        "lidar",
        *camera.__all__,
    ]
