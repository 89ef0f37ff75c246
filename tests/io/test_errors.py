"""Every error is found where users look for it."""

from __future__ import annotations

import importlib
import inspect

import pytest

from kognic.auth.errors import KognicError
from kognic.io import errors

HOMES = ("kognic.auth.errors", "kognic.base_clients.errors", "kognic.io.resources.errors")


@pytest.mark.parametrize("home", HOMES)
def test_every_error_is_listed(home: str) -> None:
    """None is forgotten, and each is the one of its home."""
    module = importlib.import_module(home)
    public = {
        name
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, KognicError)
        and value.__module__ == home
        and name[0] != "_"
    }

    assert public <= set(errors.__all__)
    assert all(getattr(errors, name) is getattr(module, name) for name in public)


def test_nothing_else_is_listed() -> None:
    """Only errors of the family."""
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), KognicError)
        assert (getattr(errors, name).__doc__ or "").strip()
