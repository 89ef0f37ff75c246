"""Argoverse 2, sensor dataset: Feather tables of points, poses, calibrations and boxes.

Format: the user guide of argoverse/av2-api. Points of both lidars stand in one table, in the vehicle's
system at the time of the sweep, motion-compensated by the publisher; here each lidar gets its own points in
its own system.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from kognic._core.scene_errors import RecordingError
from kognic.annotations.convert.argoverse_tables import (
    IMAGE_SIZE,
    LENS,
    POSITION,
    ROTATION,
    cuboids_of,
    numbers_of,
    poses_of,
    require_columns,
)
from kognic.annotations.convert.dataset_files import feather_table
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.importers.arrays import points_of, pose_of
from kognic.scenes.importers.folders import FolderRecording
from kognic.scenes.importers.locations import Location, bytes_of, file_problem
from kognic.scenes.importers.recording import BoxLabel, Capture, Optics, Recording, Sensor

_COLUMNS = ("x", "y", "z", "intensity", "laser_number", "offset_ns")
# A table of the columns of a sweep without a row has about 3 kB, one with hundreds of points more than this.
_SMALL_BYTES = 8192
# laser_number 0 to 31 and 32 to 63; the elevation of each laser is constant in the system of its lidar only
# so.
_LASERS = {"up_lidar": (0, 32), "down_lidar": (32, 64)}


def open_argoverse2(source: Location, *, log: str | None = None) -> Iterator[Recording]:
    """Yield the logs of a folder, or one log.

    Args:
        source: A log, a split such as `sensor/val`, or the folder above.
        log: Only this one.

    Raises:
        RecordingError: There is none.
    """
    found = [path for path in _logs(source, 3) if log in (None, path.name)]
    if not found:
        raise RecordingError(
            f"{source}: no Argoverse 2 log{'' if log is None else f' {log}'}; pass a folder that holds "
            "city_SE3_egovehicle.feather, or one above it"
        )
    for path in found:
        yield ArgoverseLog(path)


def _logs(folder: Location, depth: int) -> list[Location]:
    if (folder / "city_SE3_egovehicle.feather").exists():
        return [folder]
    if depth == 0 or not folder.is_dir():
        return []
    below = sorted((path for path in folder.iterdir() if path.is_dir()), key=str)
    return [log for path in below for log in _logs(path, depth - 1)]


class ArgoverseLog(FolderRecording):
    """A log; ego is the vehicle (x forward, y left, z up), world the city."""

    compensated = True

    def __init__(self, folder: Location) -> None:
        super().__init__(folder, folder.name)

    @property
    def notes(self) -> Sequence[str]:
        """Conversions of this format."""
        return (
            (
                "timestamps: nanoseconds of the dataset's own clock, unchanged; it is not Unix time, so "
                "dates are in the year 1980"
            ),
            (
                "points: transformed from the vehicle's coordinates at the time of the sweep to the "
                "coordinates of their lidar; the dataset stores float16, whose steps are 6 cm beyond 64 m"
            ),
            (
                "cameras: the distortion coefficients k1, k2, k3 are ignored, because the dataset's own "
                "package projects without them"
            ),
        )

    @cached_property
    def _poses(self) -> dict[str, Rigid]:
        path = self._folder / "calibration" / "egovehicle_SE3_sensor.feather"
        poses = poses_of(read_feather(path), str(path), RecordingError)
        return {name: pose_of(position, rotation) for name, (position, rotation) in poses.items()}

    def sensors(self) -> Sequence[Sensor]:
        """Return both lidars, and the cameras whose folders are there."""
        poses = self._poses
        found = []
        if (self._folder / "sensors" / "lidar").is_dir():
            found += [
                Sensor(name=name, kind="lidar", pose=poses.get(name)) for name in _LASERS if name in poses
            ]
        path = self._folder / "calibration" / "intrinsics.feather"
        table = read_feather(path)
        values = numbers_of(table, (*LENS, *IMAGE_SIZE), str(path), RecordingError)
        for name, (fx, fy, cx, cy, width, height) in zip(
            table["sensor_name"].to_pylist(), values, strict=True
        ):
            if (self._folder / "sensors" / "cameras" / name).is_dir():
                matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
                optics = Optics(matrix=matrix, size=(int(width), int(height)))
                found.append(Sensor(name=name, kind="camera", pose=poses.get(name), optics=optics))
        return found

    def captures(self, sensor: str) -> Iterator[Capture]:
        """Yield the files of a sensor: their names are times in nanoseconds."""
        is_lidar = sensor in _LASERS
        folder = self._folder / "sensors" / ("lidar" if is_lidar else f"cameras/{sensor}")
        files = sorted(folder.iterdir(), key=lambda path: (len(path.stem), path.stem))
        for path in files:
            name = f"{sensor}/{path.name}"
            if not path.stem.isdigit():
                self._skips.once(name, "the name is not a time in nanoseconds")
                continue
            time = int(path.stem)
            problem = file_problem(path) or (self._sweep_problem(path) if is_lidar else None)
            if problem is not None:
                self._skips.once(name, problem, time)
                continue
            yield Capture(
                sensor=sensor,
                reference=f"sensors/{'lidar' if is_lidar else f'cameras/{sensor}'}/{path.name}",
                time_ns=time,
                start_ns=None if is_lidar else time,
                end_ns=None if is_lidar else time,
                suffix=None if is_lidar else path.suffix.lower(),
            )

    def _sweep_problem(self, path: Location) -> str | None:
        """Whether a sweep has no points, which its size tells but for the smallest."""
        if path.stat().st_size > _SMALL_BYTES:
            return None
        try:
            return None if self._sweep(path).num_rows else "the sweep has no points"
        except RecordingError:
            return None  # damaged: `read` says how

    def read(self, capture: Capture) -> Location | PointArrays:
        """Return an image as it is, or the points of one lidar in its own system."""
        path = self._folder / capture.reference
        if capture.suffix:
            return path
        table = self._sweep(path)
        require_columns(table, _COLUMNS, f"{path}: the sweep", RecordingError)
        first, end = _LASERS[capture.sensor]
        lasers = table["laser_number"].to_numpy()
        mine = (lasers >= first) & (lasers < end)
        xyz = np.column_stack([table[axis].to_numpy()[mine] for axis in "xyz"]).astype(np.float64)
        times = int(path.stem) + table["offset_ns"].to_numpy()[mine].astype(np.int64)
        pose = self._poses[capture.sensor]
        return points_of(pose.inverse().apply(xyz), table["intensity"].to_numpy()[mine], times)

    @cached_property
    def _sweep(self) -> Any:
        # Both lidars of a sweep are read one after the other.
        return lru_cache(maxsize=2)(read_feather)

    def trajectory(self) -> Trajectory | None:
        """Return the poses of the vehicle in the city."""
        path = self._folder / "city_SE3_egovehicle.feather"
        table = read_feather(path)
        times = table["timestamp_ns"].to_numpy().astype(np.int64)
        order = np.argsort(times, kind="stable")
        times = times[order]
        kept = np.append(True, np.diff(times) > 0) if len(times) else np.zeros(0, bool)
        if np.count_nonzero(kept) < 2:
            return None
        values = numbers_of(table, (*POSITION, *ROTATION), str(path), RecordingError)[order][kept]
        quaternions = values[:, 3:] / np.linalg.norm(values[:, 3:], axis=1, keepdims=True)
        return Trajectory(times[kept], values[:, :3], quaternions)

    def labels(self) -> Iterator[BoxLabel]:
        """Yield the boxes, in the vehicle's system at their time."""
        path = self._folder / "annotations.feather"
        if not path.exists():
            return
        for rows in cuboids_of(read_feather(path), str(path), RecordingError):
            numbers = zip(rows.centres.tolist(), rows.sizes.tolist(), rows.rotations.tolist(), strict=True)
            names = zip(rows.times_ns, rows.tracks, rows.categories, rows.points, strict=True)
            for (time, track, category, points), (centre, size, rotation) in zip(names, numbers, strict=True):
                yield BoxLabel(
                    track=track,
                    category=category,
                    time_ns=time,
                    system="ego",
                    centre=tuple(centre),
                    size=tuple(size),
                    rotation=tuple(rotation),
                    attributes={"num_interior_pts": points},
                )


def read_feather(path: Location) -> Any:
    """Return a Feather file as an Arrow table.

    Raises:
        RecordingError: It is missing or damaged, or pyarrow is not installed.
    """
    data = bytes_of(path)
    try:
        return feather_table(data, str(path), RecordingError)
    except ImportError as exc:
        raise RecordingError(f"{path}: {exc}") from exc
