"""Threads that hang do not keep the program after Ctrl-C; otherwise calls in flight are waited for."""

from __future__ import annotations

import threading

import pytest

from kognic._core.pools import interruptible_pool


def test_interrupted() -> None:
    hangs, begun = threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        hangs.wait(60)

    def work() -> None:
        with interruptible_pool(1, "test") as pool:
            first, second = pool.submit(call), pool.submit(call)
            futures.extend((first, second))
            begun.wait(30)
            raise KeyboardInterrupt

    futures: list[object] = []
    with pytest.raises(KeyboardInterrupt):
        work()
    first, second = futures
    try:
        assert not first.done()  # type: ignore[attr-defined]
        assert second.cancelled()  # type: ignore[attr-defined]
    finally:
        hangs.set()


@pytest.mark.parametrize("error", [None, ValueError("for a test")])
def test_not_interrupted(error: Exception | None) -> None:
    done: list[int] = []
    begun, goes_on = threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        goes_on.wait(0.2)
        done.append(1)

    def work() -> None:
        with interruptible_pool(1, "test") as pool:
            pool.submit(call)
            begun.wait(30)
            if error is not None:
                raise error

    if error is None:
        work()
    else:
        with pytest.raises(ValueError, match="for a test"):
            work()
    assert done == [1]
