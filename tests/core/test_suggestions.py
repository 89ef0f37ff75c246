"""The known name that a misspelt one was meant to be."""

from __future__ import annotations

import pytest

from kognic._core.suggestions import nearest


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        # Equal but for case comes before a name with more letters in common.
        ("cam_front", ["cam_left", "CAM_FRONT"], "CAM_FRONT"),
        ("cam_front", ["cam_front_1", "CAM-FRONT"], "CAM-FRONT"),
        ("Frame-Id", ["frames", "frame_id"], "frame_id"),
        ("FRNT", ["left", "front"], "front"),
        ("rotation", ["position", "rotation_quaternion"], "rotation_quaternion"),
        # Two names begin with it, and none is like it.
        ("camera", ["camera_matrix_of_lens", "camera_distortion_model"], None),
        ("camera_sequence", ["cameras", "cameras_sequence"], "cameras_sequence"),
        ("focal_x", ["fx", "fy"], None),
        ("lidar", [], None),
    ],
)
def test_nearest(name: str, known: list[str], expected: str | None) -> None:
    assert nearest(name, known) == expected
