"""The recorded exchanges replay: same requests, same results, except for what is listed as intended."""

from __future__ import annotations

import functools

import pytest

from tests.wire.comparison import Finding
from tests.wire.intended_differences import INTENDED, Intended
from tests.wire.recordings import CASES, FILES, RECORDINGS
from tests.wire.replay import replay

# The findings of a case are needed by two tests; in one process each case is run once.
pytestmark = [pytest.mark.shared, pytest.mark.xdist_group("wire")]


CERTAIN = [entry for entry in INTENDED if not entry.sometimes]


@functools.cache
def findings(name: str) -> tuple[Finding, ...]:
    return tuple(replay(CASES[name], FILES))


@pytest.fixture(autouse=True)
def _recordings_are_there() -> None:
    if not CASES:
        pytest.skip(f"no recorded exchanges in {RECORDINGS}")


@pytest.mark.parametrize("name", CASES)
def test_replay(name: str) -> None:
    """A recorded case differs in nothing that is not listed in intended_differences."""
    unexplained = [f for f in findings(name) if not any(entry.covers(f) for entry in INTENDED)]

    assert not unexplained, "\n" + "\n".join(map(str, unexplained))


@pytest.mark.parametrize("entry", CERTAIN, ids=lambda entry: entry.reason[:60])
def test_intended_difference_occurs(entry: Intended) -> None:
    """The list of intended differences holds nothing that is not so (any more)."""
    covered = [f for name in CASES for f in findings(name) if entry.covers(f)]

    assert covered, f"nothing differs in this way any more: {entry}"
