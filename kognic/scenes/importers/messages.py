"""What messages say, whatever they are written in: ROS 1, ROS 2, and Foxglove's schemas as Protobuf or JSON.

Each kind of message becomes one small class here; images and clouds keep looking at the bytes of their
message.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import numpy as np

from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers.arrays import SECOND_NS, pose_of
from kognic.scenes.importers.clouds import FOXGLOVE_KINDS, ROS_KINDS, PackedCloud, field_kind, packed
from kognic.scenes.importers.decoders import LIVOX_PACKAGES
from kognic.scenes.importers.pictures import COMPRESSED, PNG, is_deep_png, is_readable, suffix_of
from kognic.scenes.importers.video import codec_of

# Bytes that show what a compressed image is.
_HEAD = 64
# Of compressedDepth, in front of the PNG: a format and two floats (compressed_depth_image_transport,
# compression_common.h).
_DEPTH_HEADER = 12


@attrs.frozen(eq=False)
class ImageMessage:
    """An image: `suffix` if the platform takes its bytes as they are, else `encoding`, sizes and rows.

    The encoding is `pictures.COMPRESSED` for bytes of an image file that have to be converted.
    """

    frame: str
    stamp_ns: int
    data: Any
    suffix: str | None = None
    encoding: str = ""
    width: int = 0
    height: int = 0
    step: int = 0
    big_endian: bool = False


@attrs.frozen(eq=False)
class InfoMessage:
    """A camera's optics as ROS has them: `k` of the raw image, `d` its distortion, `r` and `p` of the
    rectified one."""

    frame: str
    stamp_ns: int
    width: int
    height: int
    model: str
    d: tuple[float, ...]
    k: tuple[float, ...]
    r: tuple[float, ...]
    p: tuple[float, ...]


@attrs.frozen
class TransformMessage:
    """Where a frame is in another: position in metres, quaternion `w, x, y, z`; without `child`, the
    vehicle."""

    parent: str
    child: str
    stamp_ns: int
    numbers: tuple[float, ...]


@attrs.frozen
class CubeMessage:
    """A box of a scene update, in `frame`."""

    id: str
    frame: str
    stamp_ns: int
    numbers: tuple[float, ...]
    size: tuple[float, float, float]
    metadata: Mapping[str, str]


@attrs.frozen(eq=False)
class VideoMessage:
    """A frame of a video stream that is compressed with `codec`, a name of FFmpeg."""

    frame: str
    stamp_ns: int
    data: Any
    codec: str


@attrs.frozen
class ImuMessage:
    """Angular velocity in rad/s in the system of `frame`; None if the sensor does not measure it."""

    frame: str
    stamp_ns: int
    rates: tuple[float, float, float] | None


Reader = Callable[[Any], Iterator[Any]]


def reader_of(schema: str) -> tuple[str, Reader] | None:
    """What a schema is about, and how its messages are read.

    Returns:
        `cloud`, `image`, `info`, `transform`, `odometry`, `imu` or `cubes`, and a function of a decoded
        message; None for other schemas.
    """
    return _READERS.get(schema.replace("/msg/", "/"))


def _frame_of(name: Any) -> str:
    """The name of a frame; tf1 wrote them with a slash, as tf2 does not."""
    return str(name).strip().lstrip("/")


def _ros_stamp(header: Any) -> int:
    return int(header.stamp.sec) * SECOND_NS + int(header.stamp.nanosec)


def _ros_cloud(message: Any) -> Iterator[PackedCloud]:
    fields = []
    for field in message.fields:
        kind = ROS_KINDS[field.datatype] if 0 < field.datatype < len(ROS_KINDS) else None
        if kind is not None:
            fields.append((field.name, int(field.offset), field_kind(field.name, kind, int(field.count))))
    table = packed(
        message.data,
        fields,
        point_step=int(message.point_step),
        width=int(message.width),
        height=int(message.height),
        row_step=int(message.row_step),
        big_endian=bool(message.is_bigendian),
    )
    yield PackedCloud(table, _frame_of(message.header.frame_id), _ros_stamp(message.header))


_LIVOX_POINT = np.dtype(
    [("offset_time", "u4"), ("x", "f4"), ("y", "f4"), ("z", "f4"), ("reflectivity", "u1"), ("line", "u1")]
)


def _livox_cloud(message: Any) -> Iterator[PackedCloud]:
    """Livox's own message: points with nanoseconds since the stamp, which is that of the first point."""
    table = np.array(
        [tuple(getattr(point, name) for name in _LIVOX_POINT.names or ()) for point in message.points],
        dtype=_LIVOX_POINT,
    )
    yield PackedCloud(table, _frame_of(message.header.frame_id), _ros_stamp(message.header))


def _ros_image(message: Any) -> Iterator[ImageMessage]:
    yield ImageMessage(
        _frame_of(message.header.frame_id),
        _ros_stamp(message.header),
        message.data,
        encoding=message.encoding,
        width=int(message.width),
        height=int(message.height),
        step=int(message.step),
        big_endian=bool(message.is_bigendian),
    )


def _ros_compressed(message: Any) -> Iterator[ImageMessage | VideoMessage]:
    yield _compressed(
        _frame_of(message.header.frame_id), _ros_stamp(message.header), message.data, str(message.format)
    )


def _compressed(frame: str, stamp: int, data: Any, format: str) -> ImageMessage | VideoMessage:
    """An image by its first bytes, or a frame of a video by the format that is named."""
    head = bytes(data[:_HEAD])
    if "compressedDepth" in format and head[_DEPTH_HEADER:].startswith(PNG):
        data, head = data[_DEPTH_HEADER:], head[_DEPTH_HEADER:]
        if "32FC1" in format:
            return ImageMessage(frame, stamp, data, encoding="32FC1 as compressedDepth")
    suffix = suffix_of(head)
    codec = None if suffix is not None else codec_of(format)
    if codec is not None:
        return VideoMessage(frame, stamp, data, codec)
    if suffix is not None and not is_deep_png(head):
        return ImageMessage(frame, stamp, data, suffix, format)
    encoding = COMPRESSED if suffix is not None or is_readable(head) else format
    return ImageMessage(frame, stamp, data, encoding=encoding)


def _ros_video(message: Any) -> Iterator[VideoMessage]:
    """A packet of ffmpeg_image_transport, whose encoding names a codec or an encoder of FFmpeg."""
    yield _video(
        _frame_of(message.header.frame_id), _ros_stamp(message.header), message.data, str(message.encoding)
    )


def _video(frame: str, stamp: int, data: Any, format: str) -> VideoMessage:
    codec = codec_of(format)
    if codec is None:
        raise RecordingError(f"the codec '{format}' is not known")
    return VideoMessage(frame, stamp, data, codec)


def _ros_imu(message: Any) -> Iterator[ImuMessage]:
    # sensor_msgs/Imu: -1 in the first element of a covariance says that there is no such measurement.
    rates = message.angular_velocity
    missing = len(message.angular_velocity_covariance) and message.angular_velocity_covariance[0] == -1
    numbers = None if missing else (float(rates.x), float(rates.y), float(rates.z))
    yield ImuMessage(_frame_of(message.header.frame_id), _ros_stamp(message.header), numbers)


def _ros_info(message: Any) -> Iterator[InfoMessage]:
    # ROS 1 spells them with capitals.
    k, d, r, p = (getattr(message, name if hasattr(message, "k") else name.upper()) for name in "kdrp")
    matrix, projection = _binned(message, k, p)
    yield InfoMessage(
        _frame_of(message.header.frame_id),
        _ros_stamp(message.header),
        (int(message.roi.width) or int(message.width)) // max(1, int(message.binning_x)),
        (int(message.roi.height) or int(message.height)) // max(1, int(message.binning_y)),
        message.distortion_model,
        tuple(map(float, d)),
        matrix,
        tuple(map(float, r)),
        projection,
    )


def _binned(message: Any, k: Any, p: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The matrices of the image that was sent: region of interest first, then binning, as `image_geometry`
    does."""
    matrix = np.array(k, dtype=float).reshape(3, 3)
    projection = np.array(p, dtype=float).reshape(3, 4)
    for values in (matrix, projection):
        values[0, 2] -= int(message.roi.x_offset)
        values[1, 2] -= int(message.roi.y_offset)
        values[0] /= max(1, int(message.binning_x))
        values[1] /= max(1, int(message.binning_y))
    return tuple(matrix.ravel().tolist()), tuple(projection.ravel().tolist())


def _ros_numbers(position: Any, rotation: Any) -> tuple[float, ...]:
    return (position.x, position.y, position.z, rotation.w, rotation.x, rotation.y, rotation.z)


def _ros_transforms(message: Any) -> Iterator[TransformMessage]:
    for entry in message.transforms:
        yield from _ros_transform(entry)


def _ros_transform(message: Any) -> Iterator[TransformMessage]:
    """The pose of a frame on a topic of its own, as drivers of GNSS send it."""
    numbers = _ros_numbers(message.transform.translation, message.transform.rotation)
    yield TransformMessage(
        _frame_of(message.header.frame_id),
        _frame_of(message.child_frame_id),
        _ros_stamp(message.header),
        numbers,
    )


def _ros_odometry(message: Any) -> Iterator[TransformMessage]:
    pose = message.pose.pose
    numbers = _ros_numbers(pose.position, pose.orientation)
    yield TransformMessage(
        _frame_of(message.header.frame_id),
        _frame_of(message.child_frame_id),
        _ros_stamp(message.header),
        numbers,
    )


def _ros_pose(message: Any) -> Iterator[TransformMessage]:
    """A pose of whatever the bag is about: its frame is not named."""
    pose = message.pose if hasattr(message.pose, "position") else message.pose.pose
    numbers = _ros_numbers(pose.position, pose.orientation)
    yield TransformMessage(_frame_of(message.header.frame_id), "", _ros_stamp(message.header), numbers)


def _get(message: Any, name: str, default: Any = None) -> Any:
    """A field of a Protobuf message, or of a JSON object."""
    if isinstance(message, Mapping):
        return message.get(name, default)
    return getattr(message, name, default)


def _fox_stamp(message: Any) -> int:
    stamp = _get(message, "timestamp")
    if stamp is None:
        return 0
    if isinstance(stamp, Mapping):
        return int(stamp.get("sec", 0)) * SECOND_NS + int(stamp.get("nsec", 0))
    if hasattr(stamp, "nanosec"):  # foxglove_msgs of ROS
        return int(stamp.sec) * SECOND_NS + int(stamp.nanosec)
    return int(stamp.seconds) * SECOND_NS + int(stamp.nanos)


def _fox_data(message: Any) -> bytes:
    data = _get(message, "data", b"")
    return base64.b64decode(data) if isinstance(data, str) else data


def _fox_numbers(position: Any, rotation: Any) -> tuple[float, ...]:
    p = [float(_get(position, axis, 0.0)) for axis in "xyz"]
    q = [float(_get(rotation, axis, 0.0)) for axis in "wxyz"]
    # Protobuf leaves zeros out: no rotation at all is the identity.
    return (*p, *(q if any(q) else (1.0, 0.0, 0.0, 0.0)))


def _fox_cloud(message: Any) -> Iterator[PackedCloud]:
    fields = []
    for field in _get(message, "fields", ()):
        number = int(_get(field, "type", 0))
        kind = FOXGLOVE_KINDS[number] if 0 < number < len(FOXGLOVE_KINDS) else None
        if kind is not None:
            fields.append((_get(field, "name"), int(_get(field, "offset", 0)), kind))
    stride = int(_get(message, "point_stride", 0))
    data = _fox_data(message)
    if not stride:
        raise RecordingError("the cloud has no point_stride")
    table = packed(data, fields, point_step=stride, width=len(data) // stride, height=1)
    pose = _get(message, "pose")
    motion = None
    if pose is not None:
        numbers = _fox_numbers(_get(pose, "position"), _get(pose, "orientation"))
        motion = None if numbers == (0, 0, 0, 1, 0, 0, 0) else pose_of(numbers[:3], numbers[3:])
    yield PackedCloud(table, _frame_of(_get(message, "frame_id", "")), _fox_stamp(message), motion)


def _fox_image(message: Any) -> Iterator[ImageMessage]:
    yield ImageMessage(
        _frame_of(_get(message, "frame_id", "")),
        _fox_stamp(message),
        _fox_data(message),
        encoding=_get(message, "encoding", ""),
        width=int(_get(message, "width", 0)),
        height=int(_get(message, "height", 0)),
        step=int(_get(message, "step", 0)),
    )


def _fox_compressed(message: Any) -> Iterator[ImageMessage | VideoMessage]:
    yield _compressed(
        _frame_of(_get(message, "frame_id", "")),
        _fox_stamp(message),
        _fox_data(message),
        str(_get(message, "format", "")),
    )


def _fox_video(message: Any) -> Iterator[VideoMessage]:
    yield _video(
        _frame_of(_get(message, "frame_id", "")),
        _fox_stamp(message),
        _fox_data(message),
        str(_get(message, "format", "")),
    )


def _fox_info(message: Any) -> Iterator[InfoMessage]:
    # foxglove_msgs of ROS 2 spells them small.
    d, k, r, p = (
        tuple(float(value) for value in _get(message, name, _get(message, name.lower(), ())))
        for name in "DKRP"
    )
    yield InfoMessage(
        _frame_of(_get(message, "frame_id", "")),
        _fox_stamp(message),
        int(_get(message, "width", 0)),
        int(_get(message, "height", 0)),
        _get(message, "distortion_model", ""),
        d,
        k,
        r,
        p,
    )


def _fox_transform(message: Any) -> Iterator[TransformMessage]:
    yield TransformMessage(
        _frame_of(_get(message, "parent_frame_id", "")),
        _frame_of(_get(message, "child_frame_id", "")),
        _fox_stamp(message),
        _fox_numbers(_get(message, "translation"), _get(message, "rotation")),
    )


def _fox_pose(message: Any) -> Iterator[TransformMessage]:
    pose = _get(message, "pose")
    numbers = _fox_numbers(_get(pose, "position"), _get(pose, "orientation"))
    yield TransformMessage(_frame_of(_get(message, "frame_id", "")), "", _fox_stamp(message), numbers)


def _fox_transforms(message: Any) -> Iterator[TransformMessage]:
    for entry in _get(message, "transforms", ()):
        yield from _fox_transform(entry)


def _fox_cubes(message: Any) -> Iterator[CubeMessage]:
    for entity in _get(message, "entities", ()):
        metadata = {_get(pair, "key", ""): _get(pair, "value", "") for pair in _get(entity, "metadata", ())}
        for number, cube in enumerate(_get(entity, "cubes", ())):
            pose, size = _get(cube, "pose"), _get(cube, "size")
            yield CubeMessage(
                f"{_get(entity, 'id', '')}{f'-{number}' if number else ''}",
                _frame_of(_get(entity, "frame_id", "")),
                _fox_stamp(entity),
                _fox_numbers(_get(pose, "position"), _get(pose, "orientation")),
                (float(_get(size, "x", 0)), float(_get(size, "y", 0)), float(_get(size, "z", 0))),
                metadata,
            )


_READERS: dict[str, tuple[str, Reader]] = {
    "sensor_msgs/PointCloud2": ("cloud", _ros_cloud),
    **{f"{package}/CustomMsg": ("cloud", _livox_cloud) for package in LIVOX_PACKAGES},
    "sensor_msgs/Image": ("image", _ros_image),
    "sensor_msgs/CompressedImage": ("image", _ros_compressed),
    "ffmpeg_image_transport_msgs/FFMPEGPacket": ("image", _ros_video),
    "sensor_msgs/CameraInfo": ("info", _ros_info),
    "sensor_msgs/Imu": ("imu", _ros_imu),
    "tf2_msgs/TFMessage": ("transform", _ros_transforms),
    "tf/tfMessage": ("transform", _ros_transforms),
    "nav_msgs/Odometry": ("odometry", _ros_odometry),
    "geometry_msgs/TransformStamped": ("odometry", _ros_transform),
    "geometry_msgs/PoseStamped": ("odometry", _ros_pose),
    "geometry_msgs/PoseWithCovarianceStamped": ("odometry", _ros_pose),
    # As Protobuf and JSON, and as messages of ROS, which have the same fields.
    **{
        f"{package}{name}": reader
        for package in ("foxglove.", "foxglove_msgs/")
        for name, reader in {
            "PoseInFrame": ("odometry", _fox_pose),
            "PointCloud": ("cloud", _fox_cloud),
            "RawImage": ("image", _fox_image),
            "CompressedImage": ("image", _fox_compressed),
            "CompressedVideo": ("image", _fox_video),
            "CameraCalibration": ("info", _fox_info),
            "FrameTransform": ("transform", _fox_transform),
            "FrameTransforms": ("transform", _fox_transforms),
            "SceneUpdate": ("cubes", _fox_cubes),
        }.items()
    },
}
