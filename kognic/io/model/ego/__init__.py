"""The motion of the vehicle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.ego.imu_data import IMUData
    from kognic.io.model.ego.utils import UnixTimestampNs
    from kognic.io.model.ego.vehicle_pose import EgoVehiclePose
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "EgoVehiclePose": "kognic.io.model.ego.vehicle_pose",
            "IMUData": "kognic.io.model.ego.imu_data",
            "UnixTimestampNs": "kognic.io.model.ego.utils",
        },
    )

__all__ = [
    "EgoVehiclePose",
    "IMUData",
    "UnixTimestampNs",
]
