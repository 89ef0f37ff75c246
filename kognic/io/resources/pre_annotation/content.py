"""Convert OpenLABEL documents in every accepted form to the JSON to send.

kognic-openlabel is not imported here: its models are recognised by their methods, so that documents can be
converted without the import, which `check_schema` needs. The platform validates the documents as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from kognic.base_clients.errors import ModelValidationError
from kognic.base_clients.serialization.scalars import plain_json

_PLAIN = frozenset({str, int, float, bool})


class OpenLabelModel(Protocol):
    """The interface used of kognic-openlabel's models, such as `OpenLabelAnnotation`."""

    def model_dump(self, *, mode: str, exclude_none: bool) -> dict[str, Any]:
        """Turn the model into a dict."""
        ...


OpenLabelContent: TypeAlias = OpenLabelModel | Mapping[str, Any] | str | os.PathLike[str]
"""A kognic-openlabel model, decoded JSON, or the path of a JSON file."""


def openlabel_to_json(content: OpenLabelContent) -> dict[str, Any]:
    """Turn an OpenLABEL document into the JSON object that is sent, without None values.

    Args:
        content: A kognic-openlabel model, decoded JSON, or the path of a JSON file (`~` is expanded).

    Raises:
        ModelValidationError: It is not an object with the key `openlabel`; names the file.
        OSError: The file cannot be read.
    """
    origin, document = "the content", content
    if isinstance(content, str) and content.lstrip().startswith("{"):
        raise ModelValidationError(
            "the content is JSON text: pass json.loads() of it, or the path of a file", path="openlabel"
        )
    if isinstance(content, (str, os.PathLike)):
        path = Path(content).expanduser()
        origin, document = str(path), _read(path)
    elif not isinstance(content, Mapping) and hasattr(content, "model_dump"):
        document = content.model_dump(mode="json", exclude_none=True)
    if not isinstance(document, Mapping) or "openlabel" not in document:
        raise ModelValidationError(
            f"{origin} is not an OpenLABEL document: expected an object with the key 'openlabel', "
            f"got {_outline(document)}",
            path="openlabel",
        )
    return {str(key): _without_none(value) for key, value in document.items() if value is not None}


def check_schema(document: Mapping[str, Any]) -> None:
    """Check a document against the schema of OpenLABEL, as kognic-openlabel has it.

    Raises:
        ModelValidationError: It does not follow the schema; names the first place.
    """
    # Imported with the first document: it takes as long as the rest of the client.
    from pydantic import ValidationError

    from kognic.openlabel.models import OpenLabelAnnotation

    try:
        OpenLabelAnnotation.model_validate(document)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        place = ".".join(map(str, problems[0]["loc"]))
        more = f" ({len(problems) - 1} more)" if problems[1:] else ""
        raise ModelValidationError(
            f"{place}: {problems[0]['msg']}{more}. Nothing was sent; 'kognic check --pre-annotation' "
            "shows all problems",
            path=place,
        ) from None


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as exc:
        raise ModelValidationError(f"{path} is not JSON: {exc}") from exc


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(item) for item in value]
    return value if value.__class__ in _PLAIN else plain_json(value)


def _outline(content: object) -> str:
    if isinstance(content, Mapping):
        return f"an object with the keys {sorted(map(str, content))[:5]}"
    return type(content).__name__
