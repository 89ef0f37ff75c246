"""Files as people have them: keys of other tools, what ROS prints, wide lenses, names that YAML rewrites."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import KannalaCalibration, PinholeCalibration
from kognic.scenes.calibration.convert import convert, convert_calibration, kannala_camera

OPENVINS = """%YAML:1.0 # OpenCV's first line

cam0:
  T_imu_cam: # motion from the camera to the IMU
    - [0.0, 0.0, 1.0, 1.5]
    - [-1.0, 0.0, 0.0, 0.1]
    - [0.0, -1.0, 0.0, -0.3]
    - [0.0, 0.0, 0.0, 1.0]
  camera_model: pinhole
  distortion_model: radtan
  distortion_coeffs: [-0.21, 0.05, 0.0003, 0.00002]
  intrinsics: [520.0, 521.0, 476.5, 271.0]
  resolution: [960, 540]
  rostopic: /front/image_raw
"""
ECHO = """header:
  stamp: {{sec: {sec}, nanosec: 100}}
  frame_id: color_optical
height: 540
width: 960
distortion_model: plumb_bob
d: [-0.09, 0.02, 0.0004, -0.0003, -0.012, 0.0, 0.0, 0.0]
k: [{fx}, 0.0, 478.5, 0.0, 622.0, 271.5, 0.0, 0.0, 1.0]
binning_x: 0
---
"""


def converted(tmp_path: Path, text: str, form: str) -> dict[str, Any]:
    path = tmp_path / "camera.yaml"
    path.write_text(text)
    return dict(convert_calibration(path, form).calibration)


def test_openvins_pose_leads_from_the_camera_to_the_imu(tmp_path: Path) -> None:
    camera = converted(tmp_path, OPENVINS, "kalibr")["cam0"]

    p, q = camera.position, camera.rotation_quaternion
    assert (p.x, p.y, p.z) == pytest.approx((1.5, 0.1, -0.3))
    assert (q.w, q.x, q.y, q.z) == pytest.approx((0.5, -0.5, 0.5, -0.5))


def test_two_cameras_of_openvins(tmp_path: Path) -> None:
    """Each has its own T_imu_cam, and no T_cn_cnm1."""
    second = OPENVINS.partition("cam0:")[2].replace("1.5]", "1.2]")

    found = converted(tmp_path, f"{OPENVINS}cam1:{second}", "kalibr")

    assert (found["cam0"].position.x, found["cam1"].position.x) == pytest.approx((1.5, 1.2))


def test_unknown_keys_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="the key T_body_cam is not known"):
        converted(tmp_path, OPENVINS.replace("T_imu_cam", "T_body_cam"), "kalibr")


def test_echoed_message(tmp_path: Path) -> None:
    """It ends in `---`; coefficients that are 0 say nothing."""
    (camera,) = converted(tmp_path, ECHO.format(sec=1, fx=620.0), "ros").values()

    assert isinstance(camera, PinholeCalibration)
    d = camera.distortion_coefficients
    assert (d.k1, d.k2, d.p1, d.p2, d.k3) == (-0.09, 0.02, 0.0004, -0.0003, -0.012)


def test_several_messages_are_one_if_only_their_times_differ(tmp_path: Path) -> None:
    text = ECHO.format(sec=1, fx=620.0) + ECHO.format(sec=2, fx=620.0)

    (camera,) = converted(tmp_path, text, "ros").values()

    assert camera.camera_matrix.fx == 620
    with pytest.raises(ConversionError, match="holds 3 messages that differ"):
        converted(tmp_path, text + ECHO.format(sec=3, fx=621.0), "ros")


@pytest.mark.parametrize(
    "name",
    [
        "0010",
        "2026_03_01",
        "NO",
        "12:30:15",
        "on",
        "1.10",
        "true",
        "False",
        "+5",
        "0x1F",
        "1e3",
        "2026-3-1",
        ".5",
        "-0",
        "1.0e+3",
        "<<",
        "=",
        "7",
        "1.5",
    ],
)
def test_names_stay_as_written(tmp_path: Path, name: str) -> None:
    text = (
        f"image_width: 960\nimage_height: 540\ncamera_name: {name}\ndistortion_model: plumb_bob\n"
        "camera_matrix: {rows: 3, cols: 3, data: [620, 0, 478.5, 0, 622, 271.5, 0, 0, 1]}\n"
        "distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}\n"
    )

    assert list(converted(tmp_path, text, "ros")) == [name]


def test_inverse_of_a_wide_lens() -> None:
    """Below a tenth of a degree over the 163 degrees that such a lens sees; its corners stay black."""
    k = (-0.0092, 0.046, -0.043, 0.008)
    camera = kannala_camera([[286.1, 0, 423.5], [0, 286.0, 401.7], [0, 0, 1]], (848, 800), distortion=k)

    assert isinstance(camera, KannalaCalibration)
    inverse = camera.undistortion_coefficients
    angle = np.radians(np.linspace(0, 81.5, 500))
    d = angle * (1 + k[0] * angle**2 + k[1] * angle**4 + k[2] * angle**6 + k[3] * angle**8)
    found = d * (1 + inverse.l1 * d**2 + inverse.l2 * d**4 + inverse.l3 * d**6 + inverse.l4 * d**8)
    assert np.degrees(np.abs(found - angle)).max() < 0.1


WIDE = """height: 800
width: 848
distortion_model: equidistant
D: [-0.0092, 0.046, -0.043, 0.008, 0.0]
K: [286.1, 0, 423.5, 0, 286.0, 401.7, 0, 0, 1]
"""


def test_the_fit_of_a_wide_lens_is_reported(tmp_path: Path) -> None:
    """Up to which angle the inverse holds, how good it is there, and what it is beyond."""
    path = tmp_path / "camera.yaml"
    path.write_text(WIDE)
    (note,) = convert(path, "ros").notes

    assert note.startswith("camera: l1 to l4 are within 0.")
    limit = re.search(r"(\d+) degrees from the axis", note)
    assert limit is not None
    assert 80 < int(limit[1]) < 97
    assert "at 97 degrees, they are off by up to 1." in note

    path.write_text(WIDE.replace("286.1", "586.1").replace("286.0", "586.0"))
    (note,) = convert(path, "ros").notes
    assert "up to the sides of the image at 4" in note


LENSES = {
    "T265": ((284.9, 285.0, 421.0, 398.0), (848, 800), (-0.0075, 0.0425, -0.0402, 0.0073), 85),
    "UZH-FPV": ((276.5, 276.3, 314.2, 239.0), (640, 480), (-0.0137, 0.0206, -0.0127, 0.0025), 67),
    "TUM-VI": ((190.98, 190.97, 254.93, 256.90), (512, 512), (0.00348, 0.000715, -0.00205, 0.000203), 77),
    "no distortion": ((300, 300, 500, 500), (1000, 1000), (0, 0, 0, 0), 95),
    "220 degrees": ((260, 260, 500, 500), (1000, 1000), (0.02, -0.004, 0.0005, -0.00005), 106),
    "surround view": ((330, 330, 640, 483), (1280, 966), (-0.0357, -0.0076, 0.0023, -0.0003), 96),
    "narrow": ((2000, 2000, 960, 600), (1920, 1200), (-0.2, 0.5, -0.3, 0.1), 28),
}


@pytest.mark.parametrize("name", LENSES)
def test_inverse_of_other_lenses(name: str) -> None:
    """Below a tenth of a degree over the angles that such a lens uses, given in degrees from the axis."""
    (fx, fy, cx, cy), size, k, used = LENSES[name]

    camera = kannala_camera([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], size, distortion=k)

    assert isinstance(camera, KannalaCalibration)
    inverse = camera.undistortion_coefficients
    angle = np.radians(np.linspace(0, used, 500))
    d = angle * (1 + k[0] * angle**2 + k[1] * angle**4 + k[2] * angle**6 + k[3] * angle**8)
    found = d * (1 + inverse.l1 * d**2 + inverse.l2 * d**4 + inverse.l3 * d**6 + inverse.l4 * d**8)
    assert np.degrees(np.abs(found - angle)).max() < 0.1


ONE = ECHO.format(sec=1, fx=620.0)
# What `ros2 topic echo` prints if it cannot keep up.
LOST = "A message was lost!!!\n\ttotal count change:1\n\ttotal count: 1---\n"


@pytest.mark.parametrize(
    "text",
    [
        f"---\n{ONE}",
        ONE.replace("\n", "\r\n"),
        f"\ufeff{ONE}",
        ONE.replace("---", "..."),
        ONE.replace("distortion_model: plumb_bob", "distortion_model: ''"),
        "camera_info:\n" + "".join(f"  {line}\n" for line in ONE.removesuffix("---\n").splitlines()),
        ONE.replace("---", "roi: {x_offset: 0, y_offset: 0, height: 540, width: 960, do_rectify: false}"),
        ONE.replace("960", "'960'"),
        f"WARNING: topic [/front/camera_info] does not appear to be published yet\n{ONE}",
        f"{LOST}{ONE}{LOST}{LOST}{ONE}",
    ],
    ids=[
        "--- first",
        "CR LF",
        "byte order mark",
        "...",
        "no model",
        "by topic",
        "roi of all",
        "text",
        "late topic",
        "lost messages",
    ],
)
def test_neighbours_of_an_echoed_message(tmp_path: Path, text: str) -> None:
    """The same message as other tools and options print it."""
    path = tmp_path / "camera.yaml"
    path.write_bytes(text.encode())
    (camera,) = convert_calibration(path, "ros").calibration.values()

    assert isinstance(camera, PinholeCalibration)
    assert (camera.camera_matrix.fx, camera.image_width) == (620, 960)
    assert camera.distortion_coefficients.k3 == -0.012


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ONE.replace("---", "roi: {height: 270, width: 480}"), "roi is 480 x 270 of 960 x 540 pixels"),
        (ONE.replace("---", "roi: {x_offset: 8}"), r"roi\.x_offset is 8"),
        (ONE.replace("binning_x: 0", "binning_x: 2"), "binning_x is 2"),
        (ONE.replace("620.0, 0.0", "6_20.0, 0.0"), r"camera_matrix\[0\] is '6_20.0', must be a number"),
        (ONE.replace("960", "0960"), "the image width is '0960', must be a number"),
        (
            ONE.replace("620.0, 0.0", "0.0, 0.0").replace("622.0", "0.0").replace("1.0]", "0]"),
            "must be .*fx, 0",
        ),
        (ONE.replace("plumb_bob", "thin_prism_fisheye"), "known are brown_conrady"),
        ("", "holds no camera"),
        ("---\n---\n", "holds no camera"),
    ],
)
def test_messages_that_cannot_be_converted(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        converted(tmp_path, text, "ros")


@pytest.mark.parametrize("key", ["T_BS", "T_cam_lidar", "body_T_cam0", "Tic", "xi", "line_delay", "skew"])
def test_keys_of_poses_and_lenses_beside_those_that_are_known(tmp_path: Path, key: str) -> None:
    text = f"{OPENVINS}  {key}: [1.0]\n"
    with pytest.raises(ConversionError, match=f"the key {key} is not known"):
        converted(tmp_path, text, "kalibr")


def test_an_imu_that_is_not_the_reference_system(tmp_path: Path) -> None:
    """Kalibr's `imu0.T_i_b` says where the IMU is; only the identity says nothing."""

    def rows(x: float) -> str:
        return f"imu0: {{T_i_b: [[1, 0, 0, {x}], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]}}\n"

    assert converted(tmp_path, OPENVINS + rows(0), "kalibr")["cam0"].position.x == 1.5
    with pytest.raises(ConversionError, match=r"imu0\.T_i_b is not the identity"):
        converted(tmp_path, OPENVINS + rows(0.5), "kalibr")


def test_files_without_a_converter_are_named(tmp_path: Path) -> None:
    euroc = "sensor_type: camera\nT_BS: {cols: 4, rows: 4, data: [1]}\nresolution: [752, 480]\n"
    for form in ("ros", "kalibr"):
        with pytest.raises(ConversionError, match=r"looks like a sensor\.yaml of EuRoC"):
            converted(tmp_path, euroc, form)
