"""Read a calibration file of another tool, whichever it is."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy.typing as npt
import yaml

from kognic._core.camera_errors import ConversionError
from kognic._core.documents import Loader, parse_yaml, read_document, read_text
from kognic.io.model.calibration import BaseCalibration, SensorCalibration
from kognic.scenes.calibration.convert.build import motion, placement
from kognic.scenes.calibration.convert.datasets import argoverse_sensors, nuscenes_sensor
from kognic.scenes.calibration.convert.kalibr import kalibr_sensors
from kognic.scenes.calibration.convert.kitti import LIDAR, kitti_raw_sensors, kitti_sensors
from kognic.scenes.calibration.convert.opencv import opencv_camera
from kognic.scenes.calibration.convert.values import Size, at, entry, renamed, rigid
from kognic.scenes.geometry.poses import Rigid

_MAX_BYTES = 2**26
_CAM_TO_CAM, _VELO_TO_CAM = "calib_cam_to_cam.txt", "calib_velo_to_cam.txt"
_SENSOR_KINDS = ("camera", "lidar")


@attrs.frozen(kw_only=True)
class _Options:
    image_size: Size | None
    names: Mapping[str, str]
    model: str | None


def convert_calibration(
    source: str | os.PathLike[str],
    format: str,
    *,
    external_id: str | None = None,
    image_size: Size | None = None,
    names: Mapping[str, str] | None = None,
    pose: npt.ArrayLike | None = None,
    model: str | None = None,
) -> SensorCalibration:
    """Turn a file of another tool into a calibration for the platform.

    Args:
        source: A file; for `kitti` also the folder of a day of raw recordings; for `argoverse` the folder
            `calibration` with its two tables, in Feather (extra `parquet`) or CSV; for `nuscenes` the table
            `calibrated_sensor.json` beside `sensor.json`.
        format: One of `FORMATS`.
        external_id: Name of the calibration; that of the file or folder when None.
        image_size: Width and height in pixels, where the file does not tell (`kitti`, `nuscenes`).
        names: Name in the file to the sensor name of the scene; others keep theirs. Of KITTI's cameras those
            that are named are converted, by `P0` to `P3`, and `P2` as `image_2` when none is. For nuScenes,
            of which one table describes many vehicles, the `token` of a calibrated sensor to its name.
        pose: Motion from the reference system of the file to that of the calibration, shape (4, 4), metres;
            None keeps the file's. It is the camera (`opencv`, `ros`), the IMU or else the first camera
            (`kalibr`), the Velodyne (`kitti`) or the vehicle (`nuscenes`, `argoverse`).
        model: `pinhole`, `fisheye` or `omnidir`, where the file does not tell (`opencv`, `ros`).

    Raises:
        ConversionError: The content cannot be expressed in the platform's models; the message names file,
            key, value and hint.
        DocumentError: The file is missing, unreadable or not what its format says.
        ImportError: A library is missing; the message says how to install it.
    """
    if format not in _CONVERTERS:
        raise ConversionError(f"the format is {format!r}; known are {', '.join(FORMATS)}")
    if model is not None and format not in ("opencv", "ros"):
        raise ConversionError(f"a model is given, which a file of {format} tells itself; leave it out")
    path = Path(source).expanduser()
    with at(path):
        sensors = _CONVERTERS[format](path, _Options(image_size=image_size, names=names or {}, model=model))
    if pose is not None:
        _move(sensors, pose)
    return SensorCalibration(external_id=external_id or _name(path), calibration=sensors)


def _name(path: Path) -> str:
    """The file's name; that of the log for Argoverse's `calibration`."""
    path = path.resolve()
    return path.parent.name if path.stem in ("calibration", "calibrated_sensor") else path.stem


def _move(sensors: Mapping[str, BaseCalibration], pose: npt.ArrayLike) -> None:
    with at("pose"):
        matrix = motion(pose, "the pose")
        placement(matrix)  # refuses what is no rigid motion
    to_reference = Rigid(matrix[:3, :3], matrix[:3, 3])
    for sensor in sensors.values():
        moved = to_reference @ Rigid.of_sensor(sensor)
        for name, value in placement(rigid(moved.rotation, moved.position)).items():
            setattr(sensor, name, value)


def _opencv(path: Path, options: _Options) -> dict[str, BaseCalibration]:
    content = _read_yaml(path)
    name = str(content.get("camera_name") or path.stem)
    return renamed({name: opencv_camera(content, model=options.model)}, options.names)


def _kalibr(path: Path, options: _Options) -> dict[str, BaseCalibration]:
    return kalibr_sensors(_read_yaml(path), names=options.names)


def _kitti(path: Path, options: _Options) -> dict[str, BaseCalibration]:
    cameras = {}
    for key, name in options.names.items():
        if key != LIDAR:
            if not (key[:1] == "P" and key[1:].isdecimal()):
                raise ConversionError(f"there is no sensor {key!r}; there are velodyne and P0, P1, P2, P3")
            cameras[int(key[1:])] = name
    lidar = {LIDAR: options.names[LIDAR]} if LIDAR in options.names else {}
    if path.is_dir() or path.name == _CAM_TO_CAM:
        folder = path if path.is_dir() else path.parent
        texts = [read_text(folder / name, max_bytes=_MAX_BYTES) for name in (_CAM_TO_CAM, _VELO_TO_CAM)]
        return renamed(kitti_raw_sensors(texts[0], texts[1], cameras=cameras or None), lidar)
    if options.image_size is None:
        raise ConversionError("the file does not hold the size of the images; give image_size")
    text = read_text(path, max_bytes=_MAX_BYTES)
    return renamed(kitti_sensors(text, options.image_size, cameras=cameras or None), lidar)


def _nuscenes(path: Path, options: _Options) -> dict[str, BaseCalibration]:
    records = _table(path)
    kinds = _table(path.with_name("sensor.json"))
    wanted = dict(options.names)
    if not wanted:
        if len(records) > len(kinds):
            raise ConversionError(
                f"describes several vehicles ({len(records)} calibrated sensors); "
                "name the tokens of the wanted ones"
            )
        wanted = {token: str(entry(_kind(record, kinds), "channel")) for token, record in records.items()}
        # The platform has no radars.
        wanted = {
            token: name
            for token, name in wanted.items()
            if entry(_kind(records[token], kinds), "modality") in _SENSOR_KINDS
        }
    found: dict[str, BaseCalibration] = {}
    for token, name in wanted.items():
        if token not in records:
            raise ConversionError(f"there is no calibrated sensor with the token {token!r}")
        with at(name):
            modality = entry(_kind(records[token], kinds), "modality")
            if modality not in _SENSOR_KINDS:
                raise ConversionError(f"is a {modality}, which the platform does not have; leave it out")
            if name in found:
                raise ConversionError("two sensors have this name; give each one of its own")
            found[name] = nuscenes_sensor(records[token], options.image_size)
    return found


def _kind(record: Mapping[str, Any], kinds: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    token = str(entry(record, "sensor_token"))
    if token not in kinds:
        raise ConversionError(f"sensor.json has no sensor with the token {token!r}")
    return kinds[token]


def _table(path: Path) -> dict[str, Mapping[str, Any]]:
    content = read_document(path, max_bytes=_MAX_BYTES)
    if not isinstance(content, list) or not content:
        raise ConversionError(f"{path.name} is not a list of records")
    return {str(entry(record, "token")): record for record in content}


def _argoverse(path: Path, options: _Options) -> dict[str, BaseCalibration]:
    folder = path if path.is_dir() else path.parent
    poses, intrinsics = (_rows(folder, name) for name in ("egovehicle_SE3_sensor", "intrinsics"))
    return renamed(argoverse_sensors(poses, intrinsics), options.names)


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    text_file, feather_file = folder / f"{name}.csv", folder / f"{name}.feather"
    if text_file.exists() and not feather_file.exists():
        text = io.StringIO(read_text(text_file, max_bytes=_MAX_BYTES), newline=None)
        try:
            return list(csv.DictReader(text))
        except csv.Error as exc:
            raise ConversionError(f"{text_file.name} is not CSV: {exc}") from exc
    if not feather_file.exists():
        raise ConversionError(f"there is neither {feather_file.name} nor {text_file.name} in the folder")
    try:
        import pyarrow as pa
        from pyarrow import feather
    except ImportError as exc:
        raise ImportError("reading Feather needs pyarrow: pip install 'kognic-client[parquet]'") from exc
    try:
        rows: list[dict[str, Any]] = feather.read_table(feather_file).to_pylist()
    except (pa.ArrowException, OSError) as exc:
        raise ConversionError(f"{feather_file.name} is not Feather: {exc}") from exc
    return rows


def _read_yaml(path: Path) -> dict[str, Any]:
    """Read YAML as OpenCV's `FileStorage`, ROS and Kalibr write it."""
    text = read_text(path, max_bytes=_MAX_BYTES)
    if text.lstrip().startswith("<"):
        raise ConversionError("is XML; write it as YAML, which OpenCV does for a name that ends in .yml")
    # OpenCV opens its files with `%YAML:1.0`, which is not YAML.
    lines = ["" if line.startswith("%YAML") else line for line in text.splitlines()]
    # What ROS prints ends in `---`, and may be more than one message.
    documents = [part for part in re.split(r"(?m)^---[ \t]*$", "\n".join(lines)) if part.strip()]
    contents = [parse_yaml(path, part, _OpenCVLoader) for part in documents]
    contents = [content for content in contents if content is not None]
    if len(contents) > 1 and any(_without_header(c) != _without_header(contents[0]) for c in contents):
        raise ConversionError(f"holds {len(contents)} messages that differ; keep the one that is right")
    content = contents[0] if contents else None
    if not isinstance(content, dict):
        raise ConversionError("holds no camera")
    return content


def _without_header(message: object) -> object:
    """A message without the time it was sent at."""
    if not isinstance(message, dict):
        return message
    return {key: value for key, value in message.items() if key != "header"}


class _OpenCVLoader(Loader):
    """The safe loader, which also knows OpenCV's matrices, and leaves text as it is written.

    YAML 1.1 reads `0010` as 8, `2026_03_01` as a number and `NO` as false, which OpenCV and ROS do not.
    """


_OpenCVLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag.rpartition(":")[2] in ("null", "merge", "float")]
    for first, known in Loader.yaml_implicit_resolvers.items()
}
_OpenCVLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z"), list("-+0123456789")
)
_OpenCVLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")
)


def _opencv_matrix(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    return loader.construct_mapping(node, deep=True)


_OpenCVLoader.add_constructor("tag:yaml.org,2002:opencv-matrix", _opencv_matrix)

_CONVERTERS: dict[str, Callable[[Path, _Options], dict[str, BaseCalibration]]] = {
    "opencv": _opencv,
    "ros": _opencv,
    "kalibr": _kalibr,
    "kitti": _kitti,
    "nuscenes": _nuscenes,
    "argoverse": _argoverse,
}
FORMATS = tuple(_CONVERTERS)
