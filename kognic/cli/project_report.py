"""`kognic project report`: how far a project is, and what has been delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kognic._core.failures import failures_in_one_line
from kognic._core.terminal import echo
from kognic._core.wording import counted
from kognic.cli import output
from kognic.cli.platform import Platform, platform_command

if TYPE_CHECKING:
    from kognic.pipelines.project_report import ProjectReport

_COLUMNS = ("batch", "status", "request", "stage", "inputs")


@click.command("report")
@click.argument("project")
@click.option("--batch", metavar="BATCH", help="Report this batch only.")
@click.option("--no-contents", is_flag=True, help="Do not download annotations to count shapes per class.")
@platform_command
def report(platform: Platform, project: str, batch: str | None, no_contents: bool) -> None:
    """Report the progress of PROJECT: inputs per batch, request and stage; shapes and points per class."""
    platform.patient = True
    with failures_in_one_line(also=(ImportError,)):
        from kognic.pipelines.project_report import report_project

        shows = output.shows_progress() and not platform.as_json
        found = report_project(
            platform.client,
            project,
            batch=batch,
            contents=not no_contents,
            on_document=_show if shows else None,
        )
        if shows:
            echo("\r", nl=False, err=True)
    if platform.as_json:
        output.print_json(found.to_dict())
        return
    output.print_table(found.rows(), _COLUMNS)
    _print_contents(found)


def _show(annotation_type: str, documents: int) -> None:
    echo(f"\r{annotation_type}: {counted(documents, 'annotation')}", nl=False, err=True)


def _print_contents(found: ProjectReport) -> None:
    from kognic.cli.annotation_statistics import print_statistics

    for annotation_type, statistics in found.annotations.items():
        documents, frames = (
            counted(statistics.documents, "annotation"),
            counted(statistics.frames, "frame"),
        )
        echo(f"\n{annotation_type}: {documents}, {frames}")
        if statistics.classes:
            print_statistics(statistics)
