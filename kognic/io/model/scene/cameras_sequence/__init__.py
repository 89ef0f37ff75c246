"""A sequence of camera images."""

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
from kognic.io.model.scene.resources.lists import by_resource_id, image_list
from kognic.io.model.scene.resources.resource import Resource
from kognic.io.model.scene.sensor_specification import SensorSpecification

__all__ = ["CamerasSequence", "Frame"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Frame(SequenceFrame):
    """A frame of the sequence.

    Attributes:
        images: At most one file per camera.
        ego_vehicle_pose: Pose of the reference frame (the one the cameras' extrinsics map into) in the
            world; None if it is not known.
        unix_timestamp: When the frame was recorded, Unix nanoseconds; required with IMU data.
    """

    images: list[Image] = attrs.field(factory=list, converter=image_list)
    ego_vehicle_pose: EgoVehiclePose | None = None
    unix_timestamp: UnixTimestampNs | None = None

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the frame by resource ID, without duplicates."""
        return by_resource_id((self.images,))


def _frames(value: Iterable[Frame]) -> list[Frame]:
    return to_list(value)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class CamerasSequence(BaseSceneWithIMUData):
    """A sequence of camera images.

    Attributes:
        external_id: External ID, chosen by you.
        frames: Frames in chronological order.
        calibration_id: ID of the calibration; None without one.
        sensor_specification: Display options of the sensors.
        metadata: Strings, numbers and booleans.
    """

    external_id: str
    frames: list[Frame] = attrs.field(converter=_frames)
    calibration_id: str | None = None
    sensor_specification: SensorSpecification | None = None
    metadata: MetaData = attrs.field(factory=MetaData, converter=to_metadata)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the scene by resource ID, without duplicates."""
        return by_resource_id(frame.images for frame in self.frames)
