"""Point clouds and images at one moment."""

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
    """The moment of the scene.

    Attributes:
        point_clouds: At most one file per lidar.
        images: At most one file per camera.
        unix_timestamp: When the frame was recorded, nanoseconds; needed with IMU data.
    """

    point_clouds: list[PointCloud] = attrs.field(converter=point_cloud_list)
    images: list[Image] = attrs.field(converter=image_list)
    unix_timestamp: UnixTimestampNs | None = None

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the frame by resource id, each once."""
        return by_resource_id((self.point_clouds, self.images))


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class LidarsAndCameras(BaseSceneWithIMUData):
    """Point clouds and images at one moment.

    Attributes:
        external_id: Your name for it.
        frame: The moment.
        calibration_id: The `id` of the sensors' calibration.
        sensor_specification: How the sensors are shown.
        metadata: Text, numbers and flags.
    """

    external_id: str
    frame: Frame
    calibration_id: str
    sensor_specification: SensorSpecification | None = None
    metadata: MetaData = attrs.field(factory=MetaData, converter=to_metadata)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the scene by resource id, each once."""
        return self.frame.resources
