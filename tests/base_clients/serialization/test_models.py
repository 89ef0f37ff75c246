"""The rules that every model follows, shown on models of their own."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import subprocess
import sys
import uuid
from collections import UserDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import attrs
import pydantic
import pytest

from kognic.base_clients.errors import ModelValidationError
from kognic.base_clients.serialization import BaseSerializer, OpenEnum, never_sent, python_names_inside, wire
from kognic.base_clients.serialization.problems import Invalid

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Level(str, Enum):
    """A closed enumeration."""

    LOW = "low"
    HIGH = "high"


class State(OpenEnum):
    """An open one."""

    NEW = "new"


@attrs.define(kw_only=True)
class Leaf(BaseSerializer):
    """A model inside others."""

    size_mm: float
    is_green: bool | None = None


@attrs.define(kw_only=True)
class Tree(BaseSerializer):
    """A model with a field of every kind."""

    tree_name: str
    year_planted: int
    main_leaf: Leaf | None = None
    all_leaves: list[Leaf] = attrs.field(factory=list)
    leaves_by_name: dict[str, Leaf] = attrs.field(factory=dict)
    level: Level = Level.LOW
    state: State | None = None
    planted_at: datetime | None = None
    tags: set[str] | None = None
    mixed: str | int | None = None
    identity: uuid.UUID | None = None
    pair: tuple[int, int] | None = None
    choice: Literal["a", "b"] | None = None
    anything: Any = None
    own_id: str | None = attrs.field(default=None, metadata=wire("internalId"))
    secret_note: str | None = attrs.field(default=None, metadata=never_sent(), repr=False)
    children: Sequence[Tree] | None = None


@attrs.define(kw_only=True)
class Pot(BaseSerializer):
    """A model whose content keeps its Python names."""

    pot_size: int
    the_tree: Tree = attrs.field(metadata=python_names_inside())
    some_leaves: list[Leaf] = attrs.field(factory=list, metadata=python_names_inside())


@attrs.frozen(kw_only=True)
class Stone(BaseSerializer):
    """A frozen model."""

    weight_kg: float
    name: str = "stone"


def full_tree() -> Tree:
    """A tree with every field set."""
    return Tree(
        tree_name="oak",
        year_planted=1900,
        main_leaf=Leaf(size_mm=1.5, is_green=True),
        all_leaves=[Leaf(size_mm=2.0)],
        leaves_by_name={"some_leaf": Leaf(size_mm=3.0)},
        level=Level.HIGH,
        state=State.NEW,
        planted_at=NOON,
        tags={"old"},
        mixed=7,
        identity=uuid.UUID(int=5),
        pair=(1, 2),
        choice="a",
        anything={"keep_this": [1, None]},
        own_id="o-1",
        secret_note="buried",
        children=[Tree(tree_name="acorn", year_planted=2020)],
    )


FULL_WIRE = {
    "treeName": "oak",
    "yearPlanted": 1900,
    "mainLeaf": {"sizeMm": 1.5, "isGreen": True},
    "allLeaves": [{"sizeMm": 2.0}],
    "leavesByName": {"some_leaf": {"sizeMm": 3.0}},
    "level": "high",
    "state": "new",
    "plantedAt": NOON,
    "tags": {"old"},
    "mixed": 7,
    "identity": uuid.UUID(int=5),
    "pair": [1, 2],
    "choice": "a",
    "anything": {"keep_this": [1, None]},
    "internalId": "o-1",
    "children": [
        {"treeName": "acorn", "yearPlanted": 2020, "allLeaves": [], "leavesByName": {}, "level": "low"}
    ],
}


def test_to_dict_has_wire_names_and_no_none() -> None:
    """Keys of maps and free content are the user's; a field that is never sent is left out."""
    assert full_tree().to_dict() == FULL_WIRE


def test_to_dict_with_python_names() -> None:
    """At every depth."""
    written = full_tree().to_dict(by_alias=False)

    assert written["main_leaf"] == {"size_mm": 1.5, "is_green": True}
    assert written["own_id"] == "o-1"
    assert "secret_note" not in written


def test_fields_whose_content_keeps_its_names() -> None:
    """As calibrations do on the wire."""
    pot = Pot(pot_size=1, the_tree=Tree(tree_name="oak", year_planted=1), some_leaves=[Leaf(size_mm=1.0)])

    assert pot.to_dict() == {
        "potSize": 1,
        "theTree": pot.the_tree.to_dict(by_alias=False),
        "someLeaves": [{"size_mm": 1.0}],
    }
    assert Pot.from_json(pot.to_dict()) == pot


def test_from_json_reads_what_to_dict_wrote() -> None:
    """All but what is never sent."""
    expected = full_tree()
    expected.secret_note = None

    assert Tree.from_json(full_tree().to_dict()) == expected
    assert Tree.from_json(full_tree().to_dict(by_alias=False)) == expected


def test_unknown_keys_are_ignored() -> None:
    """In constructors and in JSON, at every depth."""
    made = Tree(tree_name="oak", year_planted=1, colour="brown", mainLeaf={"sizeMm": 1, "x": 2})  # type: ignore[call-arg]

    assert made == Tree(tree_name="oak", year_planted=1, main_leaf=Leaf(size_mm=1.0))
    assert Tree.from_json({"treeName": "oak", "yearPlanted": 1, "new": [1]}).tree_name == "oak"


def test_null_in_json_means_absent() -> None:
    """The default applies, also where None is no value of the field."""
    made = Tree.from_json(
        {"treeName": "oak", "yearPlanted": 1, "allLeaves": None, "level": None, "tags": None}
    )

    assert (made.all_leaves, made.level, made.tags) == ([], Level.LOW, None)


def test_none_in_a_constructor_is_a_value() -> None:
    """Which fields that cannot be None refuse."""
    with pytest.raises(ModelValidationError, match=r"^Tree\.tree_name must be text, is None$"):
        Tree(tree_name=None, year_planted=1)  # type: ignore[arg-type]
    with pytest.raises(ModelValidationError, match=r"^Tree\.all_leaves must be a list, is None$"):
        Tree(tree_name="oak", year_planted=1, all_leaves=None)  # type: ignore[arg-type]


def test_constructors_coerce() -> None:
    """What stands for the right value becomes it."""
    made = Tree(
        tree_name=Level.LOW,
        year_planted="1900",  # type: ignore[arg-type]
        main_leaf={"size_mm": "1.5"},  # type: ignore[arg-type]
        all_leaves=(SimpleNamespace(size_mm=2, is_green="yes"),),  # type: ignore[arg-type]
        leaves_by_name=UserDict(a=UserDict(sizeMm=1)),  # type: ignore[arg-type]
        level="high",  # type: ignore[arg-type]
        planted_at="2026-03-01T12:00:00Z",  # type: ignore[arg-type]
        tags=["a", "a"],  # type: ignore[arg-type]
        identity=uuid.UUID(int=5),
    )

    assert made == Tree(
        tree_name="low",
        year_planted=1900,
        main_leaf=Leaf(size_mm=1.5),
        all_leaves=[Leaf(size_mm=2.0, is_green=True)],
        leaves_by_name={"a": Leaf(size_mm=1.0)},
        level=Level.HIGH,
        planted_at=NOON,
        tags={"a"},
        identity=uuid.UUID(int=5),
    )
    assert type(made.year_planted) is int


def test_the_wire_name_wins() -> None:
    """When both names of a field are given."""
    assert Leaf(size_mm=1.0, sizeMm=2.0).size_mm == 2.0  # type: ignore[call-arg]


def test_containers_are_not_shared() -> None:
    """A model keeps a list of its own."""
    leaves = [Leaf(size_mm=1.0)]
    made = Tree(tree_name="oak", year_planted=1, all_leaves=leaves)
    leaves.clear()

    assert len(made.all_leaves) == 1
    assert (
        Tree(tree_name="a", year_planted=1).all_leaves is not Tree(tree_name="b", year_planted=1).all_leaves
    )


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        ({}, "tree_name", "Tree.tree_name is missing; also missing: year_planted"),
        ({"tree_name": "x"}, "year_planted", "Tree.year_planted is missing"),
        ({"year_planted": 1.5}, "year_planted", "must be a whole number, is 1.5 (float)"),
        ({"main_leaf": {}}, "main_leaf.size_mm", "Tree.main_leaf.size_mm is missing"),
        ({"main_leaf": 3}, "main_leaf", "must be a Leaf or a dict of its fields, is 3 (int)"),
        ({"all_leaves": "leaf"}, "all_leaves", "must be a list, is 'leaf' (str)"),
        ({"all_leaves": {"a": 1}}, "all_leaves", "must be a list"),
        (
            {"all_leaves": [{"sizeMm": 1}, {"sizeMm": "x"}]},
            "all_leaves[1].size_mm",
            "must be a number, is 'x'",
        ),
        ({"leaves_by_name": [1]}, "leaves_by_name", "must be a dict, is [1] (list)"),
        ({"leaves_by_name": {"a b": 1}}, "leaves_by_name['a b']", "must be a Leaf"),
        ({"leaves_by_name": {1: {"sizeMm": 1}}}, "leaves_by_name[1]", "must be text, is 1 (int)"),
        ({"level": "medium"}, "level", "must be one of 'low', 'high', is 'medium' (str)"),
        ({"planted_at": "spring"}, "planted_at", "must be a time in ISO 8601"),
        ({"tags": [1]}, "tags[0]", "must be text"),
        ({"mixed": 1.5}, "mixed", "must be str or int, is 1.5 (float)"),
        ({"identity": "x"}, "identity", "must be an instance of UUID, is 'x' (str)"),
        ({"pair": [1]}, "pair", "must be tuple[int, int]"),
        ({"choice": "c"}, "choice", "must be typing.Literal['a', 'b'], is 'c' (str)"),
        ({"children": [{"treeName": "x"}]}, "children[0].year_planted", "is missing"),
    ],
)
def test_errors_name_the_field(given: dict[str, Any], path: str, message: str) -> None:
    """A refusal says where, what was wanted and what was given."""
    required = {"tree_name": "oak", "year_planted": 1} if given and "tree_name" not in given else {}

    with pytest.raises(ModelValidationError) as constructed:
        Tree(**{**required, **given})

    assert constructed.value.path == path
    assert message in str(constructed.value)
    assert isinstance(constructed.value, ValueError)
    if given:
        with pytest.raises(ModelValidationError) as read:
            Tree.from_json({**required, **given})
        assert read.value.path == path


@pytest.mark.parametrize("answer", [None, 3, "text", ["treeName"], b"{}"])
def test_answers_that_are_no_objects(answer: Any) -> None:
    """A list or text where an object belongs is an error, not a crash."""
    with pytest.raises(ModelValidationError, match="must be a Tree or a dict of its fields"):
        Tree.from_json(answer)


def test_errors_show_neither_signatures_nor_megabytes() -> None:
    """A value may be a signed URL or a file."""
    url = "https://host/bucket/key?X-Goog-Signature=" + "f00d" * 50
    for value in (url, [url], {"u": {"v": url}}, b"\0" * 10_000_000, {"blob": b"\0" * 10_000_000}):
        with pytest.raises(ModelValidationError) as refused:
            Tree(tree_name="x", year_planted=value)  # type: ignore[arg-type]
        assert "f00d" not in str(refused.value)
        assert len(str(refused.value)) < 400


def test_content_without_a_bottom() -> None:
    """Nested more deeply than Python can follow: an error of ours, in both directions."""
    depth: dict[str, Any] = {}
    for _ in range(100_000):
        depth = {"children": [depth], "treeName": "x", "yearPlanted": 1}

    with pytest.raises(ModelValidationError, match=r"^Tree is nested too deeply$"):
        Tree.from_json(depth)
    with pytest.raises(ModelValidationError, match=r"^Tree is nested too deeply$"):
        Tree(tree_name="x", year_planted=1, anything=depth).to_dict()


def test_positional_arguments_are_refused() -> None:
    """As they would be by any keyword-only signature."""
    with pytest.raises(TypeError, match="positional"):
        Leaf(1.0)  # type: ignore[misc]


def test_assignments_are_not_checked() -> None:
    """An attribute takes anything; writing copes."""
    tree = Tree(tree_name="oak", year_planted=1)
    tree.year_planted = "later"  # type: ignore[assignment]
    tree.main_leaf = {"anything": 1}  # type: ignore[assignment]
    tree.tree_name = None  # type: ignore[assignment]
    tree.all_leaves = (Leaf(size_mm=1.0), {"size": 2})  # type: ignore[assignment]

    assert tree.to_dict() == {
        "yearPlanted": "later",
        "mainLeaf": {"anything": 1},
        "allLeaves": [{"sizeMm": 1.0}, {"size": 2}],
        "leavesByName": {},
        "level": "low",
    }


def test_frozen_models() -> None:
    """They refuse assignment, hash by value, and are made like the others."""
    stone = Stone(weightKg="2")  # type: ignore[call-arg]

    assert stone == Stone(weight_kg=2.0)
    assert hash(stone) == hash(Stone(weight_kg=2.0))
    assert Stone.from_json({"weightKg": 2}) == stone
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        stone.name = "pebble"  # type: ignore[misc]


def test_models_are_compared_by_value() -> None:
    """And by class."""
    assert full_tree() == full_tree()
    assert full_tree() != Tree(tree_name="oak", year_planted=1)
    assert Leaf(size_mm=1.0) != Stone(weight_kg=1.0)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda tree: pickle.loads(pickle.dumps(tree))]
)
def test_models_can_be_copied_and_pickled(duplicate: Any) -> None:
    """A worker process gets what was sent to it."""
    assert duplicate(full_tree()) == full_tree()
    assert duplicate(Stone(weight_kg=1.0)) == Stone(weight_kg=1.0)


def test_model_dump() -> None:
    """Python names and None unless told otherwise."""
    leaf = Leaf(size_mm=1.0)

    assert leaf.model_dump() == {"size_mm": 1.0, "is_green": None}
    assert leaf.model_dump(by_alias=True) == {"sizeMm": 1.0, "isGreen": None}
    assert leaf.model_dump(exclude_none=True) == {"size_mm": 1.0}
    assert leaf.model_dump(include={"is_green"}) == {"is_green": None}
    assert leaf.model_dump(exclude={"is_green"}, by_alias=True) == {"sizeMm": 1.0}
    assert full_tree().model_dump()["children"][0]["main_leaf"] is None


def test_model_dump_json() -> None:
    """Everything becomes what JSON knows."""
    tree = full_tree()
    tree.anything = {"not": float("nan"), "set": {2, 1}, "when": NOON}

    decoded = json.loads(tree.model_dump_json(by_alias=True, exclude_none=True))

    assert decoded["plantedAt"] == "2026-03-01T12:00:00Z"
    assert decoded["tags"] == ["old"]
    assert decoded["level"] == "high"
    assert decoded["identity"] == str(uuid.UUID(int=5))
    assert decoded["anything"] == {"not": None, "set": [1, 2], "when": "2026-03-01T12:00:00Z"}
    assert Leaf(size_mm=1.0).model_dump_json() == '{"size_mm":1.0,"is_green":null}'
    assert Leaf(size_mm=1.0).model_dump_json(indent=1).startswith("{\n")


def test_model_validate() -> None:
    """From a dict, an instance, an object with the same attributes, or text."""
    leaf = Leaf(size_mm=1.0)

    assert Leaf.model_validate({"sizeMm": 1}) == leaf
    assert Leaf.model_validate(leaf) is leaf
    assert Leaf.model_validate(SimpleNamespace(size_mm=1.0)) == leaf
    assert Leaf.model_validate_json('{"sizeMm": 1}') == leaf
    assert Leaf.model_validate_json(b'{"size_mm": 1}') == leaf
    for text in ("{", b"\xff", "[" * 100_000):
        with pytest.raises(ModelValidationError, match="Leaf cannot be read: not JSON"):
            Leaf.model_validate_json(text)


def test_model_copy() -> None:
    """With changes, of frozen models too; deep if asked for."""
    tree = full_tree()

    assert tree.model_copy(update={"tree_name": "elm"}).tree_name == "elm"
    assert tree.model_copy().all_leaves is tree.all_leaves
    assert tree.model_copy(deep=True).all_leaves is not tree.all_leaves
    assert Stone(weight_kg=1.0).model_copy(update={"weight_kg": 2.0}) == Stone(weight_kg=2.0)


class Bonsai(Tree):
    """A subclass without a decorator."""


class Named(Leaf):
    """A subclass with a constructor of its own."""

    def __init__(self, size: float) -> None:
        super().__init__(sizeMm=size)  # type: ignore[call-arg]


@attrs.define(kw_only=True)
class Fruit(Leaf):
    """A subclass with fields, a hook and a check."""

    sugar_g: float

    def __attrs_post_init__(self) -> None:
        if self.sugar_g < 0:
            raise Invalid("cannot be negative", "sugar_g")


def test_subclasses_of_users() -> None:
    """They are made, read and written as themselves."""
    assert type(Bonsai.from_json({"treeName": "b", "yearPlanted": 1})) is Bonsai
    assert Bonsai(treeName="b", year_planted=1).to_dict()["treeName"] == "b"  # type: ignore[call-arg]
    assert Named(2).size_mm == 2.0
    assert Fruit(sizeMm=1, sugarG=2).to_dict() == {"sizeMm": 1.0, "sugarG": 2.0}  # type: ignore[call-arg]
    tree = Tree(tree_name="apple", year_planted=1, all_leaves=[Fruit(size_mm=1.0, sugar_g=2.0)])
    assert tree.to_dict()["allLeaves"] == [{"sizeMm": 1.0, "sugarG": 2.0}]


class Maple(Tree):
    """A subclass with fields and without a decorator, as pydantic's models have them."""

    sap_l: float
    syrup: list[Leaf] = attrs.field(factory=list)
    grade: str = "A"


class Slab(Stone):
    """The same of a frozen model."""

    width_m: float = 1.0


def test_fields_of_subclasses_without_a_decorator() -> None:
    """They are kept, read, written and checked like the others."""
    made = Maple(tree_name="m", year_planted=1, sap_l="2.5", syrup=[{"sizeMm": 1}])  # type: ignore[call-arg]

    assert (made.sap_l, made.syrup, made.grade) == (2.5, [Leaf(size_mm=1.0)], "A")
    assert made.to_dict()["sapL"] == 2.5
    assert Maple.from_json(made.to_dict()) == made
    assert Maple.model_validate(made.model_dump(mode="json")) == made
    assert pickle.loads(pickle.dumps(made)) == made
    assert copy.deepcopy(made) == made
    with pytest.raises(ModelValidationError, match=r"^Maple\.sap_l is missing$"):
        Maple(tree_name="m", year_planted=1)
    assert Slab(weightKg=1, widthM=2).width_m == 2.0  # type: ignore[call-arg]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Slab(weight_kg=1.0).width_m = 3.0


class Checked(Leaf):
    """A subclass with the hook of pydantic's models."""

    grade: str = "A"

    def model_post_init(self, context: Any, /) -> None:
        super().model_post_init(context)
        if self.size_mm < 0:
            raise ValueError("cannot be negative")
        self.grade = self.grade.lower()


def test_model_post_init_of_a_subclass() -> None:
    """It runs for each new model, however it is created."""
    assert Checked(size_mm=1.0).grade == "a"
    assert Checked.from_json({"sizeMm": 1}).grade == "a"
    with pytest.raises(ValueError, match="cannot be negative"):
        Checked(size_mm=-1.0)


class Silver(Tree):
    """A subclass that declares fields of its base again, and what is no field."""

    tree_name: str = "birch"
    all_leaves: list[Checked] = []
    notes: list[str] = []
    _seen: dict[str, int] = {}


def test_fields_that_are_declared_again() -> None:
    """A new default counts, and so does a narrower type; the wire name stays."""
    made = Silver(year_planted=1, all_leaves=[{"size_mm": 1, "grade": "B"}])  # type: ignore[list-item]

    assert made.to_dict()["treeName"] == "birch"
    assert made.to_dict()["allLeaves"] == [{"sizeMm": 1.0, "grade": "b"}]
    assert Silver.model_validate(made.model_dump(mode="json")) == made
    assert not Silver.model_fields["tree_name"].is_required()
    assert Silver.model_fields["tree_name"].get_default() == "birch"
    assert Silver.model_fields["notes"].get_default() is None
    assert Silver.model_fields["notes"].get_default(call_default_factory=True) == []
    with pytest.raises(TypeError, match=r"Bare\.tree_name replaces a field.*write 'tree_name: str = 'elm''"):

        class Bare(Tree):
            tree_name = "elm"


def test_defaults_of_subclasses_are_not_shared() -> None:
    """Each model has a copy of its own of a list or dict, public or not."""
    one, other = Silver(year_planted=1), Silver(year_planted=1)
    one.notes.append("x")
    one._seen["x"] = 1

    assert (other.notes, other._seen) == ([], {})
    assert (Silver.model_fields["notes"].get_default(call_default_factory=True)) == []


def test_private_names_of_subclasses() -> None:
    """They belong to the program: not sent, not dumped, not compared, but copied and pickled."""
    made = Silver(year_planted=1)
    made._seen["x"] = 1

    assert "Seen" not in str(made.to_dict())
    assert "_seen" not in {**made.model_dump(), **dict(made), **Silver.model_fields}
    assert made == Silver(year_planted=1)
    assert copy.deepcopy(made)._seen == pickle.loads(pickle.dumps(made))._seen == {"x": 1}


class Label:
    """A base that is no model."""

    def labelled(self) -> str:
        return f"label of {self.tree_name}"  # type: ignore[attr-defined]


class Labelled(Label, Tree):
    """A model with another base before it."""

    colour: str = "red"


def test_subclass_with_another_base() -> None:
    made = Labelled(tree_name="oak", year_planted=1, colour="blue")

    assert made.labelled() == "label of oak"
    assert made.to_dict()["colour"] == "blue"


def test_what_only_pydantic_would_run_is_refused() -> None:
    """A validator that never runs, or a default that is a description of one, is an error of the class."""
    with pytest.raises(
        TypeError, match=r"Checking\.positive is a .* of pydantic, which would have no effect"
    ):

        class Checking(Leaf):
            @pydantic.field_validator("size_mm")
            @classmethod
            def positive(cls, value: float) -> float:
                return value

    with pytest.raises(TypeError, match=r"Described\.grade is a FieldInfo of pydantic"):

        class Described(Leaf):
            grade: str = pydantic.Field(default="A")


def test_names_of_the_first_version_of_pydantic() -> None:
    leaf = Leaf(size_mm=1.0)

    assert leaf.dict() == leaf.model_dump() == vars(leaf)
    assert leaf.dict(exclude_none=True) == {"size_mm": 1.0}
    assert json.loads(leaf.json()) == json.loads(leaf.model_dump_json())
    assert leaf.copy(update={"size_mm": 2.0}).size_mm == 2.0
    assert Leaf.parse_obj({"size_mm": 1}) == Leaf.parse_raw('{"size_mm": 1}') == leaf
    assert json.loads(json.dumps(leaf, default=lambda value: value.__dict__)) == leaf.dict()


@pytest.mark.parametrize(
    ("include", "exclude"),
    [
        ({"tree_name"}, None),
        (None, {"all_leaves"}),
        ({"all_leaves": {0: True}}, None),
        ({"all_leaves": {"__all__": {"size_mm"}}, "tree_name": ...}, None),
        (None, {"all_leaves": {0: {"size_mm"}, -1: {"is_green"}}}),
        (None, {"all_leaves": {1}, "main_leaf": {"size_mm": True}}),
        (None, {"all_leaves": {"__all__": {"size_mm": True}}}),
        ({"all_leaves": {0, 1}}, {"all_leaves": {0: {"is_green"}}}),
        (set(), None),
        (None, {"nothing": {"of": True}}),
    ],
)
def test_parts_of_dumps(include: Any, exclude: Any) -> None:
    """`include` and `exclude` reach into models and lists, as those of pydantic do."""

    class PydanticLeaf(pydantic.BaseModel):
        size_mm: float
        is_green: bool | None = None

    class PydanticTree(pydantic.BaseModel):
        tree_name: str
        main_leaf: PydanticLeaf
        all_leaves: list[PydanticLeaf]

    values = {
        "tree_name": "oak",
        "main_leaf": {"size_mm": 1.0},
        "all_leaves": [{"size_mm": 1.0}, {"size_mm": 2.0, "is_green": True}],
    }
    expected = PydanticTree.model_validate(values).model_dump(include=include, exclude=exclude)
    found = Tree.model_validate({**values, "year_planted": 1}).model_dump(include=include, exclude=exclude)

    assert {name: part for name, part in found.items() if name in values} == expected


def test_models_as_pairs() -> None:
    """`dict(model)` has Python names and the values themselves; a model is still no list."""
    leaf = Leaf(size_mm=1.0)
    tree = Tree(tree_name="oak", year_planted=1, main_leaf=leaf)

    assert dict(leaf) == {"size_mm": 1.0, "is_green": None}
    assert dict(tree)["main_leaf"] is leaf
    with pytest.raises(ModelValidationError, match=r"^Tree\.all_leaves must be a list"):
        Tree(tree_name="oak", year_planted=1, all_leaves=leaf)  # type: ignore[arg-type]


def test_model_fields() -> None:
    """Names, types, wire names and defaults, of the class and of instances."""
    fields = Tree.model_fields

    assert list(fields)[:3] == ["tree_name", "year_planted", "main_leaf"]
    assert fields["tree_name"].annotation is str
    assert fields["main_leaf"].annotation == Leaf | None
    assert fields["own_id"].alias == "internalId"
    assert fields["tree_name"].is_required()
    assert not fields["level"].is_required()
    assert fields["level"].default is Level.LOW
    assert fields["all_leaves"].default_factory is list
    assert not fields["all_leaves"].is_required()
    assert full_tree().model_fields is fields


def test_uuids_as_ids() -> None:
    """An id may be given as the object that uuid makes; it is text from then on."""
    given = uuid.UUID(int=7)

    made = Tree(tree_name="oak", year_planted=1, own_id=given, tags=[given])  # type: ignore[arg-type]

    assert made.own_id == str(given)
    assert made.tags == {str(given)}


def test_models_as_fields_of_pydantic_models() -> None:
    """Validated and dumped as by themselves; pydantic's error names the field."""
    import pydantic

    class Forest(pydantic.BaseModel):
        oak: Tree
        leaves: list[Leaf] = []

    leaf = Leaf(size_mm=1.0)
    forest = Forest(oak={"treeName": "oak", "yearPlanted": "1"}, leaves=[leaf])  # type: ignore[arg-type]

    assert forest.oak == Tree(tree_name="oak", year_planted=1)
    assert forest.leaves[0] is leaf
    assert forest.model_dump()["leaves"] == [leaf.model_dump()]
    assert forest.model_dump(by_alias=True, exclude_none=True)["leaves"] == [{"sizeMm": 1.0}]
    assert Forest.model_validate_json(forest.model_dump_json()) == forest
    assert Forest.model_validate(forest.model_dump(mode="json")) == forest
    assert Forest.model_json_schema()["properties"]["oak"]["type"] == "object"
    with pytest.raises(pydantic.ValidationError, match=r"oak\n.*Tree\.year_planted is missing"):
        Forest(oak={"treeName": "x"})  # type: ignore[arg-type]


class Thorn(Leaf):
    """A leaf with more fields, all of which a leaf ignores."""

    sharpness: float = 0.0


class Bush(Tree):
    """Differs from a tree inside its leaves only."""

    all_leaves: list[Thorn] = []


def test_unions_of_models_in_pydantic_models() -> None:
    """The one that loses nothing is taken, as of pydantic's own models, however deep the difference is."""

    class Garden(pydantic.BaseModel):
        leaf: Leaf | Thorn
        plant: Tree | Bush

    leaf = Thorn(size_mm=1.0, sharpness=2.0)
    garden = Garden(leaf=leaf, plant=Bush(tree_name="rose", year_planted=1, all_leaves=[leaf]))

    assert garden.leaf is leaf
    for again in (
        Garden.model_validate(garden.model_dump()),
        Garden.model_validate_json(garden.model_dump_json(by_alias=True)),
    ):
        assert again == garden
        assert (type(again.leaf), type(again.plant)) == (Thorn, Bush)
    plain = Garden.model_validate({"leaf": {"size_mm": 1}, "plant": {"tree_name": "a", "year_planted": 1}})
    assert (type(plain.leaf), type(plain.plant)) == (Leaf, Tree)
    with pytest.raises(pydantic.ValidationError, match="must be of type Tree, is Leaf"):
        Garden(leaf=leaf, plant=Leaf(size_mm=1.0))  # type: ignore[arg-type]


def test_parts_of_models_in_pydantic_models() -> None:
    """`include` and `exclude` of the outer model reach into ours."""

    class Garden(pydantic.BaseModel):
        plant: Tree

    garden = Garden(plant=Tree(tree_name="oak", year_planted=1, main_leaf=Leaf(size_mm=1.0)))

    assert garden.model_dump(include={"plant": {"tree_name", "main_leaf"}}, exclude={
        "plant": {"main_leaf": {"is_green"}}
    }) == {"plant": {"tree_name": "oak", "main_leaf": {"size_mm": 1.0}}}  # fmt: skip
    assert "main_leaf" not in garden.model_dump_json(exclude={"plant": {"main_leaf"}})


def test_one_shot_iterators_in_values_that_are_refused() -> None:
    """What was used up while reading is not mistaken for an empty list."""
    with pytest.raises(ModelValidationError, match=r"must be a number, is 'x'"):
        Tree(tree_name="a", year_planted=1, all_leaves=iter([{"sizeMm": "x"}]))  # type: ignore[arg-type]


def test_checks_of_models_name_the_field() -> None:
    """In a constructor, in JSON, and inside another model."""
    with pytest.raises(ModelValidationError, match=r"^Fruit\.sugar_g cannot be negative$"):
        Fruit(size_mm=1.0, sugar_g=-1.0)
    with pytest.raises(ModelValidationError, match=r"^Fruit\.sugar_g cannot be negative$"):
        Fruit.from_json({"sizeMm": 1, "sugarG": -1})


def test_signatures_are_those_of_the_fields() -> None:
    """For help(), editors and documentation, before and after the first use."""
    for _ in range(2):
        assert list(inspect.signature(Leaf).parameters) == ["size_mm", "is_green"]
        Leaf(size_mm=1.0)


def test_first_use_by_many_threads() -> None:
    """Generating the functions of a class is safe to do at once."""

    @attrs.define(kw_only=True)
    class Fresh(BaseSerializer):
        some_value: int

    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda n: Fresh(someValue=n).to_dict(), range(200)))  # type: ignore[call-arg]

    assert made == [{"someValue": n} for n in range(200)]


def test_importing_models_imports_no_converter() -> None:
    """cattrs and OpenLABEL load when they are needed."""
    program = (
        "import sys, kognic.io.model as m\n"
        "for name in ('Cameras', 'Scene', 'SensorCalibration', 'ResolvedPreAnnotation'): getattr(m, name)\n"
        "print(sorted({'cattrs', 'pydantic', 'kognic.openlabel', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )

    assert done.stdout.strip() == "[]"
