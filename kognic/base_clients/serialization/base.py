"""The base class of every model: what users call to turn models into JSON and back."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

from kognic.base_clients import fast_json
from kognic.base_clients.serialization.codec import codec, install_constructor
from kognic.base_clients.serialization.problems import Invalid, fail

if TYPE_CHECKING:
    from typing import Self


_TOO_DEEP = Invalid("is nested too deeply")


class BaseSerializer:
    """A model: an attrs class whose fields travel as JSON.

    Constructors take keywords, by Python name or by wire name. They coerce what stands for the right value (a
    dict for a nested model, a member's value for the member, `"480"` for 480), ignore unknown keywords, and
    raise `ModelValidationError` for anything else, naming the field. Assigning an attribute later is not
    checked.
    """

    __slots__ = ()

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
        own = codec(type(self))
        try:
            return own.write(self) if by_alias else own.write_python(self)
        except RecursionError:
            fail(type(self), _TOO_DEEP)

    @classmethod
    def from_json(cls, js: Mapping[str, Any]) -> Self:
        """Read a decoded JSON object. Unknown keys are ignored, null counts as absent.

        Raises:
            ModelValidationError: A value is wrong or missing; its `path` names the field.
        """
        try:
            value: Self = codec(cls).read(js)
        except Invalid as problem:
            fail(cls, problem)
        except RecursionError:
            fail(cls, _TOO_DEEP)
        return value

    def model_dump(
        self,
        *,
        mode: Literal["python", "json"] | str = "python",
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        by_alias: bool = False,
        exclude_none: bool = False,
    ) -> dict[str, Any]:
        """Turn the model into a dict, by default with Python names and every field.

        Args:
            mode: "json" turns datetimes and enumeration members into text and sets into lists.
            include: Only these fields, by Python name.
            exclude: Not these fields, by Python name.
            by_alias: Use wire names.
            exclude_none: Leave out fields that are None.
        """
        own = codec(type(self))
        suffix = "" if by_alias else "_python"
        dumped: dict[str, Any] = getattr(own, f"write{'' if exclude_none else '_all'}{suffix}")(self)
        if include is not None or exclude is not None:
            dumped = {
                key: value
                for key, value in dumped.items()
                if _is_chosen(own.by_name.get(key, key), include, exclude)
            }
        return _jsonable(dumped) if mode == "json" else dumped

    def model_dump_json(
        self,
        *,
        indent: int | None = None,
        include: Collection[str] | None = None,
        exclude: Collection[str] | None = None,
        by_alias: bool = False,
        exclude_none: bool = False,
    ) -> str:
        """The JSON text of `model_dump`."""
        dumped = self.model_dump(
            mode="json", include=include, exclude=exclude, by_alias=by_alias, exclude_none=exclude_none
        )
        separators = (",", ":") if indent is None else None
        return json.dumps(dumped, indent=indent, separators=separators, ensure_ascii=False)

    @classmethod
    def model_validate(cls, obj: Any) -> Self:
        """Make a model from a dict, another model with the same attributes, or an instance."""
        return cls.from_json(obj)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray) -> Self:
        """Make a model from JSON text.

        Raises:
            ModelValidationError: The text is no JSON, or its content does not fit.
        """
        try:
            decoded = fast_json.loads(json_data)
        except (ValueError, RecursionError) as exc:
            fail(cls, Invalid(f"cannot be read: not JSON ({exc})"))
        return cls.from_json(decoded)

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


def _is_chosen(name: str, include: Collection[str] | None, exclude: Collection[str] | None) -> bool:
    return (include is None or name in include) and (exclude is None or name not in exclude)


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
    return value if value is None or isinstance(value, str | int | float) else str(value)
