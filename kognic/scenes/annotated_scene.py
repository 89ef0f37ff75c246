"""What conversions of annotations need of their scene: names and sizes of images, a KITTI calibration.

scene = AnnotatedScene.of_file("drive/scene.json")
scene.images(document)["0", "FRONT"].name
camera_from_lidar, projection = scene.kitti_calibration("FRONT")
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import attrs
import numpy as np

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.document import Document
from kognic.annotations.frames import match_frames
from kognic.scenes.annotation_check import scene_frames
from kognic.scenes.content.images import survey_image
from kognic.scenes.geometry.poses import FloatArray, Rigid
from kognic.scenes.geometry.projection import is_camera, kind_of
from kognic.scenes.scene_file import load_scene_file
from kognic.scenes.scene_view import FileView, SceneView, view_of

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration, PinholeCalibration
    from kognic.io.model.calibration.camera.common import BaseCameraCalibration


@attrs.frozen(kw_only=True)
class SceneImage:
    """An image of a scene.

    Attributes:
        name: Path relative to the scene file; the scene's own name of an image that is elsewhere.
        size: Width and height, pixels.
    """

    name: str
    size: tuple[int, int]


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
            view=view_of(described.scene(described.description.calibration_id or "unknown")),
            sensors={} if described.calibration is None else dict(described.calibration.calibration),
        )

    def images(self, document: Document) -> dict[tuple[str, str], SceneImage]:
        """Images of the frames of a document, by frame ID of the document and camera.

        Raises:
            AnnotationError: No frame of the document is a frame of the scene, or an image has no known size.
        """
        match = match_frames(document, scene_frames(self.view))
        if document.frames and not match.frames:
            raise AnnotationError(
                f"no frame of {document.name or 'the document'} is a frame of scene {self.view.external_id}"
            )
        by_id = {frame.frame_id or "0": frame for frame in self.view.frames}
        return {
            (document.external_id(key) or key, file.sensor): SceneImage(
                name=self._name(file), size=self._size(file)
            )
            for key, frame_id in match.frames.items()
            for file in by_id[frame_id].images
        }

    def _name(self, file: FileView) -> str:
        if file.path is None or not file.path.absolute().is_relative_to(self.folder):
            return file.name
        return file.path.absolute().relative_to(self.folder).as_posix()

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
                "images only: rectify the images, and pass a KITTI calibration of them with --calibration"
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


def _is_distorted(camera: PinholeCalibration) -> bool:
    return any(attrs.astuple(camera.distortion_coefficients))
