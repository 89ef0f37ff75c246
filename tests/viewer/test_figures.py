"""Pictures in the report of a check: a rotated camera, as given and as corrected."""

from __future__ import annotations

import json
import math
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from kognic.cli.root import cli
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.checks.reporting.html import to_html
from kognic.scenes.geometry.poses import rotation_matrix
from kognic.scenes.scene_check import CheckOptions, check_scene_files
from kognic.viewer.figures import MOST_FIGURES, PICTURE_LIMIT, angles_between, draw_figures

pytestmark = pytest.mark.slow

YAW = 2.0


def product(a: list[float], b: list[float]) -> list[float]:
    """Quaternions multiplied (Hamilton)."""
    w, x, y, z = a
    p, q, r, s = b
    return [
        w * p - x * q - y * r - z * s,
        w * q + x * p + y * s - z * r,
        w * r - x * s + y * p + z * q,
        w * s + x * r - y * q + z * p,
    ]


@pytest.fixture(scope="module")
def scene_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drive whose camera FRONT is rotated by two degrees about its y axis."""
    folder = tmp_path_factory.mktemp("rotated")
    drive = write_sample_drive(folder, frames=3)
    path = folder / "calibration.json"
    content = json.loads(path.read_text())
    rotation = content["calibration"]["FRONT"]["rotation_quaternion"]
    half = math.radians(YAW) / 2
    wrong = product([rotation[key] for key in "wxyz"], [math.cos(half), 0, math.sin(half), 0])
    rotation.update(zip("wxyz", wrong, strict=True))
    path.write_text(json.dumps(content))
    return drive.scene_file


def test_a_rotated_camera_is_shown_twice(scene_file: Path) -> None:
    """As given and as corrected, the same size, differently; with what to paste and what opens the view."""
    [report] = check_scene_files([scene_file], CheckOptions(groups=("geometry",)))
    [finding] = [one for one in report if one.code == "camera-misaligned"]

    figure_of = draw_figures([report])

    figure = figure_of(finding)
    assert figure is not None
    assert [caption for caption, _ in figure.pictures] == [
        "FRONT, frame 1, as given",
        "FRONT, frame 1, as corrected",
    ]
    assert all(len(content) <= PICTURE_LIMIT for _, content in figure.pictures)
    given, corrected = (np.asarray(Image.open(BytesIO(content))) for _, content in figure.pictures)
    assert given.shape == corrected.shape == (540, 960, 3)
    assert np.mean(np.abs(given.astype(int) - corrected)) > 5
    assert figure.command.startswith(f"kognic view {scene_file} --camera FRONT --rotation=")
    pitch, yaw, roll = (float(part) for part in figure.command.rpartition("=")[2].split(","))
    assert yaw == pytest.approx(-YAW, abs=0.2)
    assert abs(pitch) < 0.6
    assert abs(roll) < 0.6
    assert [figure_of(other) for other in report if other.code == "camera-consistent"] == [None]

    page = to_html([report], figure_of)
    assert page.count('src="data:image/webp;base64,') == 2
    assert "<script" not in page
    assert "&quot;rotation_quaternion&quot;: {&quot;w&quot;: " in page


def test_findings_of_files_are_shown_where_they_can_be(tmp_path: Path) -> None:
    """A damaged cloud shows an image of its frame that can be read; a damaged image says why it is not."""
    drive = write_sample_drive(tmp_path, frames=2)
    damaged = [file for file in drive.files if file.name in ("000.png", "000.pcd")]
    for file in damaged:
        file.write_bytes(b"no content")
    [report] = check_scene_files([drive.scene_file], CheckOptions(groups=("files",)))
    by_code = {finding.code: finding for finding in report}

    figure_of = draw_figures([report])

    of_cloud = figure_of(by_code["pcd-header"])
    assert of_cloud is not None
    # FRONT cannot be read in this frame, so LEFT shows it.
    assert [caption for caption, _ in of_cloud.pictures] == ["LEFT, frame 0, as given"]
    shown = np.asarray(Image.open(BytesIO(of_cloud.pictures[0][1])))
    assert shown.std() > 10
    assert of_cloud.command == f"kognic view {drive.scene_file} --camera LEFT"
    of_image = figure_of(by_code["image-undecodable"])
    assert of_image is not None
    assert of_image.pictures == ()
    assert of_image.message == "not drawn: FRONT: the image cannot be shown: the content is not an image"
    assert of_image.command == f"kognic view {drive.scene_file} --camera FRONT"

    result = CliRunner().invoke(
        cli, ["check", str(drive.scene_file), "--group", "files", "--format", "html", "--fail-on", "never"]
    )
    assert result.exit_code == 0, result.output
    assert result.output.count('src="data:image/webp;base64,') == 1
    assert "not drawn: FRONT: the image cannot be shown: the content is not an image" in result.output


def test_a_scene_that_is_gone_says_so_in_the_report(tmp_path: Path) -> None:
    """Between the check and the drawing the file may vanish: each finding says why it has no picture."""
    drive = write_sample_drive(tmp_path, frames=1)
    next(file for file in drive.files if file.suffix == ".pcd").write_bytes(b"no content")
    [report] = check_scene_files([drive.scene_file], CheckOptions(groups=("files",)))
    drive.scene_file.unlink()

    page = to_html([report], draw_figures([report]))

    assert f"not drawn: {drive.scene_file}: there is no such file" in page
    assert "data:image/webp" not in page


def test_only_the_worst_are_drawn(tmp_path: Path) -> None:
    """The others say so, and cost no time."""
    drive = write_sample_drive(tmp_path, frames=1)
    content = json.loads(drive.scene_file.read_text())
    (only,) = content["frames"]
    content["frames"] = []
    for number in range(MOST_FIGURES + 2):  # the frame again, with a damaged cloud of its own
        (tmp_path / f"{number}.pcd").write_bytes(b"no content")
        cloud = {**only["point_clouds"][0], "filename": f"{number}.pcd"}
        content["frames"].append({**only, "frame_id": str(number), "point_clouds": [cloud]})
    drive.scene_file.write_text(json.dumps(content))
    [report] = check_scene_files([drive.scene_file], CheckOptions(groups=("files",), full=True))
    figure_of = draw_figures([report])
    figures = [figure for finding in report if (figure := figure_of(finding)) is not None]

    assert sum(bool(figure.pictures) for figure in figures) == MOST_FIGURES
    assert [figure.message for figure in figures if not figure.pictures] == [
        "not drawn: the report shows the worst 12"
    ] * 2


@pytest.mark.parametrize("angles", [(0.4, -1.0, 0.0), (10.0, 20.0, -30.0), (0.0, 0.0, 0.0)])
def test_angles_are_those_of_the_viewer(angles: tuple[float, float, float]) -> None:
    """given @ Rz @ Ry @ Rx, about the camera's own axes."""
    given = [0.5, -0.5, 0.5, -0.5]
    pitch, yaw, roll = (math.radians(angle) / 2 for angle in angles)
    corrected = given
    for part in (
        [math.cos(roll), 0, 0, math.sin(roll)],
        [math.cos(yaw), 0, math.sin(yaw), 0],
        [math.cos(pitch), math.sin(pitch), 0, 0],
    ):
        corrected = product(corrected, part)

    assert angles_between(given, corrected) == pytest.approx(angles)
    assert np.allclose(np.linalg.det(rotation_matrix(tuple(corrected))), 1)
