"""Calibrations in the style of the Waymo Open Dataset, as JSON.

Poses map a sensor into the vehicle (x forward, y left, z up, at the rear axle). Waymo's camera systems have
x along the viewing direction, y to the left and z up; here a camera looks along z, so the axes are exchanged.

Source: `dataset.proto` of waymo-open-dataset, messages `CameraCalibration` (`intrinsic`: f_u, f_v, c_u, c_v,
k_1, k_2, p_1, p_2, k_3; `extrinsic`: "camera frame to vehicle frame") and `LaserCalibration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import BaseCalibration
from kognic.scenes.calibration.convert.build import lidar, motion
from kognic.scenes.calibration.convert.options import Options
from kognic.scenes.calibration.convert.values import at, entry, image_size, numbers, renamed, shown
from kognic.scenes.geometry.cameras.pinhole import pinhole_camera
from kognic.scenes.geometry.poses import FloatArray

_CAMERAS = (
    "UNKNOWN",
    "FRONT",
    "FRONT_LEFT",
    "FRONT_RIGHT",
    "SIDE_LEFT",
    "SIDE_RIGHT",
    "REAR_LEFT",
    "REAR",
    "REAR_RIGHT",
)
_LASERS = ("UNKNOWN", "TOP", "FRONT", "SIDE_LEFT", "SIDE_RIGHT", "REAR")
_INTRINSIC = ("f_u", "f_v", "c_u", "c_v", "k_1", "k_2", "p_1", "p_2", "k_3")
_WHOLE = ("camera_calibrations", "laser_calibrations")
# Of a segment, and of a frame: not about sensors.
_SKIPPED = ("name", "stats", "timestamp_micros", "frame_timestamp_micros", "segment_context_name")
_CAMERA = ("name", "intrinsic", "extrinsic", "width", "height")
_LASER = ("name", "extrinsic")
_BEAMS = ("beam_inclinations", "beam_inclination_min", "beam_inclination_max")
# Waymo's camera axes, of a point x right, y down, z forward.
_FROM_OPTICAL = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])


def waymo_sensors(content: Mapping[str, Any], options: Options) -> dict[str, BaseCalibration]:
    """Turn the camera and laser calibrations of a segment into calibrations.

    Args:
        content: The decoded file: `camera_calibrations` and `laser_calibrations`, in snake or camel case,
            alone or below `context`. Sensors are named `camera_FRONT`, `lidar_TOP` and so on, because a
            camera and a laser share names.
        options: Sizes, names, keys to skip.

    Raises:
        ConversionError: Something is missing or unknown, or the platform cannot express it.
    """
    record = _snake(content)
    if isinstance(record.get("context"), Mapping):
        options.only(record, ("context",), _SKIPPED)
        record = _snake(record["context"])
    options.only(record, _WHOLE, _SKIPPED)
    found: dict[str, BaseCalibration] = {}
    for kind, key, names in (("camera", _WHOLE[0], _CAMERAS), ("lidar", _WHOLE[1], _LASERS)):
        entries = record.get(key, [])
        if not isinstance(entries, list):
            raise ConversionError(f"{key} is {shown(entries)}, must be a list")
        for item in entries:
            name = f"{kind}_{_name(entry(item, 'name'), names)}"
            with at(name):
                if name in found:
                    raise ConversionError("appears twice")
                found[name] = (
                    _camera(name, _snake(item), options)
                    if kind == "camera"
                    else _laser(_snake(item), options)
                )
    if not found:
        raise ConversionError("holds no camera_calibrations and no laser_calibrations")
    return renamed(found, options.names)


def _camera(name: str, item: Mapping[str, Any], options: Options) -> BaseCalibration:
    options.only(item, _CAMERA, ("rolling_shutter_direction",))
    if "rolling_shutter_direction" in item:
        options.note(
            f"{name}: rolling_shutter_direction is no part of a calibration; images carry shutter times"
        )
    own = (
        image_size(entry(item, "width"), entry(item, "height")) if {"width", "height"} & item.keys() else None
    )
    given = entry(item, "intrinsic")
    if isinstance(given, Mapping):
        options.only(given, _INTRINSIC)
        given = [entry(given, key) for key in _INTRINSIC]
    fu, fv, cu, cv, *distortion = numbers(given, "intrinsic", (9,)).tolist()
    return pinhole_camera(
        [[fu, 0, cu], [0, fv, cv], [0, 0, 1]],
        options.size(name, own),
        distortion=distortion,
        pose=_pose(item, options) @ _FROM_OPTICAL,
    )


def _laser(item: Mapping[str, Any], options: Options) -> BaseCalibration:
    options.only(item, _LASER, _BEAMS)
    return lidar(_pose(item, options))


def _pose(item: Mapping[str, Any], options: Options) -> FloatArray:
    pose = entry(item, "extrinsic")
    if isinstance(pose, Mapping):
        options.only(pose, ("transform",))
        pose = entry(pose, "transform")
    return motion(pose, "extrinsic")


def _name(value: object, names: tuple[str, ...]) -> str:
    """A name of the enumeration, or its number."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < len(names):
        return names[value]
    if isinstance(value, str) and value:
        return value
    raise ConversionError(f"name is {shown(value)}, must be one of {', '.join(names[1:])}")


def _snake(record: object) -> dict[str, Any]:
    """A record with its keys in snake case, as protocol buffers print either."""
    if not isinstance(record, Mapping):
        raise ConversionError(f"is {shown(record)}, must be an object")
    return {
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in str(key)): value
        for key, value in record.items()
    }
