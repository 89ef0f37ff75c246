"""What the names of files tell: which sensor took a file, and when.

Names are compared, not looked up in a list of conventions: of the numbers in a name, the one that takes the
most values says when; whatever else tells files apart says which sensor.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import PurePosixPath

import attrs

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SEPARATORS = re.compile(r"[\s_.-]+")
# Names of folders, and parts of names, that say what kind of file it is and not which sensor took it.
# fmt: off
_GENERIC = frozenset((
    "images", "image", "imgs", "img", "cameras", "camera", "cams", "cam", "lidars", "lidar", "pointclouds",
    "pointcloud", "points", "clouds", "cloud", "pcds", "pcd", "las", "laz", "data", "sensors", "sensor",
    "frames", "frame", "samples", "sweeps", "raw", "rgb", "png", "jpg",
))
# fmt: on
# Words before a number that says when.
_MOMENTS = frozenset(["frame", "f", "image", "img", "scan", "sweep", "cloud", "t", "time"])
Moment = tuple[Decimal, ...]


@attrs.frozen
class Named:
    """A file whose name has been read.

    Attributes:
        path: Relative to the folder, with slashes.
        sensor: Parts of the path that tell its sensor from others; may be empty.
        moment: Numbers that say when; empty if the name has none.
    """

    path: str
    sensor: tuple[str, ...]
    moment: Moment


@attrs.frozen
class _Split:
    """A path in parts: texts between numbers, and the numbers with the part of the path each is in."""

    path: str
    template: str
    numbers: tuple[Decimal, ...]
    spans: tuple[tuple[int, int], ...]
    levels: tuple[int, ...]


def read_names(paths: Iterable[str]) -> list[Named]:
    """Read sensors and moments out of the paths of files of one kind, relative to a folder."""
    groups: defaultdict[str, list[_Split]] = defaultdict(list)
    for path in paths:
        split = _split(path)
        groups[split.template].append(split)
    return sorted((named for group in groups.values() for named in _read(group)), key=lambda item: item.path)


def _split(path: str) -> _Split:
    pure = PurePosixPath(path)
    stem = str(pure.with_suffix(""))
    found = list(_NUMBER.finditer(stem))
    return _Split(
        path=path,
        template=_NUMBER.sub("#", stem) + pure.suffix.lower(),
        numbers=tuple(Decimal(match[0]) for match in found),
        spans=tuple(match.span() for match in found),
        levels=tuple(stem.count("/", 0, match.start()) for match in found),
    )


def _read(group: Sequence[_Split]) -> Iterator[Named]:
    """Files whose names differ in numbers only."""
    when = _moment_positions(group)
    for split in group:
        stem = str(PurePosixPath(split.path).with_suffix(""))
        # From the end, so that positions of earlier numbers stay right.
        for position in sorted(when, reverse=True):
            start, end = split.spans[position]
            stem = f"{stem[:start]}_{stem[end:]}"
        parts = tuple(part for text in stem.split("/") if (part := _SEPARATORS.sub("_", text).strip("_")))
        yield Named(split.path, parts, tuple(split.numbers[position] for position in when))


def _moment_positions(group: Sequence[_Split]) -> tuple[int, ...]:
    """Positions of the numbers that say when, in files whose names differ in numbers only."""
    first = group[0]
    if not first.numbers:
        return ()
    values = [{split.numbers[position] for split in group} for position in range(len(first.numbers))]
    in_name = first.template.count("/")
    # A number in the name of the file comes before one in a folder: folders mostly stand for sensors.
    position = max(
        range(len(values)),
        key=lambda index: (
            len(values[index]) > 1,
            first.levels[index] == in_name,
            len(values[index]),
            max(len(str(number)) for number in values[index]),
            index,
        ),
    )
    if len(group) == 1 and not _looks_like_moment(first, position):
        return ()
    if _counts_sensors(group, position):
        return ()
    # An index beside a time says when as well: it never differs where the time is the same.
    others = [
        index
        for index in range(len(values))
        if index != position
        and len(values[index]) > 1
        and first.levels[index] == first.levels[position]
        and _follows(group, position, index)
    ]
    return tuple(sorted([position, *others]))


def _looks_like_moment(split: _Split, position: int) -> bool:
    """Whether the number of a single file says when rather than which sensor: `000123`, not `cam2`."""
    start, end = split.spans[position]
    # Sensors are numbered with one or two digits, frames from 000 on.
    return end - start >= 3


def _counts_sensors(group: Sequence[_Split], position: int) -> bool:
    """Whether the number tells sensors apart, as in `cam1` and `cam2`: one digit right behind a word."""
    stem, (start, _) = str(PurePosixPath(group[0].path).with_suffix("")), group[0].spans[position]
    word = re.search(r"[^\W\d_]+$", stem[:start])
    is_digit = all(end - begin == 1 for begin, end in (split.spans[position] for split in group))
    return is_digit and word is not None and word[0].lower() not in _MOMENTS


def _follows(group: Sequence[_Split], position: int, index: int) -> bool:
    seen: dict[Decimal, Decimal] = {}
    return all(
        seen.setdefault(split.numbers[position], split.numbers[index]) == split.numbers[index]
        for split in group
    )


def sensor_names(parts: Iterable[tuple[str, ...]], default: str) -> Mapping[tuple[str, ...], str]:
    """Return a name for each sensor: what is left of its parts without words that only name the kind of file.

    Args:
        parts: Of each sensor, see `Named.sensor`.
        default: Name of a sensor whose parts say nothing.
    """
    known = sorted(set(parts))
    short = {key: "_".join(part for part in key if part.lower() not in _GENERIC) for key in known}
    names: dict[tuple[str, ...], str] = {}
    for key in known:
        name = short[key] or (key[-1] if key else default)
        # Two sensors must not share a name: the whole path tells them apart.
        if sum(other == short[key] for other in short.values()) > 1:
            name = "_".join(key) or default
        names[key] = name
    return names


def name_words(name: str) -> frozenset[str]:
    """Return the words of a sensor's name in lower case; those that name its kind if it has no others."""
    words = frozenset(_SEPARATORS.sub("_", name.casefold()).strip("_").split("_"))
    return words - _GENERIC or words
