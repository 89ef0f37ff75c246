"""The page computes what Python computes: Python is the reference."""

from __future__ import annotations

import base64
from typing import Any

import attrs
import numpy as np
import pytest

from kognic.io.model.calibration import (
    CameraMatrix,
    CylindricalCalibration,
    DistortionCoefficients,
    FisheyeCalibration,
    KannalaCalibration,
    PinholeCalibration,
    Position,
    RotationQuaternion,
)
from kognic.io.model.calibration.camera.standard import (
    KannalaDistortionCoefficients,
    UndistortionCoefficients,
)
from kognic.scenes.geometry.cameras import KINDS
from kognic.scenes.geometry.motion import Trajectory, rotated
from kognic.scenes.geometry.poses import Rigid, quaternion_of, rotate_about, rotation_matrix
from kognic.scenes.geometry.projection import project
from kognic.viewer import document
from kognic.viewer.document import (
    Camera,
    Cloud,
    Frame,
    FrameEntry,
    Lidar,
    Optics,
    Picture,
    Pose,
    Scene,
    parameters_of,
)
from tests.viewer.browser.conftest import Open

pytestmark = pytest.mark.slow

STILL = Pose(position=(0, 0, 0), quaternion=(1, 0, 0, 0))
CAMERAS, POINTS = 200, 1000
START = 1_772_000_000_000_000_000
MS = 1_000_000


def random_camera(kind: str, rng: np.random.Generator) -> Any:
    """A camera of a kind, with strong distortion as often as with none."""
    width, height = int(rng.integers(300, 4000)), int(rng.integers(200, 3000))
    focal = float(width * rng.uniform(0.2, 1.5))
    matrix = CameraMatrix(
        fx=focal,
        fy=focal * float(rng.uniform(0.9, 1.1)),
        cx=width * float(rng.uniform(0.4, 0.6)),
        cy=height * float(rng.uniform(0.4, 0.6)),
    )
    strength = float(rng.choice([0, 0.02, 0.3]))

    def small(scale: float = 1.0) -> float:
        return float(rng.normal()) * strength * scale

    common: dict[str, Any] = {
        "position": Position(x=0, y=0, z=0),
        "rotation_quaternion": RotationQuaternion(w=1, x=0, y=0, z=0),
        "camera_matrix": matrix,
        "image_width": width,
        "image_height": height,
    }
    lens = {"k1": small(), "k2": small(0.3), "p1": small(0.02), "p2": small(0.02)}
    if kind == "kannala":
        return KannalaCalibration(
            **common,
            distortion_coefficients=KannalaDistortionCoefficients(**lens),
            undistortion_coefficients=UndistortionCoefficients(l1=0, l2=0, l3=0, l4=0),
        )
    coefficients = DistortionCoefficients(**lens, k3=small(0.1))
    if kind == "fisheye":
        xi = float(rng.uniform(0, 2.5))
        return FisheyeCalibration(**common, distortion_coefficients=coefficients, xi=xi)
    model = PinholeCalibration if kind == "pinhole" else CylindricalCalibration
    return model(**common, distortion_coefficients=coefficients)


def random_points(rng: np.random.Generator) -> np.ndarray:
    """Mostly ahead, also behind, beside, and where formulas end."""
    points = rng.normal(size=(POINTS, 3)) * [10, 6, 10] + [0, 0, 8]
    points[:6] = [[0, 0, 0], [0, 0, 5], [0, 0, -5], [3, 0, 0], [0, 2, 0], [0, -2, -1e-9]]
    return points


@pytest.mark.parametrize("kind", KINDS)
def test_cameras_agree(kind: str, open_scene: Open) -> None:
    """The same points are seen, at the same pixels to a millionth."""
    rng = np.random.default_rng(7)
    viewer = open_scene(Scene(title="parity", frames=[FrameEntry()]), [Frame(index=0)])
    differences, num_seen = 0.0, 0

    for _ in range(CAMERAS):
        calibration, points = random_camera(kind, rng), random_points(rng)
        expected = project(points, calibration, frame="camera")
        optics = {
            "kind": kind,
            "width": calibration.image_width,
            "height": calibration.image_height,
            "parameters": parameters_of(attrs.asdict(calibration)),
        }
        encoded = base64.b64encode(points.astype("<f8").tobytes()).decode()
        answer = viewer.page.evaluate("([o, p]) => kognicViewer.projectWith(o, p)", [optics, encoded])
        found = np.frombuffer(base64.b64decode(answer), "<f8").reshape(-1, 3)

        assert np.array_equal(np.isnan(found[:, 0]), np.isnan(expected.pixels[:, 0])), calibration
        assert np.array_equal(found[:, 2] > 0, expected.visible), calibration
        seen = expected.visible
        num_seen += int(seen.sum())
        if seen.any():
            differences = max(differences, float(np.abs(found[seen, :2] - expected.pixels[seen]).max()))

    assert num_seen > 5 * CAMERAS
    assert differences < 1e-6


def moving(speed: float = 15.0) -> document.Trajectory:
    """A vehicle that drives along a bend: 100 samples per second."""
    times = np.arange(-300, 600, 10)
    yaw = 0.4 * times / 1000
    path = np.column_stack([speed * times / 1000, 2 * yaw, np.zeros(len(times))])
    quaternions = np.column_stack([np.cos(yaw / 2), np.zeros((len(times), 2)), np.sin(yaw / 2)])
    return document.Trajectory(times_ns=START + times * MS, positions=path, quaternions=quaternions)


def reference_trajectory(path: document.Trajectory) -> Trajectory:
    return Trajectory(path.times_ns, path.positions, path.quaternions)


@pytest.mark.parametrize("only_lidar", [None, "TOP"])
def test_motion_compensation_agrees(only_lidar: str | None, open_scene: Open) -> None:
    """Points go from their own time to the frame's, in the lidar's system or the vehicle's."""
    rng = np.random.default_rng(3)
    path = moving()
    mounting = Rigid(rotate_about([0, 0, 1], 90), np.array([0.5, 0.1, 1.8]))
    pose = Pose(position=(0.5, 0.1, 1.8), quaternion=tuple(quaternion_of(mounting.rotation).tolist()))
    xyz = np.rint(rng.normal(size=(500, 3)) * 20 * 1000) / 1000
    times = START + rng.integers(-10_000, 1, 500) * 10_000
    scene = Scene(
        title="motion",
        lidars=[Lidar(name="TOP", given=pose)],
        frames=[FrameEntry(unix_ns=START)],
        trajectory=path,
        only_lidar=only_lidar,
        is_compensated=True,
    )
    viewer = open_scene(scene, [Frame(index=0, clouds=[Cloud(lidar="TOP", xyz=xyz, times_ns=times)])])

    reference = reference_trajectory(path)
    moved = (
        mounting.apply(reference.move(xyz, times, START))
        if only_lidar
        else reference.move(mounting.apply(xyz), times, START)
    )
    assert np.abs(moved - mounting.apply(xyz)).max() > 1
    assert np.abs(viewer.positions() - moved).max() < 2e-5

    viewer.press("m")
    viewer.wait("!s.compensate")
    viewer.settle()
    assert np.abs(viewer.positions() - mounting.apply(xyz)).max() < 1e-5


@pytest.mark.parametrize("is_reversed", [False, True])
def test_rolling_shutter_agrees_with_the_truth(is_reversed: bool, open_scene: Open) -> None:
    """A standing point appears in the row that was exposed when it was there."""
    width, height, focal = 1200, 900, 800.0
    first, last = START - 20 * MS, START + 25 * MS
    path = moving()
    reference = reference_trajectory(path)
    ahead = Rigid(rotation_matrix([0.5, -0.5, 0.5, -0.5]), np.array([1.5, 0.1, 1.2]))
    pose = Pose(position=(1.5, 0.1, 1.2), quaternion=(0.5, -0.5, 0.5, -0.5))
    parameters = {"fx": focal, "fy": focal, "cx": 600.0, "cy": 450.0}
    optics = Optics(kind="pinhole", width=width, height=height, pose=pose, parameters=parameters)
    picture = Picture(
        camera="FRONT", width=width, height=height, shutter_ns=(first, last), is_reversed=is_reversed
    )
    scene = Scene(
        title="rolling",
        cameras=[Camera(name="FRONT", given=optics)],
        frames=[FrameEntry(unix_ns=START)],
        trajectory=path,
    )
    viewer = open_scene(scene, [Frame(index=0, pictures=[picture])])
    points = np.random.default_rng(5).uniform([8, -5, -1], [40, 5, 5], (300, 3))

    in_world = reference.pose_at(START).apply(points)

    def pixels(shares: np.ndarray) -> np.ndarray:
        """Where the points, given at the frame's time, appear at shares of the exposure, one for each."""
        row_times = np.rint(first + (1 - shares if is_reversed else shares) * (last - first)).astype(np.int64)
        positions, quaternions = reference.at(row_times)
        moved = rotated(quaternions * [1, -1, -1, -1], in_world - positions)
        x, y, z = ahead.inverse().apply(moved).T
        return np.column_stack([focal * x / z + 600, focal * y / z + 450])

    # The row and the time that belong to each other, by halving.
    low, high = np.zeros(len(points)), np.ones(len(points))
    for _ in range(60):
        middle = (low + high) / 2
        is_later = (pixels(middle)[:, 1] + 0.5) / height > middle
        low, high = np.where(is_later, middle, low), np.where(is_later, high, middle)

    expected = pixels(low)
    found = np.array([row[:2] for row in viewer.project("FRONT", points)])
    inside = (expected >= 0).all(axis=1) & (expected < [width, height]).all(axis=1)
    still = pixels(np.full(len(points), 0.5))
    assert inside.sum() > 100
    assert np.abs(still - expected)[inside].max() > 5
    assert np.abs(found - expected)[inside].max() < 0.01


def random_optics(kind: str, rng: np.random.Generator) -> Optics:
    """A camera anywhere on the vehicle that looks anywhere."""
    calibration = random_camera(kind, rng)
    pose = Pose(position=tuple(rng.normal(size=3)), quaternion=tuple(rng.normal(size=4)))
    size = {"width": calibration.image_width, "height": calibration.image_height}
    return Optics(kind=kind, pose=pose, parameters=parameters_of(attrs.asdict(calibration)), **size)


@pytest.mark.parametrize("exposure_ms", [0, 30])
def test_points_in_an_image_are_those_that_project_into_it(exposure_ms: int, open_scene: Open) -> None:
    """Points that are left out before any formula is computed are outside of the image.

    The distances go from a decimetre to 300 m, and the vehicle drives along a bend while an image is exposed.
    """
    rng = np.random.default_rng(19)
    cameras = [
        Camera(name=f"{kind} {number}", given=random_optics(kind, rng))
        for kind in KINDS
        for number in range(12)
    ]
    directions = rng.normal(size=(4000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    xyz = directions * 10 ** rng.uniform(-1, 2.5, (4000, 1))
    shutter = (START - exposure_ms * MS // 2, START + exposure_ms * MS // 2)
    pictures = [
        Picture(camera=camera.name, width=camera.given.width, height=camera.given.height, shutter_ns=shutter)
        for camera in cameras
        if camera.given
    ]
    still = Pose(position=(0, 0, 0), quaternion=(1, 0, 0, 0))
    scene = Scene(
        title="visible",
        cameras=cameras,
        lidars=[Lidar(name="TOP", given=still)],
        frames=[FrameEntry(unix_ns=START)],
        trajectory=moving(),
    )
    frame = Frame(index=0, clouds=[Cloud(lidar="TOP", xyz=xyz)], pictures=pictures)
    viewer = open_scene(scene, [frame], suffix="#view=3d&on=points")
    script = """(names) => {
        const flat = kognicViewer.positions(0, 4000);
        const points = Array.from({length: 4000}, (_, i) => flat.slice(3 * i, 3 * i + 3));
        return names.map((name) => {
            const seen = kognicViewer.project(name, points).flatMap(([, , isSeen], i) => (isSeen ? [i] : []));
            return [seen.length, JSON.stringify(seen) === JSON.stringify(kognicViewer.visible(name))];
        });
    }"""
    found = viewer.page.evaluate(script, [camera.name for camera in cameras])

    assert [camera.name for camera, (_, is_same) in zip(cameras, found, strict=True) if not is_same] == []
    assert sum(count for count, _ in found) > 1000


def test_calibrations_of_the_sensors_are_used(open_scene: Open) -> None:
    """Poses of any quaternion length, from the camera to the reference system."""
    rng = np.random.default_rng(11)
    calibration = random_camera("pinhole", rng)
    calibration.position = Position(x=1.0, y=-2.0, z=0.5)
    calibration.rotation_quaternion = RotationQuaternion(w=1.2, x=-0.4, y=0.8, z=0.1)
    points = random_points(rng)
    pose = Pose(position=(1.0, -2.0, 0.5), quaternion=(1.2, -0.4, 0.8, 0.1))
    optics = Optics(
        kind="pinhole",
        width=calibration.image_width,
        height=calibration.image_height,
        pose=pose,
        parameters=parameters_of(attrs.asdict(calibration)),
    )
    scene = Scene(title="pose", cameras=[Camera(name="C", given=optics)], frames=[FrameEntry()])
    viewer = open_scene(scene, [Frame(index=0)])

    expected = project(points, calibration)
    found = viewer.project("C", points)

    assert [row[2] for row in found] == expected.visible.tolist()
    seen = expected.visible
    assert seen.any()
    assert (
        np.abs(np.array([row[:2] for row in found], dtype=float)[seen] - expected.pixels[seen]).max() < 1e-6
    )
