"""`kognic scene`: create, list, show and clean up scenes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from kognic._core.terminal import echo
from kognic.cli.lazy import LazyGroup
from kognic.cli.options import DRY_RUN, LINKS, timeout_option
from kognic.cli.platform import Platform, platform_command
from kognic.cli.scene_clean import clean_scenes
from kognic.cli.scene_create import create_scene
from kognic.cli.targets import target_option
from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason
from kognic.pipelines.lookup import SceneFilter, find_scenes, placed_scenes, scene_uuid, scene_uuids
from kognic.scenes.scene_schema import schema_text

COLUMNS = ("uuid", "external_id", "status", "created", "scene_type", "error_message")
# Left out in terminals that are too narrow for them.
OPTIONAL = ("scene_type", "created")
REASONS = click.Choice([reason.value for reason in SceneInvalidatedReason])
STATUSES = ("pending", "processing", "created", "failed", "indexed", "invalidated")


@click.group(cls=LazyGroup)
def scene() -> None:
    """Create, list, show and clean up scenes."""


@scene.command("create")
@click.argument("file", metavar="SCENE", type=click.Path(path_type=Path))
@click.option("--project", metavar="PROJECT", help="Create inputs in this project; default: the file's.")
@click.option(
    "--batch", metavar="BATCH", help="Batch of the project; default: the file's, or the latest open one."
)
@target_option
@DRY_RUN
@click.option("--check/--no-check", default=True, help="Validate the scene and its files offline first.")
@click.option("--wait/--no-wait", default=True, help="Wait until the platform has processed the scene.")
@timeout_option("Longest wait.")
@click.option(
    "--if-exists",
    type=click.Choice(["create", "skip", "fail"]),
    default="create",
    show_default=True,
    help="What to do if a valid scene with this external ID already exists; create creates another, skip "
    "reuses it.",
)
@LINKS
@platform_command
def create(platform: Platform, file: Path, **options: Any) -> None:
    """Create the scene SCENE, upload its files and wait until it is ready.

    SCENE is a scene file in JSON or YAML, or a folder with one. The scene is validated offline first; errors
    stop it before anything is uploaded.

    The calibration of the scene file is created unless the workspace has an equal one with that external ID.
    On failure, prints what was created and what was not.

    Example: kognic scene create drive/scene.json --project city
    """
    create_scene(platform, file, **options)


@scene.command("schema")
def schema() -> None:
    """Print the JSON Schema of scene files, for editors.

    Example: kognic scene schema > scene.schema.json
    """
    echo(schema_text(), nl=False)


@scene.command("list")
@click.option("--project", metavar="PROJECT", help="List only scenes with inputs in this project.")
@click.option("--batch", metavar="BATCH", help="With --project: only those of this batch.")
@click.option("--prefix", metavar="TEXT", default="", help="Only external IDs that begin with this.")
@click.option(
    "--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="Only this status; repeatable."
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]),
    metavar="TIME",
    help="Only scenes created at this time or later, UTC: 2026-03-01 or 2026-03-01T12:30:00.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.")
@LINKS
@platform_command
def list_scenes(
    platform: Platform, since: datetime | None, limit: int | None, links: bool, **which: Any
) -> None:
    """List scenes that have inputs, newest first.

    The platform lists inputs, not scenes: a scene without inputs is missing here. 'kognic scene show' finds
    it by UUID or external ID, and 'kognic bulk report' lists the scenes of a run.

    Example: kognic scene list --project city --status created --since 2026-03-01
    """
    if which["batch"] is not None and which["project"] is None:
        raise click.UsageError("Pass --project with --batch.")
    oldest = None if since is None else since.replace(tzinfo=UTC)
    found = placed_scenes(platform.client, SceneFilter(since=oldest, **which))
    nothing = "No scene with inputs matches. 'kognic scene show' finds scenes without inputs by name."
    platform.show(found[:limit], COLUMNS, optional=OPTIONAL, links=links, nothing=nothing)


@scene.command("show")
@click.argument("scenes", nargs=-1)
@click.option(
    "--external-id",
    "external_ids",
    metavar="ID",
    multiple=True,
    help="Scene with this external ID; repeatable.",
)
@LINKS
@platform_command
def show(platform: Platform, scenes: tuple[str, ...], external_ids: tuple[str, ...], links: bool) -> None:
    """Show SCENES (UUIDs or external IDs) with their status.

    Example: kognic scene show drive-0001 5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21
    """
    if not scenes and not external_ids:
        raise click.UsageError("Pass SCENES or --external-id.")
    platform.show(
        find_scenes(platform.client, [*scenes, *external_ids]), COLUMNS, optional=OPTIONAL, links=links
    )


@scene.command("summary")
@click.argument("scene")
@click.option("--invalidated", is_flag=True, help="Also show invalidated scenes.")
@platform_command
def summary(platform: Platform, scene: str, invalidated: bool) -> None:
    """Show the sensors, frames and metadata of SCENE, a UUID or external ID.

    Example: kognic scene summary drive-0001
    """
    uuid = scene_uuid(platform.client, scene)
    platform.show_one(platform.client.scene.get_scene_summary(uuid, find_invalidated_scenes=invalidated))


@scene.command("ego-poses")
@click.argument("scene")
@platform_command
def ego_poses(platform: Platform, scene: str) -> None:
    """Show the vehicle's pose in each frame of SCENE, a UUID or external ID.

    Example: kognic scene ego-poses drive-0001 --json
    """
    poses = platform.client.scene.get_ego_poses(scene_uuid(platform.client, scene))
    if platform.as_json:
        platform.show_one(poses or {})
        return
    if not poses:
        echo("The scene has no ego poses.", err=True)
        return
    parts = [f"position.{axis}" for axis in "xyz"] + [f"rotation.{axis}" for axis in "wxyz"]
    rows = [
        {"frame": frame, "position": pose.position, "rotation": pose.rotation}
        for frame, pose in poses.items()
    ]
    platform.show(rows, ("frame", *parts))


@scene.command("wait")
@click.argument("scenes", nargs=-1, required=True)
@timeout_option("Longest wait.")
@LINKS
@platform_command
def wait(platform: Platform, scenes: tuple[str, ...], timeout: float, links: bool) -> None:
    """Wait until SCENES, UUIDs and external IDs alike, are ready; exit status 1 on failure or timeout.

    Example: kognic scene wait drive-0001 --timeout 600
    """
    platform.patient = True
    uuids = scene_uuids(platform.client, scenes)
    platform.show(
        platform.client.scene.wait_until_created(uuids, timeout=timeout),
        COLUMNS,
        optional=OPTIONAL,
        links=links,
    )


@scene.command("invalidate")
@click.argument("scenes", nargs=-1, required=True)
@click.option(
    "--reason",
    type=REASONS,
    required=True,
    help="Reason to record.",
)
@click.confirmation_option(
    "--yes", prompt="This cannot be undone. Invalidate?", help="Skip the confirmation."
)
@platform_command
def invalidate(platform: Platform, scenes: tuple[str, ...], reason: str) -> None:
    """Invalidate SCENES, UUIDs and external IDs alike; their inputs and annotations are deleted for good.

    Example: kognic scene invalidate drive-0001 --reason duplicate
    """
    uuids = scene_uuids(platform.client, scenes)
    platform.client.scene.invalidate_scenes(uuids, SceneInvalidatedReason(reason))
    sentences = [f"Scene {uuid} invalidated ({reason})." for uuid in uuids]
    platform.done("\n".join(sentences), invalidated=uuids, reason=reason)


@scene.command("import")
@click.argument("scene")
@platform_command
def import_scene(platform: Platform, scene: str) -> None:
    """Import the data of the indexed SCENE, a UUID or external ID, from your cloud storage.

    Example: kognic scene import drive-0001
    """
    uuid = scene_uuid(platform.client, scene)
    platform.client.scene.import_indexed_scene(uuid)
    platform.done(f"Importing scene {uuid}.", uuid=uuid)


@scene.command("reindex")
@click.argument("scene")
@platform_command
def reindex(platform: Platform, scene: str) -> None:
    """Undo the import of SCENE, a UUID or external ID; its data stays in your cloud storage.

    Example: kognic scene reindex drive-0001
    """
    uuid = scene_uuid(platform.client, scene)
    platform.client.scene.reindex_scene(uuid)
    platform.done(f"Scene {uuid} is indexed only.", uuid=uuid)


@scene.command("clean")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--with-inputs", is_flag=True, help="Include scenes with inputs; delete their inputs first.")
@click.option(
    "--reason",
    type=REASONS,
    default="incorrectly-created",
    show_default=True,
    help="Reason to record.",
)
@click.option("--yes", "confirmed", is_flag=True, help="Invalidate; without it, only show the plan.")
@timeout_option("Longest wait for scenes that are still being processed.")
@platform_command
def clean(
    platform: Platform,
    sources: tuple[str, ...],
    with_inputs: bool,
    reason: str,
    confirmed: bool,
    timeout: float,
) -> None:
    """Invalidate the scenes of a failed or test run. A dry run unless you add --yes.

    A SOURCE is the journal of a bulk run, a JSON report of a command, a text file with one UUID or external
    ID per line, or a UUID or external ID itself. Scenes with inputs are kept unless you add --with-inputs.
    Scenes that are being processed cannot be invalidated: the command waits for them.

    Example: kognic scene clean campaign.journal --yes
    """
    platform.patient = True
    clean_scenes(
        platform, sources, with_inputs=with_inputs, reason=reason, confirmed=confirmed, timeout=timeout
    )
