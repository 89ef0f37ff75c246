"""Whether an object is older or newer than a call, by the platform's clock and this machine's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from kognic.base_clients.http.limits import REMEMBERED, CreatedNames, PlatformClock
from kognic.base_clients.http.lookups import CallStart, ids_of

NOW = datetime(2026, 3, 1, 12, 0, 0, 500_900, tzinfo=UTC)


def start(*, ahead: float = 0.0, date: str | None = None) -> CallStart:
    """A call that began at `NOW`, half a second before the answer; this machine's clock is ahead."""
    clock = PlatformClock()
    answered = NOW + timedelta(seconds=0.5)
    clock.note(date if date is not None else format_datetime(answered, usegmt=True), moment=100.5)
    return CallStart(100.0, NOW.timestamp() + ahead, clock)


@pytest.mark.parametrize(
    ("created", "older", "newer"),
    [
        ("2026-03-01T12:00:00.500Z", False, True),  # in the very millisecond
        ("2026-03-01T12:00:00.499Z", False, False),  # perhaps; neither is certain
        ("2026-03-01T11:59:50.000Z", True, False),
        ("2026-03-01T13:00:00.700+01:00", False, True),
        ("2026-03-01T12:00:00.700", False, False),  # without a zone
        ("yesterday", False, False),
        (None, False, False),
        (1772366400, False, False),
    ],
)
def test_both_clocks_agree(created: object, older: bool, newer: bool) -> None:
    assert (start().is_after(created), start().is_before(created)) == (older, newer)


@pytest.mark.parametrize("ahead", [-3600, -7, 7, 3600])
def test_a_wrong_clock_of_this_machine_proves_nothing(ahead: float) -> None:
    """The platform's own clock still tells what is older."""
    call = start(ahead=ahead)

    assert not call.is_before("2026-03-01T12:00:00.700Z")
    assert not call.is_before("2026-03-01T11:00:00.700Z")
    assert call.is_after("2026-03-01T11:00:00.700Z")


@pytest.mark.parametrize("date", ["", "soon", "Sun, 99 Mar 2026 12:00:00 GMT"])
def test_an_unreadable_date_proves_nothing(date: str) -> None:
    call = start(date=date)

    assert not call.is_after("2020-01-01T00:00:00Z")
    assert not call.is_before("2026-03-01T12:00:00.700Z")


def test_no_answer_yet_proves_nothing() -> None:
    call = CallStart(100.0, NOW.timestamp(), PlatformClock())

    assert not call.is_after("2020-01-01T00:00:00Z")
    assert not call.is_before("2026-03-01T12:00:00.700Z")


def test_a_machine_that_was_suspended_during_the_call() -> None:
    """Its monotonic clock stood still for an hour, in which the platform created the object."""
    clock = PlatformClock()
    clock.note(format_datetime(NOW, usegmt=True), moment=100.0)
    call = CallStart(100.0, NOW.timestamp(), clock)
    clock.note(format_datetime(NOW + timedelta(hours=1), usegmt=True), moment=101.0)
    created = (NOW + timedelta(seconds=1)).isoformat()

    assert not call.is_after(created)
    assert call.is_before(created)
    assert call.is_after((NOW - timedelta(seconds=10)).isoformat())


def test_created_names_are_bounded() -> None:
    """The oldest are forgotten first."""
    names = CreatedNames()
    names.add(["first"])
    names.add(map(str, range(REMEMBERED)))

    assert not names.has_any(["first"])
    assert names.has_any(["unknown", "0"])


@pytest.mark.parametrize(
    ("answer", "ids"),
    [
        ({"id": "a"}, ["a"]),
        ({"uuid": "u", "id": 7}, ["u"]),
        ([{"uuid": "u"}, {"uuid": "v"}], ["u", "v"]),
        (None, []),
        ("text", []),
        ([1, {}], []),
    ],
)
def test_ids_of(answer: object, ids: list[str]) -> None:
    assert ids_of(answer) == ids
