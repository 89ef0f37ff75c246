"""Fills the viewer's document from a scene on disk.

    source = SceneSource(view, calibration)
    head = scene_bytes(source.scene)
    body = frame_bytes(source.frame(0), source.scene)

Nothing is computed that the page can compute: points stay in the system of their lidar. Only for cameras that
run as a module of their own the pixels are projected here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.camera_errors import CameraError
from kognic._core.scene_errors import ContentError
from kognic.annotations.document import Document
from kognic.annotations.openlabel import plain_document
from kognic.scenes.calibration.evidence import chosen, is_measured, read_whole_cloud
from kognic.scenes.checks import geometry
from kognic.scenes.content.source import Source
from kognic.scenes.geometry.cameras import KINDS
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.geometry.projection import can_project, is_camera, kind_of, optics_of
from kognic.scenes.scene_view import FileView, FrameView, PoseView, SceneView
from kognic.viewer import document, pictures
from kognic.viewer.annotations import Layers
from kognic.viewer.baking import Baker, rigid_of

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration, SensorCalibration
    from kognic.io.model.calibration.camera.common import BaseCameraCalibration

# Pixels: fills the larger half of a full HD screen; wider images make pages larger and show little more.
PAGE_WIDTH = 1280
# The same points are kept every time, so that two pages of one scene can be compared.
_SEED = 7
# Less may be noise of a vehicle that stands.
_MOVED_M = 0.5


@attrs.frozen(kw_only=True)
class SourceOptions:
    """What of a scene is shown.

    Attributes:
        frames: Positions of the frames; None for all.
        cameras: Only these; None for all.
        max_points: Points per frame; of more, a random choice that is the same each time; None for all.
        depth_range: Ends of the colour scale, metres; None fits them to the points.
        image_width: Wider images are scaled down to it and packed as WebP, pixels; None takes files as they
            are.
        verdict: Check each camera's calibration against the lidar; takes 2 to 6 s of CPU time per
            camera.
        command: What shows the scene again.
    """

    frames: Sequence[int] | None = None
    cameras: Collection[str] | None = None
    max_points: int | None = None
    depth_range: tuple[float, float] | None = None
    image_width: int | None = None
    verdict: bool = False
    command: str = ""


@attrs.frozen(eq=False)
class _Reading:
    """A point cloud that was read.

    Attributes:
        cloud: What is shown of it.
        measured: Which points of the file these are, shape (N,); None if it cannot be read.
    """

    cloud: document.Cloud
    measured: npt.NDArray[np.bool_] | None


class SceneSource:
    """A scene on disk as the viewer takes it. Safe to use from many threads.

    Args:
        view: The scene.
        calibration: Of its sensors; None shows images and points apart.
        compare: Another calibration to compare with.
        documents: OpenLABEL documents with their names, decoded or as models; two of them are compared.
        options: What is shown.

    Raises:
        ValueError: The options name a frame or camera that the scene does not have.
        TypeError: A document is none.
    """

    def __init__(
        self,
        view: SceneView,
        calibration: SensorCalibration | None = None,
        *,
        compare: SensorCalibration | None = None,
        documents: Sequence[tuple[str, Any]] = (),
        options: SourceOptions | None = None,
    ) -> None:
        self.view = view
        self.options = options or SourceOptions()
        self._given = (calibration, compare, documents)
        self._sensors = None if calibration is None else calibration.calibration
        self._sources = _sources(calibration)
        self._compared = None if compare is None else compare.calibration
        self._layers = Layers([(name, Document.of(plain_document(content))) for name, content in documents])
        self._cameras = self._chosen_cameras()
        wanted = range(len(view.frames)) if self.options.frames is None else self.options.frames
        wrong = [index for index in wanted if not 0 <= index < len(view.frames)]
        if wrong:
            raise ValueError(
                f"there is no frame {wrong[0]}; the scene has {len(view.frames)}, counted from 0"
            )
        self._frames = list(wanted)
        self._trajectory = Trajectory.of_scene(view)

    def with_options(self, options: SourceOptions) -> SceneSource:
        """Return the same scene, shown differently.

        Raises:
            ValueError: As for the class.
        """
        calibration, compare, documents = self._given
        return SceneSource(self.view, calibration, compare=compare, documents=documents, options=options)

    def _chosen_cameras(self) -> list[str]:
        names, wanted = self.view.camera_names, self.options.cameras
        unknown = sorted(set(wanted or ()) - set(names))
        if unknown:
            known = ", ".join(names) or "none"
            raise ValueError(f"the scene has no camera {unknown[0]!r}; it has {known}")
        return [name for name in names if wanted is None or name in wanted]

    @cached_property
    def scene(self) -> document.Scene:
        """What is the same for all frames."""
        view, names = self.view, self.view.lidar_names
        entries = [self._entry(view.frames[index]) for index in self._frames]
        return document.Scene(
            title=view.external_id,
            kind=view.kind,
            cameras=[self._camera(name) for name in self._cameras],
            lidars=[self._lidar(name) for name in names],
            frames=entries,
            num_frames=len(view.frames),
            only_lidar=names[0] if len(names) == 1 else None,
            trajectory=_trajectory(self._trajectory),
            is_compensated=view.is_compensated,
            home_frame=self._frames.index(0) if view.is_aggregated and 0 in self._frames else None,
            forward=self._forward(),
            layers=self._layers.layers,
            classes=self._layers.classes,
            depth_range=self.options.depth_range,
            has_second_calibration=self._compared is not None,
            notes=self._notes(),
            command=self.options.command,
        )

    @cached_property
    def _baker(self) -> Baker:
        return Baker(self.scene)

    def title(self, index: int) -> str:
        """Return the name of a frame for people, by its position in `scene.frames`."""
        number = self._frames[index]
        name = self.view.frames[number].frame_id
        return f"frame {number}" if name in (None, str(number)) else f"frame {number} ({name})"

    def frame(self, index: int) -> document.Frame:
        """Read a frame, by its position in `scene.frames`; what cannot be read is said in its place."""
        frame = self.view.frames[self._frames[index]]
        notes: list[str] = []
        source, cloud_frame = self._cloud_source(frame, index)
        readings = [self._read(file) for file in source.clouds]
        clouds = self._labelled(readings, source, notes)
        shown = document.Frame(
            index=index,
            clouds=self._thinned(clouds),
            shapes=self._shapes(frame, notes),
            cloud_frame=cloud_frame,
            notes=notes,
        )
        images = [self._picture(file, shown) for file in frame.images if file.sensor in self._cameras]
        sizes = {image.camera: (image.width, image.height) for image in images}
        masks = self._layers.masks(frame.relative_ms or 0, sizes, notes)
        return attrs.evolve(shown, pictures=images, masks=masks)

    def _entry(self, frame: FrameView) -> document.FrameEntry:
        pose = frame.ego_pose
        return document.FrameEntry(
            frame_id=frame.frame_id or "",
            relative_ms=frame.relative_ms,
            unix_ns=frame.unix_ns,
            pose=None if pose is None or not pose.is_usable else _pose_of_view(pose),
        )

    def _cloud_source(self, frame: FrameView, index: int) -> tuple[FrameView, int | None]:
        """Where the points of a frame come from: a cloud that was aggregated before belongs to the first."""
        if not self.view.is_aggregated or frame.clouds:
            return frame, None
        first = self.view.frames[0]
        return first, None if self._frames[index] == 0 else self._position_of_first(index)

    def _position_of_first(self, index: int) -> int:
        # Without the first frame in the page its points pass as those of this frame.
        return self._frames.index(0) if 0 in self._frames else index

    def _lidar(self, name: str) -> document.Lidar:
        if self._sensors is None:
            # As if in one system, which the notes say.
            return document.Lidar(name=name, given=_STILL)
        entry = self._sensors.get(name)
        return document.Lidar(
            name=name,
            given=_pose(entry),
            suggested=_pose((self._compared or {}).get(name)),
            source=self._sources.get(name),
        )

    def _camera(self, name: str) -> document.Camera:
        entry = (self._sensors or {}).get(name)
        given, note = self._optics(name, entry)
        if entry is None:
            given = None
        suggested, _ = self._optics(name, (self._compared or {}).get(name))
        verdict = self._verdicts.get(name)
        return document.Camera(
            name=name,
            given=given,
            suggested=suggested,
            note=note,
            source=self._sources.get(name),
            verdict="" if verdict is None else verdict.verdict,
            explanation="" if verdict is None else verdict.explanation,
        )

    def _optics(self, name: str, entry: BaseCalibration | None) -> tuple[document.Optics | None, str]:
        """The optics of a camera, and why it cannot be projected into, if it cannot."""
        if entry is None:
            missing = "there is no calibration, so nothing is projected into images"
            return None, missing if self._sensors is None else f"the calibration has no camera {name}"
        if not is_camera(entry):
            return None, f"in the calibration {name} is a lidar"
        camera = cast("BaseCameraCalibration", entry)
        pose, kind, note = _pose(entry), kind_of(entry), ""
        if pose is None:
            return None, f"the quaternion of {name} has no direction"
        try:
            optics_of(entry)
        except (CameraError, ImportError, ValueError) as exc:
            kind, note = "none", str(exc)
        shown = kind if kind in KINDS or kind == "none" else "baked"
        return (
            document.Optics(
                kind=shown,
                width=camera.image_width,
                height=camera.image_height,
                pose=pose,
                parameters=document.parameters_of(attrs.asdict(entry)) if shown in KINDS else {},
            ),
            note,
        )

    @cached_property
    def _verdicts(self) -> Mapping[str, Any]:
        if not self.options.verdict or self._sensors is None:
            return {}
        shown = attrs.evolve(self.view, frames=tuple(self.view.frames[index] for index in self._frames))
        return {verdict.sensor: verdict for verdict in geometry.judge(shown, self._sensors)}

    def _notes(self) -> list[str]:
        notes = list(self._layers.problems)
        if self._sensors is None and len(self.view.lidar_names) > 1:
            notes.append("there is no calibration: all point clouds are drawn in one coordinate system")
        if self._sensors is not None:
            notes += [
                f"the calibration has no lidar {name}: its points are left out"
                for name in self.view.lidar_names
                if _pose(self._sensors.get(name)) is None
            ]
        if self._trajectory is None and self.view.lidar_names and self.view.camera_names:
            notes.append("there is no IMU data and no ego poses: points are not moved to the times of images")
        return notes

    def _forward(self) -> tuple[float, float] | None:
        """Where the vehicle goes in the reference system, from how it moves."""
        path, own = self._trajectory, self._own_system()
        if path is None or own is None or not self._frames:
            return None
        time = self.view.frames[self._frames[0]].unix_ns
        if time is None or not path.covers(time):
            time = int(path.times[0])
        to_reference = own @ path.pose_at(time).inverse()
        moved = to_reference.apply(path.positions) - to_reference.apply(path.pose_at(time).position[None])
        far = np.flatnonzero((np.hypot(moved[:, 0], moved[:, 1]) > _MOVED_M) & (path.times > time))
        behind = np.flatnonzero((np.hypot(moved[:, 0], moved[:, 1]) > _MOVED_M) & (path.times < time))
        if len(far):
            ahead = moved[far[0], :2]
        elif len(behind):
            ahead = -moved[behind[-1], :2]
        else:
            return None
        length = float(np.hypot(*ahead))
        return float(ahead[0]) / length, float(ahead[1]) / length

    def _own_system(self) -> Rigid | None:
        """From the system of ego poses to the reference system."""
        names = self.view.lidar_names
        if len(names) != 1 or self._sensors is None:
            return Rigid.identity()
        return rigid_of(_pose(self._sensors.get(names[0])))

    def _read(self, file: FileView) -> _Reading:
        try:
            whole = read_whole_cloud(file)
        except ContentError as exc:
            cloud = document.Cloud(lidar=file.sensor, message=f"the points cannot be read: {exc}")
            return _Reading(cloud, None)
        measured = is_measured(whole)
        points = chosen(whole, measured)
        cloud = document.Cloud(
            lidar=file.sensor,
            xyz=points.xyz,
            intensity=points.intensity,
            times_ns=points.timestamps,
            total=len(points.xyz),
        )
        return _Reading(cloud, measured)

    def _labelled(
        self, readings: Sequence[_Reading], frame: FrameView, notes: list[str]
    ) -> list[document.Cloud]:
        """The clouds of a frame with their segmentation, if a document has one."""
        counts = {
            reading.cloud.lidar: len(reading.measured) for reading in readings if reading.measured is not None
        }
        found = self._layers.point_classes(frame.relative_ms or 0, counts, notes)
        return [
            attrs.evolve(reading.cloud, classes=found[reading.cloud.lidar][reading.measured])
            if reading.cloud.lidar in found
            else reading.cloud
            for reading in readings
        ]

    def _kept(self, count: int) -> Any:
        """Which points of a frame are shown; None for all."""
        most = self.options.max_points
        if most is None or count <= most:
            return None
        return np.sort(np.random.default_rng(_SEED).choice(count, most, replace=False))

    def _thinned(self, clouds: list[document.Cloud]) -> list[document.Cloud]:
        counts = [len(cloud.xyz) for cloud in clouds]
        kept = self._kept(sum(counts))
        if kept is None:
            return clouds
        result, start = [], 0
        for cloud, count in zip(clouds, counts, strict=True):
            own = kept[(kept >= start) & (kept < start + count)] - start
            start += count
            result.append(
                attrs.evolve(
                    cloud,
                    xyz=cloud.xyz[own],
                    intensity=None if cloud.intensity is None else cloud.intensity[own],
                    times_ns=None if cloud.times_ns is None else cloud.times_ns[own],
                    classes=None if cloud.classes is None else cloud.classes[own],
                )
            )
        return result

    def _shapes(self, frame: FrameView, notes: list[str]) -> list[document.Shape]:
        # Annotations of aggregated scenes belong to the first frame, whichever is shown.
        home = self.view.frames[0] if self.view.is_aggregated else frame
        return self._layers.shapes(home.relative_ms or 0, notes, is_elsewhere=home is not frame)

    def _picture(self, file: FileView, frame: document.Frame) -> document.Picture:
        content, media_type, size, message = self._image(file)
        entry = (self._sensors or {}).get(file.sensor)
        given = (entry.image_width, entry.image_height) if entry is not None and is_camera(entry) else (0, 0)  # type: ignore[attr-defined]
        if content and given != (0, 0) and size != given:
            message = "the image has {} x {} pixels, its calibration {} x {}".format(*size, *given)
        picture = document.Picture(
            camera=file.sensor,
            content=content,
            media_type=media_type,
            width=size[0] or given[0],
            height=size[1] or given[1],
            shutter_ns=file.shutter,
            is_reversed=file.reversed_shutter,
            message=message,
        )
        if entry is None or not is_camera(entry) or kind_of(entry) != "custom" or not can_project(entry):
            return picture
        try:
            return self._baker.baked(picture, Rigid.of_sensor(entry), optics_of(entry), frame)
        except (CameraError, ImportError, ValueError) as exc:
            return attrs.evolve(picture, message=f"{exc}: some points are left out")

    def _image(self, file: FileView) -> tuple[bytes, str, tuple[int, int], str]:
        """Content, media type, size, and why there is no content."""
        try:
            if file.content is None or file.remote:
                raise ValueError("its content is not on this machine")
            with Source.of(file.content).open() as stream:
                if self.options.image_width is None:
                    content, kind, size = pictures.as_it_is(stream.read())
                else:
                    content, kind, size = pictures.encoded(stream, self.options.image_width)
        except pictures.ERRORS as exc:
            return b"", "", (0, 0), pictures.not_shown(exc)
        return content, kind, size, ""


_STILL = document.Pose(position=(0.0, 0.0, 0.0), quaternion=(1.0, 0.0, 0.0, 0.0))


def _pose(entry: BaseCalibration | None) -> document.Pose | None:
    """The pose of a calibration entry; None without one, or if its quaternion has no direction."""
    if entry is None:
        return None
    p, q = entry.position, entry.rotation_quaternion
    pose = document.Pose(position=(p.x, p.y, p.z), quaternion=(q.w, q.x, q.y, q.z))
    return None if rigid_of(pose) is None else pose


def _pose_of_view(pose: PoseView) -> document.Pose:
    return document.Pose(position=pose.position, quaternion=pose.quaternion)


def _sources(calibration: SensorCalibration | None) -> Mapping[str, Any]:
    """The entries of a calibration as in a calibration file."""
    return {} if calibration is None else calibration.to_dict()["calibration"]


def _trajectory(path: Trajectory | None) -> document.Trajectory | None:
    if path is None:
        return None
    return document.Trajectory(times_ns=path.times, positions=path.positions, quaternions=path.quaternions)
