"""A camera model is added with the files that CONTRIBUTING.md lists, and with no others."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kognic.scenes.geometry.cameras import KINDS

ROOT = Path(__file__).resolve().parents[3]
MOST_FILES = 5
# What the official client exports by name, and nothing else.
OFFICIAL = "kognic/io/model/__init__.py"

MODULE = '''
"""Equirectangular images: columns and rows count angles."""

import numpy as np

from kognic.scenes.geometry.camera_model import CameraModel


def optics(calibration):
    """The formula."""
    m = calibration.camera_matrix

    def to_pixels(x, y, z):
        u = m.fx * np.arctan2(x, z) + m.cx
        v = m.fy * np.arctan2(y, np.hypot(x, z)) + m.cy
        return u, v, np.ones(len(x), dtype=bool)

    return to_pixels


MODEL = CameraModel(optics=optics)
'''

CLASS = '''

@attrs.define(kw_only=True)
class EquirectangularCalibration(BaseStandardCameraCalibration):
    """Columns and rows count angles."""

    calibration_type: CalibrationType = CalibrationType.EQUIRECTANGULAR
'''

WIRE = """

class Equirectangular(StandardCamera):
    calibration_type: Literal["equirectangular"]


AnyCalibration = Annotated[
    Equirectangular
    | Lidar
"""

# By file: the text to replace (None: append), and its replacement.
CHANGES: dict[str, tuple[tuple[str | None, str], ...]] = {
    "kognic/io/model/calibration/common.py": (
        ('    CUSTOM = "custom"\n', '    CUSTOM = "custom"\n    EQUIRECTANGULAR = "equirectangular"\n'),
        (
            '    "custom": (',
            '    "equirectangular": (f"{_CAMERA}.standard", "EquirectangularCalibration"),\n    "custom": (',
        ),
    ),
    "kognic/io/model/calibration/camera/standard.py": (
        ("__all__ = [\n", '__all__ = [\n    "EquirectangularCalibration",\n'),
        (None, CLASS),
    ),
    "kognic/scenes/geometry/cameras/equirectangular.py": ((None, MODULE),),
    "kognic/sandbox/platform/calibrations/wire.py": (("\n\nAnyCalibration = Annotated[\n    Lidar\n", WIRE),),
}
VIEWER = "web/src/optics.ts"

PROGRAM = """
from kognic.io.model.calibration import EquirectangularCalibration
from kognic.sandbox.platform.calibrations.wire import CreateCalibration
from kognic.scenes.checks.parameters import check_calibration
from kognic.scenes.geometry import project
from kognic.scenes.geometry.cameras import KINDS
from kognic.scenes.scene_file import parse_calibration

entry = {
    "calibration_type": "equirectangular",
    "position": {"x": 0, "y": 0, "z": 0},
    "rotation_quaternion": {"w": 1, "x": 0, "y": 0, "z": 0},
    "camera_matrix": {"fx": 400.0, "fy": 400.0, "cx": 628.0, "cy": 314.0},
    "image_width": 1257,
    "image_height": 629,
}
given = parse_calibration({"external_id": "rig", "calibration": {"PANO": entry}})
camera = given.calibration["PANO"]
assert type(camera) is EquirectangularCalibration, camera
assert "equirectangular" in KINDS
assert not [finding for finding in check_calibration({"PANO": camera}) if finding.severity == "error"]
CreateCalibration.model_validate({"externalId": "rig", "calibration": {"PANO": entry}})
print(*project([[1, 0, 1], [0, 1, 1]], camera).pixels.ravel().tolist())
"""


def listed() -> list[str]:
    """The files of CONTRIBUTING.md besides tests."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    section = text.partition("### A camera model")[2].partition("\n### ")[0]
    steps = re.findall(r"^\d\. `([^`]+)`", section, re.M)
    return [path.replace("<model>", "equirectangular") for path in steps if not path.startswith("tests/")]


@pytest.mark.slow
def test_the_listed_files_are_enough(tmp_path: Path) -> None:
    """In a copy of the package they make a model that is read, checked, projected with and accepted."""
    assert {*CHANGES, VIEWER} == set(listed())
    assert len(listed()) <= MOST_FILES
    shutil.copytree(
        ROOT / "kognic", tmp_path / "kognic", ignore=shutil.ignore_patterns("static", "__pycache__")
    )
    for name, changes in CHANGES.items():
        path = tmp_path / name
        text = path.read_text("utf-8") if path.is_file() else ""
        for old, new in changes:
            assert old is None or text.count(old) == 1, (name, old)
            text = text + new if old is None else text.replace(old, new)
        path.write_text(text, "utf-8")

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert not done.returncode, done.stderr
    # 45 degrees to the right is 400 pi / 4 = 314.16 pixels.
    assert [round(float(number), 2) for number in done.stdout.split()] == [942.16, 314.0, 628.0, 628.16]


def test_no_other_file_knows_a_model() -> None:
    """A model without formats of its own is named by the listed files alone."""
    named = re.compile(r"[\"']cylindrical[\"']|\bCylindricalCalibration\b")
    folders = (("kognic", "*.py"), ("web/src", "*.ts*"))
    files = (path for folder, pattern in folders for path in (ROOT / folder).rglob(pattern))
    texts = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in files}
    code = {
        path
        for path, text in texts.items()
        if named.search(text) and not text.startswith('"""Import path of the official client')
    }

    assert code - {OFFICIAL} == {path.replace("equirectangular", "cylindrical") for path in listed()}


def test_every_model_is_in_the_viewer() -> None:
    """Formulas in Python and in the viewer's page have the same names."""
    table = (ROOT / VIEWER).read_text("utf-8").partition("LENSES")[2].partition("]);")[0]

    assert sorted(re.findall(r'\["(\w+)",', table)) == sorted(KINDS)
