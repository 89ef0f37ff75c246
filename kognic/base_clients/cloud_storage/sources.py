"""Where the content of an upload comes from, and whether it can be sent a second time.

A source outlives its attempts: `open` gives each of them a fresh payload, `close` is called once at the end.
"""

from __future__ import annotations

import contextlib
import dis
import errno
import inspect
import os
import stat
import sys
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from io import BufferedReader, FileIO, TextIOBase
from types import AsyncGeneratorType
from typing import Any

from kognic.base_clients.cloud_storage.coroutines import EventLoopThread
from kognic.base_clients.cloud_storage.payloads import (
    BLOCK,
    ChunkPayload,
    FilePayload,
    MemoryPayload,
    Payload,
    StreamPayload,
    bytes_like,
    gives_text,
    read_block,
    wrong_type,
)
from kognic.base_clients.cloud_storage.upload_spec import Callback, UploadSpec, length_of
from kognic.base_clients.errors import MissingFileError, SourceChangedError, SourceError

AnyPayload = Payload | ChunkPayload

_END = object()
# Windows would otherwise change the ends of lines.
_BINARY: int = getattr(os, "O_BINARY", 0)


class UserCodeError(SourceError):
    """A callback, generator or file-like object of the user raised; `__cause__` is what it raised."""

    is_documented = False


class Source:
    """Content that can be opened for an attempt.

    Attributes:
        replayable: Whether a second attempt would send the same.
        once: Why not, for the message of a failed upload.
    """

    replayable = True
    once = ""

    def size(self) -> int | None:
        """Return the size in bytes, as far as it is known before the content is opened."""
        return None

    def open(self) -> AbstractContextManager[AnyPayload]:
        """Open the content for one attempt; leaving the context checks that it has not changed meanwhile."""
        raise NotImplementedError

    def close(self) -> None:
        """Release what the user passed."""


class BytesSource(Source):
    """Content in memory."""

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._data = data

    def size(self) -> int:
        """Return the size in bytes."""
        return memoryview(self._data).nbytes

    @contextmanager
    def open(self) -> Iterator[MemoryPayload]:
        """Give the bytes, uncopied."""
        yield MemoryPayload(self._data)


class FileSource(Source):
    """A local file, opened anew for each attempt."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path

    def size(self) -> int:
        """Return the size in bytes.

        Raises:
            MissingFileError: The file does not exist.
            SourceError: It is a directory, or may not be read.
        """
        try:
            found = os.stat(self._path)  # noqa: PTH116
        except OSError as error:
            raise self._unreadable(error) from error
        if not stat.S_ISREG(found.st_mode):
            folder = IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(self._path))
            cause = folder if stat.S_ISDIR(found.st_mode) else None
            raise SourceError(f"{os.fspath(self._path)} is not a regular file") from cause
        return found.st_size

    def open(self) -> _OpenFile:
        """Open the file as it is now.

        Raises:
            MissingFileError: The file does not exist.
            SourceChangedError: It changed while the context was open.
        """
        try:
            # The descriptor alone: a file object costs as much as the system calls do, which adds up over
            # thousands of files.
            descriptor = os.open(self._path, os.O_RDONLY | _BINARY)
        except OSError as error:
            raise self._unreadable(error) from error
        return _OpenFile(descriptor, str(os.fspath(self._path)))

    def _unreadable(self, error: OSError) -> SourceError | MissingFileError:
        name = os.fspath(self._path)
        if isinstance(error, FileNotFoundError):
            return MissingFileError(name)
        return SourceError(f"{name} could not be read: {error.strerror}")


class _OpenFile(AbstractContextManager[FilePayload]):
    """The content of an open file; leaving the context closes it, and checks that it has not changed."""

    __slots__ = ("_before", "_descriptor", "_name")

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self._name = name
        self._before: os.stat_result | None = None

    def __enter__(self) -> FilePayload:
        try:
            self._before = os.fstat(self._descriptor)
        except BaseException:
            os.close(self._descriptor)
            raise
        return FilePayload(self._descriptor, 0, self._before.st_size, self._name)

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None and self._before is not None:
                _require_unchanged(self._descriptor, self._before, self._name)
        finally:
            os.close(self._descriptor)


class SharedFile:
    """A file-like object of the user, perhaps the content of more than one resource.

    A seekable object is content from its first byte to its last: its position is left over from whatever
    wrote or read it before and decides nothing.
    """

    def __init__(self, file: Any) -> None:
        self.file = file
        self.lock = threading.Lock()
        self.users = 0
        self.length = length_of(file)

    @property
    def seekable(self) -> bool:
        """Whether it can be sent more than once."""
        return self.length is not None

    def release(self) -> None:
        """Drop one user; the last one closes the file."""
        with self.lock:
            self.users -= 1
            last = self.users == 0
        close = getattr(self.file, "close", None)
        if last and close is not None:
            with contextlib.suppress(Exception):
                close()


class OnceSource(Source):
    """Content that can be read once, or for each attempt anew: blocks that come from somewhere.

    What can be read once has one payload for all attempts, which keeps a block that was looked at before a
    connection failed.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._payload: ChunkPayload | None = None

    def _chunks(self, blocks: Callable[[], Iterator[Any]]) -> ChunkPayload:
        if self._payload is None or self.replayable:
            self._payload = ChunkPayload(blocks(), self._name)
        return self._payload


class StreamSource(OnceSource):
    """A file-like object that the user has opened."""

    once = "its file object cannot be rewound"

    def __init__(self, shared: SharedFile, name: str) -> None:
        super().__init__(name)
        self._shared = shared
        self.replayable = shared.seekable
        shared.users += 1

    def size(self) -> int | None:
        """Return the bytes from its start to its end; None for a stream that cannot seek.

        Raises:
            SourceError: It is closed, cannot be read, or cannot be rewound for a second resource.
        """
        _require_readable(self._shared.file, self._name)
        self._require_one_user()
        return self._shared.length

    @contextmanager
    def open(self) -> Iterator[AnyPayload]:
        """Read the stream from its start; one that cannot seek, from its current position.

        Raises:
            SourceError: Another resource has read it already, and it cannot be rewound.
            SourceChangedError: It is a file of the system, which changed while the context was open.
        """
        shared, file = self._shared, self._shared.file
        if shared.length is not None:
            descriptor = _plain_descriptor(file)
            if descriptor is not None:
                with _unchanged(descriptor, self._name, shared.length):
                    yield FilePayload(descriptor, 0, shared.length, self._name)
                return
            with shared.lock:
                _rewind(file, self._name)
                yield StreamPayload(file.read, shared.length, self._name)
        else:
            self._require_one_user()
            yield self._chunks(lambda: _reads(file, self._name))

    def _require_one_user(self) -> None:
        if self._shared.users > 1 and not self._shared.seekable:
            raise SourceError(
                f"{self._name}: one file object for several resources must be seekable; give each of them "
                "bytes, or a file object of its own"
            )

    def close(self) -> None:
        """Close it, if nobody else needs it."""
        self._shared.release()


class BlocksSource(OnceSource):
    """An iterable of bytes."""

    once = "its generator can be read only once"

    def __init__(self, blocks: Iterable[Any], name: str) -> None:
        super().__init__(name)
        self._blocks = blocks
        self.replayable = not isinstance(blocks, Iterator)

    def size(self) -> int | None:
        """Return the size in bytes of a list or tuple of blocks; None for what has to be iterated over.

        Raises:
            SourceError: A block of the list is not bytes.
        """
        if not isinstance(self._blocks, (list, tuple)):
            return None
        return sum(len(bytes_like(block, self._name)) for block in self._blocks)

    @contextmanager
    def open(self) -> Iterator[ChunkPayload]:
        """Give the blocks."""
        yield self._chunks(lambda: _guarded(iter(self._blocks), self._name))

    def close(self) -> None:
        """End a generator."""
        if isinstance(self._blocks, Generator):
            with contextlib.suppress(Exception):
                self._blocks.close()


class AsyncBlocksSource(OnceSource):
    """An async generator of bytes."""

    replayable = False
    once = "its generator can be read only once"

    def __init__(self, blocks: AsyncIterator[Any], name: str, loop: EventLoopThread) -> None:
        super().__init__(name)
        self._blocks = blocks
        self._loop = loop

    @contextmanager
    def open(self) -> Iterator[ChunkPayload]:
        """Give the blocks, which are made on the event loop."""
        yield self._chunks(lambda: _guarded(self._loop.iterate(self._blocks), self._name))

    def close(self) -> None:
        """End the generator."""
        aclose = getattr(self._blocks, "aclose", None)
        if aclose is not None:
            with contextlib.suppress(Exception):
                self._loop.run(aclose())


class CallbackSource(Source):
    """A function that returns the content when it is needed, called anew for each attempt."""

    def __init__(self, callback: Callback, name: str, loop: EventLoopThread) -> None:
        self._callback = callback
        self._name = name
        self._loop = loop

    @contextmanager
    def open(self) -> Iterator[AnyPayload]:
        """Give what the callback returns.

        Raises:
            UserCodeError: It raised.
        """
        with _user_code(f"the callback for {self._name}"):
            data: Any = self._callback(self._name)
            if inspect.isawaitable(data):
                data = self._loop.run(data)
        if data is None:
            raise wrong_type(f"the callback for {self._name} returned None, must return the content")
        source = _of_data(data, self._name, self._loop, SharedFile)
        try:
            with source.open() as payload:
                yield payload
        finally:
            source.close()


class UnusableSource(Source):
    """An invalid content; reported during the upload, together with the other sources that cannot be used."""

    def __init__(self, error: SourceError) -> None:
        self._error = error

    def size(self) -> int | None:
        """Raise what is wrong with it."""
        raise self._error

    def open(self) -> AbstractContextManager[AnyPayload]:
        """Raise what is wrong with it."""
        raise self._error


def open_sources(specs: Mapping[str, UploadSpec], loop: EventLoopThread) -> dict[str, Source]:
    """Make the sources of many specs; one file object for several of them is handled as one."""
    shared: dict[int, SharedFile] = {}

    def share(file: Any) -> SharedFile:
        if id(file) not in shared:
            shared[id(file)] = SharedFile(file)
        return shared[id(file)]

    sources: dict[str, Source] = {}
    for key, spec in specs.items():
        try:
            sources[key] = _of_spec(spec, key, loop, share)
        except SourceError as error:
            sources[key] = UnusableSource(error)
    return sources


def _of_spec(spec: UploadSpec, key: str, loop: EventLoopThread, share: Callable[[Any], SharedFile]) -> Source:
    if spec.data is not None:
        return _of_data(spec.data, spec.filename or key, loop, share)
    assert spec.filename is not None
    if spec.callback is not None:
        return CallbackSource(spec.callback, spec.filename, loop)
    return FileSource(spec.filename)


def _of_data(data: Any, name: str, loop: EventLoopThread, share: Callable[[Any], SharedFile]) -> Source:
    if isinstance(data, (bytes, bytearray, memoryview)):
        return BytesSource(data)
    if isinstance(data, os.PathLike):
        return FileSource(data)
    if isinstance(data, TextIOBase):
        raise gives_text(name)
    if hasattr(data, "read"):
        return StreamSource(share(data), name)
    encoded = _buffer(data, name)
    if encoded is not None:
        return BytesSource(encoded)
    _refuse_started(data, name)
    if hasattr(data, "__anext__"):
        return AsyncBlocksSource(data, name, loop)
    if isinstance(data, Iterable) and not isinstance(data, (str, Mapping)):
        return BlocksSource(data, name)
    raise wrong_type(
        f"the content of {name} is {type(data).__name__}, must be bytes, a binary file object, "
        "or an iterable or async generator of bytes"
    )


def _buffer(data: Any, name: str) -> memoryview | None:
    """The bytes of an array of bytes, as `cv2.imencode` and `np.fromfile` return it; None if it is no array.

    Raises:
        SourceError: It has more than one row and column, or elements of more than a byte: an image that is
            not encoded yet.
    """
    try:
        view = memoryview(data)
    except TypeError:
        return None
    is_row = view.ndim == 1 or (view.ndim == 2 and 1 in (view.shape or ()))
    if view.format == "B" and is_row and view.c_contiguous:
        return view.cast("B")
    shape = " x ".join(str(length) for length in view.shape or ())
    raise wrong_type(
        f"the content of {name} is an array of {shape} elements, must be bytes: encode it in the format of "
        "the file first, for example with cv2.imencode"
    )


def _require_readable(file: Any, name: str) -> None:
    """Reject a file object whose content nobody can read.

    Raises:
        SourceError: It is closed, or opened for writing only.
    """
    if getattr(file, "closed", False) is True:
        closed = ValueError("I/O operation on closed file")
        raise SourceError(
            f"the file object for {name} is closed; pass an open one (an upload closes those it has sent), "
            "bytes, or a callback"
        ) from closed
    readable = getattr(file, "readable", None)
    try:
        # Classes derived from those of `io` say that they cannot be read unless they override `readable`.
        if callable(readable) and not readable():
            file.read(0)
    except Exception as error:
        raise SourceError(
            f"the file object for {name} cannot be read ({error}); open it for reading, with mode 'rb' or "
            "'w+b'"
        ) from error


@contextmanager
def _user_code(what: str) -> Iterator[None]:
    """Mark what the user's own code raises, so that nothing takes it for a failure of the network."""
    try:
        yield
    except Exception as error:
        raise UserCodeError(f"{what} raised {type(error).__name__}: {error}") from error


def _guarded(blocks: Iterator[Any], name: str) -> Iterator[Any]:
    while True:
        with _user_code(f"the generator for {name}"):
            block = next(blocks, _END)
        if block is _END:
            return
        yield block


def _reads(file: Any, name: str) -> Iterator[bytes]:
    while block := read_block(file.read, BLOCK, name):
        yield block


def _rewind(file: Any, name: str) -> None:
    try:
        file.seek(0)
    except Exception as error:
        raise SourceError(f"{name} could not be rewound: {error}") from error


def _refuse_started(blocks: Any, name: str) -> None:
    """Reject a generator that has been advanced: the blocks it has given already would be missing.

    Raises:
        SourceError: It has been started or is exhausted.
    """
    if inspect.isgenerator(blocks):
        started = inspect.getgeneratorstate(blocks) != inspect.GEN_CREATED
    elif inspect.isasyncgen(blocks):
        started = _async_started(blocks)
    else:
        return
    if started:
        raise SourceError(
            f"the generator for {name} has already been advanced, so part of the content would be missing; "
            "pass a new generator, or a callback that creates one"
        )


def _async_started(blocks: AsyncGeneratorType[Any, Any]) -> bool:
    if sys.version_info >= (3, 12):
        return inspect.getasyncgenstate(blocks) != inspect.AGEN_CREATED
    # Python 3.11 keeps no state; a generator that has not run stands at the instruction that returned it.
    frame = blocks.ag_frame
    return frame is None or frame.f_code.co_code[frame.f_lasti] != dis.opmap["RETURN_GENERATOR"]


def _plain_descriptor(file: Any) -> int | None:
    """The descriptor of a file object whose bytes are those of the file: not of one that decompresses."""
    if not hasattr(os, "preadv"):
        return None
    raw = file.raw if type(file) is BufferedReader else file
    return raw.fileno() if type(raw) is FileIO else None


@contextmanager
def _unchanged(descriptor: int, name: str, size: int | None = None) -> Iterator[int]:
    """Return the size of a file; raise at the end if its size or time of change differ.

    Args:
        descriptor: Of the open file.
        name: For the message.
        size: What it must be at the start.

    Raises:
        SourceChangedError: They are not.
    """
    before = os.fstat(descriptor)
    if size is not None and size != before.st_size:
        raise _changed(name, size, before.st_size)
    yield before.st_size
    _require_unchanged(descriptor, before, name)


def _require_unchanged(descriptor: int, before: os.stat_result, name: str) -> None:
    after = os.fstat(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise _changed(name, before.st_size, after.st_size)


def _changed(name: str, before: int, after: int) -> SourceChangedError:
    return SourceChangedError(
        f"{name} changed while it was being sent ({before} bytes before, {after} after); "
        "upload it again when nothing writes to it any more"
    )
