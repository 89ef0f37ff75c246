"""`kognic sandbox`: run a local platform, and control one that runs."""

from __future__ import annotations

import json
import shlex
import sys
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import click

from kognic._core.ids import is_uuid
from kognic._core.run_errors import SandboxError
from kognic._core.terminal import echo
from kognic._core.wording import counted
from kognic.auth.registration import register_environment, unregister_environment
from kognic.cli import output, signals
from kognic.cli.lazy import LazyGroup
from kognic.cli.sandbox_running import FOLDER, PROJECT, control_of, find_input, running_sandbox
from kognic.sandbox import connection
from kognic.sandbox.handle import Sandbox
from kognic.sandbox.platform.config import CREDENTIALS_FILE
from kognic.sandbox.sample.types import CloudFormat, SceneKind

LOOPBACK = ("127.", "localhost", "::1")
# A choice: more findings push the result out of the terminal.
_FINDINGS = 10
DRIVE_TYPE = "lidars_and_cameras_sequence"
ANNOTATION = click.Path(dir_okay=False, path_type=Path)


@click.group("sandbox", cls=LazyGroup)
def sandbox() -> None:
    """Run a local platform for development and tests."""


@sandbox.command()
@click.option("--root", type=FOLDER, help="Folder for its state; default: a temporary folder.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--allow-host", "allowed_hosts", metavar="NAME", multiple=True,
    help="Also answer to this host name, such as that of a container; repeat for more than one.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; default or 0: a free port."
)
@click.option(
    "--seed",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML or JSON file with initial content.",
)
@click.option("--env", "print_env", is_flag=True, help="Print exports for the shell on standard output.")
@click.option(
    "--register",
    "name",
    is_flag=False,
    flag_value=connection.ENVIRONMENT,
    metavar="[NAME]",
    help=f"Add it to your environments.json as NAME; default: {connection.ENVIRONMENT}.",
)
@click.option(
    "--processing-delay", type=click.FloatRange(0), default=0, help="Processing time of scenes, seconds."
)
@click.option(
    "--token-lifetime", type=click.FloatRange(0), default=3600, help="Lifetime of access tokens, seconds."
)
@click.option("--open", "opens", is_flag=True, help="Open its web pages in the browser.")
def serve(
    root: Path | None,
    host: str,
    allowed_hosts: tuple[str, ...],
    port: int,
    seed: Path | None,
    print_env: bool,
    name: str | None,
    processing_delay: float,
    token_lifetime: float,
    opens: bool,
) -> None:
    """Serve until interrupted (Ctrl-C)."""
    content = None if seed is None else read_seed(seed)
    with signals.deferred() as stop:
        with ExitStack() as cleanup:
            running = cleanup.enter_context(
                Sandbox(
                    root,
                    host=host,
                    port=port,
                    processing_delay=processing_delay,
                    token_lifetime=token_lifetime,
                    allowed_hosts=allowed_hosts,
                )
            )
            if content is not None:
                try:
                    running.control.seed(content)
                except SandboxError as exc:
                    raise SandboxError(f"{seed}: {exc}") from None
            connection.list_as_running(running.root, running.url)
            cleanup.callback(connection.remove_note, running.root)
            if name is not None:
                register_environment(connection.environment_of(name, running.url, running.credentials_file))
                cleanup.callback(unregister_environment, name, url=running.url)
            link = running.view_link()
            _introduce(running, host, link, print_env=print_env, name=name)
            if opens:
                webbrowser.open(link)
            stop.wait()
        echo("The sandbox has stopped.", err=True)


@sandbox.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--type",
    "scene_type",
    type=click.Choice(get_args(SceneKind)),
    default=DRIVE_TYPE,
    show_default=True,
    help="Scene type.",
)
@click.option("--frames", type=click.IntRange(1), default=3, show_default=True, help="Frames of a sequence.")
@click.option(
    "--cloud-format",
    "cloud_format",
    type=click.Choice(get_args(CloudFormat)),
    default="pcd",
    help="Format of the point clouds.",
)
@click.option("--random-seed", "seed", type=int, default=0, help="The same seed gives the same bytes.")
def drive(folder: Path, **settings: Any) -> None:
    """Write a small sample drive to FOLDER, and print the path of its scene file."""
    from kognic.sandbox.sample.drive import write_sample_drive

    echo(write_sample_drive(folder, **settings).scene_file)


@sandbox.command()
@click.argument("folder", type=FOLDER)
@click.option("--frames", type=click.IntRange(1), default=3, show_default=True, help="Number of sweeps.")
@click.option("--random-seed", "seed", type=int, default=0, help="The same seed gives the same messages.")
def bag(folder: Path, **settings: Any) -> None:
    """Write the sample drive as a ROS 2 bag to FOLDER, for 'kognic import'."""
    from kognic.sandbox.sample.bag import write_sample_bag

    echo(write_sample_bag(folder, **settings))


@sandbox.command()
@running_sandbox
def env(root: Path) -> None:
    """Print exports for the shell: eval "$(kognic sandbox env)"."""
    folder = root.absolute()
    url = connection.read_note(folder)
    values = connection.variables(folder, url, folder / CREDENTIALS_FILE)
    echo(connection.as_exports(values), nl=False)


@sandbox.command("open")
@running_sandbox
@click.argument("name", metavar="[INPUT]", required=False)
@click.option("--open/--no-open", "opens", default=True, show_default=True, help="Open the browser.")
def open_page(root: Path, name: str | None, opens: bool) -> None:
    """Open the page of an input, of a scene, or the overview, and print its link.

    INPUT is the UUID of an input or scene, or the external ID of a scene with one input. The link signs you
    in; it is valid for an hour.
    """
    control = control_of(root)
    uuid = name if name is None or is_uuid(name) else str(find_input(control, name)["uuid"])
    link = connection.read_note(root.absolute()) + control.view_path(uuid)
    echo(link)
    if opens:
        webbrowser.open(link)


EMPTY = click.option("--empty", is_flag=True, help="Without ANNOTATION: use a document without objects.")


@sandbox.command("complete-task")
@running_sandbox
@click.argument("name", metavar="INPUT")
@click.argument("annotation", required=False, type=ANNOTATION)
@click.option("--reject", is_flag=True, help="Reject the result, if the task is a review.")
@EMPTY
@PROJECT
def complete_task(
    root: Path, name: str, annotation: Path | None, reject: bool, empty: bool, project: str | None
) -> None:
    """Complete the open task of INPUT, and print the UUID of the preliminary annotation.

    INPUT is the UUID of an input, or the UUID or external ID of a scene with one input. ANNOTATION is an
    OpenLABEL document; the default is the latest annotation of the input, or its pre-annotation.
    """
    control = control_of(root)
    found = find_input(control, name, project)
    content, what = _content(found, annotation, empty=empty)
    echo(control.complete_task(found["uuid"], content, accepted=not reject))
    output.note(f"The task of input {found['uuid']} is completed with {what}.")
    _warn_of_findings(content, annotation)


@sandbox.command()
@running_sandbox
@click.argument("name", metavar="INPUT")
@click.argument("annotation", required=False, type=ANNOTATION)
@EMPTY
@PROJECT
def deliver(root: Path, name: str, annotation: Path | None, empty: bool, project: str | None) -> None:
    """Deliver an annotation of INPUT, whatever phase it is in, and print the annotation's UUID.

    INPUT is the UUID of an input, or the UUID or external ID of a scene with one input. ANNOTATION is an
    OpenLABEL document; the default is the latest annotation of the input, or its pre-annotation. It is
    delivered as it stands: what 'kognic annotation validate' finds in it is printed as warnings.
    """
    control = control_of(root)
    found = find_input(control, name, project)
    content, what = _content(found, annotation, empty=empty)
    echo(control.deliver_annotation(found["uuid"], content))
    output.note(f"Delivered {what} for input {found['uuid']}.")
    _warn_of_findings(content, annotation)


@sandbox.command()
@running_sandbox
@click.argument("name", metavar="INPUT")
@PROJECT
def advance(root: Path, name: str, project: str | None) -> None:
    """Skip the current phase of INPUT, and print the kind of the next phase.

    INPUT is the UUID of an input, or the UUID or external ID of a scene with one input.
    """
    control = control_of(root)
    echo(control.advance_workflow(find_input(control, name, project)["uuid"]))


@sandbox.command()
@running_sandbox
def reset(root: Path) -> None:
    """Reset the sandbox to its initial state; credentials stay valid."""
    control_of(root).reset()
    echo("The sandbox has been reset.", err=True)


@sandbox.command()
@running_sandbox
def calls(root: Path) -> None:
    """Print the requests received, one JSON object per line."""
    for call in control_of(root).calls():
        echo(json.dumps(call.__dict__))


@sandbox.command()
@running_sandbox
@click.option("--token-lifetime", type=click.FloatRange(0), help="Lifetime of access tokens, seconds.")
@click.option(
    "--refresh-token-lifetime", type=click.FloatRange(0), help="Lifetime of refresh tokens, seconds."
)
@click.option("--url-lifetime", type=click.FloatRange(0), help="Lifetime of signed URLs, seconds.")
@click.option("--processing-delay", type=click.FloatRange(0), help="Processing time of scenes, seconds.")
@click.option(
    "--propagation-delay",
    type=click.FloatRange(0),
    help="Delay until all services know a new input, seconds.",
)
def tune(root: Path, **seconds: float | None) -> None:
    """Change delays and lifetimes of a running sandbox, and print all of them."""
    given = {name: value for name, value in seconds.items() if value is not None}
    echo(json.dumps(control_of(root).tune(**given), indent=2))


@sandbox.group(cls=LazyGroup)
def fault() -> None:
    """Inject faults into requests."""


@fault.command("add")
@running_sandbox
@click.argument("kind")
@click.option("--route", default="*", show_default=True, help="Pattern for 'METHOD /template'.")
@click.option(
    "--probability",
    type=click.FloatRange(0, 1),
    default=1.0,
    help="Probability that a matching request gets the fault.",
)
@click.option("--random-seed", "seed", type=int, default=0, help="Seed of the random choice.")
@click.option("--times", type=click.IntRange(1), help="Maximum number of requests that get the fault.")
@click.option("--skip", type=click.IntRange(0), default=0, help="Number of matching requests to skip first.")
@click.option("--after", is_flag=True, help="Process the request, then lose the response.")
@click.option("--status", type=click.IntRange(200, 599), help="HTTP status of the response.")
@click.option("--retry-after", help="Value of Retry-After: seconds or an HTTP date.")
@click.option("--seconds", type=click.FloatRange(0), default=1.0, help="Delay of a latency fault, seconds.")
@click.option(
    "--bytes-per-second", type=click.IntRange(1), default=1000, help="Transfer rate of slow faults."
)
def add_fault(root: Path, kind: str, route: str, **settings: Any) -> None:
    """Add a rule and print its number.

    KIND is status, html, latency, slow_answer, slow_read, reset, truncate, wrong_length, corrupt,
    expired_token, revoked_token, expired_url or short_store.
    """
    echo(control_of(root).add_fault(kind, route, **settings))


@fault.command("list")
@running_sandbox
def list_faults(root: Path) -> None:
    """Print the active rules, one JSON object per line."""
    for rule in control_of(root).faults():
        echo(json.dumps(rule))


@fault.command("remove")
@running_sandbox
@click.argument("number", type=int)
def remove_fault(root: Path, number: int) -> None:
    """Remove the rule with this number."""
    control_of(root).remove_fault(number)


@fault.command("clear")
@running_sandbox
def clear_faults(root: Path) -> None:
    """Remove all rules."""
    control_of(root).clear_faults()


def read_seed(path: Path) -> dict[str, Any]:
    """Return the content of a seed file.

    Raises:
        SandboxError: It is not YAML or JSON that holds an object.
        OSError: It cannot be read.
    """
    from kognic._core.documents import parse_yaml
    from kognic._core.scene_errors import DocumentError

    try:
        content = parse_yaml(path, path.read_text(encoding="utf-8"))
    except DocumentError as exc:
        raise SandboxError(f"{path} cannot be read as YAML or JSON: {exc.problem}") from None
    except UnicodeDecodeError as exc:
        raise SandboxError(f"{path} cannot be read as YAML or JSON: {exc}") from None
    if not isinstance(content, dict):
        raise SandboxError(f"{path} has no object at its top level")
    return content


def _content(placed: dict[str, Any], path: Path | None, *, empty: bool) -> tuple[dict[str, Any] | None, str]:
    """The OpenLABEL document to use, None for what the sandbox has, and what to call it.

    Raises:
        SandboxError: No document is given, and the sandbox has none.
    """
    from kognic.scenes.scene_check import load_pre_annotation

    if path is not None:
        return load_pre_annotation(path), str(path)
    if empty:
        return {"openlabel": {"metadata": {"schema_version": "1.0.0"}}}, "a document without objects"
    if placed["lastAnnotationUuid"] is not None:
        return None, f"its latest annotation, {placed['lastAnnotationUuid']}"
    if placed["preAnnotationUuid"] is not None:
        return None, f"its pre-annotation, {placed['preAnnotationUuid']}"
    raise SandboxError(
        f"input {placed['uuid']} has neither an annotation nor a pre-annotation: pass the path of an "
        "OpenLABEL document, or --empty for one without objects"
    )


def _warn_of_findings(content: dict[str, Any] | None, path: Path | None) -> None:
    """Print what `kognic annotation validate` finds in a document that was given as a file."""
    from kognic.annotations.quality import check_annotation
    from kognic.annotations.reading import read_document

    if content is None or path is None:
        return
    findings = list(check_annotation(read_document(content)))
    for finding in findings[:_FINDINGS]:
        place = finding.field or f"frame {finding.frame}"
        output.note(f"Warning: {path}: {finding.code}: {place}: {finding.message}")
    if len(findings) > _FINDINGS:
        output.note(
            f"Warning: {path}: {counted(len(findings) - _FINDINGS, 'more finding')}; "
            f"'kognic annotation validate {shlex.quote(str(path))}' lists all"
        )


def _introduce(running: Sandbox, host: str, link: str, *, print_env: bool, name: str | None) -> None:
    echo(f"Sandbox at {running.url}", err=True)
    echo(f"  state        {running.root}", err=True)
    echo(f"  credentials  {running.credentials_file}", err=True)
    echo(f"  pages        {link}", err=True)
    if name is not None:
        echo(f"  environment  {name} (until it stops)", err=True)
    if not host.startswith(LOOPBACK):
        echo(f"  Warning: other machines can reach it, because it listens on {host}.", err=True)
    if print_env:
        echo(connection.as_exports(running.env()), nl=False)
        sys.stdout.flush()
        return
    echo("Use it in another shell:" if name is None else "Use it from Python:", err=True)
    client = f'KognicIOClient(environment="{name}")' if name else "KognicIOClient()"
    if name is None:
        echo(f'  eval "$(kognic sandbox env --root {shlex.quote(str(running.root))})"', err=True)
        echo("Commands use it from there; in Python, create the client without arguments:", err=True)
    echo(f"  client = {client}", err=True)
    echo("Press Ctrl-C to stop.", err=True)
