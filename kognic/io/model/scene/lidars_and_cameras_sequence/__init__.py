"""A sequence of point clouds and images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs
from attrs import setters

from kognic.base_clients.serialization import to_list
from kognic.io.model.ego.utils import UnixTimestampNs
from kognic.io.model.ego.vehicle_pose import EgoVehiclePose
from kognic.io.model.scene.abstract import BaseSceneWithIMUData, SequenceFrame
from kognic.io.model.scene.metadata.metadata import MetaData, to_metadata
from kognic.io.model.scene.resources.image import Image
from kognic.io.model.scene.resources.lists import by_resource_id, image_list, point_cloud_list
from kognic.io.model.scene.resources.point_cloud import PointCloud
from kognic.io.model.scene.resources.resource import Resource
from kognic.io.model.scene.sensor_specification import SensorSpecification

__all__ = ["Frame", "LidarsAndCamerasSequence"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Frame(SequenceFrame):
    """A frame of the sequence.

    Attributes:
        point_clouds: At most one file per lidar.
        images: At most one file per camera.
        ego_vehicle_pose: Pose of the vehicle; None if the scene is not motion-compensated.
        unix_timestamp: Unix time of the frame, nanoseconds; required with IMU data.
    """

    point_clouds: list[PointCloud] = attrs.field(converter=point_cloud_list)
    images: list[Image] = attrs.field(factory=list, converter=image_list)
    ego_vehicle_pose: EgoVehiclePose | None = None
    unix_timestamp: UnixTimestampNs | None = None

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the frame by resource ID, without duplicates."""
        return by_resource_id((self.point_clouds, self.images))


def _frames(value: Iterable[Frame]) -> list[Frame]:
    return to_list(value)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class LidarsAndCamerasSequence(BaseSceneWithIMUData):
    """A sequence of point clouds and images.

    Attributes:
        external_id: External ID, chosen by you.
        frames: Frames in chronological order.
        calibration_id: ID of the calibration.
        sensor_specification: Display options of the sensors.
        metadata: Strings, numbers and booleans.
    """

    external_id: str
    frames: list[Frame] = attrs.field(converter=_frames)
    calibration_id: str
    sensor_specification: SensorSpecification | None = None
    metadata: MetaData = attrs.field(factory=MetaData, converter=to_metadata)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the scene by resource ID, without duplicates."""
        return by_resource_id(group for frame in self.frames for group in (frame.point_clouds, frame.images))
