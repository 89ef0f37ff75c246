"""Calibrations: read, check and write files, convert those of other tools, project points, judge them.

`project` takes points and a camera, `project_with_rig` points of any sensor and the calibration of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.scenes.calibration.files import (
        add_sensors,
        calibration_document,
        check_calibration_files,
        read_calibration,
        read_pose,
        write_calibration,
    )
    from kognic.scenes.calibration.projection import project_with_rig, read_positions, write_pixels
    from kognic.scenes.geometry.projection import Projection, can_project, project
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Projection": "kognic.scenes.geometry.projection",
            "add_sensors": "kognic.scenes.calibration.files",
            "calibration_document": "kognic.scenes.calibration.files",
            "can_project": "kognic.scenes.geometry.projection",
            "check_calibration_files": "kognic.scenes.calibration.files",
            "project": "kognic.scenes.geometry.projection",
            "project_with_rig": "kognic.scenes.calibration.projection",
            "read_calibration": "kognic.scenes.calibration.files",
            "read_pose": "kognic.scenes.calibration.files",
            "read_positions": "kognic.scenes.calibration.projection",
            "write_calibration": "kognic.scenes.calibration.files",
            "write_pixels": "kognic.scenes.calibration.projection",
        },
    )

__all__ = [
    "Projection",
    "add_sensors",
    "calibration_document",
    "can_project",
    "check_calibration_files",
    "project",
    "project_with_rig",
    "read_calibration",
    "read_pose",
    "read_positions",
    "write_calibration",
    "write_pixels",
]
