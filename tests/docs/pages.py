"""The pages that are generated from the code, in whole or in part; `make pages` writes them."""

from __future__ import annotations

from collections.abc import Callable

from tests.docs import (
    columns_table,
    differences_table,
    error_catalogue,
    mcp_tools,
    operations_table,
    rules_table,
)
from tests.docs.generated import DOCS

PAGES: dict[str, Callable[[], str]] = {
    "annotations.md": columns_table.page,
    "checks.md": rules_table.page,
    "errors.md": error_catalogue.page,
    "mcp.md": mcp_tools.page,
    "migration.md": differences_table.page,
    "reliability.md": operations_table.page,
    "rules.md": error_catalogue.rules_page,
}
"""How each has to be, by the name of its file."""

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), "utf-8")
