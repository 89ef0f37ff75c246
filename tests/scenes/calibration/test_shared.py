"""Numbers that all cameras of a rig have in common: what is put in wrong comes out, and only that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import pytest

from benchmarks.calibration.cases import rotated
from benchmarks.calibration.rigs import Rig, record_together
from kognic.scenes.calibration.evidence import Evidence, Picture
from kognic.scenes.calibration.verdict import CameraVerdict, judge_cameras

pytestmark = pytest.mark.slow

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
