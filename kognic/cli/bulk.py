"""`kognic bulk`: create many scenes from their descriptions, in runs that can be stopped and resumed."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kognic.cli.lazy import LazyGroup
from kognic.cli.platform import Platform, platform_command

if TYPE_CHECKING:
    from kognic.pipelines.bulk import BulkRun, Journal, Plan

_SHOWN_REMARKS = 50
RESULT_COLUMNS = ("key", "stage", "scene_uuid", "input_uuid", "error")


@click.group(cls=LazyGroup)
def bulk() -> None:
    """Create many scenes and inputs, in runs that can be stopped and resumed.

    A journal (a file) records every finished step. A run that was stopped, by whatever means, goes on where
    it was when it is started again with its journal: nothing is uploaded or created twice.
    """


def _run_options(function: Any) -> Any:
    for option in reversed(
        (
            click.option("--concurrency", type=click.IntRange(min=1), default=8, show_default=True,
                         help="Scenes created at the same time."),
            click.option("--dask", metavar="ADDRESS", help="Create scenes on this Dask scheduler's workers."),
            click.option("--check/--no-check", default=None, help="Check scenes and files first, offline. "
                         "[default: check, or as when the run was begun]"),
            click.option("--timeout", metavar="SECONDS", type=click.FloatRange(min=0), default=1800,
                         show_default=True, help="Longest wait for the platform to process a scene."),
            click.option("--plan/--no-plan", "show_plan", default=True, help="Tell first what will be done."),
        )
    ):  # fmt: skip
        function = option(function)
    return function


@bulk.command("run")
@click.argument("scenes", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--project", metavar="PROJECT", help="Create inputs in this project; default: the descriptions'."
)
@click.option("--batch", metavar="BATCH", help="Batch of the project; default: the latest open one.")
@click.option("--request", "request_uuid", metavar="UUID", help="Create inputs in this request instead.")
@click.option(
    "--journal", type=click.Path(path_type=Path, dir_okay=False), help="Record the run in this file."
)
@click.option(
    "--if-exists",
    type=click.Choice(["skip", "update", "fail", "ignore"]),
    default="skip",
    show_default=True,
    help="What to do with scenes whose external ID the workspace has already.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@_run_options
@platform_command
def run(platform: Platform, scenes: tuple[Path, ...], dry_run: bool, **options: Any) -> None:
    """Create the SCENES: descriptions, or folders that hold some.

    In folders, descriptions are called scene.json or *.scene.json, or end in .yaml instead of .json.
    Each scene is checked offline first; errors stop it before anything of it is sent. Exit status 1 if one of
    them failed; the others are created all the same.
    """
    _run(platform, [str(path.resolve()) for path in scenes], dry_run=dry_run, **options)


@bulk.command("resume")
@click.argument("journal", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_run_options
@platform_command
def resume(platform: Platform, journal: Path, **options: Any) -> None:
    """Go on with the run that JOURNAL records; scenes that failed are tried again."""
    from kognic._core.run_errors import JournalError
    from kognic.pipelines.bulk import Journal

    with Journal(journal) as known:
        facts = known.facts()
    command = facts.get("command")
    if command is None:
        raise JournalError(
            f"{journal} is not of a run of this command: resume it from the program that made it"
        )
    if options["check"] is None:
        options["check"] = facts.get("check") != "no"
    platform.environment = platform.environment or facts.get("environment")
    _run(platform, journal=journal, dry_run=False, **{**json.loads(command), **options})


@bulk.command("status")
@click.argument("journal", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def status(journal: Path, as_json: bool) -> None:
    """Tell how far the run is that JOURNAL records, also while it goes on; needs no network."""
    from kognic.cli import output
    from kognic.pipelines.bulk import Journal

    with Journal.snapshot(journal) as known:
        counts = {stage.value: count for stage, count in known.counts().items()}
        facts = {"items": sum(counts.values()), **counts, "bytes_stored": known.bytes_stored()}
    (output.print_json if as_json else output.print_fields)(facts)


@bulk.command("report")
@click.argument("journal", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--failed", is_flag=True, help="Only what failed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def report(journal: Path, failed: bool, as_json: bool) -> None:
    """List the scenes of the run that JOURNAL records, also while it goes on; needs no network."""
    from kognic.cli import output
    from kognic.pipelines.bulk import Journal, Stage

    with Journal.snapshot(journal) as known:
        entries = list(known.entries([Stage.FAILED] if failed else None))
    if as_json:
        output.print_json(entries)
    else:
        output.print_table(entries, (*RESULT_COLUMNS[:4], "error_stage", "error"))


def _run(
    platform: Platform,
    scenes: list[str],
    *,
    project: str | None = None,
    batch: str | None = None,
    request_uuid: str | None = None,
    journal: Path | None = None,
    if_exists: str = "skip",
    dry_run: bool = False,
    check: bool | None = None,
    concurrency: int = 8,
    timeout: float = 1800,
    dask: str | None = None,
    show_plan: bool = True,
) -> None:
    from kognic.cli import output
    from kognic.pipelines.bulk import BulkRun, Target
    from kognic.pipelines.bulk.files import items_from_files
    from kognic.pipelines.bulk.progress import Progress
    from kognic.pipelines.scene_upload import check_target

    platform.patient = True
    target = Target(project=project, batch=batch, request_uuid=request_uuid)
    if target.project is not None:
        check_target(platform.client, target.project, target.batch)
    check = check is not False
    command = {"scenes": scenes, "project": project, "batch": batch, "request_uuid": request_uuid,
               "if_exists": if_exists}  # fmt: skip
    items = items_from_files(
        platform.client, scenes, create_calibrations=not dry_run, check=check,
        with_targets=not target.wants_inputs,
    )  # fmt: skip
    progress: Progress | None = None
    with _executor(dask) as executor, BulkRun(
        platform.client, items, target=target, journal=journal, on_existing=if_exists, check=check,
        concurrency=concurrency, wait_timeout=timeout, executor=executor,
        on_file=lambda *file: progress.file_stored(*file) if progress else None,
    ) as bulk_run:  # fmt: skip
        _expect_command(bulk_run.journal, command)
        plan = bulk_run.plan() if show_plan or dry_run else None
        if plan and not platform.as_json:
            _tell_plan(plan, completes=if_exists == "update")
        if dry_run:
            if platform.as_json:
                output.print_json(plan)
            return
        facts = {"command": json.dumps(command), "check": "yes" if check else "no"}
        if platform.environment is not None:
            facts["environment"] = platform.environment
        bulk_run.journal.remember(facts)
        results = []
        with Progress(bulk_run.summary, plan) as progress:
            for result in _told_when_stopped(bulk_run, journal):
                progress.item_ended(result)
                results.append(result)
        if platform.as_json:
            output.print_json({"summary": _numbers(bulk_run), "items": results})
        else:
            output.print_table([r for r in results if not r.ok] or results, RESULT_COLUMNS)
            output.print_fields(_numbers(bulk_run))
    if not all(result.ok for result in results):
        raise click.exceptions.Exit(1)


def _expect_command(journal: Journal, command: dict[str, Any]) -> None:
    """Make sure that the journal, if it has any items, is of this command."""
    from kognic._core.run_errors import JournalError

    begun = journal.facts().get("command")
    if begun is None or begun == json.dumps(command) or not journal.counts():
        return
    known = json.loads(begun)
    differing = [f"{name} {known.get(name)!r}, not {command[name]!r}" for name in command
                 if known.get(name) != command[name]]  # fmt: skip
    raise JournalError(
        f"the journal {journal.path} is of another run: {'; '.join(differing)}. Go on with that one by "
        f"'kognic bulk resume {journal.path}', or use another journal"
    )


def _told_when_stopped(bulk_run: BulkRun, journal: Path | None) -> Any:
    try:
        yield from bulk_run
    except KeyboardInterrupt:
        hint = f"kognic bulk resume {journal}" if journal else "the same command with --if-exists update"
        click.echo(f"Stopped after {bulk_run.summary.total} scenes; to go on: {hint}", err=True)
        raise


def _executor(address: str | None) -> Any:
    """The executor of a Dask cluster, or None; as a context manager."""
    import contextlib

    if address is None:
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def connected() -> Any:
        try:
            from distributed import Client
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f'--dask needs dask: pip install "kognic-client[dask]" ({error})'
            ) from error
        connect: Any = Client
        with connect(address) as cluster:
            executor: Executor = cluster.get_executor(pure=False, retries=3)
            yield executor

    return connected()


def _tell_plan(plan: Plan, *, completes: bool) -> None:
    from kognic.cli import output

    unknown = f", {plan.files_of_unknown_size} of unknown size" if plan.files_of_unknown_size else ""
    output.note(
        f"{plan.total} scenes: {plan.new} new, {len(plan.existing)} exist already, {plan.begun} begun, "
        f"{plan.finished} finished earlier; {plan.files} files to send, {plan.bytes / 1e6:.1f} MB{unknown}"
    )
    way_out = "which are sent now" if completes else "--if-exists update sends them"
    remarks = [
        *(f"  {key}: stands for more than one scene; only the first is created" for key in plan.duplicates),
        *(f"  {key}: exists already, but without all its files; {way_out}" for key in plan.incomplete),
        *(f"  {name}: {reason}" for name, reason in plan.broken.items()),
    ]
    for remark in remarks[:_SHOWN_REMARKS]:
        output.note(remark)
    if len(remarks) > _SHOWN_REMARKS:
        output.note(f"  and {len(remarks) - _SHOWN_REMARKS} more like these")


def _numbers(bulk_run: BulkRun) -> dict[str, Any]:
    s = bulk_run.summary
    return {
        "scenes": s.total, "done": s.done, "skipped": s.skipped, "failed": s.failed,
        "unfinished": s.unfinished,
        "files_sent": s.files_sent, "bytes_sent": s.bytes_sent, "seconds": round(s.seconds, 3),
    }  # fmt: skip
