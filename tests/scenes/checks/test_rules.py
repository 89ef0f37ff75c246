"""No rule goes untried."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from kognic.scenes.checks import GROUPS, RULES

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parents[2]


@cache
def texts() -> frozenset[str]:
    """Every text in the tests."""
    return frozenset(
        node.value
        for path in TESTS.rglob("*.py")
        if path != Path(__file__)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@pytest.mark.parametrize("group", GROUPS)
def test_every_rule_is_tried(group: str) -> None:
    """Each code is that of a mutation, of a case, or of an assertion: it stands in a test as it is."""
    assert not {code for code, rule in RULES.items() if rule.group == group} - texts()
