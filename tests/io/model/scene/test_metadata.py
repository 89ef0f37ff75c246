"""Metadata: flat, and the user's own."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.base_clients.errors import ModelValidationError
from kognic.io.model.scene.cameras import Cameras, Frame
from kognic.io.model.scene.cameras_sequence import Frame as SequenceFrame
from kognic.io.model.scene.metadata.metadata import FrameMetaData, MetaData, MetaDataBase

KEYS = st.text(min_size=1, max_size=12).filter(lambda key: key != "region")
VALUES = st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | st.booleans()


def test_every_keyword_is_an_entry() -> None:
    """And every entry an attribute; nothing is renamed."""
    made = MetaData(region="eu", a="text", b=1, c=2.5, d=True, snake_key=1, camelKey=2)

    assert made.to_dict() == {
        "region": "eu",
        "a": "text",
        "b": 1,
        "c": 2.5,
        "d": True,
        "snake_key": 1,
        "camelKey": 2,
    }
    assert made.to_dict(by_alias=False) == made.to_dict()
    assert (made.region, made.a, made.d) == ("eu", "text", True)


def test_the_region_is_optional_text() -> None:
    """None is none."""
    assert MetaData().region is None
    assert MetaData(region=None).to_dict() == {}
    assert MetaData().model_dump() == {"region": None}
    assert MetaData().model_dump(exclude_none=True) == {}
    with pytest.raises(ModelValidationError, match=r"^MetaData\.region must be text, is 7 \(int\)$"):
        MetaData(region=7)  # type: ignore[arg-type]
    assert FrameMetaData(region=7).to_dict() == {"region": 7}


@pytest.mark.parametrize("value", [{"a": 1}, [1, 2], None, (1,), b"x", np.array([1]), object()])
@pytest.mark.parametrize("cls", [MetaData, FrameMetaData, MetaDataBase])
def test_other_values_are_refused(cls: Any, value: Any) -> None:
    """By the name of the entry, with the way out."""
    with pytest.raises(
        ModelValidationError, match=rf"^{cls.__name__}\.inner must be text, a number or a flag, is"
    ):
        cls(inner=value)


@pytest.mark.parametrize("cls", [MetaData, FrameMetaData])
def test_numpy_scalars_are_the_numbers_they_hold(cls: Any) -> None:
    """As cells of tables are; given or assigned, they are sent as JSON."""
    made = cls(lane=np.int64(3), night=np.bool_(True), speed=np.float32(1.5), name=np.str_("x"))
    made.late = np.int32(4)

    assert json.dumps(made.to_dict()) == ('{"lane": 3, "night": true, "speed": 1.5, "name": "x", "late": 4}')
    assert type(made.lane) is int
    assert type(made.night) is bool
    assert cls.from_json({"lane": np.int64(3)}).lane == 3


def test_subclasses_of_numbers_pass() -> None:
    """Such as NumPy's double."""
    assert MetaData(speed=np.float64(31.5)).to_dict() == {"speed": 31.5}


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_keys(entries: dict[str, Any]) -> None:
    """Even those that are no identifiers, or names of methods."""
    for cls in (MetaData, FrameMetaData):
        made = cls.from_json(entries)

        assert made.to_dict() == entries
        assert cls.from_json(made.to_dict()) == made


def test_keys_that_are_names_of_methods() -> None:
    """They are sent, and the methods still work."""
    entries = {"to_dict": 1, "model_dump": "x", "_entries": 2, "__class__": True, "from_json": 2.5}

    assert MetaData.from_json(entries).to_dict() == entries


def test_keys_must_be_text() -> None:
    """JSON has no others."""
    with pytest.raises(ModelValidationError, match=r"has the key 1 \(int\), must be text"):
        MetaData.from_json({1: "a"})  # type: ignore[dict-item]


def test_entries_can_be_changed() -> None:
    """As attributes, without a check."""
    made = MetaData(a=1)
    made.b = "new"
    made.region = "eu"
    del made.a

    assert made.to_dict() == {"b": "new", "region": "eu"}
    with pytest.raises(AttributeError, match="MetaData has no entry 'a'"):
        _ = made.a
    with pytest.raises(AttributeError, match="MetaData has no entry 'a'"):
        del made.a
    assert "b" in dir(made)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies(duplicate: Any) -> None:
    """Equal and apart."""
    made = MetaData(region="eu", a=1)
    other = duplicate(made)
    other.a = 2

    assert made.a == 1
    assert other == MetaData(region="eu", a=2)
    assert made.model_copy(update={"a": 2}) == other
    assert made != FrameMetaData(region="eu", a=1)
    assert repr(made) == "MetaData(region='eu', a=1)"


@pytest.mark.parametrize("metadata", [None, {}, MetaData()])
def test_no_metadata(metadata: Any) -> None:
    """None and nothing are the same, and always sent as an empty object."""
    scene = Cameras(external_id="e", frame=Frame(images=[]), metadata=metadata)

    assert scene.metadata == MetaData()
    assert scene.to_dict()["metadata"] == {}
    frame = SequenceFrame(frame_id="0", relative_timestamp=0, metadata=metadata if metadata is None else {})
    assert frame.metadata == FrameMetaData()
    assert frame.to_dict()["metadata"] == {}


def test_metadata_of_scenes() -> None:
    """A dict, or an object of either class; the error names the scene's field."""
    scene = Cameras(external_id="e", frame=Frame(images=[]), metadata={"region": "EU", "night": False})

    assert scene.metadata == MetaData(region="EU", night=False)
    assert Cameras(external_id="e", frame=scene.frame, metadata=FrameMetaData(a=1)).metadata == MetaData(a=1)  # type: ignore[arg-type]
    with pytest.raises(ModelValidationError, match=r"^Cameras\.metadata\.inner must be .* flatten it"):
        Cameras(external_id="e", frame=scene.frame, metadata={"inner": {"a": 1}})  # type: ignore[dict-item]
    with pytest.raises(ModelValidationError, match=r"^Cameras\.metadata must be a dict of text"):
        Cameras(external_id="e", frame=scene.frame, metadata=[1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (np.array([3]), "take its only element, with .item()"),
        (np.array([1, 2]), "flatten it into several entries"),
        (np.array([]), "flatten it into several entries"),
        (Decimal("1.5"), "use float() or str() of it"),
        (Fraction(1, 2), "use float() or str() of it"),
        (np.datetime64("2026-01-01"), "use text, such as .isoformat()"),
        (datetime(2026, 1, 1, tzinfo=UTC), "use text, such as .isoformat()"),
        (np.complex64(1), "use text"),
        (b"x", "use text"),
        (None, "leave the entry out"),
    ],
)
def test_hints_on_values_that_metadata_cannot_have(value: object, hint: str) -> None:
    """The hint is one that helps: an array of one element has nothing to flatten."""
    with pytest.raises(ModelValidationError) as caught:
        MetaData(lane=value)  # type: ignore[arg-type]
    assert str(caught.value).endswith(hint) or f"; {hint}" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array(3), 3), (np.array(True), True), (np.uint64(2**63), 2**63), (np.float16(0.5), 0.5),
        (np.longdouble(1.5), 1.5), (np.array("x"), "x"), (np.int8(-1), -1),
    ],
)  # fmt: skip
def test_scalars_and_arrays_of_no_dimensions(value: object, expected: object) -> None:
    """They are the Python value they stand for."""
    found = MetaData(lane=value).to_dict()["lane"]  # type: ignore[arg-type]
    assert (found, type(found)) == (expected, type(expected))


class Campaign(MetaData):
    """Entries that a program declares."""

    region: str | None = "EU"
    driver: str
    night: bool = False
    note: str | None = None


def test_entries_that_a_subclass_declares() -> None:
    """Defaults are entries too, and what has none must be given; all of them are sent."""
    made = Campaign(driver="ada")

    assert made.to_dict() == {"region": "EU", "driver": "ada", "night": False}
    assert (made.region, made.night, made.note) == ("EU", False, None)
    assert Campaign(driver="ada", region="SE").region == "SE"
    assert Campaign.model_validate(made.model_dump()) == made
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == made
    with pytest.raises(ModelValidationError, match=r"^Campaign\.driver is missing$"):
        Campaign()
    assert MetaData().to_dict() == {}
