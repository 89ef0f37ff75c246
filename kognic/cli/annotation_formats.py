"""The formats that `kognic annotation convert` reads; `kognic.cli.annotation_writers` writes them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

import attrs

from kognic._core.annotation_errors import AnnotationError
from kognic._core.documents import read_document as read_json
from kognic._core.files import replacing
from kognic.annotations.convert import argoverse, coco, kitti, nuscenes
from kognic.annotations.labels import Label, document_of
from kognic.cli.annotation_writers import FRAME_NAMES, LABEL_FOLDER, Written, of_frame

if TYPE_CHECKING:
    from kognic.cli.annotation_options import Options


@attrs.frozen(eq=False)
class _Reading:
    """A conversion to OpenLABEL; readers put file names of images, by frame ID and camera, into `uris`."""

    source: Path
    options: Options
    uris: dict[str, dict[str, str]] = attrs.field(factory=dict)


def to_openlabel(source_format: str, source: Path, target: Path, options: Options) -> Written:
    """Read labels of a format, and write them as one OpenLABEL document."""
    reading = _Reading(source, options)
    labels = list(_READERS[source_format](reading))
    plain = document_of(labels, lidar=options.lidar, uris=reading.uris)
    with replacing(target) as file:
        file.write(json.dumps(plain, ensure_ascii=False).encode() + b"\n")
    return Written(len(labels))


def _read_kitti(reading: _Reading) -> Iterator[Label]:
    options, folder = reading.options, reading.source
    if (folder / LABEL_FOLDER).is_dir():
        folder = folder / LABEL_FOLDER
    names = _frame_names(folder.parent / FRAME_NAMES)
    paths = sorted(folder.glob("*.txt")) if folder.is_dir() else [folder]
    if not paths:
        raise AnnotationError(f"{folder} has no label files (*.txt)")
    calibration = cast("Path", options.calibration)
    for path in paths:
        pose, _ = kitti.read_calibration(of_frame(calibration, path.stem, path.stem))
        yield from kitti.from_kitti(
            path.read_text("utf-8"),
            frame_id=names.get(path.stem, path.stem),
            camera=cast("str", options.camera),
            camera_from_lidar=pose,
        )


def _frame_names(path: Path) -> dict[str, str]:
    """Frame IDs by the number of their files, if a conversion to KITTI had to number them.

    Frames of more than one scene can have equal IDs: they keep the numbers then.
    """
    if not path.is_file():
        return {}
    names = {row["file"]: row["frame_id"] for row in csv.DictReader(StringIO(path.read_text("utf-8")))}
    return names if len(set(names.values())) == len(names) else {}


def _read_nuscenes(reading: _Reading) -> Iterator[Label]:
    options, tables = reading.options, nuscenes.read_version(reading.source)
    frames = nuscenes.key_frames(tables, lidar=cast("str", options.lidar), scene=options.scene_name)
    return nuscenes.from_nuscenes(tables, frames, system=cast("nuscenes.System", options.system))


def _read_coco(reading: _Reading) -> Iterator[Label]:
    camera = cast("str", reading.options.camera)
    for image, labels in coco.from_coco(read_json(reading.source), camera=camera):
        reading.uris[str(image.id)] = {camera: image.file_name}
        yield from labels


def _read_argoverse(reading: _Reading) -> Iterator[Label]:
    return argoverse.from_argoverse(argoverse.read_feather(reading.source))


_READERS: Mapping[str, Callable[[_Reading], Iterator[Label]]] = {
    "kitti": _read_kitti,
    "nuscenes": _read_nuscenes,
    "t4": _read_nuscenes,
    "coco": _read_coco,
    "argoverse2": _read_argoverse,
}
