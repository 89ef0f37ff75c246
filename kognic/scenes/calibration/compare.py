"""How far two calibrations of one rig are apart: in degrees, metres, and pixels over the image."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from kognic._core.camera_errors import CameraError
from kognic.scenes.geometry.poses import FloatArray, Rigid, angle_between_deg
from kognic.scenes.geometry.projection import can_project, is_camera, project

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration, SensorCalibration

DISTANCE_M = 20.0
"""Pixels are compared for points at this distance from the first camera, metres."""
# One visible ray in each of 24 x 24 cells of the image, so that its parts count alike. 60000 all around are
# 1.5 a square degree: one for nearly every cell, unless the view is narrower than 20 degrees.
_RAYS, _CELLS = 60_000, 24
# Metres: rounding.
_SAME = 1e-9


@attrs.frozen(kw_only=True)
class SensorDifference:
    """How far a sensor is apart in two calibrations.

    Attributes:
        sensor: Its name.
        change: `same`, `changed`, `added` (only in the second), `removed` (only in the first).
        rotation_deg: Angle between the two rotations, degrees; None where one is missing.
        position_m: Distance between the two positions, metres.
        pixels_median, pixels_95, pixels_max: How far points at 20 m move in the image, over the whole image;
            None for lidars and cameras that cannot be projected with.
        lost: Share of those points that the second calibration puts outside of the image.
        fields: Other numbers that differ, each with both values.
    """

    sensor: str
    change: str
    rotation_deg: float | None = None
    position_m: float | None = None
    pixels_median: float | None = None
    pixels_95: float | None = None
    pixels_max: float | None = None
    lost: float | None = None
    fields: dict[str, tuple[Any, Any]] = attrs.field(factory=dict)


def compare_calibrations(first: SensorCalibration, second: SensorCalibration) -> list[SensorDifference]:
    """Compare two calibrations sensor by sensor.

    Args:
        first: The one that differences are counted from.
        second: The other one.
    """
    a, b = dict(first.calibration), dict(second.calibration)
    return [_compared(name, a, b) for name in dict.fromkeys([*a, *b])]


def _compared(
    name: str, first: Mapping[str, BaseCalibration], second: Mapping[str, BaseCalibration]
) -> SensorDifference:
    if name not in second or name not in first:
        return SensorDifference(sensor=name, change="removed" if name in first else "added")
    a, b = first[name], second[name]
    before, after = Rigid.of_sensor(a), Rigid.of_sensor(b)
    angle = angle_between_deg(before.rotation, after.rotation)
    # The cosine cannot tell angles below a millionth of a degree from none.
    angle = 0.0 if np.allclose(before.rotation, after.rotation, atol=1e-12) else angle
    distance = float(np.linalg.norm(before.position - after.position))
    fields = _fields(a, b)
    moved = _pixels(a, b, before)
    is_same = angle == 0 and distance < _SAME and not fields
    values: dict[str, Any] = {}
    if moved is not None and len(moved):
        known = moved[np.isfinite(moved)]
        values["lost"] = float(1 - len(known) / len(moved))
        if len(known):
            values["pixels_median"] = float(np.median(known))
            values["pixels_95"] = float(np.percentile(known, 95))
            values["pixels_max"] = float(known.max())
    return SensorDifference(
        sensor=name,
        change="same" if is_same else "changed",
        rotation_deg=angle,
        position_m=distance,
        fields=fields,
        **values,
    )


def _fields(first: BaseCalibration, second: BaseCalibration) -> dict[str, tuple[Any, Any]]:
    """Numbers other than the pose that differ, by their path."""
    a, b = (_flat(attrs.asdict(sensor)) for sensor in (first, second))
    paths = [p for p in dict.fromkeys([*a, *b]) if not p.startswith(("position", "rotation_quaternion"))]
    return {path: (a.get(path), b.get(path)) for path in paths if a.get(path) != b.get(path)}


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        elif key not in ("wasm_base64", "test_cases"):
            found[prefix + key] = getattr(value, "value", value)
        elif key == "wasm_base64":
            found[prefix + key] = hashlib.sha256(str(value).encode()).hexdigest()[:12]
    return found


def _pixels(first: BaseCalibration, second: BaseCalibration, pose: Rigid) -> FloatArray | None:
    """How far points in view of the first camera move, pixels; NaN for those that leave the image."""
    if not all(is_camera(c) and can_project(c) for c in (first, second)):
        return None
    rng = np.random.default_rng(0)
    rays = rng.normal(size=(_RAYS, 3))
    rays *= DISTANCE_M / np.linalg.norm(rays, axis=1, keepdims=True)
    # Half of them around the axis, so that narrow lenses are covered as well.
    rays[::2, :2] *= 0.2
    rays[::2, 2] = np.abs(rays[::2, 2])
    rays *= DISTANCE_M / np.linalg.norm(rays, axis=1, keepdims=True)
    points = pose.apply(rays)
    try:
        before, after = project(points, first), project(points, second)  # type: ignore[arg-type]
    except (CameraError, ValueError, ImportError):
        return None
    # One point in each cell of the image: it is over the image that the displacements are counted.
    width, height = first.image_width, first.image_height  # type: ignore[attr-defined]
    cells = np.floor((before.pixels + 0.5) / [width, height] * _CELLS)
    visible = np.flatnonzero(before.visible)
    seen = visible[np.unique(cells[visible] @ [1, _CELLS], return_index=True)[1]]
    moved = np.linalg.norm(after.pixels[seen] - before.pixels[seen], axis=1)
    return np.where(after.visible[seen], moved, np.nan)
