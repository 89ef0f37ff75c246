"""Times of frames and exposures."""

from __future__ import annotations

from typing import Any

import pytest

from kognic.scenes.checks.structure.times import check_times, unit_of
from kognic.scenes.scene_view import view_of
from tests.scenes.checks.cases import Case, Cases
from tests.scenes.checks.scenes import START, good_scene

CASES = Cases()


@CASES.breaks("relative-timestamp-order", "timestamps-disagree", place="frames[2].relative_timestamp")
def _equal(scene: Any) -> None:
    scene.frames[2].relative_timestamp = scene.frames[1].relative_timestamp


@CASES.breaks("relative-timestamp-order", "unix-timestamp-order", place="f1")
def _backwards(scene: Any) -> None:
    scene.frames[1:3] = scene.frames[2:0:-1]


@CASES.breaks("relative-timestamp-start", place="frames[0].relative_timestamp")
def _late_start(scene: Any) -> None:
    for frame in scene.frames:
        frame.relative_timestamp += 5000


@CASES.breaks("relative-timestamp-unit", "timestamps-disagree")
def _seconds(scene: Any) -> None:
    for index, frame in enumerate(scene.frames):
        frame.relative_timestamp = index


@CASES.breaks("relative-timestamp-unit", "timestamps-disagree")
def _nanoseconds(scene: Any) -> None:
    for frame in scene.frames:
        frame.relative_timestamp *= 1_000_000


@CASES.breaks("relative-timestamp-gap", place="frames[3].relative_timestamp")
def _missing_frames(scene: Any) -> None:
    last = scene.frames[3]
    last.relative_timestamp += 2000
    last.unix_timestamp += 2_000_000_000
    for image in last.images:
        image.metadata.shutter_time_start_ns += 2_000_000_000
        image.metadata.shutter_time_end_ns += 2_000_000_000


@CASES.breaks("unix-timestamp-missing", place="frames[1].unix_timestamp")
def _no_unix_time_with_imu(scene: Any) -> None:
    scene.frames[1].unix_timestamp = None


@CASES.breaks("unix-timestamp-partial", place="frames[1].unix_timestamp")
def _no_unix_time_without_imu(scene: Any) -> None:
    scene.imu_data = []
    scene.frames[1].unix_timestamp = None


@CASES.breaks("unix-timestamp-order", "timestamps-disagree", place="frames[2].unix_timestamp")
def _same_unix_time(scene: Any) -> None:
    scene.frames[2].unix_timestamp = scene.frames[1].unix_timestamp


@CASES.breaks("unix-timestamp-unit", "shutter-frame")
def _unix_seconds(scene: Any) -> None:
    for index, frame in enumerate(scene.frames):
        frame.unix_timestamp = START // 10**9 + index


@CASES.breaks("unix-timestamp-unit", "shutter-frame")
def _counted_from_zero(scene: Any) -> None:
    for index, frame in enumerate(scene.frames):
        frame.unix_timestamp = index * 100_000_000


@CASES.breaks("timestamps-disagree", place="frames[1].relative_timestamp")
def _ten_times_slower(scene: Any) -> None:
    for frame in scene.frames:
        frame.relative_timestamp *= 10


@CASES.breaks("shutter-partial", place="FRONT")
def _some_without_shutter(scene: Any) -> None:
    scene.frames[1].images[0].metadata = None


@CASES.breaks("shutter-order", place="LEFT")
def _closes_before_it_opens(scene: Any) -> None:
    metadata = scene.frames[0].images[1].metadata
    metadata.shutter_time_end_ns = metadata.shutter_time_start_ns - 1


@CASES.breaks("shutter-unit")
def _shutter_in_microseconds(scene: Any) -> None:
    for frame in scene.frames:
        for image in frame.images:
            image.metadata.shutter_time_start_ns //= 1000
            image.metadata.shutter_time_end_ns //= 1000


@CASES.breaks("shutter-duration", place="frames[0].images[0].metadata.shutter_time_start_ns")
def _long_exposure(scene: Any) -> None:
    scene.frames[0].images[0].metadata.shutter_time_end_ns += 3_000_000_000


@CASES.breaks("shutter-frame", place="f2")
def _image_of_another_time(scene: Any) -> None:
    metadata = scene.frames[2].images[0].metadata
    metadata.shutter_time_start_ns += 60_000_000_000
    metadata.shutter_time_end_ns += 60_000_000_000


@pytest.mark.parametrize("case", CASES, ids=CASES.ids())
def test_check_times(case: Case) -> None:
    case.verify(list(check_times(view_of(case.apply(good_scene())))))


@pytest.mark.parametrize(
    ("time", "unit"),
    [
        (1_772_000_000, "seconds"),
        (1_772_000_000_000, "milliseconds"),
        (1_772_000_000_000_000, "microseconds"),
        (START, None),
        (5, None),
    ],
)
def test_unit_of(time: int, unit: str | None) -> None:
    """Recognised for any time since 1973; nanoseconds need no word."""
    assert unit_of(time) == unit


def test_even_frames_of_any_rate_are_fine() -> None:
    """From 250 frames per second to one in ten minutes."""
    for step in (4, 33, 600_000):
        scene = good_scene()
        scene.imu_data = []
        for index, frame in enumerate(scene.frames):
            frame.relative_timestamp = index * step
            frame.unix_timestamp = None
            for image in frame.images:
                image.metadata = None
        assert list(check_times(view_of(scene))) == []
