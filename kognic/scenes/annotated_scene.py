"""What conversions of annotations need of their scene: names and sizes of images, a KITTI calibration.

scene = AnnotatedScene.of_file("drive/scene.json")
scene.images(document)["0", "FRONT"].name
camera_from_lidar, projection = scene.kitti_calibration("FRONT")

`AnnotatedScenes` finds the scene of each document of an export among scene files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import attrs
import numpy as np

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.document import Document
from kognic.annotations.frames import match_frames
from kognic.scenes.annotation_check import exported_id, scene_frames
from kognic.scenes.content.images import survey_image
from kognic.scenes.geometry.poses import FloatArray, Rigid
from kognic.scenes.geometry.projection import is_camera, kind_of
from kognic.scenes.scene_file import load_scene_file
from kognic.scenes.scene_search import find_scene_files
from kognic.scenes.scene_view import FileView, SceneView

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration, PinholeCalibration
    from kognic.io.model.calibration.camera.common import BaseCameraCalibration


@attrs.frozen(kw_only=True)
class SceneImage:
    """An image of a scene.

    Attributes:
        name: Path from the folder of the scene file, or from the folder that the names start from; the
            scene's own name of an image that is elsewhere, such as in a recording.
        size: Width and height, pixels.
        is_elsewhere: Whether no file is at `name`.
    """

    name: str
    size: tuple[int, int]
    is_elsewhere: bool = False


@attrs.frozen(kw_only=True, eq=False)
class AnnotatedScene:
    """A scene on disk, as the counterpart of its annotations.

    Attributes:
        folder: The scene file is in it.
        view: The scene.
        sensors: Its calibration; empty without one.
    """

    folder: Path
    view: SceneView
    sensors: Mapping[str, BaseCalibration]

    @classmethod
    def of_file(cls, path: str | os.PathLike[str]) -> AnnotatedScene:
        """Read a scene file; its images and clouds are not opened.

        Raises:
            SceneFileError: The scene file cannot be used.
        """
        described = load_scene_file(path, look_at_files=False)
        return cls(
            folder=Path(path).expanduser().absolute().parent,
            view=described.view(),
            sensors={} if described.calibration is None else dict(described.calibration.calibration),
        )

    def images(self, document: Document, *, start: Path | None = None) -> dict[tuple[str, str], SceneImage]:
        """Images of the frames of a document, by frame ID of the document and camera.

        Args:
            document: An annotation of the scene.
            start: Absolute path of the folder that names of images start from; None for that of the scene
                file.

        Raises:
            AnnotationError: No frame of the document is a frame of the scene, or an image has no known size.
        """
        match = match_frames(document, scene_frames(self.view))
        if document.frames and not match.frames:
            raise AnnotationError(
                f"no frame of {document.name or 'the document'} is a frame of scene {self.view.external_id}"
            )
        by_id = {exported_id(frame): frame for frame in self.view.frames}
        return {
            (document.external_id(key) or key, file.sensor): self._image(file, start or self.folder)
            for key, frame_id in match.frames.items()
            for file in by_id[frame_id].images
        }

    def _image(self, file: FileView, start: Path) -> SceneImage:
        size = self._size(file)
        if file.path is not None and file.path.absolute().is_relative_to(start):
            return SceneImage(name=file.path.absolute().relative_to(start).as_posix(), size=size)
        # Where `kognic import --materialize` writes it: beside the scene file.
        folder = self.folder.relative_to(start) if self.folder.is_relative_to(start) else Path()
        return SceneImage(name=(folder / file.name).as_posix(), size=size, is_elsewhere=True)

    def _size(self, file: FileView) -> tuple[int, int]:
        sensor = self.sensors.get(file.sensor)
        if sensor is not None and is_camera(sensor):
            camera = cast("BaseCameraCalibration", sensor)
            return camera.image_width, camera.image_height
        facts = None if file.path is None else survey_image(file.path, full=False)[0]
        if facts is None:
            raise AnnotationError(
                f"{file.place}: {file.sensor} has no calibration to take the image size from"
            )
        return facts.width, facts.height

    def kitti_calibration(self, camera: str) -> tuple[FloatArray, FloatArray]:
        """Return the transform from the cuboids' system to a camera, shape (4, 4), and its P, shape (3, 4).

        Cuboids are in the system of the only lidar, with more than one lidar in the reference system: that
        system stands for KITTI's velodyne.

        Raises:
            AnnotationError: The scene has no calibration of the camera or lidar, or the camera is not a
                pinhole camera without distortion, which all images of KITTI are.
        """
        sensor = self.sensors.get(camera)
        if sensor is None or not is_camera(sensor):
            known = ", ".join(name for name, entry in self.sensors.items() if is_camera(entry)) or "none"
            raise AnnotationError(f"the scene has no calibration of a camera {camera!r}; it has {known}")
        if kind_of(sensor) != "pinhole" or _is_distorted(cast("PinholeCalibration", sensor)):
            raise AnnotationError(
                f"{camera} is a {kind_of(sensor)} camera with lens distortion, and KITTI describes rectified "
                "images only: import the recording again with 'kognic import ... --undistort' and use "
                "that scene, or pass a KITTI calibration of rectified images with --calibration"
            )
        to_reference = Rigid.identity()
        lidars = self.view.lidar_names
        if len(lidars) == 1:
            if lidars[0] not in self.sensors:
                raise AnnotationError(f"the scene has no calibration of its lidar {lidars[0]!r}")
            to_reference = Rigid.of_sensor(self.sensors[lidars[0]])
        matrix = cast("PinholeCalibration", sensor).camera_matrix
        projection = np.array(
            [[matrix.fx, 0, matrix.cx, 0], [0, matrix.fy, matrix.cy, 0], [0, 0, 1, 0]], dtype=float
        )
        return (Rigid.of_sensor(sensor).inverse() @ to_reference).matrix, projection


@attrs.frozen(kw_only=True, eq=False)
class AnnotatedScenes:
    """Scene files, among which the scene of each document is found; one of them is in memory at a time.

    Attributes:
        start: Folder that names of images start from: the one that was given, or what all files have in
            common.
        paths: Scene files by external ID.
    """

    start: Path
    paths: Mapping[str, Sequence[Path]]
    _last: dict[Path, AnnotatedScene] = attrs.field(factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, given: Sequence[str | os.PathLike[str]]) -> AnnotatedScenes:
        """Find scene files: files as given, and those in folders.

        Raises:
            FileNotFoundError: A path does not exist, or a folder holds no scene file.
            SceneFileError: A scene file cannot be used.
        """
        places = [Path(path).expanduser().absolute() for path in given]
        folders = [path if path.is_dir() else path.parent for path in places]
        paths: dict[str, list[Path]] = {}
        for path in dict.fromkeys(find_scene_files(places)):
            paths.setdefault(load_scene_file(path, look_at_files=False).external_id, []).append(path)
        return cls(start=Path(os.path.commonpath(folders)), paths=paths)

    def find(self, document: Document) -> AnnotatedScene:
        """Return the scene of a document.

        It is found by the external ID that an export names, or by which the file of the document is called.
        A document without such a name has the only scene, or the only one with its frames.

        Raises:
            AnnotationError: There is no such scene, or more than one.
            SceneFileError: A scene file cannot be used.
        """
        found: Sequence[Path]
        name = document.scene_external_id
        if name is None and document.name in self.paths:
            name = document.name
        if name is not None:
            found = self.paths.get(name, ())
            if not found:
                raise AnnotationError(
                    f"there is no scene file of scene {name!r}, which {document.name or 'a document'} is "
                    f"about; there are {_some(self.paths)}: pass the folder of its scene file with --scene"
                )
        else:
            every = [path for paths in self.paths.values() for path in paths]
            found = every if len(every) == 1 else list(self._with_frames_of(document, every))
            if not found:
                raise AnnotationError(
                    f"no frame of {document.name or 'the document'} is a frame of one of {len(every)} "
                    f"scenes, {_some(self.paths)}: pass the folder of its scene file with --scene"
                )
        if len(found) > 1:
            raise AnnotationError(
                f"{document.name or 'the document'} can be about {len(found)} scenes, "
                f"{_some(list(map(str, found)))}: pass the right one with --scene, or export the annotations "
                "again, which adds the external ID of each scene to manifest.jsonl"
            )
        return self._read(found[0])

    def _with_frames_of(self, document: Document, paths: Sequence[Path]) -> Iterator[Path]:
        """Scene files that have every frame of a document."""
        for path in paths:
            match = match_frames(document, scene_frames(self._read(path).view))
            if match.frames and not match.unmatched:
                yield path

    def _read(self, path: Path) -> AnnotatedScene:
        if path not in self._last:
            self._last.clear()
            self._last[path] = AnnotatedScene.of_file(path)
        return self._last[path]


def _some(names: Mapping[str, object] | Sequence[str]) -> str:
    shown = ", ".join(list(names)[:3])
    # Three names fit a line of a terminal; the number says how many there are.
    return shown if len(names) <= 3 else f"{shown}, ... ({len(names)})"


def _is_distorted(camera: PinholeCalibration) -> bool:
    return any(attrs.astuple(camera.distortion_coefficients))
