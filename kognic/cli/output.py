"""Prints models: tables and lists of fields for people, JSON for programs; names are those of the models."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

import attrs
import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

# Wide enough for any row: what is piped into another program must not be wrapped or cut.
_UNLIMITED = 100_000
# Columns of sentences, which may be broken into lines; what is copied from other columns stays in one piece.
_PROSE = {"title", "description", "name", "error", "error_message", "objects", "comments"}
_STYLES = {
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


def plain(value: Any, time: Callable[[datetime], str] = datetime.isoformat) -> Any:
    """Turn a model, or anything that holds models, into what JSON can express.

    Enum members become their values, times ISO 8601 or what `time` makes of them, sets sorted lists; models
    keep their Python names.
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return time(value)
    if isinstance(value, Mapping):
        return {str(plain(key, time)): plain(item, time) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(plain(item, time) for item in value)
    if isinstance(value, list | tuple):
        return [plain(item, time) for item in value]
    if hasattr(value, "to_dict"):
        return plain(value.to_dict(by_alias=False), time)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_none=True)
    if attrs.has(type(value)):
        return plain(attrs.asdict(value, recurse=False), time)
    return value


def print_json(value: Any) -> None:
    """Print a value as indented JSON on standard output."""
    click.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def print_table(items: Iterable[Any], columns: Sequence[str]) -> None:
    """Print one row per item; a column may reach into a field of a field with a dot.

    In a terminal that is too narrow for the rows, sentences are broken into lines; where that does not help,
    each item is a list of fields instead: an identifier in pieces cannot be copied.
    """
    rows = [[_reach(item, column) for column in columns] for item in items]
    console = _console()
    if _narrowest(console, columns, rows) <= console.width:
        console.print(_table(columns, [list(map(_cell, row)) for row in rows]), crop=False)
        return
    for number, row in enumerate(rows):
        if number:
            click.echo()
        print_fields(dict(zip(columns, row, strict=True)))


def _table(columns: Sequence[str], rows: Iterable[Sequence[RenderableType]]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=column not in _PROSE)
    for row in rows:
        table.add_row(*row)
    return table


def _narrowest(console: Console, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """The least width at which nothing but sentences is broken, and nothing is cut."""
    from rich.measure import Measurement
    from rich.text import Text

    def whole(column: str, text: str) -> Text:
        return Text(text if column in _PROSE else text.replace(" ", "_"))

    cells = [[whole(*pair) for pair in zip(columns, map(_text, row), strict=True)] for row in rows]
    headings = [whole(column, column) for column in columns]
    table = _table(columns, [headings, *cells])
    return Measurement.get(console, console.options.update(width=_UNLIMITED), table).minimum


def print_fields(item: Any) -> None:
    """Print one field per line, fields of fields as `outer.inner` and `list[0]`."""
    fields = list(_flat(plain(item, _text)))
    width = max((len(name) for name, _ in fields), default=0)
    for name, value in fields:
        shown = name.ljust(width + 2) if value else name
        click.echo(f"{click.style(shown, bold=True)}{value}")


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
    """Tell the person at the terminal something that is not part of the result."""
    click.echo(message, err=True)


def _reach(item: Any, path: str) -> Any:
    for name in path.split("."):
        if item is None:
            return None
        item = item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
    return item


def _cell(value: Any) -> RenderableType:
    from rich.text import Text

    shown = _text(value)
    return Text(shown, style=_STYLES.get(shown, ""))


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


def _console() -> Console:
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(file=sys.stdout, width=_UNLIMITED, highlight=False, no_color=True)
