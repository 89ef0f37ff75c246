"""Calibrations: compile and validate custom cameras, convert from other tools' files, project points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic.auth._lazy import attach

if TYPE_CHECKING:
    from kognic.io.checks.geometry.projection import Projection, can_project, project
    from kognic.io.tools.calibration.compilation import compile_to_wasm
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
            "can_project": "kognic.io.checks.geometry.projection",
            "compile_to_wasm": "kognic.io.tools.calibration.compilation",
            "project": "kognic.io.checks.geometry.projection",
            "validate_custom_camera_calibration": "kognic.io.tools.calibration.validation",
            "validate_wasm_binary": "kognic.io.tools.calibration.validation",
            "validate_wasm_file": "kognic.io.tools.calibration.validation",
        },
    )

__all__ = [
    "Projection",
    "can_project",
    "compile_to_wasm",
    "project",
    "validate_custom_camera_calibration",
    "validate_wasm_binary",
    "validate_wasm_file",
]
