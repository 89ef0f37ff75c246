"""Ego poses: presence, values, possible motion."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from kognic._core.findings import Finding
from kognic.scenes.checks.rules import broken
from kognic.scenes.checks.structure.presence import Presence, check_presence
from kognic.scenes.scene_view import FrameView, PoseView, SceneView

FASTEST = 100.0
"""No vehicle is faster, metres per second."""
FASTEST_TURN = 180.0
"""No vehicle turns faster, degrees per second."""
# The platform accepts other lengths (official examples have some), so only clear errors are reported.
LENGTH_TOLERANCE = 1e-2
# Below this distance and angle, frames that are very close in time say nothing about speed.
_SLACK_M, _SLACK_DEG = 2.0, 20.0
_EGO_POSE = Presence(
    field="ego_vehicle_pose",
    name="an ego pose",
    rule="ego-pose",
    reason="the frame has no ego pose; the clouds of all frames are merged with them",
    hint="set ego_vehicle_pose in every frame",
)


def check_poses(scene: SceneView) -> Iterator[Finding]:
    """Ego poses of the frames."""
    given = [(frame, frame.ego_pose) for frame in scene.frames if frame.ego_pose is not None]
    missing = [frame for frame in scene.frames if frame.ego_pose is None]
    yield from check_presence(scene, missing, _EGO_POSE, is_demanded=scene.is_aggregated)
    usable = []
    for frame, pose in given:
        finding = judge_pose(pose, "ego-pose", frame=frame.frame_id, place=f"{frame.place}.ego_vehicle_pose")
        if finding is not None:
            yield finding
        if pose.is_usable:
            usable.append(frame)
    for before, frame in pairwise(usable):
        yield from _motion(before, frame)


def judge_pose(pose: PoseView, prefix: str, *, frame: str | None = None, place: str) -> Finding | None:
    """Judge one pose taken alone: not finite, zero quaternion, odd length."""
    if not pose.is_usable:
        what = "the quaternion is zero" if pose.is_finite else "the pose is not finite"
        return broken(
            f"{prefix}-value",
            f"{what}: position {pose.position}, quaternion (w, x, y, z) {pose.quaternion}",
            "use a position in metres and a unit quaternion",
            frame=frame,
            field=place,
            value=pose.quaternion,
        )
    if abs(pose.length - 1) > LENGTH_TOLERANCE:
        return broken(
            f"{prefix}-quaternion",
            f"the quaternion {pose.quaternion} has length {pose.length:.4g}",
            "normalise it, and check the order w, x, y, z",
            frame=frame,
            field=place,
            value=pose.length,
        )
    return None


def distance(first: PoseView, second: PoseView) -> float:
    """Metres between two poses."""
    return math.dist(first.position, second.position)


def turn_deg(first: PoseView, second: PoseView) -> float:
    """Degrees between two poses."""
    product = sum(a * b for a, b in zip(first.quaternion, second.quaternion, strict=True))
    return math.degrees(2 * math.acos(min(1.0, abs(product) / (first.length * second.length))))


def _motion(before: FrameView, frame: FrameView) -> Iterator[Finding]:
    seconds = _seconds(before, frame)
    if seconds is None or before.ego_pose is None or frame.ego_pose is None:
        return
    place = f"{frame.place}.ego_vehicle_pose"
    moved, turned = distance(before.ego_pose, frame.ego_pose), turn_deg(before.ego_pose, frame.ego_pose)
    if moved > _SLACK_M + FASTEST * seconds:
        yield broken(
            "ego-pose-jump",
            f"the vehicle moves {moved:.4g} m in {seconds:.3g} s ({moved / seconds:.4g} m/s)",
            "use positions in metres, in one world coordinate system for the whole scene",
            frame=frame.frame_id,
            field=f"{place}.position",
            value=moved,
        )
    if turned > _SLACK_DEG + FASTEST_TURN * seconds:
        yield broken(
            "ego-pose-rotation",
            f"the vehicle turns {turned:.0f} degrees in {seconds:.3g} s",
            "check that all poses map from vehicle to world, with quaternions in the order w, x, y, z",
            frame=frame.frame_id,
            field=f"{place}.rotation",
            value=turned,
        )


def _seconds(before: FrameView, frame: FrameView) -> float | None:
    """Time between frames; None when it is not known or not positive."""
    if before.relative_ms is not None and frame.relative_ms is not None:
        seconds = (frame.relative_ms - before.relative_ms) / 1e3
    elif before.unix_ns is not None and frame.unix_ns is not None:
        seconds = (frame.unix_ns - before.unix_ns) / 1e9
    else:
        return None
    return seconds if seconds > 0 else None
