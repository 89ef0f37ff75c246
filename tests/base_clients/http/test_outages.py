"""Reports of outages while threads retry or wait: what counts as silence, and what is said about it."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from kognic._core.moments import moment
from kognic.base_clients.http.attempts import Attempts
from kognic.base_clients.http.breaker import FAILING, SILENT, SILENT_TRANSFER, Breaker
from kognic.base_clients.http.limits import SharedLimits
from kognic.base_clients.http.operations import Effect
from kognic.base_clients.http.outages import Lookout
from kognic.base_clients.http.retry import RetryPolicy
from tests.base_clients.conftest import FakeTime
from tests.base_clients.http.test_attempts import status_error


def test_no_calls_are_no_silence(fake_time: FakeTime) -> None:
    breaker = Breaker(clock=fake_time.clock)
    fake_time.sleep(1e6)
    assert breaker.silence() is None


@pytest.mark.parametrize(("is_transfer", "seconds"), [(False, SILENT), (True, SILENT_TRANSFER)])
def test_calls_without_an_answer(fake_time: FakeTime, is_transfer: bool, seconds: float) -> None:
    """Silence counts from the last answer to any call of the client, and ends with the next one."""
    breaker, began = Breaker(clock=fake_time.clock), fake_time.time
    breaker.begin("a", is_transfer=is_transfer)
    fake_time.sleep(seconds - 1)
    assert breaker.silence() is None
    breaker.succeeded()
    fake_time.sleep(seconds - 1)
    assert breaker.silence() is None
    fake_time.sleep(1)
    silence = breaker.silence()
    assert silence is not None
    answered = began + seconds - 1
    assert (silence.began, silence.since) == (answered, answered)
    assert silence.reason == f"no response for {seconds:.0f} s"
    breaker.succeeded()
    assert breaker.silence() is None
    fake_time.sleep(seconds)
    breaker.end("a")
    assert breaker.silence() is None


def test_failures_without_an_answer(fake_time: FakeTime) -> None:
    """A few seconds of failures are enough, long before the breaker opens."""
    breaker, began = Breaker(clock=fake_time.clock), fake_time.time
    breaker.failed("503 for a test")
    fake_time.sleep(FAILING / 2)
    breaker.failed("502 for a test")
    assert breaker.silence() is None
    fake_time.sleep(FAILING / 2)
    silence = breaker.silence()
    assert silence is not None
    assert (breaker.is_open, silence.since, silence.reason) == (False, began, "502 for a test")


def test_a_client_that_was_told_to_wait(fake_time: FakeTime) -> None:
    """The reason is the 429, not only that nothing comes."""
    limits = SharedLimits(clock=fake_time.clock)
    seen: list[str] = []

    def attempt(_: float | None) -> str:
        if not seen:
            seen.append("429")
            raise status_error(429, **{"Retry-After": "20"})
        return "result"

    def sleep(seconds: float) -> None:
        fake_time.sleep(seconds / 2)
        silence = limits.breaker.silence()
        seen.append("" if silence is None else silence.reason)
        fake_time.sleep(seconds / 2)

    clock = attrs.evolve(fake_time.clock, sleep=sleep)
    attempts = Attempts(
        attempt, policy=RetryPolicy(), effect=Effect.READ, limits=limits, name="GET things", clock=clock
    )
    assert attempts.run() == "result"
    assert seen[1].startswith("RateLimitedError: 429")
    assert limits.breaker.silence() is None


def test_lookout_reports_an_outage_once(fake_time: FakeTime) -> None:
    """Whatever the calls wait for; and then its end, when an answer has come."""
    said: list[str] = []
    breaker, began = Breaker(clock=fake_time.clock), fake_time.time
    lookout = Lookout(breaker, said.append, limit=1800, clock=fake_time.clock)
    breaker.begin("a")
    for _ in range(10):
        fake_time.sleep(1)
        lookout.glance()
    since = moment(datetime.fromtimestamp(began, UTC))
    assert "".join(said) == (
        f"The platform has not answered since {since}: no response for {SILENT:.0f} s. "
        "Waiting for up to 30 min; the work resumes by itself"
    )
    breaker.failed("503 for a test")
    lookout.glance()
    breaker.end("a")
    lookout.glance()
    assert len(said) == 1
    fake_time.sleep(1)
    breaker.succeeded()
    lookout.glance()
    assert said[1:] == ["The platform answers again after 11 s; resuming"]


def test_one_lookout_of_a_client_reports(fake_time: FakeTime) -> None:
    """Waiting calls inside of other work do not repeat its report; the end is reported, too."""
    outer, inner = list[str](), list[str]()
    breaker = Breaker(1)
    with Lookout(breaker, outer.append) as lookout:
        breaker.failed("503 for a test")
        with Lookout(breaker, inner.append):
            lookout.glance()
        breaker.succeeded()
    assert [text[:29] for text in outer] == [
        "The platform has not answered",
        "The platform answers again af",
    ]
    assert inner == []
    with Lookout(breaker, inner.append) as lookout:
        breaker.failed("503 for a test")
        lookout.glance()
    assert len(inner) == 1
