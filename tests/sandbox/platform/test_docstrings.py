"""Classes of the platform say what they are: tables and bodies of requests have nothing else to tell it."""

from __future__ import annotations

import ast
from pathlib import Path

import kognic.sandbox.platform as platform

FOLDER = Path(platform.__path__[0])


def test_public_classes_have_docstrings() -> None:
    bare = [
        f"{path.relative_to(FOLDER)}: {node.name}"
        for path in sorted(FOLDER.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert bare == []
