"""Where this client differs from the recorded one on purpose: the whole list, each with its reason.

A difference that is not listed fails the replay of its case; so does an entry that nothing matches any more.
In patterns `*` stands for any text.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from tests.wire.comparison import NOTHING, Finding


@dataclasses.dataclass(frozen=True, kw_only=True)
class Intended:
    """One way of being different.

    Attributes:
        reason: Why this is better.
        place: Pattern of `Finding.place`.
        cases: Patterns of the names of the cases in which it occurs.
        recorded: Pattern of what was recorded; values that are not text are given as JSON.
        ours: Pattern of what this client does.
        sometimes: Depends on timing between threads, so it need not occur in every run.
    """

    reason: str
    place: str
    cases: tuple[str, ...] = ("*",)
    recorded: str = "*"
    ours: str = "*"
    sometimes: bool = False

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is this difference."""
        return (
            any(_matches(case, finding.case) for case in self.cases)
            and _matches(self.place, finding.place)
            and _matches(self.recorded, _text(finding.recorded))
            and _matches(self.ours, _text(finding.ours))
        )


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text, re.DOTALL) is not None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


INTENDED = (
    Intended(
        reason="A file on disk has a known length; storage can check it, and nothing has to be re-assembled.",
        place="request PUT /_storage/upload/* headers.framing",
        recorded="chunked",
        ours="content-length",
    ),
    Intended(
        reason="The first token is used before another one is fetched.",
        place="requests",
        cases=("auth_token_expires_at_once",),
        recorded="POST /v1/auth/oauth/token",
        ours=NOTHING,
    ),
    Intended(
        reason="A token that is refused before its time is replaced, and the call made again, once.",
        place="requests",
        cases=("auth_api_401",),
        recorded=NOTHING,
    ),
    Intended(
        reason="Constructing a client does no network I/O; the workspace is asked for when it is needed.",
        place="requests",
        cases=("workspace_inferred_for_organization",),
    ),
    Intended(
        reason="Models are validated here, with an error that is a ValueError and names the field.",
        place="outcome * except",
        recorded="ValidationError",
        ours="ModelValidationError",
    ),
)
