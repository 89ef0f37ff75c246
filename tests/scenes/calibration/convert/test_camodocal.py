"""Cameras of camodocal, against the formulas in its sources, written down here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import FisheyeCalibration, KannalaCalibration, PinholeCalibration
from kognic.scenes.calibration.convert import convert_calibration
from kognic.scenes.geometry import project

HEAD = {"camera_name": "front", "image_width": 752, "image_height": 480}
RADTAN = {"k1": -0.0257, "k2": 0.0193, "p1": 0.0003, "p2": -0.0004}
MEI = {
    "model_type": "MEI",
    **HEAD,
    "mirror_parameters": {"xi": 1.89},
    "distortion_parameters": RADTAN,
    "projection_parameters": {"gamma1": 1115.5, "gamma2": 1114.9, "u0": 376.2, "v0": 238.5},
}
KANNALA = {
    "model_type": "KANNALA_BRANDT",
    **HEAD,
    "projection_parameters": {
        "k2": -0.01,
        "k3": 0.02,
        "k4": -0.01,
        "k5": 0.001,
        "mu": 460.0,
        "mv": 461.0,
        "u0": 376.2,
        "v0": 238.5,
    },
}
PINHOLE = {
    "model_type": "PINHOLE",
    **HEAD,
    "distortion_parameters": RADTAN,
    "projection_parameters": {"fx": 460.0, "fy": 461.0, "cx": 376.2, "cy": 238.5},
}


def written(folder: Path, content: dict[str, Any]) -> Path:
    """As OpenCV writes YAML."""
    path = folder / "camera.yaml"
    path.write_text("%YAML:1.0\n---\n" + yaml.safe_dump(content, sort_keys=False))
    return path


def points() -> Any:
    """In front of a camera, shape (500, 3)."""
    rng = np.random.default_rng(0)
    depth = rng.uniform(2, 30, 500)
    return np.column_stack([rng.uniform(-0.5, 0.5, 500) * depth, rng.uniform(-0.4, 0.4, 500) * depth, depth])


def bent(x: Any, y: Any) -> tuple[Any, Any]:
    """`distortion` of CataCamera and PinholeCamera, added to the undistorted point."""
    k1, k2, p1, p2 = RADTAN.values()
    square = x * x + y * y
    radial = k1 * square + k2 * square * square
    return (
        x + x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x),
        y + y * radial + 2 * p2 * x * y + p1 * (square + 2 * y * y),
    )


def mei(xyz: Any) -> Any:
    """`CataCamera::spaceToPlane`."""
    x, y, z = (xyz / np.linalg.norm(xyz, axis=1)[:, None]).T
    u, v = bent(x / (z + 1.89), y / (z + 1.89))
    return np.column_stack([1115.5 * u + 376.2, 1114.9 * v + 238.5])


def kannala(xyz: Any) -> Any:
    """`EquidistantCamera::spaceToPlane`: k2 to k5 are of the third to the ninth power."""
    x, y, z = xyz.T
    theta, phi = np.arccos(z / np.linalg.norm(xyz, axis=1)), np.arctan2(y, x)
    radius = theta - 0.01 * theta**3 + 0.02 * theta**5 - 0.01 * theta**7 + 0.001 * theta**9
    return np.column_stack([460 * radius * np.cos(phi) + 376.2, 461 * radius * np.sin(phi) + 238.5])


def pinhole(xyz: Any) -> Any:
    """`PinholeCamera::spaceToPlane`."""
    u, v = bent(xyz[:, 0] / xyz[:, 2], xyz[:, 1] / xyz[:, 2])
    return np.column_stack([460 * u + 376.2, 461 * v + 238.5])


@pytest.mark.parametrize(
    ("content", "formula", "kind"),
    [
        (MEI, mei, FisheyeCalibration),
        (KANNALA, kannala, KannalaCalibration),
        (PINHOLE, pinhole, PinholeCalibration),
    ],
)
def test_projects_as_camodocal(content: dict[str, Any], formula: Any, kind: type, tmp_path: Path) -> None:
    found = convert_calibration(written(tmp_path, content), "opencv").calibration

    assert list(found) == ["front"]
    assert isinstance(found["front"], kind)
    assert (found["front"].image_width, found["front"].image_height) == (752, 480)
    assert project(points(), found["front"]).pixels == pytest.approx(formula(points()), abs=1e-6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({**MEI, "model_type": "SCARAMUZZA"}, "known are PINHOLE, MEI, KANNALA_BRANDT.*--from ocam"),
        ({**MEI, "skew": 1}, "the key skew is not known"),
        ({**MEI, "mirror_parameters": {}}, "mirror_parameters: xi is missing"),
        ({**PINHOLE, "distortion_parameters": {**RADTAN, "k6": 0.1}}, "the key k6 is not known"),
        ({**PINHOLE, "mirror_parameters": {"xi": 1.0}}, "the key mirror_parameters is not known"),
    ],
)
def test_wrong_content_is_named(content: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=message):
        convert_calibration(written(tmp_path, content), "opencv")


def test_given_size_counts(tmp_path: Path) -> None:
    found = convert_calibration(written(tmp_path, PINHOLE), "opencv", image_size=(376, 240)).calibration

    assert (found["front"].image_width, found["front"].image_height) == (376, 240)
