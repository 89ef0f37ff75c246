"""Pinhole with radial (k1, k2, k3) and tangential (p1, p2) distortion, as in OpenCV's `calib3d`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from kognic._core.findings import Finding
from kognic.io.model.calibration import PinholeCalibration
from kognic.scenes.calibration.convert.build import camera_fields, with_field_of_view
from kognic.scenes.calibration.convert.values import Size
from kognic.scenes.geometry.brown_conrady import BrownConrady, check_tangential, coefficients_of
from kognic.scenes.geometry.camera_model import CameraModel, check_fold
from kognic.scenes.geometry.extent import image_radius, largest_distorted_radius
from kognic.scenes.geometry.optics import Optics, Pixels
from kognic.scenes.geometry.poses import FloatArray


def optics(calibration: PinholeCalibration) -> Optics:
    """Return the formula: holds for points ahead of the camera, up to where distortion folds the image."""
    lens = BrownConrady(calibration)

    def to_pixels(x: FloatArray, y: FloatArray, z: FloatArray) -> Pixels:
        valid = z > 0
        inverse = np.divide(1.0, z, where=valid, out=np.zeros_like(z))
        return lens.to_pixels(x * inverse, y * inverse, valid)

    return to_pixels


def check(name: str, camera: PinholeCalibration) -> Iterator[Finding]:
    """Check the rules on distortion."""
    yield from check_tangential(name, camera)
    d = camera.distortion_coefficients
    edge, corner = image_radius(camera)
    reach = largest_distorted_radius(np.array([d.k1, d.k2, d.k3]), limit=max(4.0, 2 * corner))
    yield from check_fold(
        name, reach, edge, "see the signs and the order of the coefficients (k1, k2, p1, p2, k3)"
    )


def pinhole_camera(
    matrix: npt.ArrayLike,
    image_size: Size,
    *,
    distortion: Sequence[float] = (),
    pose: npt.ArrayLike | None = None,
) -> PinholeCalibration:
    """Make a pinhole camera.

    Args:
        matrix: Camera matrix in pixels, shape (3, 3).
        image_size: Width and height, pixels.
        distortion: Up to five coefficients in OpenCV's order `k1, k2, p1, p2, k3`; further ones (rational,
            thin prism, tilted) must be zero.
        pose: Motion from the camera to the reference system, shape (4, 4), metres; None when the camera is
            the reference system. OpenCV's `rvec`, `tvec` are its inverse.

    Raises:
        ConversionError: The platform's model cannot express the camera, or `pose` is not a rigid motion.
    """
    return with_field_of_view(
        PinholeCalibration(
            **camera_fields(matrix, image_size, pose), distortion_coefficients=coefficients_of(distortion)
        )
    )


# At 160 degrees an image is 2 tan 80 deg = 11 focal lengths wide; lenses as wide as that need another model.
MODEL = CameraModel(optics=optics, check=check, widest_deg=160)
