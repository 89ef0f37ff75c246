"""`kognic init`: a first scene file from a folder of files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kognic._core.failures import failures_in_one_line
from kognic._core.terminal import echo
from kognic._core.wording import counted
from kognic.cli.options import JSON

if TYPE_CHECKING:
    from kognic.scenes.checks import Report
    from kognic.scenes.drafting.draft import Draft

_SHOWN = 10


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The scene file to write.  [default: FOLDER/scene.yaml]",
)
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@JSON
def init(folder: Path, output: Path | None, overwrite: bool, as_json: bool) -> None:
    """Write a first scene file for the images and point clouds in FOLDER.

    Sensors and frames are guessed from folders, names, numbers and times in names; a calibration, IMU data
    and a pre-annotation are recognised by their content. The file has comments that say what was guessed and
    what you have to fill in. Needs neither credentials nor network.

    Example: kognic init drive/
    """
    from kognic._core.files import replacing
    from kognic.scenes.drafting.draft import draft_scene
    from kognic.scenes.drafting.writing import yaml_of
    from kognic.scenes.scene_file import load_scene_file

    path = output or folder / "scene.yaml"
    with failures_in_one_line(also=(ImportError,)):
        if path.exists() and not overwrite:
            raise FileExistsError(
                f"{path} exists: name another file with --output, or replace it with --overwrite"
            )
        draft = draft_scene(folder, leave_out=path)
        with replacing(path) as file:
            file.write(yaml_of(draft, folder, path).encode())
        report = load_scene_file(path).check(groups=("structure",))
    _print(draft, path, report, as_json=as_json)


def _print(draft: Draft, path: Path, report: Report, *, as_json: bool) -> None:
    from kognic.cli import output
    from kognic.scenes.scene_check import in_a_line

    if as_json:
        facts = {
            "path": str(path),
            "type": draft.type,
            "frames": len(draft.frames),
            "sensors": draft.sensors,
            "guesses": draft.guesses,
            "to_fill_in": draft.to_fill_in,
            "left_out": draft.left_out,
            "errors": len(report.errors),
            "warnings": len(report.warnings),
        }
        output.print_json(facts)
        return
    count = len(draft.frames)
    echo(f"{path}: {draft.type}, {counted(count, 'frame')}")
    echo("  " + ", ".join(f"{name} {files}" for name, files in draft.sensors.items()))
    for title, sentences in (
        ("Guessed", draft.guesses),
        ("Fill in or confirm", draft.to_fill_in),
        ("Left out", draft.left_out),
    ):
        if sentences:
            echo(f"{title}:")
            for sentence in sentences[:_SHOWN]:
                echo(f"  - {sentence}")
            if len(sentences) > _SHOWN:
                echo(f"  - and {len(sentences) - _SHOWN} more; the file lists them")
    for finding in report.errors[:_SHOWN]:
        echo(f"Error: {in_a_line(finding)}")
    echo(f"Structure: {report.summary()}. Next: kognic check {path}")
