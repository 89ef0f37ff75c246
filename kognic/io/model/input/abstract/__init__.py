"""Deprecated: use `kognic.io.model.scene.abstract`."""

from __future__ import annotations

import attrs
from attrs import setters

from kognic.io.model.input._deprecated import Deprecated
from kognic.io.model.scene.abstract import BaseFrame as _BaseFrame
from kognic.io.model.scene.abstract import BaseScene as _BaseScene
from kognic.io.model.scene.abstract import BaseSceneWithIMUData as _BaseSceneWithIMUData
from kognic.io.model.scene.abstract import SequenceFrame as _SequenceFrame

__all__ = ["BaseFrame", "BaseInput", "BaseInputWithIMUData", "SequenceFrame"]


@attrs.define(kw_only=True)
class BaseFrame(Deprecated, _BaseFrame):
    """Deprecated: use `kognic.io.model.scene.abstract.BaseFrame`."""


@attrs.define(kw_only=True)
class BaseInput(Deprecated, _BaseScene):
    """Deprecated: use `kognic.io.model.scene.abstract.BaseScene`."""


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class BaseInputWithIMUData(Deprecated, _BaseSceneWithIMUData):
    """Deprecated: use `kognic.io.model.scene.abstract.BaseSceneWithIMUData`."""


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class SequenceFrame(Deprecated, _SequenceFrame):
    """Deprecated: use `kognic.io.model.scene.abstract.SequenceFrame`."""
