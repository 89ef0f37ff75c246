"""Running a call to its end: repetition, waiting, lookups, budget, deadline."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from kognic.auth.errors import TokenConnectionError
from kognic.base_clients import errors
from kognic.base_clients.http.attempts import Attempts
from kognic.base_clients.http.limits import SharedLimits
from kognic.base_clients.http.lookups import UNDECIDED, Lookup
from kognic.base_clients.http.operations import Effect
from kognic.base_clients.http.retry import RetryPolicy
from tests.base_clients.conftest import FakeTime

REFUSED = errors.ConnectionFailedError("refused", sent=False)
BROKEN = errors.ConnectionFailedError("broken", sent=True)


def status_error(status: int, **headers: str) -> errors.ApiError:
    response = requests.Response()
    response.status_code = status
    response._content = b""
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return errors.api_error(response, method="POST", url="u")


class Call:
    """A call that has these outcomes, one after the other."""

    def __init__(self, fake_time: FakeTime, *outcomes: Any, **options: Any) -> None:
        self.outcomes = list(outcomes)
        self.attempts: Attempts[Any] = Attempts(
            self.attempt,
            policy=options.pop("policy", RetryPolicy()),
            effect=options.pop("effect", Effect.READ),
            limits=options.pop("limits", SharedLimits()),
            name="POST v1/things",
            clock=fake_time.clock,
            **options,
        )

    def attempt(self, left: float | None) -> Any:
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def run(self) -> Any:
        return self.attempts.run()


POLL_ONCE = RetryPolicy(lookup_window=0)


def finds(*found: Any) -> tuple[Callable[[], Any], list[Any]]:
    left = list(found)

    def lookup() -> Any:
        result = left.pop(0)
        if isinstance(result, BaseException):
            raise result
        return result

    return lookup, left


def test_success_at_once_waits_for_nothing(fake_time: FakeTime) -> None:
    call = Call(fake_time, "done")

    assert call.run() == "done"
    assert (call.attempts.made, fake_time.sleeps) == (1, [])


def test_reads_are_repeated_after_transient_failures(fake_time: FakeTime) -> None:
    call = Call(fake_time, BROKEN, status_error(500), status_error(507), "done")

    assert call.run() == "done"
    assert call.attempts.made == 4
    assert fake_time.sleeps == [0.375, 0.75, 1.5]


def test_an_answer_that_is_no_json_gets_one_more_attempt(fake_time: FakeTime) -> None:
    """A login page stays; a gateway's hiccup does not."""
    page = errors.ResponseDecodeError("a page", "", 0)
    assert Call(fake_time, page, "done").run() == "done"

    call = Call(fake_time, page, page, "never")
    with pytest.raises(errors.ResponseDecodeError):
        call.run()
    assert call.attempts.made == 2


def test_a_token_error_is_not_retried_again(fake_time: FakeTime) -> None:
    """The token request has been retried already, where it was made."""
    call = Call(fake_time, TokenConnectionError("no token"), "never")

    with pytest.raises(TokenConnectionError):
        call.run()
    assert call.attempts.made == 1


def test_permanent_failures_are_raised_at_once(fake_time: FakeTime) -> None:
    call = Call(fake_time, status_error(404))

    with pytest.raises(errors.NotFoundError):
        call.run()
    assert fake_time.sleeps == []


def test_last_error_is_raised_when_attempts_run_out(fake_time: FakeTime) -> None:
    call = Call(fake_time, REFUSED, REFUSED, status_error(503), policy=RetryPolicy(max_attempts=3))

    with pytest.raises(errors.ServerError) as raised:
        call.run()
    assert raised.value.attempts == 3
    assert len(fake_time.sleeps) == 2


def test_retry_after_decides_the_wait(fake_time: FakeTime) -> None:
    call = Call(fake_time, status_error(503, Retry_After="17"), "done")

    call.run()
    assert 17 <= fake_time.sleeps[0] <= 18


def test_dates_are_those_of_the_platform(fake_time: FakeTime) -> None:
    """The clock of this machine, which is days off here, has nothing to say about a `Retry-After` date."""
    asked = {"Retry_After": "Thu, 01 Jan 1970 00:20:17 GMT", "Date": "Thu, 01 Jan 1970 00:20:00 GMT"}
    call = Call(fake_time, status_error(503, **asked), "done")

    call.run()
    assert 17 <= fake_time.sleeps[0] <= 18


def test_deadline_ends_the_call_before_a_wait_that_would_pass_it(fake_time: FakeTime) -> None:
    policy = RetryPolicy(deadline=30.0)
    call = Call(
        fake_time, status_error(503, Retry_After="20"), status_error(503, Retry_After="20"), policy=policy
    )
    start = fake_time.time

    with pytest.raises(errors.ServerError):
        call.run()
    assert fake_time.time - start <= 30


def test_attempts_know_the_time_that_is_left(fake_time: FakeTime) -> None:
    seen: list[float | None] = []

    def attempt(left: float | None) -> str:
        seen.append(left)
        if len(seen) == 1:
            raise REFUSED
        return "done"

    Attempts(
        attempt,
        policy=RetryPolicy(deadline=100.0),
        effect=Effect.READ,
        limits=SharedLimits(),
        name="x",
        clock=fake_time.clock,
    ).run()
    assert seen[0] == 100.0
    assert seen[1] is not None
    assert seen[1] < 100.0


def test_an_outage_becomes_quick_failures(fake_time: FakeTime) -> None:
    """The budget is shared: after the first calls have used it up, the others fail at their first failure."""
    limits = SharedLimits(100)
    made = []
    for _ in range(10):
        call = Call(fake_time, *[REFUSED] * 20, limits=limits)
        with pytest.raises(errors.ConnectionFailedError):
            call.run()
        made.append(call.attempts.made)

    assert made == [11, 11, 1, 1, 1, 1, 1, 1, 1, 1]


def test_successes_pay_back(fake_time: FakeTime) -> None:
    limits = SharedLimits(10)
    Call(fake_time, REFUSED, "done", limits=limits).run()
    assert limits.budget.tokens == 10

    with pytest.raises(errors.ConnectionFailedError):
        Call(fake_time, REFUSED, REFUSED, limits=limits, policy=RetryPolicy(max_attempts=2)).run()
    Call(fake_time, "done", limits=limits).run()
    assert limits.budget.tokens == 6


def test_time_outs_cost_more(fake_time: FakeTime) -> None:
    limits = SharedLimits(10)
    late = errors.RequestTimeoutError("late")
    call = Call(fake_time, late, late, "never", limits=limits)

    with pytest.raises(errors.RequestTimeoutError):
        call.run()
    assert call.attempts.made == 2


def test_a_pause_beyond_the_deadline_ends_the_call(fake_time: FakeTime) -> None:
    """Nothing is sent; waiting for longer than was allowed would be no answer."""
    limits = SharedLimits()
    limits.gate.close_for(120, fake_time.clock)
    call = Call(fake_time, "never", limits=limits, policy=RetryPolicy(deadline=60))

    with pytest.raises(
        errors.RequestTimeoutError, match=r"not sent, .*slow down \(429\).*60 s allows"
    ) as caught:
        call.run()
    assert not caught.value.sent
    assert (call.attempts.made, fake_time.sleeps) == (0, [])


def test_rate_limit_slows_the_other_calls_too(fake_time: FakeTime) -> None:
    """After a 429 no call of the client begins before the pause is over."""
    limits = SharedLimits()
    began: list[float] = []

    def other(_: float | None) -> None:
        began.append(fake_time.time)

    def attempt(_: float | None) -> str:
        raise status_error(429, Retry_After="30")

    start = fake_time.time
    options: dict[str, Any] = {"effect": Effect.READ, "limits": limits, "clock": fake_time.clock, "name": "x"}
    with pytest.raises(errors.RateLimitedError):
        Attempts(attempt, policy=RetryPolicy(max_attempts=2, deadline=None), **options).run()
    Attempts(other, policy=RetryPolicy(), **options).run()

    assert began[0] >= start + 60


@pytest.mark.parametrize("failure", [REFUSED, status_error(429), status_error(503)], ids=str)
@pytest.mark.parametrize("effect", [Effect.UNREPEATABLE, Effect.LOOKED_UP])
def test_creations_are_repeated_when_nothing_was_done(
    effect: Effect, failure: Exception, fake_time: FakeTime
) -> None:
    assert Call(fake_time, failure, "made", effect=effect).run() == "made"


@pytest.mark.parametrize(
    "failure",
    [BROKEN, errors.RequestTimeoutError("late"), *map(status_error, (500, 502, 504))],
    ids=lambda failure: str(failure)[:20],
)
class TestAmbiguousFailure:
    """The platform may have done it and lost the answer."""

    def test_unrepeatable_is_left_in_doubt(self, failure: Exception, fake_time: FakeTime) -> None:
        call = Call(fake_time, failure, "never", effect=Effect.UNREPEATABLE)

        with pytest.raises(
            errors.AmbiguousWriteError, match="POST v1/things may or may not have been"
        ) as raised:
            call.run()
        assert raised.value.__cause__ is failure
        assert raised.value.operation == "POST v1/things"
        assert call.outcomes == ["never"]

    def test_what_is_found_is_the_result(self, failure: Exception, fake_time: FakeTime) -> None:
        lookup, left = finds("found")
        call = Call(fake_time, failure, "never", effect=Effect.LOOKED_UP, lookup=lookup)

        assert call.run() == "found"
        assert (call.outcomes, left) == (["never"], [])

    def test_what_appears_late_is_found(self, failure: Exception, fake_time: FakeTime) -> None:
        """The platform may still be working when it is asked the first time."""
        lookup, _ = finds(None, "found")

        assert Call(fake_time, failure, "never", effect=Effect.LOOKED_UP, lookup=lookup).run() == "found"

    def test_what_is_not_there_is_created_again(self, failure: Exception, fake_time: FakeTime) -> None:
        """The client polls for the whole window before it creates a unique object again."""
        call = Call(fake_time, failure, "made", effect=Effect.LOOKED_UP, lookup=lambda: None)

        assert call.run() == "made"
        assert 30 <= sum(fake_time.sleeps[:-1]) <= 31

    def test_what_could_be_doubled_is_not_created_again(
        self, failure: Exception, fake_time: FakeTime
    ) -> None:
        call = Call(fake_time, failure, "never", effect=Effect.LOOKED_UP, lookup=Lookup(lambda: None))

        with pytest.raises(errors.AmbiguousWriteError, match="did not appear within 30 s"):
            call.run()
        assert call.outcomes == ["never"]

    def test_a_lookup_that_fails_leaves_the_doubt(self, failure: Exception, fake_time: FakeTime) -> None:
        lookup, _ = finds(status_error(500))
        call = Call(fake_time, failure, "never", effect=Effect.LOOKED_UP, lookup=lookup)

        with pytest.raises(errors.AmbiguousWriteError) as raised:
            call.run()
        assert raised.value.__cause__ is failure

    def test_without_a_lookup_there_is_doubt(self, failure: Exception, fake_time: FakeTime) -> None:
        with pytest.raises(errors.AmbiguousWriteError):
            Call(fake_time, failure, "never", effect=Effect.LOOKED_UP).run()

    def test_the_last_attempt_is_looked_up_as_well(self, failure: Exception, fake_time: FakeTime) -> None:
        """No creation is forgotten because attempts ran out."""
        lookup, _ = finds(None, "found")
        policy = RetryPolicy(max_attempts=2, lookup_window=0)
        call = Call(fake_time, failure, failure, effect=Effect.LOOKED_UP, lookup=lookup, policy=policy)

        assert call.run() == "found"

    def test_absent_for_certain_gives_the_plain_error(self, failure: Exception, fake_time: FakeTime) -> None:
        policy = RetryPolicy(max_attempts=1, lookup_window=0)
        call = Call(fake_time, failure, effect=Effect.LOOKED_UP, lookup=lambda: None, policy=policy)

        with pytest.raises(type(failure)):
            call.run()


def test_a_lookup_may_say_itself_that_it_cannot_tell(fake_time: FakeTime) -> None:
    """Its own words are better than any that could be made up here."""
    doubt = errors.AmbiguousWriteError("two objects have that name", operation="POST v1/things")
    lookup, _ = finds(doubt)

    with pytest.raises(errors.AmbiguousWriteError, match="two objects have that name"):
        Call(fake_time, BROKEN, effect=Effect.LOOKED_UP, lookup=lookup).run()


def test_a_refused_repetition_is_looked_up(fake_time: FakeTime) -> None:
    """The first attempt was carried out late, so that the second is refused: it exists."""
    lookup, _ = finds(None, "found")
    call = Call(
        fake_time, BROKEN, status_error(409), effect=Effect.LOOKED_UP, lookup=lookup, policy=POLL_ONCE
    )

    assert call.run() == "found"


def never() -> None:
    pytest.fail("the look-up after a lost answer")


class TestDeliveredTwice:
    """A proxy delivers the request twice, and the client gets the second answer: "already exists"."""

    def test_an_exact_match_is_taken(self, fake_time: FakeTime) -> None:
        call = Call(
            fake_time,
            status_error(409),
            effect=Effect.LOOKED_UP,
            lookup=Lookup(never, duplicate=lambda: "mine"),
        )

        assert call.run() == "mine"
        assert fake_time.sleeps == []

    def test_another_object_is_not(self, fake_time: FakeTime) -> None:
        lookup = Lookup(never, duplicate=lambda: None)
        call = Call(fake_time, status_error(409), effect=Effect.LOOKED_UP, lookup=lookup)

        with pytest.raises(errors.ConflictError):
            call.run()
        assert call.attempts.made == 1

    def test_an_object_that_does_not_show_its_content_yet_is_polled(self, fake_time: FakeTime) -> None:
        search, left = finds(UNDECIDED, UNDECIDED, "mine")
        lookup = Lookup(never, duplicate=search)
        call = Call(fake_time, status_error(409), effect=Effect.LOOKED_UP, lookup=lookup)

        assert call.run() == "mine"
        assert not left
        assert len(fake_time.sleeps) == 2

    def test_polling_ends_with_the_refusal(self, fake_time: FakeTime) -> None:
        lookup = Lookup(never, duplicate=lambda: UNDECIDED)
        policy = RetryPolicy(lookup_window=20)
        call = Call(fake_time, status_error(409), effect=Effect.LOOKED_UP, lookup=lookup, policy=policy)

        with pytest.raises(errors.ConflictError):
            call.run()
        assert 19 < sum(fake_time.sleeps) < 21

    def test_what_another_call_of_the_client_was_answered_is_not_taken(self, fake_time: FakeTime) -> None:
        limits = SharedLimits()
        limits.created.add(["theirs"])
        lookup = Lookup(never, duplicate=lambda: "theirs", names=lambda found: [found])
        call = Call(fake_time, status_error(409), effect=Effect.LOOKED_UP, lookup=lookup, limits=limits)

        with pytest.raises(errors.ConflictError):
            call.run()

    def test_a_failed_search_leaves_the_refusal(self, fake_time: FakeTime) -> None:
        search, _ = finds(status_error(500))
        lookup = Lookup(never, duplicate=search)
        call = Call(fake_time, status_error(409), effect=Effect.LOOKED_UP, lookup=lookup)

        with pytest.raises(errors.ConflictError):
            call.run()

    def test_a_look_up_by_name_alone_proves_nothing(self, fake_time: FakeTime) -> None:
        call = Call(
            fake_time, status_error(409), effect=Effect.LOOKED_UP, lookup=Lookup(lambda: "somebody else's")
        )

        with pytest.raises(errors.ConflictError):
            call.run()


def test_a_look_up_has_the_deadline_of_its_call(fake_time: FakeTime) -> None:
    """Calls that a look-up makes do not start a deadline of their own."""
    left: list[float | None] = []

    def lookup() -> str:
        inner = Call(fake_time, "listed")
        left.append(inner.attempts._left())
        return inner.run()

    policy = RetryPolicy(deadline=100)
    call = Call(fake_time, BROKEN, effect=Effect.LOOKED_UP, lookup=lookup, policy=policy)
    assert call.run() == "listed"
    assert left[0] is not None
    assert left[0] < 100


def test_an_empty_budget_is_said(fake_time: FakeTime) -> None:
    """A single call in an outage fails at once; its error says why it was not retried."""
    call = Call(fake_time, status_error(503), "never", limits=SharedLimits(0))

    with pytest.raises(errors.ServerError, match="retry budget of this client is empty: no usable answer"):
        call.run()
    assert call.attempts._limits.breaker.is_open


def test_an_error_tells_that_an_earlier_attempt_may_have_been_done(fake_time: FakeTime) -> None:
    call = Call(fake_time, BROKEN, status_error(404), effect=Effect.IDEMPOTENT)

    with pytest.raises(errors.NotFoundError) as raised:
        call.run()
    assert raised.value.maybe_done


def test_official_policy_repeats_creations_blindly(fake_time: FakeTime) -> None:
    """What the official client does, for those who ask for it."""
    policy = RetryPolicy.official()

    assert Call(fake_time, BROKEN, status_error(501), "made", effect=Effect.UNREPEATABLE, policy=policy).run()
    assert fake_time.sleeps == [1.5, 2.5]


def test_a_reason_not_to_go_on_ends_the_call(fake_time: FakeTime) -> None:
    over = threading.Event()

    def attempt(_: float | None) -> None:
        over.set()
        raise BROKEN

    attempts: Attempts[None] = Attempts(
        attempt,
        policy=RetryPolicy(),
        effect=Effect.READ,
        limits=SharedLimits(),
        name="x",
        clock=fake_time.clock,
        why_not_again=lambda: "another failed" if over.is_set() else None,
    )
    with pytest.raises(errors.ConnectionFailedError):
        attempts.run()
    assert attempts.made == 1


def test_errors_of_the_program_are_not_touched(fake_time: FakeTime) -> None:
    with pytest.raises(ZeroDivisionError):
        Call(fake_time, ZeroDivisionError()).run()
    with pytest.raises(ZeroDivisionError):
        Call(fake_time, REFUSED, ZeroDivisionError()).run()


def test_retries_are_logged(fake_time: FakeTime, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    refused = errors.ConnectionFailedError("refused", sent=False)
    with pytest.raises(errors.ConnectionFailedError):
        Call(fake_time, refused, refused, policy=RetryPolicy(max_attempts=2)).run()

    assert [record.getMessage() for record in caplog.records] == [
        "POST v1/things: attempt 1 of 2 failed, retrying in 0.4 s: ConnectionFailedError: refused",
        "POST v1/things: giving up after attempt 2 (no attempts left): ConnectionFailedError: refused",
    ]
