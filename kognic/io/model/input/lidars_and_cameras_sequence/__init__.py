"""Deprecated: use `kognic.io.model.scene.lidars_and_cameras_sequence`."""

from __future__ import annotations

import attrs
from attrs import setters

from kognic.io.model.input._deprecated import Deprecated
from kognic.io.model.scene.lidars_and_cameras_sequence import Frame as _Frame
from kognic.io.model.scene.lidars_and_cameras_sequence import (
    LidarsAndCamerasSequence as _LidarsAndCamerasSequence,
)

__all__ = ["Frame", "LidarsAndCamerasSequence"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class LidarsAndCamerasSequence(Deprecated, _LidarsAndCamerasSequence):
    """Deprecated: use `kognic.io.model.scene.lidars_and_cameras_sequence.LidarsAndCamerasSequence`."""


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Frame(Deprecated, _Frame):
    """Deprecated: use `kognic.io.model.scene.lidars_and_cameras_sequence.Frame`."""
