"""Iterators that nobody finishes: once they are collected, their sockets and threads are free again.

The platform runs in another process, so that every socket counted here is the client's.
"""

from __future__ import annotations

import gc
import itertools
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from benchmarks.night.campaign import Platform
from benchmarks.soak import DOCUMENT, PROJECT, TYPE, Use, make_items
from kognic.io.client import KognicIOClient
from kognic.io.tools.input_creation import SceneWithPreAnnotation, create_inputs
from kognic.pipelines.bulk import BulkRun, Target
from kognic.pipelines.export import export_annotations
from kognic.query.query_api_client import QueryApiClient

pytestmark = [
    pytest.mark.slow,
    # One worker fills one platform.
    pytest.mark.xdist_group("abandoned"),
    pytest.mark.skipif(sys.platform != "linux", reason="sockets are counted in /proc"),
]

SCENES, TIMES = 12, 6
NUMBERS = itertools.count()


@attrs.frozen
class There:
    """A platform with annotations, and clients of it."""

    client: KognicIOClient
    queries: QueryApiClient
    folder: Path


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    folder = tmp_path_factory.mktemp("abandoned")
    with Platform.started() as platform:
        control, auth = platform.control, platform.arguments["auth"]
        control.tune(token_lifetime=3600)
        with (
            platform.client() as client,
            QueryApiClient(host=platform.url, auth_host=platform.url, auth=auth) as queries,
        ):
            items = make_items(folder, "there", SCENES)
            with BulkRun(client, items, target=Target(project=PROJECT), poll_interval=0.05) as run:
                assert all(result.ok for result in run)
            for one in control.request_inputs():
                control.deliver_annotation(one["uuid"], DOCUMENT)
            control.add_query_items("judgements", [{"id": n, "text": "x" * 1000} for n in range(5000)])
            yield There(client, queries, folder)


@pytest.fixture(scope="module", autouse=True)
def small_heap() -> Iterator[None]:
    """Leave what other tests have loaded out of the garbage collections here, which it makes slow."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    gc.collect()
    # As `pytest_collection_finish` leaves it.
    gc.freeze()


def new_scenes(there: There, count: int = 6) -> list[Any]:
    return make_items(there.folder, f"new{next(NUMBERS)}", count)


def bulk(there: There) -> Iterator[Any]:
    # Without a `with` block, as a program that raises somewhere else.
    return iter(BulkRun(there.client, new_scenes(there), target=Target(project=PROJECT), poll_interval=0.05))


def creation(there: There) -> Iterator[Any]:
    scenes = [SceneWithPreAnnotation(scene=item.scene) for item in new_scenes(there)]
    return create_inputs(there.client, scenes, PROJECT, sleep_time=0.05)


def export(there: There) -> Iterator[Any]:
    def stop(_: object) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        export_annotations(there.client, PROJECT, there.folder / f"e{next(NUMBERS)}", TYPE, on_progress=stop)
    return iter([None])


def unread_stream(there: There) -> Iterator[Any]:
    response = there.queries.query_judgements(stream=True)
    return iter([response])


KINDS: dict[str, Callable[[There], Iterator[Any]]] = {
    "stream": lambda there: there.queries.query_judgements(stream=True).items(),
    "unread stream": unread_stream,
    "list": lambda there: iter(there.client.annotation.list_project_annotations(PROJECT, TYPE)),
    "annotations": lambda there: iter(there.client.annotation.get_project_annotations(PROJECT, TYPE)),
    "export": export,
    "bulk": bulk,
    "create_inputs": creation,
}


def use() -> tuple[int, int]:
    """Sockets and threads."""
    now = Use.now()
    return now.sockets, now.threads


@pytest.mark.parametrize("kind", KINDS)
def test_collected_iterators_free_what_they_hold(there: There, kind: str) -> None:
    """Abandoning as many again leaves no more sockets and threads than before."""

    def abandon() -> None:
        for _ in range(TIMES):
            iterator = KINDS[kind](there)
            next(iterator)
            del iterator
            gc.collect()

    # Pools and their connections are kept by the client: they have to exist before anything is counted. Their
    # number varies a little; what is not freed grows by one each time.
    abandon()
    before = settled()
    abandon()
    deadline = time.monotonic() + 30
    while grown(before, now := use()):
        assert time.monotonic() < deadline, (before, now, [thread.name for thread in threading.enumerate()])
        threading.Event().wait(0.05)


def grown(before: tuple[int, int], now: tuple[int, int]) -> bool:
    return any(after - first >= TIMES for first, after in zip(before, now, strict=True))


def settled() -> tuple[int, int]:
    """The use once it no longer falls."""
    last = use()
    while True:
        threading.Event().wait(0.3)
        now = use()
        if now == last:
            return now
        last = now
