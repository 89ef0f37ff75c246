"""Deprecated: use `kognic.io.model.scene.aggregated_lidars_and_cameras_seq`."""

from __future__ import annotations

import attrs
from attrs import setters

from kognic.io.model.input._deprecated import Deprecated
from kognic.io.model.scene.aggregated_lidars_and_cameras_seq import (
    AggregatedLidarsAndCamerasSequence as _AggregatedLidarsAndCamerasSequence,
)
from kognic.io.model.scene.aggregated_lidars_and_cameras_seq import Frame as _Frame

__all__ = ["AggregatedLidarsAndCamerasSequence", "Frame"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class AggregatedLidarsAndCamerasSequence(Deprecated, _AggregatedLidarsAndCamerasSequence):
    """Deprecated: use the class of this name in `kognic.io.model.scene`."""


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Frame(Deprecated, _Frame):
    """Deprecated: use `kognic.io.model.scene.aggregated_lidars_and_cameras_seq.Frame`."""
