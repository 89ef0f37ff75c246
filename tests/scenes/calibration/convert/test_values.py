"""What the converters take for numbers, sizes and rotations out of files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.io.tools.calibration.exceptions import ConversionError
from kognic.scenes.calibration.convert import values

ANYTHING = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=3)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_numbers_are_finite_or_refused(value: Any) -> None:
    """Of whatever a file may hold: finite numbers, or the one error."""
    try:
        found = values.numbers(value, "it")
    except ConversionError:
        return
    assert np.isfinite(found).all()
    assert found.ndim == 1


@pytest.mark.parametrize(
    ("value", "expected"), [("1e-05", 1e-5), (np.float32(0.5), 0.5), (3, 3.0), ("-2", -2.0), (1e-300, 0.0)]
)
def test_numbers_in_their_forms(value: Any, expected: float) -> None:
    """Text that is a number, as YAML leaves it; arrays; what is too small to matter."""
    assert values.number(value, "it") == expected


def test_long_values_are_cut_in_messages() -> None:
    """A message stays a line."""
    with pytest.raises(ConversionError) as caught:
        values.number("x" * 10_000, "it")

    assert len(str(caught.value)) < 200
    assert str(caught.value).startswith("it is 'xxx")


def test_rotation_of_a_nearly_unit_quaternion() -> None:
    """Quaternions with few digits are normalised."""
    np.testing.assert_allclose(values.rotation([1.001, 0, 0, 0]), np.eye(3), atol=1e-12)


def test_entry_of_what_is_no_record() -> None:
    """A list instead of an object is an error."""
    with pytest.raises(ConversionError, match=r"is \[1\], must be an object with channel"):
        values.entry([1], "channel")  # type: ignore[arg-type]
