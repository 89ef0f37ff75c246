"""Frames out of captures of different rates: for each capture of one sensor, the nearest of every other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers.recording import Capture, RecordedFrame, Skip

if TYPE_CHECKING:
    import numpy as np

MS_NS = 1_000_000
# Clocks and double-precision timestamps jitter by less than this part of the time between frames.
_SLACK = 50


@attrs.frozen(kw_only=True)
class Matched:
    """Frames, and what is in none.

    Attributes:
        reference: Sensor whose captures make the frames; None where the format has frames of its own.
        tolerance_ns: How far a capture may be from its frame; 0 where the format has frames.
        skipped: Captures that are in no frame, by sensor and reason, with the time of the first.
    """

    frames: Sequence[RecordedFrame]
    reference: str | None = None
    tolerance_ns: int = 0
    skipped: Sequence[Skip] = ()


def match(
    captures: Mapping[str, Sequence[Capture]],
    *,
    reference: str | None = None,
    tolerance_ns: int | None = None,
) -> Matched:
    """Match captures by time.

    Args:
        captures: By sensor, in the order of time; the first sensor is the reference unless one is named.
        reference: The sensor whose captures make the frames.
        tolerance_ns: How far a capture may be from the frame's time; None takes 52 % of the usual time
            between frames: cameras that are triggered halfway between sweeps are at the limit of half of it.

    Raises:
        RecordingError: The reference is unknown or has no captures, or a capture has no time.
    """
    import numpy as np

    reference = reference or next((name for name, found in captures.items() if found), None)
    if reference is None or not captures.get(reference):
        raise RecordingError(f"no capture of {reference or 'any sensor'} to make frames of")
    times = _times(captures[reference])
    if tolerance_ns is None:
        usual = int(np.median(np.diff(times))) if len(times) > 1 else 100 * MS_NS
        tolerance_ns = usual // 2 + usual // _SLACK
    chosen: list[dict[str, Capture]] = [{reference: capture} for capture in captures[reference]]
    skipped: list[Skip] = []
    for name, found in captures.items():
        if name != reference and found:
            skipped += _assign(name, found, times, tolerance_ns, chosen)
    frames = [
        RecordedFrame(name=str(time), time_ns=time, captures=frame)
        for time, frame in zip(times.tolist(), chosen, strict=True)
    ]
    return Matched(frames=frames, reference=reference, tolerance_ns=tolerance_ns, skipped=skipped)


def _times(captures: Sequence[Capture]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    import numpy as np

    missing = next((capture for capture in captures if capture.time_ns is None), None)
    if missing is not None:
        raise RecordingError(f"{missing.sensor}: {missing.reference} has no time to match it by")
    return np.array([capture.time_ns for capture in captures], dtype=np.int64)


def _assign(
    name: str,
    captures: Sequence[Capture],
    times: np.ndarray[tuple[int], np.dtype[np.int64]],
    tolerance_ns: int,
    frames: list[dict[str, Capture]],
) -> Iterator[Skip]:
    """Give each frame the capture that is nearest to it, and each capture to one frame at most."""
    import numpy as np

    own = _times(captures)
    after = np.clip(np.searchsorted(times, own), 1, max(1, len(times) - 1))
    before = after - 1
    after = np.minimum(after, len(times) - 1)
    nearest = np.where(np.abs(own - times[before]) <= np.abs(times[after] - own), before, after)
    distance = np.abs(own - times[nearest])
    far: list[Capture] = []
    surplus: list[Capture] = []
    best: dict[int, int] = {}
    for index in np.argsort(distance, kind="stable").tolist():
        frame = int(nearest[index])
        if distance[index] > tolerance_ns:
            far.append(captures[index])
        elif frame in best:
            surplus.append(captures[index])
        else:
            best[frame] = index
            frames[frame][name] = captures[index]
    limit = f"{tolerance_ns / MS_NS:g} ms"
    if far:
        yield _skip(name, f"farther than {limit} from the nearest frame", far)
    if surplus:
        yield _skip(name, "another capture is nearer to the same frame", surplus)
    if len(best) < len(times):
        empty = [int(time) for index, time in enumerate(times.tolist()) if index not in best]
        yield Skip(name, f"frames without a capture within {limit}", min(empty), len(empty))


def _skip(name: str, reason: str, captures: Sequence[Capture]) -> Skip:
    return Skip(name, reason, min(capture.time_ns or 0 for capture in captures), len(captures))
