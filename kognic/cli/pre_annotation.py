"""`kognic pre-annotation`."""

from __future__ import annotations

from pathlib import Path

import click

from kognic.cli.lazy import LazyGroup
from kognic.cli.options import DRY_RUN
from kognic.cli.platform import Platform, platform_command
from kognic.pipelines.lookup import pre_annotation_uuid, scene_uuid, scene_uuids

COLUMNS = ("id", "status", "externalId", "sceneUuid", "created")
STATUSES = ("pending-for-scene", "indexed", "processing", "available", "failed")


@click.group("pre-annotation", cls=LazyGroup)
def pre_annotation() -> None:
    """Add OpenLABEL documents that annotators start from."""


@pre_annotation.command("list")
@click.option(
    "--scene", "scenes", metavar="SCENE", multiple=True, help="UUID or external ID of a scene; repeatable."
)
@click.option(
    "--scene-external-id",
    "scene_ids",
    metavar="ID",
    multiple=True,
    help="External ID of a scene; repeatable.",
)
@click.option(
    "--external-id",
    "external_ids",
    metavar="ID",
    multiple=True,
    help="External ID of a pre-annotation; repeatable.",
)
@click.option("--status", "statuses", type=click.Choice(STATUSES), multiple=True, help="Status; repeatable.")
@platform_command
def list_pre_annotations(
    platform: Platform,
    scenes: tuple[str, ...],
    scene_ids: tuple[str, ...],
    external_ids: tuple[str, ...],
    statuses: tuple[str, ...],
) -> None:
    """List pre-annotations that match all filters."""
    found = platform.client.pre_annotation.list(
        scene_uuids=scene_uuids(platform.client, scenes) or None,
        scene_external_ids=list(scene_ids) or None,
        external_ids=list(external_ids) or None,
        statuses=list(statuses) or None,
    )
    platform.show(found, COLUMNS)


@pre_annotation.command("create")
@click.argument("scene")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--external-id", metavar="ID", help="External ID of the pre-annotation, unique in the scene.")
@DRY_RUN
@platform_command
def create_pre_annotation(
    platform: Platform, scene: str, file: Path, external_id: str | None, dry_run: bool
) -> None:
    """Give SCENE, a UUID or external ID, the OpenLABEL document in FILE."""
    from kognic._core.documents import read_document

    document = read_document(file)
    uuid = scene_uuid(platform.client, scene)
    created = platform.client.pre_annotation.create(uuid, document, dry_run, external_id=external_id)
    if dry_run:
        platform.done(f"The platform would take {file}.", dry_run=True)
    else:
        platform.done(f"Pre-annotation {created.id} is created.", id=created.id, scene_uuid=uuid)


@pre_annotation.command("from-cloud")
@click.argument("scene")
@click.argument("external_id")
@click.argument("uri")
@click.option("--import-now", is_flag=True, help="Import it immediately instead of at its first use.")
@platform_command
def create_from_cloud(platform: Platform, scene: str, external_id: str, uri: str, import_now: bool) -> None:
    """Give SCENE, a UUID or external ID, a document that lies in your cloud storage at URI."""
    uuid = scene_uuid(platform.client, scene)
    created = platform.client.pre_annotation.create_from_cloud_resource(
        uuid, external_id, uri, postpone_import=not import_now
    )
    platform.done(f"Pre-annotation {created} is created.", id=created, scene_uuid=uuid)


@pre_annotation.command("import")
@click.argument("pre_annotation")
@platform_command
def import_indexed(platform: Platform, pre_annotation: str) -> None:
    """Import the indexed PRE_ANNOTATION, a UUID or external ID."""
    uuid = pre_annotation_uuid(platform.client, pre_annotation)
    platform.client.pre_annotation.make_indexed_pre_annotation_available(uuid)
    platform.done(f"Pre-annotation {uuid} is being imported.", id=uuid)


@pre_annotation.command("show")
@click.argument("pre_annotation", required=False)
@click.option("--scene", metavar="SCENE", help="With --external-id: the scene.")
@click.option("--external-id", metavar="ID", help="With --scene: the external ID of the pre-annotation.")
@platform_command
def show_pre_annotation(
    platform: Platform, pre_annotation: str | None, scene: str | None, external_id: str | None
) -> None:
    """Print the OpenLABEL document of PRE_ANNOTATION, a UUID or external ID, as JSON.

    Where more than one scene has a pre-annotation of that external ID, add --scene and --external-id.
    """
    from kognic.cli.output import print_json

    if (pre_annotation is None) == (scene is None or external_id is None):
        raise click.UsageError("Give PRE_ANNOTATION, or --scene and --external-id.")
    client = platform.client
    found = client.pre_annotation.get_with_content(
        uuid=None if pre_annotation is None else pre_annotation_uuid(client, pre_annotation),
        scene_uuid=None if scene is None else scene_uuid(client, scene),
        external_id=external_id,
    )
    print_json(found if platform.as_json else found.content)


@pre_annotation.command("delete")
@click.argument("uuids", nargs=-1, required=True)
@click.confirmation_option("--yes", prompt="Delete?", help="Skip the confirmation.")
@platform_command
def delete_pre_annotations(platform: Platform, uuids: tuple[str, ...]) -> None:
    """Delete the pre-annotations UUIDS."""
    for uuid in uuids:
        platform.client.pre_annotation.delete(uuid)
    platform.done("\n".join(f"Pre-annotation {uuid} is deleted." for uuid in uuids), deleted=list(uuids))
