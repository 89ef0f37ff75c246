"""Annotations against their scene: bounding boxes and cuboids while the vehicle drives."""

from __future__ import annotations

import math
from typing import Any

import pytest

from kognic.annotations.cuboids import ISO_8855, to_kognic
from kognic.annotations.document import Document
from kognic.annotations.labels import Box2D, Label, document_of
from kognic.io.model.calibration import (
    CameraMatrix,
    DistortionCoefficients,
    PinholeCalibration,
    Position,
    RotationQuaternion,
)
from kognic.scenes.annotation_check import check_scene_annotation
from kognic.scenes.scene_view import FileView, FrameView, PoseView, SceneView

START = 1_700_000_000_000_000_000
MS = 1_000_000
SPEED = 20.0
# Looks to the left: x of the image is forward, so what stands still moves to the left of the image.
LEFT = PinholeCalibration(
    position=Position(x=0, y=0, z=0),
    rotation_quaternion=RotationQuaternion(w=math.sqrt(0.5), x=-math.sqrt(0.5), y=0, z=0),
    camera_matrix=CameraMatrix(fx=1000, fy=1000, cx=640, cy=500),
    distortion_coefficients=DistortionCoefficients(k1=0, k2=0, p1=0, p2=0, k3=0),
    image_width=1280,
    image_height=1000,
)


def _frame(index: int, shutter: tuple[int, int] | None, *, is_reversed: bool) -> FrameView:
    now = START + index * 100 * MS
    times = None if shutter is None else (now + shutter[0] * MS, now + shutter[1] * MS)
    image = FileView(
        sensor="LEFT",
        is_image=True,
        name=f"{index}.png",
        resource_id=None,
        shutter=times,
        reversed_shutter=is_reversed,
        frame_id=f"f{index}",
        place=f"frames[{index}].images[0]",
    )
    return FrameView(
        place=f"frames[{index}]",
        frame_id=f"f{index}",
        relative_ms=index * 100,
        unix_ns=now,
        images=(image,),
        clouds=(),
        ego_pose=PoseView((SPEED * index / 10, 0, 0), (1, 0, 0, 0)),
        metadata={},
    )


def _codes(x: float, z: float, shown_x: float, shutter: tuple[int, int] | None, **options: Any) -> list[str]:
    """Findings on a cube 10 m to the left, whose bounding box shows it with its centre at `shown_x`."""
    frames = tuple(
        _frame(index, shutter, is_reversed=options.get("is_reversed", False)) for index in range(2)
    )
    scene = SceneView(
        kind="cameras_sequence",
        external_id="scene",
        frames=frames,
        calibration_id=None,
        imu=(),
        metadata={},
        specification=(),
        motion_compensation=True,
    )
    cuboid = to_kognic([[x, 10, z]], [[1, 1, 1]], ISO_8855, yaws=[0])[0].tolist()
    # Its near face is 9.5 m away.
    columns = [640 + 1000 * (shown_x + side) / 9.5 for side in (-0.5, 0.5)]
    rows = [500 - 1000 * (z + side) / 9.5 for side in (0.5, -0.5)]
    box = Box2D.of_corners("LEFT", columns[0], rows[0], columns[1], rows[1])
    label = Label(frame_id="f0", track="t", class_name="Car", cuboid=cuboid, boxes=[box])
    document = Document.of(document_of([label], lidar="ROOF", timestamps_ms={"f0": 0, "f1": 100}))
    report = check_scene_annotation(scene, {"LEFT": LEFT}, document)
    return [finding.code for finding in report.findings if finding.code == "an-2d-3d"]


def test_boxes_are_compared_at_the_time_of_the_exposure() -> None:
    """50 ms after the frame the vehicle is 1 m further on, and the cube 1 m further back."""
    assert _codes(1, 0, 0, (50, 50)) == []
    assert _codes(1, 0, 1, (50, 50)) == ["an-2d-3d"]


def test_without_shutter_times_the_exposure_is_at_the_frame() -> None:
    assert _codes(1, 0, 1, None) == []
    assert _codes(1, 0, 0, None) == ["an-2d-3d"]


@pytest.mark.parametrize("is_reversed", [False, True])
def test_rows_have_times_of_their_own(is_reversed: bool) -> None:
    """Row 184 of 1000 is exposed 18 ms after the first of 100 ms, from the other end 82 ms."""
    seconds = 0.082 if is_reversed else 0.018
    assert _codes(1, 3, 1 - SPEED * seconds, (0, 100), is_reversed=is_reversed) == []
    assert _codes(1, 3, 1 - SPEED * (0.1 - seconds), (0, 100), is_reversed=is_reversed) == ["an-2d-3d"]
