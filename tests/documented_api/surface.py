"""What is public: everything that a package lists in `__all__`, and the methods of those classes.

The platform inside the sandbox is no interface; its handle is.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

PACKAGES = ("kognic.auth", "kognic.base_clients", "kognic.io", "kognic.query", "kognic.sandbox")
INTERNAL = ("kognic.sandbox.platform",)


@dataclasses.dataclass(frozen=True)
class Public:
    """A public class, function or method, with the place where users find it."""

    name: str
    value: Any
    owner: type | None = None

    @property
    def function(self) -> Callable[..., Any] | None:
        """The function to look at, if it is one (or a class or static method, or a property)."""
        value = inspect.getattr_static(self.owner, self.name.rsplit(".", 1)[-1]) if self.owner else self.value
        if isinstance(value, (classmethod, staticmethod)):
            value = value.__func__
        if isinstance(value, property):
            value = value.fget
        if isinstance(value, functools.cached_property):
            value = value.func
        value = inspect.unwrap(value) if callable(value) else value
        return value if inspect.isfunction(value) else None

    def __str__(self) -> str:
        return self.name


@functools.cache
def packages() -> tuple[str, ...]:
    """All packages of the project that users may import from."""
    found = [*PACKAGES]
    for name in PACKAGES:
        paths = importlib.import_module(name).__path__
        found += [m.name for m in pkgutil.walk_packages(paths, f"{name}.", onerror=_ignore) if m.ispkg]
    return tuple(n for n in found if not n.startswith(INTERNAL) and "._" not in n)


def _ignore(name: str) -> None:
    """A package that cannot be imported is reported by the test of import paths."""


@functools.cache
def exported() -> tuple[Public, ...]:
    """Classes and functions of this project that a package lists in its `__all__`; each once."""
    found: dict[int, Public] = {}
    for package in packages():
        module = importlib.import_module(package)
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            home = getattr(value, "__module__", "") or ""
            if (inspect.isclass(value) or inspect.isfunction(value)) and home.startswith(PACKAGES):
                found.setdefault(id(value), Public(f"{package}.{name}", value))
    return tuple(found.values())


@functools.cache
def resources() -> dict[str, type]:
    """The classes behind the attributes of the client that hold the API's resources."""
    from kognic.io.client import KognicIOClient

    with KognicIOClient(auth=("id", "secret"), write_workspace_id="w") as client:
        names = [n for n in dir(client) if not n.startswith("_")]
        values = {n: getattr(client, n) for n in names if n != "workspace_id"}
    return {n: type(v) for n, v in values.items() if type(v).__module__.startswith("kognic.io.resources")}


@functools.cache
def methods() -> tuple[Public, ...]:
    """Public methods and properties of exported classes and of resources, each where it is defined."""
    classes = {p.value: p.name for p in exported() if inspect.isclass(p.value)}
    classes |= {cls: f"client.{name}" for name, cls in resources().items()}
    found: dict[tuple[type, str], Public] = {}
    for cls, title in classes.items():
        for base in cls.__mro__:
            if not base.__module__.startswith(PACKAGES):
                continue
            for name, value in vars(base).items():
                if not name.startswith("_") and _is_callable(value):
                    found.setdefault((base, name), Public(f"{title}.{name}", value, base))
    return tuple(found.values())


def _is_callable(value: Any) -> bool:
    kinds = (classmethod, staticmethod, property, functools.cached_property)
    return inspect.isfunction(value) or isinstance(value, kinds)


def raised_in(function: Callable[..., Any]) -> Iterator[str]:
    """Names of the exceptions that a function's own body raises."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = ast.unparse(raised)
            if name.rpartition(".")[2][:1].isupper() and name != "NotImplementedError":
                yield name
