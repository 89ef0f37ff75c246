"""Scenes whose every pixel is known: three coloured points, cameras of each model, objects."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import attrs
import numpy as np
from PIL import Image

from kognic.viewer.document import (
    Camera,
    Cloud,
    Frame,
    FrameEntry,
    Layer,
    Lidar,
    Optics,
    Picture,
    Pose,
    Relation,
    Scene,
    Shape,
)

WIDTH, HEIGHT = 640, 480
START = 1_772_000_000_000_000_000
AHEAD = (0.5, -0.5, 0.5, -0.5)
STILL = Pose(position=(0, 0, 0), quaternion=(1, 0, 0, 0))
PARAMETERS = {
    "pinhole": {
        "fx": 400,
        "fy": 405,
        "cx": 322,
        "cy": 238,
        "k1": -0.2,
        "k2": 0.05,
        "p1": 0.001,
        "p2": -0.002,
    },
    "fisheye": {"fx": 600, "fy": 605, "cx": 322, "cy": 238, "k1": -0.1, "k2": 0.01, "xi": 1.1},
    "kannala": {"fx": 250, "fy": 252, "cx": 322, "cy": 238, "k1": 0.02, "k2": -0.01, "p1": 0.002, "p2": 0},
    "cylindrical": {"fx": 250, "fy": 252, "cx": 322, "cy": 238},
}
POINTS = np.array([[10.0, 2.0, 1.0], [8.0, -1.5, 0.5], [12.0, 0.5, -1.0]])


def optics(kind: str = "pinhole", **values: Any) -> Optics:
    """A camera of a kind that looks ahead (+x)."""
    pose = Pose(position=(0.5, 0.0, 0.2), quaternion=AHEAD)
    common = {"width": WIDTH, "height": HEIGHT, "pose": pose, "parameters": PARAMETERS.get(kind, {})}
    return Optics(kind=kind, **{**common, **values})  # type: ignore[arg-type]


def calibration_entry(kind: str = "pinhole") -> dict[str, Any]:
    """The same camera as a calibration has it."""
    return {
        "calibration_type": kind,
        "position": {"x": 0.5, "y": 0.0, "z": 0.2},
        "rotation_quaternion": dict(zip("wxyz", AHEAD, strict=True)),
        "camera_matrix": {name: PARAMETERS[kind][name] for name in ("fx", "fy", "cx", "cy")},
        "image_width": WIDTH,
        "image_height": HEIGHT,
    }


def image(colour: str = "#000000") -> bytes:
    """A picture of one colour."""
    file = BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), colour).save(file, "PNG")
    return file.getvalue()


def picture(camera: str = "FRONT", **values: Any) -> Picture:
    """An image that was taken at the frame's time."""
    common = {"content": image(), "media_type": "image/png", "width": WIDTH, "height": HEIGHT}
    return Picture(camera=camera, **{**common, **values})


def cuboid(object_id: str = "a", **values: Any) -> Shape:
    """A car 10 m ahead whose front is to the left (+y)."""
    common = {"kind": "cuboid", "class_name": "Car", "name": "car-1", "stream": "TOP"}
    numbers = [10.0, 0, 0, 0, 0, 0, 1, 2, 4, 1.5]
    return Shape(object_id=object_id, **{"numbers": numbers, **common, **values})


def box(object_id: str = "a", **values: Any) -> Shape:
    """A 2D box in the image of FRONT."""
    common = {"kind": "bbox", "class_name": "Car", "name": "car-1", "stream": "FRONT", "is_closed": True}
    return Shape(object_id=object_id, **{"numbers": [320.0, 240, 100, 60], **common, **values})


def scene(*, frames: int = 1, cameras: Any = None, **values: Any) -> Scene:
    """A lidar, a camera FRONT, frames every 100 ms."""
    entries = [
        FrameEntry(frame_id=f"f{index}", relative_ms=100 * index, unix_ns=START + index * 10**8)
        for index in range(frames)
    ]
    given = [Camera(name="FRONT", given=optics(), source=calibration_entry())] if cameras is None else cameras
    common = {
        "title": "known",
        "lidars": [Lidar(name="TOP", given=STILL)],
        "frames": entries,
        "cameras": given,
    }
    return Scene(**{**common, **values})


def frame(index: int = 0, *, points: Any = POINTS, **values: Any) -> Frame:
    """Points and an image."""
    cloud = Cloud(lidar="TOP", xyz=np.asarray(points, dtype=float), intensity=np.arange(len(points)) * 50.0)
    return Frame(index=index, **{"clouds": [cloud], "pictures": [picture()], **values})


def annotated(**values: Any) -> tuple[Scene, Frame]:
    """A scene with two objects, their properties and a relation."""
    layer = Layer(name="pre-annotation", relations=[Relation(kind="tows", source="a", target="b")])
    shapes = [
        cuboid("a", properties={"colour": "red", "occluded": False}),
        cuboid("b", class_name="Van", name="van-2", numbers=[15.0, 4, 0, 0, 0, 0, 1, 2, 5, 2]),
        box("a"),
    ]
    return scene(layers=[layer], **values), attrs.evolve(frame(), shapes=shapes)
