"""`kognic review`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kognic._core.terminal import echo
from kognic.cli.lazy import LazyGroup
from kognic.cli.platform import Platform, platform_command

ERROR_TYPE_COLUMNS = ("error_type_id", "name", "pin_allowed", "object_allowed")
MEMBER_COLUMNS = (
    "error_type_name",
    "sensor_id",
    "frame_id",
    "object_id",
    "description",
    "invalid",
    "corrected",
    "resolved",
)


@click.group(cls=LazyGroup)
def review() -> None:
    """Accept or reject annotations, with feedback."""


@review.command("create")
@click.argument("annotation_uuid")
@click.option("--accept/--reject", "accepted", default=None, help="Result of the review; required.")
@click.option(
    "--feedback",
    "feedback_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="JSON or YAML: a list of feedback items (error_type_id, sensor_id, frame_id, ...).",
)
@click.option(
    "--workflow",
    type=click.Choice(["correct", "correct-review-loop"]),
    help="What happens to a delivered annotation that is rejected.",
)
@platform_command
def create_review(
    platform: Platform,
    annotation_uuid: str,
    accepted: bool | None,
    feedback_file: Path | None,
    workflow: str | None,
) -> None:
    """Accept or reject ANNOTATION_UUID, a delivered annotation or the last completed one of an input."""
    if accepted is None:
        raise click.UsageError("Pass --accept or --reject.")
    from kognic.io.model.review.review import ReviewRequest

    values: dict[str, Any] = {"accepted": accepted}
    if feedback_file is not None:
        from kognic._core.documents import read_document

        values["feedback_items"] = read_document(feedback_file)
    if workflow is not None:
        values["workflow"] = workflow
    created = platform.client.review.create_review(annotation_uuid, ReviewRequest(**values))
    verdict = "accepted" if accepted else "rejected"
    platform.done(
        f"Annotation {annotation_uuid} is {verdict}, review {created.created_review_id}.",
        created_review_id=created.created_review_id,
        accepted=accepted,
    )


@review.command("show")
@click.argument("review_uuid")
@platform_command
def show_review(platform: Platform, review_uuid: str) -> None:
    """Show the review REVIEW_UUID with its feedback."""
    found = platform.client.review.get_review(review_uuid)
    if platform.as_json:
        platform.show_one(found)
        return
    echo(f"Review {found.id} of input {found.input_uuid}")
    platform.show(found.members, MEMBER_COLUMNS)


@review.command("list")
@click.argument("input")
@platform_command
def list_reviews(platform: Platform, input: str) -> None:
    """List the reviews of INPUT that came from outside the platform.

    INPUT is a UUID, or the external ID of a scene with one input.
    """
    from kognic.pipelines.lookup import input_uuid

    found = platform.client.review.get_auto_reviews(input_uuid(platform.client, input))
    platform.show(found, ("id", "input_uuid", "phase_id"))


@review.command("error-types")
@platform_command
def error_types(platform: Platform) -> None:
    """List the error types for feedback items."""
    platform.show(platform.client.review.get_error_types(), ERROR_TYPE_COLUMNS)
