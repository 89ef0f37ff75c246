"""Values for the fields of documented models, from the words that describe their types."""

from __future__ import annotations

import importlib
from typing import Any

from tests.documented_api.load import Field, Model, enums, models

_MODELS = models()
_ENUMS = {name: (modules[0], members) for name, modules, members in enums()}
# Where a word means something else in one place than in most.
_NEAREST = {"BaseCalibration": "LidarCalibration", "BaseScene": "Cameras"}
_TIME = "2026-01-31T12:00:00.123456Z"


def find(name: str, near: str) -> Model:
    """The model that a word means in a module: names like `Frame` belong to a package each."""
    in_scene_requests = near.endswith("scene_request")

    def closeness(model: Model) -> int:
        return len(_common_prefix(model.modules[0], near))

    candidates = [
        m for m in _MODELS if m.name == name and m.modules[0].endswith("scene_request") is in_scene_requests
    ]
    return max(candidates, key=closeness)


def load(model: Model) -> Any:
    """The class itself."""
    return getattr(importlib.import_module(model.modules[0]), model.name)


def wire_of(model: Model, *, optional: bool = True) -> dict[str, Any]:
    """The model as it stands in JSON, with or without its optional fields."""
    fields = [f for f in model.fields if f.sent and (optional or f.default is None)]
    return {f.wire: _wire_value(model, f) for f in fields}


def _wire_value(model: Model, field: Field) -> Any:
    if field.name == "calibration_type":
        return (field.default or "'lidar'").strip("'")
    if field.name == "filename":
        return "front.jpg" if model.name != "PointCloud" else "top.csv"
    return sample(field.type, model.modules[0])


def sample(kind: str, near: str) -> Any:
    """A JSON value of a type in words."""
    kind = kind.removesuffix(" or null")
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind.startswith(("list of ", "set of ")):
        return [sample(kind.split(" of ", 1)[1], near)]
    if kind.startswith("map str → "):
        return {"some_key": sample(kind.removeprefix("map str → "), near)}
    if kind in _ENUMS:
        return next(iter(_ENUMS[kind][1].values()))
    return wire_of(find(_NEAREST.get(kind, kind), near))


_SIMPLE: dict[str, Any] = {
    "str": "text",
    "int": 1_700_000_000_123_456_789,
    "float": 2.5,
    "bool": True,
    "datetime": _TIME,
    "dict": {"openlabel": {"metadata": {"schema_version": "1.0.0"}, "n": [1, None]}},
    "MetaData": {"region": "eu", "snake_key": 1},
    "FrameMetaData": {"snake_key": 2.5, "camelKey": True},
    "OpenLabelAnnotation": {"openlabel": {"metadata": {"schema_version": "1.0.0"}}},
    "str or bool or int or float": 7,
}


def _common_prefix(a: str, b: str) -> str:
    n = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return a[:n]
