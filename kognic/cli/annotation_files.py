"""`kognic annotation stats`, `validate`, `diff`, `merge` and `table`: annotations in files, offline."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs
import click

from kognic._core.terminal import echo
from kognic._core.wording import counted
from kognic.cli.array_failures import array_failures
from kognic.cli.options import FAIL_ON, FORMAT_JSON, IGNORE, JSON
from kognic.cli.output import shows_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kognic.annotations.diff import DocumentDiff
    from kognic.annotations.document import Document
    from kognic.scenes.checks import Report

_PATH = click.Path(path_type=Path)
_FILE = click.Path(path_type=Path, dir_okay=False)
_SOURCES = click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", type=_PATH)
# A choice: half of a sweep of 128 rows shows where objects are; a page of two documents stays small.
_PAGE_POINTS = 100_000
_DIFFERENCES = {
    "frame": "frame_id", "change": "change", "class": "class_name", "kind": "kind", "sensor": "stream",
    "by": "amount_text",
    "name": "name", "before": "before", "after": "after", "object": "object_id",
}  # fmt: skip
"""Columns of the table of differences, and their attributes."""


def _documents(sources: Iterable[Path]) -> Iterator[Document]:
    """Documents of all sources, with a count on a terminal."""
    from tqdm import tqdm

    from kognic.annotations.reading import read_documents

    with tqdm(unit="document", file=sys.stderr, leave=False, disable=not shows_progress()) as bar:
        for source in sources:
            for document in read_documents(source):
                yield document
                bar.update()


@click.command("stats")
@_SOURCES
@JSON
def stats(sources: tuple[Path, ...], as_json: bool) -> None:
    """Count objects, geometry and points per class.

    A SOURCE is an OpenLABEL file, a folder of them, or a folder written by 'kognic annotation export'.
    The column frames adds up the frames of each object. Memory use does not grow with the number of
    documents. --json adds histograms of sizes and distances.
    """
    from kognic.cli import output

    with array_failures():
        from kognic.annotations.stats import statistics
        from kognic.cli.annotation_statistics import print_statistics

        found = statistics(_documents(sources))
        if as_json:
            output.print_json(found.to_dict())
            return
        print_statistics(found)
        output.note(
            f"documents: {found.documents}, frames: {found.frames}, invalid geometries: {found.invalid}"
        )


@click.command("validate")
@_SOURCES
@click.option(
    "--scene",
    "scene_file",
    type=_PATH,
    help="Scene file of the annotated scene: adds rules on points, poses and projections.",
)
@IGNORE
@click.option(
    "--min-points",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Minimum number of points in a cuboid.",
)
@click.option(
    "--max-speed",
    type=click.FloatRange(min=0, min_open=True),
    default=70.0,
    show_default=True,
    help="Maximum speed of objects, metres per second.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json", "sarif", "html")),
    default="table",
    show_default=True,
)
@FORMAT_JSON
@click.option("-o", "--output", type=_FILE, help="Write the report to this file.")
@FAIL_ON
def validate(
    sources: tuple[Path, ...],
    scene_file: Path | None,
    ignored: tuple[str, ...],
    min_points: int,
    max_speed: float,
    form: str,
    as_json: bool,
    output: Path | None,
    fail_on: str,
) -> None:
    """Find annotations that are probably wrong: empty cuboids, jumps and size changes in tracks, duplicates.

    A SOURCE is an OpenLABEL file, a folder of them, or a folder written by 'kognic annotation export'.

    Exit status: 0 if there are no findings of the severity --fail-on or higher, 1 if there are, 2 if the
    annotations could not be validated.
    """
    from kognic.cli import check as scenes
    from kognic.cli import output as output_lines

    with scenes.failures_as_not_checked(), array_failures():
        from kognic.annotations.quality import Limits
        from kognic.annotations.rules import ANNOTATION_RULES

        scenes.known_rules(ignored, ANNOTATION_RULES)
        checked = _checker(scene_file, Limits(min_points=min_points, max_speed=max_speed))
        reports = [checked(document).without(ignored) for document in _documents(sources)]
        if not reports:
            output_lines.note(f"There are no annotations in {', '.join(map(str, sources))}")
        scenes.write_reports(reports, "json" if as_json else form, output)
    if fail_on != "never" and scenes.is_bad(reports, fail_on):
        raise click.exceptions.Exit(1)


def _checker(scene_file: Path | None, limits: Any) -> Callable[[Document], Report]:
    if scene_file is None:
        from kognic.annotations.quality import check_annotation
        from kognic.scenes.checks import Report

        return lambda document: Report(
            name=document.name,
            findings=tuple(check_annotation(document, limits=limits)),
            facts={"frames": len(document.frames)},
        )
    from kognic.scenes.annotation_check import check_scene_annotation
    from kognic.scenes.scene_file import load_scene_file

    described = load_scene_file(scene_file)
    view = described.view()
    sensors = None if described.calibration is None else dict(described.calibration.calibration)
    return lambda document: check_scene_annotation(view, sensors, document, limits=limits)


@click.command("diff")
@click.argument("before", type=_PATH)
@click.argument("after", type=_PATH)
@click.option(
    "--position",
    type=click.FloatRange(min=0),
    default=0.001,
    show_default=True,
    metavar="METRES",
    help="Ignore position and size changes of cuboids below this, metres.",
)
@click.option(
    "--angle",
    type=click.FloatRange(min=0),
    default=0.1,
    show_default=True,
    metavar="DEGREES",
    help="Ignore rotations of cuboids below this, degrees.",
)
@click.option(
    "--pixels",
    type=click.FloatRange(min=0),
    default=0.01,
    show_default=True,
    help="Ignore changes of 2D geometry below this, pixels.",
)
@click.option(
    "--match-by-overlap",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="IOU",
    help="Match objects with different IDs if the IoU of their geometry is at least this.",
)
@click.option(
    "--format", "form", type=click.Choice(("table", "json", "html")), default="table", show_default=True
)
@FORMAT_JSON
@click.option(
    "--scene",
    "scene_file",
    type=_PATH,
    help="With --format html: show both documents in the viewer, on this scene file.",
)
@click.option("-o", "--output", type=_FILE, help="Write to this file.")
@click.option("--exit-code", is_flag=True, help="Exit with status 1 if something changed.")
def diff(
    before: Path,
    after: Path,
    position: float,
    angle: float,
    pixels: float,
    match_by_overlap: float | None,
    form: str,
    as_json: bool,
    scene_file: Path | None,
    output: Path | None,
    exit_code: bool,
) -> None:
    """Show the changes from BEFORE to AFTER: objects added, removed, moved, resized, rotated, relabelled.

    Both are OpenLABEL files, or both are folders: documents of folders are paired by scene and annotation
    type, or by the names of their files.
    """
    import math

    if scene_file is not None and (form != "html" or output is None or before.is_dir()):
        raise click.UsageError("--scene needs two files, --format html and --output.")
    with array_failures():
        from kognic.annotations.diff import Tolerances
        from kognic.annotations.diff import diff as compare

        tolerances = Tolerances(
            position_m=position, size_m=position, angle_rad=math.radians(angle), pixels=pixels
        )
        found = {
            name: compare(first, second, tolerances=tolerances, match_by_overlap=match_by_overlap)
            for name, first, second in _pairs(before, after)
        }
        _warn_of_unrelated(found, match_by_overlap)
        if scene_file is not None and output is not None:
            _write_view(scene_file, before, after, output)
        else:
            _write_diff(found, "json" if as_json else form, output)
    if exit_code and any(not changes.is_empty for changes in found.values()):
        raise click.exceptions.Exit(1)


def _warn_of_unrelated(found: dict[str, DocumentDiff], match_by_overlap: float | None) -> None:
    from kognic.cli.output import note

    for name, changes in found.items():
        if changes.unrelated is not None:
            hint = (
                " (--match-by-overlap 0.5)"
                if match_by_overlap is None and "overlap" in changes.unrelated
                else ""
            )
            note(f"Warning: {name}: {changes.unrelated}{hint}")


def _write_view(scene_file: Path, before: Path, after: Path, output: Path) -> None:
    """Write the scene with both documents as one page of the viewer."""
    from kognic._core.files import replacing
    from kognic.annotations.reading import read_document
    from kognic.scenes.scene_search import one_scene_file
    from kognic.viewer.frames import frame_bytes, scene_bytes
    from kognic.viewer.load import source_of
    from kognic.viewer.page import write_page
    from kognic.viewer.scene import PAGE_WIDTH, SourceOptions

    whole = source_of(
        attrs.evolve(one_scene_file(scene_file), pre_annotation=None),
        annotations=[
            (name, read_document(path).plain) for name, path in (("before", before), ("after", after))
        ],
    )
    source = whole.with_options(SourceOptions(image_width=PAGE_WIDTH, max_points=_PAGE_POINTS))
    frames = (frame_bytes(source.frame(index), source.scene) for index in range(len(source.view.frames)))
    with replacing(output) as file:
        write_page(file, title=source.scene.title, scene=scene_bytes(source.scene), frames=frames)


def _pairs(before: Path, after: Path) -> Iterator[tuple[str, Document, Document]]:
    """Pairs of documents; what only one side has is compared with an empty document."""
    from kognic.annotations.document import Document
    from kognic.annotations.reading import read_document
    from kognic.cli.output import note

    if not before.is_dir() and not after.is_dir():
        yield f"{before.name} to {after.name}", read_document(before), read_document(after)
        return
    old, new = _keyed(before), _keyed(after)
    if old and new and not old.keys() & new.keys():
        note(
            f"Warning: no document of {before} belongs to one of {after}: documents are paired by scene and "
            f"annotation type in exports, by file name in other folders; {next(iter(old))!r} and "
            f"{next(iter(new))!r} are the first names"
        )
    empty = Document.of({"openlabel": {}})
    for key in dict.fromkeys((*old, *new)):
        first = read_document(old[key]) if key in old else empty
        second = read_document(new[key]) if key in new else empty
        yield key, first, second


def _keyed(folder: Path) -> dict[str, Path]:
    """Files by what tells a document from others in both folders; the files are read again one by one."""
    from kognic.annotations.reading import MANIFEST, exported_files

    found: dict[str, Path] = {}
    deliveries = Counter[str]()
    if (folder / MANIFEST).is_file():
        for path, entry in exported_files(folder):
            key = f"scene {entry['scene_uuid']}, annotation type {entry['annotation_type']}"
            deliveries[key] += 1
            found[key if deliveries[key] == 1 else f"{key} #{deliveries[key]}"] = path
        return found
    paths = sorted(folder.rglob("*.json")) if folder.is_dir() else [folder]
    return {str(path.relative_to(folder)) if folder.is_dir() else path.name: path for path in paths}


def _print_diff(found: dict[str, DocumentDiff]) -> None:
    """Print a table of differences, without columns that have no value."""
    from kognic.cli import output as printing

    rows = [
        {"document": name, **{column: getattr(item, field) for column, field in _DIFFERENCES.items()}}
        for name, changes in found.items()
        for item in changes.differences
    ]
    columns = list(_DIFFERENCES) if len(found) == 1 else ["document", *_DIFFERENCES]
    used = [column for column in columns if any(row[column] not in (None, "") for row in rows)]
    if rows:
        printing.print_table(rows, used)
    if not found:
        printing.note("There are no annotations to compare")
    for name, changes in found.items():
        printing.note(f"{name}: {_in_words(changes)}")


def _write_diff(found: dict[str, DocumentDiff], form: str, output: Path | None) -> None:
    if form == "table" and output is None:
        _print_diff(found)
        return
    if form == "html":
        from kognic.annotations.diff_page import diff_page

        text = diff_page(found)
    elif form == "json":
        text = json.dumps({name: changes.to_dict() for name, changes in found.items()}, indent=2)
    else:
        text = "\n".join(f"{name}: {_in_words(changes)}" for name, changes in found.items())
    if output is None:
        echo(text)
        return
    from kognic._core.files import replacing

    with replacing(output) as file:
        file.write(f"{text}\n".encode())


def _in_words(changes: DocumentDiff) -> str:
    parts = [f"{count} {change}" for change, count in changes.counts().items()]
    parts += [f"{counted(len(changes.frames_added), 'frame')} added"] * bool(changes.frames_added)
    parts += [f"{counted(len(changes.frames_removed), 'frame')} removed"] * bool(changes.frames_removed)
    return ", ".join(parts) or "no changes"


@click.command("merge")
@click.argument("documents", nargs=-1, required=True, metavar="DOCUMENT...", type=_FILE)
@click.option("-o", "--output", required=True, type=_FILE, help="File to write.")
@click.option(
    "--on-conflict",
    type=click.Choice(("error", "first", "last")),
    default="error",
    show_default=True,
    help="Document to prefer where they differ, or fail.",
)
def merge(documents: tuple[Path, ...], output: Path, on_conflict: Literal["error", "first", "last"]) -> None:
    """Merge annotations of one scene, such as cuboids and segmentation, into one document.

    Frames are matched by external_id, objects by ID.
    """
    from kognic.cli.output import note

    with array_failures():
        from kognic._core.files import replacing
        from kognic.annotations.merge import merge as merge_documents
        from kognic.annotations.reading import read_document

        merged = merge_documents(map(read_document, documents), on_conflict=on_conflict)
        with replacing(output) as file:
            file.write(json.dumps(merged.document, ensure_ascii=False).encode() + b"\n")
        for place in merged.conflicts:
            note(f"conflict, the {on_conflict} document is used: {place}")


@click.command("table")
@_SOURCES
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to.",
)
@JSON
def table(sources: tuple[Path, ...], folder: Path, as_json: bool) -> None:
    """Write annotations as Parquet tables: a row per document, object, geometry and property.

    A SOURCE is an OpenLABEL file, a folder of them, or a folder written by 'kognic annotation export'.
    Memory use does not grow with the number of documents.
    """
    from kognic.cli import output

    with array_failures():
        from kognic.annotations.tables import write_tables

        paths = write_tables(_documents(sources), folder)
        if as_json:
            output.print_json({name: str(path) for name, path in paths.items()})
        else:
            echo("\n".join(map(str, paths.values())))
