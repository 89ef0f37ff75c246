"""All errors under one roof."""

from __future__ import annotations

import inspect
import pickle

import pytest

from kognic._core.errors import KognicError
from kognic.auth import errors as auth_errors
from kognic.base_clients import errors as call_errors
from kognic.io import errors
from kognic.io.resources import errors as resource_errors


def public(module: object) -> dict[str, type]:
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, KognicError) and not name.startswith("_")
    }


def test_every_error_is_there() -> None:
    """Whatever a user may want to catch comes from `kognic.io.errors`."""
    expected = {**public(auth_errors), **public(call_errors), **public(resource_errors)}

    assert {name: getattr(errors, name) for name in expected} == expected
    assert set(errors.__all__) == {*expected, "TokenRefusedError"}
    assert all(issubclass(getattr(errors, name), KognicError) for name in errors.__all__)
    assert set(errors.__all__) <= set(dir(errors))


@pytest.mark.parametrize("name", sorted(public(resource_errors)))
def test_errors_survive_pickling(name: str) -> None:
    """Errors cross process boundaries with what they hold."""
    error = getattr(resource_errors, name)("text")
    error.scene_uuid = "uuid"
    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), str(copy), vars(copy)) == (type(error), "text", vars(error))
