"""One thread that closes the socket of an exchange that is late, whatever trickles in.

A timeout of a socket starts anew with every byte, so an answer that comes a byte at a time (headers, sizes
of chunks, trailers, any number of `100 Continue`) would never end. Each exchange therefore runs under a
`Guard` with up to three limits: a deadline for the whole, a time for each step (connecting with TLS and
proxy, the headers of the answer, one read of its body), and a lowest rate. At the first limit the socket is
shut down, the thread that waits for it fails at once, and `Guard.fired` says why.

Look-ups of host names cannot be interrupted; they take as long as the system's resolver allows.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kognic._core.clock import Clock

# How late the watchdog may be, seconds. Each tick costs some microseconds per exchange in flight.
TICK = 0.2
# Bytes per second that a body must bring, over the time of one step. A modem of 1970 had 37.
MIN_RATE = 16.0


class Guard:
    """The limits of one exchange; made by `guarded`.

    Attributes:
        fired: Why the socket was closed, in words; None while all is well.
    """

    __slots__ = (
        "_mark",
        "_mark_size",
        "_owned",
        "_rated",
        "_size",
        "_sock",
        "_step_end",
        "end",
        "fired",
        "step",
    )

    def __init__(self, seconds: float | None, step: float | None, end: float | None = None) -> None:
        ends = [] if end is None else [end]
        if seconds is not None:
            ends.append(time.monotonic() + seconds)
        self.end = min(ends, default=None)
        self.step = step
        self.fired: str | None = None
        self._sock: socket.socket | None = None
        self._owned: socket.socket | None = None
        self._step_end: float | None = None
        self._rated = False
        self._size = self._mark_size = 0
        self._mark = 0.0

    def watch(self, sock: Any) -> None:
        """Watch this socket from now on."""
        self._let_go()
        self._sock = sock
        if self.fired:
            self._shut()

    def watch_unfinished(self, sock: socket.socket) -> None:
        """Watch a new socket until TLS has been negotiated on it, which takes it over."""
        self.watch(sock)
        # TLS detaches the descriptor from this object; a duplicate still reaches the connection. Without a
        # free descriptor the deadline is checked when the connection stands.
        with contextlib.suppress(OSError):
            self._sock = self._owned = sock.dup()

    def watch_response(self, response: Any) -> None:
        """Watch the socket below an answer of requests or urllib3, if it is to be found."""
        raw = getattr(response, "raw", response)
        sock = getattr(getattr(raw, "_connection", None), "sock", None)
        if sock is not None:
            self.watch(sock)

    def begin(self) -> None:
        """Begin a step, which has to end within `step` seconds."""
        if self.step is not None:
            self._step_end = time.monotonic() + self.step

    def finish(self) -> None:
        """End the step."""
        self._step_end = None

    def reading(self) -> None:
        """Begin a body, which from now on must come at `MIN_RATE` or more."""
        self._mark, self._mark_size, self._size = time.monotonic(), 0, 0
        self._rated = self.step is not None

    def moved(self, size: int) -> None:
        """Count bytes of a body."""
        self._size += size

    def left(self) -> float | None:
        """Return the seconds until the deadline; None without one."""
        return None if self.end is None else self.end - time.monotonic()

    def check(self, now: float) -> None:
        """Close the socket if a limit has passed; called by the watchdog's thread."""
        if self.fired:
            # The next connection of the same exchange is late, too.
            self._shut()
        elif self.end is not None and now >= self.end:
            self._fire("the deadline passed")
        elif self._step_end is not None and now >= self._step_end:
            self._fire(f"it was incomplete after {self.step:g} s")
        elif self._rated and self.step is not None and now - self._mark >= self.step:
            if self._size - self._mark_size < MIN_RATE * (now - self._mark):
                self._fire(f"less than {MIN_RATE:g} bytes/s came for {self.step:g} s")
            self._mark, self._mark_size = now, self._size

    def close(self) -> None:
        """Watch nothing any more."""
        self._let_go()
        self._sock = None

    def _fire(self, why: str) -> None:
        self.fired = why
        self._shut()

    def _shut(self) -> None:
        sock = self._sock
        if sock is not None:
            # Not the method of a TLS socket, which would take its state from under the thread that reads. It
            # may be closed by now, which is as good.
            with contextlib.suppress(OSError, ValueError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _let_go(self) -> None:
        owned, self._owned = self._owned, None
        if owned is not None:
            owned.close()


class _Thread:
    """Looks at all guards, as long as there are any."""

    def __init__(self) -> None:
        self._guards: set[Guard] = set()
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, guard: Guard) -> None:
        with self._lock:
            self._guards.add(guard)
            if self._thread is None:
                self._start()
        if not self._some.is_set():
            self._some.set()

    def remove(self, guard: Guard) -> None:
        with self._lock:
            self._guards.discard(guard)

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="kognic-watchdog", daemon=True)
        # While the interpreter shuts down no thread can be started; timeouts of sockets still hold.
        with contextlib.suppress(RuntimeError):
            thread.start()
            self._thread = thread

    def _run(self) -> None:
        while True:
            with self._lock:
                guards = list(self._guards)
                if not guards:
                    self._some.clear()
            if not guards:
                self._some.wait()
                continue
            now = time.monotonic()
            for guard in guards:
                guard.check(now)
            time.sleep(TICK)


_thread = _Thread()
_local = threading.local()


def _after_fork() -> None:
    global _thread
    _thread = _Thread()
    _local.__dict__.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def current() -> Guard | None:
    """Return the guard of the exchange that this thread is in."""
    return getattr(_local, "guard", None)


class guarded:  # noqa: N801
    """Watch all connections that this thread uses inside the context, which gives the `Guard`.

    A class, because a generator costs twice as much, for each of thousands of files.

    Args:
        seconds: For the whole; the deadline of an outer guard holds as well.
        step: For each step.
    """

    __slots__ = ("_guard", "_outer")

    def __init__(self, seconds: float | None, step: float | None) -> None:
        self._outer = outer = current()
        self._guard = Guard(seconds, step, None if outer is None else outer.end)

    def __enter__(self) -> Guard:
        _thread.add(self._guard)
        _local.guard = self._guard
        return self._guard

    def __exit__(self, *_: object) -> None:
        _local.guard = self._outer
        _thread.remove(self._guard)
        self._guard.close()


@contextmanager
def ensured(step: float | None) -> Iterator[Guard]:
    """Give the guard of this thread's exchange, or one of its own with a time for each step."""
    guard = current()
    if guard is not None:
        yield guard
        return
    with guarded(None, step) as own:
        yield own


@contextmanager
def watching(guard: Guard) -> Iterator[Guard]:
    """Watch the socket of one guard, whichever threads use it; for bodies that are read later."""
    _thread.add(guard)
    try:
        yield guard
    finally:
        _thread.remove(guard)
        guard.close()


@contextmanager
def deadline(end: float | None, clock: Clock) -> Iterator[None]:
    """Make calls of this thread inside the context end at `end` at the latest, by this clock."""
    before = getattr(_local, "deadline", None)
    if end is not None:
        _local.deadline = (end, clock.now)
    try:
        yield
    finally:
        _local.deadline = before


def deadline_of_thread(clock: Clock) -> float | None:
    """Return the end that `deadline` has set for this thread; None without one, or by another clock."""
    end, now = getattr(_local, "deadline", None) or (None, None)
    return end if now is clock.now else None
