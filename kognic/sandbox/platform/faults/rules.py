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
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from kognic.sandbox.platform.errors import InvalidError
from kognic.sandbox.platform.faults.injectors import INJECTORS
from kognic.sandbox.platform.faults.rule import Rule, Secrets
from kognic.sandbox.platform.recorder import FAULT_KEY
from kognic.sandbox.platform.security import TokenIssuer, UrlSigner


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
    """The active fault rules; applied to every request before it is processed."""

    tokens: TokenIssuer
    urls: UrlSigner
    _active: list[_Active] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, rule: Rule) -> int:
        """Put a rule into force; returns its number.

        Raises:
            InvalidError: The kind of fault does not exist.
        """
        if rule.kind not in INJECTORS:
            raise InvalidError(f"kind is {rule.kind}, must be one of {', '.join(INJECTORS)}")
        with self._lock:
            number = next(self._numbers)
            self._active.append(_Active(number, rule, random.Random(rule.seed)))  # noqa: S311  # nosec B311
            return number

    def remove(self, number: int) -> None:
        """Remove the rule of a number; unknown ones are no error."""
        with self._lock:
            self._active = [active for active in self._active if active.number != number]

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._active.clear()

    def describe(self) -> list[dict[str, Any]]:
        """Return the rules with their numbers, how many calls matched, and how many were hit."""
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
            secrets = Secrets(self.tokens, self.urls)
            for rule in reversed(self._struck(f"{scope['method']} {template}")):
                app = INJECTORS[rule.kind](secrets, rule, app)
                scope[FAULT_KEY] = rule.kind
        await app(scope, receive, send)

    def _struck(self, call: str) -> list[Rule]:
        with self._lock:
            return [active.rule for active in self._active if active.strikes(call)]
