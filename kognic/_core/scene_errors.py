"""Errors of scene files, recordings, and the files that they refer to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import attrs

from kognic._core.errors import KognicError
from kognic._core.wording import counted

# A choice: an error text must fit a terminal; `problems` and `findings` hold all.
_SHOWN_PROBLEMS = 20
# Fewer than problems, since each finding takes two lines or more.
_SHOWN_FINDINGS = 10


class Problem(NamedTuple):
    """A problem and its location.

    Attributes:
        place: A path in the document, such as `frames[2].images[0].filename`.
        message: What is wrong.
        file: The document, if it is not the scene file but one that this names: the name as it is there.
    """

    place: str
    message: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class DescriptionError(ValueError):
    """A scene file is invalid (`problems` lists everything)."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


class SceneFileError(KognicError, ValueError):
    """A scene file is invalid.

    Attributes:
        path: The scene file.
        problems: All problems, each with its location in the document.
        external_id: That of the scene; empty if the file does not say one.
    """

    def __init__(self, path: Path, problems: list[Problem], external_id: str = "") -> None:
        shown = problems[:_SHOWN_PROBLEMS]
        lines = [f"{path.parent / one.file if one.file else path}: {one}" for one in shown]
        if len(problems) > _SHOWN_PROBLEMS:
            lines.append(f"{path}: and {counted(len(problems) - _SHOWN_PROBLEMS, 'more problem')}")
        super().__init__("\n".join(lines))
        self.path = path
        self.problems = problems
        self.external_id = external_id

    def __reduce__(self) -> tuple[Any, ...]:
        return SceneFileError, (self.path, self.problems, self.external_id)


@attrs.frozen(kw_only=True)
class ContentIssue:
    """A reason why the platform cannot use a file.

    Attributes:
        code: Stable name of the rule, for example `las-version`.
        problem: What is wrong, with the offending value.
        hint: What to do about it.
        field: The part of the file, for example a column name.
        value: The offending value.
    """

    code: str
    problem: str
    hint: str
    field: str | None = None
    value: object = None

    def __str__(self) -> str:
        return f"{self.problem}; {self.hint}"


class ContentError(KognicError, ValueError):
    """The platform does not accept the content of a file (`code`, `issues`)."""

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


class ChecksFailedError(KognicError):
    """The offline checks found errors; nothing of the scene was uploaded.

    Attributes:
        name: The scene.
        problems: The findings, each a line with its location, its hint and the code of its rule.
        way_out: What to do next.
        files: The file that each problem is in; empty if all are in `name`.
    """

    def __init__(self, name: str, problems: Sequence[str], way_out: str, files: Sequence[str] = ()) -> None:
        self.name = name
        self.problems = list(problems)
        self.way_out = way_out
        self.files = list(files)
        where = self.files or [name] * len(self.problems)
        shown = zip(where, self.problems[:_SHOWN_FINDINGS], strict=False)
        lines = [f"{file}: {problem}" for file, problem in shown]
        if len(self.problems) > len(lines):
            lines.append(f"{name}: and {len(self.problems) - len(lines)} more")
        super().__init__("\n".join([*lines, f"Nothing was sent. {way_out}"]))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.problems, self.way_out, self.files)


class RecordingError(KognicError, ValueError):
    """A recording, or a part of it, cannot be read; the message names the file, topic or time."""


class DocumentError(KognicError, ValueError):
    """A file does not contain valid JSON or YAML (`path`)."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem

    def __reduce__(self) -> tuple[Any, ...]:
        return DocumentError, (self.path, self.problem)
