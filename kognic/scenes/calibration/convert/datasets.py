"""Calibrations in the style of nuScenes and Argoverse 2.

The reference system is the vehicle of either: its rear axle, on the ground for nuScenes. Images of both data
sets are published without distortion.

Sources: `schema_nuscenes.md` of the nuScenes devkit (poses from the sensor to the vehicle, quaternion
`w, x, y, z`; images undistorted and rectified); the guide and `PinholeCamera` of Argoverse 2's API (poses
from the sensor to the vehicle; images undistorted; sweeps of both lidars merged, in the vehicle's system).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kognic._core.camera_errors import ConversionError
from kognic.annotations.convert.argoverse_tables import IMAGE_SIZE, LENS, POSITION, ROTATION
from kognic.io.model.calibration import BaseCalibration, LidarCalibration, PinholeCalibration
from kognic.scenes.calibration.convert.build import lidar
from kognic.scenes.calibration.convert.values import Size, at, entry, rigid, rotation
from kognic.scenes.calibration.convert.values import image_size as checked_size
from kognic.scenes.geometry.cameras.pinhole import pinhole_camera
from kognic.scenes.geometry.poses import FloatArray

_MERGED = {"up_lidar", "down_lidar"}


def nuscenes_sensor(
    record: Mapping[str, Any], image_size: Size | None = None
) -> PinholeCalibration | LidarCalibration:
    """Turn a `calibrated_sensor` record of nuScenes into a calibration.

    Args:
        record: `translation` (metres), `rotation` (w, x, y, z), both from the sensor to the vehicle, and
            `camera_intrinsic`, a matrix for cameras and empty for lidars. A radar's record looks like a
            lidar's; the table `sensor` tells them apart. `camera_distortion`, which the T4 format adds, holds
            the coefficients of OpenCV's pinhole model, five at most here.
        image_size: Width and height, pixels; needed for cameras. nuScenes has 1600 by 900.

    Raises:
        ConversionError: A camera comes without `image_size`, or something is missing or of the wrong kind.
    """
    pose = rigid(rotation(entry(record, "rotation")), entry(record, "translation"))
    intrinsic = record.get("camera_intrinsic")
    if intrinsic is None or intrinsic == []:
        return lidar(pose)
    if image_size is None:
        raise ConversionError(
            "a calibrated_sensor does not hold the size of the images; pass image_size (nuScenes: 1600, 900)"
        )
    return pinhole_camera(intrinsic, image_size, distortion=record.get("camera_distortion") or (), pose=pose)


def argoverse_sensors(
    poses: Iterable[Mapping[str, Any]],
    intrinsics: Iterable[Mapping[str, Any]],
    *,
    merged_lidar: str | None = "lidar",
) -> dict[str, BaseCalibration]:
    """Turn the tables of Argoverse 2 into calibrations.

    The columns `k1`, `k2`, `k3` are ignored: they describe the lens, but the published images are
    undistorted.

    Args:
        poses: Rows of `egovehicle_SE3_sensor`: `sensor_name`, `qw`, `qx`, `qy`, `qz`, `tx_m`, `ty_m`, `tz_m`,
            from the sensor to the vehicle.
        intrinsics: Rows of `intrinsics`: `sensor_name`, `fx_px`, `fy_px`, `cx_px`, `cy_px`, `width_px`,
            `height_px`. Sensors without a row are lidars.
        merged_lidar: Name of one lidar at the vehicle's origin that replaces `up_lidar` and
            `down_lidar`, because sweeps hold the points of both in the vehicle's system. None places the two
            as the table says, for points that have been moved back into their systems.

    Raises:
        ConversionError: A column is missing or holds something else than numbers.
    """
    optics = {}
    for row in intrinsics:
        optics[str(entry(row, "sensor_name"))] = row
    found: dict[str, BaseCalibration] = {}
    for row in poses:
        name = str(entry(row, "sensor_name"))
        with at(name):
            pose = rigid(
                rotation([entry(row, key) for key in ROTATION]),
                [entry(row, key) for key in POSITION],
            )
            if name in optics:
                found[name] = _argoverse_camera(optics[name], pose)
            elif merged_lidar is not None and name in _MERGED:
                found[merged_lidar] = lidar()
            else:
                found[name] = lidar(pose)
    missing = optics.keys() - found.keys()
    if missing:
        raise ConversionError(f"{min(missing)} has intrinsics, but no row in egovehicle_SE3_sensor")
    if not found:
        raise ConversionError("the tables hold no sensors")
    return found


def _argoverse_camera(row: Mapping[str, Any], pose: FloatArray) -> PinholeCalibration:
    fx, fy, cx, cy = (entry(row, key) for key in LENS)
    size = checked_size(*(entry(row, key) for key in IMAGE_SIZE))
    return pinhole_camera([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], size, pose=pose)
