"""Ego poses and lidars against the points: made drives with known truth, and recordings as they are."""

from __future__ import annotations

import copy
from typing import Any

import attrs
import numpy as np
import pytest

from kognic.scenes.calibration.alignment import align, exponential, logarithm
from kognic.scenes.calibration.evidence import gather_clouds
from kognic.scenes.calibration.lidars import EGO, LidarEstimate, estimate_lidars
from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.scene_view import view_of
from tests.scenes.calibration import drives
from tests.scenes.conftest import Samples

TRUE = drives.mounted()
KINDS = ("straight", "turns", "stands")


def estimate(evidence: Any, **lidars: Rigid) -> dict[tuple[str, str], LidarEstimate]:
    sensors = {name: drives.sensor(pose) for name, pose in lidars.items()}
    return {(one.lidar, one.against): one for one in estimate_lidars([evidence], sensors)}


def value(one: LidarEstimate, name: str) -> Any:
    return next(direction for direction in one.directions if direction.name == name)


@pytest.mark.parametrize("vector", [[0, 0, 0.03, 0.4, 0.1, 0], [0.02, -0.01, 0, 0, 0.3, -0.1], [0] * 6])
def test_alignment_of_two_clouds(vector: list[float]) -> None:
    """Some degrees and decimetres come back within four standard deviations, and those are small."""
    rng = np.random.default_rng(1)
    truth = exponential(np.array(vector, dtype=float))
    target = drives.seen(TRUE, drives.rays(), rng)
    source = drives.seen(TRUE @ truth, drives.rays(), rng)

    found = align(target, source, Rigid.identity())

    assert found is not None
    off = logarithm(found.motion @ truth.inverse())
    deviation = np.sqrt(np.diag(found.covariance))
    assert (np.abs(off) < 4 * deviation).all()
    assert deviation[:3].max() < np.radians(0.3)
    assert deviation[3:].max() < 0.06


def guard_rails(every: float, *extra: list[list[float]]) -> Any:
    """Two rails with thin posts along a road, as boxes, shape (N, 2, 3)."""
    found = list(extra)
    for side in (-1, 1):
        low, high = sorted((side * 6, side * 6.1))
        found.append([[-60, low, 0.45], [110, high, 0.75]])
        low, high = sorted((side * 6.1, side * 6.25))
        found += [[[x, low, 0], [x + 0.12, high, 0.8]] for x in np.arange(-60, 110, every)]
    return np.array(found, dtype=float)


HOUSES = (
    [[30, -20, 0], [42, -12, 6]],
    [[60, 12, 0], [75, 20, 8]],
    [[-30, 14, 0], [-22, 22, 5]],
)
SIGN = [[22, -9, 5], [22.3, 9, 6.5]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("boxes", "step", "rows", "most"),
    [
        # Rail and ground share a cell of one grid; the other one parts them.
        (guard_rails(2, *HOUSES), 8.0, 128, 0.05),
        (guard_rails(4, *HOUSES), 8.0, 128, 0.05),
        # Nearly all that tells how far the vehicle drove repeats every 4 m: the result may say so.
        (guard_rails(4, SIGN), 2.0, 64, 2.5),
        (guard_rails(4, SIGN), 4.0, 64, 2.5),
    ],
)
def test_guard_rails(
    monkeypatch: pytest.MonkeyPatch, boxes: Any, step: float, rows: int, most: float
) -> None:
    """Starting from the true motion, the estimate stays within its uncertainty of it."""
    monkeypatch.setattr(drives, "BOXES", boxes)
    rng = np.random.default_rng(1)
    moved = Rigid(np.eye(3), np.array([step, 0.0, 0.0]))
    directions = drives.rays(rows, 64 / rows if rows > 64 else 0.8)

    found = align(drives.seen(TRUE, directions, rng), drives.seen(moved @ TRUE, directions, rng), moved)

    assert found is not None
    off = np.abs(logarithm(found.motion @ moved.inverse()))
    deviation = np.sqrt(np.diag(found.covariance))
    assert (off < 4 * deviation).all()
    assert deviation[3:].max() < most


def test_exponential_and_logarithm() -> None:
    vector = np.array([0.3, -1.1, 0.4, 1.0, 2.0, -3.0])
    assert logarithm(exponential(vector)) == pytest.approx(vector)
    assert logarithm(Rigid.identity()) == pytest.approx(np.zeros(6))


def test_clouds_without_common_surfaces() -> None:
    rng = np.random.default_rng(2)
    assert align(rng.normal(0, 8, (5000, 3)), rng.normal(0, 8, (5000, 3)), Rigid.identity()) is None
    assert align(np.zeros((0, 3)), np.zeros((0, 3)), Rigid.identity()) is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_good_drives_are_not_accused(kind: str, seed: int) -> None:
    found = estimate(drives.drive(kind, {"top": TRUE}, seed=seed), top=TRUE)[("top", EGO)]

    assert found.verdict == ("undecided" if kind == "stands" else "consistent")
    assert not any(direction.is_off for direction in found.directions)


@pytest.mark.slow
def test_what_a_drive_does_not_show() -> None:
    """Nothing while it stands; straight on neither roll nor sideways position nor height nor time."""
    straight = estimate(drives.drive("straight", {"top": TRUE}), top=TRUE)[("top", EGO)]
    stands = estimate(drives.drive("stands", {"top": TRUE}), top=TRUE)[("top", EGO)]
    turns = estimate(drives.drive("turns", {"top": TRUE}), top=TRUE)[("top", EGO)]

    hidden = {one.name for one in straight.directions if not one.observable}
    assert hidden == {"rotation_x", "position_x", "position_y", "position_z", "time_offset"}
    assert not any(one.observable for one in stands.directions)
    assert "the vehicle hardly moves" in stands.explanation
    shown = {one.name for one in turns.directions if one.observable}
    assert shown >= {"rotation_y", "rotation_z", "position_x", "position_y", "motion_length", "time_offset"}
    assert "position_z" not in shown


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["straight", "turns"])
@pytest.mark.parametrize(("name", "angles"), [("rotation_z", {"yaw": 3.0}), ("rotation_y", {"pitch": -3.0})])
def test_rotation_of_a_lidar(kind: str, name: str, angles: dict[str, float]) -> None:
    """The correction undoes the error, within its uncertainty."""
    error = next(iter(angles.values()))

    found = estimate(drives.drive(kind, {"top": TRUE}), top=drives.mounted(**angles))[("top", EGO)]

    assert found.verdict == "pose"
    rotation = value(found, name)
    assert rotation.is_off
    assert rotation.correction == pytest.approx(-error, abs=max(4 * rotation.deviation, 0.4))
    assert rotation.deviation < 0.75
    assert f"{name} {rotation.correction:+.2f} +- {rotation.deviation:.2f} deg" in found.explanation


@pytest.mark.slow
def test_position_of_a_lidar_in_a_bend() -> None:
    wrong = drives.mounted(position=(1.8, -0.6, 1.8))

    found = estimate(drives.drive("turns", {"top": TRUE}), top=wrong)[("top", EGO)]

    assert found.verdict == "pose"
    for name, error in (("position_x", 0.8), ("position_y", -0.6)):
        place = value(found, name)
        assert place.correction == pytest.approx(-error, abs=max(4 * place.deviation, 0.15))


@pytest.mark.slow
def test_length_of_the_motion() -> None:
    """Positions of the vehicle in another unit or of a slipping odometer: 12 percent too long."""
    found = estimate(drives.drive("straight", {"top": TRUE}, scale=1.12), top=TRUE)[("top", EGO)]

    assert found.verdict == "motion_length"
    length = value(found, "motion_length")
    assert length.correction == pytest.approx(100 * (1 / 1.12 - 1), abs=4 * length.deviation)


@pytest.mark.slow
def test_times_of_clouds() -> None:
    """Clouds that were taken 60 ms later than they say, in a bend."""
    found = estimate(drives.drive("turns", {"top": TRUE}, late_s=0.06), top=TRUE)[("top", EGO)]

    offset = value(found, "time_offset")
    assert offset.correction == pytest.approx(60, abs=max(4 * offset.deviation, 10))
    assert found.verdict in ("time", "consistent")


@pytest.mark.slow
def test_poses_of_another_drive() -> None:
    found = estimate(drives.drive("straight", {"top": TRUE}, wrong_poses=True), top=TRUE)[("top", EGO)]

    assert found.verdict == "poses"
    assert "the ego poses do not move as the points do" in found.explanation


@pytest.mark.slow
@pytest.mark.parametrize("yaw", [-90, 3])
def test_ego_poses_of_the_vehicle_with_one_lidar(yaw: float) -> None:
    """A scene with one lidar needs those of the lidar; its pose in the calibration shows what was given."""
    mount = drives.mounted(yaw=yaw, pitch=2)
    wrong = attrs.evolve(drives.drive("straight", {"top": mount}), one_lidar=True)
    assert wrong.trajectory is not None
    right = attrs.evolve(wrong, trajectory=wrong.trajectory.of_mounted(mount))

    assert estimate(right, top=mount)[("top", EGO)].verdict == "consistent"
    found = estimate(wrong, top=mount)[("top", EGO)]

    assert found.verdict == "system"
    assert "only if they are those of the reference system; a scene with one lidar" in found.explanation


@pytest.mark.slow
def test_ego_poses_of_a_lidar_with_several() -> None:
    """They are off for both lidars, and right for both once they are those of the one."""
    lidars = {"front": drives.mounted(yaw=10, position=(2.2, 0.3, 0.9)), "top": drives.mounted(pitch=2)}
    right = drives.drive("straight", lidars, frames=4)
    assert right.trajectory is not None
    wrong = attrs.evolve(right, trajectory=right.trajectory.of_mounted(lidars["front"]))

    found = estimate(wrong, **lidars)

    for name in lidars:
        assert found[(name, EGO)].verdict == "system"
        assert "only if they are those of front; a scene with more" in found[(name, EGO)].explanation


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["straight", "stands"])
def test_lidar_against_lidar(kind: str) -> None:
    """A second lidar that sees the front: its error against the first shows also while the vehicle stands."""
    second = drives.mounted(yaw=10, position=(2.2, 0.3, 0.9))
    evidence = drives.drive(kind, {"top": TRUE, "front": second}, frames=4, sectors={"front": (-80, 80)})

    good = estimate(evidence, top=TRUE, front=second)[("front", "top")]
    wrong = drives.mounted(yaw=12, position=(2.2, 0.6, 0.9))
    off = estimate(evidence, top=TRUE, front=wrong)[("front", "top")]

    assert good.verdict == "consistent"
    assert all(direction.observable for direction in good.directions)
    assert off.verdict == "pose"
    assert value(off, "rotation_z").correction == pytest.approx(-2, abs=0.4)
    moved = [value(off, f"position_{axis}").correction for axis in "xyz"]
    # The correction is about the reference, so the lidar itself moves by its rotation as well.
    correction = exponential(np.array([0, 0, np.radians(value(off, "rotation_z").correction), *moved]))
    assert (correction @ wrong).position == pytest.approx(second.position, abs=0.1)


def test_nothing_to_compare() -> None:
    assert estimate_lidars([], {}) == []
    still = drives.drive("straight", {"top": TRUE}, frames=1)
    found = estimate(still, top=TRUE)[("top", EGO)]
    assert (found.verdict, found.pairs) == ("undecided", 0)
    assert "no two frames show the same flat surfaces" in found.explanation


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("name", ["pandaset_sequence", "av2_lidar_sequence"])
def test_recordings_are_not_accused(recordings: Samples, name: str) -> None:
    """And three degrees of yaw of their lidar are noticed, where the drive is long enough."""
    sample = recordings.load(name)
    view = view_of(sample.scene, motion_compensation=sample.motion_compensation)
    evidence = gather_clouds(view, max_frames=8)
    sensors = dict(sample.calibration.calibration)

    assert {one.verdict for one in estimate_lidars([evidence], sensors)} <= {"consistent", "undecided"}
    if name == "pandaset_sequence":
        turned = copy.deepcopy(sensors)
        pose = Rigid.of_sensor(sensors["main_pandar64"])
        wrong = Rigid(drives.mounted(yaw=3).rotation @ pose.rotation, pose.position)
        turned["main_pandar64"] = drives.sensor(wrong)
        found = {(e.lidar, e.against): e for e in estimate_lidars([evidence], turned)}
        one = found[("main_pandar64", EGO)]
        assert one.verdict == "pose"
        assert value(one, "rotation_z").correction == pytest.approx(-3, abs=0.7)
