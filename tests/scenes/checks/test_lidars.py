"""Findings about lidars and ego poses, in the report of a check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from kognic.io.model.calibration import Position
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.calibration.lidars import EGO, LidarDirection, LidarEstimate
from kognic.scenes.checks import check_scene
from kognic.scenes.checks.geometry.group import _without_consequences
from kognic.scenes.checks.lidars import _finding
from kognic.scenes.checks.rules import broken
from kognic.scenes.scene_file import load_scene_file

CODES = {"lidar-misaligned", "lidar-time", "ego-motion"}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("drive")
    drive = write_sample_drive(folder, scene_type="lidars_sequence", frames=5)
    return load_scene_file(Path(drive.folder) / "scene.json")


def codes(scene: Any, calibration: Any) -> set[str]:
    report = check_scene(scene, calibration=calibration, groups=["geometry"], motion_compensation=False)
    return CODES & report.codes.keys()


@pytest.mark.slow
def test_the_sandbox_drive_is_consistent(described: Any) -> None:
    assert codes(described.scene("any"), described.calibration) == set()


@pytest.mark.slow
def test_positions_of_the_vehicle_in_another_unit(described: Any) -> None:
    """Ego poses that move too far: here by half, as those of a wheel of another size."""
    scene = described.scene("any")
    scene.imu_data = None
    for frame in scene.frames:
        p = frame.ego_vehicle_pose.position
        frame.ego_vehicle_pose.position = Position(x=p.x * 1.5, y=p.y * 1.5, z=p.z)

    assert codes(scene, described.calibration) == {"ego-motion"}


def estimate(verdict: str, name: str, value: float, unit: str) -> LidarEstimate:
    direction = LidarDirection(name=name, correction=value, deviation=value / 10, unit=unit)
    return LidarEstimate(
        lidar="top",
        against=EGO,
        verdict=verdict,
        directions=(direction,),
        pairs=8,
        rms_deg=1.0,
        rms_m=0.1,
        explanation=f"does not agree with the ego poses: {direction}",
    )


@pytest.mark.parametrize(
    ("verdict", "name", "value", "unit", "code"),
    [
        ("pose", "rotation_z", 3.0, "deg", "lidar-misaligned"),
        ("time", "time_offset", 60.0, "ms", "lidar-time"),
        ("motion_length", "motion_length", 12.0, "%", "ego-motion"),
        ("poses", "rotation_z", 0.1, "deg", "ego-motion"),
        ("system", "rotation_z", 90.0, "deg", "ego-pose-system"),
    ],
)
def test_codes_of_verdicts(verdict: str, name: str, value: float, unit: str, code: str) -> None:
    finding = _finding(estimate(verdict, name, value, unit))

    assert finding is not None
    assert (finding.code, finding.sensor, finding.severity.value) == (code, "top", "warning")
    assert f"{name} {value:+.2f} +- {value / 10:.2f} {unit}" in finding.message
    assert finding.hint
    for other in ("consistent", "undecided"):
        assert _finding(estimate(other, name, value, unit)) is None


def test_one_lidar_is_not_corrected_in_the_calibration() -> None:
    """Points and ego poses are then both in its system, so that its pose cannot be what is wrong."""
    finding = _finding(estimate("pose", "rotation_z", 3.0, "deg"), one_lidar=True)

    assert finding is not None
    assert finding.hint == (
        "transform the ego poses by these numbers: with one lidar they have to be those of the lidar"
    )


def test_a_mirrored_lidar_is_reported_once() -> None:
    """Mirrored points also disagree with ego poses, which says nothing more; other lidars keep theirs."""
    compared = [_finding(attrs.evolve(estimate("time", "time_offset", 90.0, "ms"), lidar=n)) for n in "ab"]
    assert None not in compared
    unit = broken("cloud-unit", "the points look like feet", sensor="a")
    mirrored = broken("lidar-mirrored", "the y axis points the other way", sensor="a")

    kept = _without_consequences([*filter(None, compared), unit], [mirrored])

    assert [(one.code, one.sensor) for one in kept] == [("lidar-time", "b"), ("cloud-unit", "a")]
