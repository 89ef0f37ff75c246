"""OpenLABEL documents as models; the only place that imports them, when a document is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kognic.base_clients.serialization.problems import Invalid, expected

if TYPE_CHECKING:
    from kognic.openlabel.models import OpenLabelAnnotation


def to_openlabel(value: OpenLabelAnnotation | Mapping[str, Any]) -> OpenLabelAnnotation:
    """Read a decoded OpenLABEL document; a model is returned as it is."""
    from kognic.openlabel.models import OpenLabelAnnotation

    if isinstance(value, OpenLabelAnnotation):
        return value
    if not isinstance(value, Mapping):
        raise expected("an OpenLabelAnnotation or its JSON", value)
    try:
        document: OpenLabelAnnotation = OpenLabelAnnotation.model_validate(value)
    except ValueError as exc:
        raise _first_problem(exc) from exc
    return document


def _first_problem(exc: ValueError) -> Invalid:
    """What pydantic found first, where it found it."""
    problems: list[dict[str, Any]] = exc.errors(include_url=False)  # type: ignore[attr-defined] # pyright: ignore
    return Invalid(f"is no OpenLABEL: {problems[0]['msg']}", *problems[0]["loc"])
