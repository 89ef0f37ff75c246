"""What turns the bytes of a message into an object: `rosbags` for ROS, `mcap-protobuf-support`, JSON."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

from kognic.scenes.importers.bags import Decoder

LIVOX_PACKAGES = ("livox_ros_driver2", "livox_ros_driver", "livox_interfaces")
"""Packages of Livox's own message, which is the same in all of them."""
# Source: msg/CustomMsg.msg and msg/CustomPoint.msg of livox_ros_driver2. Databases often lack definitions.
_LIVOX = """std_msgs/Header header
uint64 timebase
uint32 point_num
uint8 lidar_id
uint8[3] rsvd
CustomPoint[] points
================================================================================
MSG: {package}/CustomPoint
uint32 offset_time
float32 x
float32 y
float32 z
uint8 reflectivity
uint8 tag
uint8 line
"""
_DEFINITIONS = {f"{package}/msg/CustomMsg": _LIVOX.format(package=package) for package in LIVOX_PACKAGES}
logger = logging.getLogger(__name__)


def mcap_decoder(channel: Any, schema: Any) -> Decoder | None:
    """The decoder of a channel of an MCAP file; None if nothing here can decode its messages."""
    try:
        return _decoder_by_encoding(channel, schema)
    except Exception as exc:  # a damaged schema raises whatever its bytes ask for; its topic cannot be read
        logger.debug("%s: %s", channel.topic, exc)
        return None


def _decoder_by_encoding(channel: Any, schema: Any) -> Decoder | None:
    if channel.message_encoding == "cdr" and schema is not None:
        return _ros2_decoder(schema)
    if channel.message_encoding == "ros1" and schema is not None:
        return _ros1_decoder(schema)
    if channel.message_encoding == "protobuf":
        from mcap_protobuf.decoder import DecoderFactory

        return DecoderFactory().decoder_for("protobuf", schema)
    if channel.message_encoding == "json":
        import msgspec

        return msgspec.json.Decoder().decode
    return None


def _ros2_decoder(schema: Any) -> Decoder | None:
    return decoder_of(typestore("LATEST"), "cdr", schema.name, schema.data.decode(errors="replace"))


def _ros1_decoder(schema: Any) -> Decoder | None:
    store = typestore("ROS1_NOETIC")
    return decoder_of(store, "ros1", schema.name, schema.data.decode(errors="replace"))


@lru_cache(maxsize=2)
def typestore(name: str) -> Any:
    """The types of a ROS, which take long to make; bags add theirs."""
    from rosbags.typesys import Stores, get_typestore

    return get_typestore(Stores[name])


def decoder_of(store: Any, encoding: str, name: str, definition: str) -> Decoder | None:
    """A decoder by the types that ROS ships, else by the definition that the bag has."""
    if "/msg/" not in name:
        name = name.replace("/", "/msg/", 1)
    if name not in store.types and not _learned(store, name, definition):
        return None
    if encoding == "ros1":
        return lambda data: store.deserialize_ros1(data, name)
    return lambda data: store.deserialize_cdr(data, name)


def _learned(store: Any, name: str, definition: str) -> bool:
    from rosbags.typesys import get_types_from_msg

    try:
        types = get_types_from_msg(definition or _DEFINITIONS.get(name, ""), name)
        store.register({key: value for key, value in types.items() if key not in store.types})
    except Exception as exc:  # a definition that cannot be read is that of a topic that cannot be read
        logger.debug("%s: %s", name, exc)
        return False
    return name in store.types
