"""Counting bytes: progress, stalls, being called off."""

from __future__ import annotations

import hashlib

import pytest

from kognic.base_clients.cloud_storage.meter import MIN_RATE, Cancelled, Meter
from kognic.base_clients.errors import StalledTransferError
from tests.base_clients.conftest import FakeTime


def test_counts_hashes_and_reports(fake_time: FakeTime) -> None:
    seen: list[int] = []
    meter = Meter("PUT u", window=60, clock=fake_time.clock, algorithm="md5", on_bytes=seen.append)
    meter.moved(3, b"abc")
    meter.moved(2, b"de")

    assert (meter.size, seen) == (5, [3, 2])
    assert meter.hasher is not None
    assert meter.hasher.digest() == hashlib.md5(b"abcde").digest()
    meter.take_back()
    assert sum(seen) == 0


def test_a_trickle_is_a_stall(fake_time: FakeTime) -> None:
    """Though something moves all the time, so that no socket times out."""
    meter = Meter("PUT https://h/a", window=60, clock=fake_time.clock)

    def trickle() -> None:
        for _ in range(100):
            fake_time.time += 1
            meter.moved(100)

    with pytest.raises(StalledTransferError, match=r"PUT https://h/a: .* below 1024 bytes/s"):
        trickle()


def test_slow_is_not_stalled(fake_time: FakeTime) -> None:
    meter = Meter("PUT u", window=60, clock=fake_time.clock)
    for _ in range(1000):
        fake_time.time += 1
        meter.moved(int(MIN_RATE * 1.1))


def test_a_pause_within_the_window_is_no_stall(fake_time: FakeTime) -> None:
    meter = Meter("PUT u", window=60, clock=fake_time.clock)
    for _ in range(10):
        meter.moved(1 << 20)
        fake_time.time += 59


def test_called_off(fake_time: FakeTime) -> None:
    meter = Meter("PUT u", window=60, clock=fake_time.clock)
    meter.moved(1)
    meter.interrupt()
    with pytest.raises(Cancelled):
        meter.moved(1)
