"""Deprecated: use `kognic.io.model.scene.cameras_sequence`."""

from __future__ import annotations

import attrs
from attrs import setters

from kognic.io.model.input._deprecated import Deprecated
from kognic.io.model.scene.cameras_sequence import CamerasSequence as _CamerasSequence
from kognic.io.model.scene.cameras_sequence import Frame as _Frame

__all__ = ["CamerasSequence", "Frame"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class CamerasSequence(Deprecated, _CamerasSequence):
    """Deprecated: use `kognic.io.model.scene.cameras_sequence.CamerasSequence`."""


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Frame(Deprecated, _Frame):
    """Deprecated: use `kognic.io.model.scene.cameras_sequence.Frame`."""
