"""The OpenLABEL pre-annotation of the sample drive: cuboids and boxes of its cars and pedestrians."""

from __future__ import annotations

import math
import random
import uuid
from collections.abc import Container
from typing import Any

from kognic.sandbox.sample.camera import Camera
from kognic.sandbox.sample.rig import FRAME_MS, LIDAR, MOUNTINGS, Recording
from kognic.sandbox.sample.world import Box, Pose

Json = dict[str, Any]


def pre_annotation(recording: Recording, scene_type: str) -> Json:
    """OpenLABEL with a cuboid and boxes for each car and pedestrian, as far as the scene has the sensors."""
    rng = random.Random(f"{recording.seed}/objects")  # noqa: S311  # nosec B311
    things = [box for box in recording.street.boxes if box.kind in ("Car", "Pedestrian")]
    ids = {box.name: str(uuid.UUID(int=rng.getrandbits(128), version=4)) for box in things}
    streams: Json = {LIDAR: {"type": "lidar"}} if "lidars" in scene_type else {}
    if "cameras" in scene_type:
        streams.update({mounting.name: {"type": "camera"} for mounting in MOUNTINGS})
    frames: Json = {}
    # In an aggregated scene everything is in the system of the first frame.
    for frame in range(1 if "aggregated" in scene_type else recording.frames):
        geometry = {ids[box.name]: _geometry(recording, frame, box, streams) for box in things}
        objects = {uid: {"object_data": data} for uid, data in geometry.items() if data}
        frames[str(frame)] = {
            "frame_properties": {
                "timestamp": frame * FRAME_MS,
                "external_id": str(frame),
                "streams": {name: {} for name in streams},
            },
            "objects": objects,
        }
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "streams": streams,
            "objects": {ids[box.name]: {"name": box.name, "type": box.kind} for box in things},
            "frames": frames,
        }
    }


def _geometry(recording: Recording, frame: int, box: Box, streams: Container[str]) -> Json:
    length, width, height = box.size
    x, y, z = box.pose.origin
    if box.kind == "Car":
        # The cabin on top belongs to the car.
        height, z = height + 0.6, z + 0.3
    vehicle = recording.vehicle(frame)
    centre = vehicle.to_body((x, y, z))
    # A cuboid of heading 0 points along +y: its second size is the length.
    turn = box.yaw - recording.trajectory.yaw(frame * FRAME_MS / 1000) - math.pi / 2
    rotation = (0.0, 0.0, math.sin(turn / 2), math.cos(turn / 2))
    val = [round(number, 6) for number in (*centre, *rotation, width, length, height)]
    cuboids = [{"name": "cuboid", "val": val, "attributes": _stream(LIDAR)}] if LIDAR in streams else []
    cameras = [mounting for mounting in MOUNTINGS if mounting.name in streams]
    outlines = [(m.name, _outline(m.camera(), vehicle, box, height)) for m in cameras]
    boxes = [
        {"name": f"bbox-{name}", "val": outline, "attributes": _stream(name)}
        for name, outline in outlines
        if outline is not None
    ]
    return {name: found for name, found in (("cuboid", cuboids), ("bbox", boxes)) if found}


def _outline(camera: Camera, vehicle: Pose, box: Box, height: float) -> list[float] | None:
    """Centre and size of the box in the image, None unless it is seen whole."""
    raised = height - box.size[2]
    corners = [(x, y, z + (raised if index & 4 else 0.0)) for index, (x, y, z) in enumerate(box.corners)]
    pixels = [camera.pixel(camera.to_camera(vehicle, corner)) for corner in corners]
    seen = [p for p in pixels if p and 0 <= p[0] < camera.width and 0 <= p[1] < camera.height]
    if len(seen) < len(corners):
        return None
    us, vs = [u for u, _ in seen], [v for _, v in seen]
    size = (max(us) - min(us), max(vs) - min(vs))
    return [round(n, 2) for n in ((max(us) + min(us)) / 2, (max(vs) + min(vs)) / 2, *size)]


def _stream(name: str) -> Json:
    return {"text": [{"name": "stream", "val": name}]}
