"""`kognic sandbox project create` and others: what you cannot create through the platform's API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kognic._core.terminal import echo
from kognic.cli import output
from kognic.cli.lazy import LazyGroup
from kognic.cli.options import JSON, F
from kognic.cli.sandbox_running import control_of, running_sandbox
from kognic.sandbox.control import DEFAULT_PHASES
from kognic.sandbox.platform.control.seed_file import USERS_FOLDER
from kognic.sandbox.platform.control.seeding import ANNOTATION_TYPES

PHASES = ("annotate", "review", "integration-review", "delivery")
TITLE = click.option("--title", metavar="TEXT", help="Title; default: the external ID.")
ORGANIZATION = click.option(
    "--organization", metavar="NAME", help="Organization, created if missing; default: the sandbox's own."
)


def _annotation_types(default: str) -> Callable[[F], F]:
    return click.option(
        "--annotation-type",
        "annotation_types",
        metavar="TYPE",
        multiple=True,
        help=f"Annotation type; repeatable.  [default: {default}]",
    )


def _group(name: str, what: str) -> click.Group:
    # No lazy commands: those of the registry belong to the groups of the same names below the root.
    return LazyGroup(name, lazy={}, help=f"Create {what} in a running sandbox.")


project = _group("project", "projects")
batch = _group("batch", "batches")
request = _group("request", "requests")
workspace = _group("workspace", "workspaces")
organization = _group("organization", "organizations")
user = _group("user", "users with credentials")


def _show(facts: dict[str, Any], *, as_json: bool) -> None:
    (output.print_json if as_json else output.print_fields)(facts)


@project.command("create")
@click.argument("project")
@TITLE
@_annotation_types(" and ".join(ANNOTATION_TYPES))
@ORGANIZATION
@click.option("--batch", metavar="BATCH", default="batch-1", show_default=True, help="Its first batch.")
@click.option("--no-batch", is_flag=True, help="Create no batch: the project takes no inputs yet.")
@running_sandbox
@JSON
def create_project(
    root: Path,
    project: str,
    title: str | None,
    annotation_types: tuple[str, ...],
    organization: str | None,
    batch: str,
    no_batch: bool,
    as_json: bool,
) -> None:
    """Create PROJECT, an external ID, with an open batch and a request in it, so that it takes inputs.

    Example: kognic sandbox project create city --annotation-type objects
    """
    control = control_of(root)
    uuid = control.create_project(
        project,
        title=title,
        annotation_types=annotation_types or ANNOTATION_TYPES,
        organization=organization,
    )
    facts = {"project": project, "project_uuid": uuid}
    if not no_batch:
        facts["batch"] = control.create_batch(project, batch)
        facts["request_uuid"] = control.create_request(project, batch)
    _show(facts, as_json=as_json)


@batch.command("create")
@click.argument("project")
@click.argument("batch")
@TITLE
@_annotation_types("those of the latest batch, or of the project")
@click.option("--multi-sensor", is_flag=True, help="Its scenes need IMU data, ego poses and shutter times.")
@click.option(
    "--status",
    type=click.Choice(("pending", "open", "ready", "in-progress", "completed")),
    default="open",
    show_default=True,
    help="Only an open batch takes inputs.",
)
@click.option("--no-request", is_flag=True, help="Create no request: the batch takes no inputs yet.")
@running_sandbox
@JSON
def create_batch(
    root: Path,
    project: str,
    batch: str,
    title: str | None,
    annotation_types: tuple[str, ...],
    multi_sensor: bool,
    status: str,
    no_request: bool,
    as_json: bool,
) -> None:
    """Create BATCH, an external ID, in PROJECT, with a request in it.

    'kognic batch create' does the same through the platform's API, without the choice of status.

    Example: kognic sandbox batch create city week-2
    """
    control = control_of(root)
    control.create_batch(
        project,
        batch,
        title=title,
        is_multi_sensor=multi_sensor,
        annotation_types=annotation_types or None,
        status=status,
    )
    facts = {"project": project, "batch": batch, "status": status}
    if not no_request:
        facts["request_uuid"] = control.create_request(project, batch)
    _show(facts, as_json=as_json)


@request.command("create")
@click.argument("project")
@click.argument("batch")
@click.option("--title", metavar="TEXT", help="Title.")
@_annotation_types("those of the batch")
@click.option(
    "--phase",
    "phases",
    type=click.Choice(PHASES),
    multiple=True,
    help=f"Phase of its workflow, in order; repeatable.  [default: {', '.join(DEFAULT_PHASES)}]",
)
@click.option("--input-type", metavar="TYPE", help="The only scene type that it takes.  [default: all]")
@running_sandbox
@JSON
def create_request(
    root: Path,
    project: str,
    batch: str,
    title: str | None,
    annotation_types: tuple[str, ...],
    phases: tuple[str, ...],
    input_type: str | None,
    as_json: bool,
) -> None:
    """Create a request in BATCH of PROJECT.

    Example: kognic sandbox request create city week-2 --phase annotate --phase review --phase delivery
    """
    uuid = control_of(root).create_request(
        project,
        batch,
        title=title,
        annotation_types=annotation_types or None,
        phases=phases or DEFAULT_PHASES,
        input_type=input_type,
    )
    _show({"project": project, "batch": batch, "request_uuid": uuid}, as_json=as_json)


@workspace.command("create")
@click.argument("workspace")
@click.option("--name", metavar="TEXT", help="Display name; default: the external ID.")
@click.option(
    "--role", "roles", metavar="ROLE", multiple=True, default=("developer",), show_default=True,
    help="Role of the sandbox's own user in it; repeatable.",
)  # fmt: skip
@ORGANIZATION
@running_sandbox
@JSON
def create_workspace(
    root: Path,
    workspace: str,
    name: str | None,
    roles: tuple[str, ...],
    organization: str | None,
    as_json: bool,
) -> None:
    """Create WORKSPACE, an external ID. Select it with --workspace in commands that write.

    Example: kognic sandbox workspace create team-b --role viewer
    """
    uuid = control_of(root).create_workspace(workspace, name=name, roles=roles, organization=organization)
    _show({"workspace": workspace, "workspace_uuid": uuid, "roles": list(roles)}, as_json=as_json)


@organization.command("create")
@click.argument("name")
@running_sandbox
@JSON
def create_organization(root: Path, name: str, as_json: bool) -> None:
    """Create the organization NAME, unless it exists.

    Example: kognic sandbox organization create "Harbour Ltd"
    """
    number = control_of(root).create_organization(name)
    _show({"organization": name, "organization_id": number}, as_json=as_json)


@user.command("create")
@click.argument("email")
@ORGANIZATION
@click.option("--staff", is_flag=True, help="Let the user act for other organizations.")
@click.option(
    "--role",
    "roles",
    metavar="WORKSPACE=ROLE",
    multiple=True,
    help="Role of the user in a workspace, by external ID: sandbox-workspace=viewer; repeatable.",
)
@running_sandbox
@JSON
def create_user(
    root: Path, email: str, organization: str | None, staff: bool, roles: tuple[str, ...], as_json: bool
) -> None:
    """Create the user EMAIL with credentials, and print the path of the credentials file.

    A user that exists keeps its credentials, and gets roles in workspaces where it has none.

    Example: kognic sandbox user create ada@harbour.invalid --role sandbox-workspace=developer
    """
    by_workspace: dict[str, list[str]] = {}
    for role in roles:
        name, separator, value = role.partition("=")
        if not separator or not name or not value:
            raise click.BadParameter(f"{role!r} is not WORKSPACE=ROLE", param_hint="--role")
        by_workspace.setdefault(name, []).append(value)
    wanted = {"email": email, "organization": organization, "staff": staff, "roles": by_workspace}
    control_of(root).seed({"users": [wanted]})
    path = root.absolute() / USERS_FOLDER / f"{email}.json"
    if as_json:
        output.print_json({"email": email, "credentials": str(path), "roles": by_workspace})
        return
    echo(path)
    output.note("Use it with: --credentials FILE")
