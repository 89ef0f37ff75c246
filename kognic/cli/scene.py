"""`kognic scene`: create scenes from files, and look after them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kognic.cli.lazy import LazyGroup
from kognic.cli.platform import Platform, platform_command

COLUMNS = ("uuid", "external_id", "scene_type", "status", "created", "view_link", "error_message")


@click.group(cls=LazyGroup)
def scene() -> None:
    """Create scenes from files, and look after them."""


@scene.command("create")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--project", metavar="PROJECT", help="Create inputs in this project; default: the file's.")
@click.option(
    "--batch", metavar="BATCH", help="Batch of the project; default: the file's, else the latest open one."
)
@click.option("--dry-run", is_flag=True, help="Let the platform check the scene; upload and create nothing.")
@click.option("--check/--no-check", default=True, help="Check the scene and its files first, offline.")
@click.option("--wait/--no-wait", default=True, help="Wait until the platform has processed the scene.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=1800,
    show_default=True,
    help="Longest wait.",
)
@click.option(
    "--if-exists",
    type=click.Choice(["create", "skip", "fail"]),
    default="create",
    show_default=True,
    help="What to do if the workspace has a usable scene of this external ID.",
)
@platform_command
def create(platform: Platform, file: Path, **options: Any) -> None:
    """Create the scene that FILE describes, upload its files and wait for it.

    FILE is JSON or YAML. The scene is checked offline first; errors stop it before anything is sent.

    A calibration in FILE is created unless the workspace has an equal one of that external ID. If something
    fails, what exists on the platform and what does not is told.
    """
    from kognic.cli.scene_create import create_scene

    create_scene(platform, file, **options)


@scene.command("schema")
def schema() -> None:
    """Print the JSON Schema of scene descriptions, for editors."""
    from kognic.scenes.scene_schema import schema_text

    click.echo(schema_text(), nl=False)


@scene.command("show")
@click.argument("uuids", nargs=-1)
@click.option(
    "--external-id", "external_ids", metavar="ID", multiple=True, help="By external ID; repeatable."
)
@platform_command
def show(platform: Platform, uuids: tuple[str, ...], external_ids: tuple[str, ...]) -> None:
    """Show scenes by their UUIDS or external IDs, with their status."""
    if not uuids and not external_ids:
        raise click.UsageError("Give UUIDS or --external-id.")
    scenes = platform.client.scene.get_scenes_by_uuids(list(uuids)) if uuids else []
    if external_ids:
        scenes = [*scenes, *platform.client.scene.get_scenes_by_external_ids(list(external_ids))]
    platform.show(scenes, COLUMNS)


@scene.command("summary")
@click.argument("uuid")
@click.option("--invalidated", is_flag=True, help="Also if it has been invalidated.")
@platform_command
def summary(platform: Platform, uuid: str, invalidated: bool) -> None:
    """Show the sensors, frames and metadata of the scene UUID."""
    platform.show_one(platform.client.scene.get_scene_summary(uuid, find_invalidated_scenes=invalidated))


@scene.command("ego-poses")
@click.argument("uuid")
@platform_command
def ego_poses(platform: Platform, uuid: str) -> None:
    """Show the pose of the vehicle in each frame of the scene UUID."""
    poses = platform.client.scene.get_ego_poses(uuid)
    if platform.as_json:
        platform.show_one(poses or {})
        return
    if not poses:
        click.echo("The scene has no ego poses.", err=True)
        return
    parts = [f"position.{axis}" for axis in "xyz"] + [f"rotation.{axis}" for axis in "wxyz"]
    rows = [
        {"frame": frame, "position": pose.position, "rotation": pose.rotation}
        for frame, pose in poses.items()
    ]
    platform.show(rows, ("frame", *parts))


@scene.command("wait")
@click.argument("uuids", nargs=-1, required=True)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=1800,
    show_default=True,
    help="Longest wait.",
)
@platform_command
def wait(platform: Platform, uuids: tuple[str, ...], timeout: float) -> None:
    """Wait until the scenes UUIDS are ready; exit status 1 if one fails or time runs out."""
    platform.patient = True
    platform.show(platform.client.scene.wait_until_created(list(uuids), timeout=timeout), COLUMNS)


@scene.command("invalidate")
@click.argument("uuids", nargs=-1, required=True)
@click.option(
    "--reason",
    type=click.Choice(["bad-content", "duplicate", "incorrectly-created"]),
    required=True,
    help="Why.",
)
@click.confirmation_option("--yes", prompt="This cannot be undone. Invalidate?", help="Do not ask.")
@platform_command
def invalidate(platform: Platform, uuids: tuple[str, ...], reason: str) -> None:
    """Invalidate the scenes UUIDS: their inputs and annotations are deleted for good."""
    from kognic.io.model.scene.invalidated_reason import SceneInvalidatedReason

    platform.client.scene.invalidate_scenes(list(uuids), SceneInvalidatedReason(reason))
    sentences = [f"Scene {uuid} is invalidated ({reason})." for uuid in uuids]
    platform.done("\n".join(sentences), invalidated=list(uuids), reason=reason)


@scene.command("import")
@click.argument("uuid")
@platform_command
def import_scene(platform: Platform, uuid: str) -> None:
    """Import the data of the indexed scene UUID from your cloud storage."""
    platform.client.scene.import_indexed_scene(uuid)
    platform.done(f"Scene {uuid} is being imported.", uuid=uuid)


@scene.command("reindex")
@click.argument("uuid")
@platform_command
def reindex(platform: Platform, uuid: str) -> None:
    """Undo the import of the scene UUID; its data stays in your cloud storage only."""
    platform.client.scene.reindex_scene(uuid)
    platform.done(f"Scene {uuid} is only indexed now.", uuid=uuid)
