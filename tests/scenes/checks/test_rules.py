"""No rule goes untried."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from kognic.scenes.checks import GROUPS, RULES

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parents[2]


def texts(path: Path) -> Iterator[str]:
    """Every text in a module."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("group", GROUPS)
def test_every_rule_is_tried(group: str) -> None:
    """Each code is that of a mutation, of a case, or of an assertion: it stands in a test as it is."""
    codes = {code for code, rule in RULES.items() if rule.group == group}
    for path in TESTS.rglob("*.py"):
        if path != Path(__file__):
            codes.difference_update(texts(path))
    assert not codes
