"""Calibrations of PandaSet: a sequence's intrinsics and poses, or `static_extrinsic_calibration.yaml`.

A sequence holds where every camera and the lidar were in the world; a camera's place is its pose against the
lidar's. The static file holds poses from each sensor to `main_pandar64`. The reference system is that lidar
(x to the right, y backward for the static file; the pose frame for a sequence). Images are published without
distortion, so `D` of the static file, which is that of the lens, is left out.

Source: scaleapi/pandaset-devkit, `docs/static_extrinsic_calibration.yaml` and `python/pandaset/sensors.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from kognic._core.camera_errors import ConversionError
from kognic._core.documents import read_document
from kognic._core.scene_errors import RecordingError
from kognic.io.model.calibration import BaseCalibration
from kognic.scenes.calibration.convert.build import lidar
from kognic.scenes.calibration.convert.documents import MAX_BYTES, read_parameters
from kognic.scenes.calibration.convert.opencv import own_size
from kognic.scenes.calibration.convert.options import Options
from kognic.scenes.calibration.convert.sizes import size_of_images
from kognic.scenes.calibration.convert.values import at, entry, numbers, renamed, rigid, rotation
from kognic.scenes.geometry.cameras.pinhole import pinhole_camera
from kognic.scenes.importers.pandaset import PandaSetSequence

_FOCAL = ("fx", "fy", "cx", "cy")
_INTRINSIC = ("K", "D", "width", "height", "image_width", "image_height")


def pandaset_sensors(path: Path, options: Options) -> dict[str, BaseCalibration]:
    """Turn PandaSet's calibration into the platform's.

    Args:
        path: The folder of a sequence, one of its `intrinsics.json`, or the static calibration's YAML.
        options: Sizes (else those of the images), names, keys to skip.

    Raises:
        ConversionError: Something is missing or unknown.
        DocumentError: A file cannot be read.
    """
    if path.name == "intrinsics.json":
        path = path.parents[2]
    found = _of_sequence(path, options) if path.is_dir() else _static(path, options)
    return renamed(found, options.names)


def _of_sequence(folder: Path, options: Options) -> dict[str, BaseCalibration]:
    for file in sorted(folder.glob("camera/*/intrinsics.json")):
        with at(file):
            options.only(read_document(file, max_bytes=MAX_BYTES), _FOCAL)
    for file in (*sorted(folder.glob("camera/*/poses.json")), folder / "lidar" / "poses.json"):
        with at(file):
            for pose in _listed(file):
                options.only(pose, ("position", "heading"))
    try:
        sensors = PandaSetSequence(folder).sensors()
    except RecordingError as exc:
        raise ConversionError(str(exc)) from exc
    except (KeyError, TypeError, ValueError, IndexError) as exc:
        raise ConversionError(f"the poses or intrinsics are incomplete: {exc!r}") from exc
    found: dict[str, BaseCalibration] = {}
    for sensor in sensors:
        with at(sensor.name):
            if sensor.pose is None:
                raise ConversionError("has no pose")
            pose = sensor.pose.matrix
            if sensor.optics is None:
                found[sensor.name] = lidar(pose)
                continue
            images = folder / "camera" / sensor.name
            size = options.size(sensor.name, None, partial(size_of_images, [images]))
            found[sensor.name] = pinhole_camera(sensor.optics.matrix, size, pose=pose)
    options.note("both lidars are at the pose frame of the sequence, in which PandaSet's points are placed")
    return found


def _listed(file: Path) -> list[Any]:
    content = read_document(file, max_bytes=MAX_BYTES)
    if not isinstance(content, list) or not content:
        raise ConversionError("is not a list of poses")
    return content


def _static(path: Path, options: Options) -> dict[str, BaseCalibration]:
    found: dict[str, BaseCalibration] = {}
    for name, sensor in read_parameters(path).items():
        with at(name):
            options.only(sensor, ("extrinsic", "intrinsic"))
            extrinsic = entry(sensor, "extrinsic")
            options.only(extrinsic, ("transform",), ("header", "child_frame_id"))
            transform = entry(extrinsic, "transform")
            options.only(transform, ("rotation", "translation"))
            turn, place = entry(transform, "rotation"), entry(transform, "translation")
            options.only(turn, tuple("wxyz"))
            options.only(place, tuple("xyz"))
            pose = rigid(
                rotation([entry(turn, axis) for axis in "wxyz"]), [entry(place, axis) for axis in "xyz"]
            )
            found[name] = (
                _static_camera(name, sensor, pose, path, options) if "intrinsic" in sensor else lidar(pose)
            )
    return found


def _static_camera(
    name: str, sensor: Mapping[str, Any], pose: Any, path: Path, options: Options
) -> BaseCalibration:
    optics = sensor["intrinsic"]
    options.only(optics, _INTRINSIC)
    matrix = numbers(entry(optics, "K"), "K", (9,)).reshape(3, 3)
    if optics.get("D"):
        numbers(optics["D"], "D")
        options.note(f"{name}: D is left out, as the published images are undistorted")
    folders = [path.parent / form / name for form in ("camera", "*/camera", ".")]
    images = [found for folder in folders for found in path.parent.glob(str(folder.relative_to(path.parent)))]
    size = options.size(name, own_size(optics), lambda: size_of_images(images))
    return pinhole_camera(matrix, size, pose=pose)
