"""Models as what JSON can express; commands and servers print them so. Names are those of the models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

import attrs


def plain(value: Any, time: Callable[[datetime], str] = datetime.isoformat) -> Any:
    """Turn a model, or anything that holds models, into what JSON can express.

    Enum members become their values, times ISO 8601 or what `time` makes of them, sets sorted lists; models
    keep their Python names.
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return time(value)
    if isinstance(value, Mapping):
        return {str(plain(key, time)): plain(item, time) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(plain(item, time) for item in value)
    if isinstance(value, list | tuple):
        return [plain(item, time) for item in value]
    if hasattr(value, "to_dict"):
        return plain(value.to_dict(by_alias=False), time)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_none=True)
    if attrs.has(type(value)):
        return plain(attrs.asdict(value, recurse=False), time)
    return value
