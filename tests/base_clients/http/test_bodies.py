"""Cutting streams into lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.base_clients.errors import ResponseTooLargeError
from kognic.base_clients.http import bodies


@given(st.lists(st.binary(max_size=20)))
def test_split_lines_does_not_depend_on_the_blocks(blocks: list[bytes]) -> None:
    whole = b"".join(blocks)
    expected = whole.split(b"\n")
    if expected[-1] == b"":
        expected.pop()

    assert list(bodies.split_lines(blocks)) == expected


def test_a_line_without_end_is_refused() -> None:
    """Memory stays bounded, whatever comes."""
    endless = (b"x" * 100 for _ in iter(int, 1))

    with pytest.raises(ResponseTooLargeError, match="longer than 1000 bytes"):
        list(bodies.split_lines(endless, limit=1000))
