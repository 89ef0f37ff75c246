"""`kognic check`: are scenes right? Asked offline; the rules are `kognic.scenes.checks`."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from kognic._core.extras import needs_extra
from kognic._core.failures import CommandFailedError, failures_in_one_line
from kognic._core.terminal import echo
from kognic._core.visible import visible, visible_json
from kognic.cli.options import FAIL_ON, FORMAT_JSON, IGNORE, frames_option, max_error_options
from kognic.cli.output import note, shows_progress

if TYPE_CHECKING:
    from tqdm import tqdm

    from kognic.io.model.calibration import SensorCalibration
    from kognic.scenes.checks import Report
    from kognic.scenes.checks.reporting.figures import FigureOf
    from kognic.scenes.scene_check import CheckOptions

GROUPS = ("structure", "files", "geometry", "openlabel")
FORMATS = ("table", "json", "sarif", "html")
# A table in a file has no terminal to ask for its width.
_FILE_WIDTH = 120


@click.command("check")
@click.argument("scenes", nargs=-1, required=True, metavar="SCENE...", type=click.Path(path_type=Path))
@click.option(
    "--group",
    "groups",
    multiple=True,
    type=click.Choice(GROUPS),
    help="Check only this group of rules; repeatable.  [default: all]",
)
@IGNORE
@click.option("--full", is_flag=True, help="Decode every image and read every point, not only headers.")
@frames_option("calibration check")
@max_error_options
@click.option(
    "--calibration",
    type=click.Path(path_type=Path),
    help="Use this calibration instead of the one in the scene file.",
)
@click.option(
    "--pre-annotation",
    type=click.Path(path_type=Path),
    help="Use this pre-annotation instead of the one in the scene file.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Threads that read files.  [default: processors]")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@FORMAT_JSON
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report to it.",
)
@FAIL_ON
def check(
    scenes: tuple[Path, ...],
    ignored: tuple[str, ...],
    calibration: Path | None,
    pre_annotation: Path | None,
    form: str,
    as_json: bool,
    output: Path | None,
    fail_on: str,
    **how: Any,
) -> None:
    """Check scenes offline: their structure, files, calibration and pre-annotation.

    A SCENE is a scene file, as for 'kognic scene create', or a folder with scene files: scene.json,
    scene.yaml, *.scene.json or *.scene.yaml. Works offline, without credentials.

    Exit status: 0 if there are no findings of the severity --fail-on or higher, 1 if there are, 2 if the
    check could not run.
    """
    start = time.perf_counter()
    with failures_as_not_checked():
        options = _options(how, calibration, pre_annotation)
        reports = _check(scenes, options, known_rules(ignored))
        write_reports(reports, "json" if as_json else form, output, options.calibration)
    if len(reports) > 1:
        from kognic.scenes.checks.reporting.grouping import scenes_in

        note(f"Checked {scenes_in(reports)} in {time.perf_counter() - start:.1f} seconds.")
    if fail_on != "never" and is_bad(reports, fail_on):
        raise click.exceptions.Exit(1)


class NotCheckedError(CommandFailedError):
    """The check could not run: exit status 2, unlike a check with findings (1)."""

    exit_code = 2


@contextmanager
def failures_as_not_checked() -> Iterator[None]:
    """Turn expected errors into one line and status 2: the check could not be made."""
    try:
        with failures_in_one_line(also=(ImportError,)):
            yield
    except CommandFailedError as exc:
        raise NotCheckedError(exc.message, docs_url=exc.docs_url) from exc


def _options(how: dict[str, Any], calibration: Path | None, pre_annotation: Path | None) -> CheckOptions:
    from kognic.scenes.scene_check import CheckOptions, load_pre_annotation
    from kognic.scenes.scene_file import load_calibration

    return CheckOptions(
        groups=how["groups"] or GROUPS,
        full=how["full"],
        max_frames=how["frames"],
        max_error_deg=how["max_error_deg"],
        max_error_px=how["max_error_px"],
        workers=how["workers"],
        calibration=None if calibration is None else load_calibration(calibration),
        pre_annotation=None if pre_annotation is None else load_pre_annotation(pre_annotation),
    )


def known_rules(codes: Sequence[str], rules: Collection[str] | None = None) -> Sequence[str]:
    """Return the codes as they are, unless one is not that of a rule; default: the rules of scenes."""
    from kognic._core.suggestions import nearest
    from kognic.scenes.checks import RULES

    known = RULES if rules is None else rules
    for code in codes:
        if code not in known:
            near = nearest(code, known)
            hint = f", did you mean {near!r}?" if near else "; docs/rules.md lists them"
            raise ValueError(f"--ignore: there is no rule {code!r}{hint}")
    return codes


def _check(scenes: Sequence[Path], options: CheckOptions, ignored: Sequence[str]) -> list[Report]:
    from kognic.scenes.scene_check import check_rigs
    from kognic.scenes.scene_search import find_scene_files

    paths = list(find_scene_files(scenes))
    if options.pre_annotation is not None and len(paths) != 1:
        raise ValueError(f"--pre-annotation needs exactly one scene, not {len(paths)}")
    with _progress(len(paths)) as progress:
        reports = check_rigs(
            paths,
            options,
            progress=None if progress is None else progress.read,
            camera_progress=None if progress is None else progress.judge,
        )
    return [report.without(ignored) for report in reports]


class _Progress:
    """A bar of the files read, which becomes one of the cameras compared with the points."""

    def __init__(self, bar: tqdm[NoReturn], scenes: int) -> None:
        self._bar = bar
        self._scenes = scenes
        self._names: set[str] = set()
        self._shown = ""

    def read(self, name: str, done: int, total: int) -> None:
        """Show how many files of a scene are read."""
        self._names.add(name)
        folder = Path(name).parent.name or name
        self._show(f"{folder} ({len(self._names)} of {self._scenes})", "file", done, total)

    def judge(self, camera: str, number: int, total: int) -> None:
        """Show the camera that is compared with the points."""
        self._show(f"cameras: {camera}", "camera", number, total)

    def _show(self, text: str, unit: str, done: int, total: int) -> None:
        is_new, self._shown = text != self._shown, text
        if is_new:
            self._bar.unit = unit
            self._bar.reset(total)
            self._bar.set_description(visible(text, lines=False), refresh=False)
        self._bar.update(done - self._bar.n)
        # `update` draws ten times a second at most, which leaves out the last of few files.
        if is_new or done == total:
            self._bar.refresh()


@contextmanager
def _progress(scenes: int) -> Iterator[_Progress | None]:
    """A bar on a terminal."""
    if not shows_progress():
        yield None
        return
    from tqdm import tqdm

    with tqdm(file=sys.stderr, leave=False) as bar:
        yield _Progress(bar, scenes)


def write_reports(
    reports: Sequence[Report],
    form: str,
    output: Path | None,
    calibration: SensorCalibration | None = None,
) -> None:
    """Print reports, or write them to a file, in one of `FORMATS`.

    `calibration` is the one that scenes were checked with instead of their own.
    """
    if form == "table":
        _print_table(reports, output)
        return
    text = _render(reports, form, calibration)
    if output is None:
        click.echo(visible_json(text) if form != "html" else visible(text))
        return
    output.write_text(text, encoding="utf-8")
    _tell_written(reports, output)


def _render(reports: Sequence[Report], form: str, calibration: SensorCalibration | None) -> str:
    from kognic.scenes.checks.reporting.as_json import to_json
    from kognic.scenes.checks.reporting.html import to_html
    from kognic.scenes.checks.reporting.sarif import to_sarif

    if form == "html":
        return to_html(reports, _figures(reports, calibration))
    return {"json": to_json, "sarif": to_sarif}[form](reports)


def _figures(reports: Sequence[Report], calibration: SensorCalibration | None) -> FigureOf | None:
    """Pictures of the findings; None, with a word on stderr, if a library that draws them is missing."""
    try:
        from kognic.viewer.figures import draw_figures
    except ImportError as exc:
        echo(needs_extra("The report has no pictures", "checks", exc), err=True)
        return None
    return draw_figures(reports, calibration=calibration)


def _print_table(reports: Sequence[Report], output: Path | None) -> None:
    if output is None:
        width = shutil.get_terminal_size((_FILE_WIDTH, 24)).columns
        click.echo("\n".join(report.to_table(width=width) for report in reports))
        return
    text = "\n".join(report.to_table(width=_FILE_WIDTH) for report in reports)
    output.write_text(f"{click.unstyle(text)}\n", encoding="utf-8")
    _tell_written(reports, output)


def _tell_written(reports: Sequence[Report], output: Path) -> None:
    from kognic.scenes.checks.reporting.grouping import in_total

    echo(f"{output}: {in_total(reports)}", err=True)


def is_bad(reports: Sequence[Report], fail_on: str) -> bool:
    """Whether anything was found that is as bad as a severity."""
    from kognic.scenes.checks import Severity

    return any(report.exit_status(fail_on=Severity(fail_on)) for report in reports)
