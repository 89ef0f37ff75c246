"""Which file goes next."""

from __future__ import annotations

import random
import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from kognic.base_clients.cloud_storage.scheduling import LARGE, SAME_TIME, Item, Queue, in_order

BIG, SMALL = LARGE, 1000
items = st.builds(
    Item,
    st.integers(),
    st.none() | st.integers(0, 3 * LARGE),
    st.none() | st.floats(1e9, 2e9),
)


def order(queue: Queue[str]) -> list[str]:
    taken = []
    while (item := queue.take()) is not None:
        taken.append(item.work)
    return taken


def test_urls_that_expire_soon_go_first() -> None:
    found = in_order([Item("later", SMALL, 9e9), Item("never", SMALL), Item("soon", SMALL, 1e9)])
    assert [item.work for item in found] == ["soon", "later", "never"]


def test_urls_signed_together_count_as_equal() -> None:
    """Then large files go first, by size; small ones keep their order."""
    base = 1000 * SAME_TIME
    found = in_order(
        [
            Item("s1", SMALL, base + 20),
            Item("b1", BIG, base + 30),
            Item("s2", SMALL + 5, base + 10),
            Item("b2", 2 * BIG, base + 40),
        ]
    )
    assert [item.work for item in found] == ["b2", "b1", "s1", "s2"]


def test_small_files_fill_the_gaps_between_large_ones() -> None:
    """Half of the workers at most move large files while small ones are waiting."""
    queue = Queue(
        [*(Item(f"b{n}", BIG) for n in range(4)), *(Item(f"s{n}", SMALL) for n in range(3))], workers=4
    )
    first = [queue.take() for _ in range(4)]

    assert [item.work for item in first if item] == ["b0", "b1", "s0", "s1"]
    assert first[0] is not None
    queue.done(first[0])
    assert order(queue) == ["b2", "s2", "b3"]


def test_one_worker_gets_everything() -> None:
    queue = Queue([Item("s", SMALL), Item("b", BIG), Item("unknown")], workers=1)
    taken = []
    while (item := queue.take()) is not None:
        taken.append(item.work)
        queue.done(item)
    assert taken == ["b", "s", "unknown"]


@settings(max_examples=50)
@given(st.lists(items, max_size=30), st.integers(1, 12), st.randoms(use_true_random=False))
def test_every_file_is_handed_out_once(files: list[Item[int]], workers: int, chance: random.Random) -> None:
    queue: Queue[int] = Queue(files, workers)
    busy: list[Item[int]] = []
    taken: list[int] = []
    while (item := queue.take()) is not None:
        taken.append(item.work)
        busy.append(item)
        if chance.random() < 0.5:
            queue.done(busy.pop(0))
    assert sorted(taken) == sorted(item.work for item in files)


def test_threads_share_a_queue() -> None:
    queue = Queue([Item(n, SMALL) for n in range(2000)], workers=8)
    taken: list[int] = []

    def work() -> None:
        while (item := queue.take()) is not None:
            taken.append(item.work)
            queue.done(item)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(2000))
