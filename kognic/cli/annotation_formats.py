"""The formats of `kognic annotation convert`: files for the functions of `kognic.annotations.convert`."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs
import click
import numpy as np

from kognic._core.annotation_errors import AnnotationError
from kognic._core.documents import read_document as read_json
from kognic._core.files import replacing, replacing_files
from kognic.annotations.convert import argoverse, coco, kitti, nuscenes
from kognic.annotations.convert.point_labels import write_label, write_lidarseg
from kognic.annotations.document import ANY_GEOMETRY, Document
from kognic.annotations.labels import Interpolated, Label, document_of, labels_of
from kognic.annotations.reading import read_document
from kognic.annotations.segmentation import Numbering, read_segmentations
from kognic.scenes.annotated_scene import AnnotatedScene, SceneImage

if TYPE_CHECKING:
    from kognic.annotations.rotations import FloatArray
    from kognic.cli.annotation_options import Options

LABEL_FOLDER, CALIBRATION_FOLDER, FRAME_NAMES = "label_2", "calib", "frames.csv"
CLASS_NAMES = "classes.json"


@attrs.frozen
class Written:
    """What a conversion wrote.

    Attributes:
        count: How much of it.
        what: Of what, for example `labels`.
        left_out: What the format cannot hold, as sentences.
    """

    count: int
    what: str = "labels"
    left_out: list[str] = attrs.field(factory=list)


@attrs.frozen(eq=False)
class _Reading:
    """A conversion to OpenLABEL; readers put file names of images, by frame ID and camera, into `uris`."""

    source: Path
    options: Options
    uris: dict[str, dict[str, str]] = attrs.field(factory=dict)


@attrs.frozen(eq=False)
class _Writing:
    """A conversion from OpenLABEL."""

    document: Document
    labels: list[Label]
    target: Path
    options: Options


def to_openlabel(source_format: str, source: Path, target: Path, options: Options) -> Written:
    """Read labels of a format, and write them as one OpenLABEL document."""
    reading = _Reading(source, options)
    labels = list(_READERS[source_format](reading))
    plain = document_of(labels, lidar=options.lidar, uris=reading.uris)
    with replacing(target) as file:
        file.write(json.dumps(plain, ensure_ascii=False).encode() + b"\n")
    return Written(len(labels))


def of_openlabel(target_format: str, source: Path, target: Path, options: Options) -> Written:
    """Read an OpenLABEL document, and write it in a format."""
    if source.is_dir():
        raise AnnotationError(
            f"{source} is a folder: convert one document at a time, such as a file of {source}/annotations"
        )
    document = read_document(source)
    if target_format in _SEGMENTATION_WRITERS:
        return _write_segmentations(document, target, target_format)
    interpolated: Interpolated = "drop" if options.drop_interpolated else "keep"
    kinds = _KINDS[target_format]
    labels = list(labels_of(document, interpolated=interpolated, camera=options.camera, kinds=kinds))
    written = _WRITERS[target_format](_Writing(document, labels, target, options))
    written.left_out[:0] = _sentences(_unconverted(document, kinds))
    return written


def _unconverted(document: Document, kinds: Collection[str]) -> Counter[str]:
    """Geometry that the format does not have."""
    found = Counter(
        f"geometries of kind {geometry.kind}"
        for geometry in document.geometries(ANY_GEOMETRY)
        if geometry.kind not in kinds
    )
    if "poly2d" in kinds:
        lines = sum(not geometry.raw.get("closed", True) for geometry in document.geometries(("poly2d",)))
        found["lines (poly2d that are not closed)"] = lines
    if document.frames:
        found["geometries outside frames"] = len(list(document.static_geometries()))
    return found


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
        pose, _ = kitti.read_calibration(_of_frame(calibration, path.stem, path.stem))
        yield from kitti.from_kitti(
            path.read_text("utf-8"),
            frame_id=names.get(path.stem, path.stem),
            camera=cast("str", options.camera),
            camera_from_lidar=pose,
        )


def _of_frame(calibration: Path, frame_id: str, name: str) -> Path:
    """The calibration file of a frame, called after its ID or after its label file."""
    if not calibration.is_dir():
        return calibration
    own = calibration / f"{_file_name(frame_id)}.txt"
    return own if own.is_file() else calibration / f"{name}.txt"


def _frame_names(path: Path) -> dict[str, str]:
    """Frame IDs by the number of their files, if a conversion to KITTI had to number them."""
    if not path.is_file():
        return {}
    return {row["file"]: row["frame_id"] for row in csv.DictReader(io.StringIO(path.read_text("utf-8")))}


def _expect_camera(labels: Iterable[Label], camera: str) -> None:
    """Refuse the name of a camera in which nothing is labelled, if others have labels."""
    known = sorted({name for label in labels for name in label.cameras})
    if known and camera not in known:
        raise click.BadParameter(
            f"nothing is labelled in {camera}; cameras with labels: {', '.join(known)}", param_hint="--camera"
        )


def _write_kitti(writing: _Writing) -> Written:
    document, labels, options = writing.document, writing.labels, writing.options
    camera = cast("str", options.camera)
    _expect_camera(labels, camera)
    scene = None if options.scene is None else AnnotatedScene.of_file(options.scene)
    images = {} if scene is None else scene.images(document)
    by_frame: dict[str, list[Label]] = {_frame_id(document, key): [] for key in document.frame_keys}
    for label in labels:
        by_frame.setdefault(label.frame_id, []).append(label)
    numbers = _kitti_numbers(list(by_frame))
    left_out = Counter[str]()
    lines = 0
    with replacing_files(writing.target) as folder:
        (folder / LABEL_FOLDER).mkdir()
        (folder / CALIBRATION_FOLDER).mkdir()
        for frame_id, members in by_frame.items():
            name = numbers[frame_id]
            pose, projection, calibration = _kitti_calibration(scene, options, frame_id, name)
            image = images.get((frame_id, camera))
            text, missing = kitti.to_kitti(
                members,
                camera=camera,
                camera_from_lidar=pose,
                projection=projection,
                image_size=options.image_size or (None if image is None else image.size),
            )
            left_out.update(missing)
            lines += text.count("\n")
            (folder / LABEL_FOLDER / f"{name}.txt").write_text(text, "utf-8")
            (folder / CALIBRATION_FOLDER / f"{name}.txt").write_text(calibration, "utf-8")
        if any(numbers[frame_id] != frame_id for frame_id in by_frame):
            with (folder / FRAME_NAMES).open("w", encoding="utf-8", newline="") as file:
                table = csv.writer(file, lineterminator="\n")
                table.writerow(("file", "frame_id"))
                table.writerows((numbers[frame_id], frame_id) for frame_id in by_frame)
    return Written(lines, left_out=_sentences(left_out))


def _kitti_numbers(frame_ids: list[str]) -> dict[str, str]:
    """File names of frames: readers of KITTI expect numbers of six digits."""
    if all(frame_id.isascii() and frame_id.isdecimal() for frame_id in frame_ids):
        padded = {frame_id: f"{int(frame_id):06d}" for frame_id in frame_ids}
        if len(set(padded.values())) == len(frame_ids):
            return padded
    return {frame_id: f"{number:06d}" for number, frame_id in enumerate(frame_ids)}


def _kitti_calibration(
    scene: AnnotatedScene | None, options: Options, frame_id: str, name: str
) -> tuple[FloatArray, FloatArray, str]:
    """Lidar to camera, P, and the text of the calibration file."""
    if options.calibration is not None:
        path = _of_frame(options.calibration, frame_id, name)
        return *kitti.read_calibration(path), path.read_text("utf-8")
    pose, projection = cast("AnnotatedScene", scene).kitti_calibration(cast("str", options.camera))
    return pose, projection, kitti.calibration_text(pose, projection)


def _read_nuscenes(reading: _Reading) -> Iterator[Label]:
    options, tables = reading.options, nuscenes.read_version(reading.source)
    frames = nuscenes.key_frames(tables, lidar=cast("str", options.lidar), scene=options.scene)
    return nuscenes.from_nuscenes(tables, frames, system=cast("nuscenes.System", options.system))


def _write_nuscenes(writing: _Writing, *, t4: bool = False) -> Written:
    options = writing.options
    tables = nuscenes.read_version(cast("Path", options.version))
    frames = nuscenes.key_frames(tables, lidar=cast("str", options.lidar), scene=options.scene)
    system = cast("nuscenes.System", options.system)
    written, left_out = nuscenes.to_nuscenes(
        writing.labels,
        to_world={frame.token: np.linalg.inv(frame.from_world(system)) for frame in frames},
        order=[frame.token for frame in frames],
        version=tables,
        t4=t4,
    )
    nuscenes.write_version(tables, written, writing.target)
    return Written(sum(label.cuboid is not None for label in writing.labels), left_out=left_out)


def _write_t4(writing: _Writing) -> Written:
    return _write_nuscenes(writing, t4=True)


def _read_coco(reading: _Reading) -> Iterator[Label]:
    camera = cast("str", reading.options.camera)
    for image, labels in coco.from_coco(read_json(reading.source), camera=camera):
        reading.uris[str(image.id)] = {camera: image.file_name}
        yield from labels


def _write_coco(writing: _Writing) -> Written:
    document, labels, options = writing.document, writing.labels, writing.options
    if options.camera:
        _expect_camera(labels, options.camera)
    found = {} if options.scene is None else AnnotatedScene.of_file(options.scene).images(document)
    wanted = {options.camera} if options.camera else _cameras(document, labels)
    images = {
        place: coco.CocoImage(id=number, file_name=name, width=size[0], height=size[1])
        for number, (place, name, size) in enumerate(_coco_images(document, wanted, found, options), start=1)
    }
    kept, left_out = [], Counter[str]()
    for label in labels:
        if not label.cameras:
            left_out["objects without a shape in an image, per frame"] += 1
        elif shown := label.within(wanted):
            kept.append(shown)
    written = coco.to_coco(kept, images=images)
    with replacing(writing.target) as file:
        file.write(json.dumps(written).encode())
    return Written(len(written["annotations"]), left_out=_sentences(left_out))


def _cameras(document: Document, labels: Iterable[Label]) -> set[str]:
    named = {name for name, stream in document.streams.items() if stream.get("type") == "camera"}
    return named | {camera for label in labels for camera in label.cameras}


def _coco_images(
    document: Document,
    cameras: set[str],
    images: Mapping[tuple[str, str], SceneImage],
    options: Options,
) -> Iterator[tuple[tuple[str, str], str, tuple[int, int]]]:
    """Every image of the document, labelled or not: frame ID and camera, file name, size."""
    # A document about a single image may have no frames; its labels are in frame 0.
    for key in document.frame_keys or ["0"]:
        known = key in document.frames
        frame_id, uris = (_frame_id(document, key), document.uris(key)) if known else (key, {})
        for camera in sorted(cameras):
            image = images.get((frame_id, camera))
            if image is None and options.scene is not None:
                continue  # the camera has no image in this frame
            size = options.image_size or cast("SceneImage", image).size
            yield (frame_id, camera), _image_name(options, frame_id, camera, uris, image), size


def _image_name(
    options: Options, frame_id: str, camera: str, uris: Mapping[str, str], image: SceneImage | None
) -> str:
    uri = uris.get(camera)
    if options.image_names is not None:
        fields = {"camera": camera, "frame_id": frame_id, "uri": uri or ""}
        try:
            name = options.image_names.format_map(fields)
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            raise click.BadParameter(
                f"{options.image_names!r} is not a pattern of {{camera}}, {{frame_id}} and {{uri}}: "
                f"{error!r}",
                param_hint="--image-names",
            ) from error
        if uri is not None or "{uri" not in options.image_names:
            return name
    known = image.name if image is not None else uri
    if known is None or options.image_names is not None:
        raise click.UsageError(
            f"the document does not name the image of {camera} in frame {frame_id}: pass --scene FILE, or "
            "--image-names PATTERN such as '{camera}/{frame_id}.jpg'"
        )
    return known


def _read_argoverse(reading: _Reading) -> Iterator[Label]:
    return argoverse.from_argoverse(argoverse.read_feather(reading.source))


def _write_argoverse(writing: _Writing) -> Written:
    labels = writing.labels
    names = {label.frame_id for label in labels}
    unknown = sorted(name for name in names if not name.isdecimal())
    if unknown:
        raise AnnotationError(
            f"frame {unknown[0]!r} is not a timestamp: Argoverse 2 names frames by nanoseconds"
        )
    table = argoverse.to_argoverse(labels, to_ego=np.eye(4), times_ns={name: int(name) for name in names})
    argoverse.write_feather(table, writing.target)
    without = sum(label.cuboid is None for label in labels)
    return Written(int(table.num_rows), left_out=_sentences({"objects without a cuboid": without}))


def _write_segmentations(document: Document, target: Path, form: str) -> Written:
    numbering = Numbering.of(document)
    written = count()
    with replacing_files(target) as folder:
        for segmentation in read_segmentations(document):
            name = _file_name(
                "_".join(filter(None, (segmentation.frame_id or segmentation.frame, segmentation.lidar)))
            )
            classes = numbering.classes(segmentation.labels)
            instances = numbering.instances(segmentation.labels)
            _SEGMENTATION_WRITERS[form](folder, name, classes, instances)
            next(written)
        total = next(written)
        if not total:
            raise AnnotationError(f"{document.name or 'the document'} has no lidar segmentation")
        names = {str(number): name for number, name in sorted(numbering.names.items())}
        (folder / CLASS_NAMES).write_text(json.dumps(names, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return Written(total, what="files")


def _frame_id(document: Document, key: str) -> str:
    return document.external_id(key) or key


def _file_name(name: str) -> str:
    # Frame IDs come from documents: nothing in them may lead out of the folder.
    return re.sub(r"[^\w.-]", "_", name).lstrip(".") or "frame"


def _sentences(left_out: Mapping[str, int]) -> list[str]:
    return [f"{number} {what}" for what, number in left_out.items() if number]


_READERS: Mapping[str, Callable[[_Reading], Iterator[Label]]] = {
    "kitti": _read_kitti,
    "nuscenes": _read_nuscenes,
    "t4": _read_nuscenes,
    "coco": _read_coco,
    "argoverse2": _read_argoverse,
}
_KINDS: Mapping[str, tuple[str, ...]] = {
    "kitti": ("cuboid", "bbox"),
    "nuscenes": ("cuboid",),
    "t4": ("cuboid",),
    "coco": ("bbox", "poly2d", "image"),
    "argoverse2": ("cuboid",),
}
_WRITERS: Mapping[str, Callable[[_Writing], Written]] = {
    "kitti": _write_kitti,
    "nuscenes": _write_nuscenes,
    "t4": _write_t4,
    "coco": _write_coco,
    "argoverse2": _write_argoverse,
}
_SEGMENTATION_WRITERS: Mapping[str, Callable[[Path, str, Any, Any], None]] = {
    "semantickitti": lambda folder, name, classes, instances: write_label(
        folder / f"{name}.label", classes, instances
    ),
    "lidarseg": lambda folder, name, classes, _: write_lidarseg(folder / f"{name}_lidarseg.bin", classes),
}
