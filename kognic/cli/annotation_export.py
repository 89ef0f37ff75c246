"""`kognic annotation export`: all annotations of a project in a folder, incrementally."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from kognic._core.errors import KognicError
from kognic._core.failures import CommandFailedError, failures_in_one_line
from kognic._core.terminal import echo
from kognic.base_clients.http.outages import Patience, ends_all, outlast
from kognic.cli import output
from kognic.cli.annotation import only_annotation_type
from kognic.cli.platform import Platform, platform_command

if TYPE_CHECKING:
    from kognic.pipelines.export import ExportReport

EVERY = 30.0
"""Seconds between two lines of progress without a terminal."""


@click.command("export")
@click.argument("project")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--annotation-type", metavar="TYPE", help="Annotation type; default: the project's only one.")
@click.option("--batch", metavar="BATCH", help="Only this batch.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["openlabel", "jsonl", "parquet"]),
    default="openlabel",
    show_default=True,
    help="Also write all documents to one file in this format, a row per document.",
)
@click.option("--iso8855", "iso", is_flag=True, help="Get cuboids with heading along +x instead of +y.")
@click.option(
    "--workers", type=click.IntRange(min=1), default=10, show_default=True, help="Parallel downloads."
)
@click.option(
    "--keep-removed", is_flag=True, help="Keep the files of annotations that the platform no longer lists."
)
@platform_command
def export(
    platform: Platform,
    project: str,
    folder: Path,
    annotation_type: str | None,
    batch: str | None,
    form: Literal["openlabel", "jsonl", "parquet"],
    iso: bool,
    workers: int,
    keep_removed: bool,
) -> None:
    """Export the annotations of PROJECT into the folder DIR.

    The documents are in DIR/annotations, byte for byte as delivered; DIR/manifest.jsonl lists them with their
    hashes. Run it again to download only new and changed annotations. During an outage of the platform,
    it waits for up to an hour. Exit status 1 if annotations could not be downloaded.

    --format jsonl and --format parquet also write DIR/annotations.jsonl or DIR/annotations.parquet, with a
    row per document: scene_uuid, annotation_type, created and content. In Parquet, content is the document as
    JSON text, and annotation_uuid, size and sha256 are columns too. For a row per object and geometry, run
    'kognic annotation table DIR --output TABLES' after the export.

    Example: kognic annotation export city exports/city --format parquet
    """
    from kognic.pipelines.export import export_annotations

    platform.patient, platform.patience = True, Patience()
    in_place = output.shows_progress() and not platform.as_json
    with _saying_how_to_resume():
        client = platform.client
        annotation_type = annotation_type or outlast(
            client, lambda: only_annotation_type(client, project), platform.patience, output.note
        )
    with failures_in_one_line(also=(ImportError,)), _saying_how_to_resume():
        report = export_annotations(
            client, project, folder, annotation_type, batch=batch,
            format=form, iso_rotated_cuboids=iso, workers=workers, keep_removed=keep_removed,
            on_progress=_tell if in_place else _now_and_then(_tell_in_a_line, EVERY),
            patience=platform.patience, on_notice=output.note,
        )  # fmt: skip
    if in_place:
        echo(err=True)
    for failure in report.failures:
        output.note(f"{failure.scene_uuid}: {failure.error}")
    facts: dict[str, object] = {
        "folder": str(folder), "listed": report.listed, "fetched": report.fetched,
        "unchanged": report.unchanged,
        "removed": report.removed, "failed": len(report.failures), "bytes_fetched": report.bytes_fetched,
        "seconds": round(report.seconds, 3),
    }  # fmt: skip
    if platform.as_json:
        facts["failures"] = report.failures
    platform.show_one(facts)
    if form == "parquet":
        output.note(
            "annotations.parquet has a row per document. For a row per object and geometry: "
            f"kognic annotation table {shlex.quote(str(folder))} --output TABLES"
        )
    if not report.ok:
        raise CommandFailedError(
            f"{len(report.failures)} of {report.listed} annotations could not be downloaded. Retry them with "
            "the same command, which keeps the others"
        )


@contextmanager
def _saying_how_to_resume() -> Iterator[None]:
    """Print how to resume an export that ends early, for a reason that is not about one annotation."""
    try:
        yield
    except (KeyboardInterrupt, KognicError) as error:
        if isinstance(error, KeyboardInterrupt) or ends_all(error):
            output.note("\nStopped. Run the same command again to download the missing annotations.")
        raise


def _so_far(report: ExportReport) -> str:
    return (
        f"{report.listed} listed, {report.fetched} fetched ({report.bytes_fetched / 1e6:.0f} MB), "
        f"{report.unchanged} unchanged, {len(report.failures)} failed"
    )


def _tell(report: ExportReport) -> None:
    echo(f"\r{_so_far(report)}", nl=False, err=True)


def _tell_in_a_line(report: ExportReport) -> None:
    output.note(_so_far(report))


def _now_and_then(tell: Callable[[ExportReport], None], seconds: float) -> Callable[[ExportReport], None]:
    last = time.monotonic()

    def now_and_then(report: ExportReport) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            tell(report)

    return now_and_then
