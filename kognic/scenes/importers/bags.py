"""Containers of messages: MCAP, rosbag2 in SQLite, and ROS 1 bags, behind one small interface.

What messages mean is not known here. `mcap` and `rosbags` read the files; a message is found again by its
topic and log time, for which the chunk index (or the database) is used, so that one message costs the
reading of one chunk.
"""

from __future__ import annotations

import abc
import bisect
import logging
import struct
import threading
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import Any

import attrs

from kognic._core.extras import needs_extra
from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers.locations import RANGE_BYTES, Location, is_url
from kognic.scenes.importers.recording import Skip

# Of a record: opcode, length; of a message: channel, sequence, log time, publish time, then its data.
_RECORD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<HIQQ")
# MCAP specification, "Message (op=0x05)".
_MESSAGE_OPCODE = 0x05
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
Decoder = Callable[[Any], Any]


@attrs.frozen
class Topic:
    """A topic of a bag.

    Attributes:
        schema: Full name of the type of its messages, such as `sensor_msgs/msg/Image` or
            `foxglove.PointCloud`.
        encoding: `cdr`, `ros1`, `protobuf`, `json`, or another.
        count: Number of messages; None if the file is cut off.
        decode: Turns the bytes of a message into an object; None if nothing here can.
    """

    name: str
    schema: str
    encoding: str
    count: int | None
    decode: Decoder | None


@attrs.frozen(eq=False)
class Message:
    """A message as it lies in a bag."""

    topic: str
    log_time: int
    data: bytes | memoryview


class Bag(abc.ABC):
    """A container of messages; safe to use from several threads.

    Attributes:
        skipped: What was unreadable.
    """

    def __init__(self) -> None:
        self.skipped: list[Skip] = []
        self._lock = threading.Lock()

    @property
    @abc.abstractmethod
    def topics(self) -> dict[str, Topic]:
        """Topics by name."""

    @abc.abstractmethod
    def messages(
        self, topics: Collection[str], start: int | None = None, stop: int | None = None
    ) -> Iterator[Message]:
        """The messages of some topics, about in the order of their log times.

        Args:
            topics: Names.
            start: First log time, nanoseconds; None from the beginning.
            stop: End of log times, exclusive; None to the end.
        """

    def message(self, topic: str, log_time: int, number: int = 0) -> bytes:
        """Read one message.

        Args:
            topic: Topic of the message.
            log_time: Log time of the message, nanoseconds.
            number: Index among the messages with that log time.

        Raises:
            RecordingError: There is no such message.
        """
        with self._lock:
            for index, message in enumerate(self.messages([topic], log_time, log_time + 1)):
                if index == number:
                    return bytes(message.data)
        raise RecordingError(f"{topic} at {log_time}: the bag has no such message any more")

    @abc.abstractmethod
    def close(self) -> None:
        """Close the files."""


class McapBag(Bag):
    """One MCAP file, read chunk by chunk; a file without an index (cut off, or still being written) is
    scanned."""

    def __init__(self, location: Location) -> None:
        super().__init__()
        self._location = location
        try:
            from mcap.exceptions import McapError
        except ImportError as exc:
            raise RecordingError(_needs(location, exc)) from exc
        self._file: Any = location.open("rb", buffering=RANGE_BYTES if is_url(location) else -1)
        self._channels: dict[int, Any] = {}
        self._schemas: dict[int, Any] = {}
        self._counts: dict[int, int] | None = None
        # First log time, last log time and offset of each chunk, by first log time.
        self._chunks: list[tuple[int, int, int]] = []
        self._loose = False
        self._last: tuple[int, memoryview, list[tuple[int, int, int, int]]] | None = None
        try:
            self._open()
        except (McapError, ValueError, OSError) as exc:
            self._file.close()
            raise RecordingError(f"{location}: is not an MCAP file: {exc or type(exc).__name__}") from exc
        self._topics = {topic.name: topic for topic in self._described()}

    def _open(self) -> None:
        from mcap.exceptions import EndOfFile, McapError
        from mcap.reader import SeekingReader

        try:
            summary = SeekingReader(self._file).get_summary()
        except (McapError, OSError, ValueError):
            summary = None
        if summary is None or not summary.chunk_indexes:
            try:
                self._scan()
            except EndOfFile as exc:
                if not self._chunks and not self._channels:
                    raise _NotMcapError(str(exc) or "it ends within its first record") from exc
            return
        self._channels, self._schemas = dict(summary.channels), dict(summary.schemas)
        if summary.statistics is not None:
            self._counts = dict(summary.statistics.channel_message_counts)
        self._chunks = sorted(
            (chunk.message_start_time, chunk.message_end_time, chunk.chunk_start_offset)
            for chunk in summary.chunk_indexes
        )

    def _scan(self) -> None:
        """Find the chunks of a file without an index by reading it up to its end, or to where it was cut
        off."""
        from mcap.records import Channel, Chunk, Message, Schema
        from mcap.stream_reader import StreamReader, breakup_chunk

        self._file.seek(0)
        reader = StreamReader(self._file, emit_chunks=True)
        last = 0
        offset = self._file.tell()
        try:
            for record in reader.records:
                if isinstance(record, Chunk):
                    self._chunks.append((record.message_start_time, record.message_end_time, offset))
                    last = max(last, record.message_end_time)
                    for inner in breakup_chunk(record):
                        self._learn(inner)
                elif isinstance(record, Message):
                    self._loose = True
                    last = max(last, record.log_time)
                elif isinstance(record, (Channel, Schema)):
                    self._learn(record)
                offset = self._file.tell()
        except Exception as exc:  # a cut or damaged record raises whatever its bytes ask for
            if not self._channels:
                raise _NotMcapError(str(exc) or type(exc).__name__) from exc
            reason = "the file is cut off or damaged here, what follows is lost; 'mcap recover' repairs it"
            self.skipped.append(Skip(str(self._location), reason, last))
        self._chunks.sort()

    def _learn(self, record: Any) -> None:
        from mcap.records import Channel, Schema

        if isinstance(record, Channel):
            self._channels[record.id] = record
        elif isinstance(record, Schema):
            self._schemas[record.id] = record

    def _described(self) -> Iterator[Topic]:
        counts: dict[str, int | None] = {}
        for channel in self._channels.values():
            known = counts.get(channel.topic, 0)
            count = None if self._counts is None else self._counts.get(channel.id, 0)
            counts[channel.topic] = None if count is None or known is None else known + count
        for channel in self._channels.values():
            schema = self._schemas.get(channel.schema_id)
            name = "" if schema is None else schema.name
            yield Topic(
                channel.topic,
                name,
                channel.message_encoding,
                counts[channel.topic],
                _mcap_decoder(channel, schema),
            )

    @property
    def topics(self) -> dict[str, Topic]:
        """Topics by name."""
        return self._topics

    def messages(
        self, topics: Collection[str], start: int | None = None, stop: int | None = None
    ) -> Iterator[Message]:
        """Messages chunk by chunk, in the order in which they were written."""
        wanted = {
            number: channel.topic for number, channel in self._channels.items() if channel.topic in topics
        }
        low, high = start or 0, 2**63 if stop is None else stop
        if self._loose:
            yield from self._loose_messages(wanted, low, high)
        end = bisect.bisect_left(self._chunks, (high, 0, 0))
        for first, last, offset in self._chunks[:end]:
            if last < low:
                continue
            try:
                data, records = self._chunk(offset)
            except Exception as exc:  # a damaged chunk raises whatever its decompressor does
                self.skipped.append(
                    Skip(
                        str(self._location),
                        f"a damaged chunk, to {last}: {exc or type(exc).__name__}",
                        first,
                    )
                )
                continue
            for channel, time, start, stop_at in records:
                topic = wanted.get(channel)
                if topic is not None and low <= time < high:
                    yield Message(topic, time, data[start:stop_at])

    def _chunk(self, offset: int) -> tuple[memoryview, list[tuple[int, int, int, int]]]:
        """A chunk's bytes, and channel, log time, start and end of each message in it.

        The last chunk is kept: the messages of a frame mostly lie in one.
        """
        from mcap.stream_reader import StreamReader, get_chunk_data_stream

        if self._last is None or self._last[0] != offset:
            self._file.seek(offset)
            chunk: Any = next(StreamReader(self._file, skip_magic=True, emit_chunks=True).records)
            stream, length = get_chunk_data_stream(chunk)
            data = memoryview(stream.read(length))
            self._last = (offset, data, list(_messages_in(data)))
        return self._last[1], self._last[2]

    def _loose_messages(self, wanted: dict[int, str], low: int, high: int) -> Iterator[Message]:
        """Messages outside of chunks, which no index lists."""
        from mcap.exceptions import McapError
        from mcap.records import Message as Record
        from mcap.stream_reader import StreamReader

        self._file.seek(0)
        try:
            for record in StreamReader(self._file, emit_chunks=True).records:
                if (
                    isinstance(record, Record)
                    and record.channel_id in wanted
                    and low <= record.log_time < high
                ):
                    yield Message(wanted[record.channel_id], record.log_time, record.data)
        except McapError:
            return  # reported when the file was scanned

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _messages_in(data: memoryview) -> Iterator[tuple[int, int, int, int]]:
    """Where the messages of a chunk are, as MCAP's specification lays records out."""
    position, end = 0, len(data)
    while position + _RECORD.size <= end:
        opcode, length = _RECORD.unpack_from(data, position)
        position += _RECORD.size
        if opcode == _MESSAGE_OPCODE:
            channel, _, time, _ = _MESSAGE.unpack_from(data, position)
            yield channel, time, position + _MESSAGE.size, position + length
        position += length


class _NotMcapError(ValueError):
    """What is wrong with an MCAP file."""


class RosbagsBag(Bag):
    """A bag that `rosbags` reads: ROS 1, or rosbag2 with a database."""

    def __init__(self, location: Location) -> None:
        super().__init__()
        self._location = location
        try:
            from rosbags import rosbag1, rosbag2
        except ImportError as exc:
            raise RecordingError(_needs(location, exc)) from exc
        self._is_ros1 = location.suffix == ".bag"
        self._store = _typestore("ROS1_NOETIC" if self._is_ros1 else "LATEST")
        opener: Any = rosbag1.Reader if self._is_ros1 else rosbag2.Reader
        try:
            self._reader = opener(location)
            self._reader.open()
        except Exception as exc:  # a damaged bag raises whatever its bytes ask for
            hint = "; run 'rosbag reindex' if it was cut off" if self._is_ros1 else ""
            raise RecordingError(
                f"{location}: the bag cannot be opened: {exc or type(exc).__name__}{hint}"
            ) from exc
        self._topics = {topic.name: topic for topic in self._described()}

    def _described(self) -> Iterator[Topic]:
        counts: dict[str, int] = {}
        for connection in self._reader.connections:
            counts[connection.topic] = counts.get(connection.topic, 0) + connection.msgcount
        for connection in self._reader.connections:
            encoding = "ros1" if self._is_ros1 else connection.ext.serialization_format
            yield Topic(
                connection.topic,
                connection.msgtype,
                encoding,
                counts[connection.topic],
                self._decoder(connection, encoding),
            )

    def _decoder(self, connection: Any, encoding: str) -> Decoder | None:
        if encoding not in ("cdr", "ros1"):
            return None
        return _decoder_of(self._store, encoding, connection.msgtype, connection.msgdef.data)

    @property
    def topics(self) -> dict[str, Topic]:
        """Topics by name."""
        return self._topics

    def messages(
        self, topics: Collection[str], start: int | None = None, stop: int | None = None
    ) -> Iterator[Message]:
        """Messages in the order of their log times."""
        connections = [one for one in self._reader.connections if one.topic in topics]
        if not connections:
            return
        last = start
        try:
            for connection, time, data in self._reader.messages(connections, start, stop):
                last = time
                yield Message(connection.topic, time, data)
        except Exception as exc:  # a damaged bag raises whatever its bytes ask for
            reason = f"the bag is cut off or damaged here, what follows is lost: {exc or type(exc).__name__}"
            self.skipped.append(Skip(str(self._location), reason, last))

    def close(self) -> None:
        """Close the files."""
        self._reader.close()


class SplitBag(Bag):
    """The files of one recording, one after the other."""

    def __init__(self, bags: list[Bag]) -> None:
        super().__init__()
        self._bags = bags
        self._topics: dict[str, Topic] = {}
        for bag in bags:
            for name, topic in bag.topics.items():
                known = self._topics.get(name)
                if known is None:
                    self._topics[name] = topic
                else:
                    both = (
                        None
                        if None in (known.count, topic.count)
                        else (known.count or 0) + (topic.count or 0)
                    )
                    self._topics[name] = attrs.evolve(known, count=both)
        self.skipped = _Joined(bags)

    @property
    def topics(self) -> dict[str, Topic]:
        """Topics by name."""
        return self._topics

    def messages(
        self, topics: Collection[str], start: int | None = None, stop: int | None = None
    ) -> Iterator[Message]:
        """The messages of all files."""
        for bag in self._bags:
            yield from bag.messages(topics, start, stop)

    def close(self) -> None:
        """Close the files."""
        for bag in self._bags:
            bag.close()


class _Joined(list[Skip]):
    """The current skips of all bags."""

    def __init__(self, bags: list[Bag]) -> None:
        super().__init__()
        self._bags = bags

    def __iter__(self) -> Iterator[Skip]:
        return (skip for bag in self._bags for skip in bag.skipped)


def open_bag(location: Location) -> Bag:
    """Open an .mcap, .db3 or .bag file, or a folder of rosbag2.

    Raises:
        RecordingError: It is none of these, is damaged, or needs a library that is missing.
    """
    if location.is_dir():
        files = sorted(
            (path for path in location.iterdir() if path.suffix == ".mcap"), key=lambda p: _natural(p.name)
        )
        if files:
            return McapBag(files[0]) if len(files) == 1 else SplitBag([McapBag(path) for path in files])
        if not (location / "metadata.yaml").exists():
            bags = sorted(
                (path for path in location.iterdir() if path.suffix == ".bag"), key=lambda p: _natural(p.name)
            )
            if not bags:
                raise RecordingError(f"{location}: no bag; the folder has no .mcap, .bag or metadata.yaml")
            return RosbagsBag(bags[0]) if len(bags) == 1 else SplitBag([RosbagsBag(path) for path in bags])
        return RosbagsBag(location)
    if location.suffix == ".mcap":
        return McapBag(location)
    if location.suffix in (".db3", ".bag"):
        return RosbagsBag(location)
    raise RecordingError(
        f"{location}: is not a bag; it must end in .mcap, .db3 or .bag, or be a folder of rosbag2"
    )


def _natural(name: str) -> tuple[int, str]:
    """Order `drive_2` before `drive_10`."""
    return len(name), name


def _needs(location: Location, exc: ImportError) -> str:
    return needs_extra(f"{location}: reading bags needs more", "ros", exc)


def _mcap_decoder(channel: Any, schema: Any) -> Decoder | None:
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
    return _decoder_of(_typestore("LATEST"), "cdr", schema.name, schema.data.decode(errors="replace"))


def _ros1_decoder(schema: Any) -> Decoder | None:
    from rosbags.typesys import Stores, get_typestore

    return _decoder_of(
        get_typestore(Stores.ROS1_NOETIC), "ros1", schema.name, schema.data.decode(errors="replace")
    )


@lru_cache(maxsize=2)
def _typestore(name: str) -> Any:
    """The types of a ROS, which take long to make; bags add theirs."""
    from rosbags.typesys import Stores, get_typestore

    return get_typestore(Stores[name])


def _decoder_of(store: Any, encoding: str, name: str, definition: str) -> Decoder | None:
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
