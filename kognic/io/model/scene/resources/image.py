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
    """Shutter times of an image.

    Attributes:
        shutter_time_start_ns: Unix time of the first row, nanoseconds.
        shutter_time_end_ns: Unix time of the last row, nanoseconds.
        reversed_shutter: Whether the bottom row was exposed first; None if unknown.
    """

    shutter_time_start_ns: UnixTimestampNs
    shutter_time_end_ns: UnixTimestampNs
    reversed_shutter: bool | None = None


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Image(Resource):
    """An image of a camera; see `Resource`.

    Attributes:
        metadata: Shutter times, if known.
    """

    _is_image: ClassVar[bool | None] = True

    sensor_name: str = "CAM"
    metadata: ImageMetadata | None = None
