"""Enumerations that the platform may extend keep what this client does not know."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from kognic.io.model.scene.scene_entry import SceneStatus


def test_known_values_are_the_members() -> None:
    """As in any enumeration."""
    assert SceneStatus("created") is SceneStatus.Created
    assert SceneStatus.Created.is_known


def test_unknown_values_survive() -> None:
    """A value of tomorrow works like a member wherever its value matters."""
    status = SceneStatus("thawing")

    assert isinstance(status, SceneStatus)
    assert not status.is_known
    assert (status.value, status.name) == ("thawing", "thawing")
    assert status == "thawing" == str(status.value)
    assert status == SceneStatus("thawing")
    assert status != SceneStatus.Created
    assert {status: 1}[SceneStatus("thawing")] == 1
    assert {status: 1}["thawing"] == 1  # type: ignore[index]
    assert json.dumps(status) == '"thawing"'
    assert f"{status.value}" == "thawing"
    assert "thawing" in str(status)
    assert "thawing" in repr(status)


def test_unknown_values_can_be_copied_and_sent_to_other_processes() -> None:
    """They pickle by value."""
    status = SceneStatus("thawing")

    assert pickle.loads(pickle.dumps(status)) == status
    assert copy.deepcopy(status) == status


def test_unknown_values_do_not_become_members() -> None:
    """The class lists what this client knows, whatever it was asked for."""
    before = list(SceneStatus)
    SceneStatus("thawing")

    assert list(SceneStatus) == before
    assert "thawing" not in SceneStatus.__members__


@pytest.mark.parametrize("value", [None, 1, ["created"], b"created"])
def test_other_types_are_no_statuses(value: object) -> None:
    """Only text can be a value of tomorrow."""
    with pytest.raises(ValueError, match="is not a valid SceneStatus"):
        SceneStatus(value)
