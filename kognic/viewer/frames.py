"""The bytes of a scene and of its frames, as the page reads them.

    head = scene_bytes(scene)
    body = frame_bytes(frame, scene)

Both are packets (`packing`). The same bytes stand inside a page that is mailed and come from a server.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from kognic.viewer.document import VERSION, Cloud, Frame, Mask, Picture, Scene, Shape, Trajectory
from kognic.viewer.packing import (
    PacketWriter,
    pack_intensity,
    pack_pixels,
    pack_positions,
    pack_times,
    packable,
    planes,
)

Chosen = npt.NDArray[np.bool_]
# Points of a frame. A choice, about nine sweeps of 128 rows: more make a frame larger than 20 MB, and slow to
# draw.
POINT_LIMIT = 2_000_000
FAST, SMALL = 1, 6
"""How hard to deflate: for frames that are served once, for pages that are kept."""
# Poses of a path that the page gets: half an hour at 100 Hz. Longer ones are thinned.
_MOST_SAMPLES = 200_000


def scene_bytes(scene: Scene, *, level: int = SMALL) -> bytes:
    """Pack what is the same for all frames."""
    writer = PacketWriter(level)
    origin = _origin(scene)
    plain = _plain(attrs.asdict(scene, filter=lambda field, _: field.name != "trajectory"))
    document = {
        **plain,
        "version": VERSION,
        "origin_ns": str(origin),
        "frames": [
            {**entry, "time_ns": None if found.unix_ns is None else found.unix_ns - origin, "unix_ns": None}
            for entry, found in zip(plain["frames"], scene.frames, strict=True)
        ],
        "trajectory": None if scene.trajectory is None else _trajectory(scene.trajectory, origin, writer),
    }
    return writer.packet(document)


def frame_bytes(frame: Frame, scene: Scene, *, level: int = SMALL) -> bytes:
    """Pack a frame.

    More than two million points are thinned to every n-th, which the frame's notes say.
    """
    writer = PacketWriter(level)
    entry = scene.frames[frame.index if frame.cloud_frame is None else frame.cloud_frame]
    notes = list(frame.notes)
    step = max(1, math.ceil(sum(len(cloud.xyz) for cloud in frame.clouds) / POINT_LIMIT))
    if step > 1:
        notes.append(f"the frame has more than 2,000,000 points: every {step}th is shown")
    kept = [_kept(cloud, step) for cloud in frame.clouds]
    chosen = np.concatenate(kept) if kept else np.empty(0, dtype=bool)
    document = {
        "index": frame.index,
        "cloud_frame": frame.cloud_frame,
        "notes": notes,
        "clouds": [
            _cloud(cloud, mask, entry.unix_ns, writer) for cloud, mask in zip(frame.clouds, kept, strict=True)
        ],
        "pictures": [
            _picture(picture, scene.frames[frame.index].unix_ns, chosen, writer) for picture in frame.pictures
        ],
        "shapes": [_shape(shape) for shape in frame.shapes],
        "masks": [_mask(mask, writer) for mask in frame.masks],
    }
    return writer.packet(document)


def _origin(scene: Scene) -> int:
    """A time that all others are close to, so that doubles hold the differences in nanoseconds exactly."""
    return next((entry.unix_ns for entry in scene.frames if entry.unix_ns is not None), 0)


def _trajectory(path: Trajectory, origin: int, writer: PacketWriter) -> dict[str, Any]:
    step = max(1, math.ceil(len(path.times_ns) / _MOST_SAMPLES))
    times = np.asarray(path.times_ns, dtype=np.int64)[::step] - origin
    return {
        "count": len(times),
        "times": writer.add(times.astype("<f8").tobytes()),
        "positions": writer.add(np.ascontiguousarray(path.positions[::step], dtype="<f8").tobytes()),
        "quaternions": writer.add(np.ascontiguousarray(path.quaternions[::step], dtype="<f8").tobytes()),
    }


def _kept(cloud: Cloud, step: int) -> Chosen:
    mask = packable(np.asarray(cloud.xyz).reshape(-1, 3))
    if step > 1:
        mask &= np.arange(len(mask)) % step == 0
    return mask


def _cloud(cloud: Cloud, mask: Chosen, frame_ns: int | None, writer: PacketWriter) -> dict[str, Any]:
    xyz = np.asarray(cloud.xyz, dtype=np.float64).reshape(-1, 3)[mask]
    document: dict[str, Any] = {
        "lidar": cloud.lidar,
        "count": len(xyz),
        "total": len(mask) if cloud.total is None else cloud.total,
        "message": cloud.message,
        "positions": writer.add(pack_positions(xyz)),
        "intensity": None,
        "times": None,
        "classes": None,
    }
    if cloud.intensity is not None and len(xyz):
        packed, low, high = pack_intensity(np.asarray(cloud.intensity)[mask])
        document["intensity"] = {"block": writer.add(packed), "low": low, "high": high}
    if cloud.times_ns is not None and frame_ns is not None and len(xyz):
        offsets = _offsets(np.asarray(cloud.times_ns)[mask], frame_ns)
        if offsets is not None:
            document["times"] = writer.add(pack_times(offsets))
    if cloud.classes is not None and len(xyz):
        document["classes"] = writer.add(planes(np.asarray(cloud.classes)[mask].astype(np.uint16)))
    return document


def _offsets(times: Any, frame_ns: int) -> Any:
    """Times of points relative to their frame, nanoseconds; None if they are on another clock."""
    with np.errstate(invalid="ignore"):
        offsets = times.astype(np.int64) - np.int64(frame_ns)
    # Beyond these hours int32 steps end, and no sweep lasts that long.
    return offsets if np.abs(offsets).max() < 2 * 3600 * 10**9 else None


def _picture(picture: Picture, frame_ns: int | None, chosen: Chosen, writer: PacketWriter) -> dict[str, Any]:
    shutter = None
    if picture.shutter_ns is not None and frame_ns is not None:
        shutter = [picture.shutter_ns[0] - frame_ns, picture.shutter_ns[1] - frame_ns]
    baked = None
    if picture.baked is not None:
        baked = writer.add(pack_pixels(np.asarray(picture.baked).reshape(-1, 2)[chosen]))
    return {
        "camera": picture.camera,
        "content": writer.add_bytes(picture.content) if picture.content else None,
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
        "shutter": shutter,
        "is_reversed": picture.is_reversed,
        "message": picture.message,
        "baked": baked,
        "baked_lines": [
            {
                "object_id": line.object_id,
                "layer": line.layer,
                "is_front": line.is_front,
                "pixels": [round(float(value), 2) for value in np.asarray(line.pixels).reshape(-1)],
            }
            for line in picture.baked_lines
        ],
    }


def _mask(mask: Mask, writer: PacketWriter) -> dict[str, Any]:
    values = np.ascontiguousarray(mask.values, dtype=np.uint8)
    height, width = values.shape
    return {
        "layer": mask.layer,
        "object_id": mask.object_id,
        "camera": mask.camera,
        "width": width,
        "height": height,
        "values": writer.add(values.tobytes()),
        "names": _plain(mask.names),
    }


def _shape(shape: Shape) -> dict[str, Any]:
    plain: dict[str, Any] = _plain(attrs.asdict(shape))
    return plain


def _plain(value: Any) -> Any:
    """What JSON can hold: NaN and infinity, which it cannot, become None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return _plain(value.item())
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)
