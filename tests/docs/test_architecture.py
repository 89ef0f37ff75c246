"""docs/architecture.md, CONTRIBUTING.md and the decision records speak of what is there."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
PAGES = [ARCHITECTURE, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs" / "decisions").glob("*.md"))]
# Made by the build or by a run, so not in the repository; files of users; and what must never be there.
MADE = {"kognic/viewer/static", "web/node_modules"}
OTHERS = {"environments.json", "scene.json", "__init__.py"}
ABSENT = "kognic/__init__.py"
CODE = re.compile(r"`([^`\n]+)`")


def quoted(page: Path) -> Iterator[str]:
    """What stands in backquotes outside fenced blocks, line by line."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)
    yield from CODE.findall(text)


def exists(path: str, beside: str) -> bool:
    """Whether a path is in the repository: from its root, `kognic`, or the folder named before it."""
    pattern = re.sub(r"<[^>]+>", "*", path.removesuffix("/"))
    return pattern in MADE or any(
        any(folder.glob(pattern)) for folder in (ROOT, ROOT / "kognic", ROOT / "kognic" / beside)
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page: Path) -> None:
    """Every path of a folder, a module or a document."""
    missing, beside = [], ""
    for text in quoted(page):
        is_path = re.fullmatch(r"[\w./*<>-]+(/|\.(py|md|ts|toml|txt|cfg|yaml|json))", text)
        if not is_path or text.startswith(("/", ".", "v1/")) or text in {*OTHERS, ABSENT}:
            continue
        if not exists(text, beside):
            missing.append(text)
        if text.endswith("/") and (ROOT / "kognic" / text).is_dir():
            beside = text
    assert not missing


def test_the_namespace_is_shared() -> None:
    """With kognic-openlabel, so neither has a module of its own at the top."""
    assert not (ROOT / ABSENT).exists()


def resolved(name: str) -> Any:
    """The module or attribute of a dotted name."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[end:]:
            found = getattr(found, attribute)
        return found
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_exist(page: Path) -> None:
    """Every dotted name of the package."""
    for text in quoted(page):
        if re.fullmatch(r"kognic(\.\w+)+", text):
            assert resolved(text) is not None


def declared() -> Iterator[tuple[str, ast.stmt]]:
    """Module and statement of everything declared in the section on seams."""
    section = (
        ARCHITECTURE.read_text("utf-8").partition("## Seams between the pieces")[2].partition("\n## ")[0]
    )
    for block in re.findall(r"^```python\n(.*?)^```", section, re.M | re.S):
        lines = block.splitlines()
        for node in ast.parse(block).body:
            above = [line for line in lines[: node.lineno] if re.fullmatch(r"# kognic(\.\w+)+", line)]
            yield above[-1].removeprefix("# "), node


def shape(arguments: ast.arguments) -> list[tuple[str, str, object]]:
    """Name, kind and default of each parameter; the default is Ellipsis where the page does not say."""

    def default(node: ast.expr | None) -> object:
        return inspect.Parameter.empty if node is None else ast.literal_eval(node)

    missing = [None] * (len(arguments.args) - len(arguments.defaults))
    found = [
        (argument.arg, "positional", default(value))
        for argument, value in zip(arguments.args, [*missing, *arguments.defaults], strict=True)
    ]
    found += [
        (argument.arg, "keyword", default(value))
        for argument, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg:
        found.append((arguments.kwarg.arg, "rest", inspect.Parameter.empty))
    return found


def assert_is(function: Any, node: ast.FunctionDef) -> None:
    """The signature of a function is the declared one."""
    kinds: dict[Any, str] = {
        inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional",
        inspect.Parameter.KEYWORD_ONLY: "keyword",
        inspect.Parameter.VAR_KEYWORD: "rest",
    }
    real = [(p.name, kinds[p.kind], p.default) for p in inspect.signature(function).parameters.values()]
    stated = shape(node.args)
    assert [entry[:2] for entry in stated] == [entry[:2] for entry in real], node.name
    for (name, _, told), (_, _, default) in zip(stated, real, strict=True):
        assert default == told or (told is ... and default is not inspect.Parameter.empty), (node.name, name)


def test_seams_are_those_of_the_code() -> None:
    """Classes, attributes, and signatures with their defaults."""
    checked = 0
    for module, node in declared():
        home = importlib.import_module(module)
        if isinstance(node, ast.FunctionDef):
            assert_is(getattr(home, node.name), node)
            checked += 1
            continue
        assert isinstance(node, ast.ClassDef)
        kind = getattr(home, node.name)
        assert kind.__module__ == module
        for member in node.body:
            if isinstance(member, ast.AnnAssign):
                assert isinstance(member.target, ast.Name)
                assert hasattr(kind, member.target.id), (node.name, member.target.id)
            else:
                assert isinstance(member, ast.FunctionDef)
                assert_is(getattr(kind, member.name), member)
            checked += 1
    assert checked > 40
