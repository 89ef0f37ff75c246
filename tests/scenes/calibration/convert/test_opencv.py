"""OpenCV's files and ROS's camera_info: the pixels of OpenCV with the same parameters, and no guessing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from kognic._core.scene_errors import DocumentError
from kognic.io.model.calibration import FisheyeCalibration, KannalaCalibration, PinholeCalibration
from kognic.io.tools.calibration.exceptions import ConversionError
from kognic.scenes.calibration.convert import convert_calibration, opencv_camera
from kognic.scenes.geometry import project
from tests.scenes.calibration.convert.sources import (
    EQUIDISTANT,
    RADTAN,
    camera_info,
    pixels,
    written_by_opencv,
)


def only_camera(calibration: Any) -> Any:
    (camera,) = calibration.calibration.values()
    return camera


def test_pinhole_file_of_opencv(tmp_path: Path, points: Any, matrix: Any, assert_same: Any) -> None:
    """A file that OpenCV wrote gives its own pixels; the sensor is named for the file."""
    path = written_by_opencv(
        tmp_path / "front.yml", camera_matrix=matrix, distortion_coefficients=[RADTAN], fisheye_model=0
    )
    assert path.read_text().startswith("%YAML")

    found = convert_calibration(path, "opencv")

    assert (found.external_id, list(found.calibration)) == ("front", ["front"])
    assert isinstance(only_camera(found), PinholeCalibration)
    assert_same(only_camera(found), points, pixels("pinhole", points, matrix, RADTAN))


def test_first_lines_of_older_and_newer_versions(tmp_path: Path, matrix: Any) -> None:
    """`%YAML:1.0`, which is no YAML, is read as `%YAML 1.2` and as no such line at all."""
    written = written_by_opencv(tmp_path / "a.yml", camera_matrix=matrix, distortion_coefficients=[RADTAN])
    body = written.read_text().split("---\n", 1)[1]
    found = []
    for start in ("%YAML:1.0\n---\n", "%YAML 1.2\n---\n", "%YAML:1.0\n", ""):
        written.write_text(start + body)
        found.append(convert_calibration(written, "opencv"))

    assert all(other == found[0] for other in found)


def test_fisheye_file_of_opencv(tmp_path: Path, points: Any, matrix: Any, assert_same: Any) -> None:
    """`fisheye_model: 1` means Kannala-Brandt, whose coefficients would pass for a pinhole's."""
    path = written_by_opencv(
        tmp_path / "front.yml", camera_matrix=matrix, distortion_coefficients=[EQUIDISTANT], fisheye_model=1
    )

    camera = only_camera(convert_calibration(path, "opencv"))

    assert isinstance(camera, KannalaCalibration)
    assert_same(camera, points, pixels("fisheye", points, matrix, EQUIDISTANT))


def test_omnidirectional_file_of_opencv(tmp_path: Path, points: Any, matrix: Any, assert_same: Any) -> None:
    """A file with `xi` is of the unified model, be it a number or a matrix of one."""
    for xi in (0.9, [[0.9]]):
        path = written_by_opencv(
            tmp_path / "front.yml", camera_matrix=matrix, distortion_coefficients=[RADTAN[:4]], xi=xi
        )
        camera = only_camera(convert_calibration(path, "opencv"))

        assert isinstance(camera, FisheyeCalibration)
        assert_same(camera, points, pixels("omnidir", points, matrix, RADTAN[:4], xi=0.9))


def test_pose_of_an_opencv_camera(points: Any, matrix: Any, pose: Any, assert_same: Any) -> None:
    """The pose leads from the camera to the reference system."""
    reference = points @ pose[:3, :3].T + pose[:3, 3]

    assert_same(
        opencv_camera(camera_info(), pose=pose),
        reference,
        pixels("pinhole", reference, matrix, RADTAN, np.linalg.inv(pose)),
    )


def test_camera_info_file(tmp_path: Path, points: Any, matrix: Any, assert_same: Any) -> None:
    """ROS's file gives the raw image's pixels; `projection_matrix` is of the rectified image and not used."""
    path = tmp_path / "calibration.yaml"
    path.write_text(yaml.safe_dump(camera_info()))

    found = convert_calibration(path, "ros")

    assert list(found.calibration) == ["front"]
    assert_same(only_camera(found), points, pixels("pinhole", points, matrix, RADTAN))


def test_camera_info_equidistant(points: Any, matrix: Any, assert_same: Any) -> None:
    """ROS's `equidistant` is OpenCV's fisheye."""
    content = camera_info(distortion_model="equidistant", distortion_coefficients={"data": EQUIDISTANT})

    assert_same(opencv_camera(content), points, pixels("fisheye", points, matrix, EQUIDISTANT))


@pytest.mark.parametrize("upper", [True, False], ids=["ros1", "ros2"])
def test_echoed_camera_info_message(points: Any, matrix: Any, upper: bool, assert_same: Any) -> None:
    """A message as `topic echo` prints it has `width`, `K` and `D`; in ROS 2 they are small."""
    fields = {"d": RADTAN, "k": matrix.ravel().tolist(), "r": [1] * 9, "p": [1] * 12}
    content = {
        "header": {"frame_id": "camera"},
        "height": 720,
        "width": 1280,
        "distortion_model": "plumb_bob",
        **{key.upper() if upper else key: value for key, value in fields.items()},
        "binning_x": 0,
        "binning_y": 1,
        "roi": {"x_offset": 0, "y_offset": 0, "height": 0, "width": 0, "do_rectify": False},
    }

    assert_same(opencv_camera(content), points, pixels("pinhole", points, matrix, RADTAN))


def test_rational_model_without_its_terms(points: Any, matrix: Any, assert_same: Any) -> None:
    """ROS's `rational_polynomial` with k4 to k6 of zero is the plain model."""
    content = camera_info(
        distortion_model="rational_polynomial", distortion_coefficients={"data": [*RADTAN, 0, 0, 0]}
    )

    assert_same(opencv_camera(content), points, pixels("pinhole", points, matrix, RADTAN))


def test_four_coefficients_need_the_model(points: Any, matrix: Any, assert_same: Any) -> None:
    """Four coefficients of an unnamed model are not guessed at."""
    content = camera_info(distortion_coefficients={"data": EQUIDISTANT})
    del content["distortion_model"]

    with pytest.raises(
        ConversionError, match=r"four coefficients .* pinhole .* or of a fisheye .* pass the model"
    ):
        opencv_camera(content)
    for model in ("fisheye", "pinhole"):
        expected = pixels(model, points, matrix, EQUIDISTANT)
        assert_same(opencv_camera(content, model=model), points, expected)


def test_text_numbers_of_yaml(tmp_path: Path) -> None:
    """YAML 1.1 takes `1e-05` for text; it is a number nevertheless."""
    path = tmp_path / "front.yaml"
    text = yaml.safe_dump(camera_info(distortion_coefficients={"data": [0.5, 0, 0, 0, 0]}))
    path.write_text(text.replace("- 0.5", "- 1e-05"))
    assert "1e-05" in path.read_text()

    assert only_camera(convert_calibration(path, "ros")).distortion_coefficients.k1 == 1e-05


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "rational": (
        {
            "distortion_model": "rational_polynomial",
            "distortion_coefficients": {"data": [*RADTAN, 0.2, 0.1]},
        },
        r"distortion_coefficients holds \d+ numbers; OpenCV has 4, 5, 8, 12 or 14",
    ),
    "unknown model": (
        {"distortion_model": "fov"},
        r"the distortion model is 'fov'; known are .*equidistant.*plumb_bob",
    ),
    "binning": ({"binning_x": 2}, r"binning_x is 2; convert the calibration of the full resolution"),
    "region": (
        {"roi": {"x_offset": 10}},
        r"roi\.x_offset is 10; convert the calibration of the whole image",
    ),
    "no size": ({"image_width": None}, r"image_width and image_height are missing"),
    "size": ({"image_width": "wide"}, r"the image width is 'wide'"),
    "not calibrated": (
        {"camera_matrix": {"data": [0] * 9}},
        r"camera_matrix is zero, which is how ROS marks a camera that is not calibrated",
    ),
    "matrix": ({"camera_matrix": {"data": [1, 2]}}, r"camera_matrix holds 2 numbers, must hold 9"),
    "rows": (
        {"distortion_coefficients": {"rows": 1, "cols": 8, "data": RADTAN}},
        r"distortion_coefficients\.data holds 5 numbers, must hold 1 rows of 8",
    ),
    "no data": ({"distortion_coefficients": {"rows": 1}}, r"distortion_coefficients\.data is None"),
    "infinite": (
        {"distortion_coefficients": {"data": [float("nan")] * 5}},
        r"distortion_coefficients\.data\[0\] is '\.nan', must be a finite number",
    ),
    "huge": (
        {"distortion_coefficients": {"data": [1e300] * 5}},
        r"distortion_coefficients\.data\[0\] is '1\.0e\+300', must be a finite number up to 1e\+09",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_content_is_named_with_its_file(tmp_path: Path, case: str) -> None:
    """The message has file, key, value and hint."""
    values, message = WRONG[case]
    path = tmp_path / "front.yaml"
    content = {key: value for key, value in camera_info(**values).items() if value is not None}
    path.write_text(yaml.safe_dump(content))

    with pytest.raises(ConversionError, match=rf"front\.yaml: {message}"):
        convert_calibration(path, "ros")


def test_missing_keys_are_named() -> None:
    """What is missing is named, with what the file looks like instead."""
    content = camera_info()
    del content["distortion_coefficients"]
    with pytest.raises(
        ConversionError, match=r"distortion_coefficients is missing; a camera without .* zeros"
    ):
        opencv_camera(content)
    with pytest.raises(ConversionError, match=r"camera_matrix is missing$"):
        opencv_camera({})
    with pytest.raises(
        ConversionError, match=r"camera_matrix is missing; this looks like a Kalibr camera chain"
    ):
        opencv_camera({"cam0": {}})
    with pytest.raises(ConversionError, match=r"camera_matrix is missing; this looks like a pair of cameras"):
        opencv_camera({"M1": {}, "D1": {}})


def test_models_that_contradict_the_file() -> None:
    """A model is for files that do not tell; it does not overrule those that do."""
    with pytest.raises(
        ConversionError, match=r"model is 'fisheye', but the file says that the camera is pinhole"
    ):
        opencv_camera(camera_info(), model="fisheye")
    with pytest.raises(ConversionError, match=r"model is 'wide', must be pinhole, fisheye, omnidir"):
        opencv_camera(camera_info(), model="wide")
    with pytest.raises(ConversionError, match=r"xi is None, must be a number"):
        opencv_camera({**camera_info(), "distortion_model": ""}, model="omnidir")


@pytest.mark.parametrize("suffix", ["yml", "xml", "json"])
@pytest.mark.parametrize("model", ["pinhole", "fisheye", "omnidir"])
def test_every_storage_of_opencv(
    tmp_path: Path, points: Any, matrix: Any, assert_same: Any, suffix: str, model: str
) -> None:
    """OpenCV writes YAML, XML and JSON; each holds the same camera."""
    coefficients = RADTAN if model == "pinhole" else EQUIDISTANT
    more: dict[str, Any] = {"pinhole": {}, "fisheye": {"fisheye_model": 1}, "omnidir": {"xi": [[0.9]]}}[model]
    path = written_by_opencv(
        tmp_path / f"front.{suffix}",
        camera_matrix=matrix,
        distortion_coefficients=np.array([coefficients]),
        calibration_time="Sat 28 Nov 2026 10:00:00",
        avg_reprojection_error=0.21,
        **more,
    )

    camera = only_camera(convert_calibration(path, "opencv"))

    assert (camera.image_width, camera.image_height) == (1280, 720)
    assert_same(camera, points, pixels(model, points, matrix, coefficients, xi=0.9))


def test_pose_in_an_opencv_file(tmp_path: Path, points: Any, matrix: Any) -> None:
    """`rvec` and `tvec` lead into the camera, as `projectPoints` uses them."""
    rvec, tvec = np.array([[0.1], [-0.2], [0.05]]), np.array([[0.3], [-0.1], [0.4]])
    path = written_by_opencv(
        tmp_path / "front.xml",
        camera_matrix=matrix,
        distortion_coefficients=np.array([RADTAN]),
        rvec=rvec,
        tvec=tvec,
    )

    found = project(points, only_camera(convert_calibration(path, "opencv"))).pixels

    expected = cv2.projectPoints(points, rvec, tvec, matrix, np.array(RADTAN))[0][:, 0]
    front = (points @ cv2.Rodrigues(rvec)[0].T + tvec.T)[:, 2] > 0.1
    assert np.abs(found - expected)[front].max() < 1e-6
    with pytest.raises(ConversionError, match="has rvec only; a pose is rvec and tvec"):
        opencv_camera({**camera_info(), "rvec": [0, 0, 0]})
    with pytest.raises(ConversionError, match="has a pose of its own"):
        opencv_camera({**camera_info(), "rvec": [0, 0, 0], "tvec": [0, 0, 0]}, pose=np.eye(4))


def test_files_that_are_no_storage(tmp_path: Path) -> None:
    """Other XML, XML with entities, and YAML that holds no mapping, are refused in words."""
    (tmp_path / "front.xml").write_text("<robot/>")
    with pytest.raises(
        ConversionError, match=r"front\.xml: is XML of the kind 'robot'; OpenCV's begins with"
    ):
        convert_calibration(tmp_path / "front.xml", "opencv")
    (tmp_path / "front.xml").write_text("<opencv_storage><a></opencv_storage>")
    with pytest.raises(DocumentError, match=r"front\.xml: is not XML: mismatched tag"):
        convert_calibration(tmp_path / "front.xml", "opencv")
    (tmp_path / "front.xml").write_text(
        '<!DOCTYPE a [<!ENTITY b "1">]><opencv_storage><a>&b;</a></opencv_storage>'
    )
    with pytest.raises(DocumentError, match=r"front\.xml: has a document type definition"):
        convert_calibration(tmp_path / "front.xml", "opencv")
    (tmp_path / "front.xml").write_text("<opencv_storage><xi>1</xi><xi>2</xi></opencv_storage>")
    with pytest.raises(ConversionError, match=r"front\.xml: the key 'xi' appears twice"):
        convert_calibration(tmp_path / "front.xml", "opencv")
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(ConversionError, match=r"list\.yaml: holds no camera"):
        convert_calibration(tmp_path / "list.yaml", "opencv")


@pytest.mark.shared
def test_distorted_sample(samples: Path, tmp_path: Path) -> None:
    """The forward camera of a real recording, written as OpenCV would, comes back as it is described."""
    described = json.loads((samples / "distorted_pinhole_frame" / "calibration.json").read_text())
    source = described["sensors"]["center_camera"]
    k, d = source["camera_matrix"], source["distortion"]
    matrix = [[k["fx"], 0, k["cx"]], [0, k["fy"], k["cy"]], [0, 0, 1]]
    path = written_by_opencv(
        tmp_path / "center_camera.yml",
        image_width=source["image_width"],
        image_height=source["image_height"],
        camera_matrix=matrix,
        distortion_coefficients=[[d[name] for name in ("k1", "k2", "p1", "p2", "k3")]],
    )

    camera = only_camera(convert_calibration(path, "opencv"))

    assert camera.camera_matrix.to_dict() == pytest.approx(k)
    assert camera.distortion_coefficients.to_dict() == pytest.approx(d)
