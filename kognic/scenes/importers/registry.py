"""Which formats can be imported: the entry points of the group `kognic.importers`.

The value of an entry point is a function `open(source, **options)` that yields recordings. Options are
keyword arguments with text values.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers.locations import Location, locate, named_damage
from kognic.scenes.importers.recording import Recording

GROUP = "kognic.importers"
Importer = Callable[..., Iterable[Recording]]


def formats() -> dict[str, EntryPoint]:
    """Return the formats that can be imported here, by name; nothing of them is loaded."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    return dict(sorted(found.items()))


def importer_of(format: str) -> Importer:
    """Return the function that opens a format.

    Raises:
        RecordingError: The format does not exist, or a library that it needs is missing.
    """
    known = formats()
    if format not in known:
        raise RecordingError(
            f"'{format}' is not a format that can be imported; there are: {', '.join(known)}"
        )
    try:
        loaded: Importer = known[format].load()
    except ImportError as exc:
        raise RecordingError(
            f"{format}: its importer needs more: {exc}; see the extras of kognic-client in docs/importing.md"
        ) from exc
    except AttributeError as exc:
        raise RecordingError(f"{format}: its entry point is '{known[format].value}': {exc}") from exc
    return loaded


def options_of(format: str) -> dict[str, str | None]:
    """Return the options of a format, with their defaults.

    Raises:
        RecordingError: As `importer_of`.
    """
    parameters = inspect.signature(importer_of(format)).parameters.values()
    return {one.name: one.default for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY}


def open_recordings(format: str, source: str | Location, options: Mapping[str, str] = {}) -> list[Recording]:
    """Open what a source holds; nothing but lists and headers is read.

    Args:
        format: As `formats` names it.
        source: Path or fsspec URL.
        options: Those of the format.

    Raises:
        RecordingError: The format or an option is unknown, or the source holds none of it.
    """
    importer = importer_of(format)
    known: Mapping[str, Any] = options_of(format)
    unknown = [name for name in options if name not in known]
    if unknown:
        raise RecordingError(f"{format} has no option '{unknown[0]}'; it has: {', '.join(known) or 'none'}")
    location = locate(source)
    if not location.exists():
        raise RecordingError(f"{source}: there is no such file or folder")
    with named_damage(str(source)):
        found = list(importer(location, **options))
    if not found:
        chosen = ", ".join(f"{name}={value}" for name, value in options.items())
        raise RecordingError(f"{source}: holds no recording of {format}{chosen and f' with {chosen}'}")
    return found


def open_recording(
    format: str, source: str | Location, name: str, options: Mapping[str, str] = {}
) -> Recording:
    """Open one recording of a source by its name.

    Raises:
        RecordingError: As `open_recordings`, or there is none of that name.
    """
    found = open_recordings(format, source, options)
    for recording in found:
        if recording.name == name:
            return recording
    names = ", ".join(recording.name for recording in found[:20])
    raise RecordingError(f"{source}: no recording '{name}'; there are: {names}")
