"""The options of `kognic annotation convert`, and which of them each format needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

if TYPE_CHECKING:
    from kognic.annotations.convert.nuscenes import System

LABELS = ("kitti", "nuscenes", "t4", "coco", "argoverse2")
SEGMENTATIONS = ("semantickitti", "lidarseg", "masks")


@attrs.frozen(kw_only=True)
class Options:
    """What the formats need beside source and target."""

    lidar: str | None
    camera: str | None
    calibration: Path | None
    version: Path | None
    scene: tuple[str, ...]
    system: System | None
    image_size: tuple[int, int] | None
    image_names: str | None
    drop_interpolated: bool

    @property
    def scene_name(self) -> str | None:
        """The scene of nuScenes and T4; None for all.

        Raises:
            UsageError: More than one is named.
        """
        if len(self.scene) > 1:
            raise click.UsageError("Pass --scene once: nuScenes and T4 take the name or token of one scene.")
        return self.scene[0] if self.scene else None


@attrs.frozen
class Need:
    """An option that a format cannot do without, or a choice of options.

    Attributes:
        names: Attributes of `Options`; one of them is enough.
        usage: The option as typed.
        why: What it is needed for.
        value: The only value that is possible.
    """

    names: tuple[str, ...]
    usage: str
    why: str
    value: str | None = None

    def is_met(self, options: Options) -> bool:
        """Whether the options have it."""
        values = [getattr(options, name) for name in self.names]
        return any(value not in (None, ()) and self.value in (None, value) for value in values)


_LIDAR = Need(("lidar",), "--lidar NAME", "the lidar of the scene that cuboids belong to")
_CAMERA = Need(("camera",), "--camera NAME", "the camera whose images have the bounding boxes")
_CHANNEL = Need(("lidar",), "--lidar NAME", "the channel whose poses relate world and vehicle: LIDAR_TOP")
_SYSTEM = Need(("system",), "--system ego|lidar|world", "coordinate system of the cuboids in OpenLABEL")
_EGO = Need(("system",), "--system ego", "cuboids are in the vehicle's system in both formats", "ego")
_TABLES = (_CHANNEL, _SYSTEM)
_VERSION = Need(("version",), "--version DIR", "the recording's own tables, with its samples and poses")

NEEDS: Mapping[tuple[str, str], tuple[Need, ...]] = {
    ("--from", "kitti"): (
        _CAMERA,
        _LIDAR,
        Need(("calibration",), "--calibration FILE|DIR", "labels are in the system of the rectified camera"),
    ),
    ("--from", "nuscenes"): _TABLES,
    ("--from", "t4"): _TABLES,
    ("--from", "coco"): (_CAMERA,),
    ("--from", "argoverse2"): (_LIDAR, _EGO),
    ("--to", "kitti"): (
        _CAMERA,
        Need(("scene", "calibration"), "--scene FILE or --calibration FILE|DIR", "camera and lidar poses"),
        Need(("scene", "image_size"), "--scene FILE or --image-size WxH", "boxes are clipped to the image"),
    ),
    ("--to", "nuscenes"): (*_TABLES, _VERSION),
    ("--to", "t4"): (*_TABLES, _VERSION),
    ("--to", "coco"): (
        Need(("scene", "image_size"), "--scene FILE or --image-size WxH", "the size of every image"),
    ),
    ("--to", "argoverse2"): (_EGO,),
    ("--to", "masks"): (
        Need(("scene", "image_size"), "--scene FILE or --image-size WxH", "the size of every image"),
    ),
}
"""What each format needs, by the option and format that ask for it."""

EXAMPLES: Mapping[tuple[str, str], str] = {
    ("--from", "kitti"): "training/label_2 labels.json --from kitti --camera CAM --lidar VELO "
    "--calibration training/calib",
    ("--from", "nuscenes"): "v1.0-mini labels.json --from nuscenes --lidar LIDAR_TOP --system lidar",
    ("--from", "t4"): "annotation labels.json --from t4 --lidar LIDAR_CONCAT --system ego",
    ("--from", "coco"): "instances.json labels.json --from coco --camera FRONT",
    ("--from", "argoverse2"): "annotations.feather labels.json --from argoverse2 --lidar up_lidar "
    "--system ego",
    ("--to", "kitti"): "labels.json training --to kitti --camera FRONT --scene drive/scene.json",
    ("--to", "nuscenes"): "labels.json out/v1.0-mini --to nuscenes --lidar LIDAR_TOP --system lidar "
    "--version v1.0-mini",
    ("--to", "t4"): "labels.json out/annotation --to t4 --lidar LIDAR_CONCAT --system ego "
    "--version annotation",
    ("--to", "coco"): "exports/city instances.json --to coco --scene scenes",
    ("--to", "argoverse2"): "labels.json annotations.feather --to argoverse2 --system ego",
    ("--to", "masks"): "exports/city masks --to masks --scene scenes",
}
"""Arguments of a complete command, by the same keys."""
