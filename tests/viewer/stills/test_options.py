"""What a preview shows, and how frames are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kognic.viewer.stills import PreviewOptions
from kognic.viewer.stills.options import choose_frames


@pytest.mark.parametrize(
    ("wanted", "count", "chosen"),
    [
        (None, 1, [0]),
        (None, 3, [0, 1, 2]),
        (None, 101, [0, 25, 50, 75, 100]),
        ("0,5-7", 10, [0, 5, 6, 7]),
        ("7, 2", 10, [2, 7]),
        ("::4", 10, [0, 4, 8]),
        ("2:8:3", 10, [2, 5]),
        ("8:", 10, [8, 9]),
        ("all", 3, [0, 1, 2]),
        ([4, 1, 4], 5, [1, 4]),
    ],
)
def test_choose_frames(wanted: str | Sequence[int] | None, count: int, chosen: list[int]) -> None:
    assert choose_frames(wanted, count) == chosen


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("3", "there is no frame 3; the scene has 3, counted from 0"),
        ([-1], "there is no frame -1"),
        ("2-1", "frames has '2-1', must be such as 0,5-10"),
        ("first", "frames has 'first'"),
        ("::0", "frames has '::0'"),
        ("", "frames has ''"),
        ("5:", "chooses none of the scene's 3"),
        ([], "chooses none"),
    ],
)
def test_frames_that_are_not_there(wanted: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        choose_frames(wanted, 3)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"image_width": 10}, "image_width is 10, must be at least 64"),
        ({"max_points": -1}, "max_points is -1, must be at least 0"),
        ({"birds_eye_range": 0.5}, "birds_eye_range is 0.5, must be at least 1"),
        ({"birds_eye_range": float("nan")}, "birds_eye_range is nan"),
        ({"depth_range": (80, 2)}, "depth_range is 80 to 2 m, must be two positive numbers"),
        ({"depth_range": (0, 2)}, "depth_range is 0 to 2 m"),
        ({"workers": 0}, "workers is 0, must be at least 1"),
    ],
)
def test_options_out_of_range(option: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PreviewOptions(**option)
