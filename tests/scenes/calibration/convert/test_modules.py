"""Custom cameras with generated modules, against OpenCV and against the formulas of the papers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import CustomCameraCalibration
from kognic.scenes.calibration.convert import convert_calibration
from kognic.scenes.checks import check_calibration
from kognic.scenes.geometry import project

MATRIX = np.array([[620.0, 0, 478.5], [0, 622.0, 271.5], [0, 0, 1]])
SIZE = (960, 540)
# A lens as rational calibrations give it; then a thin prism; then a sensor tilted by a degree.
RATIONAL = [0.35, -0.12, 0.0006, -0.0004, -0.01, 0.68, -0.2, 0.008]
PRISM = [0.0011, -0.0002, 0.0007, 0.0001]
TILT = [0.014, -0.011]


def in_view() -> np.ndarray:
    """Points in front of the camera, up to forty degrees from the axis."""
    rng = np.random.default_rng(1)
    directions = np.column_stack(
        [rng.uniform(-0.75, 0.75, 2000), rng.uniform(-0.42, 0.42, 2000), np.ones(2000)]
    )
    return directions * rng.uniform(1, 60, (2000, 1))


def ros(tmp_path: Path, model: str, coefficients: list[float]) -> Any:
    content = {
        "image_width": SIZE[0],
        "image_height": SIZE[1],
        "camera_name": "front",
        "distortion_model": model,
        "camera_matrix": {"rows": 3, "cols": 3, "data": MATRIX.ravel().tolist()},
        "distortion_coefficients": {"rows": 1, "cols": len(coefficients), "data": coefficients},
    }
    path = tmp_path / "camera.yaml"
    path.write_text(yaml.safe_dump(content))
    return convert_calibration(path, "ros")


@pytest.mark.parametrize(
    "coefficients",
    [RATIONAL, [*RATIONAL, *PRISM], [*RATIONAL, *PRISM, *TILT]],
    ids=["8 coefficients", "12 coefficients", "14 coefficients"],
)
def test_rational_polynomial_projects_as_opencv(tmp_path: Path, coefficients: list[float]) -> None:
    converted = ros(tmp_path, "rational_polynomial", coefficients)
    camera = converted.calibration["front"]
    points = in_view()

    found = project(points, camera, frame="camera").pixels

    expected = cv2.projectPoints(points, np.zeros(3), np.zeros(3), MATRIX, np.array(coefficients))[0][:, 0]
    assert isinstance(camera, CustomCameraCalibration)
    assert found == pytest.approx(expected, abs=1e-6)
    assert check_calibration(converted).errors == ()
    assert len(camera.test_cases) >= 10


def test_rational_polynomial_does_not_fold(tmp_path: Path) -> None:
    """Where the radius would shrink again, and behind the camera, there is no pixel."""
    camera = ros(tmp_path, "rational_polynomial", [-0.3, 0.0, 0, 0, 0, 0.001, 0, 0]).calibration["front"]

    found = project([[0.5, 0, 1], [3, 0, 1], [0, 0, -1]], camera, frame="camera")

    assert found.visible.tolist() == [True, False, False]


def test_other_numbers_of_coefficients_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="holds 7 numbers; OpenCV has 4, 5, 8, 12 or 14"):
        ros(tmp_path, "rational_polynomial", [0.1, 0, 0, 0, 0, 0.1, 0])


def kalibr(tmp_path: Path, model: str, intrinsics: list[float], **more: Any) -> Any:
    camera = {
        "camera_model": model,
        "intrinsics": intrinsics,
        "distortion_model": "none",
        "distortion_coeffs": [],
        "resolution": [752, 480],
        **more,
    }
    path = tmp_path / "camchain.yaml"
    path.write_text(yaml.safe_dump({"cam0": camera}))
    return convert_calibration(path, "kalibr").calibration["cam0"]


def test_double_sphere(tmp_path: Path) -> None:
    """Formula (40) to (45) of Usenko et al., with a point behind the image plane that is still seen."""
    xi, alpha, fx, fy, cx, cy = -0.27, 0.57, 160.0, 161.0, 376.5, 240.2
    camera = kalibr(tmp_path, "ds", [xi, alpha, fx, fy, cx, cy])
    points = np.vstack([in_view(), [[3, 0, -0.3], [0, 0, -1]]])

    found = project(points, camera, frame="camera").pixels

    x, y, z = points.T
    d1 = np.sqrt(x**2 + y**2 + z**2)
    d2 = np.sqrt(x**2 + y**2 + (xi * d1 + z) ** 2)
    bottom = alpha * d2 + (1 - alpha) * (xi * d1 + z)
    expected = np.column_stack([fx * x / bottom + cx, fy * y / bottom + cy])
    assert found[:-1] == pytest.approx(expected[:-1], abs=1e-6)
    assert np.isnan(found[-1]).all()


def test_eucm(tmp_path: Path) -> None:
    """Formula of Khomutenko et al."""
    alpha, beta, fx, fy, cx, cy = 0.62, 1.1, 240.0, 241.0, 376.5, 240.2
    camera = kalibr(tmp_path, "eucm", [alpha, beta, fx, fy, cx, cy])
    points = in_view()

    found = project(points, camera, frame="camera").pixels

    x, y, z = points.T
    bottom = alpha * np.sqrt(beta * (x**2 + y**2) + z**2) + (1 - alpha) * z
    assert found == pytest.approx(np.column_stack([fx * x / bottom + cx, fy * y / bottom + cy]), abs=1e-6)


@pytest.mark.parametrize(
    ("model", "intrinsics", "message"),
    [
        ("ds", [-0.2, 1.4, 160, 160, 376, 240], "alpha is 1.4, must be 0 to 1"),
        ("eucm", [0.6, -1, 160, 160, 376, 240], "beta is -1, must be above 0"),
        ("ds", [-0.2, 0.5, 160], "intrinsics holds 3 numbers, must hold 6"),
    ],
)
def test_impossible_parameters_are_refused(
    tmp_path: Path, model: str, intrinsics: list[float], message: str
) -> None:
    with pytest.raises(ConversionError, match=message):
        kalibr(tmp_path, model, intrinsics)
