"""Writes bags, message by message: ROS 2 in MCAP or a database, and ROS 1.

For the sample recording, tests and benchmarks. What reads bags is `kognic.scenes.importers`, which shares
nothing with this.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rosbags.rosbag1 import Writer as Ros1Writer
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer as Ros2Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

ROS2 = get_typestore(Stores.ROS2_HUMBLE)
ROS1 = get_typestore(Stores.ROS1_NOETIC)
_TF = "geometry_msgs/TransformStamped[] transforms"
ROS1.register(get_types_from_msg(_TF, "tf2_msgs/msg/TFMessage"))
# Datatypes of sensor_msgs/PointField.
_KINDS = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 8}


class Messages:
    """Makes messages of one type system."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.is_ros1 = store is ROS1

    def new(self, name: str, /, **values: Any) -> Any:
        """Make a message by its type and fields."""
        return self.store.types[name](**values)

    def header(self, stamp: int, frame: str) -> Any:
        """Make a header."""
        time = self.new("builtin_interfaces/msg/Time", sec=stamp // 10**9, nanosec=stamp % 10**9)
        extra = {"seq": 0} if self.is_ros1 else {}
        return self.new("std_msgs/msg/Header", stamp=time, frame_id=frame, **extra)

    def cloud(
        self, stamp: int, frame: str, table: npt.NDArray[Any], *, height: int = 1, padding: int = 0
    ) -> Any:
        """Make a PointCloud2 of a structured array."""
        layout: Any = table.dtype.fields or {}
        fields = [
            self.new(
                "sensor_msgs/msg/PointField",
                name=name,
                offset=layout[name][1],
                datatype=_KINDS[table.dtype[name].str[1:]],
                count=1,
            )
            for name in layout
        ]
        width = len(table) // height
        rows = [table[row * width : (row + 1) * width].tobytes() + b"\xab" * padding for row in range(height)]
        return self.new(
            "sensor_msgs/msg/PointCloud2",
            header=self.header(stamp, frame),
            height=height,
            width=width,
            fields=fields,
            is_bigendian=False,
            point_step=table.dtype.itemsize,
            row_step=width * table.dtype.itemsize + padding,
            data=np.frombuffer(b"".join(rows), np.uint8),
            is_dense=True,
        )

    def image(self, stamp: int, frame: str, pixels: npt.NDArray[np.uint8], encoding: str) -> Any:
        """Make a raw image."""
        height, width = pixels.shape[:2]
        data = np.frombuffer(pixels.tobytes(), np.uint8)
        return self.new(
            "sensor_msgs/msg/Image",
            header=self.header(stamp, frame),
            height=height,
            width=width,
            encoding=encoding,
            is_bigendian=0,
            step=len(data) // height,
            data=data,
        )

    def compressed(self, stamp: int, frame: str, data: bytes, format: str = "jpeg") -> Any:
        """Make a compressed image."""
        return self.new(
            "sensor_msgs/msg/CompressedImage",
            header=self.header(stamp, frame),
            format=format,
            data=np.frombuffer(data, np.uint8),
        )

    def info(self, stamp: int, frame: str, size: tuple[int, int], f: float = 100.0, **changes: Any) -> Any:
        """Camera info with the principal point in the middle."""
        width, height = size
        k = [f, 0, width / 2, 0, f, height / 2, 0, 0, 1]
        p = [f, 0, width / 2, 0, 0, f, height / 2, 0, 0, 0, 1, 0]
        values: dict[str, Any] = {
            "d": [],
            "k": k,
            "r": np.eye(3).ravel().tolist(),
            "p": p,
            "distortion_model": "",
        }
        values |= changes
        roi = {"x_offset": 0, "y_offset": 0, "height": 0, "width": 0, "do_rectify": False} | values.pop(
            "roi", {}
        )
        arrays = {name: np.array(values.pop(name), float) for name in "dkrp"}
        if self.is_ros1:
            arrays = {name.upper(): value for name, value in arrays.items()}
        binning = values.pop("binning", 0)
        return self.new(
            "sensor_msgs/msg/CameraInfo",
            header=self.header(stamp, frame),
            width=width,
            height=height,
            binning_x=binning,
            binning_y=binning,
            roi=self.new("sensor_msgs/msg/RegionOfInterest", **roi),
            **arrays,
            **values,
        )

    def transform(self, stamp: int, *edges: tuple[str, str, tuple[float, ...], tuple[float, ...]]) -> Any:
        """Make a TFMessage of edges: parent, child, position, quaternion w, x, y, z."""
        entries = []
        for parent, child, (x, y, z), (w, qx, qy, qz) in edges:
            transform = self.new(
                "geometry_msgs/msg/Transform",
                translation=self.new("geometry_msgs/msg/Vector3", x=x, y=y, z=z),
                rotation=self.new("geometry_msgs/msg/Quaternion", x=qx, y=qy, z=qz, w=w),
            )
            entries.append(
                self.new(
                    "geometry_msgs/msg/TransformStamped",
                    header=self.header(stamp, parent),
                    child_frame_id=child,
                    transform=transform,
                )
            )
        return self.new("tf2_msgs/msg/TFMessage", transforms=entries)

    def odometry(self, stamp: int, frame: str, child: str, position: tuple[float, ...]) -> Any:
        """Odometry without rotation."""
        x, y, z = position
        pose = self.new(
            "geometry_msgs/msg/Pose",
            position=self.new("geometry_msgs/msg/Point", x=x, y=y, z=z),
            orientation=self.new("geometry_msgs/msg/Quaternion", x=0.0, y=0.0, z=0.0, w=1.0),
        )
        still = self.new("geometry_msgs/msg/Vector3", x=0.0, y=0.0, z=0.0)
        twist = self.new("geometry_msgs/msg/Twist", linear=still, angular=still)
        return self.new(
            "nav_msgs/msg/Odometry",
            header=self.header(stamp, frame),
            child_frame_id=child,
            pose=self.new("geometry_msgs/msg/PoseWithCovariance", pose=pose, covariance=np.zeros(36)),
            twist=self.new("geometry_msgs/msg/TwistWithCovariance", twist=twist, covariance=np.zeros(36)),
        )

    def text(self, data: str) -> Any:
        """Something that is not a sensor."""
        return self.new("std_msgs/msg/String", data=data)


class BagWriter:
    """Writes messages to topics."""

    def __init__(self, writer: Any, messages: Messages) -> None:
        self.make = messages
        self._writer = writer
        self._connections: dict[str, Any] = {}

    def write(self, topic: str, log_time: int, message: Any) -> None:
        """Write a message; its type is that of the topic."""
        name = message.__msgtype__
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(topic, name, typestore=self.make.store)
        serialize = self.make.store.serialize_ros1 if self.make.is_ros1 else self.make.store.serialize_cdr
        self._writer.write(self._connections[topic], log_time, bytes(serialize(message, name)))

    def add(self, topic: str, name: str) -> None:
        """Add a topic without messages."""
        self._connections[topic] = self._writer.add_connection(topic, name, typestore=self.make.store)


@contextmanager
def ros2_bag(folder: Path, storage: str = "mcap") -> Iterator[BagWriter]:
    """Write a rosbag2 folder; `storage` is `mcap` or `sqlite3`."""
    plugin = StoragePlugin.MCAP if storage == "mcap" else StoragePlugin.SQLITE3
    with Ros2Writer(folder, version=9, storage_plugin=plugin) as writer:
        yield BagWriter(writer, Messages(ROS2))


@contextmanager
def ros1_bag(path: Path) -> Iterator[BagWriter]:
    """Write a ROS 1 bag."""
    with Ros1Writer(path) as writer:
        yield BagWriter(writer, Messages(ROS1))
