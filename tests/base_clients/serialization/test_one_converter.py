"""Every field of every model is structured and unstructured by the one cattrs converter."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import cattrs
import pytest

from kognic.base_clients.serialization import BaseSerializer, converter
from kognic.base_clients.serialization.fields import FieldSpec, field_specs
from kognic.base_clients.serialization.problems import Invalid

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SCALARS = (str, int, float, bool, datetime)


class PoisonedError(Invalid):
    """Raised by every hook but that of the class under test."""


def poison(value: Any, kind: Any) -> Any:
    """A structure hook."""
    raise PoisonedError("is poisoned")


def all_models() -> list[type]:
    """Every model of the package that has fields, in the order of their names."""
    found = set()
    for package in ("kognic.io.model", "kognic.io.tools"):
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, f"{package}."):
            for cls in vars(importlib.import_module(module.name)).values():
                if isinstance(cls, type) and issubclass(cls, BaseSerializer) and attrs.has(cls):
                    found.add(cls)
    return sorted(found, key=lambda cls: (cls.__module__, cls.__qualname__))


MODELS = all_models()
# These take nothing from JSON but instances, or let a tag decide on the class.
READ_THEMSELVES = [cls for cls in MODELS if inspect.isabstract(cls) or "_class_of" in cls.__dict__]


def accepted(spec: FieldSpec) -> Any:
    """A value that the field's own converter, which comes before the type, lets pass."""
    if spec.convert is None:
        return object()
    if spec.name == "content":
        from kognic.openlabel.models import OpenLabelAnnotation

        return OpenLabelAnnotation.model_construct()
    origin = getattr(spec.type, "__origin__", spec.type)
    return "name" if origin is str else origin()


def poisoned(cls: type) -> cattrs.Converter:
    """The converter, whose every hook but that of the class fails."""
    own = converter.CONVERTER.copy(detailed_validation=True)
    own.register_structure_hook_func(lambda kind: kind is not cls, poison)
    for scalar in SCALARS:
        own.register_structure_hook(scalar, poison)
    return own


def test_the_models_are_found() -> None:
    """The walk sees the packages that users import models from."""
    assert {"Scene", "Image", "Review", "PinholeCalibration", "SceneWithPreAnnotation"} <= {
        cls.__name__ for cls in MODELS
    }
    assert sum(len(attrs.fields(cls)) for cls in MODELS) > 300


@pytest.mark.parametrize(
    "cls", [cls for cls in MODELS if cls not in READ_THEMSELVES], ids=lambda cls: cls.__qualname__
)
def test_every_field_is_structured_by_the_converter(cls: type) -> None:
    """A converter with other hooks gives other values, field by field."""
    specs = field_specs(cls)

    with pytest.raises(cattrs.ClassValidationError) as refused:
        poisoned(cls).structure({spec.wire: accepted(spec) for spec in specs}, cls)

    noted, rest = refused.value.group_exceptions()
    assert not rest
    assert {note.name for error, note in noted if isinstance(error, PoisonedError)} == {
        attribute.name for attribute in attrs.fields(cls)
    }


@pytest.mark.parametrize(
    "cls", [cls for cls in MODELS if not inspect.isabstract(cls)], ids=lambda cls: cls.__qualname__
)
def test_every_field_is_unstructured_by_the_converter(cls: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for writing: each value that is sent, or dumped, is what a hook returned."""
    marker = object()
    for mode in (converter.SENT, converter.Mode(by_alias=False, is_dump=True)):
        own = converter.writer(mode).copy()
        own.register_unstructure_hook_func(lambda kind: kind is not cls, lambda value: marker)
        own.register_unstructure_hook(str, lambda value: marker)
        monkeypatch.setattr(converter, "writer", lambda mode, own=own: own)
        instance = cls.__new__(cls)
        for attribute in attrs.fields(cls):
            object.__setattr__(instance, attribute.name, 1)

        written = own.unstructure(instance, unstructure_as=cls)

        monkeypatch.undo()
        assert written == {
            spec.wire if mode.by_alias else spec.name: marker
            for spec in field_specs(cls)
            if spec.sent or mode.is_dump
        }


def test_every_argument_of_a_constructor_goes_through_the_converter() -> None:
    """In a process of its own, whose converter is poisoned before the first model is made."""
    program = """
from tests.base_clients.serialization.test_one_converter import *

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
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=root
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == sum(len(attrs.fields(cls)) for cls in MODELS if not inspect.isabstract(cls))
