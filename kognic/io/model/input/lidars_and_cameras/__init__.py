"""Deprecated: use `kognic.io.model.scene.lidars_and_cameras`."""

from __future__ import annotations

import attrs
from attrs import setters

from kognic.io.model.input._deprecated import Deprecated
from kognic.io.model.scene.lidars_and_cameras import Frame as _Frame
from kognic.io.model.scene.lidars_and_cameras import LidarsAndCameras as _LidarsAndCameras

__all__ = ["Frame", "LidarsAndCameras"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class LidarsAndCameras(Deprecated, _LidarsAndCameras):
    """Deprecated: use `kognic.io.model.scene.lidars_and_cameras.LidarsAndCameras`."""


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Frame(Deprecated, _Frame):
    """Deprecated: use `kognic.io.model.scene.lidars_and_cameras.Frame`."""
