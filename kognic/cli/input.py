"""`kognic input`."""

from __future__ import annotations

from itertools import islice

import click

from kognic._core.terminal import echo
from kognic.cli.lazy import LazyGroup
from kognic.cli.platform import Platform, platform_command

COLUMNS = ("uuid", "scene_external_id", "scene_uuid", "request_uid", "view_link")
PROGRESS_COLUMNS = (
    "id",
    "scene_id",
    "status",
    "progress_details.current_workflow_stage.name",
    "progress_details.current_task.task_id",
    "progress_details.current_task.assigned_user_id",
    "last_completed_annotation_id",
)


@click.group("input", cls=LazyGroup)
def input_() -> None:
    """Place scenes in requests, and follow their progress."""


@input_.command("list")
@click.option("--project", metavar="PROJECT", help="Only those of this project.")
@click.option("--batch", metavar="BATCH", help="Only those of this batch.")
@click.option(
    "--scene", "scenes", metavar="UUID", multiple=True, help="Only those of this scene; repeatable."
)
@click.option(
    "--external-id", "external_ids", metavar="ID", multiple=True, help="External ID of a scene; repeatable."
)
@platform_command
def list_inputs(
    platform: Platform,
    project: str | None,
    batch: str | None,
    scenes: tuple[str, ...],
    external_ids: tuple[str, ...],
) -> None:
    """List inputs that match all filters."""
    inputs = platform.client.input.query_inputs(
        project=project,
        batch=batch,
        scene_uuids=list(scenes) or None,
        external_ids=list(external_ids) or None,
    )
    platform.show(inputs, COLUMNS)


@input_.command("create")
@click.option("--scene", metavar="UUID", help="Scene to annotate.")
@click.option(
    "--pre-annotation", metavar="UUID", help="Pre-annotation UUID; implies its scene if --scene is omitted."
)
@click.option("--project", metavar="PROJECT", help="Project to create the input in.")
@click.option("--batch", metavar="BATCH", help="Batch of the project; default: the latest open one.")
@click.option("--request", "request_uuid", metavar="UUID", help="Request to create the input in.")
@click.option("--dry-run", is_flag=True, help="Dry run: validate on the server without creating anything.")
@platform_command
def create_input(
    platform: Platform,
    scene: str | None,
    pre_annotation: str | None,
    project: str | None,
    batch: str | None,
    request_uuid: str | None,
    dry_run: bool,
) -> None:
    """Place a scene in a request (--request) or in a project (--project)."""
    if (project is None) == (request_uuid is None):
        raise click.UsageError("Give either --project or --request.")
    inputs = platform.client.input
    if scene is not None:
        created = inputs.create_from_scene(
            scene,
            pre_annotation_uuid=pre_annotation,
            project=project,
            batch=batch,
            request_uuid=request_uuid,
            dryrun=dry_run,
        )
    elif pre_annotation is not None:
        created = inputs.create_from_pre_annotation(
            pre_annotation, project=project, batch=batch, request_uuid=request_uuid, dryrun=dry_run
        )
    else:
        raise click.UsageError("Give --scene, --pre-annotation, or both.")
    if created is None:
        platform.done("The platform would create the input.", dry_run=True)
    else:
        platform.show_one(created)


@input_.command("delete")
@click.argument("uuids", nargs=-1, required=True)
@click.confirmation_option(
    "--yes", prompt="Their annotations are removed, too. Delete?", help="Skip the confirmation."
)
@platform_command
def delete_inputs(platform: Platform, uuids: tuple[str, ...]) -> None:
    """Delete the inputs UUIDS with their annotations. The scenes stay."""
    for uuid in uuids:
        platform.client.input.delete_input(uuid)
    platform.done("\n".join(f"Input {uuid} deleted." for uuid in uuids), deleted=list(uuids))


@input_.command("set-pre-annotation")
@click.argument("input_uuid")
@click.argument("pre_annotation_uuid")
@platform_command
def set_pre_annotation(platform: Platform, input_uuid: str, pre_annotation_uuid: str) -> None:
    """Let the annotation of INPUT_UUID start from PRE_ANNOTATION_UUID. Possible until it has begun."""
    platform.client.input.update_pre_annotation(input_uuid, pre_annotation_uuid)
    platform.done(
        f"Input {input_uuid} starts from {pre_annotation_uuid}.",
        input_uuid=input_uuid,
        pre_annotation_uuid=pre_annotation_uuid,
    )


@input_.command("progress")
@click.argument("input_uuid", required=False)
@click.option("--request", "request_uuid", metavar="UUID", help="All inputs of this request.")
@click.option("--scene", metavar="UUID", help="With --request: only the input of this scene.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="With --request: the first N.")
@platform_command
def progress(
    platform: Platform,
    input_uuid: str | None,
    request_uuid: str | None,
    scene: str | None,
    limit: int | None,
) -> None:
    """Show where INPUT_UUID, or every input of a request, is in its workflow."""
    if (input_uuid is None) == (request_uuid is None):
        raise click.UsageError("Give either INPUT_UUID or --request.")
    inputs = platform.client.input
    if input_uuid is not None:
        platform.show_one(inputs.get_request_input(input_uuid))
    elif request_uuid is not None:
        found = inputs.get_request_inputs(request_id=request_uuid, scene_id=scene)
        platform.show(islice(found, limit), PROGRESS_COLUMNS)


@input_.command("view")
@click.argument("uuids", nargs=-1, required=True)
def view(uuids: tuple[str, ...]) -> None:
    """Print links that open the inputs UUIDS in the browser. Needs no network."""
    from kognic.io.util import get_view_links

    for link in get_view_links(list(uuids)).values():
        echo(link)
