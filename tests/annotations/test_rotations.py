"""Quaternions of many cuboids at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kognic.annotations.rotations import (
    about_z,
    angle_between,
    from_matrices,
    multiply,
    normalised,
    slerp,
    to_matrices,
)

quaternions = arrays(float, (3, 4), elements=st.floats(-1, 1)).filter(
    lambda q: (np.linalg.norm(q, axis=1) > 0.01).all()
)


@given(quaternions)
def test_matrices_are_rotations_and_lead_back(values: np.ndarray) -> None:
    """A quaternion and its negative are the same rotation; w is not negative."""
    matrices = to_matrices(values)
    assert np.allclose(matrices @ matrices.transpose(0, 2, 1), np.eye(3), atol=1e-12)
    assert np.allclose(np.linalg.det(matrices), 1)
    back = from_matrices(matrices)
    assert (back[:, 3] >= 0).all()
    assert np.allclose(np.abs(np.sum(back * normalised(values), axis=1)), 1)


@given(quaternions, quaternions)
def test_products_are_products_of_matrices(first: np.ndarray, second: np.ndarray) -> None:
    """The second rotation acts first."""
    product = to_matrices(multiply(normalised(first), normalised(second)))
    assert np.allclose(product, to_matrices(first) @ to_matrices(second), atol=1e-12)


def test_quarter_turn_takes_x_to_y() -> None:
    """Right-handed, about z."""
    assert np.allclose(to_matrices(about_z([np.pi / 2]))[0] @ [1, 0, 0], [0, 1, 0])


def test_slerp_takes_the_shorter_arc() -> None:
    """Half way between 170 and -170 degrees is 180 degrees, whatever the signs of the quaternions."""
    start, end = about_z(np.radians([170])), -about_z(np.radians([-170]))
    middle = slerp(start, end, [0.5])
    assert np.allclose(to_matrices(middle)[0] @ [1, 0, 0], [-1, 0, 0])
    assert angle_between(start, middle)[0] == pytest.approx(np.radians(10))
    assert angle_between(start, -start)[0] == pytest.approx(0)


def test_small_angles_keep_their_digits() -> None:
    """A microradian is a microradian."""
    assert angle_between(about_z([0.3]), about_z([0.3 + 1e-6]))[0] == pytest.approx(1e-6, rel=1e-6)


def test_zero_quaternions_are_refused() -> None:
    """The message names which one."""
    with pytest.raises(ValueError, match=r"quaternion 1 is \[0.0, 0.0, 0.0, 0.0\]: it has no direction"):
        normalised([[0, 0, 0, 1], [0, 0, 0, 0]])
