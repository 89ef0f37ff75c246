"""Calibrations of OpenCalib (PJLab's SensorsCalibration): one JSON document for a lens or for two sensors.

`X-to-Y-extrinsic` maps a point of X into Y, `x_Y = sensor_calib x_X`. The reference system is `car_center`,
else the lidar that most extrinsics are about.

Source: the repository PJLab-ADG/SensorsCalibration, `lidar2camera/auto_calib/data` and
`lidar2lidar/auto_calib/data`, and its read-me files.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kognic._core.camera_errors import ConversionError
from kognic._core.documents import read_document
from kognic.io.model.calibration import BaseCalibration
from kognic.scenes.calibration.convert.build import lidar, motion
from kognic.scenes.calibration.convert.graph import Graph
from kognic.scenes.calibration.convert.opencv import matrix_data, opencv_camera
from kognic.scenes.calibration.convert.options import Options
from kognic.scenes.calibration.convert.sizes import beside
from kognic.scenes.calibration.convert.values import Size, at, entry, image_size, number, renamed, shown

_MAX_BYTES = 2**24
_FIELDS = ("sensor_name", "target_sensor_name", "device_type", "param_type", "param")
_MATRIX = ("rows", "cols", "type", "continuous", "data")
_REFERENCE = "car_center"
# Systems that the platform has no sensor for.
_NO_SENSOR = re.compile(r"car|vehicle|ground|gnss|gps|imu|ins\b|radar|antenna|odom|can\b|base", re.IGNORECASE)
# OCamCalib's affine matrix has ones where others have focal lengths.
_LEAST_FOCAL_LENGTH = 10.0


def opencalib_sensors(path: Path, options: Options) -> dict[str, BaseCalibration]:
    """Turn the documents of a folder, or a document and its neighbours, into calibrations.

    Args:
        path: A folder, read with all below it, or one file: then those beside it are read as well, and the
            sensors are those that poses connect with it.
        options: `reference` names another reference system.

    Raises:
        ConversionError: Something is missing, unknown or contradictory.
        DocumentError: A file cannot be read.
    """
    documents = _documents(path)
    lenses: dict[str, Mapping[str, Any]] = {}
    graph = Graph()
    wanted: set[str] = set()
    for file, document in documents:
        with at(file) if file != path else at(document.get("param_type", "document")):
            names = _add(document, lenses, graph, options)
        if file == path:
            wanted.update(names)
    reference = options.reference or _reference(graph, lenses)
    found: dict[str, BaseCalibration] = {}
    for name in _sensor_names(graph, lenses, wanted):
        with at(name):
            chain = graph.chain(name, reference)
            if chain is None:
                raise ConversionError(f"no extrinsic leads to {reference}; add its file, or name --reference")
            options.note(f"{name}: {' -> '.join(chain)}")
            pose = graph.motion(chain)
            found[name] = _camera(name, lenses[name], pose, path, options) if name in lenses else lidar(pose)
    if not found:
        raise ConversionError("the documents hold no camera and no lidar")
    return renamed(found, options.names)


def _sensor_names(graph: Graph, lenses: Mapping[str, Any], wanted: set[str]) -> list[str]:
    """Cameras, then lidars; those that poses connect with what is wanted, unless that is everything."""
    names = [*lenses, *(name for name in graph.nodes if name not in lenses)]
    sensors = [name for name in names if _is_sensor(name, lenses)]
    if not wanted:
        return sensors
    return [name for name in sensors if any(name == one or graph.connected(name, one) for one in wanted)]


def _documents(path: Path) -> list[tuple[Path, Mapping[str, Any]]]:
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path, *sorted(path.parent.glob("*.json"))]
    found = []
    for file in dict.fromkeys(files):
        content = read_document(file, max_bytes=_MAX_BYTES)
        parts = list(content.values()) if isinstance(content, Mapping) else []
        parts = [
            part for part in parts if isinstance(part, Mapping) and {"param_type", "param"} <= part.keys()
        ]
        if file == path and not parts:
            raise ConversionError(
                "is not a document of OpenCalib, which has sensor_name, param_type and param"
            )
        found += [(file, part) for part in parts]
    if not found:
        raise ConversionError("the folder holds no document of OpenCalib")
    return found


def _add(
    document: Mapping[str, Any], lenses: dict[str, Mapping[str, Any]], graph: Graph, options: Options
) -> list[str]:
    """Add what a document says; the sensors that it is about."""
    options.only(document, _FIELDS, ("sensor_type",))
    name, target = (str(entry(document, key)) for key in ("sensor_name", "target_sensor_name"))
    kind, param = str(entry(document, "param_type")), entry(document, "param")
    if kind == "extrinsic":
        options.only(param, ("sensor_calib", "time_lag"))
        if (
            "time_lag" in param
            and "time_lag" not in options.ignored
            and number(param["time_lag"], "time_lag")
        ):
            raise ConversionError(
                f"time_lag is {shown(param['time_lag'])}, which a calibration cannot express; correct the "
                "times of the sensor's files and pass --ignore-key time_lag"
            )
        graph.add(name, target, motion(_matrix(entry(param, "sensor_calib"), "sensor_calib", options)))
        return [name, target]
    has_lens = isinstance(param, Mapping) and "cam_K" in param
    if kind == "intrinsic" and (document.get("device_type") == "camera" or has_lens):
        if name in lenses and lenses[name] != param:
            raise ConversionError(f"two documents describe the lens of {name}, and differ")
        lenses[name] = param
        return [name]
    if kind == "intrinsic":
        device = document.get("device_type", "sensor")
        options.note(f"{name}: the intrinsics of a {device} are not part of a calibration")
        return []
    raise ConversionError(f"param_type is {shown(kind)}; known are intrinsic and extrinsic; remove the file")


def _matrix(value: object, name: str, options: Options) -> Any:
    if isinstance(value, Mapping):
        options.only(value, _MATRIX)
        value = {key: value[key] for key in ("rows", "cols", "data") if key in value}
    return matrix_data(value, name)


def _camera(name: str, param: Mapping[str, Any], pose: Any, path: Path, options: Options) -> BaseCalibration:
    # `cam_K_new` is the matrix of images that OpenCalib has undistorted.
    options.only(
        param, ("img_dist_w", "img_dist_h", "cam_K", "cam_dist"), ("cam_K_new", "img_new_w", "img_new_h")
    )
    own: Size | None = None
    if "img_dist_w" in param or "img_dist_h" in param:
        own = image_size(entry(param, "img_dist_w"), entry(param, "img_dist_h"))
    size = options.size(name, own, lambda: beside(path, [name], alone=not path.is_dir()))
    matrix = _matrix(entry(param, "cam_K"), "cam_K", options)
    distortion = _matrix(entry(param, "cam_dist"), "cam_dist", options)
    if len(matrix) == 9 and abs(matrix[0]) < _LEAST_FOCAL_LENGTH:
        raise ConversionError(
            f"cam_K is {matrix.tolist()} and cam_dist holds {len(distortion)} numbers, as OCamCalib's "
            "inverse polynomial, whose axes the file does not define; convert calib_results.txt (--from ocam)"
        )
    model = options.model
    if model is None and len(distortion) == 4 and not distortion.any():
        model = "pinhole"  # without distortion both are one, but for angles
    content = {
        "camera_matrix": matrix.reshape(-1).tolist(),
        "distortion_coefficients": distortion.tolist(),
        "image_width": size[0],
        "image_height": size[1],
    }
    return opencv_camera(content, pose=pose, model=model)


def _is_sensor(name: str, lenses: Mapping[str, Any]) -> bool:
    if name in lenses:
        return True
    if "cam" in name.lower():
        raise ConversionError(f"there is no intrinsic of {name}; add its file")
    return not _NO_SENSOR.search(name)


def _reference(graph: Graph, lenses: Mapping[str, Any]) -> str:
    if _REFERENCE in graph.nodes:
        return _REFERENCE
    counts = Counter(name for pair in graph.pairs for name in pair if name not in lenses)
    lidars = [(count, name) for name, count in counts.items() if not _NO_SENSOR.search(name)]
    if lidars:
        return min(lidars, key=lambda item: (-item[0], item[1]))[1]
    return next(iter(lenses), "")
