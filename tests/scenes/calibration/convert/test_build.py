"""Cameras and lidars out of matrices: the same pixels as OpenCV, and plain words for what cannot be."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.io.model.calibration import SensorCalibration
from kognic.io.tools.calibration.exceptions import ConversionError
from kognic.scenes.calibration import project
from kognic.scenes.calibration.convert import fisheye_camera, kannala_camera, lidar, pinhole_camera
from kognic.scenes.checks import check_calibration
from kognic.scenes.geometry.poses import Rigid
from tests.scenes.calibration.convert.sources import motion, pixels

SIZE = (1280, 720)
BROWN_CONRADY = [-0.31, 0.12, 0.0011, -0.0007, -0.02]
KANNALA = [-0.054, -0.078, 0.096, -0.0515]


def test_pinhole_camera_projects_as_opencv(points: Any, matrix: Any, pose: Any, assert_same: Any) -> None:
    """Points of the reference system come out where OpenCV puts them with the source's parameters."""
    camera = pinhole_camera(matrix, SIZE, distortion=BROWN_CONRADY, pose=pose)
    reference = points @ pose[:3, :3].T + pose[:3, 3]

    assert_same(camera, reference, pixels("pinhole", reference, matrix, BROWN_CONRADY, np.linalg.inv(pose)))


def test_fisheye_camera_projects_as_opencv(points: Any, matrix: Any, pose: Any, assert_same: Any) -> None:
    """The unified model is that of OpenCV's omnidir."""
    camera = fisheye_camera(matrix, 0.9, SIZE, distortion=[-0.2, 0.05, 0.001, -0.002], pose=pose)
    reference = points @ pose[:3, :3].T + pose[:3, 3]

    expected = pixels("omnidir", reference, matrix, [-0.2, 0.05, 0.001, -0.002], np.linalg.inv(pose), xi=0.9)
    assert_same(camera, reference, expected)


def test_kannala_camera_projects_as_opencv(points: Any, matrix: Any, pose: Any, assert_same: Any) -> None:
    """The Kannala-Brandt model is that of OpenCV's fisheye."""
    camera = kannala_camera(matrix, SIZE, distortion=KANNALA, pose=pose)
    reference = points @ pose[:3, :3].T + pose[:3, 3]

    assert_same(camera, reference, pixels("fisheye", reference, matrix, KANNALA, np.linalg.inv(pose)))


def test_kannala_camera_has_the_inverse_of_its_lens(matrix: Any) -> None:
    """The undistortion polynomial leads back from OpenCV's pixels to the angles within a quarter degree."""
    camera = kannala_camera(matrix, SIZE, distortion=KANNALA)
    back = camera.undistortion_coefficients
    angles = np.radians(np.linspace(0.1, 41, 200))
    points = np.column_stack([np.sin(angles), np.zeros(200), np.cos(angles)])

    d = (pixels("fisheye", points, matrix, KANNALA)[:, 0] - matrix[0, 2]) / matrix[0, 0]

    found = d * (1 + back.l1 * d**2 + back.l2 * d**4 + back.l3 * d**6 + back.l4 * d**8)
    assert np.degrees(np.abs(found - angles)).max() < 0.25


def test_field_of_view_spans_the_image(matrix: Any) -> None:
    """The field of view is the horizontal angle of the image, and never smaller than it."""
    camera = pinhole_camera(matrix, SIZE)

    expected = np.degrees(np.arctan(639.25 / 812.5) + np.arctan((1280 - 639.25) / 812.5))
    assert camera.field_of_view == pytest.approx(expected, abs=0.11)


def test_converted_cameras_pass_the_checks(matrix: Any, pose: Any) -> None:
    """What comes out of the converters breaks no rule for calibrations."""
    sensors = {
        "pinhole": pinhole_camera(matrix, SIZE, distortion=BROWN_CONRADY, pose=pose),
        "fisheye": fisheye_camera(
            matrix, 0.9, SIZE, distortion=[-0.2, 0.05], pose=motion([0, 1, 0], [0, 0, 1])
        ),
        "kannala": kannala_camera(matrix, SIZE, distortion=KANNALA, pose=motion([1, 0, 0], [0, 0, 2])),
        "lidar": lidar(),
    }

    report = check_calibration(SensorCalibration(external_id="converted", calibration=sensors))

    assert not [finding for finding in report if finding.severity.value != "info"], list(report)


def test_lidar_takes_its_pose(pose: Any, assert_placed: Any) -> None:
    """A lidar has the given pose, or is the reference system."""
    assert_placed(lidar(pose), pose)
    assert_placed(lidar(pose[:3]), pose)
    assert_placed(lidar(), np.eye(4))


def test_rotations_with_few_digits_become_the_nearest_one(pose: Any) -> None:
    """Files keep few digits; the quaternion is that of the nearest rotation, and of length one."""
    found = lidar(np.round(pose, 3))

    q = found.rotation_quaternion
    assert np.hypot(np.hypot(q.w, q.x), np.hypot(q.y, q.z)) == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(Rigid.of_sensor(found).rotation, pose[:3, :3], atol=1e-3)


FINITE = st.floats(-3, 3)


@given(st.tuples(FINITE, FINITE, FINITE), st.tuples(FINITE, FINITE, FINITE))
def test_every_rotation_survives_the_quaternion(axis_angle: Any, position: Any) -> None:
    """Matrix to quaternion and back is the same rotation, for any axis and angle."""
    pose = motion(axis_angle, position)

    found = Rigid.of_sensor(lidar(pose))

    np.testing.assert_allclose(found.rotation, pose[:3, :3], atol=1e-9)
    np.testing.assert_allclose(found.position, pose[:3, 3], atol=1e-12)


@given(st.sampled_from(["x", "y", "z"]), st.floats(np.pi - 1e-6, np.pi + 1e-6))
def test_half_turns_survive_the_quaternion(axis: str, angle: float) -> None:
    """Half turns, where the scalar part vanishes, are no exception."""
    pose = motion(angle * np.eye(3)["xyz".index(axis)], [0, 0, 0])

    np.testing.assert_allclose(Rigid.of_sensor(lidar(pose)).rotation, pose[:3, :3], atol=1e-9)


OPENCV_ORDER = ["k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6", "s1", "s2", "s3", "s4", "tau_x", "tau_y"]


@pytest.mark.parametrize("index", range(5, 14))
def test_further_terms_of_opencv_are_refused_by_name(matrix: Any, index: int) -> None:
    """Rational, thin prism and tilted terms cannot be expressed; zeros of them are no matter."""
    distortion = [0.0] * 14
    pinhole_camera(matrix, SIZE, distortion=distortion)
    distortion[index] = 0.25

    with pytest.raises(
        ConversionError, match=rf"coefficient {OPENCV_ORDER[index]} is 0\.25; the platform has k1"
    ):
        pinhole_camera(matrix, SIZE, distortion=distortion)


def test_dropping_the_rational_model_would_move_pixels(points: Any, matrix: Any) -> None:
    """Why the rational model is refused: without its terms pixels move by more than one."""
    rational = [*BROWN_CONRADY, 0.1, 0.05, 0.0]

    moved = pixels("pinhole", points, matrix, rational) - pixels("pinhole", points, matrix, BROWN_CONRADY)

    assert np.abs(moved).max() > 1


SKEWED = [[800, 2.5, 640], [0, 800, 360], [0, 0, 1]]
MILLIMETRES = [[0.008, 0, 0.0064], [0, 0.008, 0.0036], [0, 0, 1]]
GOOD = [[800, 0, 640], [0, 800, 360], [0, 0, 1]]
WRONG = {
    "shape": ({"matrix": [[1, 2], [3, 4]]}, r"the camera matrix holds 4 numbers, must hold 9"),
    "skew": ({"matrix": SKEWED}, r"skew of 2\.5, which the platform cannot express; calibrate again"),
    "last row": ({"matrix": [*GOOD[:2], [0, 0, 2]]}, r"the camera matrix is .* must be \[\[fx, 0, cx\]"),
    "unit": ({"matrix": MILLIMETRES}, r"fx is 0\.008, must be a focal length in pixels"),
    "nan": ({"matrix": [[float("nan"), 0, 0], *GOOD[1:]]}, r"camera matrix\[0\] is nan, must be a finite"),
    "text": ({"matrix": "K"}, r"the camera matrix is 'K', must be a list of numbers"),
    "size": ({"image_size": (1280.5, 720)}, r"the image width is 1280\.5, must be a whole number of pixels"),
    "no size": ({"image_size": (1280, 0)}, r"the image height is 0, must be a whole number of pixels"),
    "scaled": ({"pose": np.eye(4) * 1000}, r"the last row of a pose is \[0\.0, 0\.0, 0\.0, 1000\.0\]"),
    "scale": (
        {"pose": np.diag([2, 2, 2, 1])},
        r"upper left of a pose is not a rotation \(off by 3, determinant 8",
    ),
    "mirror": (
        {"pose": np.diag([1, 1, -1, 1])},
        r"not a rotation .* determinant -1\); use .* right-handed R",
    ),
    "vector": ({"pose": [0, 0, 0]}, r"a pose holds 3 numbers, must hold 12 or 16"),
    "infinite": ({"distortion": [float("inf")]}, r"the distortion\[0\] is inf, must be a finite number"),
    "bool": ({"distortion": [True]}, r"the distortion\[0\] is True, must be a number"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_are_named(case: str) -> None:
    """Whatever is wrong is named with its value and what it has to be."""
    arguments, message = WRONG[case]
    values: dict[str, Any] = {"matrix": GOOD, "image_size": SIZE, **arguments}

    with pytest.raises(ConversionError, match=message):
        pinhole_camera(**values)


def test_fisheye_camera_refuses_a_negative_xi() -> None:
    """A negative xi is no camera of the unified model."""
    with pytest.raises(ConversionError, match=r"xi is -0\.1, must not be negative"):
        fisheye_camera(GOOD, -0.1, SIZE)


def test_kannala_camera_refuses_a_fifth_coefficient() -> None:
    """OpenCV's fisheye has four; a fifth belongs to another model."""
    with pytest.raises(
        ConversionError, match=r"coefficient number 5 is 0\.1; the Kannala-Brandt model has four"
    ):
        kannala_camera(GOOD, SIZE, distortion=[0, 0, 0, 0, 0.1])


def test_kannala_camera_refuses_a_lens_that_folds_at_once() -> None:
    """Coefficients of another model and scale fold the image beside its centre."""
    with pytest.raises(ConversionError, match=r"folds the image right beside its centre"):
        kannala_camera(GOOD, SIZE, distortion=[-50_000, 0, 0, 0])


NUMBERS = st.one_of(st.floats(allow_nan=True), st.integers(), st.none(), st.text(max_size=4), st.booleans())


@given(st.lists(NUMBERS, min_size=4, max_size=16), st.lists(NUMBERS, max_size=6), st.tuples(NUMBERS, NUMBERS))
def test_any_numbers_give_a_camera_or_a_conversion_error(pose: Any, distortion: Any, size: Any) -> None:
    """Whatever the arguments hold: a camera whose numbers are finite, or the one typed error."""
    for make in (pinhole_camera, kannala_camera):
        try:
            camera = make(GOOD, size, distortion=distortion, pose=pose)
        except ConversionError:
            continue
        assert np.isfinite(project([[0.0, 0.0, 5.0]], camera, frame="camera").depth).all()


@given(
    st.floats(1, 5000),
    st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=4),
    st.tuples(st.integers(1, 8000), st.integers(1, 8000)),
)
def test_any_lens_gives_finite_coefficients(focal_length: float, distortion: Any, size: Any) -> None:
    """However odd a lens is, the fitted inverse is finite or the lens is refused."""
    k = [[focal_length, 0, size[0] / 2], [0, focal_length, size[1] / 2], [0, 0, 1]]
    try:
        camera = kannala_camera(k, size, distortion=distortion)
    except ConversionError:
        return
    back = camera.undistortion_coefficients
    assert np.isfinite([back.l1, back.l2, back.l3, back.l4]).all()


def test_opencv_gives_the_inverse_pose(points: Any, matrix: Any, pose: Any, assert_same: Any) -> None:
    """OpenCV's `rvec` and `tvec` lead into the camera: their inverse is the pose of a calibration."""
    rvec, tvec = cv2.Rodrigues(np.linalg.inv(pose)[:3, :3])[0], np.linalg.inv(pose)[:3, 3]
    reference = points @ pose[:3, :3].T + pose[:3, 3]
    expected, _ = cv2.projectPoints(reference, rvec, tvec, matrix, None)

    camera = pinhole_camera(matrix, SIZE, pose=np.linalg.inv(motion(rvec.ravel(), tvec)))

    assert_same(camera, reference, expected.reshape(-1, 2))
