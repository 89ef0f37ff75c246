"""The content of a scene."""

from __future__ import annotations

from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer
from kognic.io.model.scene.scene_type import SceneType


@attrs.frozen(kw_only=True)
class SceneSummary(BaseSerializer):
    """The content of a scene.

    Attributes:
        scene_uuid: UUID assigned by the platform.
        external_id: External ID, chosen by you.
        workspace_id: The workspace it belongs to.
        created: Creation time.
        calibration_id: ID of the calibration; None without one.
        frame_relative_times: Frame times, milliseconds from the start of the scene.
        lidars: Names of its lidars.
        cameras: Names of its cameras.
        scene_type: Its type.
        is_multi_sensor: Whether it has more than one sensor.
        is_motion_compensated: Whether its lidar points are motion-compensated.
        metadata: Strings, numbers and booleans.
    """

    scene_uuid: str
    external_id: str
    workspace_id: str
    created: datetime
    calibration_id: str | None = None
    frame_relative_times: list[int] | None = None
    lidars: set[str] | None = None
    cameras: set[str] | None = None
    scene_type: SceneType
    is_multi_sensor: bool
    is_motion_compensated: bool
    metadata: dict[str, str | bool | int | float] = attrs.field(factory=dict)
