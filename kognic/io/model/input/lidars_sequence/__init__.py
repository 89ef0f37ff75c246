"""Deprecated: use `kognic.io.model.scene.lidars_sequence`."""

from __future__ import annotations

import attrs
from attrs import setters

from kognic.io.model.input._deprecated import Deprecated
from kognic.io.model.scene.lidars_sequence import Frame as _Frame
from kognic.io.model.scene.lidars_sequence import LidarsSequence as _LidarsSequence

__all__ = ["Frame", "LidarsSequence"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class LidarsSequence(Deprecated, _LidarsSequence):
    """Deprecated: use `kognic.io.model.scene.lidars_sequence.LidarsSequence`."""


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Frame(Deprecated, _Frame):
    """Deprecated: use `kognic.io.model.scene.lidars_sequence.Frame`."""
