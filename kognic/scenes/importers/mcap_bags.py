"""MCAP files, by `mcap`, with its chunk index; the records inside a chunk are found here."""

from __future__ import annotations

import bisect
import struct
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from kognic._core.extras import needs_extra
from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers.arrays import ns_to_date
from kognic.scenes.importers.bags import Bag, Message, Topic
from kognic.scenes.importers.decoders import mcap_decoder
from kognic.scenes.importers.locations import RANGE_BYTES, Location, is_url
from kognic.scenes.importers.recording import Skip

# Of a record: opcode, length; of a message: channel, sequence, log time, publish time, then its data.
_RECORD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<HIQQ")
# MCAP specification, "Message (op=0x05)".
_MESSAGE_OPCODE = 0x05


class McapBag(Bag):
    """One MCAP file, read chunk by chunk; a file without an index (cut off, or still being written) is
    scanned."""

    def __init__(self, location: Location, *, promised: Mapping[str, int] = {}, packed: bool = False) -> None:
        """Open a file.

        Args:
            location: The file.
            promised: Messages by topic that should be in it, for a file that is cut off.
            packed: Whether each message is compressed by itself, as rosbag2 does with
                `compression_mode: message`.

        Raises:
            RecordingError: It is not an MCAP file, or a library is missing.
        """
        super().__init__()
        self._location = location
        self._promised = promised
        self._packed = packed
        try:
            from mcap.exceptions import McapError
        except ImportError as exc:
            raise RecordingError(needs_extra(f"{location}: reading bags needs more", "ros", exc)) from exc
        self._file: Any = location.open("rb", buffering=RANGE_BYTES if is_url(location) else -1)
        self._channels: dict[int, Any] = {}
        self._schemas: dict[int, Any] = {}
        self._counts: dict[int, int] | None = None
        # First log time, last log time and offset of each chunk, by first log time.
        self._chunks: list[tuple[int, int, int]] = []
        self._loose = self._is_cut = False
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
        last = count = 0
        offset = self._file.tell()
        try:
            for record in reader.records:
                if isinstance(record, Chunk):
                    self._chunks.append((record.message_start_time, record.message_end_time, offset))
                    last = max(last, record.message_end_time)
                    for inner in breakup_chunk(record):
                        self._learn(inner)
                        count += isinstance(inner, Message)
                elif isinstance(record, Message):
                    self._loose = True
                    count += 1
                    last = max(last, record.log_time)
                elif isinstance(record, (Channel, Schema)):
                    self._learn(record)
                offset = self._file.tell()
        except Exception as exc:  # a cut or damaged record raises whatever its bytes ask for
            if not self._channels:
                raise _NotMcapError(str(exc) or type(exc).__name__) from exc
            self._is_cut = True
            name = self._location.name
            reason = (
                f"the file is cut off or damaged here, what follows is lost: {count} messages were read, the "
                f"last of {ns_to_date(last)}; 'mcap recover {name} -o whole.mcap' writes them to a file with "
                "an index"
            )
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
        if self._is_cut:
            counts |= {topic: self._promised[topic] for topic in counts if topic in self._promised}
        for channel in self._channels.values():
            schema = self._schemas.get(channel.schema_id)
            name = "" if schema is None else schema.name
            yield Topic(
                channel.topic,
                name,
                channel.message_encoding,
                counts[channel.topic],
                mcap_decoder(channel, schema),
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
                    yield self._message(topic, time, data[start:stop_at])

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
                    yield self._message(wanted[record.channel_id], record.log_time, record.data)
        except McapError:
            return  # reported when the file was scanned

    def _message(self, topic: str, time: int, data: bytes | memoryview) -> Message:
        if not self._packed:
            return Message(topic, time, data)
        # mcap needs it as well, for chunks.
        import zstandard

        try:
            return Message(topic, time, zstandard.ZstdDecompressor().decompressobj().decompress(data))
        except zstandard.ZstdError:
            return Message(topic, time, data)  # reported as a message that cannot be read

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
