"""Deprecated: use `kognic.io.model.scene.cameras`."""

from __future__ import annotations

import attrs
from attrs import setters

from kognic.io.model.input._deprecated import Deprecated
from kognic.io.model.scene.cameras import Cameras as _Cameras
from kognic.io.model.scene.cameras import Frame as _Frame

__all__ = ["Cameras", "Frame"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Cameras(Deprecated, _Cameras):
    """Deprecated: use `kognic.io.model.scene.cameras.Cameras`."""


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Frame(Deprecated, _Frame):
    """Deprecated: use `kognic.io.model.scene.cameras.Frame`."""
