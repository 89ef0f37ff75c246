"""Zenseact Open Dataset: frames, sequences and drives as the `zod` development kit reads them.

Format: zenseact/zod. `info.json` of each frame names its files and times. The front camera is of the
Kannala-Brandt model with the coefficients of its inverse, which the platform takes as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from io import BytesIO
from typing import Any

import attrs
import numpy as np

from kognic._core.extras import needs_extra
from kognic._core.scene_errors import RecordingError
from kognic._core.standard_classes import keep_class
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import quaternion_of
from kognic.scenes.importers.arrays import date_to_ns, points_of, rigid, seconds_to_ns, trajectory_of
from kognic.scenes.importers.folders import FolderRecording
from kognic.scenes.importers.locations import Location, bytes_of, json_of, local_copy
from kognic.scenes.importers.recording import (
    BoxLabel,
    Capture,
    Optics,
    RecordedFrame,
    Recording,
    Sensor,
)

# An array without points has a header of some hundred bytes.
_SMALL_BYTES = 1024
CAMERA, LIDAR = "FC", "velodyne"
_FOLDERS = ("single_frames", "sequences", "drives")
_GPS_EPOCH_NS = 315_964_800 * 1_000_000_000  # 1980-01-06 in Unix time
_PREFERRED = ("front_blur", "front_dnat", "front_original", "front")


def open_zod(source: Location, *, id: str | None = None) -> Iterator[Recording]:
    """Yield the frames, sequences and drives of a folder, or one of them.

    Args:
        source: The folder that holds `single_frames`, `sequences` or `drives`, one of these, or one frame's
            folder.
        id: Only this one, such as `000000`.

    Raises:
        RecordingError: There is none.
    """
    if (source / "info.json").exists():
        folders = [source]
    else:
        above = [source / name for name in _FOLDERS if (source / name).is_dir()] or [source]
        folders = [
            path
            for folder in above
            if folder.is_dir()
            for path in sorted(folder.iterdir(), key=str)
            if (path / "info.json").exists()
        ]
    found = [path for path in folders if id in (None, path.name)]
    if not found:
        raise RecordingError(
            f"{source}: no ZOD data{'' if id is None else f' with id {id}'}; pass the folder that holds "
            "single_frames, sequences or drives"
        )
    for path in found:
        yield ZodRecording(path)


class ZodRecording(FolderRecording):
    """A frame, sequence or drive; ego is the vehicle (x forward, y left, z up), world its place at the
    first pose."""

    def __init__(self, folder: Location) -> None:
        super().__init__(folder, f"zod-{folder.name}")

    @property
    def compensated(self) -> bool:  # type: ignore[override]
        """As `info.json` says of each sweep."""
        entries = self._lidar_entries
        return bool(entries) and all(entry.get("is_compensated") for entry in entries)

    @property
    def notes(self) -> Sequence[str]:
        """Conversions of this format."""
        return (
            (
                "timestamps: dates of info.json, converted to nanoseconds; each point has the timestamp of "
                "its sweep plus its own offset in microseconds"
            ),
            "camera FC: Kannala-Brandt model with the undistortion coefficients of calibration.json",
            (
                "ego poses: read from ego_motion.json (Unix seconds), or from oxts.hdf5 if it is missing "
                "(GPS seconds, corrected for leap seconds)"
            ),
        )

    @cached_property
    def _info(self) -> Any:
        return json_of(self._folder / "info.json")

    @cached_property
    def _camera_entries(self) -> list[Any]:
        entries = self._info.get("camera_frames", {})
        name = next((name for name in _PREFERRED if entries.get(name)), next(iter(entries), ""))
        return list(entries.get(name, ()))

    @cached_property
    def _lidar_entries(self) -> list[Any]:
        return list(self._info.get("lidar_frames", {}).get("velodyne", ()))

    def sensors(self) -> Sequence[Sensor]:
        """Return the lidar and the front camera."""
        calibration = json_of(self._folder / "calibration.json")
        if CAMERA not in calibration:
            raise RecordingError(f"{self._folder / 'calibration.json'}: has no {CAMERA}")
        values = calibration[CAMERA]
        found = []
        if self._lidar_entries:
            found.append(Sensor(name=LIDAR, kind="lidar", pose=rigid(values["lidar_extrinsics"])))
        if self._camera_entries:
            width, height = values["image_dimensions"]
            optics = Optics(
                model="kannala",
                matrix=np.array(values["intrinsics"], dtype=float)[:, :3],
                size=(int(width), int(height)),
                distortion=tuple(values["distortion"]),
                inverse=tuple(values["undistortion"]),
            )
            found.append(Sensor(name=CAMERA, kind="camera", pose=rigid(values["extrinsics"]), optics=optics))
        return found

    def captures(self, sensor: str) -> Iterator[Capture]:
        """Yield the files of a sensor, as `info.json` lists them."""
        is_lidar = sensor == LIDAR
        for entry in self._lidar_entries if is_lidar else self._camera_entries:
            reference = self._relative(entry["filepath"])
            time = date_to_ns(entry["time"])
            if not self._has(reference, "info.json lists it", time):
                continue
            problem = _sweep_problem(self._folder / reference) if is_lidar else None
            if problem is not None:
                self._skips.once(reference, f"info.json lists it, {problem}", time)
                continue
            yield Capture(
                sensor=sensor,
                reference=reference,
                time_ns=time,
                start_ns=None if is_lidar else time,
                end_ns=None if is_lidar else time,
                suffix=None if is_lidar else f".{reference.rsplit('.', 1)[-1].lower()}",
            )

    def _relative(self, path: str) -> str:
        """A path of `info.json`, which starts at the dataset's folder, below the frame's own."""
        return path.split(f"{self._folder.name}/", 1)[-1]

    def frames(self) -> list[RecordedFrame] | None:
        """Return the key frame of a single frame; sequences and drives are matched by time."""
        if "keyframe_time" not in self._info or len(self._camera_entries) != 1:
            return None
        key = date_to_ns(self._info["keyframe_time"])
        captures: dict[str, Capture] = {}
        for sensor in self.sensors():
            nearest = min(
                self.captures(sensor.name), key=lambda one: abs((one.time_ns or 0) - key), default=None
            )
            if nearest is not None:
                captures[sensor.name] = nearest
        return [RecordedFrame(name=self._folder.name, time_ns=key, captures=captures)] if captures else []

    def read(self, capture: Capture) -> Location | PointArrays:
        """Return an image as it is, or the points of a sweep."""
        path = self._folder / capture.reference
        if capture.suffix:
            return path
        try:
            table = np.load(BytesIO(bytes_of(path)), allow_pickle=False)
            xyz = np.column_stack([table[axis] for axis in "xyz"])
            times = np.int64(capture.time_ns or 0) + table["timestamp"].astype(np.int64) * 1000
            return points_of(xyz, table["intensity"], times)
        except (ValueError, IndexError, EOFError, TypeError) as exc:
            raise RecordingError(f"{path}: is not a lidar sweep of ZOD, or is truncated: {exc}") from exc

    def trajectory(self) -> Trajectory | None:
        """Return the poses of the vehicle, from `ego_motion.json`, else from `oxts.hdf5`."""
        path = self._folder / "ego_motion.json"
        if path.exists():
            content = json_of(path)
            times = [seconds_to_ns(seconds) for seconds in content["timestamps"]]
            return trajectory_of(
                (time, rigid(pose)) for time, pose in zip(times, content["poses"], strict=True)
            )
        oxts = self._folder / "oxts.hdf5"
        return read_oxts(oxts) if oxts.exists() else None

    def labels(self) -> Iterator[BoxLabel]:
        """Objects, in the lidar's system; those without a 3D part have a box in the image only.

        Of sequences one moment is annotated: the sweep nearest to the key time has the labels.
        """
        path = self._folder / "annotations" / "object_detection.json"
        if not path.exists():
            return
        place: dict[str, Any] = {"frame": self._folder.name}
        if self.frames() is None:
            time = self._annotated_ns()
            if time is None:
                return
            place = {"time_ns": time}
        for entry in json_of(path):
            yield attrs.evolve(_label(entry), **place)

    def _annotated_ns(self) -> int | None:
        """The time of the sweep, or of the image without sweeps, that is nearest to the key time."""
        if "keyframe_time" not in self._info:
            reason = "info.json has no keyframe_time, so that the labels belong to no frame"
            self._skips.once("annotations", reason)
            return None
        key = date_to_ns(self._info["keyframe_time"])
        entries = self._lidar_entries or self._camera_entries
        times = (date_to_ns(entry["time"]) for entry in entries)
        return min(times, key=lambda time: abs(time - key), default=key)


def _sweep_problem(path: Location) -> str | None:
    """Whether a sweep has no points, which its size tells but for the smallest."""
    if path.stat().st_size > _SMALL_BYTES or not path.name.endswith(".npy"):
        return None
    try:
        empty = not len(np.load(BytesIO(bytes_of(path)), allow_pickle=False))
    except (ValueError, TypeError, EOFError):
        return None  # damaged: `read` says how
    return "the sweep has no points" if empty else None


def _label(entry: Any) -> BoxLabel:
    values = entry["properties"]
    corners = np.array(entry["geometry"]["coordinates"], dtype=float)
    left, top = map(float, corners.min(axis=0))
    right, bottom = map(float, corners.max(axis=0))
    centre = size = None
    rotation = (1.0, 0.0, 0.0, 0.0)
    if "location_3d" in values:
        x, y, z = map(float, values["location_3d"]["coordinates"])
        centre = (x, y, z)
        length, width, height = (float(values[f"size_3d_{name}"]) for name in ("length", "width", "height"))
        size = (length, width, height)
        w, qx, qy, qz = (float(values[f"orientation_3d_q{name}"]) for name in "wxyz")
        rotation = (w, qx, qy, qz)
    attributes = {
        name: value
        for name, value in values.items()
        if isinstance(value, (str, bool)) and name not in ("annotation_uuid", "class")
    }
    return BoxLabel(
        track=values["annotation_uuid"],
        category=values["class"],
        system=LIDAR,
        centre=centre,
        size=size,
        rotation=rotation,
        boxes={CAMERA: (left, top, right, bottom)},
        attributes=attributes,
    )


def read_oxts(path: Location) -> Trajectory | None:
    """Return the poses of `oxts.hdf5`: GPS seconds plus a column of (negative) leap seconds.

    Raises:
        RecordingError: It is damaged, or h5py is not installed.
    """
    try:
        import h5py
    except ImportError as exc:
        raise RecordingError(needs_extra(f"{path}: reading HDF5 needs more", "zod", exc)) from exc
    try:
        with local_copy(path) as local, h5py.File(local) as opened:
            file: Any = opened
            seconds, leap = file["timestamp"][:], file["leapSeconds"][:]
            poses = file["poses"][:]
    except (OSError, KeyError) as exc:
        raise keep_class(RecordingError(f"{path}: is not an OXTS file, or is truncated: {exc}"), exc) from exc
    times = []
    for second, leaps in zip(seconds, leap, strict=True):
        fraction, whole = math.modf(float(second))
        times.append((int(whole) + int(leaps)) * 1_000_000_000 + round(fraction * 1e9) + _GPS_EPOCH_NS)
    return Trajectory(
        np.array(times, dtype=np.int64),
        poses[:, :3, 3],
        np.array([quaternion_of(pose[:3, :3]) for pose in poses]),
    )
