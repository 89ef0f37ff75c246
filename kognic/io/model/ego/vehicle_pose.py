"""The pose of the vehicle at a frame."""

from __future__ import annotations

import attrs

from kognic.base_clients.serialization import BaseSerializer
from kognic.io.model.calibration.common import Position, RotationQuaternion


@attrs.define(kw_only=True)
class EgoVehiclePose(BaseSerializer):
    """The pose of the vehicle in world coordinates at a frame of a typed scene.

    Attributes:
        position: Metres.
        rotation: Maps vehicle to world coordinates.
    """

    position: Position
    rotation: RotationQuaternion
