"""What all commands that call the platform share: options, client and output.

    @project.command("list")
    @platform_command
    def list_projects(platform: Platform) -> None:
        platform.show(platform.client.project.get_projects(), PROJECT_COLUMNS)

A context object (a dict) with a `client` replaces the client that the options describe.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import click
from click.core import ParameterSource

from kognic._core.ids import is_uuid
from kognic._core.terminal import echo
from kognic.cli.options import JSON

if TYPE_CHECKING:
    from kognic.base_clients.http.outages import Patience
    from kognic.io.client import KognicIOClient

Function = TypeVar("Function", bound=Callable[..., Any])

# A person waits for most commands: they must report a platform that is away within seconds.
_INTERACTIVE_ATTEMPTS = 4

_CONNECTION = (
    click.option("--environment", metavar="NAME", help="Environment of environments.json to use."),
    click.option("--credentials", metavar="FILE", help="Credentials file or keyring://PROFILE."),
    click.option(
        "--workspace",
        metavar="WORKSPACE",
        envvar="KOGNIC_WORKSPACE_ID",
        help="UUID or external ID; required if you can write to more than one.  [env: KOGNIC_WORKSPACE_ID]",
    ),
)


@attrs.define
class Platform:
    """The common options of one command, with its client and its output.

    Attributes:
        progress: Show the progress of file transfers.
        patient: Retry failed calls for minutes, as in a program, because much work is at stake.
        patience: Limit for an outage during the workspace query; None raises its error at once.
    """

    context: click.Context
    as_json: bool
    environment: str | None
    credentials: str | None
    workspace: str | None
    progress: bool = False
    patient: bool = False
    patience: Patience | None = None

    @property
    def client(self) -> KognicIOClient:
        """The client; created on first use, closed when the command ends."""
        known: dict[str, Any] = self.context.ensure_object(dict)
        if known.get("client") is None:
            known["client"] = self._create_client(self.workspace)
        return known["client"]  # type: ignore[no-any-return]

    def is_given(self, option: str) -> bool:
        """Whether an option is on the command line; its value may also come from an environment variable."""
        return self.context.get_parameter_source(option) is ParameterSource.COMMANDLINE

    def _create_client(self, workspace: str | None) -> KognicIOClient:
        from kognic.base_clients.http.retry import RetryPolicy
        from kognic.io.client import KognicIOClient

        if workspace and not is_uuid(workspace):
            workspace = self._look_up(workspace)
        client = KognicIOClient(
            auth=self.credentials,
            environment=self.environment,
            write_workspace_id=workspace,
            progress=self.progress or None,
            retry=None if self.patient else RetryPolicy(max_attempts=_INTERACTIVE_ATTEMPTS),
        )
        self.context.find_root().call_on_close(client.close)
        return client

    def _look_up(self, workspace: str) -> str:
        """The UUID of a workspace by its external ID."""
        from kognic.base_clients.http.outages import outlast
        from kognic.cli import output
        from kognic.pipelines.lookup import workspace_id

        client = self._create_client(None)
        if self.patience is None:
            return workspace_id(client, workspace)
        return outlast(client, lambda: workspace_id(client, workspace), self.patience, output.note)

    def show(
        self,
        items: Iterable[Any],
        columns: Sequence[str],
        *,
        links: bool = False,
        nothing: str = "",
        optional: Sequence[str] = (),
    ) -> None:
        """Print a list of models as a table of some of their fields, or as a JSON array of all.

        Args:
            items: The models.
            columns: Fields that the table shows.
            links: Show `view_link` as well, in the last column.
            nothing: Printed on standard error instead of an empty table.
            optional: Columns that a terminal which is too narrow does without, the first of them first.
        """
        from kognic.cli import output

        found = list(items)
        if self.as_json:
            output.print_json(found)
        elif not found and nothing:
            output.note(nothing)
        else:
            shown = (*columns, "view_link") if links else columns
            output.print_table(found, shown, optional=optional)

    def show_one(self, item: Any, *, links: bool = True) -> None:
        """Print one model as a list of its fields, or as a JSON object.

        Args:
            item: The model.
            links: Show `view_link` to people as well; JSON always has it.
        """
        from kognic.cli import output

        if self.as_json:
            output.print_json(item)
        else:
            output.print_fields(item if links else output.without_links(item))

    def done(self, message: str, **facts: Any) -> None:
        """Report a success: a sentence for people, its facts for programs."""
        from kognic.cli import output

        if self.as_json:
            output.print_json(facts)
        else:
            echo(message)


def platform_command(function: Function) -> Function:
    """Add the common options to a command and give it a `Platform` as its first argument."""
    return _with_platform(function, (JSON, *_CONNECTION))


def platform_service(function: Function) -> Function:
    """Return the same for a command that prints no result, and so has no `--json`."""
    return _with_platform(function, _CONNECTION)


def _with_platform(function: Function, options: Sequence[Callable[[Any], Any]]) -> Function:
    @click.pass_context
    @functools.wraps(function)
    def command(ctx: click.Context, /, **kwargs: Any) -> Any:
        names = ("environment", "credentials", "workspace")
        as_json = kwargs.pop("as_json", False)
        return function(Platform(ctx, as_json, *(kwargs.pop(name) for name in names)), **kwargs)

    for option in reversed(options):
        command = option(command)
    return command  # type: ignore[return-value]
