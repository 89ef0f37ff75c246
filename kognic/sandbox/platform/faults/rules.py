"""Faults on purpose: which calls they hit. How they are done is `injectors`' subject.

A rule names a kind of fault, the routes it is for, and how often it strikes. Chance is seeded, so that a run
can be repeated.
"""

from __future__ import annotations

import itertools
import random
import threading
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

from kognic.sandbox.platform.errors import InvalidError
from kognic.sandbox.platform.faults.injectors import INJECTORS
from kognic.sandbox.platform.recorder import FAULT_KEY

if TYPE_CHECKING:
    from kognic.sandbox.platform.platform import Platform


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
    status: int = 503
    retry_after: str | None = None
    seconds: float = 1.0
    bytes_per_second: int = 1000

    def __post_init__(self) -> None:
        if self.kind not in INJECTORS:
            raise InvalidError(f"kind is {self.kind}, must be one of {', '.join(INJECTORS)}")
        if not 0 <= self.probability <= 1:
            raise InvalidError(f"probability is {self.probability}, must be 0 to 1")
        if not 200 <= self.status <= 599:
            raise InvalidError(f"status is {self.status}, must be 200 to 599")
        if self.bytes_per_second < 1 or self.seconds < 0:
            raise InvalidError("bytes_per_second must be positive and seconds not negative")


@dataclass
class _Active:
    number: int
    rule: Rule
    chance: random.Random
    matched: int = 0
    hits: int = 0

    def strikes(self, call: str) -> bool:
        if not fnmatchcase(call, self.rule.route):
            return False
        self.matched += 1
        if self.matched <= self.rule.skip or (self.rule.times is not None and self.hits >= self.rule.times):
            return False
        # A rule that always strikes needs no chance; drawing none keeps other seeds' runs the same.
        if self.rule.probability < 1 and self.chance.random() >= self.rule.probability:
            return False
        self.hits += 1
        return True


@dataclass
class Faults:
    """The rules in force. Stands around every call, before anything of it is processed."""

    platform: Platform
    _active: list[_Active] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, rule: Rule) -> int:
        """Put a rule into force; returns its number."""
        with self._lock:
            number = next(self._numbers)
            self._active.append(_Active(number, rule, random.Random(rule.seed)))  # noqa: S311  # nosec B311
            return number

    def remove(self, number: int) -> None:
        with self._lock:
            self._active = [active for active in self._active if active.number != number]

    def clear(self) -> None:
        with self._lock:
            self._active.clear()

    def describe(self) -> list[dict[str, Any]]:
        """The rules with their numbers, how many calls matched, and how many were hit."""
        with self._lock:
            return [
                {
                    "number": active.number,
                    "matched": active.matched,
                    "hits": active.hits,
                    **asdict(active.rule),
                }
                for active in self._active
            ]

    async def around(self, app: ASGIApp, template: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a call be processed, with the faults that strike it. The first rule is the outermost one."""
        if self._active:
            for rule in reversed(self._struck(f"{scope['method']} {template}")):
                app = INJECTORS[rule.kind](self.platform, rule, app)
                scope[FAULT_KEY] = rule.kind
        await app(scope, receive, send)

    def _struck(self, call: str) -> list[Rule]:
        with self._lock:
            return [active.rule for active in self._active if active.strikes(call)]
