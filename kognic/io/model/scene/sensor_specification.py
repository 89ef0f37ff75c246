"""How the sensors of a scene are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs
from attrs import setters

from kognic.base_clients.serialization import BaseSerializer, to_dict, to_list


def _names(value: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if value is None else to_dict(value)


def _order(value: Iterable[str] | None) -> list[str] | None:
    return None if value is None else to_list(value)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class SensorSpecification(BaseSerializer):
    """How the sensors of a scene are shown.

    Attributes:
        sensor_to_pretty_name: Sensor name to the name that annotators see.
        sensor_order: The order of the camera images, by sensor name.
    """

    sensor_to_pretty_name: dict[str, str] | None = attrs.field(default=None, converter=_names)
    sensor_order: list[str] | None = attrs.field(default=None, converter=_order)


@attrs.define(kw_only=True)
class CameraSettings(BaseSerializer):
    """The size of a camera's images, pixels. Kept for old code; no call uses it."""

    width: int
    height: int
