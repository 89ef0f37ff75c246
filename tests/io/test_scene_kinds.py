"""The table of scene kinds, against the names of the protocol."""

from __future__ import annotations

import pytest

from kognic.io.model.scene.cameras import Cameras
from kognic.io.scene_kinds import KINDS, find_kind, kind_of

# Attribute of the client, class, path segment: endpoints.md and models.md of the protocol.
PROTOCOL = [
    ("cameras", "Cameras", "cameras"),
    ("cameras_sequence", "CamerasSequence", "cameras-sequence"),
    ("lidars", "Lidars", "lidars"),
    ("lidars_sequence", "LidarsSequence", "lidars-sequence"),
    ("lidars_and_cameras", "LidarsAndCameras", "lidars-and-cameras"),
    ("lidars_and_cameras_sequence", "LidarsAndCamerasSequence", "lidars-and-cameras-sequence"),
    (
        "aggregated_lidars_and_cameras_seq",
        "AggregatedLidarsAndCamerasSequence",
        "aggregated-lidars-and-cameras-sequence",
    ),
]


def test_names_are_those_of_the_protocol() -> None:
    assert [(kind.attribute, kind.model_name, kind.segment) for kind in KINDS] == PROTOCOL


def test_classes_and_their_frames_exist() -> None:
    for kind in KINDS:
        assert (kind.model.__name__, kind.frame.__name__) == (kind.model_name, "Frame")
        assert kind.model.__module__ == kind.frame.__module__ == kind.module


def test_kind_of_a_scene() -> None:
    """Subclasses are of the kind of their parent; a class that only has the name is not."""

    class Mine(Cameras):
        pass

    impostor = type("Cameras", (), {})
    scene = Mine.__new__(Mine)
    assert kind_of(scene).name == "cameras"
    assert find_kind(impostor()) is None
    with pytest.raises(ValueError, match="is not a scene by type; expected one of Cameras, CamerasSequence"):
        kind_of(None)
