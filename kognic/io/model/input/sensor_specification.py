"""Deprecated: use `kognic.io.model.scene.sensor_specification`."""

from __future__ import annotations

import attrs
from attrs import setters

from kognic.io.model.input._deprecated import Deprecated
from kognic.io.model.scene.sensor_specification import CameraSettings as _CameraSettings
from kognic.io.model.scene.sensor_specification import SensorSpecification as _SensorSpecification

__all__ = ["CameraSettings", "SensorSpecification"]


@attrs.define(kw_only=True)
class CameraSettings(Deprecated, _CameraSettings):
    """Deprecated: use `kognic.io.model.scene.sensor_specification.CameraSettings`."""


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class SensorSpecification(Deprecated, _SensorSpecification):
    """Deprecated: use `kognic.io.model.scene.sensor_specification.SensorSpecification`."""
