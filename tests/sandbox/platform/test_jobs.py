"""The platform's own threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from kognic.sandbox.platform.jobs import Jobs


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs(2)
    yield jobs
    jobs.close()


def test_threads_start_with_the_first_job(jobs: Jobs) -> None:
    """A platform that does nothing has no threads; closing ends those it has."""
    before = threading.active_count()
    assert jobs.wait(0)

    done = threading.Event()
    jobs.add(done.set)

    assert done.wait(10)
    jobs.close()
    assert threading.active_count() == before
    jobs.add(lambda: pytest.fail("nothing runs after the end"))


def test_order() -> None:
    """What is due earlier runs earlier; of two that are due at once, the first one."""
    seen: list[int] = []
    one = Jobs(1)
    one.hold(True)
    one.add(lambda: seen.append(100), 0.01)
    for number in range(50):
        one.add(lambda number=number: seen.append(number))
    assert not one.wait(0.05)
    assert seen == [], "a held scheduler does nothing"

    one.hold(False)

    assert one.wait(10)
    assert seen == [*range(50), 100]
    one.close()


def test_a_failing_job_is_told(jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and others go on."""
    done = threading.Event()
    with caplog.at_level(logging.ERROR):
        jobs.add(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
        jobs.add(done.set)
        assert done.wait(10)
        assert jobs.wait(10)

    assert "a background job of the sandbox failed" in caplog.text


def test_wait_times_out(jobs: Jobs) -> None:
    """Waiting tells when it was in vain."""
    jobs.add(lambda: None, 60)

    assert jobs.wait(0) is False
    jobs.clear()
    assert jobs.wait(0) is True
