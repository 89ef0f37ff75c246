"""Lidar point clouds of one frame."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from attrs import setters

from kognic.io.model.ego.utils import UnixTimestampNs
from kognic.io.model.scene.abstract import BaseFrame, BaseSceneWithIMUData
from kognic.io.model.scene.metadata.metadata import MetaData, to_metadata
from kognic.io.model.scene.resources.lists import by_resource_id, point_cloud_list
from kognic.io.model.scene.resources.point_cloud import PointCloud
from kognic.io.model.scene.resources.resource import Resource

__all__ = ["Frame", "Lidars"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Frame(BaseFrame):
    """The frame of the scene.

    Attributes:
        point_clouds: At most one file per lidar.
        unix_timestamp: Unix time of the frame, nanoseconds; required with IMU data.
    """

    point_clouds: list[PointCloud] = attrs.field(converter=point_cloud_list)
    unix_timestamp: UnixTimestampNs | None = None

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the frame by resource ID, without duplicates."""
        return by_resource_id((self.point_clouds,))


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Lidars(BaseSceneWithIMUData):
    """Lidar point clouds of one frame.

    Attributes:
        external_id: External ID, chosen by you.
        frame: The frame.
        metadata: Strings, numbers and booleans.
    """

    external_id: str
    frame: Frame
    metadata: MetaData = attrs.field(factory=MetaData, converter=to_metadata)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the scene by resource ID, without duplicates."""
        return self.frame.resources
