"""Files as people have them: keys of other tools, what ROS prints, wide lenses, names that YAML rewrites."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import KannalaCalibration, PinholeCalibration
from kognic.scenes.calibration.convert import convert_calibration, kannala_camera

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


@pytest.mark.parametrize("name", ["0010", "2026_03_01", "NO", "12:30:15", "on"])
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
