"""Every documented model has its documented fields, names, defaults and JSON.

The tables were transcribed from the protocol; nothing here knows how the models are written.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.documented_api.load import Field, Model, enums, models
from tests.documented_api.samples import find, load, wire_of

# Not read from JSON: base classes that only exist to be derived from, data classes (below), and what holds a
# scene of any type.
ABSTRACT = {
    "BaseFrame",
    "BaseScene",
    "BaseSceneWithIMUData",
    "SequenceFrame",
    "MetaDataBase",
    "FrameMetaData",
    "Resource",
    "SceneWithPreAnnotation",
}
DATA_CLASSES = "kognic.io.model.scene.scene_request"
WORKSPACE = "kognic.io.model.workspace.workspace"
WIRE_MODELS = [
    m for m in models() if m.modules[0] not in {DATA_CLASSES, WORKSPACE} and m.name not in ABSTRACT
]
REQUEST_MODELS = [m for m in models() if m.modules[0] == DATA_CLASSES]

# Required by the official client, which cannot read what the platform may well answer without them.
LENIENT = {("ResolvedPreAnnotation", "external_id")}

by_id = pytest.mark.parametrize("model", WIRE_MODELS, ids=lambda m: m.id)


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Resources look for their file when they are made."""
    for name in ("front.jpg", "top.csv"):
        (tmp_path / name).write_bytes(b"content")
    monkeypatch.chdir(tmp_path)


def as_json(value: Any) -> Any:
    """A serialised model as plain JSON, with times in one form."""

    def plain(item: Any) -> Any:
        if isinstance(item, dt.datetime):
            return item.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        if isinstance(item, (set, frozenset)):
            return sorted(item)
        if isinstance(item, Mapping):
            return dict(item)
        if isinstance(item, enum.Enum):
            return item.value
        return item.model_dump(mode="json", exclude_none=True)

    return json.loads(json.dumps(value, default=plain))


def sent(model: Model, wire: dict[str, Any]) -> dict[str, Any]:
    """What `to_dict` gives for a model read from `wire`: IMU data travels on its own."""
    return {k: v for k, v in wire.items() if not (k == "imuData" and model.name.startswith(SCENES))}


SCENES = ("Lidars", "Aggregated", "CamerasSequence")


@pytest.mark.parametrize("model", models(), ids=lambda m: m.id)
def test_model_is_importable_from_every_documented_module(model: Model) -> None:
    """All its paths lead to one class of that name, which says what it is for."""
    import importlib

    found = [getattr(importlib.import_module(module), model.name) for module in model.modules]

    assert all(cls is found[0] for cls in found)
    assert found[0].__name__ == model.name
    assert (found[0].__doc__ or "").strip()


@by_id
def test_json_goes_in_and_out_unchanged(model: Model) -> None:
    """`from_json` reads every documented field under its wire name, `to_dict` writes it again."""
    wire = wire_of(model)
    is_snake_case = "Calibration" in model.modules[0] or "calibration" in model.modules[0]

    made = load(model).from_json(wire)

    out = as_json(made.to_dict(by_alias=True))
    assert as_json(made.to_dict()) == out
    if not is_snake_case:
        assert out == sent(model, wire)
    assert set(as_json(made.to_dict(by_alias=False))) == {
        f.name for f in model.fields if f.sent and f.wire in sent(model, wire)
    }


@by_id
def test_fields_can_be_given_by_either_name(model: Model) -> None:
    """The constructor takes python names and wire names, and both make equal models."""
    wire = wire_of(model)
    names = {f.wire: f.name for f in model.fields}

    assert load(model)(**{names[k]: v for k, v in wire.items()}) == load(model)(**wire)


@by_id
def test_optional_fields_have_their_documented_default(model: Model) -> None:
    """A model made from its required fields alone."""
    made = load(model)(**wire_of(model, optional=False))

    for field in model.fields:
        if field.default is not None and field.name not in {"resource_id", "client_filename"}:
            assert default_of(made, field) == field.default.strip("'"), field.name


def default_of(made: Any, field: Field) -> str:
    """The value that a field has, as the tables write it."""
    value = getattr(made, field.name)
    if isinstance(value, enum.Enum):
        return str(value.value)
    if field.default == "{}":
        return str(as_json(made.to_dict(by_alias=False)).get(field.name, {}))
    documented = str(field.default)
    return documented if documented[0].isdigit() and float(documented) == value else str(value)


@pytest.mark.parametrize(
    ("model", "field"),
    [(m, f) for m in WIRE_MODELS for f in m.fields if f.default is None and (m.name, f.name) not in LENIENT],
    ids=lambda value: value.id if isinstance(value, Model) else value.name,
)
def test_required_fields_are_required(model: Model, field: Field) -> None:
    """Without a required field there is a ValueError that names it."""
    wire = wire_of(model, optional=False)
    del wire[field.wire]

    with pytest.raises(ValueError, match=rf"{field.wire}|{field.name}"):
        load(model)(**wire)
    with pytest.raises(ValueError, match=rf"{field.wire}|{field.name}"):
        load(model).from_json(wire)


# Metadata keeps unknown fields and resources reject them, as documented; neither is an answer.
ANSWERS = [m for m in WIRE_MODELS if m.name not in {"MetaData", "Image", "PointCloud"}]


@pytest.mark.parametrize("model", ANSWERS, ids=lambda m: m.id)
def test_unknown_answers_are_ignored(model: Model) -> None:
    """A field that the platform adds tomorrow does not break the client of today."""
    wire = wire_of(model)

    assert load(model).from_json({**wire, "somethingNew": {"a": 1}}) == load(model).from_json(wire)


@by_id
def test_models_are_values(model: Model) -> None:
    """Models are equal by value, copied without sharing, and read back from what they dump."""
    cls = load(model)
    made = cls.from_json(sent(model, wire_of(model)))
    copy = made.model_copy(deep=True)

    assert copy == made
    assert copy is not made
    assert cls.model_validate(made.model_dump()) == made
    assert cls.model_validate_json(made.model_dump_json()) == made
    assert made != object()


@pytest.mark.parametrize("model", REQUEST_MODELS, ids=lambda m: m.id)
def test_scene_request_classes(model: Model) -> None:
    """The classes of scene requests take their fields by position, in the documented order, with defaults."""
    import inspect

    parameters = inspect.signature(load(model)).parameters

    assert list(parameters) == [f.name for f in model.fields]
    for field in model.fields:
        default = parameters[field.name].default
        assert default is (inspect.Parameter.empty if field.default is None else None)
        assert parameters[field.name].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD


def test_workspace() -> None:
    """A workspace is flattened from its answer; its creation time is aware of its zone."""
    model = find("Workspace", WORKSPACE)
    answer = {
        "id": "w",
        "name": "Name",
        "externalId": "e",
        "created": "2026-01-31T12:00:00.123Z",
        "organization": {"name": "Org"},
    }

    made = load(model).from_json(answer)

    assert {f.name for f in model.fields} <= set(dir(made))
    assert (made.id, made.name, made.external_id, made.organization_name) == ("w", "Name", "e", "Org")
    assert made.created == dt.datetime(2026, 1, 31, 12, 0, 0, 123000, dt.UTC)


@pytest.mark.parametrize(
    ("name", "modules", "members"), enums(), ids=lambda v: v if isinstance(v, str) else ""
)
def test_enum_members(name: str, modules: tuple[str, ...], members: dict[str, str]) -> None:
    """Every documented member has its documented value, from every documented module."""
    import importlib

    for module in modules:
        cls = getattr(importlib.import_module(module), name)
        assert {member: cls[member].value for member in members} == members
        assert (cls.__doc__ or "").strip()


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Scene", "status"),
        ("ProjectBatch", "status"),
        ("RequestInput", "status"),
        ("SceneSummary", "scene_type"),
    ],
)
def test_unknown_statuses_survive(name: str, field: str) -> None:
    """One status that the client does not know does not make an answer unreadable, and is kept."""
    model = find(name, "kognic.io.model")
    (wire_name,) = (f.wire for f in model.fields if f.name == field)

    made = load(model).from_json({**wire_of(model), wire_name: "brand-new"})

    value = getattr(made, field)
    assert getattr(value, "value", value) == "brand-new"
    assert as_json(made.to_dict())[wire_name] == "brand-new"
