"""Makers of small point clouds and pictures, good ones by default."""

from __future__ import annotations

import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import laspy
import numpy as np
import pytest
from PIL import Image
from pypcd4.pypcd4 import Encoding, PointCloud

START = 1_648_200_140_000_000_051
NUM_POINTS = 40
LAYOUT = ("x", "y", "z", "intensity", "timestamp")


def points() -> dict[str, np.ndarray]:
    """Columns of a small cloud with exact, distinct nanosecond times."""
    rng = np.random.default_rng(5)
    return {
        "x": rng.uniform(-50, 50, NUM_POINTS).astype(np.float32),
        "y": rng.uniform(-50, 50, NUM_POINTS).astype(np.float32),
        "z": rng.uniform(-2, 5, NUM_POINTS).astype(np.float32),
        "intensity": rng.integers(0, 256, NUM_POINTS).astype(np.uint32),
        "timestamp": START + 1_000 * np.arange(NUM_POINTS, dtype=np.uint64),
    }


@pytest.fixture
def cloud() -> dict[str, np.ndarray]:
    return points()


@pytest.fixture
def csv_text(cloud: dict[str, np.ndarray]) -> str:
    rows = zip(*(cloud[name] for name in ("timestamp", "x", "y", "z", "intensity")), strict=True)
    return "ts_gps,x,y,z,intensity\n" + "".join(f"{t},{x},{y},{z},{i}\n" for t, x, y, z, i in rows)


@pytest.fixture
def make_pcd(cloud: dict[str, np.ndarray]) -> Callable[..., bytes]:
    """Build a PCD; `replace` edits its header text."""

    def make(encoding: str = "binary", replace: dict[str, str] | None = None) -> bytes:
        buffer = BytesIO()
        types = (np.float32, np.float32, np.float32, np.uint32, np.uint64)
        made = PointCloud.from_points([cloud[name] for name in LAYOUT], LAYOUT, types)
        made.save(buffer, encoding=Encoding(encoding))
        content = buffer.getvalue()
        end = content.index(b"\n", content.index(b"DATA ")) + 1
        header = content[:end].decode()
        for old, new in (replace or {}).items():
            assert old in header, header
            header = header.replace(old, new)
        return header.encode() + content[end:]

    return make


@pytest.fixture
def make_las(cloud: dict[str, np.ndarray]) -> Callable[..., bytes]:
    def make(
        version: str = "1.2", point_format: int = 3, *, laz: bool = False, count: int = NUM_POINTS
    ) -> bytes:
        las = laspy.create(point_format=point_format, file_version=version)
        las.header.scales = [0.001] * 3
        las.x, las.y, las.z = (cloud[axis][:count].astype(float) for axis in "xyz")
        las.intensity = cloud["intensity"][:count].astype(np.uint16)
        if "gps_time" in las.point_format.dimension_names:
            las.gps_time = cloud["timestamp"][:count].astype(float)
        buffer = BytesIO()
        las.write(buffer, do_compress=laz, laz_backend=laspy.LazBackend.Lazrs if laz else None)
        return buffer.getvalue()

    return make


@pytest.fixture
def make_image() -> Callable[..., bytes]:
    def make(
        format: str = "PNG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object
    ) -> bytes:
        rng = np.random.default_rng(2)
        pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        buffer = BytesIO()
        Image.fromarray(pixels).convert(mode).save(buffer, format, **options)
        return buffer.getvalue()

    return make


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def patch(content: bytes, offset: int, layout: str, *values: object) -> bytes:
    """Overwrite packed numbers in a header."""
    packed = struct.pack(layout, *values)
    return content[:offset] + packed + content[offset + len(packed) :]


@pytest.fixture(name="patch")
def _patch() -> Callable[..., bytes]:
    return patch
