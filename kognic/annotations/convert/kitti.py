"""KITTI object labels: text files with a line per object, in the rectified camera system.

Format: `readme.txt` of the object development kit (Geiger et al., 2013). A line has type, truncated,
occluded, alpha, left, top, right, bottom, height, width, length, x, y, z, rotation_y and, for results, a
score. The position is the middle of the bottom face in the system of the rectified camera 0 (x right, y
down, z forward), metres; rotation_y is about the camera's y axis and 0 looks along +x. `DontCare` regions
have a bounding box only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.annotation_errors import AnnotationError
from kognic._core.standard_classes import keep_class
from kognic.annotations.cuboids import Convention, as_pose, corners, fronts, to_kognic, transform
from kognic.annotations.labels import Box2D, Label
from kognic.annotations.rotations import FloatArray, about_z, multiply

DONT_CARE = "DontCare"
_UNKNOWN = {"truncated": -1.0, "occluded": -1.0}

# The camera's y is down: a cuboid that stands upright has its own z along -y. This quaternion (x, y, z, w)
# takes its axes x, y, z to the camera's x, z, -y: +90 degrees about x. A turn about +y is one about -z of
# the upright cuboid.
_UPRIGHT = np.array([math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5)])
_BODY = Convention(heading="+x", sizes="hwl", quaternion="xyzw")


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
    edges: tuple[float, float, float, float]
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
) -> str:
    """Write labels of one frame as a label file.

    Args:
        labels: Cuboids in the lidar's system.
        camera: Camera whose bounding boxes are written.
        camera_from_lidar: Takes lidar coordinates to the rectified camera 0, shape (4, 4).
        projection: P of the camera, shape (3, 4): gives objects without a bounding box in `camera` the box
            around their projected cuboid. Without it such objects are an error.
        image_size: Width and height, pixels, that projected boxes are cut to; `truncated` is then the part
            outside.

    Returns:
        The text. Without the properties, `truncated` and `occluded` are -1 (unknown), and `alpha` is
        computed. Roll and pitch relative to the camera are lost, because KITTI has one angle.

    Raises:
        AnnotationError: An object has no bounding box in `camera` and cannot be given one, or its class has
            blanks.
    """
    pose = as_pose(camera_from_lidar)
    lines = []
    for label in labels:
        if not label.class_name or len(label.class_name.split()) != 1:
            raise AnnotationError(
                f"track {label.track!r} has class {label.class_name!r}: KITTI needs one word"
            )
        box = next((b for b in label.boxes if b.camera == camera), None)
        properties = {**_UNKNOWN, **label.properties}
        body = _in_camera(label.cuboid, pose) if label.cuboid is not None else None
        if box is not None:
            edges = box.corners
        elif body is not None and projection is not None:
            edges, outside = _projected(label, pose, projection, image_size)
            properties = {"truncated": outside, "occluded": -1.0, **label.properties}
        else:
            raise AnnotationError(
                f"frame {label.frame_id!r}, track {label.track!r} has no bounding box in {camera!r}: "
                "give the projection, or omit the object"
            )
        lines.append(_line(label, properties, edges, body))
    return "".join(line + "\n" for line in lines)


def _in_camera(cuboid: Sequence[float], pose: FloatArray) -> list[float]:
    """Height, width, length, x, y, z of the bottom, rotation_y."""
    moved = transform(cuboid, pose)
    width, length, height = moved[0, 7:]
    x, y, z = moved[0, :3]
    front = fronts(moved)[0]
    # rotation_y about +y (down) takes +x to -z at +90 degrees.
    return [height, width, length, x, y + height / 2, z, math.atan2(-front[2], front[0])]


def _projected(
    label: Label, pose: FloatArray, projection: npt.ArrayLike, size: tuple[int, int] | None
) -> tuple[tuple[float, float, float, float], float]:
    assert label.cuboid is not None
    points = corners(label.cuboid)[0] @ pose[:3, :3].T + pose[:3, 3]
    if (points[:, 2] <= 0).any():
        raise AnnotationError(
            f"frame {label.frame_id!r}, track {label.track!r} reaches behind the camera, "
            "where it has no bounding box"
        )
    pixels = np.c_[points, np.ones(len(points))] @ np.asarray(projection, dtype=float).reshape(3, 4).T
    pixels = pixels[:, :2] / pixels[:, 2:]
    left, top = pixels.min(axis=0)
    right, bottom = pixels.max(axis=0)
    if size is None:
        return (left, top, right, bottom), -1.0
    cut = (
        min(max(left, 0.0), size[0] - 1.0),
        min(max(top, 0.0), size[1] - 1.0),
        max(min(right, size[0] - 1.0), 0.0),
        max(min(bottom, size[1] - 1.0), 0.0),
    )
    whole = (right - left) * (bottom - top)
    inside = (cut[2] - cut[0]) * (cut[3] - cut[1])
    return cut, float(1 - inside / whole) if whole > 0 else 1.0


def _line(
    label: Label, properties: dict[str, Any], edges: Sequence[float], body: Sequence[float] | None
) -> str:
    if body is None:
        alpha, numbers = -10.0, [-1.0, -1.0, -1.0, -1000.0, -1000.0, -1000.0, -10.0]
    else:
        numbers = list(body)
        alpha = _wrapped(numbers[6] - math.atan2(numbers[3], numbers[5]))
    alpha = float(properties.get("alpha", alpha))
    occluded = properties["occluded"]
    words = [label.class_name, _text(properties["truncated"]), str(int(occluded)), _text(alpha)]
    words += [_text(value) for value in (*edges, *numbers)]
    if label.confidence is not None:
        words.append(_text(label.confidence))
    return " ".join(words)


def _wrapped(angle: float) -> float:
    return math.atan2(math.sin(angle), math.cos(angle))


def _text(value: Any) -> str:
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
