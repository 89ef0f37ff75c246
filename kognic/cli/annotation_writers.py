"""OpenLABEL documents in the formats of `kognic annotation convert`: one document, or all of an export.

Documents are read one at a time, and what is written of one is in its file before the next is read.
`kognic.cli.annotation_formats` reads the formats.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import attrs
import click
import numpy as np

from kognic._core.annotation_errors import AnnotationError
from kognic._core.files import replacing, replacing_files
from kognic._core.wording import counted, of_plural
from kognic.annotations.convert import argoverse, coco, kitti, masks, nuscenes
from kognic.annotations.convert.point_labels import write_label, write_lidarseg, write_png
from kognic.annotations.document import ANY_GEOMETRY, Document
from kognic.annotations.labels import Interpolated, Label, labels_of
from kognic.annotations.reading import read_documents
from kognic.annotations.segmentation import BACKGROUND, Numbering, read_segmentations
from kognic.scenes.annotated_scene import AnnotatedScene, AnnotatedScenes, SceneImage

if TYPE_CHECKING:
    from kognic.annotations.rotations import FloatArray
    from kognic.cli.annotation_options import Options

LABEL_FOLDER, CALIBRATION_FOLDER, FRAME_NAMES = "label_2", "calib", "frames.csv"
CLASS_NAMES = "classes.json"
_OF_MORE = (".jsonl", ".parquet")


@attrs.frozen
class Written:
    """What a conversion wrote.

    Attributes:
        count: How much of it.
        what: Of what, for example `labels`.
        left_out: What the format cannot hold, as sentences.
        notes: What else the user has to know, as sentences.
    """

    count: int
    what: str = "labels"
    left_out: list[str] = attrs.field(factory=list)
    notes: list[str] = attrs.field(factory=list)


@attrs.define(eq=False, slots=False)
class Writing:
    """A conversion from OpenLABEL.

    Attributes:
        sources: Documents, folders and exports.
        target: File or folder to write.
        options: Of the command.
        kinds: Kinds of geometry that the format has.
        left_out: What it does not have, counted while documents are read.
        cameras: Cameras in which something is labelled, of all documents so far.
        documents: Number of documents so far.
    """

    sources: Sequence[Path]
    target: Path
    options: Options
    kinds: Sequence[str] = ()
    left_out: Counter[str] = attrs.field(factory=Counter)
    cameras: set[str] = attrs.field(factory=set)
    documents: int = 0

    @property
    def is_many(self) -> bool:
        """Whether the sources can have more than one document."""
        return len(self.sources) > 1 or any(
            source.is_dir() or source.suffix in _OF_MORE for source in self.sources
        )

    def read(self) -> Iterator[Document]:
        """Read the documents one at a time; also more than once."""
        for source in self.sources:
            yield from read_documents(source)

    def labels(self, document: Document) -> list[Label]:
        """Return the labels of a document, and count what the format does not have."""
        self.documents += 1
        self.left_out.update(_unconverted(document, self.kinds))
        interpolated: Interpolated = "drop" if self.options.drop_interpolated else "keep"
        labels = list(
            labels_of(document, interpolated=interpolated, camera=self.options.camera, kinds=self.kinds)
        )
        self.cameras.update(camera for label in labels for camera in label.cameras)
        return labels

    @cached_property
    def scenes(self) -> AnnotatedScenes | None:
        """The scene files of --scene."""
        return AnnotatedScenes.of(self.options.scene) if self.options.scene else None

    def expect_camera(self, camera: str) -> None:
        """Refuse the name of a camera in which nothing is labelled, if others have labels."""
        if self.cameras and camera not in self.cameras:
            raise click.BadParameter(
                f"nothing is labelled in {camera}; cameras with labels: {', '.join(sorted(self.cameras))}",
                param_hint="--camera",
            )

    def written(
        self, number: int, what: str = "labels", left_out: Iterable[str] = (), notes: Iterable[str] = ()
    ) -> Written:
        """Sum up the conversion."""
        if self.is_many:
            what = f"{what} of {counted(self.documents, 'document')}"
        return Written(number, what, [*_sentences(self.left_out), *left_out], list(notes))


def of_openlabel(target_format: str, sources: Sequence[Path], target: Path, options: Options) -> Written:
    """Read OpenLABEL documents, and write them in a format.

    Raises:
        AnnotationError: A document cannot be read or has no place in the format; nothing is written.
        UsageError: An option does not fit the documents.
    """
    if target_format in _SEGMENTATION_WRITERS:
        return _write_segmentations(Writing(sources, target, options), target_format)
    kinds, write = _WRITERS[target_format]
    return write(Writing(sources, target, options, kinds))


def frame_id_of(document: Document, key: str) -> str:
    """Return the frame ID of a frame: its external ID, or its key without one."""
    return document.external_id(key) or key


def file_name(name: str) -> str:
    """Return a name for a file; names in documents may not lead out of the folder."""
    return re.sub(r"[^\w.-]", "_", name).lstrip(".") or "frame"


def of_frame(calibration: Path, frame_id: str, name: str) -> Path:
    """Return the calibration file of a frame, called after its ID or after its label file."""
    if not calibration.is_dir():
        return calibration
    own = calibration / f"{file_name(frame_id)}.txt"
    return own if own.is_file() else calibration / f"{name}.txt"


def _scene_name(document: Document) -> str:
    return document.scene_external_id or document.scene_uuid or document.name or "document"


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


def _sentences(left_out: Mapping[str, int]) -> list[str]:
    return [of_plural(number, what) for what, number in left_out.items() if number]


def _write_kitti(writing: Writing) -> Written:
    camera = cast("str", writing.options.camera)
    total, numbers = 0, count()
    with replacing_files(writing.target) as folder:
        (folder / LABEL_FOLDER).mkdir()
        (folder / CALIBRATION_FOLDER).mkdir()
        is_renamed = writing.is_many
        with (folder / FRAME_NAMES).open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(("file", "frame_id", "scene") if writing.is_many else ("file", "frame_id"))
            for document in writing.read():
                by_frame: dict[str, list[Label]] = {
                    frame_id_of(document, key): [] for key in document.frame_keys
                }
                for label in writing.labels(document):
                    by_frame.setdefault(label.frame_id, []).append(label)
                if not writing.is_many:
                    writing.expect_camera(camera)
                names = _kitti_names(list(by_frame), numbers if writing.is_many else None)
                is_renamed = is_renamed or any(names[frame_id] != frame_id for frame_id in by_frame)
                total += _write_kitti_frames(writing, document, by_frame, names, folder)
                scene = (_scene_name(document),) if writing.is_many else ()
                table.writerows((names[frame_id], frame_id, *scene) for frame_id in by_frame)
        if not is_renamed:
            (folder / FRAME_NAMES).unlink()
        writing.expect_camera(camera)
    return writing.written(total)


def _kitti_names(frame_ids: list[str], numbers: Iterator[int] | None) -> dict[str, str]:
    """File names of frames: readers of KITTI expect numbers of six digits.

    With `numbers` they are counted on from the document before.
    """
    if numbers is None and all(frame_id.isascii() and frame_id.isdecimal() for frame_id in frame_ids):
        padded = {frame_id: f"{int(frame_id):06d}" for frame_id in frame_ids}
        if len(set(padded.values())) == len(frame_ids):
            return padded
    return {
        frame_id: f"{number:06d}" for frame_id, number in zip(frame_ids, numbers or count(), strict=False)
    }


def _write_kitti_frames(
    writing: Writing,
    document: Document,
    by_frame: Mapping[str, Sequence[Label]],
    names: Mapping[str, str],
    folder: Path,
) -> int:
    """Write the frames of a document, and return the number of lines."""
    options, camera = writing.options, cast("str", writing.options.camera)
    scene = None if writing.scenes is None else writing.scenes.find(document)
    images = {} if scene is None else scene.images(document)
    lines = 0
    for frame_id, members in by_frame.items():
        name = names[frame_id]
        pose, projection, calibration = _kitti_calibration(scene, options, frame_id, name)
        image = images.get((frame_id, camera))
        text, missing = kitti.to_kitti(
            members,
            camera=camera,
            camera_from_lidar=pose,
            projection=projection,
            image_size=options.image_size or (None if image is None else image.size),
        )
        writing.left_out.update(missing)
        lines += text.count("\n")
        (folder / LABEL_FOLDER / f"{name}.txt").write_text(text, "utf-8")
        (folder / CALIBRATION_FOLDER / f"{name}.txt").write_text(calibration, "utf-8")
    return lines


def _kitti_calibration(
    scene: AnnotatedScene | None, options: Options, frame_id: str, name: str
) -> tuple[FloatArray, FloatArray, str]:
    """Lidar to camera, P, and the text of the calibration file."""
    if options.calibration is not None:
        path = of_frame(options.calibration, frame_id, name)
        return *kitti.read_calibration(path), path.read_text("utf-8")
    pose, projection = cast("AnnotatedScene", scene).kitti_calibration(cast("str", options.camera))
    return pose, projection, kitti.calibration_text(pose, projection)


def _write_nuscenes(writing: Writing, *, t4: bool = False) -> Written:
    options = writing.options
    tables = nuscenes.read_version(cast("Path", options.version))
    frames = nuscenes.key_frames(tables, lidar=cast("str", options.lidar), scene=options.scene_name)
    if options.scene_name is None:
        # Annotations of scenes that no document is about stay as they are.
        labelled = {frame_id_of(document, key) for document in writing.read() for key in document.frame_keys}
        scenes = {frame.scene for frame in frames if frame.token in labelled}
        frames = [frame for frame in frames if frame.scene in scenes]
    system = cast("nuscenes.System", options.system)
    cuboids = 0

    def labels() -> Iterator[Label]:
        nonlocal cuboids
        for document in writing.read():
            for label in writing.labels(document):
                cuboids += label.cuboid is not None
                yield label

    written, left_out = nuscenes.to_nuscenes(
        labels(),
        to_world={frame.token: np.linalg.inv(frame.from_world(system)) for frame in frames},
        order=[frame.token for frame in frames],
        version=tables,
        t4=t4,
    )
    nuscenes.write_version(tables, written, writing.target)
    return writing.written(cuboids, left_out=left_out)


def _write_t4(writing: Writing) -> Written:
    return _write_nuscenes(writing, t4=True)


@attrs.define(eq=False)
class _CocoFile:
    """A COCO file that is written document by document: only images and classes stay in memory.

    Attributes:
        images: By scene, frame ID and camera.
        numbers: Number of each class.
        annotations: How many are written.
        owners: The scene of each file name.
        elsewhere: Images whose file name leads to no file.
    """

    file: IO[bytes]
    images: dict[tuple[str, str, str], coco.CocoImage] = attrs.field(factory=dict)
    numbers: dict[str, int] = attrs.field(factory=dict)
    annotations: int = 0
    owners: dict[str, str] = attrs.field(factory=dict)
    elsewhere: int = 0

    def image(self, place: tuple[str, str, str], name: str, size: tuple[int, int]) -> coco.CocoImage:
        """Return the image at a place; one that is in two documents of its scene is one image."""
        if place not in self.images:
            owner = self.owners.setdefault(name, place[0])
            if owner != place[0]:
                raise click.UsageError(
                    f"an image of {owner} and one of {place[0]} have the file name {name!r}: pass --scene "
                    "DIR with the scene files, or --image-names PATTERN with {scene}"
                )
            self.images[place] = coco.CocoImage(
                id=len(self.images) + 1, file_name=name, width=size[0], height=size[1]
            )
        return self.images[place]

    def add(self, labels: Iterable[Label], images: Mapping[tuple[str, str], coco.CocoImage]) -> None:
        """Write the annotations of a document."""
        first = self.annotations + 1
        for entry in coco.coco_annotations(labels, images=images, numbers=self.numbers, first=first):
            self.file.write((", " if self.annotations else "").encode() + json.dumps(entry).encode())
            self.annotations += 1

    def finish(self) -> None:
        """Write what follows the annotations."""
        images = ", ".join(json.dumps(attrs.asdict(image)) for image in self.images.values())
        categories = json.dumps(coco.category_entries(self.numbers))
        self.file.write(f'], "images": [{images}], "categories": {categories}}}'.encode())


def _write_coco(writing: Writing) -> Written:
    options = writing.options
    with replacing(writing.target) as file:
        file.write(b'{"annotations": [')
        target = _CocoFile(file)
        for document in writing.read():
            labels = writing.labels(document)
            if options.camera and not writing.is_many:
                writing.expect_camera(options.camera)
            wanted = {options.camera} if options.camera else _cameras(document, labels)
            images = dict(_coco_images(writing, document, wanted, target))
            kept = []
            for label in labels:
                if not label.cameras:
                    writing.left_out["objects without a shape in an image, per frame"] += 1
                elif shown := label.within(wanted):
                    kept.append(shown)
            target.add(kept, images)
        if options.camera:
            writing.expect_camera(options.camera)
        target.finish()
    return writing.written(target.annotations, notes=_elsewhere(writing, target))


def _elsewhere(writing: Writing, target: _CocoFile) -> Iterator[str]:
    if target.elsewhere and writing.scenes is not None:
        yield (
            f"{counted(target.elsewhere, 'file name')} without a file in {writing.target}: these images are "
            "inside the recording. 'kognic import ... --materialize' writes them beside the scene file, "
            f"under these names, which start from {writing.scenes.start}"
        )


def _cameras(document: Document, labels: Iterable[Label]) -> set[str]:
    named = {name for name, stream in document.streams.items() if stream.get("type") == "camera"}
    return named | {camera for label in labels for camera in label.cameras}


def _coco_images(
    writing: Writing, document: Document, cameras: set[str], target: _CocoFile
) -> Iterator[tuple[tuple[str, str], coco.CocoImage]]:
    """Every image of a document, labelled or not, by frame ID and camera."""
    options, scenes = writing.options, writing.scenes
    found = {} if scenes is None else scenes.find(document).images(document, start=scenes.start)
    # Documents without the name of a scene are scenes of their own.
    scene = _scene_name(document) if writing.is_many else ""
    # A document about a single image may have no frames; its labels are in frame 0.
    for key in document.frame_keys or ["0"]:
        known = key in document.frames
        frame_id, uris = (frame_id_of(document, key), document.uris(key)) if known else (key, {})
        for camera in sorted(cameras):
            image = found.get((frame_id, camera))
            if image is None and scenes is not None:
                continue  # the camera has no image in this frame
            size = options.image_size or cast("SceneImage", image).size
            fields = {"camera": camera, "frame_id": frame_id, "scene": _scene_name(document)}
            place = (scene, frame_id, camera)
            is_new = place not in target.images
            yield (
                (frame_id, camera),
                target.image(place, _image_name(options, fields, uris.get(camera), image), size),
            )
            if is_new and image is not None and image.is_elsewhere and options.image_names is None:
                target.elsewhere += 1


def _image_name(
    options: Options, fields: Mapping[str, str], uri: str | None, image: SceneImage | None
) -> str:
    if options.image_names is not None:
        try:
            name = options.image_names.format_map({**fields, "uri": uri or ""})
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            raise click.BadParameter(
                f"{options.image_names!r} is not a pattern of {{camera}}, {{frame_id}}, {{scene}} and "
                f"{{uri}}: {error!r}",
                param_hint="--image-names",
            ) from error
        if uri is not None or "{uri" not in options.image_names:
            return name
    known = image.name if image is not None else uri
    if known is None or options.image_names is not None:
        raise click.UsageError(
            f"the document does not name the image of {fields['camera']} in frame {fields['frame_id']}: pass "
            "--scene FILE, or --image-names PATTERN such as '{camera}/{frame_id}.jpg'"
        )
    return known


def _write_argoverse(writing: Writing) -> Written:
    def write(document: Document, path: Path) -> int:
        labels = writing.labels(document)
        names = {label.frame_id for label in labels}
        unknown = sorted(name for name in names if not name.isdecimal())
        if unknown:
            raise AnnotationError(
                f"frame {unknown[0]!r} is not a timestamp: Argoverse 2 names frames by nanoseconds"
            )
        table = argoverse.to_argoverse(labels, to_ego=np.eye(4), times_ns={name: int(name) for name in names})
        argoverse.write_feather(table, path)
        writing.left_out["objects without a cuboid"] += sum(label.cuboid is None for label in labels)
        return int(table.num_rows)

    return writing.written(_one_by_one(writing, write, "annotations.feather"))


def _one_by_one(writing: Writing, write: Callable[[Document, Path], int], file: str = "") -> int:
    """Write one document to the target, or each of more than one to a folder of its own in it."""
    if not writing.is_many:
        (document,) = writing.read()
        return write(document, writing.target)
    total, taken = 0, set[str]()
    with replacing_files(writing.target) as folder:
        for document in writing.read():
            total += write(document, _own_folder(document, folder, taken) / file)
    return total


def _own_folder(document: Document, folder: Path, taken: set[str]) -> Path:
    """Make a folder for a document, named for its scene."""
    name = file_name(_scene_name(document))
    own = next(
        tried for number in count(1) if (tried := name if number == 1 else f"{name}-{number}") not in taken
    )
    taken.add(own)
    (folder / own).mkdir()
    return folder / own


def _write_masks(writing: Writing) -> Written:
    options = writing.options
    numbers: dict[str, int] = {}
    total, overlapping, taken = 0, 0, set[str]()
    with replacing_files(writing.target) as folder:
        for document in writing.read():
            labels = writing.labels(document)
            if options.camera and not writing.is_many:
                writing.expect_camera(options.camera)
            wanted = {options.camera} if options.camera else _cameras(document, labels)
            kept = []
            for label in labels:
                if not label.outlines and not label.masks:
                    writing.left_out["objects without an outline or a mask, per frame"] += 1
                elif shown := label.within(wanted):
                    kept.append(shown)
            own = _own_folder(document, folder, taken) if writing.is_many else folder
            sizes = dict(_image_sizes(writing, document, wanted))
            for mask in masks.masks_of(document, kept, sizes=sizes, numbers=numbers):
                place = own / file_name(mask.camera)
                place.mkdir(exist_ok=True)
                name = file_name(mask.frame_id)
                write_png(place / f"{name}.png", mask.classes)
                write_png(place / f"{name}_instances.png", mask.instances)
                overlapping += mask.overlapping
                total += 1
        if options.camera:
            writing.expect_camera(options.camera)
        _write_classes(
            folder, {BACKGROUND: "background"} | {number: name for name, number in numbers.items()}
        )
    notes = []
    if overlapping:
        notes.append(
            f"{of_plural(overlapping, 'pixels')} in more than one object: the object that comes later in its "
            "document has them"
        )
    return writing.written(total, "images", notes=notes)


def _image_sizes(
    writing: Writing, document: Document, cameras: set[str]
) -> Iterator[tuple[tuple[str, str], tuple[int, int]]]:
    """Width and height of every image of a document, labelled or not, by frame ID and camera."""
    if writing.scenes is not None:
        for image, found in writing.scenes.find(document).images(document).items():
            if image[1] in cameras:
                yield image, writing.options.image_size or found.size
        return
    for key in document.frame_keys or ["0"]:
        frame_id = frame_id_of(document, key) if key in document.frames else key
        for camera in sorted(cameras):
            yield (frame_id, camera), cast("tuple[int, int]", writing.options.image_size)


def _write_classes(folder: Path, names: Mapping[int, str]) -> None:
    entries = {str(number): name for number, name in sorted(names.items())}
    (folder / CLASS_NAMES).write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _write_segmentations(writing: Writing, form: str) -> Written:
    def write(document: Document, target: Path) -> int:
        writing.documents += 1
        numbering = Numbering.of(document)
        total = 0
        with replacing_files(target) as folder:
            for segmentation in read_segmentations(document):
                name = file_name(
                    "_".join(filter(None, (segmentation.frame_id or segmentation.frame, segmentation.lidar)))
                )
                classes = numbering.classes(segmentation.labels)
                instances = numbering.instances(segmentation.labels)
                _SEGMENTATION_WRITERS[form](folder, name, classes, instances)
                total += 1
            if not total:
                raise AnnotationError(f"{document.name or 'the document'} has no lidar segmentation")
            _write_classes(folder, numbering.names)
        return total

    return writing.written(_one_by_one(writing, write), "files")


_WRITERS: Mapping[str, tuple[tuple[str, ...], Callable[[Writing], Written]]] = {
    "kitti": (("cuboid", "bbox"), _write_kitti),
    "nuscenes": (("cuboid",), _write_nuscenes),
    "t4": (("cuboid",), _write_t4),
    "coco": (("bbox", "poly2d", "image"), _write_coco),
    "argoverse2": (("cuboid",), _write_argoverse),
    "masks": (("poly2d", "image"), _write_masks),
}
"""Kinds of geometry that each format has, and its writer."""
_SEGMENTATION_WRITERS: Mapping[str, Callable[[Path, str, Any, Any], None]] = {
    "semantickitti": lambda folder, name, classes, instances: write_label(
        folder / f"{name}.label", classes, instances
    ),
    "lidarseg": lambda folder, name, classes, _: write_lidarseg(folder / f"{name}_lidarseg.bin", classes),
}
