"""`kognic project` and `kognic batch`."""

from __future__ import annotations

import click

from kognic._core.terminal import echo
from kognic.cli.lazy import LazyGroup
from kognic.cli.platform import Platform, platform_command

PROJECT_COLUMNS = ("project", "title", "status", "created", "description")
BATCH_COLUMNS = ("batch", "title", "status", "created", "updated")


@click.group(cls=LazyGroup)
def project() -> None:
    """List projects, and report their progress. PROJECT is an external ID."""


@project.command("list")
@platform_command
def list_projects(platform: Platform) -> None:
    """List the projects that you can see."""
    platform.show(platform.client.project.get_projects(), PROJECT_COLUMNS)


@project.command("annotation-types")
@click.argument("project")
@click.option("--batch", metavar="BATCH", help="Only those of this batch.")
@platform_command
def annotation_types(platform: Platform, project: str, batch: str | None) -> None:
    """List the annotation types of PROJECT."""
    types = platform.client.project.get_annotation_types(project, batch)
    if platform.as_json:
        platform.show(types, ())
    else:
        echo("\n".join(types))


@click.group(cls=LazyGroup)
def batch() -> None:
    """List, create and publish the batches of a project."""


@batch.command("list")
@click.argument("project")
@platform_command
def list_batches(platform: Platform, project: str) -> None:
    """List the batches of PROJECT."""
    platform.show(platform.client.project.get_project_batches(project), BATCH_COLUMNS)


@batch.command("create")
@click.argument("project")
@click.argument("batch")
@click.option("--publish-previous", is_flag=True, help="Publish every other open batch of the project.")
@platform_command
def create_batch(platform: Platform, project: str, batch: str, publish_previous: bool) -> None:
    """Create BATCH in PROJECT. It is open for inputs immediately."""
    created = platform.client.project.create_batch(project, batch, publish_previous_batches=publish_previous)
    platform.show_one(created)


@batch.command("publish")
@click.argument("project")
@click.argument("batch")
@platform_command
def publish_batch(platform: Platform, project: str, batch: str) -> None:
    """Publish BATCH of PROJECT. No inputs can be added afterwards."""
    platform.show_one(platform.client.project.publish_batch(project, batch))
