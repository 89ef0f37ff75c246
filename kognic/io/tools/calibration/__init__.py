"""Custom cameras: compile their formula to WebAssembly, and validate the module by the platform's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
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
            "compile_to_wasm": "kognic.io.tools.calibration.compilation",
            "validate_custom_camera_calibration": "kognic.io.tools.calibration.validation",
            "validate_wasm_binary": "kognic.io.tools.calibration.validation",
            "validate_wasm_file": "kognic.io.tools.calibration.validation",
        },
    )

__all__ = [
    "compile_to_wasm",
    "validate_custom_camera_calibration",
    "validate_wasm_binary",
    "validate_wasm_file",
]
