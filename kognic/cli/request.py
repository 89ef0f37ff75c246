"""`kognic request`."""

from __future__ import annotations

import click

from kognic.cli.lazy import LazyGroup
from kognic.cli.platform import Platform, platform_command

COLUMNS = ("id", "title", "created_at")
COUNTS = tuple(
    f"input_progress_counts.{name}" for name in ("not_started", "in_progress", "completed", "total")
)


@click.group(cls=LazyGroup)
def request() -> None:
    """List the requests of a project. 'kognic input progress --request' shows the inputs of one."""


@request.command("list")
@click.argument("project_uuid")
@click.option("--counts", is_flag=True, help="Count the inputs by their progress.")
@platform_command
def list_requests(platform: Platform, project_uuid: str, counts: bool) -> None:
    """List the requests of the project with the UUID PROJECT_UUID."""
    requests = platform.client.request.get_requests(
        project_id=project_uuid, include_input_progress_counts=counts
    )
    platform.show(requests, (*COLUMNS, *COUNTS) if counts else COLUMNS)
