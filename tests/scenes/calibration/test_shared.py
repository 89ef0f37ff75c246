"""Numbers that all cameras of a rig have in common: what is put in wrong comes out, and only that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import pytest

from benchmarks.calibration.cases import rotated
from benchmarks.calibration.rigs import Rig, record_together
from kognic.scenes.calibration.directions import Direction
from kognic.scenes.calibration.evidence import Evidence, Picture
from kognic.scenes.calibration.shared import SharedNumber, is_wrong
from kognic.scenes.calibration.thresholds import THRESHOLDS
from kognic.scenes.calibration.verdict import CameraVerdict, judge_cameras

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("shared numbers")]

LATE_NS = 100_000_000
MOVING = Rig(speed=15, frames=2, frame_ns=LATE_NS, seed=21, size=(360, 220))
CAMERAS = [
    attrs.evolve(MOVING, model=model, yaw_deg=yaw)
    for model, yaw in (("pinhole", 70), ("kannala", -80), ("pinhole", 0))
]
SIDES = ("pinhole-+70", "kannala--80")


@pytest.fixture(scope="module")
def recorded() -> tuple[Evidence, Mapping[str, Any]]:
    """A vehicle at 15 m/s with cameras to the left, to the right and ahead."""
    return record_together(CAMERAS)


def changed(evidence: Evidence, change: Callable[[Picture], Picture]) -> Evidence:
    frames = tuple(attrs.evolve(f, pictures=tuple(map(change, f.pictures))) for f in evidence.frames)
    return attrs.evolve(evidence, frames=frames)


def judged(evidence: Evidence, sensors: Mapping[str, Any]) -> dict[str, CameraVerdict]:
    return {verdict.sensor: verdict for verdict in judge_cameras(evidence, sensors)}


def number(verdict: CameraVerdict, name: str) -> tuple[float, float]:
    """A number and its standard deviation."""
    (found,) = (d for d in verdict.directions if d.name == name)
    return found.correction, found.deviation


def test_right_times_are_not_accused(recorded: tuple[Evidence, Mapping[str, Any]]) -> None:
    """Every camera is consistent."""
    assert {one.verdict for one in judged(*recorded).values()} == {"consistent"}


def test_images_of_another_time(recorded: tuple[Evidence, Mapping[str, Any]]) -> None:
    """Stated 100 ms too early, as for images of the frame after."""

    def stated(picture: Picture) -> Picture:
        assert picture.shutter is not None
        start, end = picture.shutter
        return attrs.evolve(picture, shutter=(start - LATE_NS, end - LATE_NS))

    found = judged(changed(recorded[0], stated), recorded[1])

    for name in SIDES:
        assert found[name].verdict == "image-time"
        assert "cameras together" in found[name].explanation
        offset, deviation = number(found[name], "time_offset")
        assert offset == pytest.approx(100, abs=15)
        assert deviation < 15


def test_motion_that_the_scene_does_not_state(recorded: tuple[Evidence, Mapping[str, Any]]) -> None:
    """The speed comes out of where points are seen, each at its own time."""
    found = judged(attrs.evolve(recorded[0], trajectory=None), recorded[1])

    for name in SIDES:
        assert found[name].verdict == "image-time"
        assert "m/s" in found[name].explanation
        speed, _ = number(found[name], "vehicle_speed")
        assert speed == pytest.approx(15, abs=3)


def test_rotated_camera_is_no_matter_of_time(recorded: tuple[Evidence, Mapping[str, Any]]) -> None:
    """A yaw of three degrees moves what a side camera sees as 100 ms do, in one camera."""
    found = judged(recorded[0], rotated(recorded[1], SIDES[0], (0.0, 3.0, 0.0)))

    assert found[SIDES[0]].verdict == "camera-misaligned"
    assert found[SIDES[1]].verdict == "consistent"


LATE = SharedNumber(
    direction=Direction(
        name="time_offset",
        correction=374.0,
        deviation=5.0,
        gain=2.7,
        ratio=1.8,
        unit="ms",
        alone=374.0,
        alone_deviation=5.0,
        alone_gain=2.7,
        alone_ratio=0.8,
    ),
    better=("left", "right", "back"),
    level=("left",),
)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, True),
        ({"alone_gain": 1.2}, False),
        ({"ratio": 1.3}, False),
        ({"alone_ratio": 0.4}, False),
        ({"correction": 20.0}, False),
        ({"deviation": float("inf")}, False),
        # It fits as well as the rotations, so a smaller gain over the given value is enough.
        ({"alone_gain": 3.5, "ratio": 1.2, "alone_ratio": 1.1}, True),
    ],
)
def test_time_far_from_the_right_one(changes: dict[str, float], wrong: bool) -> None:
    """There, rotations by chance of every camera fit better together than the one right time does."""
    least = attrs.evolve(
        THRESHOLDS,
        shared_gain=3.0,
        shared_ratio=1.0,
        shared_clear_gain=2.25,
        shared_clear_ratio=1.65,
        shared_share=0.6,
    )

    found = attrs.evolve(LATE, direction=attrs.evolve(LATE.direction, **changes))

    assert is_wrong(found, least) is wrong


def test_time_of_one_camera_alone_is_not_that_of_all() -> None:
    assert not is_wrong(attrs.evolve(LATE, better=("left",)))
