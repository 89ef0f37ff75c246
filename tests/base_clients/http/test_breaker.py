"""The circuit breaker: when it opens and closes, and how long-running work waits for it."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest

from kognic.base_clients import errors
from kognic.base_clients.http.attempts import Attempts
from kognic.base_clients.http.breaker import FAILURES_UNTIL_OPEN, Breaker, BreakerState
from kognic.base_clients.http.limits import SharedLimits
from kognic.base_clients.http.operations import Effect
from kognic.base_clients.http.retry import RetryPolicy
from tests.base_clients.conftest import FakeTime


def opened(fake_time: FakeTime) -> Breaker:
    breaker = Breaker(1, clock=fake_time.clock)
    breaker.failed("503 for a test")
    return breaker


def test_it_opens_after_failures_in_a_row(fake_time: FakeTime) -> None:
    breaker = Breaker(3, clock=fake_time.clock)
    began = fake_time.time
    breaker.failed("first")
    fake_time.sleep(5)
    breaker.failed("second")
    assert not breaker.is_open

    breaker.failed("third")
    assert breaker.state == BreakerState(True, began, 3, "third")


def test_an_answer_in_between_starts_the_row_anew(fake_time: FakeTime) -> None:
    breaker = Breaker(2, clock=fake_time.clock)
    breaker.failed("first")
    breaker.succeeded()
    breaker.failed("second")

    assert (breaker.is_open, breaker.state.failures) == (False, 1)


def test_an_empty_budget_opens_it_at_once(fake_time: FakeTime) -> None:
    breaker = Breaker(100, clock=fake_time.clock)
    breaker.failed("503", budget_empty=True)

    assert breaker.is_open


def test_a_closed_one_is_not_waited_for(fake_time: FakeTime) -> None:
    assert not Breaker(clock=fake_time.clock).wait_until_back(lambda: pytest.fail("probed"))


def test_waiting_ends_when_a_probe_succeeds(fake_time: FakeTime) -> None:
    breaker = opened(fake_time)
    answers = iter([errors.ConnectionFailedError("away"), errors.ConnectionFailedError("away"), None])
    told: list[BreakerState] = []

    def probe() -> None:
        assert breaker.is_probing
        answer = next(answers)
        if answer is not None:
            raise answer

    assert breaker.wait_until_back(probe, on_away=told.append)
    assert not breaker.is_open
    assert not breaker.is_probing
    assert [state.reason for state in told] == ["503 for a test"]


def test_probes_come_less_and_less_often(fake_time: FakeTime) -> None:
    """A long outage is not answered with a storm of probes."""
    breaker = opened(fake_time)
    times: list[float] = []

    def probe() -> None:
        times.append(fake_time.time)
        raise errors.ConnectionFailedError("away")

    with pytest.raises(errors.PlatformAwayError):
        breaker.wait_until_back(probe, patience=600)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert max(gaps) <= 31
    assert gaps[:4] == sorted(gaps[:4])
    assert len(times) < 40


def test_patience_ends(fake_time: FakeTime) -> None:
    breaker = opened(fake_time)

    def probe() -> None:
        raise errors.ConnectionFailedError("away")

    with pytest.raises(errors.PlatformAwayError, match=r"within 100 s.*503 for a test") as caught:
        breaker.wait_until_back(probe, patience=100)
    assert caught.value.since == breaker.state.since
    assert isinstance(caught.value, errors.KognicError)


def test_cancelling_ends_the_wait(fake_time: FakeTime) -> None:
    cancelled = threading.Event()
    cancelled.set()

    with pytest.raises(errors.PlatformAwayError, match="Stopped"):
        opened(fake_time).wait_until_back(lambda: None, cancelled=cancelled)


@pytest.mark.slow
def test_an_answer_to_another_call_ends_the_wait_of_all() -> None:
    """Real threads: none of them probes successfully, but a call of the client gets through."""
    breaker = Breaker(1)
    breaker.failed("away")

    def probe() -> None:
        raise errors.ConnectionFailedError("away")

    waited: list[bool] = []
    threads = [
        threading.Thread(target=lambda: waited.append(breaker.wait_until_back(probe, patience=30)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    breaker.succeeded()
    for thread in threads:
        thread.join(20)
    assert len(waited) == 4


class TestFedByCalls:
    def run(self, fake_time: FakeTime, limits: SharedLimits, error: Exception) -> None:
        def attempt(_: float | None) -> Any:
            raise error

        attempts: Attempts[Any] = Attempts(
            attempt,
            policy=RetryPolicy(),
            effect=Effect.READ,
            limits=limits,
            name="GET things",
            clock=fake_time.clock,
        )
        with pytest.raises(type(error)):
            attempts.run()
        self.made = attempts.made

    def test_an_outage_opens_it(self, fake_time: FakeTime) -> None:
        limits = SharedLimits(clock=fake_time.clock)
        for _ in range(2):
            self.run(fake_time, limits, errors.ConnectionFailedError("refused", sent=False))

        assert limits.breaker.is_open
        assert limits.breaker.state.failures >= FAILURES_UNTIL_OPEN

    def test_errors_about_the_content_are_answers(self, fake_time: FakeTime) -> None:
        limits = SharedLimits(clock=fake_time.clock)
        limits.breaker.failed("away")
        self.run(fake_time, limits, errors.ModelValidationError("no page"))

        assert limits.breaker.state.since is None

    def test_a_probe_makes_one_attempt(self, fake_time: FakeTime) -> None:
        limits = SharedLimits(clock=fake_time.clock)
        limits.breaker.failed("away", budget_empty=True)

        def probe() -> None:
            self.run(fake_time, limits, errors.ConnectionFailedError("refused", sent=False))
            raise errors.ConnectionFailedError("refused", sent=False)

        with pytest.raises(errors.PlatformAwayError):
            limits.breaker.wait_until_back(probe, patience=2)
        assert self.made == 1
