"""The corners of a converted cuboid, front and all, by the formula of each data set.

Nothing of the package's own geometry is used for what is expected.

Sources: `Box.corners` of the nuScenes devkit; `Cuboid.vertices_m` of Argoverse 2's API; `computeBox3D.m` of
KITTI's object devkit. For the platform's cuboid: front along its own +y, sizes across, along, up.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from kognic.annotations.convert.argoverse import from_argoverse, to_argoverse
from kognic.annotations.convert.kitti import from_kitti, to_kitti
from kognic.annotations.convert.nuscenes import KeyFrame, from_nuscenes, to_nuscenes
from kognic.annotations.cuboids import PANDASET, to_kognic
from kognic.annotations.labels import Label

pa = pytest.importorskip("pyarrow")

Corners = np.ndarray
# Length, width and height that cannot be mistaken for each other, metres.
LENGTH, WIDTH, HEIGHT = 4.6, 1.9, 1.4
CENTRE = np.array([12.0, -7.5, 0.8])
# Yaw, pitch and roll, degrees.
POSES = [(0, 0, 0), (90, 0, 0), (-30, 0, 0), (200, 0, 0), (40, 10, -5), (-135, -20, 15)]
# From the lidar (x forward, y left, z up) to a camera (x right, y down, z forward).
CAMERA = np.array([[0, -1, 0, 0.1], [0, 0, -1, -0.2], [1, 0, 0, -0.3], [0, 0, 0, 1]], float)


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Rz(yaw) Ry(pitch) Rx(roll), written out."""
    (cy, cp, cr), (sy, sp, sr) = (f(np.radians([yaw, pitch, roll])) for f in (np.cos, np.sin))
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    return np.asarray(about_z @ about_y @ about_x)


def quaternion(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """The same as w, x, y, z: the product of the three half-angle quaternions."""
    (cy, cp, cr), (sy, sp, sr) = (f(np.radians([yaw, pitch, roll]) / 2) for f in (np.cos, np.sin))
    return np.array(
        [
            cr * cp * cy + sr * sp * sy,
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
        ]
    )


def matrix_of(w: float, x: float, y: float, z: float) -> np.ndarray:
    """The rotation matrix of a unit quaternion."""
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def box(ahead: float, across: float, up: float, *, forward_axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Four corners of the front, four of the rear, in a box's own axes with z up, as sets in one order."""
    faces = []
    for sign in (1, -1):
        corners = []
        for side, top in product((1, -1), repeat=2):
            corner = np.zeros(3)
            corner[forward_axis], corner[1 - forward_axis], corner[2] = (
                sign * ahead / 2,
                side * across / 2,
                top * up / 2,
            )
            corners.append(corner)
        faces.append(np.array(corners))
    return faces[0], faces[1]


def ordered(corners: Corners) -> Corners:
    """In one order whatever the order was."""
    return corners[np.lexsort(np.round(corners, 6).T)]


def assert_same(found: tuple[Corners, Corners], expected: tuple[Corners, Corners]) -> None:
    for one, other, face in zip(found, expected, ("front", "rear"), strict=True):
        np.testing.assert_allclose(ordered(one), ordered(other), atol=1e-6, err_msg=face)


def placed(faces: tuple[Corners, Corners], turn: np.ndarray, centre: np.ndarray) -> tuple[Corners, Corners]:
    front, rear = (corners @ turn.T + centre for corners in faces)
    return front, rear


def expected(angles: tuple[float, float, float]) -> tuple[Corners, Corners]:
    """The object itself: at `CENTRE`, its front along +x of its axes."""
    return placed(box(LENGTH, WIDTH, HEIGHT, forward_axis=0), rotation(*angles), CENTRE)


def of_kognic(value: Any) -> tuple[Corners, Corners]:
    x, y, z, qx, qy, qz, qw, across, ahead, up = value
    return placed(box(ahead, across, up, forward_axis=1), matrix_of(qw, qx, qy, qz), np.array([x, y, z]))


def of_nuscenes(row: dict[str, Any]) -> tuple[Corners, Corners]:
    width, length, height = row["size"]
    return placed(
        box(length, width, height, forward_axis=0), matrix_of(*row["rotation"]), np.array(row["translation"])
    )


def of_kitti(line: str) -> tuple[Corners, Corners]:
    """Corners in the lidar's system; `computeBox3D.m` has them around the middle of the bottom, y down."""
    h, w, l, x, y, z, ry = map(float, line.split()[8:15])  # noqa: E741 - the devkit's names
    turn = np.array([[np.cos(ry), 0, np.sin(ry)], [0, 1, 0], [-np.sin(ry), 0, np.cos(ry)]])
    faces = []
    for sign in (1, -1):
        corners = np.array([[sign * l / 2, top, side * w / 2] for top in (0, -h) for side in (1, -1)])
        in_camera = corners @ turn.T + [x, y, z]
        homogeneous = np.column_stack([in_camera, np.ones(4)])
        faces.append((homogeneous @ np.linalg.inv(CAMERA).T)[:, :3])
    return faces[0], faces[1]


def kognic_label(angles: tuple[float, float, float]) -> Label:
    """The object as the platform has it: turned by a quarter, so that +y of the box is its front."""
    w, x, y, z = quaternion(*angles)
    half = np.sqrt(0.5)  # the quaternion of -90 degrees about z is (half, 0, 0, -half)
    turned = [half * (x - y), half * (x + y), half * (z - w), half * (w + z)]
    return Label(
        frame_id="f",
        track="6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
        class_name="Car",
        cuboid=[*CENTRE, *turned, WIDTH, LENGTH, HEIGHT],
    )


@pytest.mark.parametrize("angles", POSES)
def test_the_platform_s_cuboid(angles: tuple[float, float, float]) -> None:
    """What the other tests start from is the object."""
    assert_same(of_kognic(kognic_label(angles).cuboid), expected(angles))


@pytest.mark.parametrize("angles", POSES)
@pytest.mark.parametrize("system", ["world", "ego", "lidar"])
def test_nuscenes(angles: tuple[float, float, float], system: Any) -> None:
    """Boxes in the world, read into each system, and written back."""
    ego, lidar = np.eye(4), np.eye(4)
    ego[:3, :3], ego[:3, 3] = rotation(35, 2, -1), [100, 200, 5]
    lidar[:3, :3], lidar[:3, 3] = rotation(-90, 0, 0), [0.9, 0, 1.8]
    to_world = {"world": np.eye(4), "ego": ego, "lidar": ego @ lidar}[system]
    frame = KeyFrame(token="f", scene="s", timestamp_us=1, ego_to_world=ego, lidar_to_ego=lidar)
    row = {
        "token": "a",
        "sample_token": "f",
        "instance_token": "i",
        "translation": CENTRE.tolist(),
        "size": [WIDTH, LENGTH, HEIGHT],
        "rotation": quaternion(*angles).tolist(),
        "attribute_tokens": [],
        "visibility_token": "",
    }
    tables = {
        "sample_annotation": [row],
        "instance": [{"token": "i", "category_token": "c"}],
        "category": [{"token": "c", "name": "car"}],
    }

    (label,) = from_nuscenes(tables, [frame], system=system)

    inverse = np.linalg.inv(to_world)
    moved = tuple(corners @ inverse[:3, :3].T + inverse[:3, 3] for corners in expected(angles))
    assert_same(of_kognic(label.cuboid), moved)  # type: ignore[arg-type]
    written, _ = to_nuscenes([label], to_world=to_world, order=["f"])
    assert_same(of_nuscenes(written["sample_annotation"][0]), expected(angles))


@pytest.mark.parametrize("angles", POSES)
def test_argoverse(angles: tuple[float, float, float]) -> None:
    values = {
        **dict(zip(("length_m", "width_m", "height_m"), (LENGTH, WIDTH, HEIGHT), strict=True)),
        **dict(zip(("qw", "qx", "qy", "qz"), quaternion(*angles), strict=True)),
        **dict(zip(("tx_m", "ty_m", "tz_m"), CENTRE, strict=True)),
    }
    table = pa.table(
        {
            "timestamp_ns": [5],
            "track_uuid": ["t"],
            "category": ["REGULAR_VEHICLE"],
            "num_interior_pts": [3],
            **{name: [value] for name, value in values.items()},
        }
    )

    (label,) = from_argoverse(table)

    assert_same(of_kognic(label.cuboid), expected(angles))
    (row,) = to_argoverse([label], to_ego=np.eye(4), times_ns={"5": 5}).to_pylist()
    turn = matrix_of(row["qw"], row["qx"], row["qy"], row["qz"])
    centre = np.array([row["tx_m"], row["ty_m"], row["tz_m"]])
    faces = box(row["length_m"], row["width_m"], row["height_m"], forward_axis=0)
    assert_same(placed(faces, turn, centre), expected(angles))


@pytest.mark.parametrize("yaw", [0, 90, -30, 200, 179.9])
def test_kitti(yaw: float) -> None:
    """Rotation about the camera's y, which points down, from its x: minus the yaw about up from forward."""
    angles = (yaw, 0.0, 0.0)
    bottom = CAMERA[:3, :3] @ (CENTRE - [0, 0, HEIGHT / 2]) + CAMERA[:3, 3]
    rotation_y = -np.radians(yaw) - np.pi / 2
    numbers = (HEIGHT, WIDTH, LENGTH, *bottom, rotation_y)
    line = "Car 0.00 0 -10 100 100 200 180 " + " ".join(repr(float(number)) for number in numbers)
    assert_same(of_kitti(line), expected(angles))  # the formula above is that of the object

    (label,) = from_kitti(line, frame_id="f", camera="image_2", camera_from_lidar=CAMERA)

    assert_same(of_kognic(label.cuboid), expected(angles))
    text, left_out = to_kitti([label], camera="image_2", camera_from_lidar=CAMERA)
    assert left_out == {}
    for one, other in zip(of_kitti(text), expected(angles), strict=True):
        # The format has two decimals: 5 mm, and 0.005 rad at half a diagonal of 2.5 m.
        assert max(np.linalg.norm(one - corner, axis=1).min() for corner in other) < 0.03


@pytest.mark.parametrize("yaw", [0, 90, -30, 200])
def test_pandaset(yaw: float) -> None:
    """Yaw 0 is along +y; dimensions x, y, z are across, along and up."""
    about_z = np.radians(yaw - 90)
    value = to_kognic([CENTRE], [[WIDTH, LENGTH, HEIGHT]], PANDASET, yaws=[about_z])[0]

    assert_same(of_kognic(value), expected((yaw, 0.0, 0.0)))
