"""Camera images of one frame."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from attrs import setters

from kognic.io.model.scene.abstract import BaseFrame, BaseScene
from kognic.io.model.scene.metadata.metadata import MetaData, to_metadata
from kognic.io.model.scene.resources.image import Image
from kognic.io.model.scene.resources.lists import by_resource_id, image_list
from kognic.io.model.scene.resources.resource import Resource
from kognic.io.model.scene.sensor_specification import SensorSpecification

__all__ = ["Cameras", "Frame"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Frame(BaseFrame):
    """The frame of the scene.

    Attributes:
        images: At most one file per camera.
    """

    images: list[Image] = attrs.field(converter=image_list)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the frame by resource ID, without duplicates."""
        return by_resource_id((self.images,))


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Cameras(BaseScene):
    """Camera images of one frame.

    Attributes:
        external_id: External ID, chosen by you.
        frame: The frame.
        calibration_id: ID of the calibration; None without one.
        sensor_specification: Display options of the sensors.
        metadata: Strings, numbers and booleans.
    """

    external_id: str
    frame: Frame
    calibration_id: str | None = None
    sensor_specification: SensorSpecification | None = None
    metadata: MetaData = attrs.field(factory=MetaData, converter=to_metadata)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The files of the scene by resource ID, without duplicates."""
        return self.frame.resources
