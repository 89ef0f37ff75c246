"""Point clouds and images of one frame."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from attrs import setters

from kognic.io.model.ego.utils import UnixTimestampNs
from kognic.io.model.scene.abstract import BaseFrame, BaseSceneWithIMUData
from kognic.io.model.scene.metadata.metadata import MetaData, to_metadata
from kognic.io.model.scene.resources.image import Image
from kognic.io.model.scene.resources.lists import by_resource_id, image_list, point_cloud_list
from kognic.io.model.scene.resources.point_cloud import PointCloud
from kognic.io.model.scene.resources.resource import Resource
from kognic.io.model.scene.sensor_specification import SensorSpecification

__all__ = ["Frame", "LidarsAndCameras"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Frame(BaseFrame):
    """The frame of the scene.

    Attributes:
        point_clouds: At most one file per lidar.
        images: At most one file per camera.
        unix_timestamp: Unix time of the frame, nanoseconds; required with IMU data.
    """

    point_clouds: list[PointCloud] = attrs.field(converter=point_cloud_list)
    images: list[Image] = attrs.field(converter=image_list)
    unix_timestamp: UnixTimestampNs | None = None

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the frame by resource ID, without duplicates."""
        return by_resource_id((self.point_clouds, self.images))


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class LidarsAndCameras(BaseSceneWithIMUData):
    """Point clouds and images of one frame.

    Attributes:
        external_id: External ID, chosen by you.
        frame: The frame.
        calibration_id: ID of the calibration.
        sensor_specification: Display options of the sensors.
        metadata: Strings, numbers and booleans.
    """

    external_id: str
    frame: Frame
    calibration_id: str
    sensor_specification: SensorSpecification | None = None
    metadata: MetaData = attrs.field(factory=MetaData, converter=to_metadata)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the scene by resource ID, without duplicates."""
        return self.frame.resources
