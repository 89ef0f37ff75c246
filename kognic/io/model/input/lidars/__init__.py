"""Deprecated: use `kognic.io.model.scene.lidars`."""

from __future__ import annotations

import attrs
from attrs import setters

from kognic.io.model.input._deprecated import Deprecated
from kognic.io.model.scene.lidars import Frame as _Frame
from kognic.io.model.scene.lidars import Lidars as _Lidars

__all__ = ["Frame", "Lidars"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Lidars(Deprecated, _Lidars):
    """Deprecated: use `kognic.io.model.scene.lidars.Lidars`."""


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Frame(Deprecated, _Frame):
    """Deprecated: use `kognic.io.model.scene.lidars.Frame`."""
