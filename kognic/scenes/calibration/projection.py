"""Points of a file as pixels of a camera."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
import numpy.typing as npt

from kognic._core.camera_errors import CameraError
from kognic._core.scene_errors import ContentError, ContentIssue
from kognic._core.standard_classes import keep_class
from kognic.io.model.calibration.camera.common import BaseCameraCalibration
from kognic.scenes.content import read_points
from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.geometry.projection import Projection, project

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration, SensorCalibration

REFERENCE = "reference"
# Points written at once: lists of some megabytes, not of a whole cloud.
_ROWS = 65536


def project_with_rig(
    points: npt.ArrayLike, calibration: SensorCalibration, camera: str, *, system: str = REFERENCE
) -> Projection:
    """Project points of any sensor's system into a camera of the same calibration.

    The sensors are taken to stand still between point and image; where the vehicle moves, move the points
    first.

    Args:
        points: Coordinates in metres, shape (N, 3).
        calibration: The calibration of all sensors.
        camera: Name of the camera.
        system: What the points are given in: `reference`, or the name of a sensor for its own system. The
            points of a lidar's file are in the lidar's.

    Returns:
        Pixels, shape (N, 2), whether they are in the image, and distances to the camera in metres.

    Raises:
        CameraError: The sensor does not exist, or points cannot be projected with the camera.
        ValueError: `points` has another shape.
    """
    target = _sensor(calibration, camera)
    if not isinstance(target, BaseCameraCalibration):
        raise CameraError(f"{camera} is a lidar; give one of the cameras")
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 3:
        raise ValueError(f"points has shape {array.shape}, must be (N, 3)")
    with np.errstate(all="ignore"):  # what overflows has no pixel, and project says so
        if system not in (REFERENCE, camera):
            array = Rigid.of_sensor(_sensor(calibration, system)).apply(array)
        return project(array, target, frame="camera" if system == camera else "reference")


def _sensor(calibration: SensorCalibration, name: str) -> BaseCalibration:
    if name not in calibration.calibration:
        known = ", ".join(calibration.calibration)
        raise CameraError(f"the calibration has no sensor {name!r}; it has {known}")
    return calibration.calibration[name]


def read_positions(path: str | os.PathLike[str]) -> npt.NDArray[np.float64]:
    """Read the coordinates of points.

    Args:
        path: CSV with the columns `x`, `y`, `z` (others are ignored), PCD, LAS, LAZ, or a NumPy array
            (`.npy`) of shape (N, 3) or more columns, of which the first three count.

    Returns:
        Coordinates as in the file, metres, shape (N, 3).

    Raises:
        ContentError: The file is missing, or its points cannot be read.
        ImportError: A library is missing; the message says how to install it.
    """
    if Path(path).suffix.lower() != ".npy":
        return read_points(os.fspath(path)).xyz
    try:
        array: npt.NDArray[Any] = np.load(Path(path).expanduser(), allow_pickle=False)
    except (OSError, ValueError, EOFError) as exc:
        raise keep_class(_unreadable(path, str(exc)), exc) from exc
    # x, y and z; columns after them, such as intensity, are left out.
    if array.ndim != 2 or array.shape[1] < 3 or array.dtype.kind not in "fiu":
        raise _unreadable(path, f"it holds {array.dtype} of shape {array.shape}")
    return np.ascontiguousarray(array[:, :3], dtype=np.float64)


def write_pixels(
    projection: Projection, file: TextIO, *, as_json: bool = False, only_visible: bool = False
) -> None:
    """Write where points appear, one row for each, with six decimals.

    Args:
        projection: Pixels of all points.
        file: Opened for writing; CSV with the header `point,u,v,depth,visible`, or a JSON array of such
            objects. `u` and `v` are empty or null where the camera gives no pixel; `visible` is 1 or 0,
            true or false.
        as_json: Print JSON instead of CSV.
        only_visible: Leave out points beyond the image; the others keep their numbers.
    """
    rows = np.flatnonzero(projection.visible) if only_visible else np.arange(len(projection))
    if not as_json:
        file.write("point,u,v,depth,visible\n")
    for number, start in enumerate(range(0, len(rows), _ROWS)):
        part = rows[start : start + _ROWS]
        columns = (part, *projection.pixels[part].T, projection.depth[part], projection.visible[part])
        lines = (_json_row if as_json else _csv_row)(
            zip(*(column.tolist() for column in columns), strict=True)
        )
        if as_json:
            file.write(("[\n" if number == 0 else ",\n") + ",\n".join(lines))
        else:
            file.writelines(f"{line}\n" for line in lines)
    if as_json:
        file.write("\n]\n" if len(rows) else "[]\n")


Rows = Iterable[tuple[int, float, float, float, bool]]


def _csv_row(rows: Rows) -> Iterator[str]:
    for point, u, v, depth, visible in rows:
        yield f"{point},{_text(u)},{_text(v)},{_text(depth)},{int(visible)}"


def _json_row(rows: Rows) -> Iterator[str]:
    for point, u, v, depth, visible in rows:
        values = ", ".join(
            f'"{key}": {_text(value) or "null"}' for key, value in (("u", u), ("v", v), ("depth", depth))
        )
        yield f'  {{"point": {point}, {values}, "visible": {"true" if visible else "false"}}}'


def _text(value: float) -> str:
    return f"{value:.6f}" if math.isfinite(value) else ""


def _unreadable(path: str | os.PathLike[str], problem: str) -> ContentError:
    issue = ContentIssue(
        code="npy-unreadable",
        problem=f"the points cannot be read: {problem}",
        hint="save numbers of shape (N, 3) with numpy.save",
        value=None,
    )
    return ContentError([issue], name=os.fspath(path))
