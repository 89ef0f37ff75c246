"""Base classes of scenes and frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import attrs
from attrs import setters

from kognic.base_clients.serialization import BaseSerializer, never_sent
from kognic.io.model.ego.imu_data import IMUData, imu_list
from kognic.io.model.scene.metadata.metadata import FrameMetaData, to_frame_metadata
from kognic.io.model.scene.resources.resource import Resource

__all__ = ["BaseFrame", "BaseScene", "BaseSceneWithIMUData", "SequenceFrame"]


@attrs.define(kw_only=True)
class BaseFrame(BaseSerializer, ABC):
    """A frame of a scene."""

    @property
    @abstractmethod
    def resources(self) -> Mapping[str, Resource]:
        """The files of the frame by resource ID, without duplicates."""


@attrs.define(kw_only=True)
class BaseScene(BaseSerializer, ABC):
    """A scene of any type."""

    @property
    @abstractmethod
    def resources(self) -> Mapping[str, Resource]:
        """The files of the scene by resource ID, without duplicates."""


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class SequenceFrame(BaseFrame):
    """A frame of a sequence.

    Attributes:
        frame_id: ID of the frame, unique in the scene.
        relative_timestamp: Milliseconds since the start of the scene.
        metadata: Strings, numbers and booleans.
    """

    frame_id: str
    relative_timestamp: int
    metadata: FrameMetaData = attrs.field(factory=FrameMetaData, converter=to_frame_metadata)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class BaseSceneWithIMUData(BaseScene):
    """A scene with IMU data.

    Attributes:
        imu_data: The vehicle's pose, many times per second. Uploaded separately, so not part of `to_dict()`.
    """

    imu_data: list[IMUData] = attrs.field(factory=list, converter=imu_list, metadata=never_sent())
