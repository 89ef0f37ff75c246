"""The motion of the vehicle between frames."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from kognic.base_clients.serialization import BaseSerializer, to_list
from kognic.io.model.calibration.common import Position, RotationQuaternion
from kognic.io.model.ego.utils import UnixTimestampNs


@attrs.define(kw_only=True)
class IMUData(BaseSerializer):
    """The pose of the vehicle in world coordinates at a point in time; many per second.

    Attributes:
        position: Metres.
        rotation_quaternion: Maps vehicle to world coordinates.
        timestamp: Unix time, nanoseconds.
    """

    position: Position
    rotation_quaternion: RotationQuaternion
    timestamp: UnixTimestampNs


def imu_list(value: Iterable[IMUData] | None) -> list[IMUData]:
    """IMU data as a list; None is none.

    In the body of a posted scene, text stands in its place: the resource that holds the uploaded data.
    Reading such a body back yields a scene without the data.
    """
    if value is None or isinstance(value, str):
        return []
    return to_list(value)
