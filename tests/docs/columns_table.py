"""The columns of the annotation tables in docs/annotations.md."""

from __future__ import annotations

from kognic.annotations.table_columns import COLUMNS
from tests.docs.generated import replaced, table

ORDER = ("geometries", "objects", "properties", "documents")


def page() -> str:
    """The page with a table of columns for each of the four tables."""
    parts = []
    for name in ORDER:
        rows = [
            f"| `{column.name}` | `{column.type}` | {column.text} | {column.null} |"
            for column in COLUMNS[name]
        ]
        columns = ("Column", "Type", "Value", "Null when")
        parts.append(f"#### Columns of `{name}`\n\n{table(*columns, rows=rows)}")
    return replaced("annotations.md", "columns", "\n".join(parts))
