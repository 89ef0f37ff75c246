"""Texts of messages in the code, with what is filled in marked as `<name>`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "kognic"
_WORD = re.compile(r"[a-z_]{2,}")


def text_of(node: ast.AST) -> str | None:
    """A literal text, or one that is put together; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else _filled_in(part.value)
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
    return None


def _filled_in(value: ast.expr) -> str:
    match value:
        case ast.Call(func=ast.Name(id="counted"), args=[number, ast.Constant(value=str(thing))]):
            return f"<{ast.unparse(number)}> {thing}s"
    return f"<{ast.unparse(value)}>"


@cache
def trees() -> list[ast.Module]:
    """Every module of the project."""
    paths = [
        path for path in sorted(PACKAGE.rglob("*.py")) if "platform" not in path.relative_to(PACKAGE).parts
    ]
    return [ast.parse(path.read_text("utf-8")) for path in paths]


@cache
def texts() -> list[frozenset[str]]:
    """Words of every text in the code that has at least three of them."""
    found = set()
    for tree in trees():
        for node in ast.walk(tree):
            text = text_of(node)
            words = frozenset(_WORD.findall(re.sub("<.*?>", " ", text.lower()))) if text else frozenset()
            if len(words) >= 3:
                found.add(words)
    return list(found)


def is_said(example: str) -> bool:
    """Whether some text of the code says most of what an example says; a word may have changed since."""
    words = set(_WORD.findall(example.lower()))
    return any(len(words & text) >= 0.7 * len(text) for text in texts())


def raised(name: str) -> Iterator[str]:
    """Texts that a class of errors is created with."""
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name == name:
                yield from _inside(node)
            if isinstance(node, ast.Call) and node.args and _called(node.func) == name:
                text = text_of(node.args[0])
                if text is not None:
                    yield text


def _inside(node: ast.ClassDef) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and call.args and _called(call.func) == "__init__":
            text = text_of(call.args[0])
            if text is not None:
                yield text


def _called(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
