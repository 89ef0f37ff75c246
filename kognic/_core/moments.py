"""Points and spans of time as people read them."""

from __future__ import annotations

from datetime import datetime


def duration(seconds: float) -> str:
    """Return a time span for people: `45 s`, `3 min`, `1.5 h`."""
    # Two units' worth of the smaller one: `90 s`, not `2 min`, and `80 min` below.
    if seconds < 120:
        return f"{seconds:.0f} s"
    # From 90 minutes on, `1.5 h` reads better than `90 min`.
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.3g} h"


def moment(date: datetime) -> str:
    """Return a point in time in the local time zone: `2026-01-31 14:05:09`."""
    return f"{date.astimezone():%Y-%m-%d %H:%M:%S}"
