"""Calibrations: read, check and write files, convert those of other tools, project points, custom cameras.

`project` takes points and a camera, `project_with_rig` points of any sensor and the calibration of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic.auth._lazy import attach

if TYPE_CHECKING:
    from kognic.io.checks.geometry.projection import Projection, can_project, project
    from kognic.io.tools.calibration.compilation import compile_to_wasm
    from kognic.io.tools.calibration.files import (
        add_sensors,
        calibration_document,
        check_calibration_files,
        read_calibration,
        read_pose,
        write_calibration,
    )
    from kognic.io.tools.calibration.projection import project_with_rig, read_positions, write_pixels
    from kognic.io.tools.calibration.validation import (
        validate_custom_camera_calibration,
        validate_wasm_binary,
        validate_wasm_file,
    )
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Projection": "kognic.io.checks.geometry.projection",
            "add_sensors": "kognic.io.tools.calibration.files",
            "calibration_document": "kognic.io.tools.calibration.files",
            "can_project": "kognic.io.checks.geometry.projection",
            "check_calibration_files": "kognic.io.tools.calibration.files",
            "compile_to_wasm": "kognic.io.tools.calibration.compilation",
            "project": "kognic.io.checks.geometry.projection",
            "project_with_rig": "kognic.io.tools.calibration.projection",
            "read_calibration": "kognic.io.tools.calibration.files",
            "read_pose": "kognic.io.tools.calibration.files",
            "read_positions": "kognic.io.tools.calibration.projection",
            "validate_custom_camera_calibration": "kognic.io.tools.calibration.validation",
            "validate_wasm_binary": "kognic.io.tools.calibration.validation",
            "validate_wasm_file": "kognic.io.tools.calibration.validation",
            "write_calibration": "kognic.io.tools.calibration.files",
            "write_pixels": "kognic.io.tools.calibration.projection",
        },
    )

__all__ = [
    "Projection",
    "add_sensors",
    "calibration_document",
    "can_project",
    "check_calibration_files",
    "compile_to_wasm",
    "project",
    "project_with_rig",
    "read_calibration",
    "read_pose",
    "read_positions",
    "validate_custom_camera_calibration",
    "validate_wasm_binary",
    "validate_wasm_file",
    "write_calibration",
    "write_pixels",
]
