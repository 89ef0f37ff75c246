"""Units of points and positions: a made street below a lidar, and recordings, as they are and scaled."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from kognic.io.model.calibration import Position
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.calibration import evidence as evidence_of_scenes
from kognic.scenes.calibration.evidence import Cloud, Evidence, FrameEvidence, gather, gather_clouds
from kognic.scenes.calibration.ground import ground_below
from kognic.scenes.checks import check_scene
from kognic.scenes.checks.units import check_units, in_metres
from kognic.scenes.content import read_points
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.scene_file import load_scene_file
from kognic.scenes.scene_view import view_of
from tests.scenes.conftest import ALL, Samples
from tests.scenes.geometry import conftest as make

FEET = 1 / 0.3048


def street(height: float, *, seed: int = 0) -> np.ndarray:
    """Rays of a spinning lidar that end on a road, on walls at 9 and 14 m, or not at all; metres, z up."""
    rng = np.random.default_rng(seed)
    yaw = np.radians(np.tile(np.arange(0, 360, 0.8), 32))
    pitch = np.radians(np.repeat(np.linspace(-28, 6, 32), 450))
    rays = np.column_stack([np.cos(pitch) * np.cos(yaw), np.cos(pitch) * np.sin(yaw), np.sin(pitch)])
    with np.errstate(divide="ignore"):
        to_ground = np.where(rays[:, 2] < 0, -height / rays[:, 2], np.inf)
        to_wall = np.minimum(
            np.where(rays[:, 1] > 0, 9 / rays[:, 1], np.inf),
            np.where(rays[:, 1] < 0, -14 / rays[:, 1], np.inf),
        )
    distance = np.minimum(to_ground, to_wall) + rng.normal(0, 0.02, len(rays))
    kept = distance < 90
    return np.asarray(rays[kept] * distance[kept, None])


def seen(points: np.ndarray, *, moved: float = 0.0) -> Evidence:
    """One frame of one lidar, on a vehicle that moves so many metres forward."""
    path = None
    if moved:
        quaternions = np.tile([1.0, 0, 0, 0], (2, 1))
        path = Trajectory(np.array([0, 10**8]), np.array([[0.0, 0, 0], [moved, 0, 0]]), quaternions)
    frame = FrameEvidence("0", 0, (Cloud("lidar", PointArrays(xyz=points)),), ())
    return Evidence((frame,), path, False, True)


def mounted(z: float) -> dict[str, Any]:
    return {"lidar": make.lidar(**make.placed((1.0, 0, 0, 0), (0.9, 0.0, z)))}


@pytest.mark.parametrize("height", [0.6, 1.2, 1.9, 3.1, 4.2])
@pytest.mark.parametrize("unit", [1.0, 1000.0, FEET, 0.001])
def test_height_above_the_ground(height: float, unit: float) -> None:
    """It comes out in the unit of the points."""
    found = ground_below(street(height) * unit)

    assert found is not None
    assert found.height == pytest.approx(height * unit, rel=0.03)
    assert found.slope_deg < 1


def test_no_ground_without_a_plane_below() -> None:
    """A room seen from its middle, a wall, points above, and nothing at all."""
    rng = np.random.default_rng(0)
    sphere = rng.normal(size=(8000, 3))
    assert ground_below(sphere / np.linalg.norm(sphere, axis=1)[:, None] * 5) is None
    assert ground_below(np.column_stack([np.full(3000, 8.0), rng.uniform(-5, 5, (3000, 2))])) is None
    assert ground_below(street(1.8) * [1, 1, -1] + [0, 0, 30]) is None
    assert ground_below(np.zeros((0, 3))) is None


@pytest.mark.parametrize("height", [0.5, 1.2, 1.9, 3.1, 4.2])
@pytest.mark.parametrize("said", [None, 0.0, "height"])
def test_points_in_metres_are_not_accused(height: float, said: Any) -> None:
    """From bumpers to trucks, with the reference in the lidar, on the ground, or unknown; driving or not."""
    sensors = {} if said is None else mounted(height if said == "height" else 0.0)

    for moved in (0.0, 1.5):
        assert list(check_units([seen(street(height), moved=moved)], sensors)) == []


@pytest.mark.parametrize("height", [0.5, 1.2, 1.9, 3.1])
@pytest.mark.parametrize(("unit", "name"), [(1000.0, "millimetres"), (0.001, "kilometres")])
def test_units_a_thousand_apart_are_named(height: float, unit: float, name: str) -> None:
    (finding,) = check_units([seen(street(height) * unit)], {})

    assert (finding.code, finding.sensor, finding.severity.value) == ("cloud-unit", "lidar", "error")
    assert f"the points look like {name}: " in finding.message
    assert finding.value == pytest.approx(1 / unit)
    assert finding.hint == f"multiply the coordinates by {1 / unit:g}"


def test_feet_need_a_second_witness() -> None:
    """The height that the calibration says, or a vehicle that drives; a mast that stands is not accused."""
    points = street(1.9) * FEET
    (by_calibration,) = check_units([seen(points)], mounted(1.9))
    (by_driving,) = check_units([seen(points, moved=1.5)], mounted(0.0))

    assert by_calibration.code == by_driving.code == "cloud-unit"
    assert "the points look like feet: the ground is 6.2" in by_calibration.message
    assert "the calibration puts the lidar 1.9 m above the reference" in by_calibration.message
    assert "no lidar on a vehicle that drives is so high" in by_driving.message
    assert list(check_units([seen(street(6.2))], mounted(0.0))) == []


@pytest.mark.parametrize(("unit", "name"), [(1000.0, "millimetres"), (FEET, "feet"), (100.0, "centimetres")])
def test_positions_against_the_ground(unit: float, name: str) -> None:
    """The points are in metres, the lidar's z is not."""
    (finding,) = check_units([seen(street(1.9))], mounted(1.9 * unit))

    assert (finding.code, finding.sensor) == ("calibration-unit", "lidar")
    assert f"the positions of the calibration look like {name}: lidar is 1.9" in finding.message


@pytest.mark.slow
@pytest.mark.parametrize("unit", [1.0, 1000.0, FEET])
def test_points_are_judged_in_metres(unit: float) -> None:
    """Whatever unit was found: the points come out as they were measured, and others stay as they are."""
    points = street(1.9)
    given = seen(points * unit, moved=1.5)
    second = Cloud("other", PointArrays(xyz=points))
    frame = attrs.evolve(given.frames[0], clouds=(*given.frames[0].clouds, second))
    given = attrs.evolve(given, frames=(frame,))

    found = list(check_units([given], mounted(1.9)))
    right = in_metres(given, found)

    assert [one.sensor for one in found] == (["lidar"] if unit != 1 else [])
    for cloud in right.frames[0].clouds:
        assert cloud.points.xyz == pytest.approx(points, rel=1e-9)


@pytest.mark.slow
def test_the_sandbox_drive(tmp_path: Path) -> None:
    """A scene without cameras is checked: in metres nothing is found, in millimetres the report names it."""
    drive = write_sample_drive(tmp_path, scene_type="lidars_sequence", frames=2)
    described = load_scene_file(drive.folder / "scene.json")
    scene = described.scene("any")
    evidence = gather_clouds(view_of(scene, motion_compensation=False), max_frames=1)

    report = check_scene(scene, calibration=described.calibration, groups=["geometry"])
    (finding,) = check_units([in_unit(evidence, 1000)], {})

    assert not {"cloud-unit", "calibration-unit"} & report.codes.keys()
    assert (finding.code, finding.severity.value) == ("cloud-unit", "error")


@pytest.mark.slow
@pytest.mark.parametrize("cameras", [True, False])
def test_images_tell_the_unit(cameras: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a vehicle that stands, and also where the cameras of a rig are compared for all scenes together."""
    described = load_scene_file(write_sample_drive(tmp_path, scene_type="lidars_and_cameras").scene_file)
    scene: Any = described.scene("any")
    scene.imu_data = None

    def in_feet(source: Any, format: str | None = None) -> PointArrays:
        points = read_points(source, format)
        return attrs.evolve(points, xyz=points.xyz * FEET)

    monkeypatch.setattr(evidence_of_scenes, "read_points", in_feet)
    report = check_scene(scene, calibration=described.calibration, groups=["geometry"], cameras=cameras)

    (finding,) = (one for one in report if one.code == "cloud-unit")
    assert "times better in feet" in finding.message
    assert not {"camera-misaligned", "camera-does-not-fit"} & {one.code for one in report}


def in_unit(evidence: Evidence, unit: float) -> Evidence:
    frames = tuple(
        attrs.evolve(
            frame,
            clouds=tuple(
                attrs.evolve(cloud, points=attrs.evolve(cloud.points, xyz=cloud.points.xyz * unit))
                for cloud in frame.clouds
            ),
        )
        for frame in evidence.frames
    )
    return attrs.evolve(evidence, frames=frames)


def of_recording(recordings: Samples, name: str) -> tuple[Evidence, dict[str, Any]]:
    sample = recordings.load(name)
    view = view_of(sample.scene, motion_compensation=sample.motion_compensation)
    read: Callable[..., Evidence] = gather if view.has_cameras else gather_clouds
    return read(view, max_frames=1), dict(sample.calibration.calibration)


@pytest.mark.shared
@pytest.mark.parametrize("name", ALL)
def test_recordings_in_other_units(recordings: Samples, name: str) -> None:
    """As they are none is accused; in millimetres, feet or kilometres each is named."""
    evidence, sensors = of_recording(recordings, name)

    assert list(check_units([evidence], sensors)) == []
    for unit, expected in ((1000.0, "millimetres"), (FEET, "feet"), (0.001, "kilometres")):
        if (name, expected) == ("av2_lidar_sequence", "feet"):
            continue  # in the vehicle's system, without images: only its motion can say
        findings = list(check_units([in_unit(evidence, unit)], sensors))
        assert {finding.code for finding in findings} == {"cloud-unit"}, (unit, findings)
        assert all(f"look like {expected}" in finding.message for finding in findings)


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize(
    "name", ["nuscenes_frame", "pandaset_sequence", "fisheye_frame", "distorted_pinhole_frame"]
)
def test_calibrations_of_recordings_in_other_units(recordings: Samples, name: str) -> None:
    evidence, sensors = of_recording(recordings, name)

    for unit, expected in ((1000.0, "millimetres"), (FEET, "feet"), (0.001, "kilometres")):
        scaled = copy.deepcopy(sensors)
        for sensor in scaled.values():
            p = sensor.position
            sensor.position = Position(x=p.x * unit, y=p.y * unit, z=p.z * unit)
        (finding,) = check_units([evidence], scaled)
        assert finding.code == "calibration-unit"
        assert f"look like {expected}" in finding.message
