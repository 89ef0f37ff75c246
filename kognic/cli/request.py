"""`kognic request`."""

from __future__ import annotations

import click

from kognic.cli import output
from kognic.cli.lazy import LazyGroup
from kognic.cli.platform import Platform, platform_command

COLUMNS = ("id", "title", "created_at")
NAMED_COLUMNS = ("id", "batch", "inputs")
COUNTS = tuple(
    f"input_progress_counts.{name}" for name in ("not_started", "in_progress", "completed", "total")
)


@click.group(cls=LazyGroup)
def request() -> None:
    """List the requests of a project. 'kognic input progress --request' shows the inputs of one."""


@request.command("list")
@click.argument("project")
@click.option("--counts", is_flag=True, help="Count the inputs by their progress.")
@platform_command
def list_requests(platform: Platform, project: str, counts: bool) -> None:
    """List the requests of PROJECT, an external ID as 'kognic project list' prints it, or a UUID.

    The platform lists requests by the UUID of their project only. With an external ID they are found through
    the inputs of the project: requests without inputs are missing, and there are no titles.
    """
    from kognic.pipelines.lookup import NamedRequest, requests_of

    requests = requests_of(platform.client, project, counts=counts)
    is_named = not requests or isinstance(requests[0], NamedRequest)
    columns = NAMED_COLUMNS if is_named else COLUMNS
    platform.show(requests, (*columns, *COUNTS) if counts else columns)
    if not requests and not platform.as_json:
        output.note(f"No request of {project} has inputs, or you collaborate in none.")
