"""SIGTERM and SIGHUP end a command as Ctrl-C does: Kubernetes, Slurm and closed terminals send them.

A signal raises `Stopped`, a `KeyboardInterrupt`, in the main thread: commands report what exists and how to
resume. A second signal, or the end of the grace period, ends the process at once. The exit status is 128 plus
the number of the signal: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP. On Windows there is no SIGHUP;
Ctrl-Break takes its place.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

GRACE = 10.0
"""Seconds from a signal to the end of the process at the latest; Kubernetes and Slurm kill after 30."""

ACCOUNT = 5.0
"""Seconds that finding out what exists on the platform may take after a signal."""

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class Stopped(KeyboardInterrupt):
    """A signal asked the command to end."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by signal {number}")
        self.number = number


_received: list[int] = []
_deferred: list[threading.Event] = []


def install() -> None:
    """Handle the signals of this process; those that are ignored, as under nohup, stay ignored."""
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
            signal.signal(number, _handle)


def _handle(number: int, _frame: FrameType | None) -> None:
    if _received:
        _end_now(number)
    _received.append(number)
    watchdog = threading.Timer(GRACE, _end_now, [number])
    watchdog.daemon = True
    watchdog.start()
    if _deferred:
        _deferred[-1].set()
    else:
        raise Stopped(number)


@contextlib.contextmanager
def deferred() -> Iterator[threading.Event]:
    """Give an event that a signal sets, and raise `Stopped` at the end of the context instead of at once.

    For a command that waits for its signal, and must neither start nor clean up by halves.
    """
    stop = threading.Event()
    _deferred.append(stop)
    try:
        yield stop
    finally:
        _deferred.remove(stop)
    if _received:
        raise Stopped(_received[0])


def exit_status(stop: KeyboardInterrupt) -> int:
    """128 plus the number of the signal."""
    return 128 + (stop.number if isinstance(stop, Stopped) else signal.SIGINT)


def end_without_threads(status: object) -> None:
    """End the process after a signal or an error without waiting for calls in flight of its threads.

    In an outage they may retry for minutes, although the command has said that it ends and how to resume it.

    Args:
        status: What the process would end with; after a success its threads are waited for.
    """
    if not any(
        thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate()
    ):
        return
    if _received:
        _end_now(_received[0])
    if isinstance(status, int) and status != 0:
        _exit(status)


def _end_now(number: int) -> None:
    _exit(128 + number)


def _exit(status: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def within(seconds: float, function: Callable[[], T]) -> T | None:
    """Return the result of a function, None if it takes longer: the caller must end soon."""
    results: list[T] = []
    thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
    thread.start()
    thread.join(seconds)
    return results[0] if results else None
