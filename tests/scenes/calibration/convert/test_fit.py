"""Plain models fitted to cameras that need a module: the residual is what OpenCV and the formulas say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import FisheyeCalibration, KannalaCalibration, PinholeCalibration
from kognic.scenes.calibration.convert import convert, fit_camera, kannala_camera, pinhole_camera
from kognic.scenes.geometry import project
from tests.scenes.calibration.convert.test_modules import MATRIX, RATIONAL, SIZE


def rational(tmp_path: Path) -> Path:
    content = {
        "image_width": SIZE[0],
        "image_height": SIZE[1],
        "camera_name": "front",
        "distortion_model": "rational_polynomial",
        "camera_matrix": {"data": MATRIX.ravel().tolist()},
        "distortion_coefficients": {"data": RATIONAL},
    }
    path = tmp_path / "front.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    ("model", "kind", "bound"),
    [
        ("pinhole", PinholeCalibration, 0.12),
        ("kannala", KannalaCalibration, 0.5),
        ("fisheye", FisheyeCalibration, 0.1),
    ],
)
def test_fit_of_a_rational_lens(tmp_path: Path, model: str, kind: type, bound: float) -> None:
    """The stated residual holds for pixels that OpenCV makes of the eight coefficients."""
    converted = convert(rational(tmp_path), "ros", fit=model)
    (camera,) = converted.calibration.calibration.values()

    _, residual = fit_camera(convert(rational(tmp_path), "ros").calibration.calibration["front"], model)  # type: ignore[arg-type]

    x, y = np.meshgrid(np.linspace(-0.74, 0.74, 60), np.linspace(-0.42, 0.42, 40))
    points = np.column_stack([x.ravel(), y.ravel(), np.ones(x.size)]) * 8
    expected = cv2.projectPoints(points, np.zeros(3), np.zeros(3), MATRIX, np.array(RATIONAL))[0][:, 0]
    inside = ((expected >= 0) & (expected < SIZE)).all(axis=1)
    off = np.linalg.norm(project(points, camera, frame="camera").pixels - expected, axis=1)[inside]
    assert isinstance(camera, kind)
    assert np.sqrt(np.mean(off**2)) < bound
    assert residual.rms_px < bound
    assert off.max() < 1.5 * residual.max_px + 0.01
    assert residual.share > 0.99
    assert converted.notes[0] == f"front: fitted as {model}: {residual}"
    # Only a Kannala camera has an inverse polynomial (l1 to l4); its note gives the error of the fit.
    assert ["l1 to l4 are within" in note for note in converted.notes[1:]] == [True] * (model == "kannala")


def test_fit_of_a_double_sphere(tmp_path: Path) -> None:
    """A wide lens becomes Kannala-Brandt to half a pixel; a pinhole cannot follow it."""
    camera = {
        "camera_model": "ds",
        "intrinsics": [-0.27, 0.57, 160.0, 161.0, 376.5, 240.2],
        "distortion_model": "none",
        "distortion_coeffs": [],
        "resolution": [752, 480],
    }
    path = tmp_path / "camchain.yaml"
    path.write_text(yaml.safe_dump({"cam0": camera}))
    source: Any = convert(path, "kalibr").calibration.calibration["cam0"]

    fitted, residual = fit_camera(source, "kannala")

    points = np.array([[3, 1, 4.0], [-2, 2, 1.0], [5, 0.2, 0.8]])
    xi, alpha, fx, fy, cx, cy = camera["intrinsics"]
    x, y, z = points.T
    d1 = np.sqrt(x**2 + y**2 + z**2)
    bottom = alpha * np.sqrt(x**2 + y**2 + (xi * d1 + z) ** 2) + (1 - alpha) * (xi * d1 + z)
    expected = np.column_stack([fx * x / bottom + cx, fy * y / bottom + cy])
    assert residual.max_px < 0.6
    assert np.abs(project(points, fitted, frame="camera").pixels - expected).max() < residual.max_px + 0.1
    with pytest.raises(
        ConversionError, match=r"gives no pixel for \d+ of \d+ rays in the image; fit another"
    ):
        fit_camera(source, "pinhole")


def test_fit_of_the_same_model_is_exact() -> None:
    """Parameters come back, and the pose stays."""
    pose = np.eye(4)
    pose[:3, 3] = 1.0, 2.0, 3.0
    lens = [-0.054, 0.02, -0.01, 0.002]
    kannala = kannala_camera(MATRIX, SIZE, distortion=lens, pose=pose)
    pinhole = pinhole_camera(MATRIX, SIZE, distortion=[-0.3, 0.1, 0.001, -0.0005, -0.01], pose=pose)

    for camera, model in ((kannala, "kannala"), (pinhole, "pinhole")):
        fitted, residual = fit_camera(camera, model)
        assert residual.max_px < 1e-4
        assert fitted.position == camera.position
        assert fitted.camera_matrix.fx == pytest.approx(620.0, abs=1e-3)  # type: ignore[attr-defined]


def test_fit_names_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(
        ConversionError, match="the model to fit is 'wide'; known are pinhole, fisheye, kannala"
    ):
        convert(rational(tmp_path), "ros", fit="wide")
    with pytest.raises(ConversionError, match="the model to fit is 'wide'"):
        fit_camera(pinhole_camera(MATRIX, SIZE), "wide")
