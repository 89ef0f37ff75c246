"""Where this client differs from the recorded one on purpose: the whole list, each with its reason.

A difference that is not listed fails the replay of its case; so does an entry that nothing matches any more.
In patterns `*` stands for any text.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
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
        when: A condition on the two values, where a pattern is not precise enough.
        sometimes: Depends on timing between threads, so it need not occur in every run.
    """

    reason: str
    place: str
    cases: tuple[str, ...] = ("*",)
    recorded: str = "*"
    ours: str = "*"
    when: Callable[[Any, Any], bool] = lambda recorded, ours: True
    sometimes: bool = False

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is this difference."""
        return (
            any(_matches(case, finding.case) for case in self.cases)
            and _matches(self.place, finding.place)
            and _matches(self.recorded, _text(finding.recorded))
            and _matches(self.ours, _text(finding.ours))
            and self.when(finding.recorded, finding.ours)
        )


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text, re.DOTALL) is not None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _says_more(recorded: str, ours: str) -> bool:
    return ours.startswith(recorded.removesuffix("."))


def _names_the_class(recorded: str, ours: str) -> bool:
    """`1 validation error for Image` and what follows has become `Image.colour ...`."""
    return ours.startswith(recorded.split("\n")[0].removeprefix("1 validation error for ") + ".")


def _shows_values(recorded: Any, ours: Any) -> bool:
    """A line of a table that differs in nothing but a status, and so in the width of its column."""

    def cells(line: str) -> list[str]:
        values = re.sub(r"(?:Scene|Input|ProjectBatch)Status\.(\w+)", lambda m: m[1].lower(), line)
        return [c.strip() for c in re.sub(r"([═─=])+", r"\1", values).split("│")]

    return isinstance(recorded, str) and isinstance(ours, str) and cells(recorded) == cells(ours)


def _same_requests(recorded: list[str], ours: list[str]) -> bool:
    """The same requests in another order of downloads and pages."""
    return sorted(recorded) == sorted(ours)


# Differences that occur in whatever raises such an error or prints such a table.
EVERYWHERE = (
    Intended(
        reason="Invalid values raise `ModelValidationError`, a `ValueError` that names the field.",
        place="* except",
        recorded="ValidationError",
        ours="ModelValidationError",
    ),
    Intended(
        reason="One line names the field, the value and the fix.",
        place="*.message",
        recorded="1 validation error for *",
        when=_names_the_class,
    ),
    Intended(
        reason="The error of a 400 has the status and the response, like every API error.",
        place="*.status_code",
        recorded=NOTHING,
        ours="400",
    ),
    Intended(
        reason="The same text, followed by details or a fix.",
        place="*.message",
        when=_says_more,
    ),
    Intended(
        reason="Tables show the value of a status, such as `created`, on every version of Python.",
        place="*[*]",
        when=_shows_values,
    ),
)

INTENDED = (
    *EVERYWHERE,
    # Requests
    Intended(
        reason="Uploads of files have a `Content-Length` instead of chunks, so storage can check it.",
        place="request PUT /_storage/upload/* headers.framing",
        recorded="chunked",
        ours="content-length",
    ),
    Intended(
        reason="A token whose lifetime is shorter than the renewal margin is used until it expires.",
        place="requests",
        cases=("auth_token_expires_at_once",),
        recorded="POST /v1/auth/oauth/token",
        ours=NOTHING,
    ),
    Intended(
        reason="So later requests carry an earlier token.",
        place="request * token",
        cases=("auth_token_expires_at_once",),
    ),
    Intended(
        reason="If the platform rejects a token, the client fetches a new one and retries once.",
        place="requests",
        cases=("auth_api_401",),
        recorded=NOTHING,
        ours="*",
    ),
    Intended(
        reason="So later requests carry the new token,",
        place="request GET /v1/projects token",
        cases=("auth_api_401",),
        recorded="1",
        ours="2",
    ),
    Intended(
        reason="and the caller does not see the 401.",
        place="outcome result[0]",
        cases=("auth_api_401",),
        recorded='{"raised": "HTTPError"*"status_code": 401}',
        ours='[{"class": "Project"*',
    ),
    Intended(
        reason="Constructing a client sends nothing; the workspace is queried when it is needed.",
        place="order of requests",
        cases=("workspace_inferred_for_organization",),
        when=_same_requests,
    ),
    Intended(
        reason="Contents are downloaded in parallel, a bounded number ahead.",
        place="order of requests",
        cases=("annotation_project", "annotations_for_scene"),
        when=_same_requests,
        sometimes=True,
    ),
    Intended(
        reason="Contents are downloaded in parallel, so the next page may be fetched earlier.",
        place="requests",
        cases=("annotation_project_lazy",),
        recorded=NOTHING,
        sometimes=True,
    ),
    Intended(
        reason="An empty `request_uuid` counts as missing, like an empty `project`.",
        place="requests",
        cases=("input_create_needs_one_target",),
        ours=NOTHING,
    ),
    Intended(
        reason="An empty `request_uuid` counts as missing, like an empty `project`: nothing is sent.",
        place="outcome result[5]*",
        cases=("input_create_needs_one_target",),
    ),
    Intended(
        reason='After "already exists" the client looks for the batch: a proxy may send a request twice.',
        place="requests",
        cases=("fault_400",),
        recorded=NOTHING,
        ours="GET /v1/projects/*/batches",
    ),
    # Errors
    Intended(
        reason="Failed uploads raise `UploadError`, an httpx error only if you have imported httpx.",
        place="outcome * except",
        cases=("upload_exhausted", "upload_refused"),
        recorded="HTTPStatusError, HTTPError",
        ours="UploadError",
    ),
    Intended(
        reason="The same text, followed by the method to call.",
        place="outcome *.message",
        cases=("scene_type_wrong_class",),
        recorded="Cannot create a <class 'kognic.io.model.scene.*'> via this endpoint",
        ours="Cannot create a <class 'kognic.io.model.scene.*'> via this endpoint: use client.*.create",
    ),
    Intended(
        reason="The text for a missing file also says what is wrong with it.",
        place="outcome *.error.message",
        cases=("resource_missing_file",),
        ours="Local file *",
        when=lambda recorded, ours: ours.endswith(f": {recorded}"),
    ),
    # Results
    Intended(
        reason="All times have a time zone, also `Workspace.created`.",
        place="outcome result[*].fields.created",
        cases=("workspace_list",),
        when=lambda recorded, ours: ours == f"{recorded}+00:00",
    ),
    Intended(
        reason="`input_uuid` of a result is the input's UUID, not the scene's.",
        place="outcome result[*].fields.input_uuid",
        cases=("tools_create_inputs*",),
        recorded="<scene-*>",
        ours="<input-created-*>",
    ),
    Intended(
        reason="`preannotation_uuid` of a result is set.",
        place="outcome result[*].fields.preannotation_uuid",
        cases=("tools_create_inputs_with_pre_annotations",),
        recorded="null",
        ours="<pre-annotation-*>",
    ),
    Intended(
        reason="The client waits for the pre-annotation: if that fails, its input disappears.",
        place="requests",
        cases=("tools_create_inputs_with_pre_annotations",),
        recorded=NOTHING,
        ours="GET /v2/pre-annotations*",
    ),
    Intended(
        reason="A deprecation warning names the method that you call.",
        place="outcome warnings[*][1]",
        cases=("input_deprecated_annotation_types",),
    ),
)
