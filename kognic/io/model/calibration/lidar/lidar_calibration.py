"""Lidar calibrations."""

from __future__ import annotations

import attrs

from kognic.base_clients.serialization import BaseSerializer
from kognic.io.model.calibration.common import BaseCalibration, CalibrationType


@attrs.define(kw_only=True)
class LidarFieldOfView(BaseSerializer):
    """The sector a lidar sweeps.

    Attributes:
        start_angle_deg: Where the sweep starts, degrees.
        stop_angle_deg: Where it stops, degrees; below the start when it passes through 0.
        depth: Range of the lidar, metres; None if unknown.
    """

    start_angle_deg: float
    stop_angle_deg: float
    depth: float | None = None


@attrs.define(kw_only=True)
class LidarCalibration(BaseCalibration):
    """The calibration of a lidar: its pose and, optionally, its field of view."""

    calibration_type: CalibrationType = CalibrationType.LIDAR
    field_of_view: LidarFieldOfView | None = None
