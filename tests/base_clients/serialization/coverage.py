"""Which fields of which models the converter handles, found by replacing its hooks.

Run as a script, it prints the fields that are structured without the converter; there must be none.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from datetime import datetime
from enum import Enum
from typing import Any

import attrs
import cattrs

from kognic.base_clients.serialization import BaseSerializer, converter
from kognic.base_clients.serialization.fields import FieldSpec, field_specs
from kognic.base_clients.serialization.problems import Invalid

SCALARS = (str, int, float, bool, datetime, Enum)


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


FROM_JSON = [cls for cls in MODELS if cls not in READ_THEMSELVES]


def structured_outside(cls: type) -> set[str]:
    """The fields of a model that keep their values when every hook of the converter fails."""
    specs = field_specs(cls)
    try:
        poisoned(cls).structure({spec.wire: accepted(spec) for spec in specs}, cls)
    except cattrs.ClassValidationError as refused:
        noted, _ = refused.group_exceptions()
    else:
        noted = []
    failed = {note.name for error, note in noted if isinstance(error, PoisonedError)}
    return {attribute.name for attribute in attrs.fields(cls)} - failed


if __name__ == "__main__":
    for model in FROM_JSON:
        for name in sorted(structured_outside(model)):
            print(f"{model.__module__}.{model.__qualname__}.{name}")
