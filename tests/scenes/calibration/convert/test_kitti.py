"""KITTI's files: the pixels of the benchmark's own formula, camera by camera."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic.io.model.calibration import LidarCalibration
from kognic.io.tools.calibration.exceptions import ConversionError
from kognic.scenes.calibration.convert import convert_calibration, kitti_raw_sensors, kitti_sensors
from kognic.scenes.geometry.poses import Rigid
from tests.scenes.calibration.convert.sources import R0, TR, P, motion, object_file, row

SIZE = (1242, 375)


@pytest.fixture
def cloud() -> Any:
    """Points in front of the car, in the Velodyne's system."""
    rng = np.random.default_rng(3)
    forward = rng.uniform(4, 60, 300)
    return np.column_stack([forward, rng.uniform(-0.5, 0.5, 300) * forward, rng.uniform(-2, 2, 300)])


def by_the_readme(cloud: Any, *matrices: Any) -> Any:
    """`x = P2 * R0_rect * Tr_velo_to_cam * y`, homogeneous."""
    found = np.column_stack([cloud, np.ones(len(cloud))]).T
    for matrix in reversed(matrices):
        found = matrix @ found
    return (found[:2] / found[2]).T


@pytest.mark.parametrize(
    "text",
    [object_file(), object_file("R_rect", "Tr_velo_cam")],
    ids=["object", "tracking"],
)
def test_cameras_see_what_the_formula_says(text: str, cloud: Any, assert_same: Any) -> None:
    """All four cameras, each with its stereo offset, and the Velodyne as the reference."""
    names = {number: f"image_{number}" for number in P}

    found = kitti_sensors(text, SIZE, cameras=names)

    assert list(found) == ["velodyne", "image_0", "image_1", "image_2", "image_3"]
    assert isinstance(found["velodyne"], LidarCalibration)
    for number, name in names.items():
        assert_same(found[name], cloud, by_the_readme(cloud, P[number], R0, TR))


def test_cameras_stand_apart_by_the_baseline() -> None:
    """Camera 3 is half a metre to the right of camera 2; of a shared pose nothing would be seen."""
    found = kitti_sensors(object_file(), SIZE, cameras={2: "left", 3: "right"})

    apart = Rigid.of_sensor(found["left"]).position - Rigid.of_sensor(found["right"]).position
    assert np.linalg.norm(apart) == pytest.approx(0.5327, abs=1e-3)
    assert apart[1] > 0.5  # y of the Velodyne is to the left


def test_odometry_file(cloud: Any, assert_same: Any) -> None:
    """`Tr` leads into the rectified camera at once: `x = Pi * Tr * X`."""
    text = "\n".join([*(f"P{number}: {row(matrix)}" for number, matrix in P.items()), f"Tr: {row(TR[:3])}"])

    assert_same(kitti_sensors(text, SIZE)["image_2"], cloud, by_the_readme(cloud, P[2], TR))


def raw_files(folder: Path) -> Path:
    """The two files of a day of raw recordings, with the lines that are not used."""
    lines = ["calib_time: 09-Jan-2012 13:57:47", "corner_dist: 9.950000e-02"]
    for number, matrix in P.items():
        lines += [
            f"S_{number:02}: 1.392e+03 5.12e+02",
            f"K_{number:02}: {row(np.eye(3))}",
            f"S_rect_{number:02}: 1.242000e+03 3.750000e+02",
            f"R_rect_{number:02}: {row(R0[:3, :3] if number == 0 else np.eye(3))}",
            f"P_rect_{number:02}: {row(matrix)}",
        ]
    (folder / "calib_cam_to_cam.txt").write_text("\n".join(lines))
    text = f"calib_time: 15-Mar-2012\nR: {row(TR[:3, :3])}\nT: {row(TR[:3, 3])}\ndelta_f: 0 0\n"
    (folder / "calib_velo_to_cam.txt").write_text(text)
    return folder


def test_raw_recordings(tmp_path: Path, cloud: Any, assert_same: Any) -> None:
    """A folder of raw recordings needs no image size; `R_rect_00` rectifies for all cameras."""
    folder = raw_files(tmp_path)
    expected = by_the_readme(cloud, P[3], R0, TR)

    for source in (folder, folder / "calib_cam_to_cam.txt"):
        found = convert_calibration(source, "kitti", names={"P3": "right", "velodyne": "top"})
        assert list(found.calibration) == ["top", "right"]
        assert (found.calibration["right"].image_width, found.calibration["right"].image_height) == SIZE
        assert_same(found.calibration["right"], cloud, expected)
    texts = [(folder / f"calib_{name}.txt").read_text() for name in ("cam_to_cam", "velo_to_cam")]
    assert list(kitti_raw_sensors(*texts)) == ["velodyne", "image_02"]


def test_file_with_names(tmp_path: Path) -> None:
    """Names pick the cameras; without any it is the left colour camera."""
    path = tmp_path / "000002.txt"
    path.write_text(object_file())

    assert list(convert_calibration(path, "kitti", image_size=SIZE).calibration) == ["velodyne", "image_2"]
    named = convert_calibration(path, "kitti", image_size=SIZE, names={"P2": "L", "P3": "R", "velodyne": "V"})
    assert list(named.calibration) == ["V", "L", "R"]
    assert named.external_id == "000002"


WRONG = {
    "empty": ("", r"there is no Tr_velo_to_cam|there is no R0_rect; the file has no matrices"),
    "no camera": (object_file().replace("P2: ", "P1: "), r"P2: there is no P2; the file has P0, P1, P3"),
    "few numbers": (
        object_file().replace("R0_rect: ", "R0_rect: 1 2 "),
        r"R0_rect holds 11 numbers, must hold 9",
    ),
    "not a rotation": (object_file() + f"\nR0_rect: {row(np.eye(3) * 2)}", r"not a rotation"),
    "singular": (object_file() + f"\nR0_rect: {row(np.zeros(9))}", r"which is not a rigid motion"),
    "no projection": (object_file() + f"\nP2: {row(np.zeros(12))}", r"must be a projection matrix K \[I t\]"),
    "infinite": (object_file() + "\nR0_rect: inf 0 0 0 1 0 0 0 1", r"R0_rect\[0\] is inf, must be a finite"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_content_is_named_with_its_file(tmp_path: Path, case: str) -> None:
    """The message has file, matrix and value."""
    text, message = WRONG[case]
    path = tmp_path / "calib.txt"
    path.write_text(text)

    with pytest.raises(ConversionError, match=rf"calib\.txt: .*({message})"):
        convert_calibration(path, "kitti", image_size=SIZE)


def test_wrong_options_are_named(tmp_path: Path) -> None:
    """Sizes that the file does not tell, names that are no cameras, two sensors of one name."""
    path = tmp_path / "calib.txt"
    path.write_text(object_file())
    for options, message in (
        ({}, r"does not hold the size of the images, and no image is beside it; give"),
        (
            {"image_size": SIZE, "names": {"image_2": "LEFT"}},
            r"no sensor 'image_2'; there are velodyne and P0",
        ),
        ({"image_size": SIZE, "names": {"P2": "a", "P3": "a"}}, r"two sensors are named 'a'"),
        ({"image_size": SIZE, "names": {"P7": "a"}}, r"there is no P7; the file has P0"),
    ):
        with pytest.raises(ConversionError, match=message):
            convert_calibration(path, "kitti", **options)


@pytest.mark.shared
def test_real_frame(samples: Path, assert_placed: Any) -> None:
    """A real frame's pose and optics, taken apart into KITTI's matrices, come together again."""
    described = json.loads((samples / "kitti_frame" / "calibration.json").read_text())
    source = described["sensors"]["cam_left_color"]
    position, q = (list(source[key].values()) for key in ("position", "rotation"))
    axis = np.array(q[1:]) / np.linalg.norm(q[1:])
    pose = motion(2 * np.arctan2(np.linalg.norm(q[1:]), q[0]) * axis, position)
    m = source["camera_matrix"]
    k = np.array([[m["fx"], 0, m["cx"]], [0, m["fy"], m["cy"]], [0, 0, 1]])
    # As in the benchmark: a rectifying rotation, and camera 2 beside camera 0.
    offset = np.array([0.06, -0.0003, 0.003])
    to_camera_0 = np.linalg.inv(R0) @ motion([0, 0, 0], -offset) @ np.linalg.inv(pose)
    text = f"P2: {row(np.column_stack([k, k @ offset]))}\nR0_rect: {row(R0[:3, :3])}\n"
    text += f"Tr_velo_to_cam: {row(to_camera_0[:3])}"

    found = kitti_sensors(text, (source["image_width"], source["image_height"]), cameras={2: "cam"})["cam"]

    assert_placed(found, pose)
    assert found.camera_matrix.to_dict() == pytest.approx(m)
    assert found.field_of_view == pytest.approx(source["field_of_view_deg"], abs=0.2)
