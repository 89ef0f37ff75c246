"""A recording's labels as a pre-annotation of a scene: boxes in the scene's reference system at the time of
its frames.

What a label is and how a document is written is `kognic.annotations`; this module finds the frame of each
label and moves its box there.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import numpy as np

from kognic.annotations.cuboids import ISO_8855, to_kognic
from kognic.annotations.labels import Box2D, Label, document_of
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import Rigid, quaternion_of
from kognic.scenes.importers.arrays import pose_of
from kognic.scenes.importers.folders import Skips
from kognic.scenes.importers.matching import MS_NS
from kognic.scenes.importers.recording import BoxLabel, RecordedFrame, Sensor, Skip

# What documents of scenes of one frame call it.
ONLY_FRAME = "0"


@attrs.frozen(kw_only=True)
class LabelPlace:
    """Where labels go.

    Attributes:
        frames: Of the scene, in the order of time.
        sensors: Of the recording; what boxes may be given in.
        used: Names of the sensors of the scene.
        ego_from_reference: The scene's reference system in the ego system.
        trajectory: Ego to world; None without poses.
        tolerance_ns: How far a label may be from its frame.
        single: The scene has one frame, which has no ID.
    """

    frames: Sequence[RecordedFrame]
    sensors: Sequence[Sensor]
    used: Sequence[str]
    ego_from_reference: Rigid
    trajectory: Trajectory | None
    tolerance_ns: int
    single: bool


def pre_annotation_of(
    labels: Iterable[BoxLabel], place: LabelPlace
) -> tuple[dict[str, Any] | None, list[Skip]]:
    """Write labels as an OpenLABEL document.

    Returns:
        The document, None if no label belongs to the scene, and what was left out.
    """
    writer = _Writer(place)
    found: dict[str, list[Label]] = {frame.name: [] for frame in place.frames}
    for label in labels:
        frame = writer.frame_of(label)
        if frame is not None:
            made = writer.label(label, frame)
            if made is not None:
                found[frame.name].append(made)
    if not any(found.values()):
        return None, writer.skips
    start = place.frames[0].time_ns or 0
    lidar = next(
        (sensor.name for sensor in place.sensors if sensor.kind == "lidar" and sensor.name in place.used),
        None,
    )
    times = {writer.frame_id(frame): ((frame.time_ns or 0) - start) // MS_NS for frame in place.frames}
    document = document_of(
        (label for labels in found.values() for label in labels), lidar=lidar, timestamps_ms=times
    )
    return document, writer.skips


class _Writer:
    """Turns boxes into labels of one scene."""

    def __init__(self, place: LabelPlace) -> None:
        self._place = place
        self._names = {frame.name: frame for frame in place.frames}
        self._times = [frame.time_ns for frame in place.frames if frame.time_ns is not None]
        self._sensors = {sensor.name: sensor for sensor in place.sensors}
        self._classes: dict[str, str] = {}
        self._seen: set[tuple[str, str]] = set()
        self._skips = Skips()

    @property
    def skips(self) -> list[Skip]:
        """What was left out, by reason."""
        return self._skips.found

    def frame_id(self, frame: RecordedFrame) -> str:
        """What the document calls a frame."""
        return ONLY_FRAME if self._place.single else frame.name

    def frame_of(self, label: BoxLabel) -> RecordedFrame | None:
        """The frame that a label belongs to; None if the scene does not have it."""
        if label.frame is not None:
            return self._names.get(label.frame)
        if label.time_ns is None or not self._times:
            return None
        after = bisect.bisect_left(self._times, label.time_ns)
        near = min(
            (index for index in (after - 1, after) if 0 <= index < len(self._times)),
            key=lambda index: abs(self._times[index] - (label.time_ns or 0)),
        )
        if abs(self._times[near] - label.time_ns) > self._place.tolerance_ns:
            return None
        return self._place.frames[near]

    def label(self, label: BoxLabel, frame: RecordedFrame) -> Label | None:
        """A label in the scene's reference system; None if it cannot be there."""
        category = self._classes.setdefault(label.track, label.category)
        if category != label.category:
            self._skip("an object changes its class; labels of its first class are kept", label)
            return None
        if (label.track, frame.name) in self._seen:
            self._skip("an object is twice in a frame", label)
            return None
        boxes = [
            Box2D.of_corners(camera, *corners)
            for camera, corners in label.boxes.items()
            if camera in self._place.used and corners[0] < corners[2] and corners[1] < corners[3]
        ]
        cuboid = None
        if label.centre is not None and label.size is not None and self._has_lidar:
            if min(label.size) <= 0:
                self._skip("a box has no size", label)
                return None
            moved = self._moved(label, frame)
            if moved is None:
                self._skip(f"a box is in '{label.system}', which is not related to the scene", label)
                return None
            cuboid = _cuboid(moved, label.size)
        if cuboid is None and not boxes:
            return None
        self._seen.add((label.track, frame.name))
        return Label(
            frame_id=self.frame_id(frame),
            track=label.track,
            class_name=label.category,
            cuboid=cuboid,
            boxes=boxes,
            properties=dict(label.attributes),
        )

    @property
    def _has_lidar(self) -> bool:
        return any(self._sensors[name].kind == "lidar" for name in self._place.used)

    def _skip(self, reason: str, label: BoxLabel) -> None:
        self._skips.count("labels", reason, label.time_ns, key=reason)

    def _moved(self, label: BoxLabel, frame: RecordedFrame) -> Rigid | None:
        """The pose of a box in the reference system at the frame's time; None if nothing leads there."""
        assert label.centre is not None
        box = pose_of(label.centre, label.rotation)
        trajectory, time = self._place.trajectory, frame.time_ns
        to_reference = self._place.ego_from_reference.inverse()
        if label.system == "world":
            if trajectory is None or time is None:
                return None
            return to_reference @ trajectory.pose_at(time).inverse() @ box
        if label.system != "ego":
            sensor = self._sensors.get(label.system)
            if sensor is None or sensor.pose is None:
                return None
            box = sensor.pose @ box
        if (
            label.time_ns is not None
            and label.time_ns != time
            and trajectory is not None
            and time is not None
        ):
            box = trajectory.pose_at(time).inverse() @ trajectory.pose_at(label.time_ns) @ box
        return to_reference @ box


def _cuboid(pose: Rigid, size: tuple[float, float, float]) -> list[float]:
    w, x, y, z = quaternion_of(pose.rotation)
    lengths = dict(zip("lwh", size, strict=True))
    order = [lengths[letter] for letter in ISO_8855.sizes]
    quaternion = [w, x, y, z] if ISO_8855.quaternion == "wxyz" else [x, y, z, w]
    made = to_kognic([pose.position], [order], ISO_8855, quaternions=[quaternion])
    return [float(value) for value in np.asarray(made)[0]]
