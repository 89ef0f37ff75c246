"""Cuboids through lenses: where OpenCV says, curved, and cut where the camera sees no more."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kognic.io.model.calibration import CameraMatrix, KannalaCalibration
from kognic.io.model.calibration.camera.standard import (
    KannalaDistortionCoefficients,
    UndistortionCoefficients,
)
from kognic.scenes.geometry.poses import Rigid, rotation_matrix
from kognic.scenes.geometry.projection import optics_of
from kognic.viewer.stills.shapes import simplified
from kognic.viewer.stills.stage import Lens
from kognic.viewer.stills.wireframe import STEP_M, Cuboid, project_lines, subdivided
from tests.viewer.stills.rigs import (
    CAMERA,
    HEIGHT,
    MATRIX,
    WIDTH,
    lens_coefficients,
    pinhole,
    pose_values,
)

AHEAD_Y = [8.0, 0.5, 0.7, 0, 0, np.sin(-np.pi / 4), np.cos(-np.pi / 4), 1.8, 4.4, 1.6]
STRAIGHT = dict.fromkeys(("k1", "k2", "p1", "p2", "k3"), 0.0)


def project(cuboid: Cuboid, lens: Lens) -> list[list[np.ndarray]]:
    return project_lines(cuboid.edges(), lens.mounting.inverse(), lens.to_pixels, lens.size)


def test_front_is_along_y() -> None:
    """A cuboid of heading 0 points along +y; `sx` is its width, `sy` its length."""
    corners = Cuboid.of_openlabel([1, 2, 3, 0, 0, 0, 1, 2, 4, 6]).corners

    assert corners.min(axis=0).tolist() == [0, 0, 0]
    assert corners.max(axis=0).tolist() == [2, 4, 6]
    assert (corners[[2, 3, 6, 7], 1] == 4).all()
    assert (corners[:4, 2] == 0).all()


def test_quaternion_is_scalar_last() -> None:
    """A quarter turn to the right leads the front from +y to +x."""
    cuboid = Cuboid.of_openlabel(AHEAD_Y)

    assert np.allclose(cuboid.pose.rotation @ [0, 1, 0], [1, 0, 0])
    assert np.allclose(np.ptp(cuboid.corners, axis=0), [4.4, 1.8, 1.6])
    assert np.allclose(np.vstack(cuboid.front())[:, 0], 8 + 2.2)


@pytest.mark.parametrize("val", [[1] * 9, [0, 0, 0, 0, 0, 0, 0, 1, 1, 1], [np.nan] + [1] * 9])
def test_what_is_no_cuboid(val: list[float]) -> None:
    with pytest.raises(ValueError, match=r"cuboid has|has no direction"):
        Cuboid.of_openlabel(val)


def test_moving_moves_corners() -> None:
    cuboid = Cuboid.of_openlabel(AHEAD_Y)
    motion = Rigid(rotation_matrix([0.9, 0.1, -0.2, 0.4]), np.array([3.0, -2, 1]))

    assert np.allclose(cuboid.moved(motion).corners, motion.apply(cuboid.corners))


def test_pieces_are_short_and_keep_corners() -> None:
    line = subdivided(np.array([[0.0, 0, 0], [1.03, 0, 0], [1.03, 2, 0]]))

    assert np.linalg.norm(np.diff(line, axis=0), axis=1).max() <= STEP_M + 1e-12
    assert line[[0, -1]].tolist() == [[0, 0, 0], [1.03, 2, 0]]
    assert (line == [1.03, 0, 0]).all(axis=1).sum() == 1


def test_edges_are_where_opencv_puts_them() -> None:
    """Every point of every edge of a car in view, through a distorted lens."""
    cuboid = Cuboid.of_openlabel(AHEAD_Y)
    edges = cuboid.edges()
    lens = Lens.of(pinhole())

    parts = project(cuboid, lens)

    points = CAMERA.inverse().apply(np.vstack(edges))
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), MATRIX, lens_coefficients())
    assert [len(found) for found in parts] == [1] * 12
    assert np.abs(np.vstack([part for found in parts for part in found]) - expected[:, 0]).max() < 1e-6


def test_edges_through_a_fisheye() -> None:
    """The same for the Kannala model, against OpenCV's fisheye."""
    camera = KannalaCalibration(
        **pose_values(CAMERA),
        camera_matrix=CameraMatrix(fx=300, fy=301, cx=318, cy=242),
        distortion_coefficients=KannalaDistortionCoefficients(k1=0.05, k2=-0.01, p1=0.003, p2=-0.001),
        undistortion_coefficients=UndistortionCoefficients(l1=0, l2=0, l3=0, l4=0),
        image_width=WIDTH,
        image_height=HEIGHT,
    )
    cuboid = Cuboid.of_openlabel(AHEAD_Y)

    parts = project(cuboid, Lens.of(camera))

    points = CAMERA.inverse().apply(np.vstack(cuboid.edges()))
    matrix = np.array([[300.0, 0, 318], [0, 301.0, 242], [0, 0, 1]])
    coefficients = np.array([0.05, -0.01, 0.003, -0.001])
    expected, _ = cv2.fisheye.projectPoints(points[:, None], np.zeros(3), np.zeros(3), matrix, coefficients)
    assert np.abs(np.vstack([part for found in parts for part in found]) - expected[:, 0]).max() < 1e-6


def test_distortion_bends_edges() -> None:
    """A long wall near the rim: straight without distortion, curved with it."""
    wall = [subdivided(np.array([[6.0, -2.2, 2.3], [6.0, 2.4, 2.3]]))]
    bent, straight = Lens.of(pinhole()), Lens.of(pinhole(**STRAIGHT))

    lines = [
        project_lines(wall, lens.mounting.inverse(), lens.to_pixels, lens.size)[0][0]
        for lens in (bent, straight)
    ]

    assert len(simplified(lines[0])) > 4
    assert len(simplified(lines[1])) == 2


def test_edges_end_behind_the_camera() -> None:
    """A truck beside the camera: what is behind is not drawn, nor mirrored to the other side."""
    lens = Lens.of(pinhole())
    beside = [subdivided(np.array([[-9.0, 2.0, 1.0], [15.0, 2.0, 1.0]]))]

    (parts,) = project_lines(beside, lens.mounting.inverse(), lens.to_pixels, lens.size)

    (part,) = parts
    assert part[:, 0].max() < MATRIX[0, 2]
    assert -0.25 * WIDTH < part[:, 0].min() < 0
    assert np.isfinite(part).all()
    behind = Cuboid.of_openlabel([-20.0, *AHEAD_Y[1:]])
    assert project(behind, lens) == [[]] * 12


def test_edges_far_outside_are_left_out() -> None:
    lens = Lens.of(pinhole(**STRAIGHT))
    above = [subdivided(np.array([[5.0, -1, 30], [5.0, 1, 30]]))]

    assert project_lines(above, lens.mounting.inverse(), lens.to_pixels, lens.size) == [[]]
    assert project_lines([], lens.mounting.inverse(), lens.to_pixels, lens.size) == []


def test_lines_do_not_jump_across_the_seam() -> None:
    """Behind a cylinder the columns start again; a line there has two parts."""
    from kognic.io.model.calibration import CylindricalCalibration

    camera = CylindricalCalibration(
        **pose_values(CAMERA),
        camera_matrix=CameraMatrix(fx=100, fy=100, cx=315, cy=240),
        image_width=630,
        image_height=HEIGHT,
    )
    behind = subdivided(np.array([[-8.0, -3.0, 1.2], [-8.0, 3.0, 1.2]]))

    (parts,) = project_lines([behind], CAMERA.inverse(), optics_of(camera), (630, HEIGHT))

    assert len(parts) == 2
    assert max(np.abs(np.diff(part[:, 0])).max() for part in parts) < 5
