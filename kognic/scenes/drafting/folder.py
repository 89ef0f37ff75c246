"""What lies in a folder: images, point clouds, and documents: a calibration, IMU data, OpenLABEL."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from kognic._core.documents import read_document
from kognic._core.scene_errors import DocumentError
from kognic.io.model.calibration.common import CalibrationType
from kognic.scenes.calibration_document import parse_calibration, resembles_calibration
from kognic.scenes.content.csv_clouds import split
from kognic.scenes.scene_file import IMAGE_FORMATS, POINT_CLOUD_FORMATS
from kognic.scenes.scene_search import SUFFIXES

# A choice: a drive has tens of thousands of files; a folder with more is a disk, named by mistake.
MAX_FILES = 100_000
# Bytes: poses of an hour at 100 Hz as text are about 40 MB.
_MAX_DOCUMENT = 64 * 2**20
# Bytes of the first line: a CSV header is shorter, and a binary file has no end of line.
_LINE = 4096
_POSES = frozenset({"qw", "qx", "roll", "pitch", "yaw", "heading"})


@attrs.frozen
class Contents:
    """Files of a folder by what they are, as paths relative to it with slashes.

    Attributes:
        images, clouds: Files of sensors.
        calibrations: Calibrations by path: the kinds of their sensors by name.
        imu_data: Lists of IMU samples.
        openlabel: OpenLABEL documents.
        others: Files that a scene has no place for.
        invalid: Documents that look like a calibration, and why they are none.
        unreadable: Documents that are not JSON or YAML, and why.
    """

    images: list[str] = attrs.field(factory=list)
    clouds: list[str] = attrs.field(factory=list)
    calibrations: dict[str, dict[str, str]] = attrs.field(factory=dict)
    imu_data: list[str] = attrs.field(factory=list)
    openlabel: list[str] = attrs.field(factory=list)
    others: list[str] = attrs.field(factory=list)
    invalid: dict[str, str] = attrs.field(factory=dict)
    unreadable: dict[str, str] = attrs.field(factory=dict)


def look_into(folder: Path, *, leave_out: Path | None = None) -> Contents:
    """Sort the files of a folder by what they are; hidden files and folders do not count.

    Args:
        folder: The folder.
        leave_out: A file that does not count: the one that will be written.

    Raises:
        NotADirectoryError: It is not a folder.
        ValueError: It holds more than 100,000 files.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    found = Contents()
    for number, path in enumerate(_files(folder)):
        if number == MAX_FILES:
            raise ValueError(f"{folder} holds more than {MAX_FILES} files: name the folder of one scene")
        if path != leave_out:
            _sort_in(found, path, path.relative_to(folder).as_posix())
    return found


def _files(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(here, name)


def _sort_in(found: Contents, path: Path, name: str) -> None:
    suffix = path.suffix.lower()
    if suffix in IMAGE_FORMATS:
        found.images.append(name)
    elif suffix in POINT_CLOUD_FORMATS and (suffix != ".csv" or _holds_points(path)):
        found.clouds.append(name)
    elif suffix in SUFFIXES:
        _sort_document(found, path, name)
    else:
        found.others.append(name)


def _sort_document(found: Contents, path: Path, name: str) -> None:
    try:
        content = read_document(path, max_bytes=_MAX_DOCUMENT)
    except DocumentError as error:
        found.unreadable[name] = error.problem
        return
    try:
        sensors = _sensors(content)
    except (TypeError, ValueError) as error:
        sensors = {}
        if resembles_calibration(content):
            found.invalid[name] = str(error)
            return
    if sensors:
        found.calibrations[name] = sensors
    elif isinstance(content, Mapping) and "openlabel" in content:
        found.openlabel.append(name)
    elif isinstance(content, list) and content and _is_sample(content[0]):
        found.imu_data.append(name)
    else:
        found.others.append(name)


def _sensors(content: Any) -> dict[str, str]:
    """Sensors of a calibration and whether each is a `camera` or `lidar`.

    Raises:
        TypeError: It is not a calibration.
        ValueError: The same.
    """
    return {
        name: "lidar" if one.calibration_type == CalibrationType.LIDAR else "camera"
        for name, one in parse_calibration(content).calibration.items()
    }


def _holds_points(path: Path) -> bool:
    """Whether a CSV file is a point cloud and not, for example, a list of poses."""
    try:
        with path.open("rb") as file:
            line = file.readline(_LINE).decode("utf-8", errors="replace")
    except OSError:
        return False
    names = {name.strip().lower() for name in split(line.strip())}
    return {"x", "y", "z"} <= names and not names & _POSES


def _is_sample(item: Any) -> bool:
    return isinstance(item, Mapping) and {"position", "timestamp"} <= set(item)
