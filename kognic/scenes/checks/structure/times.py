"""Times of frames and images: order, unit, agreement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from statistics import median

from kognic._core.findings import Finding
from kognic.scenes.checks.rules import broken
from kognic.scenes.checks.structure.presence import Presence, check_presence
from kognic.scenes.scene_view import FileView, FrameView, SceneView

# Nanoseconds since 1970 passed this in 1973; seconds, milliseconds and microseconds never will.
SMALLEST_NS = 10**17
# Timestamps are Unix nanoseconds.
SECOND_NS = 10**9
# Plausible ranges by unit: 10^8 s is 1973 and 10^11 s the year 5138, so that the ranges do not overlap.
_UNITS = ((10**8, 10**11, "seconds"), (10**11, 10**14, "milliseconds"), (10**14, 10**17, "microseconds"))
# Milliseconds: photographs ten minutes apart, and 250 frames a second. Seconds at 10 Hz are below, and
# nanoseconds above; microseconds at 10 Hz are not told from photographs.
_SLOWEST_STEP_MS, _FASTEST_STEP_MS = 600_000, 4
# A choice: one or two dropped frames are common and harmless. A larger factor misses a recording that was
# cut.
_UNEVEN = 5
_UNIX_TIME = Presence(
    field="unix_timestamp",
    name="a unix_timestamp",
    rule="unix-timestamp",
    reason="the scene has IMU data, but the frame has no unix_timestamp",
    hint="set unix_timestamp (Unix nanoseconds) in every frame",
)


def check_times(scene: SceneView) -> Iterator[Finding]:
    """Times of frames and exposures."""
    yield from _relative(scene)
    yield from _unix(scene)
    yield from _agreement(scene)
    yield from _shutters(scene)


def unit_of(timestamp: int) -> str | None:
    """Return the unit that a Unix time seems to be in, when that is not nanoseconds."""
    return next((name for low, high, name in _UNITS if low <= abs(timestamp) < high), None)


def _relative(scene: SceneView) -> Iterator[Finding]:
    timed = [(frame, frame.relative_ms) for frame in scene.frames if frame.relative_ms is not None]
    if not timed:
        return
    first, start = timed[0]
    if start != 0:
        yield broken(
            "relative-timestamp-start",
            f"the first frame is at {start} ms",
            "start at 0, unless the scene is cut from a longer one",
            frame=first.frame_id,
            field=f"{first.place}.relative_timestamp",
            value=start,
        )
    ordered = True
    for (_, before), (frame, now) in pairwise(timed):
        if now <= before:
            ordered = False
            yield broken(
                "relative-timestamp-order",
                f"the relative timestamp is {now} ms, the frame before is at {before} ms",
                "sort the frames by time; timestamps must be unique",
                frame=frame.frame_id,
                field=f"{frame.place}.relative_timestamp",
                value=now,
            )
    if ordered and len(timed) > 1:
        yield from _steps(timed)


def _steps(timed: Sequence[tuple[FrameView, int]]) -> Iterator[Finding]:
    steps = [now - before for (_, before), (_, now) in pairwise(timed)]
    usual = median(steps)
    if not _FASTEST_STEP_MS <= usual <= _SLOWEST_STEP_MS:
        yield broken(
            "relative-timestamp-unit",
            f"frames are {usual:g} ms apart",
            "use milliseconds since the start of the scene",
            frame=timed[1][0].frame_id,
            field=f"{timed[1][0].place}.relative_timestamp",
            value=usual,
        )
        return
    for (_, before), (frame, now) in pairwise(timed):
        # With two steps, the median is between them and neither is the odd one.
        if len(steps) >= 3 and now - before > _UNEVEN * usual:
            yield broken(
                "relative-timestamp-gap",
                f"the frame comes {now - before} ms after the one before, others {usual:g} ms",
                "check whether frames are missing",
                frame=frame.frame_id,
                field=f"{frame.place}.relative_timestamp",
                value=now - before,
            )


def _unix(scene: SceneView) -> Iterator[Finding]:
    with_time = [(frame, frame.unix_ns) for frame in scene.frames if frame.unix_ns is not None]
    missing = [frame for frame in scene.frames if frame.unix_ns is None]
    yield from check_presence(scene, missing, _UNIX_TIME, is_demanded=bool(scene.imu))
    for frame, unix_ns in with_time:
        if abs(unix_ns) < SMALLEST_NS:
            yield broken(
                "unix-timestamp-unit",
                f"the unix_timestamp is {unix_ns}, which looks like {unit_of(unix_ns) or 'an invalid time'}",
                "use nanoseconds since 1970 as an integer",
                frame=frame.frame_id,
                field=f"{frame.place}.unix_timestamp",
                value=unix_ns,
            )
            break
    for (_, before), (frame, unix_ns) in pairwise(with_time):
        if unix_ns <= before:
            yield broken(
                "unix-timestamp-order",
                f"the unix_timestamp is {unix_ns}, that of the frame before {before}",
                "sort the frames by time",
                frame=frame.frame_id,
                field=f"{frame.place}.unix_timestamp",
                value=unix_ns,
            )


def _agreement(scene: SceneView) -> Iterator[Finding]:
    """Unix times advance as relative times do, within a frame's length."""
    timed = [
        (frame, frame.relative_ms, frame.unix_ns)
        for frame in scene.frames
        if frame.relative_ms is not None and frame.unix_ns is not None and frame.unix_ns >= SMALLEST_NS
    ]
    for (_, relative, unix), (frame, next_relative, next_unix) in pairwise(timed):
        step, unix_step = next_relative - relative, (next_unix - unix) / 1e6
        if step > 0 and unix_step > 0 and abs(unix_step - step) > max(0.5 * step, 20):
            yield broken(
                "timestamps-disagree",
                f"from the frame before, relative_timestamp advances {step} ms, unix_timestamp "
                f"{unix_step:.1f} ms",
                "relative_timestamp is in milliseconds, unix_timestamp in nanoseconds",
                frame=frame.frame_id,
                field=f"{frame.place}.relative_timestamp",
                value=step,
            )
            return


def _shutters(scene: SceneView) -> Iterator[Finding]:
    images = [(frame, image) for frame in scene.frames for image in frame.images]
    timed = [(frame, image, image.shutter) for frame, image in images if image.shutter is not None]
    if timed and len(timed) < len(images):
        frame, image = next((frame, image) for frame, image in images if image.shutter is None)
        yield broken(
            "shutter-partial",
            f"{len(timed)} of {len(images)} images have shutter times",
            "set them for all images or for none",
            frame=frame.frame_id,
            sensor=image.sensor,
            field=f"{image.place}.metadata",
            value=len(timed),
        )
    for frame, image, shutter in timed:
        yield from _shutter(frame, image, shutter)


def _shutter(frame: FrameView, image: FileView, shutter: tuple[int, int]) -> Iterator[Finding]:
    """The first thing that is wrong with the times of one image."""
    start, end = shutter
    broken_here = partial(broken, frame=frame.frame_id, sensor=image.sensor, file=image.name)
    field = f"{image.place}.metadata.shutter_time_start_ns"
    if start >= end:
        yield broken_here(
            "shutter-order",
            f"the shutter opens at {start} and closes at {end}",
            "the start must be before the end; set reversed_shutter if the bottom row comes first",
            field=field,
            value=start,
        )
    elif abs(start) < SMALLEST_NS:
        yield broken_here(
            "shutter-unit",
            f"the shutter opens at {start}, which looks like {unit_of(start) or 'an invalid time'}",
            "use nanoseconds since 1970 as integers",
            field=field,
            value=start,
        )
    elif end - start > SECOND_NS:
        yield broken_here(
            "shutter-duration",
            f"the image is exposed for {(end - start) / SECOND_NS:.3g} s",
            "use the times of the first and the last row, in nanoseconds",
            field=field,
            value=end - start,
        )
    elif frame.unix_ns is not None and abs((start + end) // 2 - frame.unix_ns) > SECOND_NS:
        yield broken_here(
            "shutter-frame",
            f"the image is taken {(start - frame.unix_ns) / SECOND_NS:+.3g} s from its frame",
            "check that both times come from the same clock, and that the image belongs to this frame",
            field=field,
            value=start,
        )
