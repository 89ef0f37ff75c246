"""Metadata of scenes and frames: strings, numbers and booleans."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from kognic.base_clients.serialization import BaseSerializer
from kognic.base_clients.serialization.modes import SENT, Mode
from kognic.base_clients.serialization.problems import Invalid, expected, fail, shown
from kognic.base_clients.serialization.scalars import plain

if TYPE_CHECKING:
    from typing import Self

MetaDataValue: TypeAlias = int | float | str | bool
_REQUIRED = object()


class MetaDataBase(BaseSerializer):
    """Metadata: every keyword is an entry, and every entry an attribute.

    Values are strings, numbers or booleans, without nesting. Keys are sent unchanged.

    Raises:
        ModelValidationError: A value has another type.
    """

    __slots__ = ("_entries",)
    _reserved: ClassVar[tuple[str, ...]] = ()
    _declared: ClassVar[dict[str, Any]] = {}
    _entries: dict[str, MetaDataValue]

    def __init__(self, **entries: MetaDataValue) -> None:
        try:
            object.__setattr__(self, "_entries", self._checked(self._completed(entries)))
        except Invalid as problem:
            fail(type(self), problem)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Take the entries that a subclass declares, with or without a default, off the class."""
        super().__init_subclass__(**kwargs)
        declared = {
            name: vars(cls).get(name, _REQUIRED)
            for name, annotation in inspect.get_annotations(cls).items()
            if not name.startswith("_") and "ClassVar" not in str(annotation)
        }
        for name in declared.keys() & vars(cls).keys():
            delattr(cls, name)
        cls._declared = {**cls._declared, **declared}

    @classmethod
    def _completed(cls, entries: Mapping[str, Any]) -> Mapping[str, Any]:
        """Add the defaults of declared entries."""
        missing = {name: default for name, default in cls._declared.items() if name not in entries}
        for name, default in missing.items():
            if default is _REQUIRED:
                raise Invalid("is missing", name)
        return {**{name: value for name, value in missing.items() if value is not None}, **entries}

    @classmethod
    def _checked(cls, entries: Mapping[str, Any]) -> dict[str, MetaDataValue]:
        checked: dict[str, MetaDataValue] = {}
        for key, value in entries.items():
            if not isinstance(key, str):
                raise Invalid(f"has the key {shown(key)}, must be text")
            value = plain(value)  # Cells of tables are NumPy scalars.
            if not isinstance(value, int | float | str):  # bool is an int
                raise Invalid(f"must be text, a number or a flag, is {shown(value)}; {_hint(value)}", key)
            checked[key] = value
        return checked

    @classmethod
    def _from_plain(cls, value: Any) -> Self:
        """Read metadata, whose keys are the user's and are never renamed."""
        if isinstance(value, cls):
            return value
        entries = value._entries if isinstance(value, MetaDataBase) else value
        if not isinstance(entries, Mapping):
            raise expected("a dict of text, numbers and flags", value)
        made = cls.__new__(cls)
        object.__setattr__(made, "_entries", cls._checked(cls._completed(entries)))
        return made

    def _to_plain(self, mode: Mode) -> dict[str, Any]:
        """Write the entries, those assigned since included."""
        if mode.omit_none:
            return {key: plain(value) for key, value in self._entries.items() if value is not None}
        return {**dict.fromkeys(self._reserved), **{key: plain(item) for key, item in self._entries.items()}}

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Names and values of the entries, for `dict(metadata)`."""
        return iter({**dict.fromkeys(self._reserved), **self._entries}.items())

    def __getattr__(self, name: str) -> Any:
        if name == "_entries":  # Half made, as while unpickling.
            raise AttributeError(name)
        try:
            return self._entries[name]
        except KeyError:
            if name in self._declared:  # an optional entry without a value
                return None
            raise AttributeError(f"{type(self).__name__} has no entry {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self._entries[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self._entries[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no entry {name!r}") from None

    def __getstate__(self) -> dict[str, Any]:
        return dict(self._entries)

    def __setstate__(self, state: dict[str, Any]) -> None:
        object.__setattr__(self, "_entries", state)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._to_plain(SENT) == other._to_plain(SENT)

    __hash__ = None  # type: ignore[assignment] # pyright: ignore[reportAssignmentType]

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self._entries.items())})"
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._entries]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the metadata, with some entries changed; not checked."""
        copied = super().model_copy(deep=deep)
        copied._entries.update(update or {})
        return copied


class MetaData(MetaDataBase):
    """Metadata of a scene.

    Attributes:
        region: Region of the recording, a string; the only key with a predefined meaning.
    """

    __slots__ = ()
    _reserved = ("region",)

    def __init__(self, *, region: str | None = None, **entries: MetaDataValue) -> None:
        if region is not None:
            entries = {"region": region, **entries}
        super().__init__(**entries)

    @classmethod
    def _checked(cls, entries: Mapping[str, Any]) -> dict[str, MetaDataValue]:
        region = entries.get("region")
        if region is None:
            entries = {key: value for key, value in entries.items() if key != "region"}
        elif not isinstance(region, str):
            raise expected("text", region).under("region")
        return super()._checked(entries)

    @property
    def region(self) -> str | None:
        """Region of the recording; None if not set."""
        region = self._entries.get("region")
        return region if isinstance(region, str) else None


class FrameMetaData(MetaDataBase):
    """Metadata of a frame."""

    __slots__ = ()


def to_metadata(value: MetaData | Mapping[str, MetaDataValue] | None) -> MetaData:
    """Return the converter of fields that hold metadata of a scene; None is empty."""
    return MetaData._from_plain({} if value is None else value)


def to_frame_metadata(value: FrameMetaData | Mapping[str, MetaDataValue] | None) -> FrameMetaData:
    """Return the converter of fields that hold metadata of a frame; None is empty."""
    return FrameMetaData._from_plain({} if value is None else value)


def _hint(value: Any) -> str:
    """What to write instead of a value that metadata cannot have."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):  # what pandas has for missing values
        return "leave the entry out"
    if getattr(value, "size", None) == 1 and hasattr(value, "item"):
        return "take its only element, with .item()"
    if isinstance(value, Mapping | list | tuple | set | frozenset) or hasattr(value, "shape"):
        return "flatten it into several entries, or use text"
    if isinstance(value, Enum):
        return "use its .value"
    # Of Decimal and Fraction, whose modules are not imported for this.
    if hasattr(value, "as_integer_ratio"):
        return "use float() or str() of it"
    return "use text, such as .isoformat()" if hasattr(value, "isoformat") else "use text"
