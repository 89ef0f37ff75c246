"""Kalibr's camera chains: OpenCV's pixels through the chain of poses, and models that have no equal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from kognic.io.model.calibration import FisheyeCalibration, KannalaCalibration, PinholeCalibration
from kognic.io.tools.calibration.exceptions import ConversionError
from kognic.scenes.calibration.convert import convert, convert_calibration, kalibr_sensors
from tests.scenes.calibration.convert.sources import KALIBR_EQUI as EQUI
from tests.scenes.calibration.convert.sources import KALIBR_RADTAN as RADTAN
from tests.scenes.calibration.convert.sources import (
    T_CAM0_IMU,
    T_CAM1_CAM0,
    T_CAM2_CAM1,
    chain,
    kalibr_camera,
    pixels,
)

MODELS = {"cam0": "pinhole", "cam1": "fisheye", "cam2": "omnidir"}
KINDS = {"cam0": PinholeCalibration, "cam1": KannalaCalibration, "cam2": FisheyeCalibration}


@pytest.mark.parametrize("first", [None, T_CAM0_IMU], ids=["cameras alone", "with IMU"])
def test_chain_projects_as_opencv(
    tmp_path: Path, points: Any, matrix: Any, assert_same: Any, first: Any
) -> None:
    """Every camera sees points of the reference system (IMU, else cam0) where OpenCV projects them."""
    path = tmp_path / "camchain.yaml"
    path.write_text(yaml.safe_dump(chain() if first is None else chain(T_cam_imu=first)))
    into = np.eye(4) if first is None else first
    reference = (points - into[:3, 3]) @ into[:3, :3]

    found = convert_calibration(path, "kalibr").calibration

    for name, step in (("cam0", np.eye(4)), ("cam1", T_CAM1_CAM0), ("cam2", T_CAM2_CAM1)):
        into = step @ into
        assert isinstance(found[name], KINDS[name])
        lens = EQUI if name == "cam1" else RADTAN
        assert_same(found[name], reference, pixels(MODELS[name], reference, matrix, lens, into, xi=0.9))


def test_second_camera_is_where_the_baseline_says() -> None:
    """`T_cn_cnm1` leads from cam0 into cam1: the camera on the right, at +x, has a negative translation."""
    found = kalibr_sensors(chain())

    assert found["cam0"].position.to_dict() == {"x": 0, "y": 0, "z": 0}
    assert found["cam1"].position.x == pytest.approx(0.11, abs=0.001)


def test_every_camera_with_its_imu_pose(assert_placed: Any) -> None:
    """`T_cam_imu` of a later camera is taken as it is, with or without the chain beside it."""
    content = chain(T_cam_imu=T_CAM0_IMU)
    through_chain = kalibr_sensors(content)
    content["cam1"]["T_cam_imu"] = (T_CAM1_CAM0 @ T_CAM0_IMU).tolist()

    assert_placed(kalibr_sensors(content)["cam1"], np.linalg.inv(T_CAM1_CAM0 @ T_CAM0_IMU))
    del content["cam1"]["T_cn_cnm1"]
    direct = kalibr_sensors(content)

    assert_placed(direct["cam1"], np.linalg.inv(T_CAM1_CAM0 @ T_CAM0_IMU))
    assert direct["cam2"].position.to_dict() == pytest.approx(through_chain["cam2"].position.to_dict())


def test_lens_without_distortion(points: Any, matrix: Any, assert_same: Any) -> None:
    """`none` has no coefficients."""
    content = {"cam0": kalibr_camera("pinhole", "none", [])}

    assert_same(kalibr_sensors(content)["cam0"], points, pixels("pinhole", points, matrix, [0.0] * 4))


def test_time_shift_is_noted(tmp_path: Path) -> None:
    """Images and motion are then of one clock only if the times of the images are corrected."""
    content = chain(T_cam_imu=T_CAM0_IMU)
    content["cam1"]["timeshift_cam_imu"] = 0.0042
    path = tmp_path / "camchain-imucam.yaml"
    path.write_text(yaml.safe_dump(content))

    notes = [note for note in convert(path, "kalibr").notes if "timeshift" in note]

    assert len(notes) == 1
    assert notes[0].startswith("cam1: timeshift_cam_imu is 0.0042 s")


def test_names_of_the_scene() -> None:
    """Cameras take the names of the scene; others keep Kalibr's."""
    assert list(kalibr_sensors(chain(), names={"cam1": "RIGHT"})) == ["cam0", "RIGHT", "cam2"]
    with pytest.raises(ConversionError, match=r"there is no sensor 'left'; there are cam0, cam1, cam2"):
        kalibr_sensors(chain(), names={"left": "LEFT"})
    with pytest.raises(ConversionError, match=r"two sensors are named 'cam0'"):
        kalibr_sensors(chain(), names={"cam1": "cam0"})


@pytest.mark.parametrize(
    ("model", "lens"),
    [
        ("ds", "radtan"),
        ("eucm", "equidistant"),
        ("pinhole", "fov"),
        ("omni", "equidistant"),
        ("pinhole", ["radtan"]),
        (None, "radtan"),
    ],
)
def test_models_without_an_equal_are_refused(model: Any, lens: Any) -> None:
    """Double sphere, extended unified and field-of-view models are refused plainly."""
    content = chain()
    content["cam1"].update(camera_model=model, distortion_model=lens)

    with pytest.raises(
        ConversionError, match=r"^cam1: is .*, which the platform has no model for; calibrate it as"
    ):
        kalibr_sensors(content)


def broken(name: str, **values: Any) -> dict[str, Any]:
    content = chain()
    for key, value in values.items():
        if value is None:
            del content[name][key]
        else:
            content[name][key] = value
    return content


WRONG: dict[str, tuple[Any, str]] = {
    "empty": ({}, r"there is no cam0"),
    "gap": ({"cam0": chain()["cam0"], "cam2": chain()["cam2"]}, r"there is no cam1, which the pose of cam2"),
    "no record": ({"cam0": 5}, r"cam0: is 5, must be an object with camera_model"),
    "no model": (broken("cam0", camera_model=None), r"cam0: camera_model is missing"),
    "no pose": (broken("cam1", T_cn_cnm1=None), r"cam1: T_cn_cnm1 is missing"),
    "no size": (broken("cam1", resolution=None), r"cam1: resolution is missing"),
    "size": (broken("cam1", resolution=[1280]), r"cam1: resolution holds 1 numbers, must hold 2"),
    "intrinsics": (broken("cam1", intrinsics=[1, 2, 3]), r"cam1: intrinsics holds 3 numbers, must hold 4"),
    "omni intrinsics": (broken("cam2", intrinsics=[1, 2, 3, 4]), r"cam2: intrinsics holds 4 .* must hold 5"),
    "coefficients": (
        broken("cam0", distortion_coeffs=[0.1, 0.2, 0, 0, 0.3]),
        r"cam0: distortion_coeffs holds 5 numbers, must hold 4 for radtan",
    ),
    "pose": (broken("cam1", T_cn_cnm1=[[1, 0, 0]]), r"cam1: T_cn_cnm1 holds 3 numbers, must hold 12 or 16"),
    "singular": (broken("cam1", T_cn_cnm1=[[0] * 4] * 3), r"cam1: a pose is .* which is not a rigid motion"),
    "scaled": (
        broken("cam1", T_cn_cnm1=np.diag([2, 2, 2, 1]).tolist()),
        r"cam1: the upper left of a pose is no",
    ),
    "only later IMU": (
        broken("cam1", T_cam_imu=T_CAM0_IMU.tolist()),
        r"cam1: has a T_cam_imu or T_imu_cam, but cam0 has none",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_content_is_named(case: str) -> None:
    """The message names camera, key and value."""
    content, message = WRONG[case]

    with pytest.raises(ConversionError, match=message):
        kalibr_sensors(content)


def test_poses_that_contradict_each_other() -> None:
    """Two contradicting poses are an error; neither is chosen."""
    content = chain(T_cam_imu=T_CAM0_IMU)
    content["cam1"]["T_cam_imu"] = T_CAM0_IMU.tolist()

    with pytest.raises(
        ConversionError, match=r"cam1: T_cam_imu and T_cn_cnm1 contradict .* 0\.11 m; remove the one"
    ):
        kalibr_sensors(content)


@pytest.mark.shared
def test_fisheye_sample(samples: Path) -> None:
    """The wide camera of a real recording, written as Kalibr would, comes back as it is described."""
    described = json.loads((samples / "fisheye_frame" / "calibration.json").read_text())
    source = described["sensors"]["cam_front"]
    k, d = source["camera_matrix"], source["distortion"]
    content = {
        "camera_model": "pinhole",
        "distortion_model": "equidistant",
        "distortion_coeffs": [d["k1"], d["k2"], d["k3"], d["k4"]],
        "intrinsics": [k["fx"], k["fy"], k["cx"], k["cy"]],
        "resolution": [source["image_width"], source["image_height"]],
    }

    found = kalibr_sensors({"cam0": content})["cam0"]

    assert found.distortion_coefficients.to_dict() == pytest.approx(
        {"k1": d["k1"], "k2": d["k2"], "p1": d["k3"], "p2": d["k4"]}
    )
    assert found.field_of_view == pytest.approx(source["field_of_view_deg"], abs=0.2)
    back, published = found.undistortion_coefficients, source["undistortion"]
    rho = np.linspace(0.05, 1.05, 50)
    ours = rho * (1 + back.l1 * rho**2 + back.l2 * rho**4 + back.l3 * rho**6 + back.l4 * rho**8)
    theirs = rho * np.polyval([published[f"l{i}"] for i in (4, 3, 2, 1)] + [1], rho**2)
    assert np.degrees(np.abs(ours - theirs)).max() < 0.3
