"""Packets: what is read back, and how much of a number is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kognic._core.viewer_errors import PacketError
from kognic.viewer.packing import (
    NO_PIXEL,
    PacketWriter,
    from_planes,
    pack_intensity,
    pack_pixels,
    pack_positions,
    pack_times,
    packable,
    planes,
    unpack,
)


def test_a_packet_holds_its_document_and_blocks() -> None:
    """Deflated blocks, ready-made blocks and texts of all kinds come back as they were."""
    writer = PacketWriter()
    first = writer.add(b"numbers" * 100)
    second = writer.add_bytes(b"\xff\xd8 an image")
    empty = writer.add(b"")
    document = {"text": "</script> \u202e \U0001f697", "blocks": [first, second, empty]}

    read, blocks = unpack(writer.packet(document))

    assert read == document
    assert blocks == [b"numbers" * 100, b"\xff\xd8 an image", b""]


@pytest.mark.parametrize("length", [0, 3, 11, 40])
def test_a_packet_that_was_cut_off_is_refused(length: int) -> None:
    """Whatever is left of it."""
    writer = PacketWriter()
    writer.add(bytes(range(256)))
    packet = writer.packet({"a": 1})

    with pytest.raises(PacketError, match=r"cut off|must start with"):
        unpack(packet[:length])


def test_a_damaged_packet_is_refused() -> None:
    """Bytes that do not inflate."""
    packet = bytearray(PacketWriter().packet({"a": list(range(50))}))
    packet[14:20] = b"\xff" * 6

    with pytest.raises(PacketError, match="damaged"):
        unpack(bytes(packet))


@given(hnp.arrays(np.int32, st.integers(0, 60)))
def test_planes_keep_every_integer(values: np.ndarray) -> None:
    """Byte planes are only another order of bytes."""
    assert from_planes(planes(values), np.int32).tolist() == values.tolist()


@given(hnp.arrays(np.float64, (7, 3), elements=st.floats(-2e6, 2e6)))
def test_positions_are_kept_to_half_a_millimetre(xyz: np.ndarray) -> None:
    """Axis after axis, in millimetres."""
    read = from_planes(pack_positions(xyz), np.int32).reshape(3, -1).T / 1000

    assert np.abs(read - xyz).max() <= 0.0005 + 1e-9


def test_positions_that_do_not_fit_are_named() -> None:
    """NaN, infinity and what lies beyond int32 millimetres."""
    xyz = np.array([[1, 2, 3], [np.nan, 0, 0], [np.inf, 0, 0], [0, 3e6, 0]], dtype=float)

    assert packable(xyz).tolist() == [True, False, False, False]


@given(st.lists(st.integers(-7_000_000_000_000, 7_000_000_000_000), min_size=1, max_size=40))
def test_times_are_kept_to_five_microseconds(offsets: list[int]) -> None:
    """Differences wrap around and back."""
    differences = from_planes(pack_times(np.array(offsets)), np.int32)
    with np.errstate(over="ignore"):
        steps = np.cumsum(differences, dtype=np.int32)

    assert np.abs(steps.astype(np.int64) * 10_000 - np.array(offsets)).max() <= 5_000


def test_intensity_is_stretched_over_most_of_its_values() -> None:
    """Two per cent at each end are clipped; the ends say what the bytes mean."""
    values = np.concatenate([np.linspace(0, 100, 1001), [1e6, np.nan]])

    packed, low, high = pack_intensity(values)

    read = np.frombuffer(packed, np.uint8)
    assert (low, high) == (pytest.approx(2.0, abs=0.2), pytest.approx(98.1, abs=0.2))
    assert read[500] == pytest.approx(255 * (50 - low) / (high - low), abs=1)
    assert (read[0], read[1001], read[1002]) == (0, 255, 0)


def test_intensity_of_one_value_has_ends_to_divide_by() -> None:
    """No division by zero, nothing lost."""
    packed, low, high = pack_intensity(np.full(5, 7))

    assert (packed, low, high) == (bytes(5), 7.0, 7.0)


def test_pixels_are_kept_to_a_sixteenth() -> None:
    """And those that are not seen are marked."""
    pixels = np.array([[10.06, 20.9], [np.nan, 3.0], [-0.25, 1e12]])

    columns, rows = from_planes(pack_pixels(pixels), np.int32).reshape(2, -1)

    assert (columns / 8).tolist()[::2] == [10.0, -0.25]
    assert columns[1] == NO_PIXEL
    assert rows.tolist() == [167, 24, NO_PIXEL]
