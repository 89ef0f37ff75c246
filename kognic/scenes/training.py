"""Annotated scenes as a map-style dataset: images, point clouds and targets of one frame, aligned.

    dataset = AnnotatedFrames([("drive/scene.json", "export/annotations/a.json")], classes=["Car",
    "Pedestrian"]) sample = dataset[0]
    sample["images"]["FRONT"].shape, sample["points"].shape, sample["cuboids"].shape, sample["labels"]

A dataset has `len()` and `[index]`, holds no file open and can be pickled: `torch.utils.data.DataLoader`
takes it as it is, with any number of workers. `to_torch` and `to_hugging_face` add what the two libraries
expect. Frames of documents are matched with those of scenes by ID or resource name, never by position.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs
import numpy as np
import numpy.typing as npt
from PIL import Image

from kognic._core.annotation_errors import AnnotationError
from kognic._core.extras import needs_extra
from kognic.annotations.cuboids import as_cuboids
from kognic.annotations.document import Document, Geometry
from kognic.annotations.frames import match_frames
from kognic.annotations.reading import MANIFEST, exported_files, read_document
from kognic.annotations.segmentation import read_segmentations
from kognic.scenes.annotation_check import exported_id, scene_frames
from kognic.scenes.content.arrays import read_points
from kognic.scenes.content.points import PointArrays
from kognic.scenes.content.source import Source
from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.scene_file import load_scene_file
from kognic.scenes.scene_view import FileView, FrameView, SceneView

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration

Path_ = str | os.PathLike[str]
Sample = dict[str, Any]
UNKNOWN = -1
"""Label of points that the classes of a dataset do not have."""
_CACHED = 4
"""Scenes and documents that a process keeps: a loader that reads frames in order reads each file once."""


@attrs.frozen(kw_only=True)
class _Entry:
    scene: str
    annotation: str
    key: str
    frame_id: str


class AnnotatedFrames(Sequence[Sample]):
    """The annotated frames of scenes, one sample per frame.

    Args:
        pairs: Scene file and annotation document of each scene, as paths.
        classes: Class names; a label is the position of its class. Objects of other classes are left out.
        cameras: Cameras whose images are read; None for all, an empty list for none.
        with_points: Whether point clouds are read.

    A sample is a dict:

    - `scene`, `frame_id`: external ID of the scene, ID of the frame.
    - `images`: camera to pixels, uint8, shape (height, width, 3).
    - `points`: x, y, z in metres and intensity, float32, shape (N, 4), all lidars in the order of the frame,
      in the coordinate system of the cuboids: that of the only lidar, or the reference system with more than
      one lidar. Points are where the lidar saw them: nothing is motion-compensated.
    - `point_counts`: lidar to its number of points.
    - `cuboids`: Kognic's convention, float32, shape (M, 10).
    - `labels`, `tracks`: class of each cuboid, int64, shape (M,), and its object ID.
    - `boxes`: camera to left, top, right, bottom in pixels, float32, shape (K, 4).
    - `box_labels`: camera to the class of each box, int64, shape (K,).
    - `point_labels`: class of each point, int64, shape (N,); -1 for background and other classes. Only if
      the document has a lidar segmentation.

    Raises:
        AnnotationError: A document cannot be read, has no frame of its scene, or `classes` is empty or
            repeats a name.
        SceneFileError: A scene file cannot be used.
    """

    def __init__(
        self,
        pairs: Iterable[tuple[Path_, Path_]],
        *,
        classes: Sequence[str],
        cameras: Sequence[str] | None = None,
        with_points: bool = True,
    ) -> None:
        if not classes or len(set(classes)) != len(classes):
            raise AnnotationError(f"classes is {list(classes)}, must be names that do not repeat")
        self.classes = tuple(classes)
        self.cameras = None if cameras is None else tuple(cameras)
        self.with_points = with_points
        self._entries: list[_Entry] = []
        for scene, annotation in pairs:
            # What is read is kept by its path, which has to mean the same after a change of folder.
            self._entries += _entries(
                *(str(Path(path).expanduser().absolute()) for path in (scene, annotation))
            )

    @classmethod
    def of_export(
        cls, export: Path_, scenes: Mapping[str, Path_], *, classes: Sequence[str], **options: Any
    ) -> AnnotatedFrames:
        """Return a dataset of an export of a project.

        Args:
            export: Folder that `kognic annotation export` wrote.
            scenes: Scene file by UUID of the scene; annotations of other scenes are left out.
            classes: As of the class.
            **options: `cameras`, `with_points`.

        Raises:
            AnnotationError: The export has no annotation of these scenes or has ISO 8855 cuboids, or see the
                class.
        """
        folder = Path(export).expanduser()
        pairs = [(scenes[uuid], path) for uuid, path in _exported(folder) if uuid in scenes]
        if not pairs:
            raise AnnotationError(f"{folder} has no annotation of the {len(scenes)} scenes that are given")
        return cls(pairs, classes=classes, **options)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        entry = self._entries[index]
        document = _document(entry.annotation)
        view, sensors = _scene(entry.scene)
        frame = next(f for f in view.frames if exported_id(f) == entry.frame_id)
        sample: Sample = {"scene": view.external_id, "frame_id": entry.frame_id}
        wanted = view.camera_names if self.cameras is None else self.cameras
        sample["images"] = {file.sensor: _pixels(file) for file in frame.images if file.sensor in wanted}
        if self.with_points:
            sample["points"], sample["point_counts"] = _points(view, frame, sensors)
        sample.update(self._targets(document, entry.key))
        if (
            self.with_points
            and (labels := self._point_labels(document, entry.key, sample["point_counts"])) is not None
        ):
            sample["point_labels"] = labels
        return sample

    def index_rows(self) -> list[dict[str, str]]:
        """Return what identifies each sample: paths of scene and annotation, frame ID."""
        return [{"scene": e.scene, "annotation": e.annotation, "frame_id": e.frame_id} for e in self._entries]

    def _targets(self, document: Document, key: str) -> Sample:
        cuboids: list[npt.NDArray[np.float64]] = []
        labels: list[int] = []
        tracks: list[str] = []
        boxes: dict[str, list[list[float]]] = {}
        box_labels: dict[str, list[int]] = {}
        for geometry in _geometries(document, key):
            class_name = document.class_of(geometry.object_id)
            if class_name not in self.classes:
                continue
            label = self.classes.index(class_name)
            if geometry.kind == "cuboid":
                cuboids.append(as_cuboids(geometry.cuboid())[0])
                labels.append(label)
                tracks.append(geometry.object_id)
            elif geometry.sensor is not None:
                x, y, width, height = geometry.bbox()
                edges = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
                boxes.setdefault(geometry.sensor, []).append(edges)
                box_labels.setdefault(geometry.sensor, []).append(label)
        return {
            "cuboids": np.array(cuboids, dtype=np.float32).reshape(-1, 10),
            "labels": np.array(labels, dtype=np.int64),
            "tracks": tracks,
            "boxes": {camera: np.array(edges, dtype=np.float32) for camera, edges in boxes.items()},
            "box_labels": {camera: np.array(found, dtype=np.int64) for camera, found in box_labels.items()},
        }

    def _point_labels(
        self, document: Document, key: str, counts: Mapping[str, int]
    ) -> npt.NDArray[np.int64] | None:
        frame_id = document.external_id(key) or key
        parts = {name: np.full(count, UNKNOWN, dtype=np.int64) for name, count in counts.items()}
        found = False
        points = {frame_id: cast("Mapping[str | None, int]", counts)}
        for segmentation in read_segmentations(document.only(key), points):
            found = True
            indices, names = segmentation.class_ids()
            table = np.array([self.classes.index(n) if n in self.classes else UNKNOWN for n in names])
            labels = table[indices]
            if segmentation.lidar in parts:
                parts[str(segmentation.lidar)] = labels
            else:
                ends = np.cumsum(list(counts.values()))[:-1]
                parts = dict(zip(counts, np.split(labels, ends), strict=True))
        return np.concatenate([*parts.values(), np.empty(0, dtype=np.int64)]) if found else None


def to_torch(dataset: AnnotatedFrames) -> Any:
    """Return the dataset with tensors instead of arrays, as a `torch.utils.data.Dataset`.

    Images become float tensors of shape (3, height, width), 0 to 1; all other arrays keep their shape.

    Raises:
        ModuleNotFoundError: The extra `torch` is not installed.
    """
    try:
        import torch  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            needs_extra("PyTorch is not installed", "torch"), name=error.name
        ) from error

    def tensors(value: Any, *, is_image: bool = False) -> Any:
        if isinstance(value, dict):
            return {
                name: tensors(item, is_image=is_image or name == "images") for name, item in value.items()
            }
        if not isinstance(value, np.ndarray):
            return value
        tensor = torch.from_numpy(np.ascontiguousarray(value))
        return tensor.permute(2, 0, 1).float() / 255 if is_image else tensor

    class TorchFrames(torch.utils.data.Dataset):  # type: ignore[misc]
        """Samples of annotated frames as tensors."""

        def __len__(self) -> int:
            return len(dataset)

        def __getitem__(self, index: int) -> Sample:
            found: Sample = tensors(dataset[index])
            return found

    return TorchFrames()


def as_list(samples: list[Sample]) -> list[Sample]:
    """Return a `collate_fn` for `DataLoader`: frames differ in points and objects, and are not stacked."""
    return samples


def to_hugging_face(dataset: AnnotatedFrames) -> Any:
    """Return a `datasets.Dataset` whose rows are read when they are accessed: nothing is copied.

    Raises:
        ModuleNotFoundError: The extra `datasets` is not installed.
    """
    try:
        import datasets  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            needs_extra("datasets is not installed", "datasets"), name=error.name
        ) from error
    rows = dataset.index_rows()
    columns: dict[str, list[Any]] = {"index": list(range(len(rows)))}
    columns.update({name: [row[name] for row in rows] for name in ("scene", "annotation", "frame_id")})

    def read(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        samples = [dataset[index] for index in batch["index"]]
        names = dict.fromkeys(name for sample in samples for name in sample)
        return {name: [sample.get(name) for sample in samples] for name in names}

    return datasets.Dataset.from_dict(columns).with_transform(read)


def _exported(folder: Path) -> list[tuple[str, str]]:
    if not (folder / MANIFEST).is_file():
        raise AnnotationError(f"{folder} has no {MANIFEST}: it is not an export of annotations")
    return [(str(entry["scene_uuid"]), str(path)) for path, entry in exported_files(folder)]


def _entries(scene: str, annotation: str) -> list[_Entry]:
    document = _document(annotation)
    view, _ = _scene(scene)
    match = match_frames(document, scene_frames(view))
    if not match.frames:
        raise AnnotationError(f"no frame of {annotation} is a frame of {scene}")
    return [
        _Entry(scene=scene, annotation=annotation, key=key, frame_id=frame_id)
        for key, frame_id in match.frames.items()
    ]


@functools.lru_cache(maxsize=_CACHED)
def _document(path: str) -> Document:
    return read_document(path)


@functools.lru_cache(maxsize=_CACHED)
def _scene(path: str) -> tuple[SceneView, Mapping[str, BaseCalibration]]:
    described = load_scene_file(path, look_at_files=False)
    return described.view(), {} if described.calibration is None else dict(described.calibration.calibration)


def _geometries(document: Document, key: str) -> Iterable[Geometry]:
    for object_id in document.objects_in(key):
        yield from document.geometries_of(key, object_id, ("cuboid", "bbox"))


def _pixels(file: FileView) -> npt.NDArray[np.uint8]:
    if file.content is None:
        raise AnnotationError(f"{file.place}: the image {file.name} is not on this machine")
    with Source.of(file.content).open() as stream, Image.open(stream) as image:
        return np.array(image.convert("RGB"))


def _points(
    view: SceneView, frame: FrameView, sensors: Mapping[str, BaseCalibration]
) -> tuple[npt.NDArray[np.float32], dict[str, int]]:
    """Every point of the frame's files: segmentations count them all."""
    parts, counts = [np.empty((0, 4), dtype=np.float32)], {}
    for file in frame.clouds:
        points = _cloud(file)
        xyz = points.xyz
        if len(view.lidar_names) > 1:
            if file.sensor not in sensors:
                raise AnnotationError(
                    f"{file.place}: {file.sensor} has no calibration to merge its points by"
                )
            xyz = Rigid.of_sensor(sensors[file.sensor]).apply(xyz)
        intensity = np.zeros(len(xyz)) if points.intensity is None else points.intensity
        parts.append(np.column_stack([xyz, intensity]).astype(np.float32))
        counts[file.sensor] = len(xyz)
    return np.concatenate(parts), counts


def _cloud(file: FileView) -> PointArrays:
    if file.content is None:
        raise AnnotationError(f"{file.place}: the point cloud {file.name} is not on this machine")
    return read_points(Source.of(file.content), file.format or file.name.rpartition(".")[2])
