"""How results and errors are shown in the recordings: class names and public fields, nothing else.

Knows no client: pydantic models, data classes, attrs classes and plain objects are distinguished by what they
offer. Standard library only.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def show(value: Any) -> Any:
    """A value as JSON that says what it is."""
    if isinstance(value, enum.Enum):
        return {"enum": str(f"{type(value).__name__}.{value.name}"), "value": value.value}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dt.datetime):
        return f"datetime:{value.isoformat()}"
    if isinstance(value, Path):
        return f"path:{value}"
    if isinstance(value, BaseException):
        return picture(value)
    if isinstance(value, Mapping):
        return {str(k): show(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [show(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return {"set": sorted(show(v) for v in value)}
    return {"class": type(value).__name__, "fields": _fields(value)}


def _fields(value: Any) -> dict[str, Any]:
    cls = type(value)
    if hasattr(cls, "__attrs_attrs__"):
        names = [a.name for a in cls.__attrs_attrs__]
    elif dataclasses.is_dataclass(cls):
        names = [f.name for f in dataclasses.fields(cls)]
    elif isinstance(getattr(cls, "model_fields", None), Mapping):
        names = list(cls.model_fields)
    else:
        names = list(vars(value))
    return {name: show(getattr(value, name)) for name in names if not name.startswith("_")}


def picture(error: BaseException, *, message: bool = True) -> dict[str, Any]:
    """What a caller can tell of an error: its class, what it can be caught as, its text and status."""
    shown: dict[str, Any] = {
        "raised": type(error).__name__,
        "mro": [c.__name__ for c in type(error).__mro__ if c is not object],
    }
    if message:
        shown["message"] = str(error)
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        shown["status_code"] = status
    return shown


def catch(function: Callable[..., Any], *args: Any, message: bool = True, **kwargs: Any) -> Any:
    """What a call returned, or a picture of what it raised."""
    try:
        return show(function(*args, **kwargs))
    except Exception as error:  # the point: whatever is raised is part of the outcome
        return picture(error, message=message)
