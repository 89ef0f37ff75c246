"""What a preview shows: frames, cameras, sizes, colours."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import attrs

FEW_FRAMES = 5
"""How many frames are shown when none are chosen."""
_NUMBER = re.compile(r"\d+")
_SPAN = re.compile(r"(\d+)-(\d+)")
_SLICE = re.compile(r"(\d*):(\d*)(?::(\d+))?")

# A choice, about one sweep of 128 rows: more take longer, and cover the image.
MAX_POINTS = 200_000


def _at_least(least: float) -> Callable[[Any, Any, Any], None]:
    def check(_: Any, attribute: Any, value: Any) -> None:
        if value is not None and not (math.isfinite(value) and value >= least):
            raise ValueError(f"{attribute.name} is {value}, must be at least {least:g}")

    return check


def _check_depth(_: Any, __: Any, value: tuple[float, float] | None) -> None:
    if value is not None and not (0 < value[0] < value[1] < math.inf):
        raise ValueError(
            f"depth_range is {value[0]:g} to {value[1]:g} m, must be two positive numbers, the smaller first"
        )


@attrs.frozen(kw_only=True)
class PreviewOptions:
    """What a preview shows.

    Attributes:
        frames: Positions of the frames from 0, as numbers or as text such as `0,5-10`, `::5` (every fifth)
            or `all`; None takes five, spread over the scene.
        cameras: Only these; None takes all.
        image_width: Images wider than this are scaled down, pixels.
        max_points: Points drawn per frame; of more, a random choice that is the same each time.
        birds_eye: Draw the bird's-eye view.
        birds_eye_range: How far it reaches to each side, metres; None fits it to the points.
        depth_range: Distances at the ends of the colour scale, metres; None fits them to the points.
        verdict: Check each camera's calibration against the lidar; takes 2 to 6 s of CPU time per
            camera.
        workers: Threads that draw; None takes the number of processors.

    Raises:
        ValueError: A number is out of range.
    """

    frames: str | Sequence[int] | None = None
    cameras: Collection[str] | None = None
    # Pixels: as `scene.PAGE_WIDTH`; 64 is a thumbnail that still shows where the points are.
    image_width: int = attrs.field(default=1280, validator=_at_least(64))
    max_points: int = attrs.field(default=MAX_POINTS, validator=_at_least(0))
    birds_eye: bool = True
    birds_eye_range: float | None = attrs.field(default=None, validator=_at_least(1))
    depth_range: tuple[float, float] | None = attrs.field(default=None, validator=_check_depth)
    verdict: bool = False
    workers: int | None = attrs.field(default=None, validator=_at_least(1))


def choose_frames(wanted: str | Sequence[int] | None, count: int) -> list[int]:
    """Positions of the frames to show, in ascending order.

    Args:
        wanted: See `PreviewOptions.frames`.
        count: How many frames the scene has.

    Raises:
        ValueError: It cannot be read, or names a frame that the scene does not have.
    """
    if wanted is None:
        few = min(count, FEW_FRAMES)
        return sorted({round(index * (count - 1) / max(few - 1, 1)) for index in range(few)})
    numbers = list(_parse(wanted, count)) if isinstance(wanted, str) else list(wanted)
    for number in numbers:
        if not 0 <= number < count:
            raise ValueError(f"there is no frame {number}; the scene has {count}, counted from 0")
    if not numbers:
        raise ValueError(f"frames is {wanted!r}, which chooses none of the scene's {count}")
    return sorted(set(numbers))


def _parse(text: str, count: int) -> Iterator[int]:
    for part in text.split(","):
        item = part.strip()
        if item == "all":
            yield from range(count)
        elif _NUMBER.fullmatch(item):
            yield int(item)
        elif (span := _SPAN.fullmatch(item)) and int(span[1]) <= int(span[2]):
            yield from range(int(span[1]), int(span[2]) + 1)
        elif (cut := _SLICE.fullmatch(item)) and cut[3] != "0":
            start, stop, step = (int(number) if number else None for number in cut.groups())
            yield from range(count)[start:stop:step]
        else:
            raise ValueError(f"frames has {item!r}, must be such as 0,5-10 or ::5 (every fifth) or all")
