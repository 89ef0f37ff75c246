"""What can be wrong with the content of one file, and the error that says so.

An issue is something the platform is documented to refuse or to misread. What is merely unusual (a cloud
without intensities, a point at NaN) is a fact, not an issue; `kognic.scenes.checks.files` judges facts.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from kognic._core.errors import KognicError


@attrs.frozen(kw_only=True)
class ContentIssue:
    """One reason why the platform cannot use a file.

    Attributes:
        code: Stable name of the rule, for example `las-version`.
        problem: What is wrong, with the offending value.
        cure: What to do about it.
        field: Part of the file that is concerned, for example a column name.
        value: The offending value.
    """

    code: str
    problem: str
    cure: str
    field: str | None = None
    value: object = None

    def __str__(self) -> str:
        return f"{self.problem}; {self.cure}"


class ContentError(KognicError, ValueError):
    """The content of a file is not what the platform accepts (`code`, `issues`)."""

    def __init__(self, issues: Sequence[ContentIssue], *, name: str | None = None) -> None:
        self.issues = tuple(issues)
        self.name = name
        where = f"{name}: " if name else ""
        super().__init__(where + ". ".join(map(str, self.issues)))

    @property
    def code(self) -> str:
        """Stable name of the first rule that is broken."""
        return self.issues[0].code

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.issues, self.name)


def _rebuild(issues: Sequence[ContentIssue], name: str | None) -> ContentError:
    return ContentError(issues, name=name)
