"""Central projection onto an upright cylinder of radius 1 around the y axis.

R. Szeliski, "Computer Vision: Algorithms and Applications", 2010, section 9.1.6; OpenCV's
`CylindricalProjector`.
"""

from __future__ import annotations

import numpy as np

from kognic.io.model.calibration import CylindricalCalibration
from kognic.scenes.geometry.camera_model import CameraModel
from kognic.scenes.geometry.optics import Optics, Pixels
from kognic.scenes.geometry.poses import FloatArray


def optics(calibration: CylindricalCalibration) -> Optics:
    """Columns grow with the angle about the y axis, rows with the height on a cylinder of radius 1."""
    matrix = calibration.camera_matrix

    def to_pixels(x: FloatArray, y: FloatArray, z: FloatArray) -> Pixels:
        radius = np.sqrt(x * x + z * z)
        valid = radius > 0
        height = np.divide(y, radius, where=valid, out=np.zeros_like(y))
        return matrix.fx * np.arctan2(x, z) + matrix.cx, matrix.fy * height + matrix.cy, valid

    return to_pixels


MODEL = CameraModel(optics=optics, has_square_pixels=False)
