"""The page of environment variables has all of them, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from kognic.auth import _defaults
from kognic.pipelines.export.index import NAME as INDEX
from kognic.sandbox.connection import NOTE_FILE
from kognic.sandbox.platform.config import CONTROL_TOKEN_FILE, CREDENTIALS_FILE

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "environment.md"
SOURCES = [
    *(ROOT / "kognic").rglob("*.py"),
    *(ROOT / "build_backend").glob("*.py"),
    ROOT / "docs" / "conf.py",
]
# Handed on, not read: the path of programs that are started.
NOT_READ = {"PATH"}
# Read by libraries: requests, the terminal and click.
OF_LIBRARIES = {
    "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "COLUMNS",
    "_KOGNIC_COMPLETE",
}  # fmt: skip
NAME = re.compile(r"_?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
# What a module has in its text that reads a variable, or has the name of one as a constant.
OF_INTEREST = re.compile(rf"environ|getenv|user_folder|envvar|[\"']{NAME.pattern}[\"']")


def constants(tree: ast.Module) -> dict[str, str]:
    """Names of texts that a module defines."""
    return {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def keys(tree: ast.Module) -> Iterator[ast.expr]:
    """Names of variables: os.environ.get(X), os.environ[X], os.getenv(X), envvar=X, {**os.environ}, ..."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.endswith(("environ.get", "environ.setdefault", "getenv", "user_folder")):
                yield node.args[0]
            yield from (word.value for word in node.keywords if word.arg == "envvar")
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
            yield node.slice
        elif isinstance(node, ast.Dict) and None in node.keys and "**os.environ" in ast.unparse(node):
            yield from (key for key in node.keys if key is not None)


@cache
def read() -> set[str]:
    """Every variable that the sources read; one that a loop or an argument names is found by its text."""
    texts = [path.read_text("utf-8") for path in SOURCES]
    trees = [ast.parse(text) for text in texts if OF_INTEREST.search(text)]
    known: dict[str, str] = {}
    for tree in trees:
        known.update({name: text for name, text in constants(tree).items() if NAME.fullmatch(text)})
    found = set()
    for tree in trees:
        for key in keys(tree):
            if isinstance(key, ast.Constant):
                found.add(str(key.value))
            elif isinstance(key, ast.Name) and key.id in known:
                found.add(known[key.id])
    return found


@pytest.mark.slow
def test_every_variable_is_on_the_page() -> None:
    page = PAGE.read_text("utf-8")
    first_columns = "\n".join(re.findall(r"^\| .*?\|", page, re.MULTILINE))
    shown = {*re.findall(r"`([A-Z_][A-Z0-9_]+)`", first_columns), *re.findall(r"`(XDG_\w+)`", page)}
    assert read() - NOT_READ - shown == set()
    assert shown - OF_LIBRARIES - read() == set()


def test_files_are_on_the_page() -> None:
    """Names of files that the code has as constants."""
    page = PAGE.read_text("utf-8")
    paths = (_defaults.DEFAULT_ENV_CONFIG_FILE_PATH, _defaults.DEFAULT_CACHE_PATH)
    names = ["/".join(path.parts[-2:]) for path in paths]
    for name in (*names, INDEX, NOTE_FILE, CONTROL_TOKEN_FILE, CREDENTIALS_FILE):
        assert name in page, name
