"""Fills the viewer's document from the platform's own tables and storage.

What `kognic.viewer.scene` does for a scene on disk, from what the platform was sent. Points and images stay
as they were uploaded; a file that is missing or cannot be read is said in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import attrs
import numpy as np
from pydantic import ValidationError

from kognic._core.annotation_errors import AnnotationError
from kognic._core.scene_errors import ContentError
from kognic.annotations.document import Document
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.scenes import specification
from kognic.sandbox.platform.scenes.processing import IMU_FILE, locate
from kognic.sandbox.platform.scenes.specification import FileSpec, FrameSpec, SceneSpec
from kognic.scenes.content.arrays import read_points
from kognic.scenes.geometry.cameras import KINDS
from kognic.viewer import document, pictures
from kognic.viewer.annotations import Layers

_STILL = document.Pose(position=(0.0, 0.0, 0.0), quaternion=(1.0, 0.0, 0.0, 0.0))
# A quaternion as short as that is zero but for rounding, and has no direction.
_SHORTEST = 1e-6


@attrs.frozen(kw_only=True)
class SceneFacts:
    """The facts about a scene that fill the document.

    Attributes:
        uuid: Its UUID, under which its files are stored.
        external_id: The user's name for it.
        kind: Type of the scene.
        specification: Its frames and files.
        sensors: Its calibration as it was created, by sensor name; None without one.
        imu_resource: Key of its IMU data, if it was uploaded by itself.
        is_compensated: Points are moved to the time of their frame.
        documents: OpenLABEL documents with their names.
        command: What shows the page again.
    """

    uuid: str
    external_id: str
    kind: str
    specification: SceneSpec
    sensors: Mapping[str, Any] | None = None
    imu_resource: str | None = None
    is_compensated: bool = False
    documents: Sequence[tuple[str, Mapping[str, Any]]] = ()
    command: str = ""


class StoredScene:
    """A stored scene as the viewer takes it. Safe to use from many threads."""

    def __init__(self, platform: Platform, facts: SceneFacts) -> None:
        self._platform = platform
        self._facts = facts
        self._frames = facts.specification["frames"]
        self._lost: list[str] = []
        documents: list[tuple[str, Document]] = []
        for name, content in facts.documents:
            try:
                documents.append((name, Document.of(content)))
            except AnnotationError as exc:
                self._lost.append(f"the {name} cannot be shown: {exc}")
        self._layers = Layers(documents)

    @cached_property
    def scene(self) -> document.Scene:
        """What is the same for all frames."""
        facts = self._facts
        lidars = specification.lidars(facts.specification)
        is_aggregated = facts.kind.startswith("aggregated")
        return document.Scene(
            title=facts.external_id or facts.uuid,
            kind=facts.kind,
            cameras=[self._camera(name) for name in self._camera_names()],
            lidars=[self._lidar(name) for name in lidars],
            frames=[_entry(frame) for frame in self._frames],
            num_frames=len(self._frames),
            only_lidar=lidars[0] if len(lidars) == 1 else None,
            trajectory=self._trajectory(),
            is_compensated=facts.is_compensated,
            home_frame=0 if is_aggregated else None,
            layers=self._layers.layers,
            classes=self._layers.classes,
            notes=[*self._lost, *self._layers.problems, *self._notes(lidars)],
            command=facts.command,
        )

    def frame(self, index: int) -> document.Frame:
        """Read a frame, by its position."""
        frame = self._frames[index]
        is_aggregated = self._facts.kind.startswith("aggregated")
        source, cloud_frame = frame, None
        if is_aggregated and not frame["point_clouds"]:
            # A cloud that was aggregated before the upload belongs to the first frame.
            source, cloud_frame = self._frames[0], 0 if index else None
        # Annotations of aggregated scenes belong to the first frame, whichever is shown.
        home = self._frames[0] if is_aggregated else frame
        notes: list[str] = []
        clouds = [self._cloud(file) for file in source["point_clouds"]]
        shown = document.Frame(
            index=index,
            clouds=self._labelled(clouds, source["relative_ms"], notes),
            shapes=self._layers.shapes(home["relative_ms"], notes, is_elsewhere=home is not frame),
            cloud_frame=cloud_frame,
            notes=notes,
        )
        images = [self._picture(file, shown) for file in frame["images"]]
        sizes = {image.camera: (image.width, image.height) for image in images}
        masks = self._layers.masks(frame["relative_ms"], sizes, notes)
        return attrs.evolve(shown, pictures=images, masks=masks)

    def _labelled(
        self, clouds: Sequence[document.Cloud], relative_ms: int, notes: list[str]
    ) -> list[document.Cloud]:
        """The clouds of a frame with their segmentation, if a document has one."""
        counts = {cloud.lidar: len(cloud.xyz) for cloud in clouds if not cloud.message}
        found = self._layers.point_classes(relative_ms, counts, notes)
        return [attrs.evolve(cloud, classes=found.get(cloud.lidar)) for cloud in clouds]

    def _camera_names(self) -> list[str]:
        names = specification.cameras(self._facts.specification)
        order = (self._facts.specification["sensors"] or {}).get("sensorOrder") or []
        rank = {name: index for index, name in enumerate(order)}
        return sorted(names, key=lambda name: rank.get(name, len(rank)))

    def _camera(self, name: str) -> document.Camera:
        sensors = self._facts.sensors
        entry = None if sensors is None else sensors.get(name)
        if entry is None:
            missing = "there is no calibration, so nothing is projected into images"
            return document.Camera(
                name=name, note=missing if sensors is None else f"the calibration has no camera {name}"
            )
        kind, pose = entry["calibration_type"], _pose_of(entry)
        if kind == "lidar":
            return document.Camera(name=name, note=f"in the calibration {name} is a lidar", source=entry)
        if pose is None:
            return document.Camera(name=name, note=f"the quaternion of {name} has no direction", source=entry)
        shown = self._kind(kind)
        note = "" if shown != "none" else f"the formula of {kind} cameras is not known to the sandbox"
        optics = document.Optics(
            kind=shown,
            width=entry["image_width"],
            height=entry["image_height"],
            pose=pose,
            parameters=document.parameters_of(entry) if kind in KINDS else {},
        )
        # The module of a custom camera is large, and the page cannot run it.
        source = {key: value for key, value in entry.items() if key != "wasm_base64"}
        return document.Camera(name=name, given=optics, note=note, source=source)

    def _kind(self, kind: str) -> str:
        if kind in KINDS:
            return kind
        return "baked" if kind == "custom" and self._platform.bake is not None else "none"

    def _lidar(self, name: str) -> document.Lidar:
        sensors = self._facts.sensors
        if sensors is None:
            return document.Lidar(name=name, given=_STILL)
        entry = sensors.get(name)
        return document.Lidar(name=name, given=None if entry is None else _pose_of(entry), source=entry)

    def _notes(self, lidars: Sequence[str]) -> list[str]:
        sensors = self._facts.sensors
        if sensors is not None:
            return [
                f"the calibration has no lidar {name}: its points are left out"
                for name in lidars
                if name not in sensors
            ]
        if len(lidars) > 1:
            return ["there is no calibration: the point clouds of all lidars are drawn as if in one system"]
        return []

    def _trajectory(self) -> document.Trajectory | None:
        samples = dict(self._imu_samples())
        if not samples:
            samples = {
                frame["unix_ns"]: pose
                for frame in self._frames
                if frame["unix_ns"] is not None and (pose := _ego_pose(frame)) is not None
            }
        if len(samples) < 2:
            return None
        times = sorted(samples)
        quaternions = np.array([samples[time].quaternion for time in times])
        return document.Trajectory(
            times_ns=np.array(times, dtype=np.int64),
            positions=np.array([samples[time].position for time in times]),
            quaternions=quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True),
        )

    def _imu_samples(self) -> list[tuple[int, document.Pose]]:
        facts = self._facts
        stored = None
        if facts.imu_resource is not None:
            stored = self._platform.storage.find(facts.uuid, facts.imu_resource)
        elif (file := facts.specification["imu"]) is not None:
            stored = locate(self._platform, facts.uuid, file)
        if stored is None:
            return []
        try:
            samples = IMU_FILE.validate_json(stored.path.read_bytes(), strict=True)
        except (OSError, ValidationError):
            return []  # It was checked when the scene was processed; the page does without it.
        found = []
        for sample in samples:
            pose = _pose(sample.position.model_dump(), sample.rotation_quaternion.model_dump())
            if pose is not None:
                found.append((sample.timestamp, pose))
        return found

    def _cloud(self, file: FileSpec) -> document.Cloud:
        name = file["sensor"]
        stored = locate(self._platform, self._facts.uuid, file)
        if stored is None:
            return document.Cloud(lidar=name, message=_missing(file))
        try:
            points = read_points(stored.path, _suffix(file))
        except (ContentError, OSError) as exc:
            return document.Cloud(lidar=name, message=f"the points cannot be read: {exc}")
        return document.Cloud(
            lidar=name,
            xyz=points.xyz,
            intensity=points.intensity,
            times_ns=points.timestamps,
            total=len(points.xyz),
        )

    def _picture(self, file: FileSpec, frame: document.Frame) -> document.Picture:
        name = file["sensor"]
        stored = locate(self._platform, self._facts.uuid, file)
        if stored is None:
            return document.Picture(camera=name, message=_missing(file))
        try:
            content, media_type, size = pictures.as_it_is(stored.path.read_bytes())
        except pictures.ERRORS as exc:
            return document.Picture(camera=name, message=pictures.not_shown(exc))
        shutter = file["shutter"]
        picture = document.Picture(
            camera=name,
            content=content,
            media_type=media_type,
            width=size[0],
            height=size[1],
            shutter_ns=None if shutter is None else (shutter[0], shutter[1]),
            is_reversed=bool(shutter and shutter[2]),
            message=self._size_message(name, size),
        )
        entry, bake = (self._facts.sensors or {}).get(name), self._platform.bake
        if entry is None or entry["calibration_type"] != "custom" or bake is None or _pose_of(entry) is None:
            return picture
        return bake(picture, entry, frame, self.scene)

    def _size_message(self, camera: str, size: tuple[int, int]) -> str:
        entry = (self._facts.sensors or {}).get(camera, {})
        given = entry.get("image_width"), entry.get("image_height")
        if None in given or given == size:
            return ""
        return "the image has {} x {} pixels, its calibration {} x {}".format(*size, *given)


def _entry(frame: FrameSpec) -> document.FrameEntry:
    return document.FrameEntry(
        frame_id=frame["id"],
        relative_ms=frame["relative_ms"],
        unix_ns=frame["unix_ns"],
        pose=_ego_pose(frame),
    )


def _ego_pose(frame: FrameSpec) -> document.Pose | None:
    pose = frame["pose"]
    return None if pose is None else _pose(pose["position"], pose["rotation"])


def _pose_of(entry: Mapping[str, Any]) -> document.Pose | None:
    """The pose of a calibration entry; None if its quaternion has no direction."""
    return _pose(entry["position"], entry["rotation_quaternion"])


def _pose(position: Mapping[str, float], rotation: Mapping[str, float]) -> document.Pose | None:
    w, x, y, z = (float(rotation[key]) for key in "wxyz")
    if np.linalg.norm((w, x, y, z)) <= _SHORTEST:
        return None
    return document.Pose(
        position=(float(position["x"]), float(position["y"]), float(position["z"])), quaternion=(w, x, y, z)
    )


def _suffix(file: FileSpec) -> str:
    return PurePosixPath(file["name"]).suffix.lower().removeprefix(".")


def _missing(file: FileSpec) -> str:
    where = "is in a cloud that the sandbox does not know" if file["external"] else "was not uploaded"
    return f"the file {file['key']} {where}"
