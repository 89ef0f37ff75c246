"""What the rules on pre-annotations need of a scene, and what of OpenLABEL the platform does not read."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

Pose = tuple[tuple[float, float, float], tuple[float, float, float, float]]
ATTRIBUTES = ("text", "num", "boolean")
UNSUPPORTED = (
    "rbbox",
    "point3d",
    "image",
    "mat",
    "binary",
    "mesh",
    "line_reference",
    "area_reference",
    "vec",
)


@attrs.frozen(kw_only=True)
class SceneContext:
    """What the rules need of a scene.

    Attributes:
        times: Relative time of each frame, milliseconds, to its frame ID; 0 for scenes of one frame.
        cameras: Camera name to width and height, pixels; None for the size when it is not known.
        lidars: Lidar names.
        is_aggregated: The pre-annotation must have one frame.
        poses: Motion from the vehicle to the world by relative time, milliseconds: position in metres and
            quaternion w, x, y, z; empty if frames have none.
    """

    times: Mapping[int, str | None]
    cameras: Mapping[str, tuple[int, int] | None]
    lidars: frozenset[str]
    is_aggregated: bool
    poses: Mapping[int, Pose] = attrs.field(factory=dict)

    def kind_of(self, stream: str) -> str | None:
        """`camera` or `lidar`; None if the scene has no such sensor."""
        if stream in self.cameras:
            return "camera"
        return "lidar" if stream in self.lidars else None
