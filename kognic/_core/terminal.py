"""Printing for people: lines and tables that fit the terminal, with control characters made visible."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import click

from kognic._core.visible import visible

_GAP = "   "
_LONGEST_WORD = 24
"""Cells: longer words are broken in columns that may break words."""


def colours() -> bool | None:
    """Say whether to print colours: False if `NO_COLOR` is set (no-color.org), else None: on terminals."""
    return False if os.environ.get("NO_COLOR") else None


def echo(message: object = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a line, with control characters made visible. On standard error with `err`."""
    click.echo(visible(message), err=err, nl=nl)


class Styled(NamedTuple):
    """Text in a style of `click.style`, such as `{"fg": "red", "bold": True}`."""

    text: str
    style: Mapping[str, Any] = MappingProxyType({})


Cell = str | Styled


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        name: Its heading; empty for none.
        wraps: Break the text into lines where the table is too wide; otherwise it stays in one piece.
        breaks: Break long words as well.
        right: Align to the right.
        overflows: May be wider than the terminal in `stacked`, alone in a line: a link.
    """

    name: str
    wraps: bool = False
    breaks: bool = False
    right: bool = False
    overflows: bool = False


def cells(text: str) -> int:
    """Return the width of a text: two cells for wide East Asian characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int, *, headings: bool = True
) -> str | None:
    """Lay out a table.

    Args:
        columns: The columns.
        rows: A cell for each column; control characters are made visible.
        width: Cells there are.
        headings: Whether to print names of columns and a rule.

    Returns:
        The lines, styled; None if the width is too small even with text broken into lines.
    """
    shown = [[_safe(cell) for cell in row] for row in rows]
    heads: list[list[Cell]] = (
        [[Styled(column.name, {"bold": True}) for column in columns]] if headings else []
    )
    widths = _widths(columns, [*heads, *shown], width)
    if widths is None:
        return None
    lines = [line for row in heads for line in _lines(columns, row, widths)]
    if headings:
        lines.append("─" * (sum(widths) + len(_GAP) * (len(widths) - 1)))
    lines += [line for row in shown for line in _lines(columns, row, widths)]
    return "\n".join(lines)


def stacked(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int) -> str | None:
    """Lay out a table whose last columns stand by name below each row, as few of them as possible.

    Args:
        columns: The columns.
        rows: A cell for each column; control characters are made visible.
        width: Cells there are.

    Returns:
        The lines, styled; None if the first column, or a field below, is too wide.
    """
    shown = [[_safe(cell) for cell in row] for row in rows]
    for count in range(len(columns) - 1, 0, -1):
        first, rest = columns[:count], columns[count:]
        head: list[Cell] = [Styled(column.name, {"bold": True}) for column in first]
        widths = _widths(first, [head, *(row[:count] for row in shown)], width)
        if widths is None:
            continue
        lines = [*_lines(first, head, widths), "─" * (sum(widths) + len(_GAP) * (count - 1))]
        for row in shown:
            below = _below(rest, row[count:], width)
            if below is None:
                return None
            lines += [*_lines(first, row[:count], widths), *below]
        return "\n".join(lines)
    return None


def _below(columns: Sequence[Column], row: Sequence[Styled], width: int) -> list[str] | None:
    """Fields by name, indented, as many in a line as fit; None if one does not."""
    lines: list[tuple[str, int]] = []
    for column, cell in zip(columns, row, strict=True):
        if not cell.text:
            continue
        size = cells(f"{column.name} {cell.text}")
        if (size + len(_GAP) > width or "\n" in cell.text) and not column.overflows:
            return None
        field = f"{click.style(column.name, bold=True)} {click.style(cell.text, **cell.style)}"
        if lines and lines[-1][1] + len(_GAP) + size <= width:
            text, used = lines.pop()
            lines.append((f"{text}{_GAP}{field}", used + len(_GAP) + size))
        else:
            lines.append((f"{_GAP}{field}", len(_GAP) + size))
    return [text for text, _ in lines]


def _safe(cell: Cell) -> Styled:
    styled = cell if isinstance(cell, Styled) else Styled(cell)
    return styled._replace(text=visible(styled.text))


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Styled) else cell


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int) -> list[int] | None:
    natural = [0] * len(columns)
    least = [0] * len(columns)
    for row in rows:
        for n, (column, cell) in enumerate(zip(columns, row, strict=True)):
            lines = _text(cell).split("\n")
            whole = max(map(cells, lines))
            natural[n] = max(natural[n], whole)
            word = max((cells(word) for line in lines for word in line.split(" ")), default=0)
            if column.breaks:
                word = min(word, _LONGEST_WORD)
            least[n] = max(least[n], word if column.wraps else whole)
    spare = width - sum(least) - len(_GAP) * (len(columns) - 1)
    if spare < 0:
        return None
    wanted = [most - few for most, few in zip(natural, least, strict=True)]
    if sum(wanted) <= spare:
        return natural
    return [few + spare * want // sum(wanted) for few, want in zip(least, wanted, strict=True)]


def _lines(columns: Sequence[Column], row: Sequence[Cell], widths: Sequence[int]) -> Iterator[str]:
    """The lines of one row."""
    columns_of_lines = [list(_wrapped(_text(cell), room)) for cell, room in zip(row, widths, strict=True)]
    for number in range(max(map(len, columns_of_lines), default=0)):
        parts = []
        for column, cell, lines, room in zip(columns, row, columns_of_lines, widths, strict=True):
            text = lines[number] if number < len(lines) else ""
            blank = " " * (room - cells(text))
            style = cell.style if isinstance(cell, Styled) else {}
            painted = click.style(text, **style) if style and text else text
            parts.append(blank + painted if column.right else painted + blank)
        yield _GAP.join(parts).rstrip()


def _wrapped(text: str, room: int) -> Iterator[str]:
    """The lines of a cell, none of them wider than the room."""
    for line in text.split("\n"):
        begun = ""
        for word in line.split(" "):
            longer = f"{begun} {word}" if begun else word
            if cells(longer) <= room:
                begun = longer
                continue
            if begun:
                yield begun
            while cells(word) > room:
                cut = next(n for n in range(len(word), 0, -1) if cells(word[:n]) <= max(room, 2))
                yield word[:cut]
                word = word[cut:]
            begun = word
        yield begun
