"""The lens of a camera whose images are undistorted, as a scene file names it."""

from __future__ import annotations

import attrs


@attrs.frozen
class Lens:
    """A camera whose images are undistorted: its model, matrix row by row, and coefficients."""

    model: str
    camera_matrix: tuple[float, ...]
    distortion: tuple[float, ...]
