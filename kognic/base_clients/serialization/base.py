"""The base class of every model: what users call to turn models into JSON and back."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import typing
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import attrs

from kognic.base_clients import fast_json
from kognic.base_clients.serialization.constructor import install_constructor
from kognic.base_clients.serialization.fields import (
    ModelField,
    field_specs,
    is_model,
    model_fields,
    names_of,
)
from kognic.base_clients.serialization.lazy import converters
from kognic.base_clients.serialization.modes import SENT, Mode
from kognic.base_clients.serialization.older_names import OlderNames
from kognic.base_clients.serialization.problems import Invalid, fail
from kognic.base_clients.serialization.selection import Selection, selected

if TYPE_CHECKING:
    from typing import Self


_TOO_DEEP = Invalid("is nested too deeply")
_PYTHON_NAMES = SENT.with_python_names()


class _Fields:
    """The descriptor of `model_fields`."""

    def __get__(self, instance: Any, owner: type) -> Mapping[str, ModelField]:
        return model_fields(owner)


class BaseSerializer(OlderNames):
    """A model: an attrs class whose fields travel as JSON.

    Constructors take keywords, by Python name or by wire name. They coerce what stands for the right value (a
    dict for a nested model, a member's value for the member, `"480"` for 480), ignore unknown keywords, and
    raise `ModelValidationError` for anything else, naming the field. Assigning an attribute later is not
    checked.
    """

    __slots__ = ()

    model_fields = _Fields()
    """The fields by Python name: type, wire name, default."""

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        install_constructor(cls)

    def to_dict(self, by_alias: bool = True) -> dict[str, Any]:
        """Turn the model into a plain dict, without fields that are None.

        Enumeration members and datetimes stay what they are; the former are text to `json`.

        Args:
            by_alias: Use wire names, such as `sceneUuid`; otherwise Python names.

        Raises:
            ModelValidationError: Content is nested more deeply than Python can follow.
        """
        return self._written(SENT if by_alias else _PYTHON_NAMES)

    @classmethod
    def from_json(cls, js: Mapping[str, Any]) -> Self:
        """Read a decoded JSON object. Unknown keys are ignored, null counts as absent.

        Raises:
            ModelValidationError: A value is wrong or missing; its `path` names the field.
        """
        return cls._read(js, converters().CONVERTER)

    def model_dump(
        self,
        *,
        mode: Literal["python", "json"] | str = "python",
        include: Selection | None = None,
        exclude: Selection | None = None,
        by_alias: bool = False,
        exclude_none: bool = False,
    ) -> dict[str, Any]:
        """Turn the model into a dict, by default with Python names and every field.

        Unlike `to_dict()`, a dump has all that `model_validate` needs to make an equal model: IMU data, and
        the content of resources that do not come from a file, in Base64 if `mode` is "json". What a callback
        or a generator would return is not part of a JSON dump.

        Args:
            mode: "json" turns datetimes and enumeration members into text and sets into lists.
            include: Only these fields, by Python name; a dict selects inside them, as in pydantic
                (`{"frame": {"images": {0: {"filename"}}}}`), by the names that the dump has.
            exclude: Not these fields; as `include`.
            by_alias: Use wire names.
            exclude_none: Leave out fields that are None.
        """
        dumped = self._written(
            Mode(by_alias=by_alias, omit_none=exclude_none, is_dump=True, is_json=mode == "json")
        )
        if include is not None or exclude is not None:
            names = names_of(field_specs(type(self))) if by_alias and attrs.has(type(self)) else {}
            dumped = selected(dumped, include, exclude, names)
        return _jsonable(dumped) if mode == "json" else dumped

    def model_dump_json(
        self,
        *,
        indent: int | None = None,
        include: Selection | None = None,
        exclude: Selection | None = None,
        by_alias: bool = False,
        exclude_none: bool = False,
    ) -> str:
        """Return the JSON text of `model_dump`."""
        dumped = self.model_dump(
            mode="json", include=include, exclude=exclude, by_alias=by_alias, exclude_none=exclude_none
        )
        separators = (",", ":") if indent is None else None
        return json.dumps(dumped, indent=indent, separators=separators, ensure_ascii=False)

    @classmethod
    def model_validate(cls, obj: Any) -> Self:
        """Create a model from a dict, another object with the same attributes, or an instance.

        Resources without `file_data` need their file, as new ones do.

        Raises:
            ModelValidationError: A value is wrong or missing; its `path` names the field.
            MissingFileError: The file of a resource is missing or empty.
        """
        return cls._read(obj, converters().validator())

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray) -> Self:
        """Make a model from JSON text.

        Raises:
            ModelValidationError: The text is not JSON, or its content does not fit.
        """
        try:
            decoded = fast_json.loads(json_data)
        except (ValueError, RecursionError) as exc:
            fail(cls, Invalid(f"cannot be read: not JSON ({exc})"))
        return cls.model_validate(decoded)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the model.

        Args:
            update: Fields to change in the copy, by Python name; not checked.
            deep: Copy nested models and containers too.
        """
        copied = copy.deepcopy(self) if deep else copy.copy(self)
        for name, value in (update or {}).items():
            object.__setattr__(copied, name, value)
        return copied

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Python names and values of the fields, for `dict(model)`."""
        return ((spec.name, getattr(self, spec.name)) for spec in field_specs(type(self)))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic's models have fields of this type: validated and dumped as by the methods above."""
        from pydantic import PlainSerializer, WrapValidator  # Only pydantic calls this.

        def dump(model: BaseSerializer, info: Any) -> dict[str, Any]:
            return model.model_dump(
                mode=info.mode, include=info.include, exclude=info.exclude,
                by_alias=bool(info.by_alias), exclude_none=info.exclude_none,
            )  # fmt: skip

        def validate(value: Any, count: Any) -> BaseSerializer:
            if isinstance(value, BaseSerializer) and not isinstance(value, cls):
                raise ValueError(f"must be of type {cls.__name__}, is {type(value).__name__}")
            with contextlib.suppress(ValueError):
                count(value)
            return cls.model_validate(value)

        as_field = Annotated[Any, WrapValidator(validate), PlainSerializer(dump)]
        return {**handler.generate_schema(as_field), "schema": _shape(cls)}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """Tell pydantic's JSON schemas that this is an object."""
        return {"type": "object", "title": cls.__name__}

    @classmethod
    def _read(cls, value: Any, converter: Any) -> Self:
        try:
            read: Self = converter.structure(value, cls)
        except RecursionError:
            fail(cls, _TOO_DEEP)
        except Exception as error:
            fail(cls, converters().explained(error, value, cls, lambda own: own.get_structure_hook(cls)))
        return read

    def _written(self, mode: Mode) -> dict[str, Any]:
        try:
            written: dict[str, Any] = converters().writer(mode).unstructure(self)
        except RecursionError:
            fail(type(self), _TOO_DEEP)
        return written


# From a scene over its frames and images to their shutter times: what tells models apart is above that.
_SHAPE_DEPTH = 4


def _shape(cls: type, depth: int = _SHAPE_DEPTH) -> dict[str, Any]:
    """What pydantic counts the fields of a value by, to choose the best fit of a union; changes nothing.

    Args:
        cls: A model, or any other type.
        depth: How far down it counts: from a scene to the positions in its frames.
    """
    origin, arguments = typing.get_origin(cls), typing.get_args(cls)
    if is_model(cls) and attrs.has(cls) and depth:
        fields = {
            name: {"type": "typed-dict-field", "required": False, "schema": _shape(spec.type, depth - 1)}
            for spec in field_specs(cls)
            for name in {spec.name, spec.wire}
        }
        return {"type": "typed-dict", "fields": fields, "extra_behavior": "ignore"}
    if origin is list and arguments:
        return {"type": "list", "items_schema": _shape(arguments[0], depth)}
    return {"type": "any"}


def _jsonable(value: Any) -> Any:
    """A dumped value in the types of JSON; numbers JSON does not know become null."""
    if isinstance(value, Mapping):
        return {str(getattr(key, "value", key)): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_jsonable(item) for item in value), key=str)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, Enum):
        return _jsonable(value.value)
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode("ascii")
    return value if value is None or isinstance(value, str | int | float) else str(value)
