"""Scenes of a recording: frames, calibration, poses, IMU data and labels, in the form of scene files.

Systems: with one lidar the scene's reference system is that lidar, as the platform has it for such scenes;
with several, or none, it is the recording's ego system. Ego poses and IMU data are those of the reference
system in the world.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs
import numpy as np

from kognic._core.scene_errors import RecordingError
from kognic._core.wording import counted
from kognic.io.model.calibration import BaseCalibration
from kognic.scenes.checks.structure.times import SMALLEST_NS
from kognic.scenes.content.images import survey_image
from kognic.scenes.content.source import Source
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import Rigid, quaternion_of
from kognic.scenes.importers.arrays import SECOND_NS, ns_to_date, silences_of
from kognic.scenes.importers.calibrations import calibrations_of, needs_undistortion
from kognic.scenes.importers.encoding.files import encoded
from kognic.scenes.importers.labels import LabelPlace, pre_annotation_of
from kognic.scenes.importers.locations import named_damage
from kognic.scenes.importers.matching import MS_NS, Matched, match
from kognic.scenes.importers.recording import (
    Capture,
    RecordedFrame,
    Recording,
    Sensor,
    Skip,
)

Json = dict[str, Any]
SceneForm = Literal["sequence", "frames", "aggregated"]
# Poses are extrapolated with their last motion for so long, as `Trajectory.at` does.
_SLACK_NS = 200 * MS_NS
# The platform's limits per frame: 1 to 9 images, 1 to 20 point clouds.
_MOST_CAMERAS = 9
# See above.
_MOST_LIDARS = 20
_IMAGE_SUFFIX = ".png"


@attrs.frozen(kw_only=True)
class ImportOptions:
    """What to make of a recording.

    Attributes:
        form: One sequence; a scene per frame; or one sequence whose clouds are merged over time.
        external_id: Name of the scenes, to which a number is added where there are several; None takes the
            recording's name.
        length_ns: Split after so long; None does not split.
        boundaries_ns: Split at these times.
        every: Take every so many frames.
        sensors: Only these; None takes all.
        reference: Sensor whose captures make the frames; None takes the first lidar, else the first camera.
        tolerance_ns: How far a capture may be from its frame; None takes 52 % of the time between frames.
        cloud_format: `pcd`, `csv` or `las`: what clouds are converted to.
        undistort: Undistort all images; those of lenses that the platform has no model for are always
            undistorted.
        imu_rate: Samples per second of the IMU data, made of the poses; 0 leaves IMU data out.
        labels: Take the recording's labels along as a pre-annotation.
    """

    form: SceneForm = "sequence"
    external_id: str | None = None
    length_ns: int | None = None
    boundaries_ns: Sequence[int] = ()
    every: int = 1
    sensors: Sequence[str] | None = None
    reference: str | None = None
    tolerance_ns: int | None = None
    cloud_format: str = "pcd"
    undistort: bool = False
    imu_rate: float = 100.0
    labels: bool = True


@attrs.frozen(kw_only=True, eq=False)
class ImportedScene:
    """A scene, ready to be written.

    Attributes:
        external_id: Its name.
        document: The scene file, without `calibration`, `imu_data`, `pre_annotation` and `recording`.
        calibration: Calibrations by sensor; empty for cameras alone.
        imu_data: IMU samples as the platform takes them.
        pre_annotation: OpenLABEL document; None without labels.
        captures: Capture of each file name.
        undistorted: Cameras whose images are undistorted.
        notes: What was converted, and how.
        skipped: What was left out.
    """

    external_id: str
    document: Json
    calibration: Mapping[str, BaseCalibration]
    imu_data: Sequence[Json]
    pre_annotation: Json | None
    captures: Mapping[str, Capture]
    undistorted: Sequence[Sensor]
    notes: Sequence[str]
    skipped: Sequence[Skip]


def scenes_of(recording: Recording, options: ImportOptions) -> Iterator[ImportedScene]:
    """Make scenes of a recording, one after the other.

    Raises:
        RecordingError: There is nothing to make a scene of, or an option does not fit the recording.
    """
    with named_damage(recording.name):
        yield from _Builder(recording, options).scenes()


@attrs.frozen(eq=False)
class _Rig:
    """The sensors of a scene; `is_single` if it is of one frame."""

    sensors: Sequence[Sensor]
    is_single: bool

    @property
    def lidars(self) -> list[Sensor]:
        return [sensor for sensor in self.sensors if sensor.kind == "lidar"]

    @property
    def ego_from_reference(self) -> Rigid:
        """The reference system is the lidar's own where there is one, else the vehicle's."""
        lidars = self.lidars
        return lidars[0].pose if len(lidars) == 1 and lidars[0].pose else Rigid.identity()

    @property
    def is_lost(self) -> bool:
        """Whether nothing says where the reference system is on the vehicle."""
        return len(self.lidars) == 1 and self.lidars[0].pose is None

    @property
    def is_calibrated(self) -> bool:
        """Whether the scene has a calibration: with cameras that are placed and have optics."""
        return len(self.lidars) < len(self.sensors) and all(
            sensor.pose is not None and (sensor.kind == "lidar" or sensor.optics is not None)
            for sensor in self.sensors
        )


class _Builder:
    """One recording on its way to scenes."""

    def __init__(self, recording: Recording, options: ImportOptions) -> None:
        self.recording = recording
        self.options = options
        self.skipped: list[Skip] = []
        self.sensors = self._usable(recording.sensors())
        self.trajectory = recording.imu() or recording.trajectory()
        self._sizes: dict[str, tuple[int, int]] = {}
        self._present: set[str] = set()
        self._moved: dict[tuple[float, ...], Trajectory] = {}

    def _usable(self, sensors: Sequence[Sensor]) -> list[Sensor]:
        """The sensors that can be placed in one scene."""
        sensors = self._wanted(sensors)
        lidars = [sensor for sensor in sensors if sensor.kind == "lidar"]
        if len(lidars) > 1 and len(lidars) == len(sensors):
            lidars, sensors = lidars[:1], self._only(lidars)
        problems = {sensor.name: _placing_problem(sensor, lidars) for sensor in sensors}
        self.skipped += [Skip(name, problem) for name, problem in problems.items() if problem is not None]
        found = [sensor for sensor in sensors if problems[sensor.name] is None]
        if not found:
            raise RecordingError(
                f"{self.recording.name}: no sensor can be used: " + "; ".join(map(str, self.skipped))
            )
        for kind, most in (("lidar", _MOST_LIDARS), ("camera", _MOST_CAMERAS)):
            of_kind = [sensor.name for sensor in found if sensor.kind == kind]
            if len(of_kind) > most:
                raise RecordingError(
                    f"{self.recording.name} has {len(of_kind)} {kind}s, a scene takes {most}: choose some of "
                    f"{', '.join(of_kind)}"
                )
        return found

    def _wanted(self, sensors: Sequence[Sensor]) -> Sequence[Sensor]:
        """Those of the options."""
        wanted = self.options.sensors
        if wanted is None:
            return sensors
        names = [sensor.name for sensor in sensors]
        unknown = [name for name in wanted if name not in names]
        if unknown:
            raise RecordingError(
                f"{self.recording.name} has no sensor '{unknown[0]}'; it has: {', '.join(names)}"
            )
        return [sensor for sensor in sensors if sensor.name in wanted]

    def _only(self, lidars: Sequence[Sensor]) -> Sequence[Sensor]:
        """The first of the lidars: a scene without cameras has no calibration that would relate them."""
        reason = f"a scene without cameras has no calibration, so it takes one lidar: {lidars[0].name}"
        self.skipped += [Skip(lidar.name, reason) for lidar in lidars[1:]]
        return lidars[:1]

    def scenes(self) -> Iterator[ImportedScene]:
        """All scenes, in the order of time."""
        matched = self._matched()
        groups = list(self._groups(matched.frames))
        self._check_boundaries(matched.frames)
        self._present = {name for frame in matched.frames for name in frame.captures}
        name = self.options.external_id or self.recording.name
        for index, frames in enumerate(groups):
            if self.options.form == "frames":
                suffix = f"-{frames[0].name}" if len(groups) > 1 else ""
            else:
                suffix = f"-{index:03d}" if len(groups) > 1 else ""
            yield self._scene(f"{name}{suffix}", frames, matched, skipped=index == 0)

    def _matched(self) -> Matched:
        names = [sensor.name for sensor in self.sensors]
        frames = None if self.options.reference else self.recording.frames()
        if frames is not None:
            kept = []
            for frame in frames:
                chosen = {name: frame.captures[name] for name in names if name in frame.captures}
                if chosen:
                    kept.append(attrs.evolve(frame, captures=chosen))
            matched = Matched(frames=kept)
        else:
            captures = {name: list(self.recording.captures(name)) for name in names}
            matched = match(
                captures, reference=self._reference(captures), tolerance_ns=self.options.tolerance_ns
            )
        if not matched.frames:
            raise RecordingError(f"{self.recording.name}: no frames")
        return attrs.evolve(matched, frames=self._with_poses(matched.frames[:: self.options.every]))

    def _reference(self, captures: Mapping[str, Sequence[Capture]]) -> str:
        """The sensor whose captures make the frames: of the lidars, else the cameras, that with most of
        them."""
        wanted = self.options.reference
        if wanted is not None and wanted not in captures:
            raise RecordingError(
                f"{self.recording.name} has no sensor '{wanted}'; it has: {', '.join(captures)}"
            )
        return wanted or max(self._lidar_names or captures, key=lambda name: len(captures[name]))

    def _with_poses(self, frames: Sequence[RecordedFrame]) -> Sequence[RecordedFrame]:
        """Without the frames that are outside of the poses, where poses are needed."""
        trajectory = self.trajectory
        if trajectory is None or self.options.form == "frames" or not _needs_poses(self.sensors):
            return frames
        kept = [frame for frame in frames if frame.time_ns is None or self._covered(trajectory, frame)]
        lost = [frame.time_ns for frame in frames if frame not in kept]
        if lost:
            reason = "frames before the first or after the last pose of the vehicle"
            self.skipped.append(Skip(self.recording.name, reason, lost[0], len(lost)))
        self.skipped += self._gaps(trajectory, kept)
        if not kept:
            raise RecordingError(
                f"{self.recording.name}: no frame has a pose of the vehicle; poses reach from "
                f"{trajectory.times[0]} to {trajectory.times[-1]}"
            )
        return kept

    def _gaps(self, trajectory: Trajectory, frames: Sequence[RecordedFrame]) -> Iterator[Skip]:
        """Report silences of the poses that frames are in: nothing says how the vehicle moved there."""
        times = np.array([frame.time_ns for frame in frames if frame.time_ns is not None], dtype=np.int64)
        for start, length in silences_of(trajectory.times):
            inside = int(np.count_nonzero((times > start) & (times < start + length)))
            if inside:
                reason = (
                    f"no pose of the vehicle for the next {length / MS_NS:.0f} ms; the poses of "
                    f"{counted(inside, 'frame')} in between are interpolated"
                )
                yield Skip(self.recording.name, reason, start)

    def _covered(self, trajectory: Trajectory, frame: RecordedFrame) -> bool:
        return all(
            trajectory.covers(time, slack_ns=_SLACK_NS) for time in _times_of(frame, self._lidar_names)
        )

    def _groups(self, frames: Sequence[RecordedFrame]) -> Iterator[Sequence[RecordedFrame]]:
        options = self.options
        if options.form == "frames" or frames[0].time_ns is None:
            yield from ([frame] for frame in frames)
            return
        groups: dict[tuple[int, int], list[RecordedFrame]] = {}
        boundaries = sorted(options.boundaries_ns)
        starts: dict[int, int] = {}
        for frame in frames:
            time = frame.time_ns or 0
            part = bisect.bisect_right(boundaries, time)
            start = starts.setdefault(part, time)
            step = (time - start) // options.length_ns if options.length_ns else 0
            groups.setdefault((part, step), []).append(frame)
        yield from groups.values()

    def _check_boundaries(self, frames: Sequence[RecordedFrame]) -> None:
        """Report times to split at that split nothing: with more than one recording, others may have them."""
        times = [frame.time_ns for frame in frames if frame.time_ns is not None]
        if not times:
            return
        low, high = min(times), max(times)
        for boundary in self.options.boundaries_ns:
            if not low < boundary <= high:
                self.skipped.append(
                    Skip(
                        self.recording.name,
                        f"the time to split at, {ns_to_date(boundary)}, is not between its frames, which "
                        f"reach from {low} ({ns_to_date(low)}) to {high} ({ns_to_date(high)})",
                        boundary,
                    )
                )

    @property
    def _lidar_names(self) -> list[str]:
        return [sensor.name for sensor in self.sensors if sensor.kind == "lidar"]

    def _scene(
        self, external_id: str, frames: Sequence[RecordedFrame], matched: Matched, *, skipped: bool
    ) -> ImportedScene:
        rig = self._rig(frames)
        poses = self._poses(rig) if all(frame.time_ns is not None for frame in frames) else None
        captures: dict[str, Capture] = {}
        document: Json = {"type": self._kind(rig), "external_id": external_id}
        entries = [self._frame(frame, rig, frames[0], poses, captures) for frame in frames]
        document |= {"frame": entries[0]} if rig.is_single else {"frames": entries}
        order = [sensor.name for sensor in rig.sensors if sensor.kind == "camera"]
        if order:
            document["sensor_specification"] = {"sensor_order": order}
        if self.recording.compensated and rig.lidars:
            document["motion_compensation"] = False
        is_unix = _is_unix(frames)
        imu = self._imu(poses if is_unix else None, frames)
        undistorted = [sensor for sensor in rig.sensors if self._is_undistorted(sensor)]
        labels, lost = self._pre_annotation(rig, frames, matched)
        return ImportedScene(
            external_id=external_id,
            document=document,
            calibration=self._calibration(rig, frames) if rig.is_calibrated else {},
            imu_data=imu,
            pre_annotation=labels,
            captures=captures,
            undistorted=undistorted,
            notes=self._notes(matched, rig, poses, imu, undistorted, is_unix=is_unix),
            skipped=[*(self._left_out(matched) if skipped else ()), *lost],
        )

    def _rig(self, frames: Sequence[RecordedFrame]) -> _Rig:
        """The sensors that some frames have, and how they are related."""
        present = {name for frame in frames for name in frame.captures}
        one = len(frames) == 1 and self.options.form != "aggregated"
        is_single = one and (self.options.form == "frames" or frames[0].time_ns is None)
        sensors = [sensor for sensor in self.sensors if sensor.name in present]
        if is_single:
            own = {sensor.name: sensor for sensor in self.recording.sensors_of(frames[0])}
            sensors = [own.get(sensor.name, sensor) for sensor in sensors]
        return _Rig(sensors, is_single)

    def _poses(self, rig: _Rig) -> Trajectory | None:
        """Poses of the reference system instead of the vehicle's."""
        # Poses say something about a camera only together with the place of the camera.
        moves = rig.lidars or (rig.is_calibrated and not rig.is_single)
        if self.trajectory is None or not moves or rig.is_lost:
            return None
        key = (
            *map(float, rig.ego_from_reference.rotation.ravel()),
            *map(float, rig.ego_from_reference.position),
        )
        if key not in self._moved:
            self._moved[key] = self.trajectory.of_mounted(rig.ego_from_reference)
        return self._moved[key]

    def _is_undistorted(self, sensor: Sensor) -> bool:
        optics = sensor.optics
        if optics is None or not any(optics.distortion):
            return False
        return self.options.undistort or needs_undistortion(optics)

    def _pre_annotation(
        self, rig: _Rig, frames: Sequence[RecordedFrame], matched: Matched
    ) -> tuple[Json | None, list[Skip]]:
        if not self.options.labels:
            return None, []
        if rig.is_lost:
            reason = "the recording does not say where the lidar sits, which the labels would be moved to"
            return None, [Skip("labels", reason)] if any(True for _ in self.recording.labels()) else []
        place = LabelPlace(
            frames=frames,
            sensors=self.sensors,
            used=[sensor.name for sensor in rig.sensors],
            ego_from_reference=rig.ego_from_reference,
            trajectory=self.trajectory,
            tolerance_ns=self._tolerance(matched),
            single=rig.is_single,
        )
        # Not kept: a dataset may have a million boxes, of which a scene has few.
        return pre_annotation_of(self.recording.labels(), place)

    def _tolerance(self, matched: Matched) -> int:
        return matched.tolerance_ns or 50 * MS_NS

    def _kind(self, rig: _Rig) -> str:
        kinds = {sensor.kind for sensor in rig.sensors}
        if self.options.form == "aggregated":
            if kinds != {"lidar", "camera"}:
                raise RecordingError(f"{self.recording.name}: an aggregated scene needs lidars and cameras")
            if self.trajectory is None:
                raise RecordingError(
                    f"{self.recording.name}: an aggregated scene needs the poses of the vehicle, and the "
                    "recording has none"
                )
            return "aggregated_lidars_and_cameras_sequence"
        name = {
            frozenset({"lidar"}): "lidars",
            frozenset({"camera"}): "cameras",
            frozenset({"lidar", "camera"}): "lidars_and_cameras",
        }[frozenset(kinds)]
        return name if rig.is_single else f"{name}_sequence"

    def _frame(
        self,
        frame: RecordedFrame,
        rig: _Rig,
        first: RecordedFrame,
        poses: Trajectory | None,
        captures: dict[str, Capture],
    ) -> Json:
        entry: Json = {}
        time = frame.time_ns
        if not rig.is_single:
            entry |= {
                "frame_id": frame.name,
                "relative_timestamp": ((time or 0) - (first.time_ns or 0)) // MS_NS,
            }
        if (poses is not None or rig.lidars) and time is not None and time >= SMALLEST_NS:
            entry["unix_timestamp"] = time
        if poses is not None and not rig.is_single and time is not None:
            entry["ego_vehicle_pose"] = _pose_entry(poses.pose_at(time), "rotation")
        return entry | self._files(frame, rig, captures)

    def _files(self, frame: RecordedFrame, rig: _Rig, captures: dict[str, Capture]) -> Json:
        """The images and point clouds of a frame."""
        clouds, images = [], []
        for sensor in rig.sensors:
            capture = frame.captures.get(sensor.name)
            if capture is None:
                continue
            name = _file_name(capture, frame, self._suffix(sensor, capture))
            captures[name] = capture
            if sensor.kind == "lidar":
                clouds.append({"sensor_name": sensor.name, "filename": name})
            else:
                images.append({"sensor_name": sensor.name, "filename": name} | _shutter(capture))
        return {name: found for name, found in (("point_clouds", clouds), ("images", images)) if found}

    def _suffix(self, sensor: Sensor, capture: Capture) -> str:
        if sensor.kind == "lidar":
            return f".{self.options.cloud_format}"
        if capture.suffix is None or self._is_undistorted(sensor):
            return _IMAGE_SUFFIX
        return capture.suffix

    def _calibration(self, rig: _Rig, frames: Sequence[RecordedFrame]) -> Mapping[str, BaseCalibration]:
        sensors = self._calibrated(rig)
        sizes = {
            sensor.name: self._size(sensor.name, frames)
            for sensor in sensors
            if sensor.optics is not None and sensor.optics.size is None
        }
        return calibrations_of(
            sensors, rig.ego_from_reference.inverse(), sizes, undistorted=self.options.undistort
        )

    def _calibrated(self, rig: _Rig) -> Sequence[Sensor]:
        """The sensors of all scenes of the recording, which share one calibration, also where a part of it
        has no images of a camera; those of one scene where its frames have calibrations of their own, or its
        lidars make another reference system."""
        if type(self.recording).sensors_of is not Recording.sensors_of:
            return rig.sensors
        whole = _Rig([sensor for sensor in self.sensors if sensor.name in self._present], rig.is_single)
        return whole.sensors if whole.is_calibrated and len(whole.lidars) == len(rig.lidars) else rig.sensors

    def _size(self, camera: str, frames: Sequence[RecordedFrame]) -> tuple[int, int]:
        """Width and height of a camera's first image."""
        if camera not in self._sizes:
            here = (frame.captures[camera] for frame in frames if camera in frame.captures)
            capture = next(here, None) or next(iter(self.recording.captures(camera)))
            content = self.recording.read(capture)
            name = f"{camera}{capture.suffix or _IMAGE_SUFFIX}"
            facts, issues = survey_image(Source.of(encoded(content, name)))
            if facts is None:
                raise RecordingError(f"{camera}: {capture.reference}: {'; '.join(map(str, issues))}")
            self._sizes[camera] = (facts.width, facts.height)
        return self._sizes[camera]

    def _imu(self, poses: Trajectory | None, frames: Sequence[RecordedFrame]) -> Sequence[Json]:
        """Samples from before the first to after the last time of the scene."""
        if poses is None or not self.options.imu_rate:
            return ()
        names = self._lidar_names
        times = [time for frame in frames for time in _times_of(frame, names, cameras=True)]
        low, high = min(times) - MS_NS, max(times) + MS_NS
        if not (poses.covers(low, slack_ns=_SLACK_NS) and poses.covers(high, slack_ns=_SLACK_NS)):
            return ()
        if not self.recording.compensated and any(
            capture.start_ns is None
            for frame in frames
            for name, capture in frame.captures.items()
            if name in names
        ):
            # How long a sweep takes is not known before its points are read: no longer than this.
            low, high = low - _SLACK_NS, high + _SLACK_NS
        step = round(SECOND_NS / self.options.imu_rate)
        grid = np.arange(low, high + step, step, dtype=np.int64)
        inner = poses.times[(poses.times > low) & (poses.times < high)]
        wanted = np.unique(np.concatenate([grid, inner]))
        wanted = wanted[(wanted >= poses.times[0] - _SLACK_NS) & (wanted <= poses.times[-1] + _SLACK_NS)]
        positions, quaternions = poses.at(wanted)
        return [
            {
                "position": dict(zip("xyz", position, strict=True)),
                "rotation_quaternion": dict(zip("wxyz", quaternion, strict=True)),
                "timestamp": time,
            }
            for time, position, quaternion in zip(
                wanted.tolist(), positions.tolist(), quaternions.tolist(), strict=True
            )
        ]

    def _notes(
        self,
        matched: Matched,
        rig: _Rig,
        poses: Trajectory | None,
        imu: Sequence[Json],
        undistorted: Sequence[Sensor],
        *,
        is_unix: bool,
    ) -> list[str]:
        notes = list(self.recording.notes)
        if matched.reference is not None:
            notes.append(
                f"frames: one per capture of {matched.reference}, with the capture of each other sensor "
                f"that is nearest in time, at most {matched.tolerance_ns / MS_NS:g} ms away"
            )
        lidars = rig.lidars
        if rig.is_lost and self.trajectory is not None:
            notes.append(
                f"ego poses: left out, because the recording has no transform from the lidar "
                f"{lidars[0].name} to the vehicle"
            )
        if len(lidars) == 1:
            notes.append(
                f"coordinates: the reference system of the scene is the coordinate system of its only lidar, "
                f"{lidars[0].name}{'; ego poses are the poses of this lidar in the world' if poses else ''}"
            )
        elif lidars or poses is not None:
            notes.append(
                "coordinates: the reference system of the scene is the vehicle's coordinate system in the "
                f"recording{'; ego poses are the poses of the vehicle in the world' if poses else ''}"
            )
        if poses is not None and imu:
            notes.append(
                "IMU data: interpolated from the ego poses (positions linearly, rotations spherically) at "
                f"{self.options.imu_rate:g} Hz, plus one sample at the time of each pose"
            )
        elif is_unix and poses is not None and self.options.imu_rate:
            notes.append("IMU data: left out, because the ego poses do not cover the whole scene")
        return [*notes, *_image_notes(rig, undistorted, is_unix=is_unix)]

    def _left_out(self, matched: Matched) -> list[Skip]:
        # Asked for last, since a recording finds out while it is read.
        return [*self.recording.skipped, *self.skipped, *matched.skipped]


def _image_notes(rig: _Rig, undistorted: Sequence[Sensor], *, is_unix: bool) -> Iterator[str]:
    if undistorted:
        names = ", ".join(sensor.name for sensor in undistorted)
        yield (
            f"images of {names}: undistorted; the calibration describes a pinhole camera with the same "
            "camera matrix and no distortion"
        )
    if not is_unix:
        yield (
            "Unix timestamps, IMU data and shutter times: left out, because the timestamps of the "
            "recording are not Unix time"
        )
    elif len(rig.lidars) < len(rig.sensors):
        yield (
            "shutter times: an image without a known exposure time gets a shutter interval of 1 ns at "
            "its timestamp"
        )


def _placing_problem(sensor: Sensor, lidars: Sequence[Sensor]) -> str | None:
    """Why a sensor cannot be in a scene with the others."""
    if not lidars or (sensor.kind == "lidar" and len(lidars) == 1):
        return None
    if len(lidars) == 1 and lidars[0].pose is None:
        return (
            f"the recording does not say where the lidar {lidars[0].name} sits, so that no camera can be "
            "related to it: no transform leads from one to the other; leave the lidar out with --sensor"
        )
    if sensor.pose is None:
        return "the recording does not say where it sits: no transform leads to the other sensors"
    if sensor.kind == "camera" and sensor.optics is None:
        return "the recording has no camera matrix of it, which a scene with lidars needs"
    return None


def _needs_poses(sensors: Sequence[Sensor]) -> bool:
    """Whether the frames of a scene get poses, if there are any."""
    return any(sensor.kind == "lidar" for sensor in sensors) or all(
        sensor.pose is not None and sensor.optics is not None for sensor in sensors
    )


def _is_unix(frames: Sequence[RecordedFrame]) -> bool:
    return all(frame.time_ns is not None and frame.time_ns >= SMALLEST_NS for frame in frames)


def _times_of(frame: RecordedFrame, lidars: Sequence[str], *, cameras: bool = False) -> Iterator[int]:
    """The times at which the vehicle's pose is needed for a frame."""
    if frame.time_ns is not None:
        yield frame.time_ns
    for name, capture in frame.captures.items():
        if name in lidars or cameras:
            for time in (capture.time_ns, capture.start_ns, capture.end_ns):
                if time is not None:
                    yield time


def _pose_entry(pose: Rigid, rotation: str) -> Json:
    return {
        "position": dict(zip("xyz", map(float, pose.position), strict=True)),
        rotation: dict(zip("wxyz", map(float, quaternion_of(pose.rotation)), strict=True)),
    }


def _file_name(capture: Capture, frame: RecordedFrame, suffix: str) -> str:
    stem = frame.name if capture.time_ns is None else str(capture.time_ns)
    return f"{capture.sensor}/{stem}{suffix}"


def _shutter(capture: Capture) -> Json:
    """Shutter times, which the platform wants to differ."""
    start, end = capture.start_ns, capture.end_ns
    if start is None or end is None or start < SMALLEST_NS:
        return {}
    if start >= end:
        start, end = start - 1, start + 1
    return {"metadata": {"shutter_time_start_ns": start, "shutter_time_end_ns": end}}


def counts_of(scene: ImportedScene) -> Counter[str]:
    """Number of captures by sensor."""
    return Counter(capture.sensor for capture in scene.captures.values())
