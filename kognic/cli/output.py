"""Print models: tables and lists of fields for people, JSON for programs. Names are those of the models."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import click

from kognic._core.plain import plain
from kognic._core.terminal import Column, Styled, echo, stacked, table
from kognic._core.visible import visible, visible_json

# Wide enough for any row: what is piped into another program must not be wrapped or cut.
_UNLIMITED = 100_000
# Columns of sentences, which may be broken into lines; what is copied from other columns stays in one piece.
_PROSE = {"title", "description", "name", "error", "error_message", "objects", "comments"}
_LINKS = {"view_link"}
# Columns that are shown if an item has such a value.
_IF_ANY = {"error_message", "error_stage", "error", "target", "scene_uuid", "input_uuid"}
_COLOURS = {
    "created": "green",
    "completed": "green",
    "open": "green",
    "available": "green",
    "failed": "red",
    "pending": "yellow",
    "processing": "yellow",
    "in_progress": "yellow",
    "in-progress": "yellow",
}


def print_json(value: Any) -> None:
    """Print a value as indented JSON on standard output."""
    click.echo(visible_json(json.dumps(plain(value), indent=2, ensure_ascii=False)))


def print_table(items: Iterable[Any], columns: Sequence[str], *, optional: Sequence[str] = ()) -> None:
    """Print one row per item; a column may reach into a field of a field with a dot. Numbers align right.

    Columns of errors, targets and UUIDs are left out if no item has one. In a terminal that is too narrow,
    sentences are broken into lines; where that is not enough, the columns of `optional` are left out, the
    first of them first. Then the last columns stand below each row, or each item is printed as a list of
    fields: an identifier in pieces cannot be copied.
    """
    columns, rows = _without_empty(columns, [[_reach(item, column) for column in columns] for item in items])
    layout, cells = _laid_out(columns, rows)
    width = _width()
    for count in range(len(optional) + 1):
        kept = [number for number, name in enumerate(columns) if name not in optional[:count]]
        text = table([layout[n] for n in kept], [[row[n] for n in kept] for row in cells], width)
        if text is not None:
            break
    else:
        text = stacked(layout, cells, width)
    if text is not None:
        click.echo(text)
        return
    for number, row in enumerate(rows):
        if number:
            echo()
        print_fields(dict(zip(columns, row, strict=True)))


def _laid_out(columns: Sequence[str], rows: list[list[Any]]) -> tuple[list[Column], list[list[Styled]]]:
    digits = [max((_digits(row[number]) for row in rows), default=0) for number in range(len(columns))]
    layout = [
        Column(
            name,
            wraps=name in _PROSE,
            right=_are_numbers(row[number] for row in rows),
            overflows=name in _LINKS,
        )
        for number, name in enumerate(columns)
    ]
    cells = [[_cell(value, count) for value, count in zip(row, digits, strict=True)] for row in rows]
    return layout, cells


def _without_empty(columns: Sequence[str], rows: list[list[Any]]) -> tuple[Sequence[str], list[list[Any]]]:
    """Leave out columns of `_IF_ANY` without a value."""
    kept = [n for n, name in enumerate(columns) if name not in _IF_ANY or any(row[n] for row in rows)]
    return [columns[n] for n in kept], [[row[n] for n in kept] for row in rows]


def _are_numbers(values: Iterable[Any]) -> bool:
    given = [value for value in values if value is not None]
    return bool(given) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in given
    )


def print_fields(item: Any) -> None:
    """Print one field per line, fields of fields as `outer.inner` and `list[0]`."""
    fields = list(_flat(plain(item, _text)))
    width = max((len(name) for name, _ in fields), default=0)
    for name, value in fields:
        shown = name.ljust(width + 2) if value else name
        click.echo(f"{click.style(visible(shown, lines=False), bold=True)}{visible(value)}")


def without_links(item: Any) -> Any:
    """Return a model as plain values without its links to the web application, which are long."""
    return _unlinked(plain(item))


def _unlinked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _unlinked(part) for name, part in value.items() if name not in _LINKS}
    return [_unlinked(part) for part in value] if isinstance(value, list) else value


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for index, item in enumerate(value):
            yield from _flat(item, f"{name}[{index}]")
    else:
        yield name, _text(value)


def note(message: str) -> None:
    """Print a message that is not part of the result, on standard error; nothing with `kognic --quiet`."""
    if not is_quiet():
        echo(message, err=True)


def is_quiet() -> bool:
    """Whether the command was started with `kognic --quiet`."""
    context = click.get_current_context(silent=True)
    return context is not None and bool((context.find_root().obj or {}).get("quiet"))


def shows_progress() -> bool:
    """Whether to draw progress bars: standard error is a terminal, and there is no `--quiet`."""
    return sys.stderr.isatty() and not is_quiet()


def _reach(item: Any, path: str) -> Any:
    for name in path.split("."):
        if item is None:
            return None
        item = item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
    return item


def _digits(value: Any) -> int:
    """Digits behind the point; a column prints as many for each of its numbers."""
    text = str(value) if isinstance(value, float) else ""
    return 0 if "e" in text else len(text.partition(".")[2])


def _cell(value: Any, digits: int) -> Styled:
    if isinstance(value, datetime):
        # Seconds are in the JSON and in lists of fields; a table needs the room.
        return Styled(value.isoformat(sep=" ", timespec="minutes").replace("+00:00", "Z"))
    shown = f"{value:.{digits}f}" if isinstance(value, float) and "e" not in str(value) else _text(value)
    return Styled(shown, {"fg": _COLOURS[shown]} if shown in _COLOURS else {})


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(_text, value))
    return str(value)


def _width() -> int:
    """Cells in a line: those of the terminal, no limit for a pipe or a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _UNLIMITED
