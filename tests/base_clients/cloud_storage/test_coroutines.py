"""Coroutines from any thread, on one loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from kognic.base_clients.cloud_storage.coroutines import EventLoopThread
from kognic.base_clients.cloud_storage.event_loop import LoopThread


@pytest.fixture
def loop() -> EventLoopThread:
    return EventLoopThread()


async def number_of_loop() -> int:
    await asyncio.sleep(0)
    return id(asyncio.get_running_loop())


def test_all_coroutines_share_one_loop(loop: EventLoopThread) -> None:
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(loop.run(number_of_loop()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1
    loop.close()


async def test_below_a_running_loop(loop: EventLoopThread) -> None:
    """As in Jupyter: the caller's loop is running, and is not touched."""
    mine = id(asyncio.get_running_loop())
    assert loop.run(number_of_loop()) != mine
    loop.close()


def test_errors_come_through(loop: EventLoopThread) -> None:
    async def fail() -> None:
        raise ZeroDivisionError("ours")

    with pytest.raises(ZeroDivisionError, match="ours"):
        loop.run(fail())
    loop.close()


def test_iterate(loop: EventLoopThread) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        for n in range(3):
            await asyncio.sleep(0)
            yield b"%d" % n

    assert list(loop.iterate(blocks())) == [b"0", b"1", b"2"]
    loop.close()


def test_closing_ends_the_thread_and_the_next_use_starts_another(loop: EventLoopThread) -> None:
    before = threading.active_count()
    loop.run(number_of_loop())
    assert threading.active_count() == before + 1
    loop.close()
    assert threading.active_count() == before
    loop.close()
    loop.run(number_of_loop())
    loop.close()


def test_a_loop_that_runs_elsewhere_is_not_stopped() -> None:
    """One is given to the other, which waits on it and leaves it running."""
    owner = LoopThread()
    loop = owner.run(_running_loop())
    guest = LoopThread(loop)

    assert guest.run(number_of_loop()) == id(loop)
    guest.close()
    assert loop.is_running()
    owner.close()
    assert loop.is_closed()


async def _running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()
