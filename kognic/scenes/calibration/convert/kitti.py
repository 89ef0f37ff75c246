"""Calibrations in the style of KITTI: object, tracking, odometry and raw recordings.

The reference system is the Velodyne. All images are rectified, so there is no distortion.

Sources, read-me files of the benchmark's devkits: object (`x = P2 * R0_rect * Tr_velo_to_cam * y`), odometry
(`x = Pi * Tr * X`), raw data (`calib_cam_to_cam.txt`: `S_rect`, `R_rect`, `P_rect`;
`calib_velo_to_cam.txt`: `R` and `T` take a point from the Velodyne into the camera).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

import numpy as np

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import BaseCalibration
from kognic.scenes.calibration.convert.build import lidar
from kognic.scenes.calibration.convert.values import Size, at, numbers, refuse_unknown, rigid
from kognic.scenes.calibration.convert.values import image_size as checked_size
from kognic.scenes.geometry.cameras.pinhole import pinhole_camera
from kognic.scenes.geometry.poses import FloatArray

LIDAR = "velodyne"
_CAMERAS = {2: "image_2"}
_TO_CAMERA = ("Tr_velo_to_cam", "Tr_velo_cam")
_RECTIFY = ("R0_rect", "R_rect")
_OBJECT = (
    "P0",
    "P1",
    "P2",
    "P3",
    "Tr",
    *_TO_CAMERA,
    *_RECTIFY,
    "Tr_imu_to_velo",
    "Tr_imu_velo",
    "calib_time",
)
# Of raw recordings, in either file; S, K, D, R, T are those of the images before rectification.
_RAW = re.compile(r"(S|K|D|R|T|S_rect|R_rect|P_rect)_[0-9]{2}|calib_time|corner_dist|R|T|delta_f|delta_c")


def kitti_sensors(
    text: str,
    image_size: Size | Mapping[int, Size],
    *,
    cameras: Mapping[int, str] | None = None,
    ignore_keys: Collection[str] = (),
) -> dict[str, BaseCalibration]:
    """Turn a calibration file of KITTI's object, tracking or odometry benchmark into calibrations.

    The file holds `P0` to `P3` (rectified camera 0 to pixels), and either `R0_rect` (rectifying rotation) and
    `Tr_velo_to_cam`, or `Tr` (odometry), which is rectified. Camera n sits at `-K^-1 P[:, 3]` of the
    rectified system, some centimetres beside camera 0 on the left, half a metre beside it on the right.

    Args:
        text: The content of the file.
        image_size: Width and height of the rectified images, pixels, or those of each camera by its number;
            the file has none, and drives differ by some pixels.
        cameras: Number of a camera to the sensor name of the scene; by default 2 is `image_2`.
        ignore_keys: Keys to skip although their meaning is not known.

    Raises:
        ConversionError: A matrix is missing, or no rigid motion or projection.
    """
    matrices = _matrices(text)
    refuse_unknown(matrices, (*_OBJECT, *ignore_keys))
    if "Tr" in matrices:
        to_rectified = _rigid(_matrix(matrices, 12, "Tr"), "Tr")
    else:
        rectify = rigid(_matrix(matrices, 9, *_RECTIFY), np.zeros(3))
        to_rectified = rectify @ _rigid(_matrix(matrices, 12, *_TO_CAMERA), _TO_CAMERA[0])
    sizes = image_size if isinstance(image_size, Mapping) else dict.fromkeys(cameras or _CAMERAS, image_size)
    return _sensors(matrices, to_rectified, sizes, cameras or _CAMERAS)


def kitti_raw_sensors(
    cam_to_cam: str,
    velo_to_cam: str,
    *,
    cameras: Mapping[int, str] | None = None,
    image_size: Callable[[int, Size], Size] | None = None,
    ignore_keys: Collection[str] = (),
) -> dict[str, BaseCalibration]:
    """Turn the calibration files of KITTI's raw recordings into calibrations.

    Args:
        cam_to_cam: The content of `calib_cam_to_cam.txt`; it tells the size of the rectified images.
        velo_to_cam: The content of `calib_velo_to_cam.txt`.
        cameras: Number of a camera to the sensor name of the scene; by default 2 is `image_02`.
        image_size: Returns the size to use, from a camera's number and the size in the file; None takes that.
        ignore_keys: Keys to skip although their meaning is not known.

    Raises:
        ConversionError: A matrix is missing or unknown, or no rigid motion or projection.
    """
    cameras = cameras or {2: "image_02"}
    found = _matrices(cam_to_cam)
    with at("calib_velo_to_cam.txt"):
        velodyne = _matrices(velo_to_cam)
        _refuse_unknown(velodyne, ignore_keys)
        to_camera = rigid(_matrix(velodyne, 9, "R"), _matrix(velodyne, 3, "T"))
    with at("calib_cam_to_cam.txt"):
        _refuse_unknown(found, ignore_keys)
        rectify = rigid(_matrix(found, 9, "R_rect_00"), np.zeros(3))
        named = {f"P{number}": _matrix(found, 12, f"P_rect_{number:02}") for number in cameras}
        sizes = {number: checked_size(*_matrix(found, 2, f"S_rect_{number:02}")) for number in cameras}
    if image_size is not None:
        sizes = {number: image_size(number, size) for number, size in sizes.items()}
    return _sensors(named, rectify @ to_camera, sizes, cameras)


def _refuse_unknown(matrices: Mapping[str, FloatArray], ignore_keys: Collection[str]) -> None:
    refuse_unknown({key: None for key in matrices if not _RAW.fullmatch(key)}, ignore_keys)


def _sensors(
    matrices: Mapping[str, FloatArray],
    to_rectified: FloatArray,
    sizes: Mapping[int, Size],
    cameras: Mapping[int, str],
) -> dict[str, BaseCalibration]:
    found: dict[str, BaseCalibration] = {LIDAR: lidar()}
    for number, name in cameras.items():
        with at(f"P{number}"):
            projection = _matrix(matrices, 12, f"P{number}").reshape(3, 4)
            if name in found:
                raise ConversionError(f"two sensors are named {name!r}; rename one of them")
            found[name] = pinhole_camera(
                projection[:, :3], sizes[number], pose=_inverse(_offset(projection) @ to_rectified)
            )
    return found


def _offset(projection: FloatArray) -> FloatArray:
    """Motion from the rectified camera 0 to the camera of a projection matrix."""
    k = projection[:, :3]
    # Singular but for rounding: no focal length, or zeros.
    if abs(np.linalg.det(k)) < 1e-9:
        raise ConversionError(f"is {projection.tolist()}, must be a projection matrix K [I t]")
    return rigid(np.eye(3), np.linalg.solve(k, projection[:, 3]))


def _inverse(matrix: FloatArray) -> FloatArray:
    # A rotation has the determinant 1; rounding takes nothing off that.
    if abs(np.linalg.det(matrix)) < 1e-9:
        raise ConversionError(
            f"the pose of the Velodyne is {matrix[:3].tolist()}, which is not a rigid motion"
        )
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _rigid(values: FloatArray, name: str) -> FloatArray:
    with at(name):
        matrix = values.reshape(3, 4)
        return rigid(matrix[:, :3], matrix[:, 3])


def _matrices(text: str) -> dict[str, FloatArray]:
    found = {}
    for line in text.splitlines():
        name, _, values = line.replace(":", " ", 1).strip().partition(" ")
        words = values.split()
        if name and words:
            try:
                found[name] = np.array([float(word) for word in words])
            except ValueError:
                continue  # other lines of the file, such as calib_time
    return found


def _matrix(matrices: Mapping[str, FloatArray], count: int, *names: str) -> FloatArray:
    value = next((matrices[name] for name in names if name in matrices), None)
    if value is None:
        raise ConversionError(f"there is no {names[0]}; the file has {', '.join(matrices) or 'no matrices'}")
    return numbers(value, names[0], (count,))
