"""A sequence of lidar point clouds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs
from attrs import setters

from kognic.base_clients.serialization import to_list
from kognic.io.model.ego.utils import UnixTimestampNs
from kognic.io.model.ego.vehicle_pose import EgoVehiclePose
from kognic.io.model.scene.abstract import BaseSceneWithIMUData, SequenceFrame
from kognic.io.model.scene.metadata.metadata import MetaData, to_metadata
from kognic.io.model.scene.resources.lists import by_resource_id, point_cloud_list
from kognic.io.model.scene.resources.point_cloud import PointCloud
from kognic.io.model.scene.resources.resource import Resource

__all__ = ["Frame", "LidarsSequence"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Frame(SequenceFrame):
    """A frame of the sequence.

    Attributes:
        point_clouds: At most one file per lidar.
        ego_vehicle_pose: Pose of the vehicle; None if the scene is not motion-compensated.
        unix_timestamp: Unix time of the frame, nanoseconds; required with IMU data.
    """

    point_clouds: list[PointCloud] = attrs.field(converter=point_cloud_list)
    ego_vehicle_pose: EgoVehiclePose | None = None
    unix_timestamp: UnixTimestampNs | None = None

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the frame by resource ID, without duplicates."""
        return by_resource_id((self.point_clouds,))


def _frames(value: Iterable[Frame]) -> list[Frame]:
    return to_list(value)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class LidarsSequence(BaseSceneWithIMUData):
    """A sequence of lidar point clouds.

    Attributes:
        external_id: External ID, chosen by you.
        frames: Frames in chronological order.
        metadata: Strings, numbers and booleans.
    """

    external_id: str
    frames: list[Frame] = attrs.field(converter=_frames)
    metadata: MetaData = attrs.field(factory=MetaData, converter=to_metadata)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the scene by resource ID, without duplicates."""
        return by_resource_id(frame.point_clouds for frame in self.frames)
