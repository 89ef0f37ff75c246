"""Every field of every model is structured and unstructured by the one cattrs converter."""

from __future__ import annotations

import inspect
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import pytest

from kognic.base_clients.serialization import converter, model_hooks
from kognic.base_clients.serialization.fields import field_specs
from kognic.base_clients.serialization.modes import SENT, Mode
from kognic.base_clients.serialization.structuring import field_hook
from tests.base_clients.serialization.coverage import FROM_JSON, MODELS, structured_outside

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_the_models_are_found() -> None:
    """The walk sees the packages that users import models from."""
    assert {"Scene", "Image", "Review", "PinholeCalibration", "SceneWithPreAnnotation"} <= {
        cls.__name__ for cls in MODELS
    }
    assert sum(len(attrs.fields(cls)) for cls in MODELS) > 300


@pytest.mark.parametrize("cls", FROM_JSON, ids=lambda cls: cls.__qualname__)
def test_every_field_is_structured_by_the_converter(cls: type) -> None:
    """A converter with other hooks gives other values, field by field."""
    assert structured_outside(cls) == set()


def test_a_field_outside_the_converter_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check above sees a field whose hook is not the converter's."""
    cls = next(cls for cls in FROM_JSON if cls.__name__ == "Phase")

    def own(spec: Any, used: Any) -> Any:
        return (lambda value, _: value) if spec.name == "name" else field_hook(spec, used)

    monkeypatch.setattr(model_hooks, "field_hook", own)

    assert structured_outside(cls) == {"name"}


@pytest.mark.parametrize(
    "cls", [cls for cls in MODELS if not inspect.isabstract(cls)], ids=lambda cls: cls.__qualname__
)
def test_every_field_is_unstructured_by_the_converter(cls: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for writing: each value that is sent, or dumped, is what a hook returned."""
    marker = object()
    for mode in (SENT, Mode(by_alias=False, is_dump=True)):
        own = converter.writer(mode).copy()
        own.register_unstructure_hook_func(lambda kind: kind is not cls, lambda value: marker)
        for scalar in (str, Enum):
            own.register_unstructure_hook(scalar, lambda value: marker)
        monkeypatch.setattr(converter, "writer", lambda mode, own=own: own)
        instance: Any = object.__new__(cls)
        for attribute in attrs.fields(cls):
            object.__setattr__(instance, attribute.name, 1)

        written = own.unstructure(instance, unstructure_as=cls)

        monkeypatch.undo()
        assert written == {
            spec.wire if mode.by_alias else spec.name: marker
            for spec in field_specs(cls)
            if spec.sent or mode.is_dump
        }


@pytest.mark.slow
def test_every_argument_of_a_constructor_goes_through_the_converter() -> None:
    """In a process of its own, whose converter is poisoned before the first model is made."""
    program = """
from tests.base_clients.serialization.coverage import *

converter.CONVERTER.register_structure_hook_func(lambda kind: True, poison)
for scalar in SCALARS:
    converter.CONVERTER.register_structure_hook(scalar, poison)
checked = 0
for cls in MODELS:
    for spec in [] if inspect.isabstract(cls) else field_specs(cls):
        try:
            cls(**{spec.name: accepted(spec)})
        except ValueError as error:
            assert (error.path, str(error).endswith("is poisoned")) == (spec.name, True), (cls, error)
            checked += 1
print(checked)
"""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False, cwd=root
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == sum(len(attrs.fields(cls)) for cls in MODELS if not inspect.isabstract(cls))
