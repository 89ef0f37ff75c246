"""Video streams in messages: frames that depend on each other, decoded on the fly by PyAV (FFmpeg).

A frame needs all frames since the key frame before it. A `VideoReader` keeps its decoder where the last frame
was, so that reading a stream in order decodes each frame once; going back starts at a key frame. Nothing is
written to disk, and only the last few frames are kept.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from importlib.util import find_spec
from typing import Any

import attrs

from kognic._core.extras import needs_extra
from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers.bags import Bag
from kognic.scenes.importers.recording import Picture

# FFmpeg's names, and those that formats and encoders go by (`h264;yuv420p;bgr8;bgr8`, `hevc_nvenc`).
_CODECS = {
    "h264": re.compile(r"h\.?264|avc|x264"),
    "hevc": re.compile(r"h\.?265|hevc|x265"),
    "av1": re.compile(r"av1"),
    "vp9": re.compile(r"vp9"),
    "vp8": re.compile(r"vp8"),
}
# FFmpeg's own decoder of AV1 works with hardware only.
_DECODERS = {"av1": ("libdav1d", "libaom-av1")}
_START_CODE = re.compile(rb"\x00\x00\x01(..)", re.DOTALL)
# ITU-T H.264, table 7-1: a coded slice of an IDR picture.
_H264_IDR = 5
# ITU-T H.265, table 7-1: pictures that decoding can begin with.
_HEVC_IRAP = range(16, 22)
# Decoded frames that are kept for threads that ask a little out of order: eight of full HD.
_KEPT_BYTES = 24_000_000
_LEAST_KEPT = 2
# How far back a key frame is searched for, one after the other; then from the beginning.
_WINDOWS_NS = (1_000_000_000, 5_000_000_000, 30_000_000_000)
# How much of a stream is read at once.
_SLICE_NS = 1_000_000_000
# The decoder wants a unit for the numbers of the frames.
_TIME_BASE = Fraction(1, 1000)
_NO_FRAME = "the video cannot be decoded here"


def codec_of(format: str) -> str | None:
    """FFmpeg's name of the codec that a format, codec or encoder names; None for images."""
    name = format.split(";")[0].lower()
    return next((codec for codec, names in _CODECS.items() if names.search(name)), None)


def missing_decoder() -> str | None:
    """What to install to decode videos; None if it is installed."""
    return None if find_spec("av") else needs_extra("decoding a video stream needs more", "video")


def is_key_frame(codec: str, data: bytes | memoryview) -> bool:
    """Whether decoding can begin with a frame.

    Args:
        codec: FFmpeg's name.
        data: The frame; of H.264 and H.265 as a byte stream with start codes (Annex B).
    """
    if codec == "h264":
        return any(header[0] & 0x1F == _H264_IDR for header in _START_CODE.findall(data))
    if codec == "hevc":
        return any((header[0] >> 1) & 0x3F in _HEVC_IRAP for header in _START_CODE.findall(data))
    head = bytes(data[:3])
    if codec == "vp8":  # RFC 6386, 9.1: the lowest bit is 0 for key frames
        return bool(head) and not head[0] & 1
    if codec == "vp9":  # frame marker 2, profile, show_existing_frame 0, frame_type 0
        return bool(head) and head[0] >> 6 == 0b10 and not head[0] & 0b1100
    return _has_sequence_header(data)


def _has_sequence_header(data: bytes | memoryview) -> bool:
    """Whether a temporal unit of AV1 has a sequence header (AV1 specification, 5.3), as those with key frames
    do."""
    position = 0
    while position < len(data):
        header = data[position]
        if (header >> 3) & 15 == 1:
            return True
        position += 2 if header & 4 else 1
        if not header & 2:  # without a size, it is the last
            return False
        length = shift = 0
        while position < len(data):
            byte = data[position]
            position += 1
            length |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                break
        position += length
    return False


@attrs.frozen(order=True)
class _Place:
    """A message of a topic: log time, and index among those with that log time."""

    log_time: int
    number: int


class VideoReader:
    """The frames of one topic, by message; safe to use from several threads."""

    def __init__(self, bag: Bag, topic: str, codec: str, data_of: Callable[[bytes], bytes]) -> None:
        """Read a stream.

        Args:
            bag: Where it is.
            topic: The topic.
            codec: FFmpeg's name.
            data_of: The frame in the bytes of a message.
        """
        self._bag = bag
        self._topic = topic
        self._codec = codec
        self._data_of = data_of
        self._lock = threading.Lock()
        self._context: Any = None
        self._last: _Place | None = None
        self._places: dict[int, _Place] = {}
        self._kept: OrderedDict[_Place, Any] = OrderedDict()

    def frame(self, log_time: int, number: int = 0) -> Picture:
        """The image of a message.

        Raises:
            RecordingError: There is no such message, no key frame before it, or it cannot be decoded.
        """
        missing = missing_decoder()
        if missing is not None:
            raise RecordingError(missing)
        place = _Place(log_time, number)
        with self._lock:
            if place not in self._kept:
                self._decode_to(place)
            frame = self._kept.get(place)
            if frame is None:
                raise RecordingError(f"{_NO_FRAME}: the stream has no image for this message")
            return Picture(pixels=frame.to_ndarray(format="rgb24"))

    def _decode_to(self, wanted: _Place) -> None:
        from av.error import FFmpegError

        key = self._key_before(wanted)
        # Go on from the last frame, unless it is behind, or a key frame is nearer.
        if self._last is None or self._last >= wanted or key > self._last:
            self._start()
            first = key
        else:
            first = _Place(self._last.log_time, self._last.number + 1)
        try:
            for place, data in self._messages(first, wanted):
                self._feed(place, data)
            if wanted not in self._kept:
                # The decoder waits for more before it shows this one: take it, and begin anew next time.
                self._keep(self._context.decode(None))
                self._last = None
        except FFmpegError as exc:
            self._last = None
            raise RecordingError(f"{_NO_FRAME}: {exc.strerror or type(exc).__name__}") from exc

    def _start(self) -> None:
        from av.codec.context import CodecContext, Flags

        self._context = CodecContext.create(_decoder_of(self._codec), "r")
        # Streams of cameras have no frames that refer to later ones: show each at once, in this thread.
        self._context.flags |= Flags.low_delay
        self._context.thread_count = 1
        self._places.clear()

    def _feed(self, place: _Place, data: bytes) -> None:
        from av.packet import Packet

        packet = Packet(data)
        packet.pts = packet.dts = len(self._places)
        packet.time_base = _TIME_BASE
        self._places[packet.pts] = place
        self._last = place
        self._keep(self._context.decode(packet))

    def _keep(self, frames: list[Any]) -> None:
        for frame in frames:
            place = self._places.get(frame.pts)
            if place is None:
                continue
            self._kept[place] = frame
            most = max(_LEAST_KEPT, _KEPT_BYTES // max(1, frame.width * frame.height * 3 // 2))
            while len(self._kept) > most:
                self._kept.popitem(last=False)

    def _key_before(self, wanted: _Place) -> _Place:
        """The nearest key frame up to a message."""
        starts = [wanted.log_time - width for width in _WINDOWS_NS]
        if self._last is not None and self._last < wanted:
            # What lies between the last frame and this one decides.
            starts = [self._last.log_time]
        for start in starts:
            found = self._last_key(max(0, start), wanted)
            if found is not None:
                return found
        if self._last is not None and self._last < wanted:
            return _Place(0, 0)
        found = self._last_key(0, wanted)
        if found is None:
            raise RecordingError(
                "the video has no key frame up to this message, so that it cannot be decoded"
            )
        return found

    def _last_key(self, start: int, wanted: _Place) -> _Place | None:
        found: list[_Place] = []

        def take(place: _Place, data: bytes) -> None:
            if place <= wanted and is_key_frame(self._codec, data):
                found[:] = [place]

        self._visit(start, wanted.log_time + 1, take)
        return found[0] if found else None

    def _messages(self, first: _Place, last: _Place) -> Iterator[tuple[_Place, bytes]]:
        """The messages from one to another, both included, a second at a time."""
        start = first.log_time
        while start <= last.log_time:
            stop = min(start + _SLICE_NS, last.log_time + 1)
            found: list[tuple[_Place, bytes]] = []
            self._visit(start, stop, partial(_append, found))
            yield from ((place, data) for place, data in found if first <= place <= last)
            start = stop

    def _visit(self, start: int, stop: int, take: Callable[[_Place, bytes], None]) -> None:
        """Call `take` with the place and the frame of each message."""
        last = _Place(-1, 0)

        def visit(log_time: int, data: bytes) -> None:
            nonlocal last
            last = _Place(log_time, last.number + 1 if log_time == last.log_time else 0)
            take(last, self._data_of(data))

        self._bag.visit(self._topic, start, stop, visit)


def _decoder_of(codec: str) -> str:
    """FFmpeg's name of the decoder of a codec."""
    from av.codec.codec import codecs_available

    return next((name for name in _DECODERS.get(codec, ()) if name in codecs_available), codec)


def _append(found: list[tuple[_Place, bytes]], place: _Place, data: bytes) -> None:
    found.append((place, data))
