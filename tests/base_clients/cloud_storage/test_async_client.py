"""The transfers as coroutines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from kognic.base_clients import errors
from kognic.base_clients.cloud_storage import AsyncFileResourceClient, UploadSpec
from tests.base_clients.conftest import FakeTime
from tests.base_clients.scripted_server import Exchange, ScriptedServer, answer


async def test_upload_and_download(server: ScriptedServer, fake_time: FakeTime) -> None:
    """Async callbacks run on the caller's own loop, beside everything else there."""
    server.default = answer(200, b'{"a": 1}')
    server.on("/a", answer(503))
    mine = asyncio.get_running_loop()
    seen: list[asyncio.AbstractEventLoop] = []

    async def callback(name: str) -> AsyncIterator[bytes]:
        seen.append(asyncio.get_running_loop())

        async def blocks() -> AsyncIterator[bytes]:
            yield b"x"

        return blocks()

    async with AsyncFileResourceClient(clock=fake_time.clock) as files:
        specs = {"a": UploadSpec(f"{server.url}/a", "x/y", "n", callback=callback)}
        results = await files.upload_files(specs)
        await files.upload_json([1], f"{server.url}/b")
        documents = await asyncio.gather(*(files.get_json(f"{server.url}/{n}") for n in range(20)))

    assert (results["a"].size, results["a"].attempts) == (1, 2)
    assert set(seen) == {mine}
    assert server.of("/b")[0].json == [1]
    assert documents == [{"a": 1}] * 20


async def test_errors(server: ScriptedServer) -> None:
    server.default = answer(404)
    async with AsyncFileResourceClient() as files:
        with pytest.raises(errors.UploadError):
            await files.upload_files({"a": UploadSpec(f"{server.url}/a", "x/y", data=b"x")})
        with pytest.raises(errors.NotFoundError):
            await files.get_json(f"{server.url}/a")


async def test_cancelling_ends_the_upload(server: ScriptedServer) -> None:
    """After what is in flight; the rest is not begun."""
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    go_on = threading.Event()

    def slow(exchange: Exchange) -> None:
        exchange.read_body()
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(30)
        exchange.answer(200)

    server.default = slow
    async with AsyncFileResourceClient(max_connections=1) as files:
        specs = {str(n): UploadSpec(f"{server.url}/{n}", "x/y", data=b"x") for n in range(10)}
        task = asyncio.create_task(files.upload_files(specs))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
    assert len(server.requests) == 1
