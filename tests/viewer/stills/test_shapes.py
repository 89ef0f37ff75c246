"""Lines and texts in pictures."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from kognic.viewer.stills.shapes import Line, Text, box, paint, simplified

SQUARE = box((10, 10), (8, 8))


def test_paint_draws_lines_areas_and_texts() -> None:
    black = Image.new("RGB", (60, 40))
    shapes = [
        Line(parts=[box((20, 20), (20, 20))], colour="#ff0000", width=2, closed=True, fill=0.5),
        Line(
            parts=[np.array([[40.0, 5], [40, 35]]), np.array([[50.0, 5], [50, 35]])],
            colour="#00ff00",
            width=2,
        ),
        Text(at=(20, 38), text="Car", colour="#0000ff"),
    ]

    drawn = np.asarray(paint(black, shapes)).astype(int)

    assert drawn[20, 10, 0] > 200
    assert 100 < drawn[20, 20, 0] < 150
    assert drawn[20, 40, 1] > 200
    assert drawn[20, 50, 1] > 200
    assert drawn[20, 45].sum() == 0
    assert drawn[25:, :35, 2].max() > 150
    assert not np.asarray(black).any()


def test_paint_of_nothing_changes_nothing() -> None:
    picture = Image.new("RGB", (5, 5), "#123456")

    assert paint(picture, []) is picture
    alone = paint(picture, [Line(parts=[np.array([[1.0, 1.0]])], colour="#ffffff")])
    assert np.array_equal(np.asarray(alone), np.asarray(picture))


def test_straight_lines_need_two_points() -> None:
    line = np.linspace([3, 4], [500, 77], 90)

    assert np.array_equal(simplified(line), line[[0, -1]])


@settings(max_examples=40)
@given(arrays(float, st.tuples(st.integers(2, 30), st.just(2)), elements=st.floats(-100, 100, width=16)))
def test_simplified_lines_stay_near(line: np.ndarray) -> None:
    """No point of the original is farther than the tolerance from the simpler line."""
    kept = simplified(line, 0.5)

    assert np.array_equal(kept[[0, -1]], line[[0, -1]])
    assert all(distance_to(point, kept) <= 0.5 + 1e-9 for point in line)


def distance_to(point: np.ndarray, line: np.ndarray) -> float:
    """From a point to a line of straight pieces, taken as endless within its ends' reach."""
    nearest = np.inf
    for start, end in pairwise(line):
        chord = end - start
        length = float(chord @ chord)
        # The method measures to the endless line; so does this.
        away = point - start if length == 0 else point - start - (point - start) @ chord / length * chord
        nearest = min(nearest, float(np.hypot(*away)))
    return nearest
