"""What a field is called on the wire, and the few things a field can say about that.

name: str                                                    # camel case: sceneUuid for scene_uuid
scene_uuid: str = attrs.field(metadata=wire("internalId"))   # a name of its own
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_WIRE = "kognic.wire"
_NEVER_SENT = "kognic.never_sent"
_NOT_DUMPED_WHEN_NONE = "kognic.not_dumped_when_none"
_PYTHON_INSIDE = "kognic.python_names_inside"
_WORD_START = re.compile(r"_+([a-zA-Z0-9])")
_LETTER_AFTER_DIGIT = re.compile(r"(?<=[0-9])([a-z])")


def wire_name(name: str) -> str:
    """Turn a Python name into lower camel case; a digit starts a word too (`point3d`, `point3D`)."""
    camel = _WORD_START.sub(lambda match: match[1].upper(), name)
    return _LETTER_AFTER_DIGIT.sub(lambda match: match[1].upper(), camel)


def wire(name: str) -> dict[str, Any]:
    """Metadata of a field whose wire name is not the camel case of its Python name."""
    return {_WIRE: name}


def never_sent(*, dumped_when_none: bool = True) -> dict[str, Any]:
    """Metadata of a field that is in dumps, but not in requests.

    Args:
        dumped_when_none: Whether a dump has the field when it is None.
    """
    return {_NEVER_SENT: True, **({} if dumped_when_none else {_NOT_DUMPED_WHEN_NONE: True})}


def python_names_inside() -> dict[str, Any]:
    """Metadata of a field whose content keeps its Python names on the wire."""
    return {_PYTHON_INSIDE: True}


def wire_name_of(name: str, metadata: Mapping[str, Any]) -> str:
    own: str | None = metadata.get(_WIRE)
    return own or wire_name(name)


def is_sent(metadata: Mapping[str, Any]) -> bool:
    return _NEVER_SENT not in metadata


def is_dumped_when_none(metadata: Mapping[str, Any]) -> bool:
    return _NOT_DUMPED_WHEN_NONE not in metadata


def keeps_python_names(metadata: Mapping[str, Any]) -> bool:
    return _PYTHON_INSIDE in metadata
