"""PandaSet: pickled data frames of points and cuboids, JSON lists of poses and times.

Format: scaleapi/pandaset-devkit. Points are in the world, motion-compensated by the publisher. The lidar's
pose frame (x right, y forward, z up) is the ego system here, and both lidars are given in it: the dataset
does not say where each of them sits.
"""

from __future__ import annotations

import gzip
import math
import pickle
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from io import BytesIO
from typing import Any

import numpy as np

from kognic._core.extras import needs_extra
from kognic._core.scene_errors import RecordingError
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.importers.arrays import (
    nearest_rotation,
    points_of,
    pose_of,
    seconds_to_ns,
    split_seconds_to_ns,
    trajectory_of,
)
from kognic.scenes.importers.folders import FolderRecording
from kognic.scenes.importers.locations import Location, bytes_of, json_of
from kognic.scenes.importers.recording import (
    BoxLabel,
    Capture,
    Optics,
    RecordedFrame,
    Recording,
    Sensor,
)

# Column d of the points.
_DEVICES = {"pandar64": 0, "pandar_gt": 1}
# Where indexes of one kind of number were, until pandas 2; an Index of such numbers is the same.
_NUMERIC = "pandas.core.indexes.numeric"
# Names that protocols 0 to 2 of pickle write for modules of Python 3.
_OLD_NAMES = {"__builtin__": "builtins"}
# Classes that data frames are made of, and nothing that runs a command or imports a module.
_ALLOWED = {
    "pandas": {
        *("DataFrame", "Series", "Index", "RangeIndex", "StringDtype"),
        *("Categorical", "CategoricalDtype"),
    },
    "pandas._libs.arrays": {"__pyx_unpickle_NDArrayBacked"},
    "pandas.core.arrays.categorical": {"Categorical"},
    "pandas.core.dtypes.dtypes": {"CategoricalDtype"},
    "pandas.arrays": {"ArrowStringArray", "StringArray"},
    "pandas.core.arrays.string_": {"StringDtype", "StringArray"},
    "pyarrow.lib": {"chunked_array", "type_for_alias", "_restore_array", "py_buffer", "large_string"},
    "pandas.core.frame": {"DataFrame"},
    "pandas.core.series": {"Series"},
    "pandas.core.internals.managers": {"BlockManager", "SingleBlockManager"},
    "pandas.core.internals.blocks": {"new_block"},
    "pandas._libs.internals": {"_unpickle_block"},
    "pandas.core.indexes.base": {"Index", "_new_Index"},
    "pandas.core.indexes.range": {"RangeIndex"},
    _NUMERIC: {"Int64Index", "Float64Index", "UInt64Index"},
    "numpy": {"ndarray", "dtype"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy.core.numeric": {"_frombuffer"},
    "numpy._core.numeric": {"_frombuffer"},
    "builtins": {"slice", "bytearray"},
    "_codecs": {"encode"},
}


def open_pandaset(source: Location, *, sequence: str | None = None) -> Iterator[Recording]:
    """Yield the sequences of a folder, or one sequence.

    Args:
        source: A sequence such as `002`, or the folder that holds them.
        sequence: Only this one.

    Raises:
        RecordingError: There is none.
    """
    folders = [source] if (source / "lidar").is_dir() else []
    if not folders and source.is_dir():
        folders = sorted((path for path in source.iterdir() if (path / "lidar").is_dir()), key=str)
    found = [path for path in folders if sequence in (None, path.name)]
    if not found:
        raise RecordingError(
            f"{source}: no PandaSet sequence{'' if sequence is None else f' {sequence}'}; pass the folder "
            "that holds "
            "lidar and camera, or one above it"
        )
    for path in found:
        yield PandaSetSequence(path)


class PandaSetSequence(FolderRecording):
    """A sequence; ego is the lidar's pose frame (x right, y forward, z up), world that of the dataset."""

    compensated = True

    def __init__(self, folder: Location) -> None:
        super().__init__(folder, f"pandaset-{folder.name}")

    @property
    def notes(self) -> Sequence[str]:
        """Conversions of this format."""
        return (
            (
                "timestamps: converted from decimal seconds to nanoseconds; those of points are "
                "double-precision numbers in the dataset, exact to about 0.2 microseconds"
            ),
            (
                "points: transformed from world coordinates to the coordinates of the lidar poses (x right, "
                "y forward, z up) at the time of the sweep"
            ),
            "lidars: both share one coordinate system, because the dataset has no mounting poses of lidars",
            "ego poses: the lidar poses; meta/gps.json is not used, because it has no rotation",
            (
                "cameras: each has one mounting pose, the median over all frames of its pose relative to the "
                "lidar; a scene of a single frame uses the poses of that frame"
            ),
        )

    @cached_property
    def _cameras(self) -> list[str]:
        folder = self._folder / "camera"
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    def _listed(self, *parts: str) -> Any:
        path = self._folder
        for part in parts:
            path = path / part
        return json_of(path)

    def _times(self, *folder: str) -> list[int]:
        return [seconds_to_ns(seconds) for seconds in self._listed(*folder, "timestamps.json")]

    def poses(self, *folder: str) -> list[Rigid]:
        """Sensor to world at each frame; `lidar`, or `camera` and a name."""
        return [
            pose_of(
                [entry["position"][axis] for axis in "xyz"],
                [entry["heading"][axis] for axis in ("w", "x", "y", "z")],
            )
            for entry in self._listed(*folder, "poses.json")
        ]

    @cached_property
    def _lidar_poses(self) -> list[Rigid]:
        return self.poses("lidar")

    def sensors(self) -> Sequence[Sensor]:
        """Return both lidars and the cameras."""
        return self._sensors(None)

    def sensors_of(self, frame: RecordedFrame) -> Sequence[Sensor]:
        """Return the cameras where the poses of a frame have them."""
        return self._sensors(int(frame.name))

    def _sensors(self, index: int | None) -> list[Sensor]:
        found = [Sensor(name=name, kind="lidar", pose=Rigid.identity(), source="lidar") for name in _DEVICES]
        for name in self._cameras:
            values = self._listed("camera", name, "intrinsics.json")
            matrix = np.array([[values["fx"], 0, values["cx"]], [0, values["fy"], values["cy"]], [0, 0, 1]])
            found.append(
                Sensor(name=name, kind="camera", pose=self._place(name, index), optics=Optics(matrix=matrix))
            )
        return found

    def _place(self, camera: str, index: int | None) -> Rigid:
        """A camera in the ego system: at one frame as the poses have it, else over all frames."""
        poses = self.poses("camera", camera)
        if index is not None:
            return self._lidar_poses[index].inverse() @ poses[index]
        trajectory = self.trajectory()
        if trajectory is None:
            return self._lidar_poses[0].inverse() @ poses[0]
        pairs = list(zip(self._times("camera", camera), poses, strict=False))
        # Cameras are triggered before their sweep ends; before the first sweep there is nothing to
        # interpolate.
        inside = [pair for pair in pairs if trajectory.times[0] <= pair[0] <= trajectory.times[-1]] or pairs
        places = [trajectory.pose_at(time).inverse() @ pose for time, pose in inside]
        rotation = nearest_rotation(np.mean([place.rotation for place in places], axis=0))
        return Rigid(rotation, np.median([place.position for place in places], axis=0))

    def captures(self, sensor: str) -> Iterator[Capture]:
        """Yield the files of a sensor."""
        for frame in self.frames():
            if sensor in frame.captures:
                yield frame.captures[sensor]

    def frames(self) -> list[RecordedFrame]:
        """Return frames: the files of one number belong together."""
        return self._frames

    @cached_property
    def _frames(self) -> list[RecordedFrame]:
        lidar_times = self._times("lidar")
        camera_times = {name: self._times("camera", name) for name in self._cameras}
        found = []
        promise = "timestamps.json has a time for it"
        known = len(self._lidar_poses)
        if known < len(lidar_times):
            reason = f"{known} poses for {len(lidar_times)} times; the frames without a pose are left out"
            for time in lidar_times[known:]:
                self._skips.count("lidar/poses.json", reason, time, key="lidar/poses.json")
        for index, time in enumerate(lidar_times[:known]):
            captures = {}
            for name in _DEVICES:
                reference = f"lidar/{index:02d}.pkl.gz"
                if self._has(reference, promise, time):
                    captures[name] = Capture(sensor=name, reference=reference, time_ns=time)
            for name, times in camera_times.items():
                reference = f"camera/{name}/{index:02d}.jpg"
                if index < len(times) and self._has(reference, promise, times[index]):
                    captures[name] = Capture(
                        sensor=name,
                        reference=reference,
                        time_ns=times[index],
                        start_ns=times[index],
                        end_ns=times[index],
                        suffix=".jpg",
                    )
            if captures:
                found.append(RecordedFrame(name=f"{index:02d}", time_ns=time, captures=captures))
        return found

    def read(self, capture: Capture) -> Location | PointArrays:
        """Return an image as it is, or the points of one lidar in the pose frame."""
        path = self._folder / capture.reference
        if capture.suffix:
            return path
        table = self._table(path)
        mine = table["d"].to_numpy() == _DEVICES[capture.sensor]
        world = np.column_stack([table[axis].to_numpy()[mine] for axis in "xyz"])
        pose = self._lidar_poses[int(path.name.split(".")[0])]
        return points_of(
            pose.inverse().apply(world),
            table["i"].to_numpy()[mine],
            split_seconds_to_ns(table["t"].to_numpy()[mine]),
        )

    @cached_property
    def _table(self) -> Any:
        # Both lidars of a sweep are read one after the other.
        return lru_cache(maxsize=2)(read_frame)

    def trajectory(self) -> Trajectory | None:
        """Return the poses of the lidar."""
        return trajectory_of(zip(self._times("lidar"), self._lidar_poses, strict=False))

    def labels(self) -> Iterator[BoxLabel]:
        """Yield the cuboids, in the world.

        An object that both lidars saw has two cuboids, each naming the other as its sibling; that of the
        Pandar64 is kept.
        """
        folder = self._folder / "annotations" / "cuboids"
        if not folder.is_dir():
            return
        for frame in self.frames():
            path = folder / f"{frame.name}.pkl.gz"
            if not path.exists():
                continue
            columns = read_frame(path).to_dict("list")
            for row in range(len(columns["uuid"])):
                values = {name: column[row] for name, column in columns.items()}
                if (
                    values.get("cuboids.sensor_id") == 1
                    and values.get("cuboids.sibling_id") in columns["uuid"]
                ):
                    continue
                yield _label(values, frame)


def _label(values: dict[str, Any], frame: RecordedFrame) -> BoxLabel:
    # yaw 0 heads along +y, as in the platform's own cuboids; ours head along +x.
    half = (float(values["yaw"]) + math.pi / 2) / 2
    width, length, height = (float(values[f"dimensions.{axis}"]) for axis in "xyz")
    x, y, z = (float(values[f"position.{axis}"]) for axis in "xyz")
    attributes: dict[str, str | float | bool] = {}
    for name, value in values.items():
        if name.startswith("attributes.") and isinstance(value, str) and value:
            attributes[name.removeprefix("attributes.")] = value
    attributes["stationary"] = bool(values.get("stationary", False))
    return BoxLabel(
        track=str(values["uuid"]),
        category=str(values["label"]),
        frame=frame.name,
        time_ns=frame.time_ns,
        system="world",
        centre=(x, y, z),
        size=(length, width, height),
        rotation=(math.cos(half), 0.0, 0.0, math.sin(half)),
        attributes=attributes,
    )


class _Unpickler(pickle.Unpickler):
    """Reads data frames only: a pickle can name any function of any module, and that would run it."""

    def find_class(self, module: str, name: str) -> Any:
        module = _OLD_NAMES.get(module, module)
        if name not in _ALLOWED.get(module, ()):
            raise pickle.UnpicklingError(f"it refers to {module}.{name}, which a data frame has no use for")
        return super().find_class(*(("pandas", "Index") if module == _NUMERIC else (module, name)))


def read_frame(path: Location) -> Any:
    """Return a pickled data frame, gzipped or not, with nothing in it but a data frame.

    Raises:
        RecordingError: It is missing or damaged, holds something else, or pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as exc:
        raise RecordingError(needs_extra(f"{path}: reading PandaSet needs more", "pandaset", exc)) from exc
    data = bytes_of(path)
    try:
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        frame = _Unpickler(BytesIO(data)).load()
    except Exception as exc:  # a damaged pickle raises whatever its bytes happen to ask for
        raise RecordingError(f"{path}: is not a pickled data frame, or is corrupt: {exc}") from exc
    if not isinstance(frame, pd.DataFrame):
        raise RecordingError(f"{path}: holds {type(frame).__name__}, not a data frame")
    return frame
