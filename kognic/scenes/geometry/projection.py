"""Project points into images with the platform's camera models.

Points are worked through in blocks that fit the processor's cache, which is what makes ten million points a
second possible with plain NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, cast

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.camera_errors import CameraError, ProjectionUnavailableError
from kognic.scenes.geometry.camera_model import find_model
from kognic.scenes.geometry.cameras import KINDS
from kognic.scenes.geometry.custom import custom
from kognic.scenes.geometry.optics import Optics
from kognic.scenes.geometry.poses import FloatArray, Rigid
from kognic.scenes.geometry.shutter import RollingShutter

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration, CustomCameraCalibration
    from kognic.io.model.calibration.camera.common import BaseCameraCalibration

# Points per step: limits the size of intermediate arrays.
_BLOCK = 8192
_NO_OPTICS = frozenset(["position", "rotation_quaternion", "test_cases"])


@attrs.frozen(eq=False)
class Projection:
    """Where points appear in an image.

    Attributes:
        pixels: Column and row of each point, pixels, float64, shape (N, 2); NaN where the model gives none
            (behind the camera, beyond the lens).
        visible: Whether the pixel lies inside the image, shape (N,): from -0.5 to half a pixel before its
            width and height, as 0 is the centre of the first pixel. Nothing is known about points that hide
            others.
        depth: Distance of each point from the camera, metres, shape (N,).
    """

    pixels: FloatArray
    visible: npt.NDArray[np.bool_]
    depth: FloatArray

    def __len__(self) -> int:
        return len(self.pixels)


def project(
    points: npt.ArrayLike,
    calibration: BaseCameraCalibration,
    *,
    frame: Literal["reference", "camera"] = "reference",
    shutter: RollingShutter | None = None,
) -> Projection:
    """Project points into an image.

    The calibration's `field_of_view` is not applied: the platform does not document what it limits.

    Args:
        points: Coordinates in metres, shape (N, 3).
        calibration: A camera of the platform's models. Custom cameras run their module (extra `wasm`).
        frame: The system the points are given in: the calibration's `reference` system (default), or the
            `camera` system with x right, y down, z forward.
        shutter: Of a rolling shutter, how it was read out and how points move; `points` are then those of
            the middle of the exposure.

    Raises:
        ProjectionUnavailableError: The platform does not publish the formula of this camera model.
        CameraError: The sensor is not a camera, a number of its optics is not finite, or its
            module cannot be run.
        ValueError: `points` has another shape, or the quaternion is zero.
    """
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 3:
        raise ValueError(f"points has shape {array.shape}, must be (N, 3)")
    to_pixels = optics_of(calibration)
    motion = Rigid.of_sensor(calibration).inverse() if frame == "reference" else Rigid.identity()
    size = (calibration.image_width, calibration.image_height)
    if shutter is not None:

        def rows(moved: FloatArray) -> FloatArray:
            return np.asarray(project_with(moved, motion, to_pixels, size).pixels[:, 1])

        array = shutter.moved(array, rows, size[1])
    return project_with(array, motion, to_pixels, size)


def optics_of(calibration: BaseCalibration) -> Optics:
    """Return the formula of a camera, with its parameters filled in.

    Raises:
        CameraError: As for `project`.
    """
    kind = kind_of(calibration)
    if kind == "custom":
        return custom(cast("CustomCameraCalibration", calibration))
    if not is_camera(calibration):
        raise CameraError(f"a sensor of type {kind} is no camera, so nothing can be projected into it")
    model = find_model(kind)
    if model is None:
        raise ProjectionUnavailableError(
            f"the platform does not publish how {kind} cameras project, so points cannot be projected "
            "offline; look at the scene in the platform's viewer"
        )
    _refuse_infinite(calibration)
    return model.optics(calibration)


def _refuse_infinite(calibration: BaseCalibration) -> None:
    for place, number in numbers_of(calibration):
        if place != "field_of_view" and not math.isfinite(number):
            raise CameraError(f"{place} is {number}, so nothing can be projected; it must be finite")


def numbers_of(calibration: BaseCalibration) -> Iterator[tuple[str, float]]:
    """Yield every floating-point number but those of the pose, with its place: `camera_matrix.fx`."""
    for field in attrs.fields(type(calibration)):
        value = getattr(calibration, field.name)
        if field.name in _NO_OPTICS:
            continue
        numbers = attrs.asdict(value) if attrs.has(type(value)) else {"": value}
        for key, number in numbers.items():
            if isinstance(number, float):
                yield f"{field.name}.{key}" if key else field.name, number


def can_project(calibration: BaseCalibration) -> bool:
    """Whether the camera's formula is known, or compiled into the calibration."""
    kind = kind_of(calibration)
    return kind in KINDS or kind == "custom"


def is_camera(calibration: BaseCalibration) -> bool:
    """Whether the sensor takes images."""
    return kind_of(calibration) != "lidar"


def kind_of(calibration: BaseCalibration) -> str:
    """Return the calibration type as text, for example `pinhole`."""
    kind = calibration.calibration_type
    return str(getattr(kind, "value", kind))


def project_with(points: FloatArray, motion: Rigid, to_pixels: Optics, size: tuple[int, int]) -> Projection:
    """Project points with a given camera formula and pose.

    Args:
        points: Metres, float64, shape (N, 3).
        motion: From the system of the points to that of the camera.
        to_pixels: The formula, see `optics_of`.
        size: Width and height of the image, pixels.
    """
    count = len(points)
    pixels = np.empty((count, 2))
    visible = np.empty(count, dtype=bool)
    depth = np.empty(count)
    offset = motion.position[:, None]
    with np.errstate(all="ignore"):  # points at infinity become NaN, as intended
        for start in range(0, count, _BLOCK):
            part = slice(start, min(start + _BLOCK, count))
            x, y, z = motion.rotation @ points[part].T + offset
            u, v, valid = to_pixels(x, y, z)
            # The centre of the first pixel is at 0, so the image reaches from -0.5 to half before its size.
            inside = valid & (u >= -0.5) & (u < size[0] - 0.5) & (v >= -0.5) & (v < size[1] - 0.5)
            np.copyto(u, np.nan, where=~valid)
            np.copyto(v, np.nan, where=~valid)
            pixels[part, 0] = u
            pixels[part, 1] = v
            visible[part] = inside
            depth[part] = np.sqrt(x * x + y * y + z * z)
    return Projection(pixels, visible, depth)
