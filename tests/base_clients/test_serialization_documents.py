"""Documents that are decoded when they are read."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from kognic.base_clients.errors import ModelValidationError
from kognic.base_clients.serialization import BaseSerializer, RawJson, decoded_when_read
from kognic.io.model.annotation.client_annotation import Annotation

NOW = datetime(2026, 1, 31, tzinfo=UTC)
DOCUMENT = {"openlabel": {"metadata": {"schema_version": "1.0.0"}}}


def annotation(content: bytes) -> Annotation:
    made = Annotation(scene_uuid="s", annotation_type="t", created=NOW)
    made.content = RawJson(content)  # type: ignore[assignment]
    return made


def test_a_field_of_any_model_can_be_decoded_when_read() -> None:
    """`decoded_when_read` concerns the field it names, and no other."""

    @decoded_when_read("late")
    @attrs.define(kw_only=True)
    class Model(BaseSerializer):
        late: Any = None
        other: Any = None

    made = Model()
    made.late = made.other = RawJson(b"[1]")
    assert made.late == [1]
    assert isinstance(made.other, RawJson)


def test_reading_decodes_once() -> None:
    """The document is there when it is asked for, the same object each time."""
    made = annotation(json.dumps(DOCUMENT).encode())
    assert made.content == DOCUMENT
    assert made.content is made.content


def test_everything_else_sees_the_document() -> None:
    """Equality, dicts, JSON, copies and pickles are those of an annotation with a decoded document."""
    plain = Annotation(scene_uuid="s", annotation_type="t", created=NOW, content=DOCUMENT)
    text = json.dumps(DOCUMENT).encode()
    assert annotation(text) == plain
    assert annotation(text).to_dict() == plain.to_dict()
    assert annotation(text).model_dump_json() == plain.model_dump_json()
    assert annotation(text).model_copy(deep=True) == plain
    assert pickle.loads(pickle.dumps(annotation(text))) == plain
    assert repr(annotation(text)) == repr(plain)


def test_what_is_not_json_says_so_when_read() -> None:
    """A broken document is a ModelValidationError that names the field."""
    made = annotation(b'{"openlabel": }')
    assert made.scene_uuid == "s"
    with pytest.raises(ModelValidationError, match=r"Annotation\.content is not JSON"):
        _ = made.content


def test_assignment_replaces_the_document() -> None:
    """A document can be assigned like any other attribute."""
    made = annotation(b"{}")
    made.content = DOCUMENT
    assert made.content == DOCUMENT
    made.content = None
    assert made.content is None
