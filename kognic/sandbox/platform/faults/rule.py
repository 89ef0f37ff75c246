"""One rule on which calls go wrong, and how."""

from __future__ import annotations

from dataclasses import dataclass

from kognic.sandbox.platform.errors import InvalidError
from kognic.sandbox.platform.security import TokenIssuer, UrlSigner


@dataclass(frozen=True)
class Secrets:
    """The secrets of the platform that faults can invalidate."""

    tokens: TokenIssuer
    urls: UrlSigner


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        kind: One of `injectors.INJECTORS`.
        route: Pattern for `METHOD /template`, for example `PUT /_storage/*`; `*` is everything.
        probability: Share of the matching calls that are hit, 0 to 1.
        seed: Of the chance.
        times: How many calls are hit at most; None for no end.
        skip: How many matching calls are spared first.
        after: The call is processed and its answer lost; otherwise nothing of it is done.
        status: Status of the answer, for `status` and `html`.
        retry_after: Value of `Retry-After`, seconds or an HTTP date, for `status`.
        seconds: How long `latency` lasts.
        bytes_per_second: How fast `slow_answer` sends and `slow_read` reads.
    """

    kind: str
    route: str = "*"
    probability: float = 1.0
    seed: int = 0
    times: int | None = None
    skip: int = 0
    after: bool = False
    # Service unavailable: what a gateway answers in an outage, and every client retries.
    status: int = 503
    retry_after: str | None = None
    seconds: float = 1.0
    bytes_per_second: int = 1000

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise InvalidError(f"probability is {self.probability}, must be 0 to 1")
        if not 200 <= self.status <= 599:
            raise InvalidError(f"status is {self.status}, must be 200 to 599")
        if self.bytes_per_second < 1 or self.seconds < 0:
            raise InvalidError("bytes_per_second must be positive and seconds not negative")
