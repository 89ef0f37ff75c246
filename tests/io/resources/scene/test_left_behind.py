"""Errors say which scene was left behind, whatever they look like."""

from __future__ import annotations

import pytest

from kognic._core.errors import KognicError
from kognic.base_clients.errors import ConnectionFailedError, MissingFileError
from kognic.io.resources.scene.left_behind import add_scene, naming_scene


def test_the_text_gains_the_scene() -> None:
    """What went wrong comes first."""
    error = KognicError("the disk is full")
    add_scene(error, "uuid", "name", "is pending")

    assert str(error) == "the disk is full\nScene 'name' (uuid) is pending"
    assert error.scene_uuid == "uuid"


def test_a_scene_without_name() -> None:
    """Only the UUID is known to who commits by UUID."""
    error = KognicError("refused")
    add_scene(error, "uuid", "", "is pending")

    assert str(error) == "refused\nScene uuid is pending"


def test_a_text_with_something_at_its_end() -> None:
    """Errors that add words when they are shown keep them."""
    error = ConnectionFailedError("the connection broke", sent=True)
    error.attempts = 3
    shown = str(error)
    add_scene(error, "uuid", "name", "is pending")

    assert str(error) == f"Scene 'name' (uuid) is pending\n{shown}"


def test_a_text_that_is_made_of_something_else(caplog: pytest.LogCaptureFixture) -> None:
    """It is left alone; the log has the scene."""
    error = MissingFileError("a.jpg")
    shown = str(error)
    add_scene(error, "uuid", "name", "is pending")

    assert str(error) == shown
    assert error.scene_uuid == "uuid"
    assert "Scene 'name' (uuid) is pending" in caplog.text


def test_errors_of_others_are_not_reworded(caplog: pytest.LogCaptureFixture) -> None:
    """They go through; the log has the scene."""
    with pytest.raises(LookupError, match=r"^'mine'$"), naming_scene("uuid", "name", "is pending"):
        raise LookupError("'mine'")
    assert "Stopped: Scene 'name' (uuid) is pending" in caplog.text
