"""Commented YAML of a draft."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kognic._core.visible import visible
from kognic.scenes.drafting.draft import Draft, DraftFile, DraftFrame
from kognic.scenes.scene_view import PLACEHOLDER

# What stands in YAML without quotes and is text for every reader of it.
_PLAIN = re.compile(r"[A-Za-z][\w/-]*(?:\.[A-Za-z]\w*)?")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
# A choice: comments above a scene file must leave it readable.
_MAX_SHOWN = 20

_HEAD = """\
# A first scene file, guessed from the files beside it. Correct it, then check and create the scene:
#   kognic check {path}
#   kognic view {path}
#   kognic scene create {path} --dry-run
# Every key is documented under "Scene files"; 'kognic scene schema' prints the JSON Schema.
"""


def yaml_of(draft: Draft, folder: Path, path: Path) -> str:
    """Return the scene file of a draft.

    Args:
        draft: The draft.
        folder: The folder that its paths are relative to.
        path: Where the file will be; its paths are relative to that.
    """

    def place(name: str) -> str:
        return _text(Path(os.path.relpath(folder / name, path.parent)).as_posix())

    lines = [_HEAD.format(path=visible(path.as_posix(), lines=False))]
    lines += _comment("Guessed", draft.guesses)
    lines += _comment("To fill in or confirm", draft.to_fill_in)
    lines += _comment("Left out", draft.left_out)
    lines += [
        f"type: {draft.type}",
        f"external_id: {_text(draft.external_id)}",
        *_references(draft, place),
        "",
    ]
    if draft.is_sequence:
        lines.append("frames:")
        for frame in draft.frames:
            lines += _sequence_frame(frame, place)
    else:
        (frame,) = draft.frames
        lines.append("frame:")
        if frame.unix_ns is not None and draft.type != "cameras":
            lines.append(f"  unix_timestamp: {frame.unix_ns}")
        lines += _files(frame, place, "  ")
    return "\n".join(lines) + "\n"


def _references(draft: Draft, place: Callable[[str], str]) -> Iterator[str]:
    if draft.calibration is not None:
        yield f"calibration: {place(draft.calibration)}"
    elif draft.needs_calibration:
        yield f"calibration_id: {PLACEHOLDER}  # or calibration: a file"
    elif "cameras" in draft.type:
        yield "# calibration: calibration.json  # optional for cameras alone"
    if draft.imu_data is not None:
        yield f"imu_data: {place(draft.imu_data)}"
    if draft.pre_annotation is not None:
        yield f"pre_annotation: {place(draft.pre_annotation)}"
    if "lidars" in draft.type:
        yield "# motion_compensation: false  # if the points are motion-compensated already"
    yield "# metadata: {region: EU, night: false}"
    yield "# project: the external ID of a project to create inputs in"


def _sequence_frame(frame: DraftFrame, place: Callable[[str], str]) -> Iterator[str]:
    yield f'  - frame_id: "{frame.frame_id}"'
    yield f"    relative_timestamp: {frame.relative_ms}"
    if frame.unix_ns is not None:
        yield f"    unix_timestamp: {frame.unix_ns}"
    yield from _files(frame, place, "    ")


def _files(frame: DraftFrame, place: Callable[[str], str], indent: str) -> Iterator[str]:
    for key, files in (("point_clouds", frame.clouds), ("images", frame.images)):
        if files:
            yield f"{indent}{key}:"
            yield from (f"{indent}  - {_entry(file, place)}" for file in files)


def _entry(file: DraftFile, place: Callable[[str], str]) -> str:
    return f"{{sensor_name: {_text(file.sensor)}, filename: {place(file.path)}}}"


def _comment(title: str, sentences: Sequence[str]) -> Iterator[str]:
    if not sentences:
        return
    yield f"# {title}:"
    for sentence in sentences[:_MAX_SHOWN]:
        yield f"# - {visible(sentence, lines=False)}"
    if len(sentences) > _MAX_SHOWN:
        yield f"# - and {len(sentences) - _MAX_SHOWN} more"
    yield "#"


def _text(value: str) -> str:
    """A text as YAML has it; in quotes unless it can be nothing else."""
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())
