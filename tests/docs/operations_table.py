"""The table of operations in docs/reliability.md."""

from __future__ import annotations

from kognic.io.resources.operations import OPERATIONS
from tests.docs.generated import replaced, table


def page() -> str:
    """The page with every operation and its effect."""
    rows = [f"| `{one.method} {one.template}` | {one.effect.value} |" for one in OPERATIONS.values()]
    return replaced("reliability.md", "operations", table("operation", "effect", rows=rows))
