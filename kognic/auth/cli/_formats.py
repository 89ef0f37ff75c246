"""How `kog` prints an answer."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from io import StringIO
from typing import Any

FORMATS = ("json", "jsonl", "csv", "tsv", "table")
# The column of items that are not objects.
_VALUE = "value"


class Text(str):
    """An answer that is not JSON, printed as it is."""

    __slots__ = ()


def formatted(document: Any, form: str) -> str:
    """Return an answer as text that ends with a line break; nothing for an empty list.

    Args:
        document: A JSON value, or `Text`.
        form: One of `FORMATS`; all but `json` need a list, or an object with nothing but a list.
    """
    if isinstance(document, Text):
        return document if document.endswith("\n") else f"{document}\n"
    items = _items(document)
    if form == "json" or items is None:
        return f"{json.dumps(document, indent=2)}\n"
    if form == "jsonl":
        return "".join(f"{json.dumps(item)}\n" for item in items)
    columns, rows = _table(items)
    if not items:
        return ""
    if form == "table":
        return _markdown(columns, rows)
    return _separated(columns, rows, "excel" if form == "csv" else "excel-tab")


def _items(document: Any) -> list[Any] | None:
    if isinstance(document, dict) and len(document) == 1:
        (document,) = document.values()
    return document if isinstance(document, list) else None


def _table(items: Sequence[Any]) -> tuple[list[str], list[list[str]]]:
    """Columns in the order of their first appearance, and a cell of each for every item."""
    objects = [item if isinstance(item, dict) else {_VALUE: item} for item in items]
    columns = list(dict.fromkeys(key for item in objects for key in item))
    return columns, [[_cell(item[c]) if c in item else "" for c in columns] for item in objects]


def _cell(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def _separated(columns: list[str], rows: list[list[str]], dialect: str) -> str:
    text = StringIO(newline="")
    csv.writer(text, dialect).writerows([columns, *rows])
    return text.getvalue()


def _markdown(columns: list[str], rows: list[list[str]]) -> str:
    lines = [[_inline(cell) for cell in line] for line in (columns, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    head, *body = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "".join(f"{line}\n" for line in (head, rule, *body))


def _inline(cell: str) -> str:
    """A cell that breaks neither its row nor its line."""
    return " ".join(cell.splitlines()).replace("|", "\\|") if cell else cell
