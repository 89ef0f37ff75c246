"""Images."""

from __future__ import annotations

from typing import ClassVar

import attrs
from attrs import setters

from kognic.base_clients.serialization import BaseSerializer
from kognic.io.model.ego.utils import UnixTimestampNs
from kognic.io.model.scene.resources.resource import Resource


@attrs.define(kw_only=True)
class ImageMetadata(BaseSerializer):
    """When a rolling shutter took an image.

    Attributes:
        shutter_time_start_ns: Unix time of the first row, nanoseconds.
        shutter_time_end_ns: Unix time of the last row, nanoseconds.
        reversed_shutter: Whether the bottom row was first; None when not known.
    """

    shutter_time_start_ns: UnixTimestampNs
    shutter_time_end_ns: UnixTimestampNs
    reversed_shutter: bool | None = None


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Image(Resource):
    """An image of a camera; see `Resource`.

    Attributes:
        metadata: When it was taken, if that is known.
    """

    _is_image: ClassVar[bool | None] = True

    sensor_name: str = "CAM"
    metadata: ImageMetadata | None = None
