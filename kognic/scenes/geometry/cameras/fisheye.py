"""The unified model of Mei and Rives: onto the unit sphere, then a pinhole moved back by `xi`.

C. Mei, P. Rives, "Single View Point Omnidirectional Camera Calibration from Planar Grids", 2007, with
Brown-Conrady distortion; OpenCV's `omnidir`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from kognic._core.camera_errors import ConversionError
from kognic._core.findings import Finding
from kognic.io.model.calibration import FisheyeCalibration
from kognic.scenes.calibration.convert.build import camera_fields, with_field_of_view
from kognic.scenes.calibration.convert.values import Size, number
from kognic.scenes.checks.rules import broken
from kognic.scenes.geometry.brown_conrady import BrownConrady, check_tangential, coefficients_of
from kognic.scenes.geometry.camera_model import CameraModel
from kognic.scenes.geometry.optics import Optics, Pixels
from kognic.scenes.geometry.poses import FloatArray


def optics(calibration: FisheyeCalibration) -> Optics:
    """Return the formula: holds where no two points of the sphere share a pixel."""
    lens = BrownConrady(calibration)
    xi = calibration.xi
    # Beyond this cosine to the axis two points of the sphere meet in one pixel (or fall behind the pinhole).
    limit = -xi if abs(xi) <= 1 else -1 / xi

    def to_pixels(x: FloatArray, y: FloatArray, z: FloatArray) -> Pixels:
        distance = np.sqrt(x * x + y * y + z * z)
        valid = z > limit * distance
        bottom = z + xi * distance
        inverse = np.divide(1.0, bottom, where=valid & (bottom != 0), out=np.zeros_like(z))
        return lens.to_pixels(x * inverse, y * inverse, valid)

    return to_pixels


def check(name: str, camera: FisheyeCalibration) -> Iterator[Finding]:
    """Check the rules on distortion and `xi`."""
    yield from check_tangential(name, camera)
    # Fitted lenses reach about 3. Far above, the projection hardly changes with xi, so such a value is
    # another number.
    if not 0 <= camera.xi <= 5:
        yield broken(
            "fisheye-xi",
            f"xi is {camera.xi}; it is 0 for a pinhole and 0.5 to 3 for fisheye lenses",
            "use the unified model of Mei and Rives",
            sensor=name,
            field="xi",
            value=camera.xi,
        )


def fisheye_camera(
    matrix: npt.ArrayLike,
    xi: float,
    image_size: Size,
    *,
    distortion: Sequence[float] = (),
    pose: npt.ArrayLike | None = None,
) -> FisheyeCalibration:
    """Make a camera of the unified model of Mei and Rives (OpenCV's `omnidir`, Kalibr's `omni`).

    Args:
        matrix: As for `pinhole_camera`.
        xi: Distance between the centres of the unit sphere and of the projection, not negative.
        image_size: As for `pinhole_camera`.
        distortion: As for `pinhole_camera`.
        pose: As for `pinhole_camera`.

    Raises:
        ConversionError: As for `pinhole_camera`.
    """
    distance = number(xi, "xi")
    if distance < 0:
        raise ConversionError(f"xi is {distance}, must not be negative")
    return with_field_of_view(
        FisheyeCalibration(
            **camera_fields(matrix, image_size, pose),
            distortion_coefficients=coefficients_of(distortion),
            xi=distance,
        )
    )


MODEL = CameraModel(optics=optics, check=check)
