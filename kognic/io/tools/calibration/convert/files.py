"""Read a calibration file of another tool, whichever it is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy.typing as npt

from kognic.io.model.calibration import BaseCalibration, SensorCalibration
from kognic.io.tools.calibration.convert.build import Size
from kognic.io.tools.calibration.convert.datasets import (
    argoverse_sensors,
    kitti_sensors,
    nuscenes_sensor,
)
from kognic.io.tools.calibration.convert.kalibr import kalibr_sensors
from kognic.io.tools.calibration.convert.opencv import opencv_camera, read_opencv_yaml
from kognic.io.tools.calibration.exceptions import ConversionError


@attrs.frozen(kw_only=True)
class _Options:
    image_size: Size | None
    names: Mapping[str, str]
    pose: npt.ArrayLike | None
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
        source: A file; for `argoverse` the folder `calibration` with its two tables; for `nuscenes` the
            table `calibrated_sensor.json` beside `sensor.json`.
        format: One of `FORMATS`.
        external_id: Name of the calibration; the name of the file when None.
        image_size: Width and height in pixels, where the file does not tell (`kitti`, `nuscenes`).
        names: Name in the file to the sensor name of the scene. For KITTI `P2` to its name; one of each
            listed camera is converted. For nuScenes, of which one table describes many vehicles, the
            `token` of a calibrated sensor to its name.
        pose: Motion from the camera to the reference system, shape (4, 4), metres (`opencv` only).
        model: `pinhole` or `fisheye` (`opencv` only).

    Raises:
        ConversionError: The file cannot be read or expressed in the platform's models.
        OSError: It cannot be opened.
    """
    if format not in _CONVERTERS:
        raise ConversionError(f"the format is {format!r}; known are {', '.join(FORMATS)}")
    path = Path(source).expanduser()
    options = _Options(image_size=image_size, names=names or {}, pose=pose, model=model)
    sensors = _CONVERTERS[format](path, options)
    return SensorCalibration(external_id=external_id or path.stem, calibration=sensors)


def _opencv(path: Path, options: _Options) -> dict[str, BaseCalibration]:
    content = read_opencv_yaml(path)
    name = str(content.get("camera_name") or path.stem)
    camera = opencv_camera(content, pose=options.pose, model=options.model)
    return {options.names.get(name, name): camera}


def _kalibr(path: Path, options: _Options) -> dict[str, BaseCalibration]:
    return kalibr_sensors(read_opencv_yaml(path), names=options.names)


def _kitti(path: Path, options: _Options) -> dict[str, BaseCalibration]:
    if options.image_size is None:
        raise ConversionError("KITTI's files do not hold the size of the images; give image_size")
    wanted = {key.removeprefix("P"): name for key, name in options.names.items() if key != "velodyne"}
    cameras = {int(key): name for key, name in wanted.items() if key.isdigit()} or None
    sensors = kitti_sensors(path.read_text(encoding="utf-8"), options.image_size, cameras=cameras)
    return {options.names.get(name, name): sensor for name, sensor in sensors.items()}


def _nuscenes(path: Path, options: _Options) -> dict[str, BaseCalibration]:
    records = {record["token"]: record for record in _json_table(path)}
    channels = {record["token"]: record["channel"] for record in _json_table(path.with_name("sensor.json"))}
    if not options.names and len(records) > len(channels):
        raise ConversionError(
            f"{path} describes several vehicles ({len(records)} calibrated sensors); "
            "give names with the tokens of the wanted ones"
        )
    wanted = options.names or {token: channels[record["sensor_token"]] for token, record in records.items()}
    missing = [token for token in wanted if token not in records]
    if missing:
        raise ConversionError(f"{path} has no calibrated sensor with the token {missing[0]!r}")
    return {name: nuscenes_sensor(records[token], options.image_size) for token, name in wanted.items()}


def _json_table(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as exc:
        raise ConversionError(f"{path} is not JSON: {exc}") from exc
    if not isinstance(content, list):
        raise ConversionError(f"{path} is not a table of records")
    return content


def _argoverse(path: Path, options: _Options) -> dict[str, BaseCalibration]:
    try:
        from pyarrow import feather
    except ImportError as exc:
        raise ImportError("reading Feather needs pyarrow: pip install 'kognic-client[parquet]'") from exc
    folder = path if path.is_dir() else path.parent
    tables = [
        feather.read_table(folder / f"{name}.feather") for name in ("egovehicle_SE3_sensor", "intrinsics")
    ]
    sensors = argoverse_sensors(*(table.to_pylist() for table in tables))
    return {options.names.get(name, name): sensor for name, sensor in sensors.items()}


_CONVERTERS: dict[str, Callable[[Path, _Options], dict[str, BaseCalibration]]] = {
    "opencv": _opencv,
    "ros": _opencv,
    "kalibr": _kalibr,
    "kitti": _kitti,
    "nuscenes": _nuscenes,
    "argoverse": _argoverse,
}
FORMATS = tuple(_CONVERTERS)
