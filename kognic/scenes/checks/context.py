"""What the rules on OpenLABEL documents need of a scene."""

from __future__ import annotations

from collections.abc import Mapping

from kognic.annotations.openlabel.context import SceneContext
from kognic.scenes.scene_view import SceneView


def scene_context(scene: SceneView, sizes: Mapping[str, tuple[int, int]]) -> SceneContext:
    """Give the rules on documents the times, sensors and poses of a scene.

    Args:
        scene: The scene.
        sizes: Width and height in pixels by camera, from its calibration.
    """
    return SceneContext(
        times={frame.relative_ms or 0: frame.frame_id for frame in scene.frames},
        cameras={name: sizes.get(name) for name in scene.camera_names},
        lidars=frozenset(scene.lidar_names),
        is_aggregated=scene.is_aggregated,
        poses={
            frame.relative_ms or 0: (pose.position, pose.quaternion)
            for frame in scene.frames
            if (pose := frame.ego_pose) is not None and pose.is_usable
        },
    )
