"""`kognic workspace`."""

from __future__ import annotations

import click

from kognic.cli.lazy import LazyGroup
from kognic.cli.platform import Platform, platform_command

COLUMNS = ("id", "external_id", "name", "organization_name", "created")


@click.group(cls=LazyGroup)
def workspace() -> None:
    """List your workspaces. Scenes and calibrations belong to one."""


@workspace.command("list")
@click.option(
    "--role",
    "roles",
    metavar="ROLE",
    multiple=True,
    help="List only workspaces where you have this role; repeatable.",
)
@platform_command
def list_workspaces(platform: Platform, roles: tuple[str, ...]) -> None:
    """List the workspaces in which you have a role (by default: developer)."""
    platform.show(platform.client.workspace.get_workspaces(roles=list(roles) or None), COLUMNS)
