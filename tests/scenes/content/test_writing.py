"""What is written is what is read again, and what the platform's own rules accept."""

from __future__ import annotations

import numpy as np
import pytest

from kognic.scenes.content import read_points, survey_point_cloud
from kognic.scenes.content.points import PointArrays
from kognic.scenes.content.source import Source
from kognic.scenes.content.writing import write_points

START = 1_700_000_000_123_456_789


@pytest.fixture
def points() -> PointArrays:
    """Points with times a nanosecond apart."""
    rng = np.random.default_rng(0)
    return PointArrays(
        xyz=rng.uniform(-100, 100, (500, 3)).astype(np.float32).astype(np.float64),
        intensity=rng.integers(0, 256, 500).astype(np.uint8),
        timestamps=(START + np.arange(500)).astype(np.uint64),
    )


@pytest.mark.parametrize(
    ("format", "metres", "nanoseconds"), [("pcd", 0, 0), ("csv", 4e-6, 0), ("las", 1e-4, 128)]
)
def test_round_trip(points: PointArrays, format: str, metres: float, nanoseconds: int) -> None:
    """Whole nanoseconds survive in PCD and CSV, and the rules find nothing wrong."""
    data = write_points(points, format)
    facts, issues = survey_point_cloud(Source.of(data), format, full=True)
    found = read_points(data, format)

    assert issues == []
    assert facts is not None
    assert facts.num_points == 500
    assert np.abs(found.xyz - points.xyz).max() <= metres
    assert found.intensity is not None
    assert found.timestamps is not None
    assert found.intensity.tolist() == points.intensity.tolist()  # type: ignore[union-attr]
    assert np.abs(found.timestamps.astype(np.int64) - points.timestamps.astype(np.int64)).max() <= nanoseconds  # type: ignore[union-attr]


def test_missing_columns_are_zero() -> None:
    """A cloud without intensities and times has zeros there, as the platform reads a missing column."""
    found = read_points(write_points(PointArrays(xyz=np.ones((2, 3))), "pcd"), "pcd")
    assert found.intensity is not None
    assert found.timestamps is not None
    assert (found.intensity.tolist(), found.timestamps.tolist()) == ([0, 0], [0, 0])
    assert write_points(PointArrays(xyz=np.ones((1, 3))), "laz")[:4] == b"LASF"
    with pytest.raises(ValueError, match="the format of a point cloud is 'ply', must be pcd, csv, las, laz"):
        write_points(PointArrays(xyz=np.ones((1, 3))), "ply")
