"""The retry budget, and the pause after "too many requests"."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from kognic.base_clients.http.limits import Gate, RetryBudget
from tests.base_clients.conftest import FakeTime


def test_budget_runs_empty_and_fills_up_again() -> None:
    budget = RetryBudget(12)

    assert [budget.spend(5), budget.spend(5), budget.spend(5)] == [True, True, False]
    budget.give_back(5)
    assert budget.spend(5)
    budget.give_back(1000)
    assert budget.tokens == 12


def test_no_budget_means_no_limit() -> None:
    budget = RetryBudget(None)
    assert all(budget.spend(1000) for _ in range(10))


def test_budget_is_exact_under_threads() -> None:
    """Never more is handed out than there is."""
    budget = RetryBudget(500)
    with ThreadPoolExecutor(8) as pool:
        spent = sum(pool.map(lambda _: budget.spend(1), range(2000)))

    assert (spent, budget.tokens) == (500, 0)


def test_gate_holds_until_the_latest_time(fake_time: FakeTime) -> None:
    gate = Gate()
    gate.wait(fake_time.clock)
    assert fake_time.sleeps == []

    gate.close_for(10, fake_time.clock)
    gate.close_for(3, fake_time.clock)
    start = fake_time.time
    gate.wait(fake_time.clock)
    assert fake_time.time >= start + 10
    assert fake_time.time <= start + 11


def test_gate_tells_when_it_opens_too_late(fake_time: FakeTime) -> None:
    gate = Gate()
    gate.close_for(10, fake_time.clock)
    assert not gate.wait(fake_time.clock, end=fake_time.time + 5)
    assert fake_time.sleeps == []
    assert gate.wait(fake_time.clock, end=fake_time.time + 15)
