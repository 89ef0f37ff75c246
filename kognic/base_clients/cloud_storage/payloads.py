"""Bodies on their way into a socket: without copies where the system allows, in large blocks elsewhere.

A payload belongs to one attempt; `sources` makes a new one for each. What it reads of files it reads at
explicit offsets or from a file object of its own, so that nobody else's position matters.
"""

from __future__ import annotations

import itertools
import os
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kognic.base_clients.cloud_storage.checksums import Buffer, Checksum, checksum_of, new_hasher
from kognic.base_clients.cloud_storage.meter import Meter
from kognic.base_clients.errors import SourceChangedError, SourceError

BLOCK = 1 << 18
"""Bytes per read and write where data passes through memory; each worker holds one such block."""
PIECE = 1 << 16
"""Bytes that a timeout must suffice for: a sixteenth of a megabyte a minute is the slowest line."""
SLICE = 8 << 20
"""Bytes after which a zero-copy transfer reports progress and looks at its rate."""

_END = object()
_buffers = threading.local()


def _buffer() -> memoryview:
    """The block of this thread, reused from file to file."""
    try:
        block: memoryview = _buffers.block
    except AttributeError:
        block = _buffers.block = memoryview(bytearray(BLOCK))
    return block


class Payload:
    """A body of known length.

    Attributes:
        length: Bytes.
    """

    length: int

    def require_content(self, name: str) -> None:
        """Raise an error for empty content.

        Raises:
            SourceError: There are 0 bytes.
        """
        if self.length == 0:
            raise empty(name)

    def transmit(self, sock: socket.socket, meter: Meter) -> None:
        """Write the whole body to a connected socket.

        Raises:
            SourceError: It could not be read.
            SourceChangedError: There is less than `length`.
        """
        raise NotImplementedError

    def checksum(self, algorithm: str) -> Checksum | None:
        """Compute a checksum afterwards; None when the content is gone."""
        raise NotImplementedError


class MemoryPayload(Payload):
    """Bytes that are in memory."""

    def __init__(self, data: Buffer) -> None:
        self._view = memoryview(data).cast("B")
        self.length = len(self._view)

    def transmit(self, sock: socket.socket, meter: Meter) -> None:
        """Write it in blocks, uncopied."""
        for start in range(0, self.length, BLOCK):
            write(sock, self._view[start : start + BLOCK], meter)

    def checksum(self, algorithm: str) -> Checksum:
        """Compute a checksum."""
        return checksum_of(self._view, algorithm)


class FilePayload(Payload):
    """Part of an open file of the operating system.

    Args:
        descriptor: Of a regular file; not closed here.
        offset: Where to begin.
        length: Bytes.
        name: For messages.
    """

    def __init__(self, descriptor: int, offset: int, length: int, name: str) -> None:
        self.length = length
        self._descriptor = descriptor
        self._offset = offset
        self._name = name

    def transmit(self, sock: socket.socket, meter: Meter) -> None:
        """Have the kernel copy it; in blocks through memory if it must be encrypted or hashed."""
        if meter.hasher is None and _takes_files(sock):
            self._send_file(sock, meter)
        else:
            for block in self._blocks():
                write(sock, block, meter)

    def checksum(self, algorithm: str) -> Checksum:
        """Read it again and compute a checksum; the pages are still in the system's cache."""
        hasher = new_hasher(algorithm)
        for block in self._blocks():
            hasher.update(block)
        return Checksum(algorithm, hasher.digest())

    def _send_file(self, sock: socket.socket, meter: Meter) -> None:
        target, position, end = sock.fileno(), self._offset, self._offset + self.length
        reported = position
        while position < end:
            try:
                sent = os.sendfile(target, self._descriptor, position, min(end - position, SLICE))
            except BlockingIOError:
                meter.moved(position - reported)
                reported = position
                _wait_writable(sock, meter)
                continue
            if sent == 0:
                raise self._too_short(position)
            position += sent
        meter.moved(position - reported)

    def _blocks(self) -> Iterator[memoryview]:
        block, position, end = _buffer(), self._offset, self._offset + self.length
        while position < end:
            try:
                count = read_at(self._descriptor, block[: min(BLOCK, end - position)], position)
            except OSError as error:
                raise SourceError(f"{self._name} could not be read: {error.strerror or error}") from error
            if count == 0:
                raise self._too_short(position)
            yield block[:count]
            position += count

    def _too_short(self, position: int) -> SourceChangedError:
        return SourceChangedError(
            f"{self._name} became shorter while it was being sent: {self.length} bytes at the start, "
            f"now {position - self._offset}"
        )


class StreamPayload(Payload):
    """A file-like object of known length that can only be read from where it stands."""

    def __init__(self, read: Callable[[int], bytes], length: int, name: str) -> None:
        self.length = length
        self._read = read
        self._name = name

    def transmit(self, sock: socket.socket, meter: Meter) -> None:
        """Read it and write it block by block."""
        left = self.length
        while left:
            block = read_block(self._read, min(left, BLOCK), self._name)
            if not block:
                raise SourceChangedError(
                    f"{self._name} ended {left} bytes before its length of {self.length}"
                )
            write(sock, memoryview(block), meter)
            left -= len(block)

    def checksum(self, algorithm: str) -> None:
        """Return None: the content has been read and is gone."""


class ChunkPayload:
    """Blocks of bytes that come from somewhere, of unknown number: sent chunked."""

    started = False
    """Whether any of it may have been sent, so that it is gone. A block that was only looked at is kept."""

    def __init__(self, blocks: Iterable[Any], name: str) -> None:
        self._blocks = iter(blocks)
        self._first: Any = None
        self._name = name

    def require_content(self, name: str) -> None:
        """Take blocks until one holds something; it stays the first to be sent.

        Raises:
            SourceError: There are 0 bytes, or a block is not bytes.
        """
        while not self._first:
            self._first = next(self._blocks, _END)
            if self._first is _END:
                raise empty(name)
            self._first = bytes_like(self._first, self._name)

    def chunks(self, meter: Meter) -> Iterator[Buffer]:
        """Yield the blocks, checked and counted.

        Raises:
            SourceError: One of them is not bytes.
        """
        self.started = True
        first = () if self._first is None else (self._first,)
        for block in itertools.chain(first, self._blocks):
            view = bytes_like(block, self._name)
            for start in range(0, len(view), BLOCK):
                # urllib3 formats chunks with %b, which takes bytes-like objects.
                piece = view[start : start + BLOCK]
                yield piece
                meter.moved(len(piece), piece)

    def checksum(self, algorithm: str) -> None:
        """Return None: the content has been read and is gone."""


def wrong_type(text: str) -> SourceError:
    """Return the error for content of a wrong type; the upload's error is a `TypeError` too."""
    error = SourceError(text)
    error.__cause__ = TypeError(text)
    return error


def empty(name: str) -> SourceError:
    """Return the error for content of 0 bytes, which no sensor file has."""
    return SourceError(
        f"{name} is empty: 0 bytes would be uploaded; check the file, or what its callback, generator or "
        "file object returns"
    )


def bytes_like(block: Any, name: str) -> memoryview:
    """Return a block as bytes, uncopied.

    Raises:
        SourceError: It is something else.
    """
    if not isinstance(block, (bytes, bytearray, memoryview)):
        raise wrong_type(f"{name} gave {type(block).__name__}, must be bytes")
    return memoryview(block).cast("B")


def write(sock: socket.socket, block: memoryview, meter: Meter) -> None:
    """Write a block; each of its pieces within the socket's timeout."""
    for start in range(0, len(block), PIECE):
        sock.sendall(block[start : start + PIECE])
    meter.moved(len(block), block)


def read_block(read: Callable[[int], Any], size: int, name: str) -> bytes:
    """Read from somebody's file-like object.

    Raises:
        SourceError: It raised, or gave something else than bytes.
    """
    try:
        block = read(size)
    except Exception as error:
        # Whatever it is, it must not be taken for a failure of the network.
        raise SourceError(f"{name} could not be read: {error}") from error
    if isinstance(block, str):
        raise gives_text(name)
    if not isinstance(block, (bytes, bytearray, memoryview)):
        raise wrong_type(f"{name} gave {type(block).__name__}, must be bytes")
    return bytes(block) if not isinstance(block, bytes) else block


def gives_text(name: str) -> SourceError:
    """Make the error for a file-like object in text mode, whose bytes are not those of the file."""
    return wrong_type(f"{name} gives text; open it in binary mode ('rb')")


def read_at(descriptor: int, into: memoryview, position: int) -> int:
    """Read from a place in a file into a buffer, leaving the file's own position alone where that exists."""
    if hasattr(os, "preadv"):
        return os.preadv(descriptor, [into], position)
    os.lseek(descriptor, position, os.SEEK_SET)
    data = os.read(descriptor, len(into))
    into[: len(data)] = data
    return len(data)


def _takes_files(sock: socket.socket) -> bool:
    return type(sock) is socket.socket and not isinstance(sock, ssl.SSLSocket) and hasattr(os, "sendfile")


def _wait_writable(sock: socket.socket, meter: Meter) -> None:
    seconds = sock.gettimeout()
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    if not poll.poll(None if seconds is None else seconds * 1000):
        raise meter.stalled(seconds or 0.0)
