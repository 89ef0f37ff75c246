"""The seven kinds of scenes: the one table that everything about kinds is made from.

It imports no model, and nothing outside the standard library: the build reads it to generate the stubs of the
scene creators, and the command line reads it where no model is needed.
"""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple


class SceneKind(NamedTuple):
    """One kind of scene.

    Attributes:
        name: Its name in scene files; with hyphens, the last segment of the path that it is posted to.
        summary: What its creator does.
        short_name: What the client calls it where that differs from `name`.
    """

    name: str
    summary: str
    short_name: str | None = None

    @property
    def attribute(self) -> str:
        """Name of its creator on `KognicIOClient`, of the first argument of `create`, and of its module."""
        return self.short_name or self.name

    @property
    def segment(self) -> str:
        """Last segment of the path that it is posted to."""
        return self.name.replace("_", "-")

    @property
    def model_name(self) -> str:
        """Name of its class."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    @property
    def module(self) -> str:
        """The module of its class."""
        return f"kognic.io.model.scene.{self.attribute}"

    @property
    def model(self) -> Any:
        """Its class, a `BaseScene`; imports the module."""
        return self._member(self.model_name)

    @property
    def frame(self) -> Any:
        """The class of its frames; imports the module."""
        return self._member("Frame")

    def _member(self, name: str) -> Any:
        return getattr(importlib.import_module(self.module), name)

    @property
    def is_sequence(self) -> bool:
        """Whether it has frames in time, rather than one frame."""
        return self.name.endswith("sequence")

    @property
    def is_aggregated(self) -> bool:
        """Whether its point clouds are merged over time."""
        return self.name.startswith("aggregated")

    @property
    def has_cameras(self) -> bool:
        """Whether its frames hold images."""
        return "cameras" in self.name

    @property
    def has_lidars(self) -> bool:
        """Whether its frames hold point clouds."""
        return "lidars" in self.name


KINDS = (
    SceneKind("cameras", "Creates scenes of images from one moment."),
    SceneKind("cameras_sequence", "Creates scenes of images over time."),
    SceneKind("lidars", "Creates scenes of point clouds from one moment."),
    SceneKind("lidars_sequence", "Creates scenes of point clouds over time."),
    SceneKind("lidars_and_cameras", "Creates scenes of point clouds and images from one moment."),
    SceneKind("lidars_and_cameras_sequence", "Creates scenes of point clouds and images over time."),
    SceneKind(
        "aggregated_lidars_and_cameras_sequence",
        "Creates scenes of point clouds merged over time, and images.",
        "aggregated_lidars_and_cameras_seq",
    ),
)

BY_NAME = {kind.name: kind for kind in KINDS}
BY_MODEL_NAME = {kind.model_name: kind for kind in KINDS}


def find_kind(scene: object) -> SceneKind | None:
    """Find the kind of a scene by its class; None for anything that is not one of the seven."""
    for cls in type(scene).__mro__:
        # By module and name: asking for the classes would import the models of all seven kinds.
        kind = BY_MODEL_NAME.get(cls.__name__)
        if kind is not None and cls.__module__ == kind.module:
            return kind
    return None


def kind_of(scene: object) -> SceneKind:
    """Find the kind of a scene by its class.

    Raises:
        ValueError: It is not one of the seven (a scene request goes to `client.scene.create_scene`).
    """
    kind = find_kind(scene)
    if kind is None:
        raise ValueError(f"{type(scene)} is not a scene by type; expected one of {', '.join(BY_MODEL_NAME)}")
    return kind
