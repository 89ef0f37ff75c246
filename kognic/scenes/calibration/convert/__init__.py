"""Calibrations of other tools and datasets as the platform's models.

`convert_calibration` reads files; the modules below it take matrices and records. Every converter says which
way its poses point, because a pose that is inverted by mistake looks like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.scenes.calibration.convert.build import lidar
    from kognic.scenes.calibration.convert.datasets import argoverse_sensors, nuscenes_sensor
    from kognic.scenes.calibration.convert.files import (
        FORMATS,
        Conversion,
        convert,
        convert_calibration,
    )
    from kognic.scenes.calibration.convert.fit import Residual, fit_camera
    from kognic.scenes.calibration.convert.kalibr import kalibr_sensors
    from kognic.scenes.calibration.convert.kitti import kitti_raw_sensors, kitti_sensors
    from kognic.scenes.calibration.convert.opencv import opencv_camera
    from kognic.scenes.geometry.cameras.fisheye import fisheye_camera
    from kognic.scenes.geometry.cameras.kannala import kannala_camera
    from kognic.scenes.geometry.cameras.pinhole import pinhole_camera
else:
    _HERE = "kognic.scenes.calibration.convert"
    _CAMERAS = "kognic.scenes.geometry.cameras"
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Conversion": f"{_HERE}.files",
            "FORMATS": f"{_HERE}.files",
            "Residual": f"{_HERE}.fit",
            "argoverse_sensors": f"{_HERE}.datasets",
            "convert": f"{_HERE}.files",
            "convert_calibration": f"{_HERE}.files",
            "fisheye_camera": f"{_CAMERAS}.fisheye",
            "fit_camera": f"{_HERE}.fit",
            "kalibr_sensors": f"{_HERE}.kalibr",
            "kannala_camera": f"{_CAMERAS}.kannala",
            "kitti_raw_sensors": f"{_HERE}.kitti",
            "kitti_sensors": f"{_HERE}.kitti",
            "lidar": f"{_HERE}.build",
            "nuscenes_sensor": f"{_HERE}.datasets",
            "opencv_camera": f"{_HERE}.opencv",
            "pinhole_camera": f"{_CAMERAS}.pinhole",
        },
    )

__all__ = [
    "FORMATS",
    "Conversion",
    "Residual",
    "argoverse_sensors",
    "convert",
    "convert_calibration",
    "fisheye_camera",
    "fit_camera",
    "kalibr_sensors",
    "kannala_camera",
    "kitti_raw_sensors",
    "kitti_sensors",
    "lidar",
    "nuscenes_sensor",
    "opencv_camera",
    "pinhole_camera",
]
