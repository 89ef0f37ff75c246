"""nuScenes, and T4, TIER IV's format of the same tables.

Formats: `docs/schema_nuscenes.md` of nutonomy/nuscenes-devkit and `docs/schema/table.md` of
tier4/t4-devkit. Both keep a pose of the vehicle for every capture, so that a picture and a sweep of one
sample are related through both poses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from kognic._core.scene_errors import RecordingError
from kognic.annotations.convert.dataset_files import json_table
from kognic.annotations.convert.nuscenes_rows import Annotation, Calibrated, Data, Row, Rows, Sample, Scene
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.importers.arrays import packed_floats, points_of, pose_of, trajectory_of
from kognic.scenes.importers.folders import FolderRecording
from kognic.scenes.importers.locations import Location, bytes_of, file_problem
from kognic.scenes.importers.recording import (
    BoxLabel,
    Capture,
    Optics,
    RecordedFrame,
    Recording,
    Sensor,
)

US_NS = 1000
_FLOATS = 5  # x, y, z, intensity, ring (nuScenes) or lidar index (T4)
# OpenCV's order k1, k2, p1, p2, k3, k4, ...: from the sixth coefficient on, the model is rational.
_FIRST_RATIONAL = 6


class _Source(msgspec.Struct):
    sensor_token: str
    idx_begin: int
    length: int
    stamp: dict[str, int]


class _Info(msgspec.Struct):
    sources: list[_Source] = []


class Tables(Rows):
    """The tables of one version of a dataset."""

    error = RecordingError

    def __init__(self, root: Location, folder: Location) -> None:
        self.root = root
        self.folder = folder
        self.where = str(folder)

    def rows(self, name: str, kind: type[Row]) -> list[Row]:
        """Return a table.

        Raises:
            RecordingError: It is missing, no JSON, or lacks a column.
        """
        path = self.folder / f"{name}.json"
        return json_table(bytes_of(path), str(path), list[kind], RecordingError)  # type: ignore[valid-type]

    def optional(self, name: str, kind: type[Row]) -> list[Row]:
        """Return a table that may be missing."""
        return self.rows(name, kind) if (self.folder / f"{name}.json").exists() else []


def open_nuscenes(
    source: Location, *, version: str | None = None, scene: str | None = None, sweeps: str = "false"
) -> Iterator[Recording]:
    """Yield the scenes of a nuScenes folder.

    Args:
        source: The folder that holds `samples` and a version such as `v1.0-mini`.
        version: Which, if there is more than one.
        scene: Only this one, by name or token.
        sweeps: `true` takes all sweeps and pictures, matched by time; else key frames only.

    Raises:
        RecordingError: There are no tables, or no such scene.
    """
    if (source / "sample_data.json").exists():  # the folder of the version itself
        source, version = source.parent, version or source.name
    versions = [path for path in _folders(source) if (path / "sample_data.json").exists()]
    found = [path for path in versions if version in (None, path.name)]
    if len(found) != 1:
        names = ", ".join(path.name for path in versions) or "none"
        raise RecordingError(
            f"{source}: name the version of nuScenes with version=...; the folder has: {names}"
        )
    yield from _scenes(Tables(source, found[0]), scene, sweeps, t4=False)


def open_t4(source: Location, *, scene: str | None = None, sweeps: str = "false") -> Iterator[Recording]:
    """Yield the scene of a T4 dataset.

    Args:
        source: The folder that holds `annotation` and `data`, or one that holds versions of it (`0`, `1`,
            ...): the newest is taken.
        scene: Only this one, by name or token.
        sweeps: As for `open_nuscenes`.

    Raises:
        RecordingError: There are no tables, or no such scene.
    """
    root = source
    if not (root / "annotation").is_dir():
        numbered = [
            path for path in _folders(source) if path.name.isdigit() and (path / "annotation").is_dir()
        ]
        if not numbered:
            raise RecordingError(f"{source}: no T4 dataset; pass the folder that holds annotation and data")
        root = max(numbered, key=lambda path: int(path.name))
    yield from _scenes(Tables(root, root / "annotation"), scene, sweeps, t4=True)


def _folders(source: Location) -> list[Location]:
    return sorted((path for path in source.iterdir() if path.is_dir()), key=str) if source.is_dir() else []


def _scenes(tables: Tables, wanted: str | None, sweeps: str, *, t4: bool) -> Iterator[Recording]:
    found = [scene for scene in tables.scenes if wanted in (None, scene.name, scene.token)]
    if not tables.scenes:
        raise RecordingError(f"{tables.folder}: scene.json lists no scene")
    if not found:
        raise RecordingError(
            f"{tables.folder}: no scene {wanted}; there are: "
            f"{', '.join(scene.name for scene in tables.scenes[:20])}"
        )
    for scene in found:
        yield TableScene(tables, scene, key_frames=str(sweeps).lower() != "true", t4=t4)


class TableScene(FolderRecording):
    """A scene of the tables; ego is the vehicle (x forward, y left, z up), world the map."""

    compensated = True

    def __init__(self, tables: Tables, scene: Scene, *, key_frames: bool, t4: bool) -> None:
        super().__init__(tables.root, scene.name)
        self._tables = tables
        self._scene = scene
        self._key_frames = key_frames
        self._is_t4 = t4

    @property
    def notes(self) -> Sequence[str]:
        """Conversions of this format."""
        points = (
            "point timestamps: in merged clouds those of the source lidar, otherwise that of the sweep"
            if self._is_t4
            else "points have no timestamps of their own; every point has the timestamp of its sweep, to "
            "which it is motion-compensated in the dataset"
        )
        return (
            "timestamps: converted from microseconds to nanoseconds",
            (
                "ego poses: one for each image and each sweep, at its own time; points are projected into an "
                "image with the vehicle's motion between the two"
            ),
            points,
        )

    @cached_property
    def _samples(self) -> list[Sample]:
        return self._tables.samples.get(self._scene.token, [])

    @cached_property
    def _data(self) -> dict[str, list[Data]]:
        """Usable captures by channel, in the order of time."""
        found: dict[str, list[Data]] = defaultdict(list)
        for sample in self._samples:
            for entry in self._tables.data.get(sample.token, ()):
                if self._usable(entry):
                    found[self._tables.channel(entry).channel].append(entry)
        return {
            channel: sorted(entries, key=lambda entry: entry.timestamp)
            for channel, entries in sorted(
                found.items(), key=lambda item: (not item[0].startswith("LIDAR"), item)
            )
        }

    def _usable(self, entry: Data) -> bool:
        if self._key_frames and not entry.is_key_frame:
            return False
        sensor = self._tables.channel(entry)
        if sensor.modality not in ("lidar", "camera"):
            self._skip(sensor.channel, f"a {sensor.modality}, neither lidar nor camera")
            return False
        if entry.is_valid is False:
            self._skip(f"{sensor.channel} invalid", "marked as not valid (is_valid)", entry)
            return False
        problem = file_problem(self._tables.root / entry.filename)
        if problem is not None:
            self._skip(f"{sensor.channel} {problem}", f"{entry.filename}: {problem}", entry)
            return False
        return True

    def _skip(self, key: str, reason: str, entry: Data | None = None) -> None:
        time = None if entry is None else entry.timestamp * US_NS
        self._skips.count(key.split()[0], reason, time, key=key)

    def sensors(self) -> Sequence[Sensor]:
        """Return the channels that have data, lidars first."""
        found = []
        for channel, entries in self._data.items():
            calibrated = self._tables.calibrated[entries[0].calibrated_sensor_token]
            is_camera = self._tables.sensors[calibrated.sensor_token].modality == "camera"
            found.append(
                Sensor(
                    name=channel,
                    kind="camera" if is_camera else "lidar",
                    pose=pose_of(calibrated.translation, calibrated.rotation),
                    optics=_optics(calibrated, entries[0]) if is_camera else None,
                )
            )
        if not found:
            raise RecordingError(f"{self._tables.folder}: scene {self.name} has no file of a lidar or camera")
        return found

    def captures(self, sensor: str) -> Iterator[Capture]:
        """Yield the files of a channel."""
        return (self._capture(sensor, entry) for entry in self._data.get(sensor, ()))

    def frames(self) -> Iterable[RecordedFrame] | None:
        """Yield the samples; None with sweeps, which belong to none."""
        return self._sample_frames() if self._key_frames else None

    def _sample_frames(self) -> Iterator[RecordedFrame]:
        captures: dict[str, dict[str, Capture]] = defaultdict(dict)
        for channel, entries in self._data.items():
            for entry in entries:
                captures[entry.sample_token][channel] = self._capture(channel, entry)
        for sample in self._samples:
            if sample.token in captures:
                yield RecordedFrame(
                    name=sample.token, time_ns=sample.timestamp * US_NS, captures=captures[sample.token]
                )

    def _capture(self, channel: str, entry: Data) -> Capture:
        is_lidar = self._tables.channel(entry).modality == "lidar"
        time = entry.timestamp * US_NS
        return Capture(
            sensor=channel,
            reference=entry.filename
            if entry.info_filename is None
            else f"{entry.filename}|{entry.info_filename}",
            time_ns=time,
            start_ns=None if is_lidar else time,
            end_ns=None if is_lidar else time,
            suffix=None if is_lidar else f".{entry.filename.rsplit('.', 1)[-1].lower()}",
        )

    def read(self, capture: Capture) -> Location | PointArrays:
        """Return an image as it is, or the points of a sweep."""
        name, _, info = capture.reference.partition("|")
        path = self._tables.root / name
        if capture.suffix:
            return path
        table = packed_floats(path, _FLOATS)
        times: Any = capture.time_ns
        if info:
            times = _source_times(self._tables.root / info, len(table), capture.time_ns or 0)
        return points_of(table[:, :3], table[:, 3], times)

    def trajectory(self) -> Trajectory | None:
        """Return the ego poses of all captures."""
        return trajectory_of(
            # The time of the capture counts: some tables round the time of the pose.
            (entry.timestamp * US_NS, pose_of(pose.translation, pose.rotation))
            for entries in self._data.values()
            for entry in entries
            for pose in [self._tables.pose(entry)]
        )

    def labels(self) -> Iterator[BoxLabel]:
        """Yield the boxes of the samples: cuboids in the world, and the 2D boxes of T4 and nuImages in their
        images."""
        images = {entry.token for entries in self._data.values() for entry in entries}
        for sample in self._samples:
            for found in self._tables.objects(sample.token, images):
                boxes = {
                    channel: corners
                    for channel, row in found.in_images
                    if (corners := row.corners) is not None
                }
                if found.box is not None or boxes:
                    yield BoxLabel(
                        track=found.track,
                        category=found.category,
                        frame=sample.token,
                        time_ns=sample.timestamp * US_NS,
                        boxes=boxes,
                        attributes=found.properties,
                        **({} if found.box is None else _in_world(found.box)),
                    )


def _in_world(box: Annotation) -> dict[str, Any]:
    """Where a box is, as `BoxLabel` has it."""
    width, length, height = box.size
    return {
        "system": "world",
        "centre": tuple(box.translation),
        "size": (length, width, height),
        "rotation": tuple(box.rotation),
    }


def _optics(calibrated: Calibrated, entry: Data) -> Optics | None:
    intrinsic = calibrated.camera_intrinsic or ()
    if len(intrinsic) != 3:
        return None
    distortion = tuple(calibrated.camera_distortion or ())
    size = (entry.width, entry.height) if entry.width and entry.height else None
    return Optics(
        model="rational" if len(distortion) >= _FIRST_RATIONAL and any(distortion[5:]) else "pinhole",
        matrix=np.array(intrinsic, dtype=float),
        size=size,
        distortion=distortion if any(distortion) else (),
    )


def _source_times(path: Location, count: int, default: int) -> Any:
    """Times of the points of a merged cloud: those of the lidars that they came from."""
    info = json_table(bytes_of(path), str(path), _Info, RecordingError)
    times = np.full(count, default, dtype=np.int64)
    for source in info.sources:
        stamp = source.stamp["sec"] * 1_000_000_000 + source.stamp["nanosec"]
        times[source.idx_begin : source.idx_begin + source.length] = stamp
    return times
