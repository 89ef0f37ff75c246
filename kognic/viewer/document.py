"""What the viewer shows: a scene, its sensors, and the measurements of each frame.

Everything is stored as it was measured: points in the system of their lidar with their own times, shapes as
their document has them, images as they were taken. Motion compensation, projection and colours are computed
in the page.

Systems and units: metres; pixels with the origin at the top left; Unix nanoseconds; quaternions `w, x, y, z`.
A camera has x to the right, y down, z ahead. The reference system is the calibration's; with one lidar, ego
poses and shapes are in the system of that lidar (`Scene.only_lidar`), else in the reference system.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
VERSION = 1
_NO_OPTICS = frozenset(["position", "rotation_quaternion", "image_width", "image_height", "field_of_view"])


@attrs.frozen(kw_only=True)
class Pose:
    """From one system to another: `p_out = R(quaternion) p_in + position`, of a quaternion of any length."""

    position: tuple[float, float, float]
    quaternion: tuple[float, float, float, float]


@attrs.frozen(kw_only=True)
class Optics:
    """Pose and formula of a camera in one calibration.

    Attributes:
        kind: The formula: one of `kognic.scenes.geometry.cameras`; `baked` if the pixels come with the
            frames, because the page cannot compute them; `none` if nobody can.
        width, height: Of the image, pixels.
        parameters: The numbers of the formula, see `parameters_of`.
        pose: From the camera to the reference system.
    """

    kind: str
    width: int
    height: int
    pose: Pose
    parameters: Mapping[str, float] = attrs.field(factory=dict)


def parameters_of(entry: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a camera's formula, by the names that they have in its calibration.

    Args:
        entry: The calibration as a dict with snake_case keys. Numbers stand beside its other keys (`xi`) or
            in groups (`camera_matrix`, `distortion_coefficients`); those of pose, image and field of view
            are left out.
    """
    found = {}
    for key, value in entry.items():
        if key in _NO_OPTICS:
            continue
        numbers = value.items() if isinstance(value, Mapping) else [(key, value)]
        found.update({name: float(number) for name, number in numbers if isinstance(number, int | float)})
    return found


@attrs.frozen(kw_only=True)
class Camera:
    """A camera.

    Attributes:
        name: Sensor name.
        given: In the calibration; None without one.
        suggested: In the calibration to compare with.
        note: Why points cannot be projected, if they cannot.
        source: The calibration entry as JSON; what "Copy as calibration JSON" starts from.
        verdict, explanation: What `kognic check` says of the calibration, if it was asked.
    """

    name: str
    given: Optics | None = None
    suggested: Optics | None = None
    note: str = ""
    source: Mapping[str, Any] | None = None
    verdict: str = ""
    explanation: str = ""


@attrs.frozen(kw_only=True)
class Lidar:
    """A lidar; poses lead from it to the reference system, None leaves its points out."""

    name: str
    given: Pose | None = None
    suggested: Pose | None = None
    source: Mapping[str, Any] | None = None


@attrs.frozen(kw_only=True, eq=False)
class Trajectory:
    """Poses of the vehicle (of the only lidar) in the world.

    Attributes:
        times_ns: Unix nanoseconds, increasing, int64, shape (N,).
        positions: Metres, shape (N, 3).
        quaternions: Unit quaternions, shape (N, 4).
    """

    times_ns: Array
    positions: Array
    quaternions: Array


@attrs.frozen(kw_only=True)
class FrameEntry:
    """A frame in the list of frames.

    Attributes:
        frame_id: The user's name for it; empty in scenes of one frame.
        relative_ms: Milliseconds since the start of the scene.
        unix_ns: When it was recorded.
        pose: Of the vehicle (of the only lidar) in the world.
    """

    frame_id: str = ""
    relative_ms: int | None = None
    unix_ns: int | None = None
    pose: Pose | None = None


@attrs.frozen(kw_only=True)
class Relation:
    """A relation between objects of a document."""

    kind: str
    source: str
    target: str


@attrs.frozen(kw_only=True)
class Layer:
    """A document with shapes.

    Attributes:
        name: For example `pre-annotation` or `annotation`.
        relations: Between its objects.
    """

    name: str
    relations: Sequence[Relation] = ()


@attrs.frozen(kw_only=True, eq=False)
class Scene:
    """What is the same for all frames.

    Attributes:
        title: The user's name for the scene.
        kind: Type of the scene, for example `lidars_and_cameras_sequence`.
        cameras, lidars: Its sensors, in the user's order.
        frames: Those that can be shown.
        num_frames: How many the scene has.
        only_lidar: Name of the lidar that ego poses and shapes refer to, in scenes of one lidar.
        trajectory: None without IMU data and poses.
        is_compensated: The platform moves points to the time of their frame.
        home_frame: Position of the frame that all shapes belong to, in aggregated scenes.
        forward: Where the vehicle's front is in the reference system, unit vector; None if unknown.
        layers: Documents with shapes; more than one are compared.
        classes: Names of the segmentation classes of points, by number.
        depth_range: Ends of the colour scale, metres; None fits them to the points.
        has_second_calibration: There is a calibration to compare with.
        findings: What `kognic check` reports, one sentence each.
        notes: What a reader has to know.
        command: What shows the scene again, for example `kognic view drive`.
    """

    title: str
    kind: str = ""
    cameras: Sequence[Camera] = ()
    lidars: Sequence[Lidar] = ()
    frames: Sequence[FrameEntry] = ()
    num_frames: int | None = None
    only_lidar: str | None = None
    trajectory: Trajectory | None = None
    is_compensated: bool = False
    home_frame: int | None = None
    forward: tuple[float, float] | None = None
    layers: Sequence[Layer] = ()
    classes: Mapping[int, str] = attrs.field(factory=dict)
    depth_range: tuple[float, float] | None = None
    has_second_calibration: bool = False
    findings: Sequence[str] = ()
    notes: Sequence[str] = ()
    command: str = ""


@attrs.frozen(kw_only=True, eq=False)
class Cloud:
    """The points of one lidar in one frame.

    Attributes:
        lidar: Sensor name.
        xyz: In the system of the lidar, metres, shape (N, 3); points that are not finite are left out.
        intensity: Any numbers, shape (N,).
        times_ns: When each point was measured, shape (N,).
        classes: Segmentation class of each point, 0 to 65535, shape (N,).
        total: Number of points, if `xyz` holds only a part of them.
        message: Why there are no points, if they cannot be read.
    """

    lidar: str
    xyz: Array = attrs.field(factory=lambda: np.empty((0, 3)))
    intensity: Array | None = None
    times_ns: Array | None = None
    classes: Array | None = None
    total: int | None = None
    message: str = ""


@attrs.frozen(kw_only=True, eq=False)
class BakedLine:
    """A line of a shape in an image, pixels, shape (N, 2), for cameras that the page cannot compute."""

    object_id: str
    layer: int
    pixels: Array
    is_front: bool = False


@attrs.frozen(kw_only=True, eq=False)
class Picture:
    """An image of a frame.

    Attributes:
        camera: Sensor name.
        content: An encoded image, as `pictures.encoded` or the file has it; empty if there is none.
        media_type: Of the content, for example `image/webp`.
        width, height: Of the image as it was taken, pixels.
        shutter_ns: When the first and the last row were exposed.
        is_reversed: The bottom row was first.
        baked: Pixels of the points of all clouds of the frame, in their order, shape (N, 2), NaN for those
            that are not seen; only for cameras that the page cannot compute.
        baked_lines: Shapes, likewise.
        message: Why there is no image.
    """

    camera: str
    content: bytes = attrs.field(default=b"", repr=False)
    media_type: str = ""
    width: int = 0
    height: int = 0
    shutter_ns: tuple[int, int] | None = None
    is_reversed: bool = False
    baked: Array | None = None
    baked_lines: Sequence[BakedLine] = ()
    message: str = ""


@attrs.frozen(kw_only=True)
class Shape:
    """A geometry of an object, as its document has it.

    Attributes:
        layer: Position in `Scene.layers`.
        object_id: Key of the object; the same in all frames.
        kind: `cuboid`, `poly3d`, `bbox`, `poly2d` or `point2d`.
        class_name: What the object is.
        name: What the document calls the object.
        stream: The sensor it belongs to.
        numbers: As OpenLABEL has them: ten for a cuboid (`x, y, z, qx, qy, qz, qw, sx, sy, sz`, heading +y),
            four for a box (centre, size), else coordinates.
        is_closed: The last point is joined to the first.
        is_hole: It is cut out of the polygons of the same object, stream and `polygon_id`.
        polygon_id: Which polygon of a multi-polygon it belongs to; None for a single one.
        properties: Attributes of the object and the geometry.
    """

    layer: int = 0
    object_id: str
    kind: str
    class_name: str = ""
    name: str = ""
    stream: str | None = None
    numbers: Sequence[float]
    is_closed: bool = False
    is_hole: bool = False
    polygon_id: str | None = None
    properties: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True, eq=False)
class Mask:
    """What the pixels of an image show.

    Attributes:
        layer: Position in `Scene.layers`.
        object_id: Key of the object that holds it.
        camera: Sensor name.
        values: A number for each pixel, uint8, shape (height, width); 0 is nothing.
        names: Class of each number.
    """

    layer: int = 0
    object_id: str
    camera: str
    values: Array
    names: Mapping[int, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True, eq=False)
class Frame:
    """The measurements of a frame.

    Attributes:
        index: Position in `Scene.frames`.
        clouds, pictures, shapes, masks: What there is.
        cloud_frame: Position of the frame that the clouds belong to, if it is another one (aggregated
            scenes).
        notes: What a reader has to know.
    """

    index: int
    clouds: Sequence[Cloud] = ()
    pictures: Sequence[Picture] = ()
    shapes: Sequence[Shape] = ()
    masks: Sequence[Mask] = ()
    cloud_frame: int | None = None
    notes: Sequence[str] = ()
