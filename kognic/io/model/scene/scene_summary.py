"""What a scene consists of."""

from __future__ import annotations

from datetime import datetime

import attrs

from kognic.base_clients.serialization import BaseSerializer
from kognic.io.model.scene.scene_type import SceneType


@attrs.frozen(kw_only=True)
class SceneSummary(BaseSerializer):
    """What a scene consists of.

    Attributes:
        scene_uuid: The platform's name for it.
        external_id: Your name for it.
        workspace_id: The workspace it belongs to.
        created: When it was created.
        calibration_id: The calibration of its sensors; None without any.
        frame_relative_times: When its frames are, milliseconds since its start.
        lidars: Names of its lidars.
        cameras: Names of its cameras.
        scene_type: Its type.
        is_multi_sensor: Whether it has several sensors.
        is_motion_compensated: Whether its lidar points were moved to their frame's time.
        metadata: Text, numbers and flags.
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
