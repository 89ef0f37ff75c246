"""The files of datasets that describe many sensors in tables: nuScenes and Argoverse 2."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import attrs

from kognic._core.camera_errors import ConversionError
from kognic._core.documents import read_text
from kognic._core.standard_classes import keep_class
from kognic.annotations.convert.argoverse_tables import IMAGE_SIZE, OPTICS_COLUMNS, POSE_COLUMNS
from kognic.annotations.convert.dataset_files import feather_table, json_table
from kognic.annotations.convert.nuscenes_rows import Calibrated
from kognic.io.model.calibration import BaseCalibration
from kognic.scenes.calibration.convert.datasets import argoverse_sensors, nuscenes_sensor
from kognic.scenes.calibration.convert.documents import MAX_BYTES
from kognic.scenes.calibration.convert.options import Options
from kognic.scenes.calibration.convert.sizes import size_of_images
from kognic.scenes.calibration.convert.values import Size, at, entry, image_size, renamed

_SENSOR_KINDS = ("camera", "lidar")
_CALIBRATED = Calibrated.__struct_fields__


def nuscenes_sensors(path: Path, options: Options) -> dict[str, BaseCalibration]:
    """Return the sensors of `calibrated_sensor.json`; image sizes come from `sample_data.json` beside it.

    Raises:
        ConversionError: Something is missing, unknown, or of another kind of sensor.
        DocumentError: A table cannot be read.
    """
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
    sizes = _Sizes(path)
    for token, name in wanted.items():
        if token not in records:
            raise ConversionError(f"there is no calibrated sensor with the token {token!r}")
        with at(name):
            modality = entry(_kind(records[token], kinds), "modality")
            if modality not in _SENSOR_KINDS:
                raise ConversionError(f"is a {modality}, which the platform does not have; omit it")
            if name in found:
                raise ConversionError("two sensors have this name; rename one of them")
            found[name] = _nuscenes(records[token], name, sizes, options)
    return found


def _nuscenes(record: Mapping[str, Any], name: str, sizes: _Sizes, options: Options) -> BaseCalibration:
    options.only(record, _CALIBRATED)
    size = None
    if record.get("camera_intrinsic"):
        size = options.size(name, None, lambda: sizes.of(str(record["token"])))
    return nuscenes_sensor(record, size)


@attrs.define
class _Sizes:
    """Sizes of images by calibrated sensor, from `sample_data.json`, else from the images that it names."""

    path: Path
    _rows: dict[str, Mapping[str, Any]] | None = None

    def of(self, token: str) -> Size | None:
        """The size of a camera's images; None if no table says it and no image is there."""
        if self._rows is None:
            table = self.path.with_name("sample_data.json")
            rows = _table(table) if table.is_file() else {}
            self._rows = {}
            for row in rows.values():
                self._rows.setdefault(str(row.get("calibrated_sensor_token")), row)
        row = self._rows.get(token, {})
        if row.get("width") and row.get("height"):
            return image_size(row["width"], row["height"])
        root = self.path.parent.parent  # v1.0-mini/calibrated_sensor.json beside samples/
        return size_of_images([root / str(row["filename"])]) if row.get("filename") else None


def _kind(record: Mapping[str, Any], kinds: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    token = str(entry(record, "sensor_token"))
    if token not in kinds:
        raise ConversionError(f"sensor.json has no sensor with the token {token!r}")
    return kinds[token]


def _table(path: Path) -> dict[str, Mapping[str, Any]]:
    text = read_text(path, max_bytes=MAX_BYTES)
    content = json_table(text.encode(), path.name, object, ConversionError)
    if not isinstance(content, list) or not content:
        raise ConversionError(f"{path.name} is not a list of records")
    return {str(entry(record, "token")): record for record in content}


def argoverse_tables(path: Path, options: Options) -> dict[str, BaseCalibration]:
    """Return the sensors of the folder `calibration` of an Argoverse 2 log.

    Raises:
        ConversionError: A table or column is missing or unknown.
        ImportError: Feather needs pyarrow; the message says how to install it.
    """
    folder = path if path.is_dir() else path.parent
    poses, intrinsics = (_rows(folder, name) for name in ("egovehicle_SE3_sensor", "intrinsics"))
    for row in poses:
        options.only(row, POSE_COLUMNS)
    for row in intrinsics:
        options.only(row, OPTICS_COLUMNS)
        name = str(entry(row, "sensor_name"))
        with at(name):
            size = options.size(name, image_size(*(entry(row, key) for key in IMAGE_SIZE)))
            row.update(zip(IMAGE_SIZE, size, strict=True))
    return renamed(argoverse_sensors(poses, intrinsics), options.names)


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    text_file, feather_file = folder / f"{name}.csv", folder / f"{name}.feather"
    if text_file.exists() and not feather_file.exists():
        text = StringIO(read_text(text_file, max_bytes=MAX_BYTES), newline=None)
        try:
            return list(csv.DictReader(text))
        except csv.Error as exc:
            raise ConversionError(f"{text_file.name} is not CSV: {exc}") from exc
    if not feather_file.exists():
        raise ConversionError(f"there is neither {feather_file.name} nor {text_file.name} in the folder")
    try:
        content = feather_file.read_bytes()
    except OSError as exc:
        raise keep_class(ConversionError(f"{feather_file.name} cannot be read: {exc}"), exc) from exc
    rows: list[dict[str, Any]] = feather_table(content, feather_file.name, ConversionError).to_pylist()
    return rows
