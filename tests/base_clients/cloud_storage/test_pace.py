"""How many threads move small files."""

from __future__ import annotations

import threading

import pytest

from kognic.base_clients.cloud_storage import FileResourceClient, UploadSpec, pace
from tests.base_clients.scripted_server import Exchange, ScriptedServer

WIDTH = 6


def specs(server: ScriptedServer, number: int) -> dict[str, UploadSpec]:
    return {str(n): UploadSpec(f"{server.url}/{n}?s=s", "image/jpeg", data=b"x" * 100) for n in range(number)}


def test_all_threads_join_where_storage_is_slow(server: ScriptedServer) -> None:
    """A storage that answers when all connections are in use gets them all, also for the next transfer."""
    all_there = threading.Barrier(WIDTH)

    def together(exchange: Exchange) -> None:
        exchange.read_body()
        all_there.wait(30)
        exchange.answer(200)

    server.default = together
    with FileResourceClient(max_connections=WIDTH) as files:
        for _ in range(3):
            assert len(files.upload_files(specs(server, 2 * WIDTH))) == 2 * WIDTH
    assert server.connections == WIDTH


def test_a_few_threads_are_enough_for_a_busy_processor(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the threads use all of a processor, no more of them are added."""
    looks: list[float] = []

    def busy(watch: pace.Watch) -> float:
        looks.append(1.0)
        return pace.BUSY

    def slowly(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.server.over.wait(0.02)
        exchange.answer(200)

    monkeypatch.setattr(pace.Watch, "look", busy)
    server.default = slowly
    with FileResourceClient(max_connections=WIDTH) as files:
        files.upload_files(specs(server, 20))

    assert server.connections == pace.FEW
    assert len(looks) > 1


def test_only_time_of_transfers_counts() -> None:
    """The processor time of a thread is that of its files, summed over the threads."""
    tempo = pace.Pace()
    watch = pace.Watch(tempo)
    threads = [threading.Thread(target=tempo.spend, args=(2.0,)) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join()
    tempo.spend(1.0)
    tempo.spend(1.0)

    assert tempo.spent() == 8.0
    assert watch.look() > 0
    assert watch.look() == 0
