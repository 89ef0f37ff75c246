"""Methods that pydantic's models have under names of its first version, which programs go on using."""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kognic.base_clients.serialization.fields import Model

if TYPE_CHECKING:
    from typing import Self


class OlderNames(Model):
    """The names; the methods behind them are those of `BaseSerializer`."""

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Reject what only pydantic would run: a check that silently never happens loses data."""
        super().__init_subclass__(**kwargs)
        known = {attribute.name for attribute in getattr(cls, "__attrs_attrs__", ())}
        annotated = inspect.get_annotations(cls)
        for name, value in vars(cls).items():
            if name in known and name not in annotated and not hasattr(type(value), "__get__"):
                raise TypeError(
                    f"{cls.__name__}.{name} replaces a field and has no type: write "
                    f"'{name}: {type(value).__name__} = {value!r}' to give the field another default"
                )
            if type(value).__module__.partition(".")[0] == "pydantic" and not name.startswith("__"):
                raise TypeError(
                    f"{cls.__name__}.{name} is a {type(value).__name__} of pydantic, which would have no "
                    "effect: models of this package are not pydantic models. Use model_post_init for checks, "
                    "plain defaults, or a pydantic model with a field of this class"
                )

    @property
    def __dict__(self) -> builtins.dict[str, Any]:  # type: ignore[override]
        """The fields by Python name, for `vars(model)`; changing it does not change the model."""
        return {name: value for name, value in self}  # type: ignore[attr-defined] # noqa: C416

    def model_post_init(self, context: Any, /) -> None:
        """Do nothing; a subclass may check or complete a new model here."""

    def dict(self, **options: Any) -> builtins.dict[str, Any]:
        """Return `model_dump(...)`."""
        found: builtins.dict[str, Any] = self.model_dump(**options)  # type: ignore[attr-defined]
        return found

    def json(self, **options: Any) -> str:
        """Return `model_dump_json(...)`."""
        return str(self.model_dump_json(**options))  # type: ignore[attr-defined]

    def copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return `model_copy(...)`."""
        found: Self = self.model_copy(update=update, deep=deep)  # type: ignore[attr-defined]
        return found

    @classmethod
    def parse_obj(cls, obj: Any) -> Self:
        """Return `model_validate(obj)`."""
        found: Self = cls.model_validate(obj)  # type: ignore[attr-defined]
        return found

    @classmethod
    def parse_raw(cls, b: str | bytes) -> Self:
        """Return `model_validate_json(b)`."""
        found: Self = cls.model_validate_json(b)  # type: ignore[attr-defined]
        return found
