"""The classic mistakes, each as the calibration or recording that would be right if it was made.

A hypothesis undoes one mistake. Which of them, if any, explains the data is for `verdict`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import attrs
import numpy as np

from kognic.scenes.geometry.poses import (
    FloatArray,
    Rigid,
    quaternion_of,
    rotate_about,
    rotation_matrix,
    rotation_rpy,
)

# Camera axes right, down, forward as columns, in the systems that people take for the camera's.
AXES = {
    "x forward, y left, z up": np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]]),
    "x forward, y right, z down": np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]),
    "x right, y up, z backward": np.array([[1.0, 0, 0], [0, -1, 0], [0, 0, -1]]),
    "x right, y forward, z up": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
}


# Matrices that the points of a lidar are multiplied by, and what was done if that makes them fit.
LIDAR_AXES = {
    "lidar-mirrored": [
        ("the y axis of the lidar points the other way: left and right are exchanged", np.diag([1.0, -1, 1]))
    ],
    "lidar-axes": [("x and y of the lidar are exchanged", np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]))],
    "lidar-yaw": [
        (f"the lidar is rotated by {angle} degrees about its z axis", matrix)
        for angle, matrix in (
            (90, np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])),
            (-90, np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])),
            (180, np.diag([-1.0, -1, 1])),
        )
    ],
}


@attrs.frozen(eq=False, kw_only=True)
class Hypothesis:
    """A mistake that may have been made.

    Attributes:
        code: The rule that it breaks.
        mistake: What was done, as a sentence.
        hint: What to do about it.
        pose: Motion from the sensor to the reference system if the mistake was made; None as given.
        other: The camera whose calibration it is, for swapped cameras.
        mirrored, upside_down: The image is flipped left to right, top to bottom.
        points: Matrix that the points of the lidar are to be multiplied by, shape (3, 3).
    """

    code: str
    mistake: str
    hint: str
    pose: Rigid | None = None
    other: str | None = None
    mirrored: bool = False
    upside_down: bool = False
    points: FloatArray | None = None


def hypotheses(name: str, poses: Mapping[str, Rigid], quaternion: FloatArray) -> Iterator[Hypothesis]:
    """Every classic mistake about one camera.

    Args:
        name: The camera.
        poses: Motion from each camera to the reference system as given, this one included.
        quaternion: The camera's quaternion as given, `w, x, y, z`.
    """
    given = poses[name]
    yield from mistaken_poses(given, quaternion)
    for axes, columns in AXES.items():
        yield Hypothesis(
            code="axes-convention",
            mistake=f"the camera's axes are taken as {axes}",
            hint="use the pose of a camera system with x right, y down, z forward",
            pose=Rigid(given.rotation @ columns, given.position),
        )
    for other, pose in poses.items():
        if other != name:
            yield Hypothesis(
                code="cameras-swapped",
                mistake=f"the camera has the calibration of {other}",
                hint=f"check whether {name} and {other} are swapped, in the calibration or in the scene",
                pose=pose,
                other=other,
            )
    yield from _flipped()


def _flipped() -> Iterator[Hypothesis]:
    hint = "upload the image as the camera took it, or calibrate with images flipped the same way"
    for mirrored, upside_down, what in (
        (True, False, "mirrored: left and right are exchanged"),
        (False, True, "flipped: top and bottom are exchanged"),
        (True, True, "upside down: it is rotated by 180 degrees"),
    ):
        yield Hypothesis(
            code="image-mirrored" if mirrored != upside_down else "image-upside-down",
            mistake=f"the image is {what}",
            hint=hint,
            mirrored=mirrored,
            upside_down=upside_down,
        )


def mistaken_axes() -> Iterator[Hypothesis]:
    """The mistakes that may be made in the coordinates of a lidar's points."""
    for code, found in LIDAR_AXES.items():
        for mistake, matrix in found:
            yield Hypothesis(
                code=code,
                mistake=mistake,
                hint="correct the coordinates of the points, or the lidar's rotation_quaternion",
                points=matrix,
            )


def mistaken_poses(given: Rigid, quaternion: FloatArray) -> Iterator[Hypothesis]:
    """The mistakes that may be made in the pose of any sensor.

    Args:
        given: Motion from the sensor to the reference system as given.
        quaternion: Its quaternion as given, `w, x, y, z`.
    """
    yield from _inverted(given)
    yield from _reordered(given, quaternion)
    yield from _radians(given)
    yield from _euler_order(given)


def _inverted(given: Rigid) -> Iterator[Hypothesis]:
    hint = (
        "position is where the sensor sits in the reference system; cv2.solvePnP, KITTI and many calibration "
        "tools return the opposite transform: invert their 4x4 matrix first"
    )
    yield Hypothesis(
        code="pose-inverted",
        mistake="the pose is inverted: it maps points from the reference system to the sensor, and has to "
        "map them from the sensor to the reference system",
        hint=hint,
        pose=given.inverse(),
    )
    yield Hypothesis(
        code="pose-inverted",
        mistake="rotation_quaternion is inverted: it rotates from the reference system to the sensor, and "
        "has to rotate from the sensor to the reference system; position is right",
        hint=hint,
        pose=Rigid(given.rotation.T, given.position),
    )


def _reordered(given: Rigid, quaternion: FloatArray) -> Iterator[Hypothesis]:
    a, b, c, d = quaternion
    for numbers, order in (((d, a, b, c), "x, y, z, w"), ((b, c, d, a), "z, w, x, y")):
        try:
            rotation = rotation_matrix(numbers)
        except ValueError:
            continue
        yield Hypothesis(
            code="quaternion-order",
            mistake=f"w, x, y, z of the quaternion hold the values of {order}",
            hint="name the components; the platform's models have w first, many libraries have it last",
            pose=Rigid(rotation, given.position),
        )


def _radians(given: Rigid) -> Iterator[Hypothesis]:
    """Angles in radians were read as degrees: all turns are tiny, and 57 times larger in truth."""
    angle, axis = _axis_angle(given.rotation)
    roll, pitch, yaw = _euler(given.rotation)
    # Angles up to pi read as degrees stay below pi degrees, and 5 % for rounding; without a turn there is no
    # mistake to see.
    if max(abs(roll), abs(pitch), abs(yaw)) > np.radians(np.pi) * 1.05 or angle < 1e-4:
        return
    hint = "convert the angles to the unit that your library expects before making the quaternion"
    factor = math.degrees(1)
    candidates = {
        "roll, pitch and yaw": rotation_rpy(roll * factor, pitch * factor, yaw * factor),
        "the rotation vector": rotate_about(axis, math.degrees(angle * factor)),
    }
    for what, rotation in candidates.items():
        yield Hypothesis(
            code="angle-unit",
            mistake=f"{what} in radians were taken for degrees",
            hint=hint,
            pose=Rigid(rotation, given.position),
        )


def _euler_order(given: Rigid) -> Iterator[Hypothesis]:
    """Roll, pitch and yaw were multiplied in the other order."""
    roll, pitch, yaw = _euler(given.rotation)
    # The other order is the inverse of the same one with all angles negative.
    meant = rotation_rpy(-roll, -pitch, -yaw).T
    yield Hypothesis(
        code="euler-order",
        mistake="roll, pitch and yaw are combined as Rz Ry Rx where they mean Rx Ry Rz",
        hint="use the order that your source documents, or convert its rotation matrix",
        pose=Rigid(meant, given.position),
    )


def _axis_angle(rotation: FloatArray) -> tuple[float, FloatArray]:
    w, *xyz = quaternion_of(rotation)
    axis = np.array(xyz)
    length = float(np.linalg.norm(axis))
    # No rotation: any axis will do.
    if length < 1e-12:
        return 0.0, np.array([0.0, 0, 1])
    return 2 * float(np.arctan2(length, w)), axis / length


def _euler(rotation: FloatArray) -> tuple[float, float, float]:
    """Roll, pitch and yaw, radians, of `Rz(yaw) Ry(pitch) Rx(roll)`."""
    r = rotation
    pitch = float(np.arcsin(np.clip(-r[2, 0], -1, 1)))
    return float(np.arctan2(r[2, 1], r[2, 2])), pitch, float(np.arctan2(r[1, 0], r[0, 0]))
