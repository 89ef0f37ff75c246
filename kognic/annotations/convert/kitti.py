"""KITTI object labels: text files with a line per object, in the rectified camera system.

Format: `readme.txt` of the object development kit (Geiger et al., 2013). A line has type, truncated,
occluded, alpha, left, top, right, bottom, height, width, length, x, y, z, rotation_y and, for results, a
score. The position is the middle of the bottom face in the system of the rectified camera 0 (x right, y
down, z forward), metres; rotation_y is about the camera's y axis and 0 looks along +x. `truncated` is 0 to
1; `occluded` is 0 (visible), 1 (partly), 2 (largely) or 3 (unknown). `DontCare` regions have a bounding box
only. Labels exist only for what the image shows, so bounding boxes end at its border.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.annotation_errors import AnnotationError
from kognic._core.standard_classes import keep_class
from kognic.annotations.cuboids import Convention, as_pose, corners, fronts, to_kognic, transform
from kognic.annotations.labels import Box2D, Label
from kognic.annotations.rotations import FloatArray, about_z, multiply

DONT_CARE = "DontCare"
# The devkit's readme: 0 visible, 1 partly, 2 largely occluded, 3 unknown.
_OCCLUSION_UNKNOWN = 3
_NEAR_M = 0.1
"""Parts of a cuboid closer to the camera's plane than this have no place in its image."""
# Corners of `kognic.annotations.cuboids.corners` that edges connect.
_EDGES = [(i, (i + 1) % 4) for i in range(4)] + [(i + 4, (i + 1) % 4 + 4) for i in range(4)]
_EDGES += [(i, i + 4) for i in range(4)]

# The camera's y is down: a cuboid that stands upright has its own z along -y. This quaternion (x, y, z, w)
# takes its axes x, y, z to the camera's x, z, -y: +90 degrees about x. A turn about +y is one about -z of
# the upright cuboid.
_UPRIGHT = np.array([math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5)])
_BODY = Convention(heading="+x", sizes="hwl", quaternion="xyzw")


Edges = tuple[float, float, float, float]
"""Left, top, right, bottom, pixels."""


@attrs.frozen(kw_only=True)
class KittiObject:
    """A line of a label file as it stands, in the system of the rectified camera 0.

    Attributes:
        number: Of the line, from 1.
        kind: Its type, for example `Car` or `DontCare`.
        truncated, occluded, alpha: -1 (alpha: -10) where unknown.
        edges: Of the bounding box: left, top, right, bottom, pixels.
        size: Height, width, length, metres.
        bottom: Middle of the bottom face, metres.
        rotation_y: Radians.
        score: Of results; None of labels.
    """

    number: int
    kind: str
    truncated: float
    occluded: float
    alpha: float
    edges: Edges
    size: tuple[float, float, float]
    bottom: tuple[float, float, float]
    rotation_y: float
    score: float | None


def read_objects(text: str) -> Iterator[KittiObject]:
    """Read the lines of a label file.

    Raises:
        AnnotationError: A line does not have 15 or 16 words, or a number is none; names the line.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) not in (15, 16):
            raise AnnotationError(f"line {number} has {len(words)} words, a KITTI label has 15, a result 16")
        try:
            values = [float(word) for word in words[1:]]
        except ValueError as error:
            raise AnnotationError(f"line {number}: {error}") from error
        left, top, right, bottom, height, width, length, x, y, z, rotation_y = values[3:14]
        yield KittiObject(
            number=number,
            kind=words[0],
            truncated=values[0],
            occluded=values[1],
            alpha=values[2],
            edges=(left, top, right, bottom),
            size=(height, width, length),
            bottom=(x, y, z),
            rotation_y=rotation_y,
            score=values[14] if len(values) == 15 else None,
        )


def from_kitti(
    text: str,
    *,
    frame_id: str,
    camera: str,
    camera_from_lidar: npt.ArrayLike,
) -> list[Label]:
    """Read a label file.

    Args:
        text: Its content.
        frame_id: The frame it belongs to; also part of the tracks, because KITTI has none.
        camera: Name of the camera whose image the boxes are in.
        camera_from_lidar: Transform from the lidar to the rectified camera 0, shape (4, 4): R0_rect
            Tr_velo_to_cam.

    Returns:
        One label per line. Cuboids are in the lidar's system. `truncated`, `occluded` and `alpha` are
        properties, unless unknown (-1, alpha -10).

    Raises:
        AnnotationError: A line does not have 15 or 16 words, or an invalid number; names the line.
    """
    lidar_from_camera = np.asarray(np.linalg.inv(as_pose(camera_from_lidar)), dtype=np.float64)
    labels: list[Label] = []
    for found in read_objects(text):
        properties = {}
        if found.truncated >= 0:
            properties["truncated"] = found.truncated
        if found.occluded >= 0:
            properties["occluded"] = found.occluded
        if found.alpha > -10:
            properties["alpha"] = found.alpha
        labels.append(
            Label(
                frame_id=frame_id,
                track=f"{frame_id}-{len(labels)}",
                class_name=found.kind,
                cuboid=_to_lidar(found, lidar_from_camera) if found.kind != DONT_CARE else None,
                boxes=[Box2D.of_corners(camera, *found.edges)],
                properties=properties,
                confidence=found.score,
            )
        )
    return labels


def _to_lidar(found: KittiObject, lidar_from_camera: FloatArray) -> list[float]:
    (height, width, length), (x, y, z), rotation_y = found.size, found.bottom, found.rotation_y
    # y is down: the centre is half a height above the bottom.
    rotation = multiply(_UPRIGHT, about_z([-rotation_y]))
    in_camera = to_kognic([[x, y - height / 2, z]], [[height, width, length]], _BODY, quaternions=rotation)
    moved: list[float] = transform(in_camera, lidar_from_camera)[0].tolist()
    return moved


def to_kitti(
    labels: Iterable[Label],
    *,
    camera: str,
    camera_from_lidar: npt.ArrayLike,
    projection: npt.ArrayLike | None = None,
    image_size: tuple[int, int] | None = None,
) -> tuple[str, dict[str, int]]:
    """Write labels of one frame as a label file.

    Args:
        labels: Cuboids in the lidar's system.
        camera: Camera whose bounding boxes are written.
        camera_from_lidar: Takes lidar coordinates to the rectified camera 0, shape (4, 4).
        projection: P of the camera, shape (3, 4): gives objects without a bounding box in `camera` the box
            around their projected cuboid. Without it such objects are an error.
        image_size: Width and height, pixels, that boxes are clipped to. None clips nothing.

    Returns:
        The text, and what was left out: sentences with counts. Objects that the image does not show are left
        out. Without the property `truncated`, it is the part of the projected cuboid, else of the box, that
        is outside the image; -1 if neither is known. Without the property `occluded` (0 to 3), it is 3
        (unknown). Results, which have a confidence, have -1 for both. `alpha` is computed unless a property
        has it. Roll and pitch relative to the camera are lost, because KITTI has one angle.

    Raises:
        AnnotationError: An object has a cuboid, but no bounding box in `camera` and no projection, or its
            class has blanks.
    """
    pose = as_pose(camera_from_lidar)
    matrix = None if projection is None else np.asarray(projection, dtype=float).reshape(3, 4)
    lines, left_out = [], Counter[str]()
    for label in labels:
        if not label.class_name or len(label.class_name.split()) != 1:
            raise AnnotationError(
                f"track {label.track!r} has class {label.class_name!r}: KITTI needs one word"
            )
        boxes = [box.corners for box in label.boxes if box.camera == camera]
        if not boxes and label.cuboid is None:
            left_out[f"objects with neither a cuboid nor a bounding box in {camera}"] += 1
            continue
        if not boxes and matrix is None:
            raise AnnotationError(
                f"frame {label.frame_id!r}, track {label.track!r} has no bounding box in {camera!r}: "
                "give the projection, or omit the object"
            )
        shown = _shown(boxes, label.cuboid, pose, matrix, image_size)
        if shown is None:
            left_out[f"objects outside the image of {camera}"] += 1
        else:
            lines.append(_line(label, *shown, pose, left_out))
    return "".join(line + "\n" for line in lines), dict(left_out)


def _shown(
    boxes: Sequence[Edges],
    cuboid: Sequence[float] | None,
    pose: FloatArray,
    projection: FloatArray | None,
    size: tuple[int, int] | None,
) -> tuple[Edges, float] | None:
    """The box that the image shows, and the share of the object outside; None if it shows nothing."""
    around = None if cuboid is None or projection is None else _projected(cuboid, pose, projection)
    edges = boxes[0] if boxes else around
    clipped = None if edges is None else _clipped(edges, size)
    if edges is None or clipped is None:
        return None
    return clipped, _outside(around or edges, size)


def _in_camera(cuboid: Sequence[float], pose: FloatArray) -> list[float]:
    """Height, width, length, x, y, z of the bottom, rotation_y."""
    moved = transform(cuboid, pose)
    width, length, height = moved[0, 7:]
    x, y, z = moved[0, :3]
    front = fronts(moved)[0]
    # rotation_y about +y (down) takes +x to -z at +90 degrees.
    return [height, width, length, x, y + height / 2, z, math.atan2(-front[2], front[0])]


def _projected(cuboid: Sequence[float], pose: FloatArray, projection: FloatArray) -> Edges | None:
    """The box around a projected cuboid, as far as it is in front of the camera; None if it is behind."""
    points = corners(cuboid)[0] @ pose[:3, :3].T + pose[:3, 3]
    pixels = np.c_[points, np.ones(len(points))] @ projection.T
    shown = [pixel for pixel in pixels if pixel[2] >= _NEAR_M]
    for first, second in _EDGES:
        near, far = pixels[first], pixels[second]
        if (near[2] < _NEAR_M) != (far[2] < _NEAR_M):
            shown.append(near + (far - near) * (_NEAR_M - near[2]) / (far[2] - near[2]))
    if not shown:
        return None
    found = np.array(shown)
    flat = found[:, :2] / found[:, 2:]
    (left, top), (right, bottom) = flat.min(axis=0).tolist(), flat.max(axis=0).tolist()
    return left, top, right, bottom


def _clipped(edges: Edges, size: tuple[int, int] | None) -> Edges | None:
    """The part of a box inside the image, whose last pixel is at its size less one; None if there is none."""
    if size is None:
        return edges
    left, top, right, bottom = edges
    left, top = max(left, 0.0), max(top, 0.0)
    right, bottom = min(right, size[0] - 1.0), min(bottom, size[1] - 1.0)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _outside(edges: Edges, size: tuple[int, int] | None) -> float:
    """The share of a box outside the image, 0 to 1; -1 if the size of the image is not known."""
    if size is None:
        return -1.0
    inside = _clipped(edges, size)
    if inside is None:
        return 1.0
    return 1.0 - _area(inside) / _area(edges)


def _area(edges: Edges) -> float:
    return (edges[2] - edges[0]) * (edges[3] - edges[1])


def _line(label: Label, edges: Edges, truncated: float, pose: FloatArray, left_out: Counter[str]) -> str:
    is_result, is_region = label.confidence is not None, label.class_name == DONT_CARE
    if is_result or is_region:
        truncated = -1.0
    occluded: float = -1 if is_result or is_region else _OCCLUSION_UNKNOWN
    truncated = _given(label, "truncated", truncated, (0, 1), left_out)
    occluded = _given(label, "occluded", occluded, (0, 3), left_out)
    if label.cuboid is None:
        alpha, numbers = -10.0, [-1.0, -1.0, -1.0, -1000.0, -1000.0, -1000.0, -10.0]
    else:
        numbers = _in_camera(label.cuboid, pose)
        alpha = _wrapped(numbers[6] - math.atan2(numbers[3], numbers[5]))
    alpha = _given(label, "alpha", alpha, (-math.pi, math.pi), left_out)
    words = [label.class_name, _text(truncated), str(int(occluded)), _text(alpha)]
    words += [_text(value) for value in (*edges, *numbers)]
    if label.confidence is not None:
        words.append(_text(label.confidence))
    return " ".join(words)


def _given(
    label: Label, name: str, otherwise: float, limits: tuple[float, float], left_out: Counter[str]
) -> float:
    """The property of this name, if it has a value of KITTI's: teams use the same names for other things."""
    value = label.properties.get(name)
    if value is None:
        return otherwise
    # "not occluded" and "not truncated" are 0 in both; "occluded" does not say how much.
    if value is False and name != "alpha":
        return 0.0
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # Published angles are rounded, and may be a little beyond pi.
    if is_number and limits[0] - 0.01 <= value <= limits[1] + 0.01 and (name != "occluded" or value % 1 == 0):
        return float(value)
    # One sentence for all numbers: hardly two measurements are equal.
    which = f"other than {limits[0]:.3g} to {limits[1]:.3g}" if is_number else f"such as {value!r}"
    left_out[f"values of the property {name!r} that KITTI does not have, {which}"] += 1
    return otherwise


def _wrapped(angle: float) -> float:
    return math.atan2(math.sin(angle), math.cos(angle))


def _text(value: float) -> str:
    # Two decimals as published where they are enough, up to seven where they are not.
    number = round(float(value), 7)
    short = f"{number:.2f}"
    return short if float(short) == number else f"{number:.7f}".rstrip("0")


def read_calibration(path: str | Path) -> tuple[FloatArray, FloatArray]:
    """Read what labels need of a calibration file of the object benchmark.

    Returns:
        R0_rect Tr_velo_to_cam, shape (4, 4), from the lidar to the rectified camera 0; P2, shape (3, 4).

    Raises:
        AnnotationError: The file cannot be read, or a matrix is missing or has the wrong count of numbers.
    """
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise keep_class(AnnotationError(f"cannot read the calibration {path}: {error}"), error) from error
    values = {line.partition(":")[0].strip(): line.partition(":")[2].split() for line in lines}

    def matrix(name: str, shape: tuple[int, int]) -> FloatArray:
        words = values.get(name, [])
        if len(words) != shape[0] * shape[1]:
            raise AnnotationError(f"{path}: {name} has {len(words)} numbers, must have {shape[0] * shape[1]}")
        return np.array([float(word) for word in words]).reshape(shape)

    rectification, pose = np.eye(4), np.eye(4)
    rectification[:3, :3] = matrix("R0_rect", (3, 3))
    pose[:3] = matrix("Tr_velo_to_cam", (3, 4))
    return rectification @ pose, matrix("P2", (3, 4))


def calibration_text(camera_from_lidar: npt.ArrayLike, projection: npt.ArrayLike) -> str:
    """Write a calibration file of the object benchmark for a single rectified camera.

    Args:
        camera_from_lidar: Takes lidar coordinates to the camera, shape (4, 4).
        projection: P of the camera, shape (3, 4).

    Returns:
        The text, with the seven lines in the order that the development kit reads them by. All four cameras
        are the given one, R0_rect and Tr_imu_to_velo are identities.
    """
    matrices = {
        **{f"P{number}": np.asarray(projection, dtype=float).reshape(3, 4) for number in range(4)},
        "R0_rect": np.eye(3),
        "Tr_velo_to_cam": as_pose(camera_from_lidar)[:3],
        "Tr_imu_to_velo": np.eye(4)[:3],
    }
    lines = (
        f"{name}: {' '.join(f'{value:.12e}' for value in matrix.reshape(-1).tolist())}\n"
        for name, matrix in matrices.items()
    )
    return "".join(lines)
