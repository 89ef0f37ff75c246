"""Where points appear in images, and whether a calibration fits what was recorded.

Needs NumPy (extra `checks`); custom cameras also need wasmtime (extra `wasm`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic._core.camera_errors import CameraError, ProjectionUnavailableError
    from kognic.scenes.geometry.poses import Rigid, quaternion_of, rotation_matrix
    from kognic.scenes.geometry.projection import Projection, can_project, project

__all__ = [
    "CameraError",
    "Projection",
    "ProjectionUnavailableError",
    "Rigid",
    "can_project",
    "project",
    "quaternion_of",
    "rotation_matrix",
]

_HERE = "kognic.scenes.geometry"
__getattr__, __dir__ = attach(
    __name__,
    {
        "Projection": f"{_HERE}.projection",
        "CameraError": "kognic._core.camera_errors",
        "ProjectionUnavailableError": "kognic._core.camera_errors",
        "Rigid": f"{_HERE}.poses",
        "can_project": f"{_HERE}.projection",
        "project": f"{_HERE}.projection",
        "quaternion_of": f"{_HERE}.poses",
        "rotation_matrix": f"{_HERE}.poses",
    },
)
