"""Packets: a JSON document and blocks of numbers in one run of bytes.

A packet is `KVP1`, the length of the whole packet and of its deflated JSON as little-endian uint32, the JSON,
and the blocks. The JSON has the document as `document` and the blocks' sizes as `blocks`: `[bytes, raw
bytes]`, where raw is 0 for a block that is not deflated, such as an image. A number in the document refers to
a block.

Numbers are stored in byte planes (all lowest bytes, then all second bytes, ...), which deflate packs about
twice as well: positions as int32 millimetres, axis after axis; times as int32 steps of 10 microseconds to
the frame, as differences; intensity as uint8 over its 2nd to 98th percentile.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from kognic._core.viewer_errors import PacketError

MAGIC = b"KVP1"
# Ten microseconds: at 40 m/s the vehicle moves 0.4 mm in that time.
TIME_STEP_NS = 10_000
# Millimetres as int32: finer than the noise of any lidar, and they reach 2,147 km.
METRE = 1000
# Eighths of a pixel are finer than a drawn point.
PIXEL = 8
NO_PIXEL = -(2**31)
"""Stands for "not seen" in baked pixels."""
_HEADER = struct.Struct("<4sII")
# Coordinates are packed as signed 32-bit millimetres, and `NO_PIXEL` takes the smallest number.
_LARGEST = 2**31 - 1


class PacketWriter:
    """Collects blocks, and puts them behind the document.

    Args:
        level: How hard to deflate, 1 (fast) to 9.
    """

    # 6 is zlib's own default: higher levels take far longer for a few percent.
    def __init__(self, level: int = 6) -> None:
        self._level = level
        self._blocks: list[bytes] = []
        self._sizes: list[tuple[int, int]] = []

    def add_bytes(self, content: bytes) -> int:
        """Add a block that is packed already, and return its number."""
        self._blocks.append(content)
        self._sizes.append((len(content), 0))
        return len(self._blocks) - 1

    def add(self, content: bytes) -> int:
        """Add a block of numbers, and return its number."""
        packed = _deflate(content, self._level) if content else b""
        self._blocks.append(packed)
        self._sizes.append((len(packed), len(content)))
        return len(self._blocks) - 1

    def packet(self, document: Mapping[str, Any]) -> bytes:
        """Return the packet of a document that refers to the blocks."""
        whole = {"document": document, "blocks": self._sizes}
        text = json.dumps(whole, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        packed = _deflate(text.encode("utf-8", "surrogatepass"), self._level)
        length = _HEADER.size + len(packed) + sum(map(len, self._blocks))
        return b"".join([_HEADER.pack(MAGIC, length, len(packed)), packed, *self._blocks])


def unpack(packet: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Read the document and the raw blocks of a packet, as the page does; for tests and other readers.

    Raises:
        PacketError: The packet is cut off, or something else.
    """
    if len(packet) < _HEADER.size or not packet.startswith(MAGIC):
        raise PacketError(f"the packet starts with {packet[:4]!r}, must start with {MAGIC!r}")
    _, length, json_length = _HEADER.unpack_from(packet)
    if length != len(packet):
        raise PacketError(f"the packet has {len(packet)} bytes, must have {length}: it was cut off")
    try:
        start = _HEADER.size + json_length
        whole = json.loads(
            zlib.decompress(packet[_HEADER.size : start], -15).decode("utf-8", "surrogatepass")
        )
        blocks = []
        for size, raw in whole["blocks"]:
            block = packet[start : start + size]
            blocks.append(zlib.decompress(block, -15) if raw else block)
            start += size
    except (zlib.error, ValueError, KeyError, TypeError) as exc:
        raise PacketError(f"the packet is damaged: {exc}") from exc
    return whole["document"], blocks


def planes(values: npt.NDArray[Any]) -> bytes:
    """Pack integers as byte planes, little-endian."""
    little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False))
    return bytes(little.reshape(-1).view(np.uint8).reshape(-1, little.itemsize).T.tobytes())


def from_planes(content: bytes, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return the integers of `planes`."""
    kind = np.dtype(dtype).newbyteorder("<")
    rows = np.frombuffer(content, np.uint8).reshape(kind.itemsize, -1)
    return np.asarray(np.ascontiguousarray(rows.T).view(kind).reshape(-1))


def packable(xyz: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which positions fit into int32 millimetres; NaN and infinity do not."""
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(xyz) < _LARGEST / METRE).all(axis=1))


def pack_positions(xyz: npt.NDArray[Any]) -> bytes:
    """Pack positions, metres, shape (N, 3), all `packable`, as int32 millimetres."""
    millimetres = np.rint(np.asarray(xyz, dtype=np.float64) * METRE).astype(np.int32)
    return planes(np.ascontiguousarray(millimetres.T))


def pack_times(offsets_ns: npt.NDArray[Any]) -> bytes:
    """Pack times relative to the frame, nanoseconds, shape (N,), as differences of 10 microsecond steps."""
    steps = np.clip(np.rint(np.asarray(offsets_ns, dtype=np.float64) / TIME_STEP_NS), -_LARGEST, _LARGEST)
    whole = steps.astype(np.int64)
    # A difference may leave int32; it wraps here and back in the page.
    return planes(np.diff(whole, prepend=0).astype(np.uint32))


def pack_intensity(values: npt.NDArray[Any]) -> tuple[bytes, float, float]:
    """Pack intensities, shape (N,), as uint8 between two ends, which are returned; others are clipped."""
    numbers = np.asarray(values, dtype=np.float64)
    finite = numbers[np.isfinite(numbers)]
    low, high = (float(end) for end in np.percentile(finite, (2, 98))) if len(finite) else (0.0, 1.0)
    if high <= low:
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    span = high - low if high > low else 1.0
    share = np.nan_to_num((numbers - low) / span, nan=0.0, posinf=1.0, neginf=0.0)
    return np.asarray(np.clip(share, 0, 1) * 255 + 0.5, dtype=np.uint8).tobytes(), low, high


def pack_pixels(pixels: npt.NDArray[Any]) -> bytes:
    """Pack pixels, shape (N, 2), as int32 eighths, columns then rows; NaN is `NO_PIXEL`."""
    with np.errstate(invalid="ignore"):
        eighths = np.rint(np.asarray(pixels, dtype=np.float64) * PIXEL)
        good = np.abs(eighths) < _LARGEST
    return planes(np.ascontiguousarray(np.where(good, eighths, NO_PIXEL).astype(np.int32).T))


def _deflate(content: bytes, level: int) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()
