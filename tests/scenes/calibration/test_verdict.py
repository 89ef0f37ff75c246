"""Verdicts on a scene that was made for the purpose, and on recordings as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.calibration.evidence import Evidence
from kognic.scenes.calibration.lidars import best_lidar_mistake
from kognic.scenes.calibration.verdict import CONVINCING, CameraVerdict, findings_of, judge_cameras
from kognic.scenes.checks import Severity
from kognic.scenes.scene_file import load_scene_file
from tests.scenes.checks.mutations import geometry as mutations
from tests.scenes.conftest import WITH_CAMERAS, Samples
from tests.scenes.geometry import conftest as make
from tests.scenes.geometry import scenes

TURNED_LIDAR = make.placed((0.73, -0.21, 0.12, 0.64), (0.9, 0.1, 1.8))


@pytest.fixture(scope="module")
def sensors() -> dict[str, Any]:
    """A lidar mounted askew and three cameras."""
    cameras = {"front": scenes.camera(5), "left": scenes.camera(80), "right": scenes.camera(-75)}
    return {"lidar": make.lidar(**TURNED_LIDAR), **cameras}


@pytest.fixture(scope="module")
def evidence(sensors: dict[str, Any]) -> Evidence:
    return scenes.evidence(sensors)


def verdicts(evidence: Evidence, sensors: dict[str, Any]) -> dict[str, CameraVerdict]:
    return {verdict.sensor: verdict for verdict in judge_cameras(evidence, sensors)}


def test_right_calibrations_are_confirmed(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """Every camera, with confidence, share and number of points; told as info."""
    found = verdicts(evidence, sensors)

    assert {name: verdict.verdict for name, verdict in found.items()} == {
        "front": "confirmed",
        "left": "confirmed",
        "right": "confirmed",
    }
    assert all(v.score >= CONVINCING and v.confidence > 0.85 and v.turn_deg is None for v in found.values())
    assert {(f.code, f.severity) for f in findings_of(list(found.values()))} == {
        ("camera-confirmed", Severity.INFO)
    }


@pytest.mark.parametrize("name", ["pose-inverted", "quaternion-xyzw-as-wxyz"])
def test_mistake_is_named(name: str, evidence: Evidence, sensors: dict[str, Any]) -> None:
    """As an error with its hint, at the camera; the others stay confirmed."""
    code, change = mutations.POSES[name]
    changed = {**sensors, "front": change(sensors, "front")}

    found = verdicts(evidence, changed)

    assert {key: verdict.verdict for key, verdict in found.items()} == {
        "front": code,
        "left": "confirmed",
        "right": "confirmed",
    }
    finding = next(f for f in findings_of(list(found.values())) if f.sensor == "front")
    assert (finding.code, finding.severity) == (code, Severity.ERROR)
    assert finding.hint
    assert finding.confidence is not None
    assert finding.confidence >= 0.9


def test_turn_is_measured(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """A turn is a warning that says by how much and which way."""
    _, change = mutations.POSES["turned-y+5-degrees"]
    changed = {**sensors, "left": change(sensors, "left")}

    found = verdicts(evidence, changed)["left"]

    assert found.verdict == "camera-misaligned"
    assert found.turn_deg == pytest.approx((0, 5, 0), abs=1.0)
    assert "degrees about the camera's x, y, z fits better" in found.explanation
    assert [f.severity for f in findings_of([found])] == [Severity.WARNING]


def test_exchanged_cameras(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """Both are named, each with the other."""
    changed = {**sensors, "left": sensors["right"], "right": sensors["left"]}

    found = verdicts(evidence, changed)

    assert [(found[n].verdict, found[n].other) for n in ("left", "right")] == [
        ("cameras-swapped", "right"),
        ("cameras-swapped", "left"),
    ]
    assert found["front"].verdict == "confirmed"


def test_lidar_is_blamed_for_what_cameras_have_in_common(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """An inverted lidar makes every camera look wrong: the lidar has the verdict, the cameras have none."""
    changed = {**sensors, "lidar": mutations.inverse(sensors, "lidar")}

    found = verdicts(evidence, changed)

    assert found["lidar"].verdict == "pose-inverted"
    assert {found[name].verdict for name in ("front", "left", "right")} == {"undecided"}
    assert "the pose of lidar is wrong" in found["front"].explanation


def test_best_lidar_mistake_without_cameras(sensors: dict[str, Any]) -> None:
    """Nothing to judge by, nothing found."""
    nothing = Evidence(frames=(), trajectory=None, is_compensated=False, one_lidar=True)

    assert best_lidar_mistake(nothing, sensors) is None
    assert judge_cameras(nothing, sensors) == []


def test_camera_without_points(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """A camera that looks up sees no points, and no mistake explains it: a warning, not an error."""
    up = scenes.camera(0, **make.placed((1, 0, 0, 0)))

    found = verdicts(evidence, {**sensors, "front": up})["front"]

    assert (found.verdict, found.points_in_view) == ("camera-no-points", 0)
    assert [(f.code, f.severity) for f in findings_of([found])] == [("camera-no-points", Severity.WARNING)]


def test_camera_that_looks_elsewhere_is_undecided(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """A pose that is wrong for no classic reason is not confirmed, and nobody is accused."""
    elsewhere = scenes.camera(0, **scenes.looking(150))

    found = verdicts(evidence, {**sensors, "front": elsewhere})["front"]

    assert found.verdict == "undecided"
    assert "points and image do not tell" in found.explanation


def test_verdict_is_json(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """Plain values, for reports."""
    values = judge_cameras(evidence, sensors)[0].to_dict()

    assert values["sensor"] == "front"
    assert values["verdict"] == "confirmed"


def told(verdicts: Sequence[CameraVerdict]) -> str:
    return "\n".join(f"  {v.sensor}: {v.verdict}, {v.confidence:.2f} ({v.explanation})" for v in verdicts)


@pytest.mark.shared
@pytest.mark.parametrize("name", WITH_CAMERAS)
def test_recordings_are_not_accused(name: str, recordings: Samples) -> None:
    """Cameras of real recordings are confirmed; nothing of the geometry is found wrong."""
    report = recordings.load(name).check(groups=("geometry",), max_frames=1)

    print(f"{name}\n{told(report.cameras)}")
    assert [f for f in report.findings if f.severity is not Severity.INFO] == []
    assert {verdict.verdict for verdict in report.cameras} == {"confirmed"}


@pytest.mark.shared
def test_recording_without_cameras(recordings: Samples) -> None:
    """Two lidar sweeps: nothing to judge, nothing found."""
    report = recordings.load("av2_lidar_sequence").check(groups=("geometry",))

    assert list(report.findings) == []
    assert report.cameras == ()


def test_sample_drive_is_not_accused(tmp_path: Path) -> None:
    """The project's own drive: confirmed or undecided, and nothing found wrong."""
    file = load_scene_file(write_sample_drive(tmp_path, frames=1).scene_file)

    report = file.check(groups=("geometry",))

    print(told(report.cameras))
    assert [f for f in report.findings if f.severity is not Severity.INFO] == []
    assert {verdict.verdict for verdict in report.cameras} <= {"confirmed", "undecided"}
