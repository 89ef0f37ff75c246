"""`kognic bulk`: create many scenes from scene files, in runs that can be stopped and resumed."""

from __future__ import annotations

import contextlib
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from kognic._core.errors import KognicError
from kognic._core.extras import needs_extra
from kognic._core.failures import CommandFailedError
from kognic._core.findings import Finding
from kognic._core.wording import counted
from kognic.base_clients.http.outages import Patience, ends_all, outlast
from kognic.cli import bulk_record, output
from kognic.cli.as_options import as_options
from kognic.cli.lazy import LazyGroup
from kognic.cli.options import JSON, timeout_option
from kognic.cli.platform import Platform, platform_command
from kognic.cli.targets import parse_target, spelled, target_option
from kognic.io.resources.polling import PROCESSING_TIMEOUT
from kognic.pipelines.bulk import BulkResult, BulkRun, Journal, Plan, Stage, Target
from kognic.pipelines.bulk.files import items_from_files
from kognic.pipelines.bulk.items import Summary
from kognic.pipelines.bulk.journal import MEMORY, Entry, Placement
from kognic.pipelines.bulk.progress import Progress
from kognic.pipelines.prerequisites import check_target

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient

# A choice: as many as a terminal shows; the journal and --json have all.
_SHOWN_REMARKS = 50
_REPORT_COLUMNS = ("key", "stage", "scene_uuid", "input_uuid", "target", "error_stage", "error")
_COMPLETED, _WITH_FAILURES = "completed", "completed with failures"
_WAY_OUT = "Fix the scene, or pass --no-check to upload it unchecked"
RESULT_COLUMNS = ("key", "stage", "scene_uuid", "input_uuid", "error")


@click.group(cls=LazyGroup)
def bulk() -> None:
    """Create many scenes and inputs, in runs that can be stopped and resumed.

    A journal (a file) records every finished step. A run that was stopped or killed resumes where it was when
    you start it again with its journal: nothing is uploaded or created twice.
    """


def _patience(ctx: click.Context, param: click.Parameter, value: str) -> float | None:
    """Seconds; None for `unlimited`."""
    if value == "unlimited":
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise click.BadParameter(f"{value!r} is neither seconds nor 'unlimited'", ctx=ctx, param=param)
    return seconds


def _run_options(function: Any) -> Any:
    for option in reversed(
        (
            click.option("--concurrency", type=click.IntRange(min=1), default=8, show_default=True,
                         help="Scenes created at the same time."),
            click.option("--dask", metavar="ADDRESS", help="Create scenes on this Dask scheduler's workers."),
            click.option("--check/--no-check", default=None, help="Validate scenes and files offline first. "
                         "[default: check, or as the run was started]"),
            timeout_option("Longest wait for the platform to process a scene."),
            click.option("--patience", metavar="SECONDS|unlimited", default="3600", callback=_patience,
                         show_default=True, help="Longest outage of the platform to wait out."),
            click.option("--plan/--no-plan", "show_plan", default=True, help="Show the plan first."),
        )
    ):  # fmt: skip
        function = option(function)
    return function


@bulk.command("run")
@click.argument("scenes", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--project", metavar="PROJECT", help="Project of the inputs; default: the project in each scene file."
)
@click.option("--batch", metavar="BATCH", help="Batch of the project; default: the latest open one.")
@click.option("--request", "request_uuid", metavar="UUID", help="Create inputs in this request instead.")
@target_option
@click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Record the run in this file to resume it later.",
)
@click.option(
    "--if-exists",
    type=click.Choice(["skip", "update", "fail", "create"]),
    default="skip",
    show_default=True,
    help="What to do if a valid scene with this external ID already exists: skip reuses it and creates the "
    "inputs that are missing, update also uploads missing files, create creates another.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and exit.")
@_run_options
@platform_command
def run(platform: Platform, scenes: tuple[Path, ...], dry_run: bool, **options: Any) -> None:
    """Create the SCENES, which are scene files or folders with scene files.

    In folders, scene files are named scene.json, scene.yaml, *.scene.json or *.scene.yaml.
    Each scene is validated offline before it is uploaded. A failed scene does not stop the others; the exit
    status is then 1. SIGTERM and Ctrl-C stop the run within seconds; use the journal to resume it.

    Example: kognic bulk run drives/ --project city --journal campaign.journal
    """
    _run(platform, [str(path.resolve()) for path in scenes], dry_run=dry_run, **options)


@bulk.command("resume")
@click.argument("journal", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_run_options
@platform_command
def resume(platform: Platform, journal: Path, **options: Any) -> None:
    """Resume the run recorded in JOURNAL, and retry failed scenes.

    Example: kognic bulk resume campaign.journal
    """
    remembered = bulk_record.read(journal, platform)
    if options["check"] is None:
        del options["check"]
    remembered["targets"] = [parse_target(text) for text in remembered.get("targets", ())]
    _run(platform, journal=journal, dry_run=False, **{**remembered, **options})


@bulk.command("status")
@click.argument("journal", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@JSON
def status(journal: Path, as_json: bool) -> None:
    """Show the progress of the run recorded in JOURNAL. Works offline, and during the run.

    Example: kognic bulk status campaign.journal
    """
    in_use = Journal.is_in_use(journal)
    with Journal.snapshot(journal) as known:
        counts = {stage.value: count for stage, count in known.counts().items()}
        run = known.facts()
        state = _state(run.get("state"), counts, in_use=in_use)
        size = known.bytes_stored()
    facts = {"state": state, "scenes": sum(counts.values()), **counts, "bytes_sent": size}
    (output.print_json if as_json else output.print_fields)(facts)
    if not as_json and state.startswith("stopped"):
        output.note(_how_to_resume(journal, run, is_empty=not counts))
    if not as_json and state == _WITH_FAILURES:
        output.note(
            f"'kognic bulk report {journal} --failed' lists the failures, "
            f"'kognic bulk resume {journal}' retries them"
        )


def _how_to_resume(journal: Path, run: dict[str, str], *, is_empty: bool) -> str:
    if "command" in run:
        return f"Resume it with: kognic bulk resume {journal}"
    if is_empty:
        return f"It records no run; use it with: kognic bulk run SCENES --journal {journal}"
    return "Resume it from the program that started it, with the same journal"


def _state(recorded: str | None, counts: dict[str, int], *, in_use: bool) -> str:
    """What the run is doing, or how it ended, in words."""
    is_planning = recorded == "planning" and not counts
    if in_use:
        return "planning" if is_planning else "running"
    if recorded in (_COMPLETED, _WITH_FAILURES):
        return recorded
    return "stopped while planning" if is_planning else "stopped"


@bulk.command("report")
@click.argument("journal", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--failed", is_flag=True, help="Show failed scenes only.")
@JSON
def report(journal: Path, failed: bool, as_json: bool) -> None:
    """List the scenes of the run recorded in JOURNAL. Works offline, and during the run.

    Example: kognic bulk report campaign.journal --failed
    """
    with Journal.snapshot(journal) as known:
        entries = list(known.entries([Stage.FAILED] if failed else None))
        placements = {entry.key: list(known.placements(entry.key).values()) for entry in entries}
    if as_json:
        rows = [attrs.asdict(entry) for entry in entries]
        for row in rows:
            row["placements"] = [attrs.asdict(placement) for placement in placements[row["key"]]]
        output.print_json(rows)
    else:
        rows = [row for entry in entries for row in _report_rows(entry, placements[entry.key])]
        output.print_table(rows, _REPORT_COLUMNS)


def _report_rows(entry: Entry, placements: Sequence[Placement]) -> Iterator[dict[str, Any]]:
    """A row for each target of a scene; one for a scene without targets."""
    facts = {name: getattr(entry, name) for name in ("key", "stage", "scene_uuid", "error_stage")}
    if not placements:
        yield {**facts, "input_uuid": entry.input_uuid, "error": entry.error}
    for placement in placements:
        found = {"target": placement.target, "input_uuid": placement.input_uuid}
        yield {**facts, **found, "error": placement.error or entry.error}


def _run(
    platform: Platform,
    scenes: list[str],
    *,
    project: str | None = None,
    batch: str | None = None,
    request_uuid: str | None = None,
    targets: Sequence[Target] = (),
    journal: Path | None = None,
    if_exists: str = "skip",
    dry_run: bool = False,
    check: bool | None = None,
    show_plan: bool = True,
    dask: str | None = None,
    timeout: float = PROCESSING_TIMEOUT,
    patience: float | None = 3600.0,
    concurrency: int = 8,
) -> None:
    # Before a query that may wait for the platform for an hour.
    cluster_type = _dask_client_type(dask)
    platform.patient, platform.patience = True, Patience(limit=patience)
    target = _one_target(targets, project=project, batch=batch, request_uuid=request_uuid)
    command: dict[str, Any] = {"scenes": scenes, "project": project, "batch": batch,
                               "request_uuid": request_uuid, "if_exists": if_exists}  # fmt: skip
    command |= {"targets": [spelled(each) for each in targets]} if targets else {}
    check = check is not False
    progress: list[Progress] = []
    warnings: dict[Path, Sequence[Finding]] = {}
    with _recorded(
        journal, platform, command, check=check, dry_run=dry_run
    ) as (record, client), _dask_client(cluster_type, dask) as cluster, BulkRun(
        client,
        items_from_files(
            client, scenes, create_calibrations=not dry_run, check=check,
            with_targets=not target.wants_inputs, targets=targets, way_out=_WAY_OUT,
            on_warnings=warnings.__setitem__, patience=patience,
            on_notice=lambda text: _note(progress, text),
        ),
        target=target, journal=record, on_existing=if_exists, check=check,
        concurrency=concurrency, wait_timeout=timeout, executor=cluster,
        patience=patience,
        on_file=lambda *file: _file_stored(progress, *file), on_notice=lambda text: _note(progress, text),
    ) as bulk_run:  # fmt: skip
        with _way_on_from_plan(journal, dry_run=dry_run):
            _check_targets(client, targets or (target,), platform.patience)
            plan = bulk_run.plan() if show_plan or dry_run else None
        if plan and not platform.as_json:
            _show_plan(plan, if_exists, dry_run=dry_run)
        elif dry_run:
            output.print_json(plan)
        _note_warnings(warnings)
        if dry_run:
            return
        results = _results(bulk_run, plan, journal, progress)
        if bulk_run.summary.unfinished == 0:
            state = _WITH_FAILURES if bulk_run.summary.failed else _COMPLETED
            bulk_run.journal.remember({"state": state})
    _note_warnings(warnings)
    _show_results(platform, bulk_run, results)
    _note_existing(bulk_run.summary)
    failed = sum(not result.ok for result in results)
    if failed:
        raise CommandFailedError(f"{failed} of {counted(len(results), 'scene')} failed. {_retry(journal)}")


def _note_existing(summary: Summary) -> None:
    """Say what was done about scenes that existed; only runs that skip such scenes count any."""
    count = summary.skipped + summary.extended
    if not count:
        return
    were = "existed already and was" if count == 1 else "existed already and were"
    what = f"missing inputs were created for {summary.extended or 'none'} of them"
    output.note(f"{counted(count, 'scene')} {were} not uploaded again; {what}.")


def _note_warnings(found: dict[Path, Sequence[Finding]]) -> None:
    """Say once, in one line, which warnings the checks found: thousands of scenes may have the same ones."""
    codes = Counter(finding.code for findings in found.values() for finding in findings)
    if not codes:
        return
    listed = ", ".join(f"{code} ({count})" for code, count in codes.most_common())
    example = shlex.quote(str(next(iter(found))))
    output.note(
        f"{counted(codes.total(), 'warning')} in {counted(len(found), 'scene')}: {listed}. To "
        f"see them, for example: kognic check {example}"
    )
    found.clear()


def _one_target(others: Sequence[Target], **given: str | None) -> Target:
    target = Target(**given)
    if others and target.wants_inputs:
        raise click.UsageError("Pass either --target, or --project, --batch and --request.")
    return target


def _file_stored(shown: list[Progress], key: str, resource_id: str, size: int) -> None:
    for progress in shown:
        progress.file_stored(key, resource_id, size)


def _note(shown: list[Progress], text: str) -> None:
    """Print a message above the progress bars."""
    if shown:
        shown[0].note(text)
    else:
        output.note(text)


def _check_targets(client: KognicIOClient, targets: Sequence[Target], patience: Patience) -> None:
    def check_all() -> None:
        for target in targets:
            if target.project is not None:
                check_target(client, target.project, target.batch)

    outlast(client, check_all, patience, output.note)


@contextlib.contextmanager
def _recorded(
    journal: Path | None, platform: Platform, command: dict[str, Any], *, check: bool, dry_run: bool
) -> Iterator[tuple[Journal, KognicIOClient]]:
    """Open the journal, then the client: a run that is stopped while it looks up a workspace is recorded."""
    with Journal(MEMORY if journal is None else journal) as record:
        bulk_record.expect(record, command)
        if not dry_run:
            bulk_record.write(record, platform, command, check=check)
        with _way_on_from_plan(journal, dry_run=dry_run):
            client = platform.client
        yield record, client


def _results(
    bulk_run: BulkRun, plan: Plan | None, journal: Path | None, shown: list[Progress]
) -> list[BulkResult]:
    """Execute the run; when it is stopped, print how to resume it."""
    results: list[BulkResult] = []
    bulk_run.journal.remember({"state": "running"})
    stream = StringIO() if output.is_quiet() else None
    try:
        with Progress(bulk_run.summary, plan, stream=stream) as progress:
            shown.append(progress)
            for result in bulk_run:
                results.append(result)
                progress.item_ended(result)
    except KeyboardInterrupt:
        summary = bulk_run.summary
        output.note(
            f"Stopped: {counted(summary.total, 'scene')} finished, "
            f"{counted(summary.files_sent, 'file')} uploaded. {_way_on(journal)}"
        )
        raise
    except KognicError as error:
        if ends_all(error):
            output.note(_way_on(journal))
        raise
    finally:
        shown.clear()
    return results


@contextlib.contextmanager
def _way_on_from_plan(journal: Path | None, *, dry_run: bool) -> Iterator[None]:
    """Print how to resume a run that is stopped before its first scene."""
    try:
        yield
    except KeyboardInterrupt:
        way_on = "" if dry_run else f" {_way_on(journal, '')}"
        output.note(f"Stopped while planning: no scene was created.{way_on}")
        raise
    except KognicError as error:
        if not dry_run and ends_all(error):
            output.note(_way_on(journal, ""))
        raise


def _way_on(journal: Path | None, option: str = " and --if-exists update") -> str:
    if journal is None:
        return f"Resume with: the same command{option}"
    return f"Resume with: kognic bulk resume {journal}"


def _retry(journal: Path | None) -> str:
    again = "the same command" if journal is None else f"'kognic bulk resume {journal}'"
    return f"Retry them, once the reason is gone, with {again}"


def _show_results(platform: Platform, bulk_run: BulkRun, results: Sequence[BulkResult]) -> None:
    if platform.as_json:
        output.print_json({"items": results, "summary": _numbers(bulk_run)})
        return
    failed = [
        attrs.evolve(result, error=as_options(result.error or "")) for result in results if not result.ok
    ]
    if failed:
        output.print_table(failed, RESULT_COLUMNS)
    output.print_fields(_without_zeros(_numbers(bulk_run)))


def _dask_client_type(address: str | None) -> Any:
    if address is None:
        return None
    try:
        from distributed import Client  # an extra
    except ModuleNotFoundError as error:
        raise click.ClickException(needs_extra("--dask needs dask", "dask", error)) from error
    return Client


@contextlib.contextmanager
def _dask_client(connect: Any, address: str | None) -> Iterator[Any]:
    """A client of a Dask cluster, or None."""
    if connect is None:
        yield None
        return
    with connect(address) as cluster:
        yield cluster


def _in_words(plan: Plan) -> str:
    """`3 scenes: 2 new, 1 invalid; 4 files to upload, 1.2 MB`; what there is none of is left out."""
    existing, refused = len(plan.existing), plan.invalid
    parts = {
        f"{plan.new} new": plan.new,
        f"{existing} {'exists' if existing == 1 else 'exist'} already": existing,
        f"{plan.begun} started": plan.begun,
        f"{plan.finished} finished earlier": plan.finished,
        f"{refused} invalid": refused,
    }
    scenes = ", ".join(text for text, count in parts.items() if count)
    return f"{counted(plan.total, 'scene')}{': ' if scenes else ''}{scenes}; {_upload_in_words(plan)}"


def _upload_in_words(plan: Plan) -> str:
    if not plan.files:
        return "no files to upload"
    files, unknown = f"{counted(plan.files, 'file')} to upload", plan.files_of_unknown_size
    if unknown == plan.files:
        return f"{files}, converted or downloaded during the upload"
    size = f"{files}, {plan.bytes / 1e6:.1f} MB"
    return f"{size} and {unknown} that are converted or downloaded during the upload" if unknown else size


def _show_plan(plan: Plan, if_exists: str, *, dry_run: bool) -> None:
    output.note(_in_words(plan))
    hint = "they are uploaded now" if if_exists == "update" else "--if-exists update uploads them"
    skipped = len(plan.existing) if if_exists == "skip" else 0
    remarks = [
        *(
            [f"  {skipped} that exist will not be uploaded again; missing inputs are created"]
            if skipped
            else []
        ),
        *(
            f"  {key}: {counted(count, 'more scene')} of the run with this external ID; only the first one "
            "is created"
            for key, count in Counter(plan.duplicates).items()
        ),
        *(f"  {key}: exists already, but its files are incomplete; {hint}" for key in plan.incomplete),
        # A run prints the reasons when it ends.
        *(f"  {name}: {reason}" for name, reason in plan.broken.items() if dry_run),
    ]
    for remark in remarks[:_SHOWN_REMARKS]:
        output.note(remark)
    if len(remarks) > _SHOWN_REMARKS:
        output.note(f"  and {len(remarks) - _SHOWN_REMARKS} more like these")


def _without_zeros(numbers: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in numbers.items() if value or name not in ("skipped", "unfinished")}


def _numbers(bulk_run: BulkRun) -> dict[str, Any]:
    s = bulk_run.summary
    return {
        "scenes": s.total, "done": s.done, "skipped": s.skipped, "failed": s.failed,
        "unfinished": s.unfinished,
        "files_sent": s.files_sent, "bytes_sent": s.bytes_sent, "seconds": round(s.seconds, 3),
    }  # fmt: skip
