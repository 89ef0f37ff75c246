"""The decision "again, and when", as tables."""

from __future__ import annotations

import itertools
import time

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from kognic._core.retrying import parse_retry_after
from kognic.auth.errors import TokenConnectionError, TokenError
from kognic.base_clients import errors
from kognic.base_clients.http.operations import Effect
from kognic.base_clients.http.retry import (
    Outcome,
    RetryPolicy,
    Verdict,
    decide,
    failure_of,
    status_outcome,
)

AGAIN, LOOK_UP, DOUBT, STOP = Verdict.AGAIN, Verdict.LOOK_UP, Verdict.DOUBT, Verdict.STOP
TABLE = {
    (Effect.READ, Outcome.NOTHING_DONE): AGAIN,
    (Effect.READ, Outcome.MAYBE_DONE): AGAIN,
    (Effect.READ, Outcome.PERMANENT): STOP,
    (Effect.IDEMPOTENT, Outcome.NOTHING_DONE): AGAIN,
    (Effect.IDEMPOTENT, Outcome.MAYBE_DONE): AGAIN,
    (Effect.IDEMPOTENT, Outcome.PERMANENT): STOP,
    (Effect.LOOKED_UP, Outcome.NOTHING_DONE): AGAIN,
    (Effect.LOOKED_UP, Outcome.MAYBE_DONE): LOOK_UP,
    (Effect.LOOKED_UP, Outcome.PERMANENT): STOP,
    (Effect.UNREPEATABLE, Outcome.NOTHING_DONE): AGAIN,
    (Effect.UNREPEATABLE, Outcome.MAYBE_DONE): DOUBT,
    (Effect.UNREPEATABLE, Outcome.PERMANENT): STOP,
}
MAYBE = {408, 500, 502, 504, 507, 509, 598, 599}
NOTHING = {429, 503}


def api_error(status: int, **headers: str) -> errors.ApiError:
    response = requests.Response()
    response.status_code = status
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    response._content = b""
    return errors.api_error(response, method="GET", url="u")


def test_table_is_complete() -> None:
    assert set(TABLE) == set(itertools.product(Effect, Outcome))


@pytest.mark.parametrize(("effect", "outcome"), TABLE)
def test_decide(effect: Effect, outcome: Outcome) -> None:
    assert decide(effect, outcome) is TABLE[effect, outcome]


@pytest.mark.parametrize("status", [*range(400, 430), *range(500, 512), 598, 599])
def test_status_outcome(status: int) -> None:
    """Only what passes by itself is repeated; only 429 and 503 prove that nothing was done."""
    expected = Outcome.MAYBE_DONE if status in MAYBE else Outcome.PERMANENT
    assert status_outcome(status) is (Outcome.NOTHING_DONE if status in NOTHING else expected)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (api_error(404), Outcome.PERMANENT),
        (api_error(501), Outcome.PERMANENT),
        (api_error(502), Outcome.MAYBE_DONE),
        (api_error(429), Outcome.NOTHING_DONE),
        (errors.ConnectionFailedError("", sent=False), Outcome.NOTHING_DONE),
        (errors.ConnectionFailedError("", sent=True), Outcome.MAYBE_DONE),
        (errors.ConnectionFailedError("", sent=False, permanent=True), Outcome.PERMANENT),
        (errors.RequestTimeoutError("", sent=True), Outcome.MAYBE_DONE),
        (errors.ConnectTimedOutError("", sent=False), Outcome.NOTHING_DONE),
        (errors.ResponseDecodeError("", "", 0), Outcome.MAYBE_DONE),
        (errors.IntegrityError(""), Outcome.MAYBE_DONE),
        (errors.ResponseTooLargeError(""), Outcome.PERMANENT),
        (errors.SourceChangedError(""), Outcome.PERMANENT),
        (requests.exceptions.MissingSchema(""), Outcome.PERMANENT),
        (ValueError(), Outcome.PERMANENT),
        # Retried where the token was fetched.
        (TokenConnectionError("token"), Outcome.PERMANENT),
        (TokenError("refused"), Outcome.PERMANENT),
    ],
)
def test_failure_of(error: Exception, outcome: Outcome) -> None:
    assert failure_of(error).outcome is outcome


@pytest.mark.parametrize(("status", "outcome"), [(503, Outcome.NOTHING_DONE), (401, Outcome.PERMANENT)])
def test_failure_of_the_token_request(status: int, outcome: Outcome) -> None:
    """An HTTPError that is not ours comes from fetching the token: the call itself was never sent."""
    error = requests.HTTPError(response=api_error(status).response)

    assert failure_of(error).outcome is outcome


def test_failure_keeps_what_waiting_needs() -> None:
    limited = failure_of(api_error(429, Retry_After="7"))
    assert (limited.retry_after, limited.rate_limited, limited.timed_out) == ("7", True, False)
    assert failure_of(errors.RequestTimeoutError("")).timed_out


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("Thu, 01 Jan 1970 00:20:00 GMT", 200.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        (None, None),
        ("nan", None),
        ("inf", None),
        ("Thu, 99 Foo 1970", None),
    ],
)
def test_parse_retry_after(value: str | None, seconds: float | None) -> None:
    """Both forms of the header; rubbish counts as absent."""
    assert parse_retry_after(value, now=1000.0) == seconds


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of the process cannot be set here")
@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:20:00 -0000", "Thu Jan  1 00:20:00 1970"])
def test_dates_without_a_zone_are_in_gmt(date: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever this machine is."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert parse_retry_after(date, now=1000.0) == 200.0
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.text())
def test_no_header_confuses_parse_retry_after(value: str) -> None:
    seconds = parse_retry_after(value, now=1000.0)
    assert seconds is None or 0 <= seconds < float("inf")


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_waits_grow_up_to_the_maximum(chance: float) -> None:
    policy = RetryPolicy(first_wait=1.0, max_wait=10.0)
    waits = [policy.wait(attempt, None, chance) for attempt in range(1, 8)]

    assert waits == sorted(waits)
    for wait, full in zip(waits, [1, 2, 4, 8, 10, 10, 10], strict=True):
        assert full / 2 <= wait <= full


def test_wait_honours_retry_after_within_bounds() -> None:
    policy = RetryPolicy(first_wait=1.0, max_wait=10.0, max_retry_after=60.0)

    assert 20.0 <= policy.wait(1, 20.0, 0.5) <= 21.0
    assert 60.0 <= policy.wait(1, 3600.0, 0.5) <= 61.0
    assert policy.wait(1, 0.0, 0.5) == policy.wait(1, None, 0.5)
    assert policy.wait(1, 0.2, 0.0) >= 0.2


def test_wait_of_zero_for_a_maximum_of_zero() -> None:
    policy = RetryPolicy(max_wait=0)
    assert [policy.wait(attempt, None, 0.9) for attempt in (1, 5, 500)] == [0, 0, 0]


def test_wait_survives_many_attempts() -> None:
    assert RetryPolicy(max_wait=30).wait(100_000, None, 0.5) <= 30
    assert RetryPolicy.official().wait(100_000, None, 0.5) == 60


def test_official_policy() -> None:
    """Eleven attempts, about 1, 2, 4 ... 60 seconds apart, for everything, permanent statuses included."""
    policy = RetryPolicy.official()

    assert policy.max_attempts == 11
    assert [round(policy.wait(n, 999.0, 0.25), 2) for n in range(1, 9)] == [
        1.25,
        2.25,
        4.25,
        8.25,
        16.25,
        32.25,
        60,
        60,
    ]
    for effect in Effect:
        assert policy.verdict(effect, api_error(501)) is AGAIN
        assert policy.verdict(effect, errors.RequestTimeoutError("")) is AGAIN
        assert policy.verdict(effect, api_error(404)) is STOP
        assert policy.verdict(effect, errors.ResponseDecodeError("", "", 0)) is STOP
    assert policy.budget is None
    assert policy.deadline is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_attempts": 0}, "max_attempts is 0, must be at least 1"),
        ({"max_wait": -1}, "max_wait is -1, must be 0 or more"),
        ({"deadline": float("nan")}, "deadline is nan"),
        ({"lookup_window": -1}, "lookup_window is -1"),
    ],
)
def test_policy_refuses_nonsense(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RetryPolicy(**options)  # type: ignore[arg-type]
