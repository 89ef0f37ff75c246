"""Verdicts on a scene that was made for the purpose, and on recordings as they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from kognic.io.model.calibration import RotationQuaternion
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.calibration import estimate
from kognic.scenes.calibration.decide import decide
from kognic.scenes.calibration.evidence import Cloud, Evidence, FrameEvidence, Picture
from kognic.scenes.calibration.thresholds import THRESHOLDS
from kognic.scenes.calibration.verdict import Bar, CameraVerdict, findings_of, judge_cameras
from kognic.scenes.checks import Report, Severity
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.poses import Rigid, angle_between_deg, rotate_about
from kognic.scenes.scene_file import load_scene_file
from tests.scenes.checks.mutations import geometry as mutations
from tests.scenes.conftest import WITH_CAMERAS, Samples, together
from tests.scenes.geometry import conftest as make
from tests.scenes.geometry import scenes

pytestmark = pytest.mark.slow

# One worker estimates what these tests look at.
GIVEN = pytest.mark.xdist_group("right calibrations")
TURNED_LIDAR = make.placed((0.73, -0.21, 0.12, 0.64), (0.9, 0.1, 1.8))


@pytest.fixture(scope="module")
def sensors() -> dict[str, Any]:
    """A lidar mounted askew and three cameras."""
    cameras = {"front": scenes.camera(5), "left": scenes.camera(80), "right": scenes.camera(-75)}
    return {"lidar": make.lidar(**TURNED_LIDAR), **cameras}


@pytest.fixture(scope="module")
def evidence(sensors: dict[str, Any]) -> Evidence:
    return scenes.evidence(sensors)


def of_cameras(evidence: Evidence, *names: str) -> Evidence:
    """With the images of some cameras only."""
    frames = tuple(
        attrs.evolve(frame, pictures=tuple(p for p in frame.pictures if p.camera in names))
        for frame in evidence.frames
    )
    return attrs.evolve(evidence, frames=frames)


def verdicts(evidence: Evidence, sensors: dict[str, Any], bar: Bar | None = None) -> dict[str, CameraVerdict]:
    return {verdict.sensor: verdict for verdict in judge_cameras(evidence, sensors, bar)}


@pytest.fixture(scope="module")
def as_given(evidence: Evidence, sensors: dict[str, Any]) -> dict[str, CameraVerdict]:
    """What is said of the right calibration."""
    return verdicts(evidence, sensors)


@GIVEN
def test_right_calibrations_are_consistent(as_given: dict[str, CameraVerdict]) -> None:
    """Every camera, with a bound in degrees and pixels, as info; nothing is ever certain."""
    found = as_given

    assert {name: verdict.verdict for name, verdict in found.items()} == dict.fromkeys(
        ("front", "left", "right"), "consistent"
    )
    for verdict in found.values():
        assert verdict.rotation_bound_deg is not None
        assert verdict.rotation_bound_deg < 1.5
        assert verdict.explanation.startswith("consistent with a rotation error below ")
        assert verdict.confidence <= 0.99
    assert {(f.code, f.severity) for f in findings_of(list(found.values()))} == {
        ("camera-consistent", Severity.INFO)
    }


@pytest.mark.parametrize("name", ["pose-inverted", "quaternion-xyzw-as-wxyz"])
def test_mistake_is_named(name: str, evidence: Evidence, sensors: dict[str, Any]) -> None:
    """As an error with a hint and the right rotation."""
    code, change = mutations.POSES[name]
    changed = {**sensors, "left": change(sensors, "left")}

    (found,) = judge_cameras(of_cameras(evidence, "left"), changed)

    (finding,) = findings_of([found])
    assert (finding.code, finding.severity) == (code, Severity.ERROR)
    assert found.hint
    assert finding.confidence is not None
    assert 0.9 <= finding.confidence < 1
    assert rotation_left(found, sensors["left"]) < 0.01


def rotation_left(verdict: CameraVerdict, right: Any) -> float:
    """The rotation error once the reported quaternion is pasted into the calibration, degrees."""
    assert verdict.rotation_quaternion is not None
    pasted = attrs.evolve(right, rotation_quaternion=RotationQuaternion(**verdict.rotation_quaternion))
    return angle_between_deg(Rigid.of_sensor(pasted).rotation, Rigid.of_sensor(right).rotation)


@pytest.mark.parametrize(("axis", "degrees"), [("y", 5), ("x", -2)])
def test_correction_corrects(axis: str, degrees: float, evidence: Evidence, sensors: dict[str, Any]) -> None:
    """The reported quaternion ends within half a degree, and the correction is the opposite of the error."""
    changed = {**sensors, "left": mutations.turned(axis, degrees)(sensors, "left")}

    found = verdicts(of_cameras(evidence, "left"), changed)["left"]

    assert found.verdict == "camera-misaligned"
    assert rotation_left(found, sensors["left"]) < 0.5
    expected = np.zeros(3)
    expected["xyz".index(axis)] = -degrees
    assert found.correction_deg == pytest.approx(expected, abs=0.5)
    assert found.rotation_error_deg == pytest.approx(abs(degrees), abs=0.5)
    again = verdicts(
        of_cameras(evidence, "left"),
        {
            **sensors,
            "left": attrs.evolve(
                sensors["left"], rotation_quaternion=RotationQuaternion(**found.rotation_quaternion or {})
            ),
        },
    )["left"]
    assert again.verdict == "consistent"


def test_uncertain_correction_is_not_ready_to_be_used(
    evidence: Evidence, sensors: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is still reported, with how uncertain its correction is, but no rotation to copy."""
    monkeypatch.setattr(estimate, "CERTAIN_DEG", 0.01)
    changed = {**sensors, "left": mutations.turned("y", 5)(sensors, "left")}

    found = verdicts(of_cameras(evidence, "left"), changed)["left"]

    assert found.verdict == "camera-misaligned"
    assert found.rotation_quaternion is None
    assert found.correction_bound_deg is not None
    assert f"this correction is uncertain by {found.correction_bound_deg:.1f} degrees" in found.explanation
    assert "rotation_quaternion" not in found.hint
    assert found.rotation_error_deg == pytest.approx(5, abs=0.5)


def test_severity_follows_from_the_estimate(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """Two degrees are a warning; beyond the accepted error, in degrees or in pixels, they are an error."""
    changed = {**sensors, "left": mutations.turned("y", 2)(sensors, "left")}
    seen = of_cameras(evidence, "left")

    assert verdicts(seen, changed)["left"].severity is Severity.WARNING
    assert verdicts(seen, changed, Bar(max_error_px=5.0))["left"].severity is Severity.ERROR


def test_exchanged_cameras(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """Both are named, each with the other."""
    changed = {**sensors, "left": sensors["right"], "right": sensors["left"]}

    found = verdicts(of_cameras(evidence, "left", "right"), changed)

    assert [(found[n].verdict, found[n].other) for n in ("left", "right")] == [
        ("cameras-swapped", "right"),
        ("cameras-swapped", "left"),
    ]


def test_lidar_is_blamed_for_what_cameras_have_in_common(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """A mirrored lidar makes every camera look wrong: the lidar has the verdict, the cameras have none."""
    (cloud,) = evidence.frames[0].clouds
    points = attrs.evolve(cloud.points, xyz=cloud.points.xyz * np.array([1.0, -1, 1]))
    frame = attrs.evolve(evidence.frames[0], clouds=(attrs.evolve(cloud, points=points),))
    mirrored = attrs.evolve(evidence, frames=(frame,))

    found = verdicts(of_cameras(mirrored, "left", "right"), sensors)

    assert found["lidar"].verdict == "lidar-mirrored"
    assert found["lidar"].severity is Severity.ERROR
    assert {found[name].verdict for name in ("left", "right")} == {"undecided"}
    assert "the points of lidar are wrong" in found["left"].explanation


def test_which_lidar_a_point_is_of_explains_nothing() -> None:
    """Two lidars measure the corners of a lattice, and bright squares are around these.

    If the points of one lidar are moved off the squares, they are dark and those of the other bright.
    """
    sensors = {
        "top": make.lidar(**make.placed((0.965, 0.01, 0.02, 0.26), (0.0, 0.0, 2.0))),
        "front": make.lidar(**make.placed((0.996, 0.0, 0.0, -0.087), (1.0, 0.0, 0.5))),
        **{f"camera {yaw}": scenes.camera(yaw) for yaw in (0, 90, 180, 270)},
    }
    across, height = (grid.ravel() for grid in np.meshgrid(np.arange(-6, 6.1, 0.5), np.arange(-1, 4.1, 0.5)))
    corners = np.vstack(
        [
            np.column_stack([np.full(len(across), 9.0), across, height]) @ rotate_about([0, 0, 1], yaw).T
            for yaw in (0, 90, 180, 270)
        ]
    )
    clouds = tuple(
        Cloud(name, PointArrays(xyz=Rigid.of_sensor(sensors[name]).inverse().apply(corners)))
        for name in ("top", "front")
    )
    pictures = tuple(
        Picture(name, scenes.picture(corners, np.ones(len(corners)), sensor))
        for name, sensor in sensors.items()
        if name.startswith("camera")
    )
    frame = FrameEvidence(frame_id="0", time_ns=None, clouds=clouds, pictures=pictures)
    evidence = Evidence(frames=(frame,), trajectory=None, is_compensated=False, one_lidar=False)

    found = verdicts(evidence, sensors)

    assert found.keys().isdisjoint({"top", "front"})


def test_mirrored_image_is_named(evidence: Evidence, sensors: dict[str, Any]) -> None:
    (picture,) = of_cameras(evidence, "left").frames[0].pictures
    pixels = np.ascontiguousarray(np.flip(picture.image.pixels, 1))
    flipped = attrs.evolve(picture, image=attrs.evolve(picture.image, pixels=pixels))
    frame = attrs.evolve(evidence.frames[0], pictures=(flipped,))

    found = verdicts(attrs.evolve(evidence, frames=(frame,)), sensors)["left"]

    assert found.verdict == "image-mirrored"
    assert found.severity is not Severity.INFO


def test_without_frames(sensors: dict[str, Any]) -> None:
    nothing = Evidence(frames=(), trajectory=None, is_compensated=False, one_lidar=True)

    assert judge_cameras(nothing, sensors) == []


def test_camera_without_points(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """A camera that looks up sees no points, and no mistake explains it: a warning, not an error."""
    up = scenes.camera(0, **make.placed((1, 0, 0, 0)))

    found = verdicts(of_cameras(evidence, "front"), {**sensors, "front": up})["front"]

    assert (found.verdict, found.points_in_view) == ("camera-no-points", 0)
    assert [(f.code, f.severity) for f in findings_of([found])] == [("camera-no-points", Severity.WARNING)]


def test_camera_that_looks_elsewhere_does_not_fit(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """A pose that is wrong for no classic reason: many points that do not fit are a warning."""
    elsewhere = scenes.camera(0, **scenes.looking(100))

    found = verdicts(of_cameras(evidence, "front"), {**sensors, "front": elsewhere})["front"]

    assert found.verdict == "camera-does-not-fit"
    assert found.severity is Severity.WARNING
    assert "do not fit" in found.explanation


def test_camera_that_says_little_does_not_fit_beside_others_that_fit(
    evidence: Evidence, sensors: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone it is undecided, as no lack of agreement counts here; the others show that points are right."""
    lenient = attrs.evolve(THRESHOLDS, unfit=-99.0)
    monkeypatch.setattr("kognic.scenes.calibration.verdict.decide", partial(decide, thresholds=lenient))
    wrong = {**sensors, "front": scenes.camera(0, **scenes.looking(100))}

    alone = verdicts(of_cameras(evidence, "front"), wrong)["front"]
    beside_one = verdicts(of_cameras(evidence, "front", "left"), wrong)["front"]
    beside_two = verdicts(evidence, wrong)

    assert (alone.verdict, beside_one.verdict) == ("undecided", "undecided")
    assert beside_two["front"].verdict == "camera-does-not-fit"
    assert beside_two["front"].explanation.endswith("; 2 other cameras fit")
    assert {beside_two[name].verdict for name in ("left", "right")} == {"consistent"}


@GIVEN
def test_verdict_is_json(as_given: dict[str, CameraVerdict]) -> None:
    """Plain values, for reports."""
    values = as_given["front"].to_dict()

    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert {direction["name"] for direction in values["directions"]} >= {"focal_length", "k1"}
    assert values["sensor"] == "front"
    assert values["verdict"] == "consistent"
    assert set(values["rotation_quaternion"]) == set("wxyz")
    assert len(values["correction_deg"]) == 3


@GIVEN
def test_same_answer_every_time(
    evidence: Evidence, sensors: dict[str, Any], as_given: dict[str, CameraVerdict]
) -> None:
    """Alone, or with others."""
    (again,) = judge_cameras(of_cameras(evidence, "right"), sensors)

    assert again.to_dict() == as_given["right"].to_dict()


def told(verdicts: Sequence[CameraVerdict]) -> str:
    return "\n".join(f"  {v.sensor}: {v.verdict}, {v.confidence:.2f} ({v.explanation})" for v in verdicts)


@pytest.mark.shared
@pytest.mark.parametrize("name", [pytest.param(name, marks=together(name)) for name in WITH_CAMERAS])
def test_recordings_are_not_accused(name: str, geometry_of: Callable[[str], Report]) -> None:
    """Nothing of the geometry of real recordings is found wrong; most cameras are called consistent.

    A single frame of a lidar with 32 rows leaves two of the six cameras of nuScenes undecided.
    """
    report = geometry_of(name)

    print(f"{name}\n{told(report.cameras)}")
    assert [f for f in report.findings if f.severity is not Severity.INFO] == []
    consistent = sum(verdict.verdict == "consistent" for verdict in report.cameras)
    assert consistent >= 0.6 * len(report.cameras)


@pytest.mark.shared
def test_recording_without_cameras(recordings: Samples) -> None:
    """Two lidar sweeps: nothing to judge, nothing found."""
    report = recordings.load("av2_lidar_sequence").check(groups=("geometry",))

    assert list(report.findings) == []
    assert report.cameras == ()


def test_sample_drive_is_not_accused(tmp_path: Path) -> None:
    """The project's own drive: nothing is found wrong."""
    file = load_scene_file(write_sample_drive(tmp_path, frames=1).scene_file)

    report = file.check(groups=("geometry",))

    print(told(report.cameras))
    assert [f for f in report.findings if f.severity is not Severity.INFO] == []
    assert {verdict.verdict for verdict in report.cameras} <= {"consistent", "undecided"}
