"""The sample drive against independent readers and independent geometry (laspy, OpenCV, numpy)."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import cv2
import laspy
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from kognic.cli.root import cli
from kognic.sandbox.sample.camera import palette
from kognic.sandbox.sample.drive import MOUNTINGS, SampleDrive, calibration, write_sample_drive
from kognic.sandbox.sample.world import GROUND, Street, build_street

SCENE_TYPES = (
    "cameras",
    "cameras_sequence",
    "lidars",
    "lidars_sequence",
    "lidars_and_cameras",
    "lidars_and_cameras_sequence",
    "aggregated_lidars_and_cameras_sequence",
)


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SampleDrive:
    return write_sample_drive(tmp_path_factory.mktemp("drive"), seed=3, cloud_format="csv")


def rotation_matrix(q: dict[str, float]) -> np.ndarray:
    w, x, y, z = (q[key] for key in "wxyz")
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def vector(p: dict[str, float]) -> np.ndarray:
    return np.array([p["x"], p["y"], p["z"]])


def read_cloud(path: Path) -> tuple[np.ndarray, np.ndarray]:
    lines = path.read_text().splitlines()
    assert lines[0] == "ts_gps,x,y,z,intensity"
    rows = [line.split(",") for line in lines[1:]]
    points = np.array([[float(part) for part in row[1:4]] for row in rows])
    return points, np.array([int(row[0]) for row in rows])


def compensated(
    points: np.ndarray, times: np.ndarray, frame_ns: int, imu: list[dict[str, Any]]
) -> np.ndarray:
    """Move points to the frame's time: linear in position, and in the (only) angle of a level vehicle."""
    stamps = np.array([sample["timestamp"] for sample in imu], dtype=np.int64) - frame_ns
    assert stamps[0] < (times - frame_ns).min()
    assert stamps[-1] > (times - frame_ns).max()
    at = (times - frame_ns).astype(float)
    places = np.array([vector(sample["position"]) for sample in imu])
    quaternions = [sample["rotationQuaternion"] for sample in imu]
    yaws = np.array([2 * math.atan2(q["z"], q["w"]) for q in quaternions])
    yaw = np.interp(at, stamps, yaws)
    cos, sin = np.cos(yaw), np.sin(yaw)
    world = np.stack(
        [
            cos * points[:, 0] - sin * points[:, 1] + np.interp(at, stamps, places[:, 0]),
            sin * points[:, 0] + cos * points[:, 1] + np.interp(at, stamps, places[:, 1]),
            points[:, 2] + np.interp(at, stamps, places[:, 2]),
        ],
        axis=1,
    )
    origin = np.array([np.interp(0, stamps, places[:, axis]) for axis in range(3)])
    back = np.interp(0, stamps, yaws)
    turn = np.array([[math.cos(back), math.sin(back), 0], [-math.sin(back), math.cos(back), 0], [0, 0, 1]])
    return (world - origin) @ turn.T


def projected(points: np.ndarray, sensor: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels by OpenCV from the written calibration, and which points are in front of the camera."""
    rotation, position = rotation_matrix(sensor["rotation_quaternion"]), vector(sensor["position"])
    camera = (points - position) @ rotation
    matrix, lens = sensor["camera_matrix"], sensor["distortion_coefficients"]
    k = np.array([[matrix["fx"], 0, matrix["cx"]], [0, matrix["fy"], matrix["cy"]], [0, 0, 1]])
    coefficients = np.array([lens[key] for key in ("k1", "k2", "p1", "p2", "k3")])
    pixels, _ = cv2.projectPoints(camera, np.zeros(3), np.zeros(3), k, coefficients)
    wide = np.hypot(camera[:, 0], camera[:, 1]) < 1.2 * camera[:, 2]
    return pixels[:, 0, :], wide


def seen_from_camera(
    street: Street, drive: SampleDrive, frame: int, name: str, point: np.ndarray
) -> str | None:
    """What the camera's own ray to a point hits first: hidden points are not expected in the image."""
    mount = next(m for m in MOUNTINGS if m.name == name).camera().mount
    vehicle = drive.recording.vehicle(frame)
    way = point - np.array(mount.origin)
    direction = tuple(float(part) for part in way / np.linalg.norm(way))
    eye = vehicle.to_outer(mount.origin)
    pose = type(vehicle)(axes=vehicle.axes, origin=eye)
    found = next(iter(street.cast(pose, [direction])))
    return found[1] if found else None


@pytest.mark.slow
@pytest.mark.parametrize("frame", [0, 2])
@pytest.mark.parametrize("name", ["FRONT", "LEFT"])
def test_points_fall_on_the_pixels_of_what_they_hit(drive: SampleDrive, frame: int, name: str) -> None:
    """Read back from the files, compensated with the IMU data and projected with the calibration."""
    scene = json.loads(drive.scene_file.read_text())
    described = scene["frames"][frame]
    points, times = read_cloud(drive.folder / described["point_clouds"][0]["filename"])
    imu = json.loads((drive.folder / scene["imu_data"]).read_text())
    still = compensated(points, times, described["unix_timestamp"], imu)
    sensors = json.loads((drive.folder / scene["calibration"]).read_text())["calibration"]
    pixels, ahead = projected(still, sensors[name])
    filename = next(i["filename"] for i in described["images"] if i["sensor_name"] == name)
    image = np.asarray(Image.open(drive.folder / filename).convert("RGB")).astype(int)
    height, width, _ = image.shape
    columns, rows = np.rint(np.nan_to_num(pixels, nan=-1, posinf=-1, neginf=-1)).clip(-9, 9999).astype(int).T
    inside = ahead & (columns >= 1) & (columns < width - 1) & (rows >= 1) & (rows < height - 1)

    truth = [point.target for point in drive.recording.points(frame)]
    assert len(truth) == len(points)
    street = drive.recording.street
    names = palette(street)
    colours = np.array(list(names))
    owners = list(names.values())
    hits: dict[str, list[bool]] = {}
    exact = 0
    for index in np.flatnonzero(inside):
        target = truth[index]
        if seen_from_camera(street, drive, frame, name, still[index]) != target:
            continue
        patch = image[rows[index] - 1 : rows[index] + 2, columns[index] - 1 : columns[index] + 2].reshape(
            -1, 3
        )
        nearest = np.abs(patch[:, None, :] - colours[None, :, :]).sum(axis=2).argmin(axis=1)
        found = [owners[n] for n in nearest]
        hits.setdefault(target, []).append(target in found)
        exact += found[4] == target
    total = sum(len(list_) for list_ in hits.values())
    assert total > 1000
    assert len(hits) >= 8
    assert GROUND in hits
    assert exact / total > 0.97
    assert sum(sum(list_) for list_ in hits.values()) / total > 0.998
    for target, list_ in hits.items():
        assert len(list_) < 20 or sum(list_) / len(list_) > 0.95, target


@pytest.mark.slow
def test_wrong_calibration_does_not_fit(drive: SampleDrive) -> None:
    """The test above can fail: a camera turned by two degrees misses many colours."""
    scene = json.loads(drive.scene_file.read_text())
    points, times = read_cloud(drive.folder / scene["frames"][0]["point_clouds"][0]["filename"])
    imu = json.loads(drive.imu_file.read_text())
    still = compensated(points, times, scene["frames"][0]["unix_timestamp"], imu)
    sensor = dict(calibration()["calibration"]["FRONT"])
    image = np.asarray(Image.open(drive.folder / "images/front/000.png")).astype(int)
    names = palette(drive.recording.street)
    colours, owners = np.array(list(names)), list(names.values())
    truth = [point.target for point in drive.recording.points(0)]

    def share(degrees: float) -> float:
        turn = math.radians(degrees) / 2
        w, x, y, z = (sensor["rotation_quaternion"][key] for key in "wxyz")
        turned = dict(
            zip(
                "wxyz",
                (
                    math.cos(turn) * w - math.sin(turn) * z,
                    math.cos(turn) * x - math.sin(turn) * y,
                    math.cos(turn) * y + math.sin(turn) * x,
                    math.cos(turn) * z + math.sin(turn) * w,
                ),
                strict=True,
            )
        )
        pixels, ahead = projected(still, {**sensor, "rotation_quaternion": turned})
        columns, rows = (
            np.rint(np.nan_to_num(pixels, nan=-1, posinf=-1, neginf=-1)).clip(-9, 9999).astype(int).T
        )
        inside = ahead & (columns >= 0) & (columns < 960) & (rows >= 0) & (rows < 540)
        things = [i for i in np.flatnonzero(inside) if truth[i] != GROUND]
        nearest = (
            np.abs(image[rows[things], columns[things]][:, None] - colours[None]).sum(axis=2).argmin(axis=1)
        )
        return float(np.mean([owners[n] == truth[i] for n, i in zip(nearest, things, strict=True)]))

    right, wrong = share(0.0), share(2.0)
    assert right > 0.88
    assert wrong < right - 0.1


def test_every_shade_has_one_owner() -> None:
    """No colour of one thing is taken for another's."""
    import random

    for seed in range(5):
        street = build_street(random.Random(seed))
        owners = palette(street)
        colours = list(owners)
        close = [
            (owners[a], owners[b])
            for i, a in enumerate(colours)
            for b in colours[:i]
            if owners[a] != owners[b] and max(abs(x - y) for x, y in zip(a, b, strict=True)) < 4
        ]
        assert close == []


@pytest.mark.slow
def test_same_seed_same_bytes(tmp_path: Path) -> None:
    """Two runs write equal files, another seed writes others."""

    def digests(folder: str, seed: int) -> dict[str, str]:
        written = write_sample_drive(tmp_path / folder, seed=seed, frames=1)
        files = sorted(path for path in written.folder.rglob("*") if path.is_file())
        return {
            str(path.relative_to(written.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
        }

    first, again, other = digests("a", 1), digests("b", 1), digests("c", 2)
    assert first == again
    assert first["lidar/000.pcd"] != other["lidar/000.pcd"]
    assert first["images/front/000.png"] != other["images/front/000.png"]


@pytest.mark.slow
def test_three_formats_hold_the_same_points(tmp_path: Path) -> None:
    """LAS by laspy and PCD by its layout agree with the CSV file."""
    csv = write_sample_drive(tmp_path / "csv", frames=1, cloud_format="csv")
    points, times = read_cloud(csv.folder / "lidar/000.csv")

    las = laspy.read(
        write_sample_drive(tmp_path / "las", frames=1, cloud_format="las").folder / "lidar/000.las"
    )
    assert (str(las.header.version), las.header.point_format.id) == ("1.2", 3)
    assert np.allclose(las.xyz, points, atol=0.0011)
    assert np.abs(np.asarray(las.gps_time) - times).max() <= 256
    assert np.allclose(las.header.maxs, points.max(axis=0), atol=0.0011)

    pcd = write_sample_drive(tmp_path / "pcd", frames=1, cloud_format="pcd").folder / "lidar/000.pcd"
    header, _, body = pcd.read_bytes().partition(b"DATA binary\n")
    assert b"FIELDS x y z intensity timestamp\nSIZE 4 4 4 4 8\nTYPE F F F U U\n" in header
    fields = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("i", "<u4"), ("t", "<u8")]
    records = np.frombuffer(body, dtype=fields)
    assert np.allclose(np.stack([records[axis] for axis in "xyz"], axis=1), points, atol=0.0011)
    assert (records["t"] == times).all()
    assert records["i"].max() <= 255


@pytest.mark.slow
def test_pre_annotation_holds_the_points_of_each_car(drive: SampleDrive) -> None:
    """Cuboids are where the lidar sees the cars, in the documented form: heading 0 along +y."""
    from kognic.openlabel.models import OpenLabelAnnotation

    document = json.loads(drive.pre_annotation_file.read_text())
    OpenLabelAnnotation.model_validate(document)
    scene = json.loads(drive.scene_file.read_text())
    imu = json.loads(drive.imu_file.read_text())
    points, times = read_cloud(drive.folder / "lidar/001.csv")
    still = compensated(points, times, scene["frames"][1]["unix_timestamp"], imu)
    targets = np.array([point.target for point in drive.recording.points(1)])
    checked = 0
    for uid, thing in document["openlabel"]["objects"].items():
        own = still[(targets == thing["name"]) | (targets == f"{thing['name']}-cabin")]
        x, y, z, qx, qy, qz, qw, sx, sy, sz = document["openlabel"]["frames"]["1"]["objects"][uid][
            "object_data"
        ]["cuboid"][0]["val"]
        turn = rotation_matrix({"w": qw, "x": qx, "y": qy, "z": qz})
        local = (own - np.array([x, y, z])) @ turn
        if len(own) > 30:
            assert (np.abs(local) <= np.array([sx, sy, sz]) / 2 + 0.06).all(axis=1).mean() > 0.99, thing[
                "name"
            ]
            checked += 1
        assert sy > sx or thing["type"] == "Pedestrian"
    assert checked >= 3


@pytest.mark.parametrize("scene_type", SCENE_TYPES)
def test_each_scene_type_holds_what_it_may(tmp_path: Path, scene_type: Any) -> None:
    """Descriptions name exactly the files that are there."""
    drive = write_sample_drive(tmp_path, frames=2, scene_type=scene_type)
    scene = json.loads(drive.scene_file.read_text())
    frames = scene.get("frames") or [scene["frame"]]
    assert len(frames) == (2 if "sequence" in scene_type else 1)
    assert all(("point_clouds" in frame) == ("lidars" in scene_type) for frame in frames)
    assert all(("images" in frame) == ("cameras" in scene_type) for frame in frames)
    assert ("calibration" in scene) == ("cameras" in scene_type)
    assert ("imu_data" in scene) == (scene_type != "cameras")
    on_disk = {path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".json"}
    assert set(drive.files) == on_disk


def test_frames_below_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frames is 0, must be at least 1"):
        write_sample_drive(tmp_path, frames=0)


def test_sandbox_command_writes_a_drive(tmp_path: Path) -> None:
    """`kognic sandbox drive` prints where the scene file is."""
    arguments = [
        "sandbox",
        "drive",
        str(tmp_path / "d"),
        "--frames",
        "2",
        "--cloud-format",
        "las",
        "--type",
        "lidars_sequence",
    ]
    result = CliRunner().invoke(cli, arguments)
    assert result.output == f"{tmp_path}/d/scene.json\n"
    scene = json.loads((tmp_path / "d" / "scene.json").read_text())
    assert [cloud["filename"] for frame in scene["frames"] for cloud in frame["point_clouds"]] == [
        "lidar/000.las",
        "lidar/001.las",
    ]
