"""No call takes longer to give up than with the official client, with default arguments.

Both clients are black boxes whose clocks run fast. `python -m benchmarks.giving_up` compares more calls and
faults; here are those that take no real time.
"""

from __future__ import annotations

import pytest

from benchmarks.giving_up import measure
from tests.interop.environments import Environment, ours

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.xdist_group("interop")]

# What starting a process and its threads may take of the clock on a busy machine.
SLACK = 10.0


@pytest.mark.parametrize("fault", ["503", "token", "refused"])
@pytest.mark.parametrize("call", ["read", "create"])
def test_seconds_until_a_call_gives_up(call: str, fault: str, official_io: Environment) -> None:
    """By the clocks of the two processes."""
    theirs = measure(official_io, fault, call)
    own = measure(ours(), fault, call)

    assert theirs.error
    assert own.error
    assert own.seconds <= theirs.seconds + SLACK


@pytest.mark.parametrize(("fault", "requests"), [("html", 2), ("token", 4)])
def test_requests_until_a_call_gives_up(fault: str, requests: int) -> None:
    """One more attempt at an answer that cannot be decoded; four token requests in all."""
    assert measure(ours(), fault, "read").requests == requests
