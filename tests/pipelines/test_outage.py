"""Outages: what is taken for one, how long it is waited for, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import attrs
import pytest
import requests

from kognic._core.clock import Clock
from kognic._core.errors import KognicError
from kognic._core.moments import duration, moment
from kognic.auth.errors import TokenConnectionError, TokenError
from kognic.base_clients.errors import (
    AmbiguousWriteError,
    AuthenticationError,
    ConnectionFailedError,
    IntegrityError,
    NotFoundError,
    PlatformAwayError,
    RequestTimeoutError,
    ServerError,
    UploadCallbackError,
    UploadError,
)
from kognic.base_clients.http.breaker import Breaker, Silence
from kognic.base_clients.http.outages import Outlast, Patience, is_lockout, is_outage
from kognic.pipelines.bulk.coordinator import may_be_of_all
from kognic.pipelines.outage import Outage


def answer(kind: type[KognicError], status: int) -> KognicError:
    response = requests.Response()
    response.status_code = status
    return kind(f"{status}", response=response)  # type: ignore[call-arg]


def token_error(*, transient: bool, kind: type[TokenError] = TokenError) -> TokenError:
    error = kind("no token")
    error.transient = transient
    return error


AWAY = answer(ServerError, 503)


def upload(*causes: BaseException) -> UploadError:
    failures = {str(n): cause for n, cause in enumerate(causes)}
    return UploadError("not stored", resource_id="0", cause=causes[0], failures=failures)


@pytest.mark.parametrize(
    ("error", "may_be"),
    [
        (AWAY, True),
        (answer(ServerError, 500), True),
        (answer(NotFoundError, 404), False),
        (ConnectionFailedError("refused", sent=False), True),
        (ConnectionFailedError("no such certificate", sent=False, permanent=True), False),
        (RequestTimeoutError("asked to slow down", sent=False, permanent=True), True),
        (token_error(transient=True), True),
        (token_error(transient=False), False),
        (upload(AWAY, ConnectionFailedError("reset", sent=True)), True),
        (upload(AWAY, IntegrityError("other bytes")), False),
        (UploadCallbackError("mine", resource_id="0", cause=ValueError()), False),
        (AmbiguousWriteError("lost", operation="create"), True),
        (KognicError("something else"), False),
        (ValueError("a bug"), False),
        (None, False),
    ],
)
def test_is_outage(error: BaseException | None, may_be: bool) -> None:
    """Failures of the platform, the network and the token server; not refusals, nor the user's own errors."""
    assert is_outage(error) is may_be


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (answer(AuthenticationError, 401), True),
        (AWAY, False),
        (ConnectionFailedError("refused", sent=False), False),
        (ConnectionFailedError("no such certificate", sent=False, permanent=True), True),
        (ConnectionFailedError("redirected to nowhere", sent=True, permanent=True), False),
        (upload(ConnectionFailedError("no such certificate", sent=False, permanent=True)), True),
        (upload(ConnectionFailedError("no such certificate", sent=False, permanent=True), AWAY), False),
        (UploadCallbackError("mine", resource_id="0", cause=answer(AuthenticationError, 401)), False),
        (token_error(transient=False, kind=TokenConnectionError), True),
        (token_error(transient=True, kind=TokenConnectionError), False),
        (None, False),
    ],
)
def test_is_lockout(error: BaseException | None, is_one: bool) -> None:
    """Rejected credentials, and a connection that the settings of the machine do not allow."""
    assert is_lockout(error) is is_one


SHUT_OUT = ConnectionFailedError("no such certificate", sent=False, permanent=True)


@pytest.mark.parametrize(
    ("error", "may_be"),
    [
        (upload(SHUT_OUT, AWAY), True),
        (upload(AWAY, SHUT_OUT), True),
        (upload(SHUT_OUT, answer(NotFoundError, 404)), False),
        (upload(answer(AuthenticationError, 401), AWAY), True),
        (UploadCallbackError("mine", resource_id="0", cause=AWAY), False),
        (answer(NotFoundError, 404), False),
    ],
)
def test_may_be_of_all(error: Exception, may_be: bool) -> None:
    """Each file of an item may fail for another such reason."""
    assert may_be_of_all(error) is may_be


@attrs.define
class Time:
    """A clock that moves when somebody sleeps."""

    seconds: float = 0.0
    slept: list[float] = attrs.field(factory=list)

    def clock(self) -> Clock:
        return Clock(
            now=lambda: self.seconds, wall=lambda: 1e9 + self.seconds, sleep=self.sleep, chance=lambda: 1.0
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@attrs.define
class Platform:
    """Answers from a moment on, through a client with a circuit breaker."""

    time: Time
    back: float
    breaker: Breaker = attrs.field(init=False)
    probes: int = 0

    def __attrs_post_init__(self) -> None:
        self.breaker = Breaker(1, clock=self.time.clock())

    def probe(self) -> None:
        self.probes += 1
        self.call()

    def call(self) -> str:
        if self.time.seconds < self.back:
            self.breaker.failed("503")
            raise AWAY
        self.breaker.succeeded()
        return "result"


def outlast(time: Time, platform: Platform, patience: Patience) -> Callable[..., object]:
    return Outlast(platform, patience, clock=time.clock()).call


def test_call_is_repeated_when_the_platform_is_back() -> None:
    """The call itself is made twice, whatever the length of the outage."""
    time, calls = Time(), list[float]()
    platform = Platform(time, back=170)

    def call() -> str:
        calls.append(time.seconds)
        return platform.call()

    assert outlast(time, platform, Patience())(call) == "result"
    assert len(calls) == 2
    assert calls[1] >= 170
    assert platform.probes < 15


def test_patience_ends() -> None:
    """After the limit the error names the moment when the outage began; without a limit there is no end."""
    time = Time()
    platform = Platform(time, back=1e5)
    with pytest.raises(PlatformAwayError, match="did not come back within 60 s") as caught:
        outlast(time, platform, Patience(limit=60))(platform.call)
    assert caught.value.since == 1e9
    assert outlast(time, platform, Patience(limit=None))(platform.call) == "result"


def test_call_that_fails_alone() -> None:
    """While the platform answers, a call that keeps failing raises its own error after a few attempts."""
    time, calls = Time(), list[int]()

    def call() -> None:
        calls.append(1)
        raise answer(ServerError, 500)

    with pytest.raises(ServerError):
        outlast(time, Platform(time, back=0), Patience())(call)
    assert len(calls) == 4
    assert time.slept == [1, 2, 4]


def test_outage_of_a_loop() -> None:
    """Probes are due after growing pauses; the outage is reported once, and so is its end."""
    time, said, due = Time(), list[str](), list[float]()
    outage = Outage(Patience(limit=100), said.append, time.clock())
    outage.suspect()
    while time.seconds < 95:
        outage.failed(AWAY)
        due.append(outage.next_probe - time.seconds)
        time.seconds = outage.next_probe
    assert due == [1, 2, 4, 8, 16, 30, 30, 30][: len(due)]
    assert [outage.is_suspected, outage.is_certain, len(said)] == [True, True, 1]
    assert "Nothing new is started; retrying for up to 100 s" in said[0]
    time.seconds = 99
    assert outage.ended() == 99
    assert said[1:] == ["The platform answers again after 99 s; resuming"]
    outage.suspect()
    time.seconds = 199
    with pytest.raises(PlatformAwayError, match=r"has not answered since 2001-09-09 .* \(100 s\): 503"):
        outage.failed(AWAY)


def test_probe_without_an_answer() -> None:
    """It is reported once, with the moment at which the silence began, and ends the work in the end."""
    time, said = Time(500), list[str]()
    outage = Outage(Patience(limit=100), said.append, time.clock())
    outage.suspect(Silence(began=495, since=1e9, reason="no response"))
    outage.unanswered("no response for 9 s")
    outage.unanswered("no response for 10 s")
    began = moment(datetime.fromtimestamp(1e9, UTC))
    assert "".join(said) == (
        f"The platform has not answered since {began}: no response for 9 s. "
        "Nothing new is started; retrying for up to 100 s"
    )
    time.seconds = 595
    with pytest.raises(PlatformAwayError, match=r"\(100 s\): no response for 100 s"):
        outage.unanswered("no response for 100 s")


def test_other_errors_are_not_repeated() -> None:
    """A refusal is an answer."""
    time = Time()
    platform = Platform(time, back=0)

    def call() -> None:
        raise answer(NotFoundError, 404)

    with pytest.raises(NotFoundError):
        outlast(time, platform, Patience())(call)
    assert platform.probes == 0


def test_outage_that_was_none() -> None:
    """A single failed call is not reported."""
    said: list[str] = []
    outage = Outage(Patience(), said.append, Time().clock())
    outage.suspect()
    assert (outage.is_suspected, outage.is_certain) == (True, False)
    outage.ended()
    assert (outage.is_suspected, said) == (False, [])


def test_patience_is_checked() -> None:
    with pytest.raises(ValueError, match="limit is -1, must be 0 or more, or None"):
        Patience(limit=-1)


@pytest.mark.parametrize(
    ("seconds", "text"), [(45, "45 s"), (170, "3 min"), (3600, "60 min"), (5400, "1.5 h")]
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
