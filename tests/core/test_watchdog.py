"""The watchdog: sockets are closed at the deadline, whatever trickles in."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from kognic._core import watchdog
from kognic._core.clock import SYSTEM, Clock


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def drip(sock: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        try:
            sock.sendall(b"x")
        except OSError:
            return
        time.sleep(0.02)


@pytest.fixture
def dripping(pair: tuple[socket.socket, socket.socket]) -> Iterator[socket.socket]:
    """A socket that receives a byte now and then, for ever."""
    over = threading.Event()
    thread = threading.Thread(target=drip, args=(pair[1], over))
    thread.start()
    yield pair[0]
    over.set()
    thread.join()


def read_to_the_end(sock: socket.socket) -> None:
    sock.settimeout(30)
    while sock.recv(1):
        pass


@pytest.mark.parametrize(
    ("limits", "prepare", "why"),
    [
        ((0.3, None), lambda guard: None, "the deadline passed"),
        ((None, 0.3), lambda guard: guard.begin(), "incomplete after 0.3 s"),
        ((None, 0.3), lambda guard: guard.reading(), "less than 16 bytes/s"),
    ],
    ids=["deadline", "step", "rate"],
)
def test_each_limit_ends_the_wait(
    limits: tuple[float | None, float | None],
    prepare: Callable[[watchdog.Guard], None],
    why: str,
    dripping: socket.socket,
) -> None:
    """Each byte starts a time-out of the socket anew, so that only the watchdog can end this."""
    with watchdog.guarded(*limits) as guard:
        guard.watch(dripping)
        prepare(guard)
        read_to_the_end(dripping)
        assert guard.fired is not None
        assert why in guard.fired


def test_what_is_in_time_is_left_alone(dripping: socket.socket) -> None:
    with watchdog.guarded(60, 60) as guard:
        guard.watch(dripping)
        guard.begin()
        dripping.settimeout(30)
        assert dripping.recv(1) == b"x"
        guard.finish()
    assert guard.fired is None
    assert dripping.recv(1) == b"x"


def test_an_inner_guard_has_the_deadline_of_the_outer() -> None:
    with watchdog.guarded(5, None) as outer, watchdog.guarded(60, None) as inner:
        assert inner.end == outer.end
        assert watchdog.current() is inner
    assert watchdog.current() is None


def test_a_socket_that_comes_late_is_closed_at_once(dripping: socket.socket) -> None:
    """The second connection of an exchange whose time is over."""
    guard = watchdog.Guard(None, None)
    guard.fired = "the deadline passed"
    guard.watch(dripping)
    read_to_the_end(dripping)


def test_the_deadline_of_a_call_is_that_of_its_look_ups() -> None:
    other = Clock(now=lambda: 0.0)
    with watchdog.deadline(123.0, SYSTEM):
        assert watchdog.deadline_of_thread(SYSTEM) == 123.0
        assert watchdog.deadline_of_thread(other) is None
    assert watchdog.deadline_of_thread(SYSTEM) is None
