"""`kognic import`: scene files of recordings in other formats, by `kognic.scenes.importers`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kognic._core.failures import failures_in_one_line
from kognic._core.terminal import echo
from kognic._core.wording import counted
from kognic.cli.options import JSON
from kognic.cli.output import shows_progress

if TYPE_CHECKING:
    from kognic.scenes.importers.building import ImportOptions
    from kognic.scenes.importers.contents import RecordingContents, SensorContents, Span
    from kognic.scenes.importers.recording import Skip
    from kognic.scenes.importers.writing import Progress, WrittenScene

# A choice: half a screen; the rest is counted.
_SHOWN_SKIPS = 20


def _print_formats(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from kognic.cli import output
    from kognic.scenes.importers import RecordingError, registry

    rows = []
    for name in registry.formats():
        try:
            options = ", ".join(registry.options_of(name)) or "-"
        except RecordingError as exc:
            options = str(exc)
        rows.append({"format": name, "options": options})
    output.print_table(rows, ("format", "options"))
    ctx.exit()


@click.command("import")
@click.argument("format", metavar="FORMAT")
@click.argument("source", metavar="SOURCE")
@click.argument("out", metavar="[OUT]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--list", "is_list", is_flag=True,
    help="List sensors, topics, rates, coordinate frames and poses of SOURCE, and write nothing.",
)  # fmt: skip
@click.option(
    "--formats", is_flag=True, is_eager=True, expose_value=False, callback=_print_formats,
    help="List the formats and their options.",
)  # fmt: skip
@click.option(
    "--as", "form", default="sequence", show_default=True,
    type=click.Choice(("sequence", "frames", "aggregated")),
    help="Create one sequence, a scene per frame, or one sequence with merged point clouds.",
)  # fmt: skip
@click.option("--external-id", help="External ID of the scenes.  [default: the recording's name]")
@click.option("--split-every", type=float, metavar="SECONDS", help="Split into scenes of this length.")
@click.option(
    "--split-at", metavar="TIME,...",
    help="Split at these times: Unix nanoseconds, or dates such as 2026-02-25T06:13:20.5Z.",
)  # fmt: skip
@click.option(
    "--every", type=click.IntRange(min=1), default=1, show_default=True, help="Keep every Nth frame."
)
@click.option("--sensor", "sensors", multiple=True, metavar="NAME", help="Use only this sensor; repeatable.")
@click.option(
    "--reference", metavar="NAME",
    help="Sensor whose captures define the frames.  [default: the frames of the format, or a lidar]",
)  # fmt: skip
@click.option(
    "--tolerance", type=float, metavar="MS",
    help="Largest time between a frame and its captures.  [default: 52 % of the time between frames]",
)  # fmt: skip
@click.option(
    "--cloud-format", type=click.Choice(("pcd", "csv", "las")), default="pcd", show_default=True,
    help="Format that point clouds are converted to.",
)  # fmt: skip
@click.option("--undistort", is_flag=True, help="Undistort all images.")
@click.option(
    "--imu-rate", type=click.FloatRange(min=0), default=100.0, show_default=True, metavar="HZ",
    help="Sample rate of the IMU data, which is interpolated from the poses; 0 disables it.",
)  # fmt: skip
@click.option(
    "--labels/--no-labels", default=True, help="Import labels as a pre-annotation.  [default: labels]"
)
@click.option(
    "-o", "--option", "given", multiple=True, metavar="NAME=VALUE",
    help="Option of the format, see --formats; repeatable.",
)  # fmt: skip
@click.option("--materialize", is_flag=True, help="Write converted images and point clouds to OUT.")
@click.option("--overwrite", is_flag=True, help="Replace existing scene files.")
@JSON
def import_(
    format: str,
    source: str,
    out: Path | None,
    is_list: bool,
    given: Sequence[str],
    materialize: bool,
    overwrite: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Create scene files from a recording in another format.

    SOURCE is a path or an fsspec URL such as s3://bucket/drive. Each scene gets a folder in OUT with
    scene.json, which refers to the recording: images and point clouds are converted when they are checked,
    viewed or uploaded. Works offline, without credentials.

    With --list, OUT is not needed: it prints what SOURCE has.
    """
    if is_list:
        _list(format, source, _format_options(given), as_json=as_json)
        return
    if out is None:
        raise click.UsageError("Missing argument 'OUT': a folder for the scene files, or pass --list.")
    written: list[WrittenScene] = []
    try:
        with failures_in_one_line(also=(ImportError,)), _progress(quiet=as_json) as progress:
            from kognic.scenes.importers.writing import import_recordings

            for scene in import_recordings(
                format,
                source,
                out,
                options=_options(how),
                format_options=_format_options(given),
                materialize=materialize,
                overwrite=overwrite,
                progress=progress,
            ):
                written.append(scene)  # noqa: PERF402 - those before an error are printed
    finally:
        if written:
            _print(written, as_json=as_json)


def _list(format: str, source: str, options: dict[str, str], *, as_json: bool) -> None:
    from kognic.cli import output

    with failures_in_one_line(also=(ImportError,)), _progress(quiet=as_json) as progress:
        from kognic.scenes.importers.contents import contents_of
        from kognic.scenes.importers.registry import open_recordings

        found = []
        for recording in open_recordings(format, source, options):
            with recording:
                if progress is not None:
                    recording.progress = partial(progress, f"reading {recording.name}")
                found.append(contents_of(recording))
    if as_json:
        output.print_json([_contents_as_json(contents) for contents in found])
        return
    for contents in found:
        _print_contents(contents)


def _print_contents(contents: RecordingContents) -> None:
    from kognic.cli import output

    echo(f"{contents.name}: {counted(len(contents.sensors), 'sensor')}")
    if contents.problem is not None:
        output.note(f"  {contents.problem}")
    if contents.sensors:
        echo()
        rows = [_sensor_row(sensor) for sensor in contents.sensors]
        output.print_table(rows, _SENSOR_COLUMNS, optional=_OPTIONAL_COLUMNS)
    if contents.topics:
        echo()
        output.print_table(contents.topics, ("name", "type", "count", "use"))
    if contents.poses is not None:
        poses = contents.poses
        rate = "" if poses.rate_hz is None else f", {poses.rate_hz:.1f} Hz"
        echo(f"\nposes: {poses.count}{rate}, from {poses.start}, {poses.seconds:.3f} s")
    else:
        echo("\nposes: none")
    if contents.systems:
        echo("coordinate frames:")
        for depth, name in _tree(contents.systems):
            echo(f"{'  ' * (depth + 1)}{name}")
    for note in contents.notes:
        output.note(f"  {note}")
    _print_skips(contents.skipped)


_SENSOR_COLUMNS = ("sensor", "kind", "source", "captures", "rate_hz", "start", "seconds", "placed", "lens")

# Left out in terminals that are too narrow for them.
_OPTIONAL_COLUMNS = ("start", "seconds", "captures", "placed")


def _sensor_row(sensor: SensorContents) -> dict[str, Any]:
    span = sensor.span
    return {
        "sensor": sensor.name,
        "kind": sensor.kind,
        "source": sensor.source,
        "captures": span.count,
        "rate_hz": None if span.rate_hz is None else f"{span.rate_hz:.2f}",
        "start": span.start,
        "seconds": None if span.seconds is None else f"{span.seconds:.3f}",
        "placed": sensor.is_placed,
        "lens": sensor.lens or ("" if sensor.kind == "lidar" else "none"),
    }


def _tree(parents: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Frames below the one above them, with their depth; those of a circle at its first."""
    children: dict[str, list[str]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    tops = sorted({parent for parent in parents.values() if parent not in parents})
    shown: set[str] = set()
    for top in [*tops, *sorted(parents)]:
        waiting = [(0, top)] if top not in shown else []
        while waiting:
            depth, name = waiting.pop()
            if name in shown:
                continue
            shown.add(name)
            yield depth, name
            waiting += [(depth + 1, child) for child in sorted(children.get(name, ()), reverse=True)]


def _contents_as_json(contents: RecordingContents) -> dict[str, Any]:
    return {
        "name": contents.name,
        "sensors": [
            {
                "name": sensor.name,
                "kind": sensor.kind,
                "source": sensor.source,
                "type": sensor.type,
                **_span_as_json(sensor.span),
                "is_placed": sensor.is_placed,
                "lens": sensor.lens,
            }
            for sensor in contents.sensors
        ],
        "topics": [
            {"name": topic.name, "type": topic.type, "count": topic.count, "use": topic.use}
            for topic in contents.topics
        ],
        "coordinate_frames": dict(contents.systems),
        "poses": None if contents.poses is None else _span_as_json(contents.poses),
        "problem": contents.problem,
        "notes": list(contents.notes),
        "left_out": _skips_as_json(contents.skipped),
    }


def _span_as_json(span: Span) -> dict[str, Any]:
    return {
        "count": span.count,
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "rate_hz": None if span.rate_hz is None else round(span.rate_hz, 4),
    }


def _options(how: dict[str, Any]) -> ImportOptions:
    from kognic.scenes.importers.building import ImportOptions

    seconds, tolerance = how["split_every"], how["tolerance"]
    if seconds is not None and seconds <= 0:
        raise ValueError(f"--split-every is {seconds}, must be more than 0 seconds")
    return ImportOptions(
        form=how["form"],
        external_id=how["external_id"],
        length_ns=None if seconds is None else round(seconds * 1e9),
        boundaries_ns=[_time(text) for text in (how["split_at"] or "").split(",") if text],
        every=how["every"],
        sensors=how["sensors"] or None,
        reference=how["reference"],
        tolerance_ns=None if tolerance is None else round(tolerance * 1e6),
        cloud_format=how["cloud_format"],
        undistort=how["undistort"],
        imu_rate=how["imu_rate"],
        labels=how["labels"],
    )


def _time(text: str) -> int:
    from kognic.scenes.importers.arrays import date_to_ns

    text = text.strip()
    if text.isdigit():
        return int(text)
    try:
        return date_to_ns(text)
    except ValueError as exc:
        raise ValueError(
            f"--split-at: '{text}' is neither Unix nanoseconds nor a date such as 2026-02-25T06:13:20.5Z"
        ) from exc


def _format_options(given: Sequence[str]) -> dict[str, str]:
    options = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--option is '{text}', must be NAME=VALUE")
        options[name.replace("-", "_")] = value
    return options


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Progress | None]:
    """A bar for each thing that takes long, on a terminal."""
    if quiet or not shows_progress():
        yield None
        return
    from tqdm import tqdm

    with tqdm(file=sys.stderr, leave=False, unit="") as bar:

        def progress(what: str, done: int, total: int) -> None:
            if bar.desc != f"{what}: ":
                bar.reset(total)
                bar.set_description(what)
            bar.n = done
            bar.refresh()

        yield progress


def _print(written: Sequence[WrittenScene], *, as_json: bool) -> None:
    from kognic.cli import output

    if as_json:
        output.print_json([_as_json(scene) for scene in written])
        return
    for scene in written:
        echo(f"{scene.path}: {scene.type}, {counted(scene.frames, 'frame')}")
        echo("  " + ", ".join(f"{name} {count}" for name, count in scene.sensors.items()))
        if scene.imu_samples:
            echo(f"  {counted(scene.imu_samples, 'IMU sample')}")
        if scene.labelled is not None:
            echo(f"  {counted(scene.labelled, 'labelled object')} as a pre-annotation")
    # Most are those of the recording, which all of its scenes have.
    for note in dict.fromkeys(note for scene in written for note in scene.notes):
        output.note(f"  {note}")
    _print_skips(list(dict.fromkeys(skip for scene in written for skip in scene.skipped)))


def _print_skips(skipped: Sequence[Skip]) -> None:
    from kognic.cli import output

    for skip in skipped[:_SHOWN_SKIPS]:
        output.note(f"  skipped: {skip}")
    if len(skipped) > _SHOWN_SKIPS:
        output.note(f"  and {len(skipped) - _SHOWN_SKIPS} more; --json lists all under left_out")


def _as_json(scene: WrittenScene) -> dict[str, Any]:
    return {
        "path": str(scene.path),
        "external_id": scene.external_id,
        "type": scene.type,
        "frames": scene.frames,
        "sensors": dict(scene.sensors),
        "imu_samples": scene.imu_samples,
        "labelled_objects": scene.labelled,
        "notes": list(scene.notes),
        "left_out": _skips_as_json(scene.skipped),
    }


def _skips_as_json(skipped: Sequence[Skip]) -> list[dict[str, Any]]:
    return [
        {"source": skip.source, "time_ns": skip.time_ns, "reason": skip.reason, "count": skip.count}
        for skip in skipped
    ]
