"""Pairs of cameras in the spellings of OpenCV's programs: the second camera sees what OpenCV says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kognic._core.camera_errors import ConversionError
from kognic.scenes.calibration.convert import convert, convert_calibration
from kognic.scenes.geometry import project
from tests.scenes.calibration.convert.sources import RADTAN

FIRST = np.array([[812.5, 0, 639.25], [0, 809.75, 361.5], [0, 0, 1]])
SECOND = np.array([[815.0, 0, 642.0], [0, 811.0, 358.0], [0, 0, 1]])
OTHER = [-0.29, 0.1, 0.0005, 0.0002, -0.01]
R = cv2.Rodrigues(np.array([0.004, -0.02, 0.001]))[0]
T = np.array([[-0.12], [0.001], [0.002]])
SPELLINGS = {
    "stereo_calib": ("M1", "D1", "M2", "D2"),
    "stereoCalibrate": ("cameraMatrix1", "distCoeffs1", "cameraMatrix2", "distCoeffs2"),
    "snake case": ("camera_matrix_1", "dist_coeffs_1", "camera_matrix_2", "dist_coeffs_2"),
    "sides": ("left_camera_matrix", "left_distortion", "right_camera_matrix", "right_distortion"),
    "short": ("K1", "D1", "K2", "D2"),
    "letters": ("mtxL", "distL", "mtxR", "distR"),
}


def written(path: Path, **values: Any) -> Path:
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for key, value in values.items():
        storage.write(key, value)
    storage.release()
    return path


def intrinsics(keys: tuple[str, ...]) -> dict[str, Any]:
    return dict(zip(keys, (FIRST, np.array([RADTAN]), SECOND, np.array([OTHER])), strict=True))


@pytest.mark.parametrize("suffix", ["yml", "xml", "json"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_both_cameras_project_as_opencv(spelling: str, suffix: str, tmp_path: Path, points: Any) -> None:
    more = {"R": R, "T": T, "R1": np.eye(3), "Q": np.eye(4)}
    path = written(tmp_path / f"stereo.{suffix}", **intrinsics(SPELLINGS[spelling]), **more)

    found = convert_calibration(path, "opencv", image_size=(1280, 720)).calibration

    left = cv2.projectPoints(points, np.zeros(3), np.zeros(3), FIRST, np.array(RADTAN))[0][:, 0]
    right = cv2.projectPoints(points, cv2.Rodrigues(R)[0], T, SECOND, np.array(OTHER))[0][:, 0]
    assert list(found) == ["left", "right"]
    millimetres = convert(path, "opencv", image_size=(1280, 720), unit="mm").notes
    assert not any("taken as metres" in note for note in millimetres)
    assert project(points, found["left"]).pixels == pytest.approx(left, abs=1e-6)
    assert project(points, found["right"]).pixels == pytest.approx(right, abs=1e-6)


def test_extrinsics_beside_the_intrinsics(tmp_path: Path) -> None:
    """OpenCV's sample writes two files; a size in the file counts."""
    path = written(
        tmp_path / "intrinsics.yml",
        **intrinsics(SPELLINGS["stereo_calib"]),
        imageSize=np.array([[1280, 720]]),
    )
    with pytest.raises(ConversionError, match=r"T is missing|R is missing"):
        convert_calibration(path, "opencv")
    written(tmp_path / "extrinsics.yml", R=R, T=T * 1000, P1=np.eye(3, 4))

    found = convert(path, "opencv", unit="mm", names={"right": "RIGHT"})

    assert found.calibration.calibration["RIGHT"].position.x == pytest.approx(float((-R.T @ T)[0, 0]))
    assert "R and T are read from extrinsics.yml" in found.notes


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"T_cam_imu": np.eye(4)}, "the key T_cam_imu is not known"),
        ({"R": np.eye(3) * 2}, "R, T: the upper left of a pose is not a rotation"),
        ({"D1": np.array([[0.1, 0.2, 0.0, 0.0]])}, "left: the file does not say whether its four"),
        ({"T": np.zeros((2, 1))}, "T holds 2 numbers, must hold 3"),
    ],
)
def test_wrong_content_is_named(values: dict[str, Any], message: str, tmp_path: Path) -> None:
    content = {**intrinsics(SPELLINGS["stereo_calib"]), "R": R, "T": T, **values}
    path = written(tmp_path / "stereo.yml", **content)

    with pytest.raises(ConversionError, match=message):
        convert_calibration(path, "opencv", image_size=(1280, 720))
