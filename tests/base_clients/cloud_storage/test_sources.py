"""Every kind of content: what it is on the wire, whether it can be sent twice, when it is closed."""

from __future__ import annotations

import gzip
import mmap
import os
import socket
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic._core.clock import SYSTEM
from kognic.base_clients.cloud_storage.coroutines import EventLoopThread
from kognic.base_clients.cloud_storage.meter import Meter
from kognic.base_clients.cloud_storage.payloads import BLOCK, ChunkPayload, FilePayload
from kognic.base_clients.cloud_storage.sources import Source, UserCodeError, open_sources
from kognic.base_clients.cloud_storage.upload_spec import UploadSpec
from kognic.base_clients.errors import MissingFileError, SourceChangedError, SourceError

CONTENT = bytes(range(256)) * 4000
URL = "https://host/a"


@pytest.fixture
def loop() -> Iterator[EventLoopThread]:
    thread = EventLoopThread()
    yield thread
    thread.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.bin"
    file.write_bytes(CONTENT)
    return file


def source_of(loop: EventLoopThread, **options: Any) -> Source:
    return open_sources({"a": UploadSpec(URL, "x/y", **options)}, loop)["a"]


def sent(source: Source, *, hashed: bool = False) -> bytes:
    """What one attempt puts on the wire, through a real socket."""
    ours, theirs = socket.socketpair()
    received: list[bytes] = []

    def receive() -> None:
        while block := theirs.recv(1 << 16):
            received.append(block)

    reader = threading.Thread(target=receive)
    reader.start()
    ours.settimeout(10)
    meter = Meter("PUT x", window=60, clock=SYSTEM, algorithm="md5" if hashed else None)
    try:
        with source.open() as payload:
            if isinstance(payload, ChunkPayload):
                for block in payload.chunks(meter):
                    ours.sendall(block)
            else:
                payload.transmit(ours, meter)
                assert payload.length == meter.size
    finally:
        ours.close()
        reader.join()
        theirs.close()
    return b"".join(received)


class OneByteAtATime(RawIOBase):
    """Reads less than asked for, as sockets and pipes do."""

    def __init__(self, content: bytes) -> None:
        self.inner = BytesIO(content)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self.inner.read(min(size, 100))

    def seekable(self) -> bool:
        return False


class TestContents:
    @pytest.mark.parametrize("hashed", [False, True])
    def test_local_file(self, hashed: bool, path: Path, loop: EventLoopThread) -> None:
        source = source_of(loop, filename=str(path))

        assert source.size() == len(CONTENT)
        assert sent(source, hashed=hashed) == CONTENT
        assert sent(source, hashed=hashed) == CONTENT

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_bytes(self, kind: type, loop: EventLoopThread) -> None:
        source = source_of(loop, data=kind(CONTENT))
        assert source.size() == len(CONTENT)
        assert sent(source) == sent(source) == CONTENT

    def test_arrays_count_in_bytes(self, loop: EventLoopThread) -> None:
        view = memoryview(CONTENT).cast("I")
        source = source_of(loop, data=view)
        assert source.size() == len(CONTENT)
        assert sent(source) == CONTENT

    @pytest.mark.parametrize("shape", [(-1,), (-1, 1), (1, -1)])
    def test_encoded_images_are_arrays(self, shape: tuple[int, ...], loop: EventLoopThread) -> None:
        """`cv2.imencode` returns an array of bytes: a row or, in older versions, a column."""
        source = source_of(loop, data=np.frombuffer(CONTENT, np.uint8).reshape(shape))
        assert source.size() == len(CONTENT)
        assert sent(source) == sent(source) == CONTENT

    @pytest.mark.parametrize(
        "array", [np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6), np.uint8), np.zeros(9, np.float32)]
    )
    def test_pixels_are_not_a_file(self, array: Any, loop: EventLoopThread) -> None:
        with pytest.raises(SourceError, match="must be bytes"):
            sent(source_of(loop, data=array))

    def test_text_mode_is_named(self, path: Path, loop: EventLoopThread) -> None:
        """Also where the bytes are not text, so that reading them fails."""
        with path.open() as file, pytest.raises(SourceError, match=r"gives text; open it in binary mode"):
            sent(source_of(loop, data=file))

    @pytest.mark.parametrize("position", [0, 500, len(CONTENT)])
    def test_memory_map(self, position: int, path: Path, loop: EventLoopThread) -> None:
        """It can seek, and says so only from Python 3.13 on."""
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            view.seek(position)
            source = source_of(loop, data=view)
            assert source.size() == len(CONTENT)
            assert view.tell() == position
            assert sent(source) == sent(source) == CONTENT

    @pytest.mark.parametrize("buffering", [-1, 0])
    @pytest.mark.parametrize("hashed", [False, True])
    def test_open_file(self, hashed: bool, buffering: int, path: Path, loop: EventLoopThread) -> None:
        """From its start wherever it stands, again and again; without copying where it is a plain file."""
        with path.open("rb", buffering=buffering) as file:
            file.seek(1000)
            source = source_of(loop, data=file)
            assert source.size() == len(CONTENT)
            assert file.tell() == 1000
            assert sent(source, hashed=hashed) == sent(source, hashed=hashed) == CONTENT
            with source.open() as payload:
                assert isinstance(payload, FilePayload)

    @pytest.mark.parametrize("position", [0, 7, len(CONTENT), len(CONTENT) + 9])
    def test_position_of_a_stream_does_not_matter(self, position: int, loop: EventLoopThread) -> None:
        """Nor whether something moves it between the attempts."""
        stream = BytesIO(CONTENT)
        stream.seek(position)
        source = source_of(loop, data=stream)
        assert source.size() == len(CONTENT)
        assert sent(source) == CONTENT
        stream.seek(position)
        assert sent(source) == CONTENT

    def test_stream_just_written(self, tmp_path: Path, loop: EventLoopThread) -> None:
        """The usual way to fill one leaves it at its end, some of it still in Python's buffer."""
        memory = BytesIO()
        memory.write(CONTENT)
        assert sent(source_of(loop, data=memory)) == CONTENT
        with (tmp_path / "written").open("w+b") as file:
            file.write(CONTENT)
            assert sent(source_of(loop, data=file)) == CONTENT

    def test_callback_that_returns_a_stream_at_its_end(self, loop: EventLoopThread) -> None:
        def callback(name: str) -> BytesIO:
            stream = BytesIO()
            stream.write(CONTENT)
            return stream

        assert sent(source_of(loop, filename="n", callback=callback)) == CONTENT

    def test_temporary_file(self, loop: EventLoopThread) -> None:
        """Written a moment ago, perhaps still in Python's buffer."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(CONTENT)
            file.seek(0)
            assert sent(source_of(loop, data=file)) == CONTENT

    def test_bytes_io(self, loop: EventLoopThread) -> None:
        source = source_of(loop, data=BytesIO(CONTENT))
        assert source.size() == len(CONTENT)
        assert sent(source) == sent(source) == CONTENT

    def test_decompressing_file(self, tmp_path: Path, loop: EventLoopThread) -> None:
        """Its descriptor is that of the compressed file, which is not its content."""
        packed = tmp_path / "a.gz"
        packed.write_bytes(gzip.compress(CONTENT))
        with gzip.open(packed) as file:
            assert sent(source_of(loop, data=file)) == CONTENT

    def test_stream_that_cannot_be_rewound(self, loop: EventLoopThread) -> None:
        source = source_of(loop, data=OneByteAtATime(b"x" * 250))
        assert (source.size(), source.replayable) == (None, False)
        assert sent(source) == b"x" * 250

    def test_pipe(self, loop: EventLoopThread) -> None:
        end, begin = os.pipe()
        with os.fdopen(begin, "wb") as file:
            file.write(b"through a pipe")
        with os.fdopen(end, "rb") as file:
            assert sent(source_of(loop, data=file)) == b"through a pipe"

    def test_generator(self, loop: EventLoopThread) -> None:
        source = source_of(loop, data=(block for block in [b"a", b"", bytearray(b"b"), memoryview(b"c")]))
        assert (source.size(), source.replayable) == (None, False)
        assert sent(source) == b"abc"

    def test_list_of_blocks(self, loop: EventLoopThread) -> None:
        source = source_of(loop, data=[b"a", b"b" * (2 * BLOCK + 1)])
        assert source.replayable
        assert sent(source) == sent(source) == b"a" + b"b" * (2 * BLOCK + 1)

    def test_async_generator(self, loop: EventLoopThread) -> None:
        async def blocks() -> AsyncIterator[bytes]:
            yield b"a"
            yield b"b"

        source = source_of(loop, data=blocks())
        assert not source.replayable
        assert sent(source) == b"ab"

    def test_generators_that_were_started(self, loop: EventLoopThread) -> None:
        """What they have given already would be missing from the file."""

        def blocks() -> Iterator[bytes]:
            yield b"header"
            yield b"rest"

        async def async_blocks() -> AsyncIterator[bytes]:
            yield b"header"
            yield b"rest"

        started, started_async, over = blocks(), async_blocks(), blocks()
        next(started)
        loop.run(anext(started_async))
        list(over)
        for generator in (started, started_async, over):
            with pytest.raises(SourceError, match="the generator for a has already been advanced"):
                source_of(loop, data=generator).size()


class TestCallbacks:
    def test_is_asked_for_each_attempt(self, loop: EventLoopThread) -> None:
        asked: list[str] = []

        def callback(name: str) -> bytes:
            asked.append(name)
            return CONTENT

        source = source_of(loop, filename="some/name", callback=callback)
        assert (asked, source.size(), source.replayable) == ([], None, True)
        assert sent(source) == sent(source) == CONTENT
        assert asked == ["some/name", "some/name"]

    def test_coroutine_with_an_async_generator(self, loop: EventLoopThread) -> None:
        async def blocks(name: str) -> AsyncIterator[bytes]:
            yield name.encode()

        async def callback(name: str) -> AsyncIterator[bytes]:
            return blocks(name)

        source = source_of(loop, filename="n", callback=callback)
        assert sent(source) == sent(source) == b"n"

    def test_file_object_is_closed_after_each_attempt(self, path: Path, loop: EventLoopThread) -> None:
        opened: list[Any] = []

        def callback(name: str) -> Any:
            opened.append(path.open("rb"))
            return opened[-1]

        source = source_of(loop, filename="n", callback=callback)
        assert sent(source) == sent(source) == CONTENT
        assert [file.closed for file in opened] == [True, True]

    def test_path(self, path: Path, loop: EventLoopThread) -> None:
        assert sent(source_of(loop, filename="n", callback=lambda name: path)) == CONTENT  # type: ignore[arg-type, return-value]


class TestTrouble:
    def test_missing_file(self, tmp_path: Path, loop: EventLoopThread) -> None:
        source = source_of(loop, filename=str(tmp_path / "nowhere"))
        with pytest.raises(MissingFileError, match="nowhere"):
            source.size()
        with pytest.raises(MissingFileError, match="nowhere"):
            sent(source)

    def test_folder(self, tmp_path: Path, loop: EventLoopThread) -> None:
        with pytest.raises(SourceError, match="is not a regular file"):
            source_of(loop, filename=str(tmp_path)).size()

    def test_text_file(self, path: Path, loop: EventLoopThread) -> None:
        with path.open(encoding="latin-1") as file, pytest.raises(SourceError, match=r"binary mode \('rb'\)"):
            sent(source_of(loop, data=file))

    @pytest.mark.parametrize("content", ["text", 5, {"a": 1}])
    def test_what_is_no_content(self, content: Any, loop: EventLoopThread) -> None:
        with pytest.raises(SourceError, match=f"the content of a is {type(content).__name__}, must be bytes"):
            source_of(loop, data=content).size()

    @pytest.mark.parametrize("block", ["text", 5, None])
    def test_generator_of_something_else(self, block: Any, loop: EventLoopThread) -> None:
        with pytest.raises(SourceError, match="must be bytes"):
            sent(source_of(loop, data=iter([b"a", block])))

    def test_generator_that_raises(self, loop: EventLoopThread) -> None:
        """Even what looks like a failure of the network is the user's own."""

        def blocks() -> Iterator[bytes]:
            yield b"a"
            raise ConnectionResetError("of another connection")

        with pytest.raises(UserCodeError, match="the generator for a raised ConnectionResetError") as raised:
            sent(source_of(loop, data=blocks()))
        assert isinstance(raised.value.__cause__, ConnectionResetError)

    def test_callback_that_raises_or_returns_nothing(self, loop: EventLoopThread) -> None:
        with pytest.raises(UserCodeError, match="the callback for n raised ZeroDivisionError"):
            sent(source_of(loop, filename="n", callback=lambda name: 1 // 0))  # type: ignore[arg-type, return-value]
        with pytest.raises(SourceError, match="the callback for n returned None"):
            sent(source_of(loop, filename="n", callback=lambda name: None))  # type: ignore[arg-type, return-value]

    def test_file_object_that_raises(self, loop: EventLoopThread) -> None:
        class Broken(BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                raise OSError("no disk")

        with pytest.raises(SourceError, match="a could not be read: no disk"):
            sent(source_of(loop, data=Broken(b"x")))

    def test_file_object_that_ends_early(self, loop: EventLoopThread) -> None:
        class Short(BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                return b""

        with pytest.raises(SourceChangedError, match="ended 3 bytes before its length of 3"):
            sent(source_of(loop, data=Short(b"xyz")))


class TestChanges:
    """A file that is still being written cannot be uploaded, and nobody is left in the belief that it was."""

    @pytest.mark.parametrize("change", ["longer", "shorter", "touched"])
    def test_while_it_is_sent(self, change: str, path: Path, loop: EventLoopThread) -> None:
        changes: dict[str, Callable[[], Any]] = {
            "touched": lambda: os.utime(path, ns=(1, 1)),
            "longer": lambda: path.write_bytes(CONTENT * 2),
            "shorter": lambda: path.write_bytes(b"x"),
        }
        source = source_of(loop, filename=str(path))
        with pytest.raises(SourceChangedError, match="changed while it was being sent"), source.open():
            changes[change]()

    @pytest.mark.parametrize("hashed", [False, True])
    def test_truncated_while_it_is_sent(self, hashed: bool, path: Path, loop: EventLoopThread) -> None:
        ours, theirs = socket.socketpair()
        source = source_of(loop, filename=str(path))
        meter = Meter("PUT x", window=60, clock=SYSTEM, algorithm="md5" if hashed else None)
        stack = ExitStack()
        payload = stack.enter_context(source.open())
        os.truncate(path, 10)
        assert isinstance(payload, FilePayload)
        with ours, theirs, pytest.raises(SourceChangedError, match="became shorter while it was being sent"):
            payload.transmit(ours, meter)
        with pytest.raises(SourceChangedError):
            stack.close()

    def test_between_hand_over_and_sending(self, path: Path, loop: EventLoopThread) -> None:
        with path.open("rb") as file:
            source = source_of(loop, data=file)
            with path.open("ab") as writer:
                writer.write(b"more")
            with pytest.raises(SourceChangedError):
                sent(source)

    def test_replaced_by_another_file(self, path: Path, loop: EventLoopThread) -> None:
        """A file that is replaced by a rename stays readable: the old content is sent completely."""
        source = source_of(loop, filename=str(path))
        with source.open() as payload:
            other = path.with_name("other")
            other.write_bytes(b"new")
            other.replace(path)
            assert isinstance(payload, FilePayload)
            assert payload.length == len(CONTENT)


class TestClosing:
    def test_file_object_is_closed_at_the_end(self, path: Path, loop: EventLoopThread) -> None:
        file = path.open("rb")
        source = source_of(loop, data=file)
        sent(source)
        assert not file.closed
        source.close()
        assert file.closed

    def test_generators_are_ended(self, loop: EventLoopThread) -> None:
        ended: list[str] = []

        def blocks() -> Iterator[bytes]:
            try:
                yield b"a"
                yield b"b"
            finally:
                ended.append("plain")

        async def async_blocks() -> AsyncIterator[bytes]:
            try:
                yield b"a"
                yield b"b"
            finally:
                ended.append("async")

        for data in (blocks(), async_blocks()):
            source = source_of(loop, data=data)
            with source.open() as payload:
                assert isinstance(payload, ChunkPayload)
                next(iter(payload.chunks(Meter("x", window=1, clock=SYSTEM))))
            source.close()
        assert ended == ["plain", "async"]


class TestSharedFileObjects:
    """One object as the content of four resources: each gets the whole content."""

    @pytest.mark.parametrize("kind", ["file", "memory"])
    def test_at_the_same_time(self, kind: str, path: Path, loop: EventLoopThread) -> None:
        file: Any = path.open("rb") if kind == "file" else BytesIO(CONTENT)
        file.seek(100)
        sources = open_sources({str(n): UploadSpec(URL, "x/y", data=file) for n in range(4)}, loop)
        results: list[bytes] = []
        threads = [
            threading.Thread(target=lambda s=source: results.append(sent(s))) for source in sources.values()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [CONTENT] * 4

    def test_closed_by_the_last(self, path: Path, loop: EventLoopThread) -> None:
        file = path.open("rb")
        first, second = open_sources({n: UploadSpec(URL, "x/y", data=file) for n in "ab"}, loop).values()
        first.close()
        assert not file.closed
        second.close()
        assert file.closed

    def test_must_be_seekable(self, loop: EventLoopThread) -> None:
        file = OneByteAtATime(b"x")
        sources = open_sources({n: UploadSpec(URL, "x/y", data=file) for n in "ab"}, loop)  # type: ignore[arg-type]
        with pytest.raises(SourceError, match="several resources must be seekable"):
            sent(sources["a"])
