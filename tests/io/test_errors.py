"""All errors under one roof."""

from __future__ import annotations

import ast
import importlib
import pickle
from pathlib import Path

import pytest

import kognic.io
from kognic._core.errors import KognicError
from kognic.io import errors
from kognic.io.resources import errors as resource_errors

PACKAGE = Path(kognic.io.__file__).parents[1]
# Of the demo alone; the base of the tree; the cause inside an UploadCallbackError; an HttpStatusError
# that is also one of httpx, which need not be installed.
NOT_FOR_USERS = {"DemoError", "PlainError", "UserCodeError", "AsyncHttpStatusError"}


def bases() -> dict[str, tuple[str, set[str]]]:
    """Module and base classes of every class of the project, by name."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not module.startswith("kognic.sandbox.platform"):
                found[node.name] = module, {ast.unparse(base).split(".")[-1] for base in node.bases}
    return found


@pytest.mark.slow
def test_every_error_is_there() -> None:
    """Whatever the project raises on purpose comes from `kognic.io.errors`, wherever it is defined."""
    classes, names = bases(), {"KognicError"}
    while more := {name for name, (_, parents) in classes.items() if parents & names} - names:
        names |= more
    expected = {name for name in names if not name.startswith("_")} - NOT_FOR_USERS

    assert expected - set(errors.__all__) == set()
    for name in expected:
        error = getattr(errors, name)
        assert issubclass(error, KognicError)
        assert getattr(importlib.import_module(classes[name][0]), name) is error


def test_nothing_else_is_there() -> None:
    assert all(issubclass(getattr(errors, name), KognicError) for name in errors.__all__)
    assert set(dir(errors)) == set(errors.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Path'"):
        _ = errors.Path  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name", sorted(n for n in vars(resource_errors) if n.endswith("Error") and n[0] != "_")
)
def test_errors_survive_pickling(name: str) -> None:
    """Errors cross process boundaries with what they hold."""
    kind = getattr(resource_errors, name)
    error = kind("text")
    error.scene_uuid = "uuid"
    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), str(copy), vars(copy)) == (type(error), "text", vars(error))
