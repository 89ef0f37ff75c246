"""The seven kinds of scenes: model, attribute of the client, path on the platform."""

from __future__ import annotations

from typing import Any

import attrs

from kognic.io.model.scene.abstract.base_scene import BaseScene
from kognic.io.model.scene.aggregated_lidars_and_cameras_seq.aggregated_lidars_and_cameras_seq import (
    AggregatedLidarsAndCamerasSequence,
)
from kognic.io.model.scene.cameras.cameras import Cameras
from kognic.io.model.scene.cameras_sequence.cameras_sequence import CamerasSequence
from kognic.io.model.scene.lidars.lidars import Lidars
from kognic.io.model.scene.lidars_and_cameras.lidars_and_cameras import LidarsAndCameras
from kognic.io.model.scene.lidars_and_cameras_sequence.lidars_and_cameras_sequence import (
    LidarsAndCamerasSequence,
)
from kognic.io.model.scene.lidars_sequence.lidars_sequence import LidarsSequence


@attrs.frozen
class SceneKind:
    """One kind of scene.

    Attributes:
        model: Class of its scenes.
        attribute: Name of its creator on `KognicIOClient`.
        segment: Last segment of the path it is posted to.
    """

    model: type[BaseScene]
    attribute: str
    segment: str


CAMERAS = SceneKind(Cameras, "cameras", "cameras")
CAMERAS_SEQUENCE = SceneKind(CamerasSequence, "cameras_sequence", "cameras-sequence")
LIDARS = SceneKind(Lidars, "lidars", "lidars")
LIDARS_SEQUENCE = SceneKind(LidarsSequence, "lidars_sequence", "lidars-sequence")
LIDARS_AND_CAMERAS = SceneKind(LidarsAndCameras, "lidars_and_cameras", "lidars-and-cameras")
LIDARS_AND_CAMERAS_SEQUENCE = SceneKind(
    LidarsAndCamerasSequence, "lidars_and_cameras_sequence", "lidars-and-cameras-sequence"
)
AGGREGATED_LIDARS_AND_CAMERAS_SEQUENCE = SceneKind(
    AggregatedLidarsAndCamerasSequence,
    "aggregated_lidars_and_cameras_seq",
    "aggregated-lidars-and-cameras-sequence",
)

KINDS = (
    CAMERAS,
    CAMERAS_SEQUENCE,
    LIDARS,
    LIDARS_SEQUENCE,
    LIDARS_AND_CAMERAS,
    LIDARS_AND_CAMERAS_SEQUENCE,
    AGGREGATED_LIDARS_AND_CAMERAS_SEQUENCE,
)


def kind_of(scene: Any) -> SceneKind:
    """Tell the kind of a scene.

    Raises:
        ValueError: It is none of the seven models (a scene request goes to `client.scene.create_scene`).
    """
    for kind in KINDS:
        if isinstance(scene, kind.model):
            return kind
    names = ", ".join(kind.model.__name__ for kind in KINDS)
    raise ValueError(f"{type(scene)} is not a scene by type; expected one of {names}")
