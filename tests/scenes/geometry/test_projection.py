"""Points to pixels: against OpenCV, cited formulas and modules assembled from text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import cv2
import numpy as np
import pytest

from kognic.io.model.calibration import DistortionCoefficients
from kognic.scenes.geometry import (
    CameraError,
    Projection,
    ProjectionUnavailableError,
    Rigid,
    can_project,
    project,
)
from kognic.scenes.geometry.projection import is_camera, kind_of, optics_of, project_with
from tests.scenes.geometry import conftest as make

TOLERANCE = 1e-6
SEEDS = range(8)
WIDTH, HEIGHT = make.WIDTH, make.HEIGHT


def extrinsics(calibration: Any) -> tuple[np.ndarray, np.ndarray]:
    """Rotation vector and translation from the reference system to the camera, as OpenCV has them."""
    motion = Rigid.of_sensor(calibration).inverse()
    return cv2.Rodrigues(motion.rotation)[0], motion.position.reshape(3, 1)


def camera_matrix(calibration: Any) -> np.ndarray:
    m = calibration.camera_matrix
    return np.array([[m.fx, 0, m.cx], [0, m.fy, m.cy], [0, 0, 1]])


def coefficients(lens: DistortionCoefficients, count: int = 5) -> np.ndarray:
    return np.array([lens.k1, lens.k2, lens.p1, lens.p2, lens.k3][:count])


def rays(rng: np.random.Generator, widest_deg: float, count: int = 20_000) -> np.ndarray:
    """Points in the camera system at 1 to 80 m, up to so far from the axis."""
    angle, around = np.radians(rng.uniform(0, widest_deg, count)), rng.uniform(0, 2 * np.pi, count)
    direction = np.column_stack(
        [np.sin(angle) * np.cos(around), np.sin(angle) * np.sin(around), np.cos(angle)]
    )
    return direction * rng.uniform(1, 80, (count, 1))


def random_matrix(rng: np.random.Generator, shortest: float, longest: float) -> Any:
    fx = rng.uniform(shortest, longest)
    return make.matrix(fx, fx * rng.uniform(0.9, 1.1), rng.uniform(800, 1100), rng.uniform(500, 700))


def random_lens(rng: np.random.Generator) -> dict[str, float]:
    scale = {"k1": 0.3, "k2": 0.1, "p1": 0.003, "p2": 0.003, "k3": 0.03}
    return {name: float(rng.uniform(-size, size)) for name, size in scale.items()}


def random_pinhole(rng: np.random.Generator) -> Any:
    return make.pinhole(random_lens(rng), camera_matrix=random_matrix(rng, 700, 2500), **make.anywhere(rng))


def random_fisheye(rng: np.random.Generator) -> Any:
    lens = {**random_lens(rng), "k3": 0.0}  # OpenCV's omnidir has no k3
    common = {"camera_matrix": random_matrix(rng, 700, 1500), **make.anywhere(rng)}
    return make.fisheye(rng.uniform(0.2, 2.5), lens, **common)


def random_kannala(rng: np.random.Generator) -> Any:
    forward = tuple(rng.uniform(-1, 1, 4) * (0.05, 0.01, 0.003, 0.001))
    return make.kannala(forward, camera_matrix=random_matrix(rng, 300, 900), **make.anywhere(rng))


def opencv_pinhole(points: np.ndarray, camera: Any) -> np.ndarray:
    lens = coefficients(camera.distortion_coefficients)
    return cv2.projectPoints(points, *extrinsics(camera), camera_matrix(camera), lens)[0][:, 0]


def opencv_omnidir(points: np.ndarray, camera: Any) -> np.ndarray:
    lens = coefficients(camera.distortion_coefficients, 4)
    place = extrinsics(camera)
    return cv2.omnidir.projectPoints(points[None], *place, camera_matrix(camera), camera.xi, lens)[0][0]


def opencv_fisheye(points: np.ndarray, camera: Any) -> np.ndarray:
    k = camera.distortion_coefficients
    lens = np.array([k.k1, k.k2, k.p1, k.p2])
    # OpenCV takes x / z, which leaves points beside and behind the camera to others.
    return cv2.fisheye.projectPoints(points[None], *extrinsics(camera), camera_matrix(camera), lens)[0][0]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("camera_of", "reference", "widest_deg"),
    [
        (random_pinhole, opencv_pinhole, 70),
        (random_fisheye, opencv_omnidir, 110),
        (random_kannala, opencv_fisheye, 89),
    ],
    ids=["pinhole", "fisheye", "kannala"],
)
def test_project_agrees_with_opencv(
    seed: int,
    camera_of: Callable[[np.random.Generator], Any],
    reference: Callable[[np.ndarray, Any], np.ndarray],
    widest_deg: float,
) -> None:
    """Pixels of points in view are OpenCV's to a millionth of a pixel, in the reference system."""
    rng = np.random.default_rng(seed)
    camera = camera_of(rng)
    points = Rigid.of_sensor(camera).apply(rays(rng, widest_deg))

    found = project(points, camera)

    expected = reference(points, camera)
    assert found.visible.sum() > 1000
    assert np.abs(found.pixels - expected)[found.visible].max() < TOLERANCE


def test_fisheye_without_xi_is_a_pinhole() -> None:
    """The unified model with xi = 0 is a pinhole, k3 included."""
    rng = np.random.default_rng(3)
    lens = random_lens(rng)
    points = rays(rng, 50)

    one = project(points, make.fisheye(0.0, lens), frame="camera")
    other = project(points, make.pinhole(lens), frame="camera")

    assert np.array_equal(one.visible, other.visible)
    assert np.abs(one.pixels - other.pixels)[one.visible].max() < TOLERANCE


def test_kannala_looks_behind() -> None:
    """A lens of more than 180 degrees sees points behind the camera, by the formula in angles."""
    camera = make.kannala((0.02, -0.004, 0.0005, 0.0), camera_matrix=make.matrix(280, 281, 950, 600))
    angle = np.radians(100.0)
    points = 7 * np.array([[np.sin(angle), 0, np.cos(angle)], [0, -np.sin(angle), np.cos(angle)]])

    found = project(points, camera, frame="camera")

    radius = angle * (1 + 0.02 * angle**2 - 0.004 * angle**4 + 0.0005 * angle**6)
    assert found.pixels == pytest.approx(
        np.array([[950 + 280 * radius, 600], [950, 600 - 281 * radius]]), abs=TOLERANCE
    )
    assert found.visible.tolist() == [True, True]


def test_cylindrical_is_szeliskis() -> None:
    """Szeliski, Computer Vision (2010), 9.1.6: `x' = s atan(x / f)`, `y' = s y / sqrt(x^2 + f^2)`."""
    camera = make.cylindrical(camera_matrix=make.matrix(700, 650, 955, 610))
    points = rays(np.random.default_rng(1), 60)
    f = 1.0
    x, y = f * points[:, 0] / points[:, 2], f * points[:, 1] / points[:, 2]

    found = project(points, camera, frame="camera")

    expected = np.column_stack([955 + 700 * np.arctan(x / f), 610 + 650 * y / np.sqrt(x**2 + f**2)])
    assert np.abs(found.pixels - expected).max() < TOLERANCE


def test_cylindrical_is_opencvs() -> None:
    """OpenCV's cylindrical warper, all around; it computes with 32-bit floats."""
    scale = 300.0
    camera = make.cylindrical(camera_matrix=make.matrix(scale, scale))
    warper = cv2.PyRotationWarper("cylindrical", scale)
    unit = np.eye(3, dtype=np.float32)
    points = rays(np.random.default_rng(2), 180, 200)
    points = points[np.abs(points[:, 2]) > 0.1]
    # The warper takes pixels of a pinhole with focal length 1, so the ray in front of it.
    points[:, :2] *= np.sign(points[:, 2:])
    points[:, 2] = np.abs(points[:, 2])

    found = project(points, camera, frame="camera").pixels

    for (x, y, z), pixel in zip(points, found, strict=True):
        warped = warper.warpPoint((float(x / z), float(y / z)), unit, unit)
        assert pixel - (960, 604) == pytest.approx(warped, abs=1e-2)


def test_custom_camera_runs_its_module() -> None:
    """A module assembled from text gives the pixels that its formula says, for more points than a block."""
    rng = np.random.default_rng(4)
    place = make.anywhere(rng)
    camera, plain = make.custom(**place), make.pinhole(**place)
    points = rng.uniform(-30, 30, (30_000, 3))

    found, expected = project(points, camera), project(points, plain)

    assert np.array_equal(found.visible, expected.visible)
    np.testing.assert_allclose(found.pixels, expected.pixels, rtol=1e-12, atol=TOLERANCE)


@pytest.mark.parametrize(
    "camera",
    [make.principal_point_distortion(), make.fused_cylindrical(), make.principal_point_fisheye()],
    ids=kind_of,
)
def test_unpublished_models_say_so(camera: Any) -> None:
    """Cameras whose formula the platform keeps to itself are refused in plain words, never guessed."""
    assert not can_project(camera)
    assert is_camera(camera)

    with pytest.raises(ProjectionUnavailableError, match=f"does not publish how {kind_of(camera)} cameras"):
        project(np.zeros((1, 3)), camera)


def test_lidar_is_no_camera() -> None:
    """A lidar is refused by name."""
    sensor = make.lidar()
    assert not can_project(sensor)
    assert not is_camera(sensor)

    with pytest.raises(CameraError, match="type lidar is no camera"):
        optics_of(sensor)


def test_points_of_another_shape_are_refused() -> None:
    """Rows of three coordinates, nothing else."""
    with pytest.raises(ValueError, match=r"points has shape \(3,\), must be \(N, 3\)"):
        project([1, 2, 3], make.pinhole())


def test_zero_quaternion_is_refused() -> None:
    """A pose without direction cannot be used; the camera's own system can."""
    camera = make.pinhole(**make.placed((0, 0, 0, 0)))

    with pytest.raises(ValueError, match="has no direction"):
        project([[0, 0, 1]], camera)
    assert project([[0, 0, 1]], camera, frame="camera").visible.all()


@pytest.mark.parametrize(
    ("camera", "place"),
    [
        (make.pinhole({"k3": np.nan}), "distortion_coefficients.k3"),
        (make.fisheye(np.inf), "xi"),
        (make.cylindrical(camera_matrix=make.matrix(cx=np.nan)), "camera_matrix.cx"),
    ],
    ids=["pinhole", "fisheye", "cylindrical"],
)
def test_numbers_that_are_none_are_refused(camera: Any, place: str) -> None:
    """The message names the number."""
    with pytest.raises(CameraError, match=f"{place} is (nan|inf), so nothing can be projected"):
        project([[0, 0, 1]], camera)


def test_no_points_give_nothing() -> None:
    """An empty array is projected to an empty array."""
    found = project(np.empty((0, 3)), make.pinhole())

    assert len(found) == 0
    assert found.pixels.shape == (0, 2)


def test_visible_is_inside_the_image() -> None:
    """The left and upper edge belong to the image, the right and lower do not; behind is nowhere."""
    camera = make.pinhole()
    at = [(-0.49, -0.49), (WIDTH - 0.49, 604), (960, HEIGHT - 0.49), (-0.51, 604), (1919.49, 1207.49)]
    points = [[(u - 960) / 1000 * 8, (v - 604) / 1000 * 8, 8] for u, v in at]

    found = project([*points, [0, 0, -8]], camera, frame="camera")

    assert found.visible.tolist() == [True, False, False, False, True, False]
    assert np.isnan(found.pixels[-1]).all()


def test_depth_is_the_distance_from_the_camera() -> None:
    """Also for points that are not seen."""
    camera = make.pinhole(**make.placed(position=(1, 2, 3)))

    found = project([[4, 6, 3], [1, 2, -9]], camera)

    assert found.depth == pytest.approx([5, 12])


def test_pinhole_leaves_out_what_folds_back() -> None:
    """Beyond the radius where strong barrel distortion turns back, a point is not seen but NaN."""
    camera = make.pinhole({"k1": -0.3})

    found = project([[0.5, 0, 1], [3, 0, 1]], camera, frame="camera")

    assert found.visible.tolist() == [True, False]
    assert np.isnan(found.pixels[1]).all()


def test_kannala_leaves_out_what_folds_back() -> None:
    """Likewise where the polynomial in the angle turns back."""
    camera = make.kannala((-0.2, 0, 0, 0))
    beyond = np.radians(80.0)

    found = project([[0.2, 0, 1], [np.sin(beyond), 0, np.cos(beyond)]], camera, frame="camera")

    assert found.visible.tolist() == [True, False]


@pytest.mark.parametrize("xi", [0.4, 1.0, 2.0])
def test_fisheye_sees_each_pixel_once(xi: float) -> None:
    """Where two points of the sphere would meet in a pixel, only the nearer to the axis is seen."""
    limit = np.degrees(np.arccos(-xi if xi <= 1 else -1 / xi))
    camera = make.fisheye(xi, camera_matrix=make.matrix(100, 100))
    angles = np.radians([limit - 40, min(limit + 1, 180)])
    points = np.column_stack([np.sin(angles), 0 * angles, np.cos(angles)])

    found = project(points, camera, frame="camera")

    assert found.visible.tolist() == [True, False]


def test_points_at_infinity_are_not_seen() -> None:
    """NaN and infinite coordinates come out as NaN, without a warning."""
    found = project([[np.nan, 0, 1], [np.inf, 0, 1], [0, 0, 1]], make.pinhole(), frame="camera")

    assert found.visible.tolist() == [False, False, True]


def test_project_with_takes_any_formula() -> None:
    """A custom formula and pose, for tools that try many."""

    def orthographic(x: Any, y: Any, z: Any) -> Any:
        return x, y, z > 0

    motion = Rigid(np.eye(3), np.array([10.0, 20, 0]))

    found = project_with(np.array([[1.0, 2, 3], [500, 0, 3]]), motion, orthographic, (100, 50))

    assert isinstance(found, Projection)
    assert found.pixels.tolist() == [[11, 22], [510, 20]]
    assert found.visible.tolist() == [True, False]


def test_project_does_not_change_its_input() -> None:
    """Points are read only; lists and 32-bit arrays will do."""
    points = np.array([[0.1, 0.2, 3]], dtype=np.float32)
    points.setflags(write=False)

    found = project(points, make.pinhole(), frame="camera")

    assert found.pixels.dtype == np.float64
    assert len(attrs.astuple(found, recurse=False)) == 3


def test_kannala_at_the_cameras_centre() -> None:
    """The centre itself has no direction, so no pixel; right ahead is the principal point."""
    found = project([[0, 0, 0], [0, 0, 1]], make.kannala(), frame="camera")

    assert found.visible.tolist() == [False, True]
    assert np.isnan(found.pixels[0]).all()
    matrix = make.kannala().camera_matrix
    assert found.pixels[1] == pytest.approx([matrix.cx, matrix.cy])


def test_tangential_terms_do_not_fold() -> None:
    """No two points in view of a strongly decentred lens share a pixel: beyond the fold there is none."""
    camera = make.pinhole({"p2": 0.12})
    # u = x + 0.12 (3 x^2 + y^2) turns back at x = -1 / 0.72 on the axis.
    x = np.linspace(-3, 1, 4001)
    points = np.column_stack([x, np.zeros_like(x), np.ones_like(x)])

    pixels = project(points, camera, frame="camera").pixels[:, 0]

    kept = np.isfinite(pixels)
    assert x[kept].min() == pytest.approx(-1 / 0.72, abs=2e-3)
    assert np.all(np.diff(pixels[kept]) > 0)


def test_borders_are_half_a_pixel_out() -> None:
    """The first pixel reaches from -0.5 to 0.5, the last to half a pixel before the width."""
    camera = make.pinhole()
    m = camera.camera_matrix
    columns = np.array([-0.51, -0.5, camera.image_width - 0.51, camera.image_width - 0.5])
    points = np.column_stack([(columns - m.cx) / m.fx, np.zeros(4), np.ones(4)])

    assert project(points, camera, frame="camera").visible.tolist() == [False, True, True, False]
