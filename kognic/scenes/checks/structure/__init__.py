"""Rules on what a scene says, without opening a file. Needs nothing but the standard library."""

from __future__ import annotations

from collections.abc import Iterator

from kognic._core.findings import Finding
from kognic.scenes.checks.structure.imu import check_imu
from kognic.scenes.checks.structure.metadata import check_metadata
from kognic.scenes.checks.structure.poses import check_poses
from kognic.scenes.checks.structure.sensors import check_sensors
from kognic.scenes.checks.structure.times import check_times
from kognic.scenes.scene_view import SceneView

__all__ = ["check_structure"]


def check_structure(scene: SceneView, sensors: dict[str, str] | None) -> Iterator[Finding]:
    """Find what is wrong with a scene's own data.

    Args:
        scene: The scene.
        sensors: Sensor name to calibration type; None when the calibration is not available.
    """
    yield from check_sensors(scene, sensors)
    yield from check_times(scene)
    yield from check_poses(scene)
    yield from check_imu(scene)
    yield from check_metadata(scene)
