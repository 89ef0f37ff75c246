"""Point clouds."""

from __future__ import annotations

from typing import ClassVar

import attrs
from attrs import setters

from kognic.io.model.scene.resources.resource import Resource


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class PointCloud(Resource):
    """A point cloud of a lidar; see `Resource`."""

    _is_image: ClassVar[bool | None] = False

    sensor_name: str = "lidar"
