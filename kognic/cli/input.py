"""`kognic input`."""

from __future__ import annotations

from itertools import islice

import click

from kognic._core.ids import is_uuid
from kognic._core.terminal import echo
from kognic.cli.lazy import LazyGroup
from kognic.cli.options import DRY_RUN, LINKS
from kognic.cli.platform import Platform, platform_command

COLUMNS = ("uuid", "scene", "project", "batch", "status", "created", "request_uuid", "scene_uuid")
# Left out in terminals that are too narrow for them.
OPTIONAL = ("scene_uuid", "request_uuid", "created", "batch")
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
@click.option("--project", metavar="PROJECT", help="List only inputs of this project.")
@click.option("--batch", metavar="BATCH", help="Only those of this batch.")
@click.option(
    "--scene", "scenes", metavar="SCENE", multiple=True, help="UUID or external ID of a scene; repeatable."
)
@click.option(
    "--external-id", "external_ids", metavar="ID", multiple=True, help="External ID of a scene; repeatable."
)
@LINKS
@platform_command
def list_inputs(
    platform: Platform,
    project: str | None,
    batch: str | None,
    scenes: tuple[str, ...],
    external_ids: tuple[str, ...],
    links: bool,
) -> None:
    """List inputs that match all filters, newest first.

    The project and the batch of each are searched in all projects unless you pass --project.
    """
    from kognic.pipelines.input_list import placed_inputs
    from kognic.pipelines.lookup import scene_uuids
    from kognic.pipelines.prerequisites import check_target

    inputs = platform.client.input.query_inputs(
        project=project,
        batch=batch,
        scene_uuids=scene_uuids(platform.client, scenes) or None,
        external_ids=list(external_ids) or None,
    )
    if not inputs and project is not None:
        # The query finds nothing in a project that does not exist.
        check_target(platform.client, project, batch, for_inputs=False)
    placed = placed_inputs(platform.client, inputs, project=project, batch=batch)
    platform.show(placed, COLUMNS, links=links, nothing="No input matches.", optional=OPTIONAL)


@input_.command("create")
@click.option("--scene", metavar="SCENE", help="UUID or external ID of the scene to annotate.")
@click.option(
    "--pre-annotation",
    metavar="PRE_ANNOTATION",
    help="UUID or external ID of a pre-annotation; implies its scene if --scene is omitted.",
)
@click.option("--project", metavar="PROJECT", help="Project to create the input in.")
@click.option("--batch", metavar="BATCH", help="Batch of the project; default: the latest open one.")
@click.option("--request", "request_uuid", metavar="UUID", help="Request to create the input in.")
@DRY_RUN
@LINKS
@platform_command
def create_input(
    platform: Platform,
    scene: str | None,
    pre_annotation: str | None,
    project: str | None,
    batch: str | None,
    request_uuid: str | None,
    dry_run: bool,
    links: bool,
) -> None:
    """Place a scene in a request (--request) or in a project (--project)."""
    if (project is None) == (request_uuid is None):
        raise click.UsageError("Pass either --project or --request.")
    from kognic.pipelines.lookup import pre_annotation_uuid, scene_uuid

    inputs = platform.client.input
    if pre_annotation is not None:
        pre_annotation = pre_annotation_uuid(platform.client, pre_annotation)
    if scene is not None:
        created = inputs.create_from_scene(
            scene_uuid(platform.client, scene),
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
        raise click.UsageError("Pass --scene, --pre-annotation, or both.")
    if created is None:
        platform.done("The platform would create the input.", dry_run=True)
    else:
        facts = created.to_dict(by_alias=False)
        facts["request_uuid"] = facts.pop("request_uid")
        platform.show_one(facts, links=links)


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
@click.argument("input")
@click.argument("pre_annotation")
@platform_command
def set_pre_annotation(platform: Platform, input: str, pre_annotation: str) -> None:
    """Let the annotation of INPUT start from PRE_ANNOTATION. Possible until it has begun.

    INPUT is a UUID, or the external ID of a scene with one input; PRE_ANNOTATION is a UUID or external ID.
    """
    from kognic.pipelines.lookup import input_uuid, pre_annotation_uuid

    uuid = input_uuid(platform.client, input)
    start = pre_annotation_uuid(platform.client, pre_annotation)
    platform.client.input.update_pre_annotation(uuid, start)
    platform.done(f"Input {uuid} starts from {start}.", input_uuid=uuid, pre_annotation_uuid=start)


@input_.command("progress")
@click.argument("input", required=False)
@click.option("--request", "request_uuid", metavar="UUID", help="All inputs of this request.")
@click.option("--scene", metavar="SCENE", help="With --request: only the input of this scene.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="With --request: the first N.")
@platform_command
def progress(
    platform: Platform,
    input: str | None,
    request_uuid: str | None,
    scene: str | None,
    limit: int | None,
) -> None:
    """Show where INPUT, or every input of a request, is in its workflow.

    INPUT is a UUID, or the external ID of a scene with one input.
    """
    if (input is None) == (request_uuid is None):
        raise click.UsageError("Pass either INPUT or --request.")
    from kognic.pipelines.lookup import input_uuid, scene_uuid

    inputs = platform.client.input
    if input is not None:
        platform.show_one(inputs.get_request_input(input_uuid(platform.client, input)))
    elif request_uuid is not None:
        scene_id = None if scene is None else scene_uuid(platform.client, scene)
        found = inputs.get_request_inputs(request_id=request_uuid, scene_id=scene_id)
        platform.show(islice(found, limit), PROGRESS_COLUMNS)


@input_.command("view")
@click.argument("inputs", nargs=-1, required=True)
@platform_command
def view(platform: Platform, inputs: tuple[str, ...]) -> None:
    """Print links that open INPUTS in the browser. UUIDs need no network; external IDs of scenes do."""
    from kognic.io.util import get_view_links
    from kognic.pipelines.lookup import input_uuids

    # The client is not needed for UUIDs, nor are credentials.
    uuids = list(inputs) if all(map(is_uuid, inputs)) else input_uuids(platform.client, inputs)
    links = get_view_links(uuids)
    if platform.as_json:
        platform.show_one(links)
        return
    for link in links.values():
        echo(link)
