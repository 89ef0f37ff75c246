"""Numbers, sizes and names out of files that others have written, refused with their place and value."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from kognic._core.camera_errors import ConversionError
from kognic.scenes.geometry.poses import FloatArray, rotation_matrix

Size = tuple[int, int]
T = TypeVar("T")
# No pixel, metre or coefficient of a calibration is larger, and nothing computed from them overflows.
_LARGEST = 1e9
# Below it, numbers are zero in truth, and their squares underflow.
_SMALLEST = 1e-30
# Pixels of a side: line cameras have 16384; more is another number of the file.
_LARGEST_IMAGE = 100_000
# Two digits are rounding; Euler angles or another order of numbers differ by far more.
_QUATERNION_LENGTH = 1e-2
# Characters of a value in a message: enough to find it in the file.
_SHOWN = 80
_DIGITS = re.compile(
    r"[-+]?(?:(?!0[0-9]+$)[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.?(?:nan|inf|infinity)", re.I
)


@contextmanager
def at(place: object) -> Iterator[None]:
    """Begin the message of a `ConversionError` with the place that it comes from."""
    try:
        yield
    except ConversionError as exc:
        raise ConversionError(f"{place}: {exc}") from exc


def shown(value: object) -> str:
    """Return a value as messages show it: not longer than a line."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def entry(record: Mapping[str, Any], key: str) -> Any:
    """Return one entry of a record.

    Raises:
        ConversionError: `record` is not a record, or has no such entry.
    """
    if not isinstance(record, Mapping):
        raise ConversionError(f"is {shown(record)}, must be an object with {key}")
    if key not in record:
        raise ConversionError(f"{key} is missing")
    return record[key]


def refuse_unknown(record: object, known: Collection[str]) -> None:
    """Refuse keys that are not understood: one may say where a sensor is or how its lens works.

    Args:
        record: A mapping; anything else is left to its reader.
        known: Keys that are used, or known to say neither.

    Raises:
        ConversionError: There is another key.
    """
    if not isinstance(record, Mapping):
        return
    unknown = [str(key) for key in record if str(key) not in known]
    if unknown:
        raise ConversionError(
            f"the key {unknown[0]} is not known, and may say where a sensor is or how its lens works; "
            "correct its name, remove it, or skip it with ignore_keys (--ignore-key)"
        )


def number(value: object, name: str) -> float:
    """Return one finite number; YAML's `1e-05`, which its readers take for text, is one.

    Raises:
        ConversionError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | np.number):
        raise ConversionError(f"{name} is {shown(value)}, must be a number")
    if isinstance(value, str) and not _DIGITS.fullmatch(value.strip()):
        # Python reads `2026_03_01` and the digits of every script, and C++ reads `0010` as it stands.
        raise ConversionError(f"{name} is {shown(value)}, must be a number")
    try:
        found = float(value)
    except (ValueError, OverflowError):
        found = math.nan
    if not abs(found) <= _LARGEST:
        raise ConversionError(f"{name} is {shown(value)}, must be a finite number up to {_LARGEST:g}")
    return found if abs(found) >= _SMALLEST else 0.0


def numbers(value: object, name: str, counts: Sequence[int] = ()) -> FloatArray:
    """Return a list of finite numbers, nested or flat, as a flat array.

    Args:
        value: The list.
        name: What messages call it.
        counts: How many there may be; any number when empty.

    Raises:
        ConversionError: Something in it is not a number, or there are too many or too few.
    """
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ConversionError(f"{name} is {shown(value)}, must be a list of numbers")
    flat: list[Any] = []
    for item in value:
        flat += item if isinstance(item, Sequence) and not isinstance(item, str) else [item]
    if counts and len(flat) not in counts:
        allowed = " or ".join(map(str, counts))
        raise ConversionError(f"{name} holds {len(flat)} numbers, must hold {allowed}")
    return np.array([number(item, f"{name}[{index}]") for index, item in enumerate(flat)], dtype=float)


def image_size(width: object, height: object) -> Size:
    """Width and height of an image, pixels.

    Raises:
        ConversionError: One of them is not a positive whole number.
    """
    return _pixels(width, "the image width"), _pixels(height, "the image height")


def _pixels(value: object, name: str) -> int:
    found = number(value, name)
    if found != int(found) or not 1 <= found <= _LARGEST_IMAGE:
        raise ConversionError(f"{name} is {shown(value)}, must be a whole number of pixels")
    return int(found)


def rigid(rotation: object, translation: object) -> FloatArray:
    """Put a rotation, shape (3, 3), and a translation, shape (3,), into one matrix, shape (4, 4).

    Raises:
        ConversionError: They are of another shape, or hold something else than numbers.
    """
    matrix = np.eye(4)
    matrix[:3, :3] = numbers(rotation, "the rotation", (9,)).reshape(3, 3)
    matrix[:3, 3] = numbers(translation, "the translation", (3,))
    return matrix


def rotation(quaternion: object) -> FloatArray:
    """Return the rotation matrix, shape (3, 3), of a unit quaternion `w, x, y, z`.

    Raises:
        ConversionError: It is none.
    """
    values = numbers(quaternion, "the quaternion", (4,))
    length = float(np.linalg.norm(values))
    if abs(length - 1) > _QUATERNION_LENGTH:
        raise ConversionError(
            f"the quaternion (w, x, y, z) {values.tolist()} has length {length:.4g}, must have 1"
        )
    return rotation_matrix(values)


def renamed(sensors: Mapping[str, T], names: Mapping[str, str]) -> dict[str, T]:
    """Sensors under the names of the scene; those without an entry keep theirs.

    Raises:
        ConversionError: A name is not that of a sensor, or two sensors come out with the same one.
    """
    unknown = [name for name in names if name not in sensors]
    if unknown:
        raise ConversionError(f"there is no sensor {unknown[0]!r}; there are {', '.join(sensors)}")
    found: dict[str, T] = {}
    for name, sensor in sensors.items():
        new = names.get(name, name)
        if new in found:
            raise ConversionError(f"two sensors are named {new!r}; rename one of them")
        found[new] = sensor
    return found
