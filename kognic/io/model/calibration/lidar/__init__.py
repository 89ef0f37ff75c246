"""Calibrations of lidars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.calibration.lidar.lidar_calibration import LidarCalibration, LidarFieldOfView
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "LidarCalibration": "kognic.io.model.calibration.lidar.lidar_calibration",
            "LidarFieldOfView": "kognic.io.model.calibration.lidar.lidar_calibration",
        },
    )

__all__ = [
    "LidarCalibration",
    "LidarFieldOfView",
]
