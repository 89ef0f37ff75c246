"""The `kognicutil` command: looks at what is on the platform, and compiles custom cameras.

It keeps the official command's arguments and output; everything newer is the `kognic` command
(`kognic.cli`). Commands take a client from the context object, `{"client": client}`, if there is one.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from pprint import pformat
from typing import Any

import click
from tabulate import tabulate

from kognic._core.failures import failures_in_one_line
from kognic._core.plain import plain
from kognic._core.visible import visible
from kognic.io.client import KognicIOClient
from kognic.io.tools.calibration.compilation import compile_to_wasm
from kognic.io.tools.calibration.validation import validate_wasm_file
from kognic.io.util import get_view_links

ORGANIZATION_VARIABLE = "KOGNIC_CLIENT_ORGANIZATION_ID"
_INPUT_COLUMNS = ("scene_uuid", "external_id", "batch", "scene_type", "status", "view_link", "error_message")
_SCENE_COLUMNS = ("uuid", "external_id", "scene_type", "status", "view_link", "error_message")


class _Command(click.Command):
    """A command whose expected failures are one line on standard error and exit status 1."""

    expected: tuple[type[Exception], ...] = ()

    def invoke(self, ctx: click.Context) -> Any:
        with failures_in_one_line("kognicutil", self.expected):
            return super().invoke(ctx)


def _client_from_environment() -> KognicIOClient:
    """Make a client with the environment's credentials, for a customer's organization if it names one."""
    organization = os.environ.get(ORGANIZATION_VARIABLE)
    if not organization:
        return KognicIOClient(auth=None, client_organization_id=None)
    try:
        organization_id = int(organization)
    except ValueError:
        raise ValueError(f"{ORGANIZATION_VARIABLE} is '{organization}', must be a number") from None
    _echo(f"{'<' * 25}  Acting on behalf of organization {organization_id} {'>' * 25}")
    return KognicIOClient(auth=None, client_organization_id=organization_id)


def _client(ctx: click.Context) -> KognicIOClient:
    known = ctx.ensure_object(dict)
    if known.get("client") is None:
        known["client"] = _client_from_environment()
    return known["client"]  # type: ignore[no-any-return]


@click.group()
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Look at what is on the Kognic platform."""
    ctx.ensure_object(dict)


@cli.command(cls=_Command)
@click.argument("project", required=False)
@click.option("--get-batches", is_flag=True, help="List the batches of PROJECT.")
@click.pass_context
def projects(ctx: click.Context, project: str | None, get_batches: bool) -> None:
    """List projects, or only PROJECT (its external ID)."""
    if project is not None and get_batches:
        batches = _client(ctx).project.get_project_batches(project)
        _print_table("BATCHES", ("created", "project", "batch", "title", "status", "updated"), batches)
        return
    found = _client(ctx).project.get_projects()
    chosen = [item for item in found if project is None or item.project == project]
    _print_table("PROJECTS", ("created", "project", "title", "description", "status"), chosen)


@cli.command(cls=_Command)
@click.option("--project", help="External ID of a project.")
@click.option("--batch", help="External ID of one of its batches.")
@click.option("--external-ids", multiple=True, help="External ID of a scene; may be repeated.")
@click.option("--include-invalidated", is_flag=True, help="Show invalidated inputs as well.")
@click.option("--view", is_flag=True, help="Show only links to the inputs.")
@click.option("--uuids", help="UUIDs of scenes, separated by commas.")
@click.pass_context
def inputs(
    ctx: click.Context,
    project: str | None,
    batch: str | None,
    external_ids: tuple[str, ...],
    include_invalidated: bool,
    view: bool,
    uuids: str | None,
) -> None:
    """List the inputs of a project (--project) or of scenes (--uuids)."""
    scene_uuids = [uuid.strip() for uuid in (uuids or "").split(",") if uuid.strip()]
    if project is None and not scene_uuids:
        raise click.UsageError("Give --project or --uuids.")
    client = _client(ctx)
    with warnings.catch_warnings():
        # This command is the reason why the deprecated calls are kept.
        warnings.simplefilter("ignore", DeprecationWarning)
        if scene_uuids and not (view and project is not None):
            found = client.input.get_inputs_by_uuids(scene_uuids)
        else:
            found = client.input.get_inputs(
                str(project),
                batch,
                include_invalidated=include_invalidated,
                external_ids=list(external_ids) or None,
            )
    if view:
        # The platform knows where its pages are; a link is built only for an entry that has none.
        links = {**get_view_links(item.scene_uuid for item in found)}
        links.update((item.scene_uuid, item.view_link) for item in found if item.view_link)
        rows = [{"scene_uuid": uuid, "view_link": link} for uuid, link in links.items()]
        _print_table("VIEW LINKS FOR INPUTS", ("scene_uuid", "view_link"), rows)
    else:
        _print_table("INPUTS", _INPUT_COLUMNS, found)


@cli.command(cls=_Command)
@click.argument("uuids", nargs=-1, required=True)
@click.option("--view", is_flag=True, help="Show only links to the scenes.")
@click.option("--status", is_flag=True, help="Show only their status.")
@click.pass_context
def scenes(ctx: click.Context, uuids: tuple[str, ...], view: bool, status: bool) -> None:
    """Show the scenes UUIDS."""
    if view and status:
        raise click.UsageError("--view and --status exclude each other.")
    found = _client(ctx).scene.get_scenes_by_uuids(list(uuids))
    if view:
        _print_table("VIEW LINKS FOR SCENES", ("uuid", "view_link"), found)
    elif status:
        _print_table("STATUS FOR SCENES", ("uuid", "status", "error_message"), found)
    else:
        _print_table("SCENES", _SCENE_COLUMNS, found)


@cli.command(cls=_Command)
@click.option("--id", "calibration_id", help="UUID of a calibration.")
@click.option("--external-id", help="External ID of a calibration.")
@click.option("--raw", is_flag=True, help="With --id: also print the calibration of every sensor.")
@click.pass_context
def calibration(ctx: click.Context, calibration_id: str | None, external_id: str | None, raw: bool) -> None:
    """Show one calibration (--id), those of an external ID, or all."""
    if raw and calibration_id is None:
        raise click.UsageError("--raw needs --id.")
    resource = _client(ctx).calibration
    if calibration_id is not None:
        found = [resource.get_calibration(calibration_id)]
    elif external_id is not None:
        found = resource.get_calibrations(external_id=external_id)
    else:
        found = resource.get_calibrations()
    _print_table("CALIBRATION", ("id", "external_id", "created"), found)
    if raw:
        sensors = found[0].calibration or {}
        _echo()
        _echo(pformat(plain(sensors, str)))


@cli.command(cls=_Command)
@click.argument("input_uuid")
def view(input_uuid: str) -> None:
    """Print where the input INPUT_UUID can be seen. Needs no network."""
    rows = [{"uuid": uuid, "view_link": link} for uuid, link in get_view_links([input_uuid]).items()]
    _print_table("VIEW LINK", ("uuid", "view_link"), rows)


class _WasmCommand(_Command):
    """Among its failures is a missing wasmtime; the error names the extra that brings it."""

    expected = (ImportError,)


@cli.group("wasm")
def wasm_cli() -> None:
    """Compile and check custom cameras (WebAssembly modules)."""
    logging.basicConfig(level=logging.INFO)


@wasm_cli.command("compile", cls=_WasmCommand)
@click.argument("src_file", type=click.Path(path_type=Path))
@click.argument("output_file", type=click.Path(path_type=Path))
@click.option("--skip-validation", is_flag=True, help="Do not validate the compiled module.")
def compile_wasm(src_file: Path, output_file: Path, skip_validation: bool) -> None:
    """Compile SRC_FILE (Cargo.toml, .rs, .c, .cc, .cpp) to OUTPUT_FILE (.wasm)."""
    _echo(f"Compiling {src_file} to {output_file}")
    compile_to_wasm(input_path=src_file, output_wasm=output_file, skip_validation=skip_validation)
    _echo(f"Successfully compiled {src_file} to {output_file}")


@wasm_cli.command("validate", cls=_WasmCommand)
@click.argument("wasm_file", type=click.Path(path_type=Path))
def validate_wasm(wasm_file: Path) -> None:
    """Check that WASM_FILE is a module that the platform accepts."""
    _echo(f"Validating {wasm_file}")
    validate_wasm_file(wasm_file, [])
    _echo("Wasm file successfully validated")


def _echo(text: str = "") -> None:
    """Print text that holds names of other people."""
    click.echo(visible(text))


def _print_table(title: str, columns: Sequence[str], items: Iterable[Any]) -> None:
    rows = [[_cell(item, column) for column in columns] for item in items]
    # Identifiers stay as they are, also those that look like numbers.
    table = tabulate(rows, headers=list(columns), tablefmt="fancy_grid", disable_numparse=True)
    width = len(table.partition("\n")[0])
    line = "=" * width
    indent = " " * max(0, width // 2 - len(title) // 2 - 1)
    _echo(f"\n{line}\n{indent}{title}\n{line}\n{table}")


def _cell(item: Any, column: str) -> str | None:
    value = item[column] if isinstance(item, dict) else getattr(item, column)
    return None if value is None else str(plain(value, str))


def main() -> None:
    """Run the command; the console script `kognicutil`."""
    cli(prog_name="kognicutil")


if __name__ == "__main__":
    main()
