"""Where points appear in images, and whether a calibration fits what was recorded.

Needs NumPy (extra `checks`); custom cameras also need wasmtime (extra `wasm`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic.auth._lazy import attach

if TYPE_CHECKING:
    from kognic.io.checks.geometry.errors import CameraError, ProjectionUnavailableError
    from kognic.io.checks.geometry.poses import Rigid, quaternion_of, rotation_matrix
    from kognic.io.checks.geometry.projection import Projection, can_project, project

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

_HERE = "kognic.io.checks.geometry"
__getattr__, __dir__ = attach(
    __name__,
    {
        "Projection": f"{_HERE}.projection",
        "CameraError": f"{_HERE}.errors",
        "ProjectionUnavailableError": f"{_HERE}.errors",
        "Rigid": f"{_HERE}.poses",
        "can_project": f"{_HERE}.projection",
        "project": f"{_HERE}.projection",
        "quaternion_of": f"{_HERE}.poses",
        "rotation_matrix": f"{_HERE}.poses",
    },
)
