"""Puts the files of a folder together as a scene, and says what was guessed and what a person has to add."""

from __future__ import annotations

import operator
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import attrs

from kognic._core.wording import counted
from kognic.scenes.drafting.folder import Contents, look_into
from kognic.scenes.drafting.names import Moment, Named, name_words, read_names, sensor_names
from kognic.scenes.importers.matching import match
from kognic.scenes.importers.recording import Capture

CAMERA, LIDAR = "camera", "lidar"
# Most lidars rotate ten times per second. The draft marks the number as a guess.
_PERIOD_MS = 100
# Unix times by their number of digits, from nanoseconds to seconds; this holds from 2001 to 2286.
_NS = {19: 1, 16: 1_000, 13: 1_000_000, 10: 1_000_000_000}
# From 2001 to 2100: other numbers of that many digits are no Unix times.
_FIRST_S, _LAST_S = 978_307_200, 4_102_444_800


@attrs.frozen
class DraftFile:
    """A file of a frame."""

    sensor: str
    path: str


@attrs.frozen(kw_only=True)
class DraftFrame:
    """A frame: its files, and its time in milliseconds from the start and, if known, in Unix nanoseconds."""

    frame_id: str
    relative_ms: int
    unix_ns: int | None
    images: Sequence[DraftFile]
    clouds: Sequence[DraftFile]


@attrs.frozen(kw_only=True)
class Draft:
    """A scene as guessed from a folder.

    Attributes:
        external_id: Name of the folder.
        type: Scene type.
        frames: One, or those of a sequence.
        calibration, imu_data, pre_annotation: Files beside it; None without.
        sensors: Number of files by sensor.
        guesses: What was guessed, one sentence each.
        to_fill_in: What is missing or has to be confirmed.
        left_out: Files that are in no frame, with the reason.
    """

    external_id: str
    type: str
    frames: Sequence[DraftFrame]
    calibration: str | None
    imu_data: str | None
    pre_annotation: str | None
    sensors: Mapping[str, int]
    guesses: Sequence[str]
    to_fill_in: Sequence[str]
    left_out: Sequence[str]

    @property
    def is_sequence(self) -> bool:
        """Whether it has frames rather than one frame."""
        return self.type.endswith("_sequence")

    @property
    def needs_calibration(self) -> bool:
        """Whether its type asks for a calibration."""
        return "lidars" in self.type and "cameras" in self.type


def draft_scene(folder: Path, *, leave_out: Path | None = None) -> Draft:
    """Guess the scene that the files of a folder are.

    Args:
        folder: Images and point clouds, in any arrangement; JSON and YAML files beside them are recognised by
            their content.
        leave_out: A file that does not count: the one that will be written.

    Raises:
        NotADirectoryError: It is not a folder.
        ValueError: It holds neither images nor point clouds, or far too many files.
        ImportError: Frames are to be matched by time, and NumPy is missing (extra `checks`).
    """
    contents = look_into(folder, leave_out=leave_out)
    if not contents.images and not contents.clouds:
        raise ValueError(
            f"{folder} holds neither images (.png, .jpg, .webp, .avif) nor point clouds (.pcd, .las, .laz, "
            ".csv with columns x, y, z)"
        )
    return _Drafting(folder, contents).draft()


@attrs.define
class _Sensor:
    name: str
    kind: str
    files: list[Named] = attrs.field(factory=list)


class _Drafting:
    """One draft in the making; each step adds what it guessed."""

    def __init__(self, folder: Path, contents: Contents) -> None:
        self._folder = folder
        self._contents = contents
        self._guesses: list[str] = []
        self._to_fill_in: list[str] = []
        self._left_out = [f"{path}: not part of a scene" for path in contents.others]
        self._left_out += [f"{path}: {why}" for path, why in contents.unreadable.items()]
        self._left_out += [f"{path}: an invalid calibration: {why}" for path, why in contents.invalid.items()]

    def draft(self) -> Draft:
        calibration = self._one("calibration", list(self._contents.calibrations))
        sensors = self._sensors(self._contents.calibrations.get(calibration or "", {}))
        frames, has_times = self._frames(sensors)
        scene_type = self._type(sensors, len(frames))
        imu_data = self._imu_data(scene_type, has_times)
        if "cameras" not in scene_type and calibration is not None:
            self._left_out.append(f"{calibration}: a scene of lidars alone takes no calibration")
            calibration = None
        pre_annotation = self._one("pre-annotation", self._contents.openlabel)
        draft = Draft(
            external_id=self._folder.resolve().name or "scene",
            type=scene_type,
            frames=frames,
            calibration=calibration,
            imu_data=imu_data,
            pre_annotation=pre_annotation,
            sensors={sensor.name: _count(frames, sensor.name) for sensor in sensors},
            guesses=self._guesses,
            to_fill_in=self._to_fill_in,
            left_out=self._left_out,
        )
        if draft.needs_calibration and calibration is None:
            self._to_fill_in.insert(
                0,
                "calibration_id: the UUID of a calibration on the platform ('kognic calibration list'); or "
                "calibration: a file with external_id and sensors ('kognic calibration convert' writes one)",
            )
        self._to_fill_in.append("external_id: your name for the scene; the name of the folder stands there")
        return draft

    def _one(self, what: str, found: Sequence[str]) -> str | None:
        """The file that is nearest to the folder, of those that could be meant."""
        if not found:
            return None
        best = min(found, key=lambda path: (path.count("/"), path))
        if len(found) > 1:
            others = ", ".join(path for path in found if path != best)
            self._guesses.append(f"{best} is the {what}, and not {others}")
        else:
            self._guesses.append(f"{best} is the {what}: its content looks like one")
        return best

    def _sensors(self, calibrated: Mapping[str, str]) -> list[_Sensor]:
        images, clouds = read_names(self._contents.images), read_names(self._contents.clouds)
        sensors = self._of_frames([*self._grouped(images, CAMERA), *self._grouped(clouds, LIDAR)])
        taken = Counter(sensor.name for sensor in sensors)
        for sensor in sensors:
            if taken[sensor.name] > 1:
                sensor.name += f"_{sensor.kind}"
        for sensor in sensors:
            self._guesses.append(
                f"{sensor.name} is a {sensor.kind} with {_files(len(sensor.files))} such as "
                f"{sensor.files[0].path}"
            )
        self._take_calibrated_names(sensors, calibrated)
        return sensors

    def _grouped(self, files: Sequence[Named], kind: str) -> Iterator[_Sensor]:
        names = sensor_names((file.sensor for file in files), kind)
        sensors: dict[str, _Sensor] = {}
        seen: dict[tuple[str, Moment], str] = {}
        for file in files:
            name = names[file.sensor]
            first = seen.setdefault((name, file.moment), file.path)
            if first != file.path:
                self._left_out.append(f"{file.path}: of the same sensor and frame as {first}")
            else:
                sensors.setdefault(name, _Sensor(name, kind)).files.append(file)
        yield from sensors.values()

    def _of_frames(self, sensors: Sequence[_Sensor]) -> list[_Sensor]:
        """Sensors whose files belong to frames: a single picture beside a sequence does not."""
        if all(len(sensor.files) == 1 for sensor in sensors):
            return list(sensors)
        kept = [sensor for sensor in sensors if any(file.moment for file in sensor.files)]
        for sensor in sensors:
            if sensor not in kept:
                self._left_out += [
                    f"{file.path}: no number in its name says which frame it belongs to"
                    for file in sensor.files
                ]
        return kept

    def _take_calibrated_names(self, sensors: Sequence[_Sensor], calibrated: Mapping[str, str]) -> None:
        """Use the names of the calibration, which the platform finds sensors by."""
        if not calibrated:
            return
        names = {sensor.name for sensor in sensors}
        free = {name: kind for name, kind in calibrated.items() if name not in names}
        for sensor in sensors:
            if sensor.name in calibrated:
                continue
            same = [name for name, kind in free.items() if kind == sensor.kind]
            others = [
                s.name
                for s in sensors
                if s is not sensor and s.kind == sensor.kind and s.name not in calibrated
            ]
            name = _calibrated_name(sensor, same, others)
            if name is not None:
                self._guesses.append(f"{sensor.name} is called {name}, as in the calibration")
                del free[name]
                sensor.name = name
            else:
                known = ", ".join(same) or "none"
                self._to_fill_in.append(
                    f"sensor_name {sensor.name}: the calibration has no such {sensor.kind}; it has {known}"
                )

    def _frames(self, sensors: Sequence[_Sensor]) -> tuple[list[DraftFrame], bool]:
        """The frames, and whether their times are known."""
        times = {sensor.name: [_time_ns(file.moment) for file in sensor.files] for sensor in sensors}
        if all(time is not None for found in times.values() for time in found):
            frames = self._by_time(sensors)
            return frames, True
        if all(len(sensor.files) == 1 for sensor in sensors):
            return [_frame(0, None, None, [(sensor, sensor.files[0]) for sensor in sensors])], False
        return self._by_order(sensors), False

    def _by_time(self, sensors: Sequence[_Sensor]) -> list[DraftFrame]:
        by_path = {(s.name, f.path): f for s in sensors for f in s.files}
        captures = {
            sensor.name: sorted(
                (
                    Capture(sensor=sensor.name, reference=file.path, time_ns=_time_ns(file.moment))
                    for file in sensor.files
                ),
                key=lambda capture: capture.time_ns or 0,
            )
            for sensor in sensors
        }
        reference = max(sensors, key=lambda sensor: (sensor.kind == LIDAR, len(sensor.files)))
        matched = match(captures, reference=reference.name)
        start = matched.frames[0].time_ns or 0
        self._guesses.append(
            "numbers in the names are Unix times; each file is in the frame of "
            f"{reference.name} that is nearest in time, at most {matched.tolerance_ns / 1e6:g} ms away"
        )
        self._left_out += [str(skip) for skip in matched.skipped]
        kinds = {sensor.name: sensor for sensor in sensors}
        return [
            _frame(
                index,
                ((frame.time_ns or 0) - start) // 1_000_000,
                frame.time_ns,
                [(kinds[name], by_path[name, capture.reference]) for name, capture in frame.captures.items()],
            )
            for index, frame in enumerate(matched.frames)
        ]

    def _by_order(self, sensors: Sequence[_Sensor]) -> list[DraftFrame]:
        counts = {len(sensor.files) for sensor in sensors}
        shared = set.intersection(*({file.moment for file in s.files} for s in sensors))
        files: defaultdict[Moment, list[tuple[_Sensor, Named]]] = defaultdict(list)
        if not shared and len(counts) == 1 and len(sensors) > 1:
            self._guesses.append("numbers of different sensors differ; files belong together by their order")
            for sensor in sensors:
                for index, file in enumerate(sorted(sensor.files, key=lambda file: file.moment)):
                    files[(Decimal(index),)].append((sensor, file))
        else:
            self._guesses.append("files with the same number in their name belong to the same frame")
            for sensor in sensors:
                for file in sensor.files:
                    files[file.moment].append((sensor, file))
        self._to_fill_in.append(
            f"relative_timestamp: a frame every {_PERIOD_MS} ms is a guess, the names have no times"
        )
        return [
            _frame(index, index * _PERIOD_MS, None, files[moment])
            for index, moment in enumerate(sorted(files))
        ]

    def _type(self, sensors: Sequence[_Sensor], frames: int) -> str:
        kinds = {sensor.kind for sensor in sensors}
        parts = [name for name, kind in (("lidars", LIDAR), ("cameras", CAMERA)) if kind in kinds]
        scene_type = "_and_".join(parts) + ("_sequence" if frames > 1 else "")
        self._guesses.append(f"type is {scene_type}: {counted(frames, 'moment')}")
        return scene_type

    def _imu_data(self, scene_type: str, has_times: bool) -> str | None:
        if has_times and scene_type != "cameras":
            return self._one("IMU data", self._contents.imu_data)
        reason = "frames have no Unix times" if scene_type != "cameras" else "its type takes none"
        self._left_out += [
            f"{path}: IMU data, but the scene cannot use it: {reason}" for path in self._contents.imu_data
        ]
        return None


def _calibrated_name(sensor: _Sensor, names: Sequence[str], others: Sequence[str]) -> str | None:
    """The name in the calibration that a sensor is meant by, if there is no doubt.

    It differs in case and separators only, then in words such as `cam`, then has all the words of the
    sensor's name and those of no other sensor; the last one left is for the last sensor of a kind.
    """
    same = [name for name in names if _bare(name) == _bare(sensor.name)]
    if same:
        return _only(same)
    words = name_words(sensor.name)
    for fits in (operator.eq, operator.lt):
        found = [name for name in names if fits(words, name_words(name))]
        if found:
            wanted = name_words(found[0])
            rivals = [one for one in map(name_words, others) if one == wanted or fits(one, wanted)]
            return None if rivals else _only(found)
    return None if others else _only(names)


def _only(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def _time_ns(moment: Moment) -> int | None:
    """Unix nanoseconds if one of the numbers is a time of seconds, milli-, micro- or nanoseconds."""
    for number in moment:
        factor = _NS.get(len(str(int(number))))
        if factor is not None and _FIRST_S <= number * factor / 1_000_000_000 <= _LAST_S:
            return int(number * factor)
    return None


def _frame(
    index: int, relative_ms: int | None, unix_ns: int | None, files: Sequence[tuple[_Sensor, Named]]
) -> DraftFrame:
    def of(kind: str) -> list[DraftFile]:
        return [DraftFile(sensor.name, file.path) for sensor, file in files if sensor.kind == kind]

    return DraftFrame(
        frame_id=str(index),
        relative_ms=relative_ms or 0,
        unix_ns=unix_ns,
        images=of(CAMERA),
        clouds=of(LIDAR),
    )


def _count(frames: Sequence[DraftFrame], sensor: str) -> int:
    return sum(file.sensor == sensor for frame in frames for file in [*frame.images, *frame.clouds])


def _files(count: int) -> str:
    return counted(count, "file")


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
