"""Frames out of captures of different rates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.scenes.importers import Capture, RecordingError
from kognic.scenes.importers.arrays import date_to_ns
from kognic.scenes.importers.matching import MS_NS, match


def captures(sensor: str, *times_ms: float | None) -> list[Capture]:
    """Captures at times in milliseconds."""
    return [
        Capture(sensor=sensor, reference=str(time), time_ns=None if time is None else round(time * MS_NS))
        for time in times_ms
    ]


def test_rates() -> None:
    """Of three images around a sweep the nearest is taken; an image belongs to one frame."""
    matched = match(
        {
            "lidar": captures("lidar", 0, 100, 200),
            "fast": captures("fast", 0, 33, 66, 99, 133, 166, 199, 233),
            "slow": captures("slow", 140),
            "late": captures("late", 260),
        }
    )
    assert matched.reference == "lidar"
    assert matched.tolerance_ns == 52 * MS_NS
    found = [
        {name: capture.reference for name, capture in frame.captures.items()} for frame in matched.frames
    ]
    assert found == [
        {"lidar": "0", "fast": "0"},
        {"lidar": "100", "fast": "99", "slow": "140"},
        {"lidar": "200", "fast": "199"},
    ]
    assert [str(skip) for skip in matched.skipped] == [
        "fast at 33000000: another capture is nearer to the same frame (5 times)",
        "slow at 0: frames without a capture within 52 ms (2 times)",
        "late at 260000000: farther than 52 ms from the nearest frame",
        "late at 0: frames without a capture within 52 ms (3 times)",
    ]


def test_reference_and_tolerance() -> None:
    """Both can be chosen."""
    given_ = {"lidar": captures("lidar", 0, 100), "camera": captures("camera", 10, 40, 130)}
    matched = match(given_, reference="camera", tolerance_ns=20 * MS_NS)
    assert [sorted(frame.captures) for frame in matched.frames] == [
        ["camera", "lidar"],
        ["camera"],
        ["camera"],
    ]
    with pytest.raises(RecordingError, match="no capture of radar to make frames of"):
        match(given_, reference="radar")
    with pytest.raises(RecordingError, match="camera: None has no time to match it by"):
        match({"camera": captures("camera", None)})
    with pytest.raises(RecordingError, match="no capture of any sensor"):
        match({})


@given(
    st.lists(st.integers(0, 2000), min_size=1, max_size=20, unique=True),
    st.lists(st.integers(0, 2000), max_size=40, unique=True),
    st.integers(0, 300),
)
def test_nothing_is_lost(frames: list[int], others: list[int], tolerance: int) -> None:
    """Every capture is in one frame within the tolerance, or is counted as left out; the nearest ones are
    in."""
    matched = match(
        {"a": captures("a", *sorted(frames)), "b": captures("b", *sorted(others))},
        tolerance_ns=tolerance * MS_NS,
    )
    used = [(frame.time_ns, frame.captures["b"].time_ns) for frame in matched.frames if "b" in frame.captures]
    assert len({time for _, time in used}) == len(used)
    assert all(abs(frame - time) <= tolerance * MS_NS for frame, time in used)  # type: ignore[operator]
    left_out = sum(skip.count for skip in matched.skipped if "frames without" not in skip.reason)
    assert len(used) + left_out == len(others)
    for frame, time in used:
        nearest = min(abs(frame - other * MS_NS) for other in others)  # type: ignore[operator]
        rivals = [one for one in frames if abs(one * MS_NS - time) <= abs(frame - time)]  # type: ignore[operator]
        assert abs(frame - time) == nearest or len(rivals) > 0  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        # Of `date -u -d TEXT +%s`; a date alone is its midnight.
        ("2030-01-01", 1893456000),
        ("2030-01-01T00:00:00Z", 1893456000),
        ("2030-01-01T02:30:00+02:30", 1893456000),
        ("2026-02-25T06:13:20", 1772000000),
    ],
)
def test_dates(text: str, seconds: int) -> None:
    """UTC unless they say otherwise."""
    assert date_to_ns(text) == seconds * 1_000_000_000
