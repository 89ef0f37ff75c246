"""`kognic annotation convert`: labels of other formats to OpenLABEL and back.

`kognic.cli.annotation_options` has what each format needs, `kognic.cli.annotation_formats` reads them, and
`kognic.cli.annotation_writers` writes them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kognic._core.wording import of_plural
from kognic.cli.annotation_options import EXAMPLES, LABELS, NEEDS, SEGMENTATIONS, Options
from kognic.cli.array_failures import array_failures
from kognic.cli.options import size_of

_PATH = click.Path(path_type=Path)


def _size(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    found = size_of(value or "")
    if value is not None and found is None:
        raise click.BadParameter(f"{value!r} is not WIDTHxHEIGHT, such as 1920x1080", ctx, param)
    return found


@click.command("convert")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=_PATH)
@click.argument("target", type=_PATH)
@click.option(
    "--from",
    "source_format",
    type=click.Choice(("openlabel", *LABELS)),
    default="openlabel",
    show_default=True,
    help="Format of SOURCE.",
)
@click.option(
    "--to",
    "target_format",
    type=click.Choice(("openlabel", *LABELS, *SEGMENTATIONS)),
    default="openlabel",
    show_default=True,
    help="Format of TARGET.",
)
@click.option(
    "--lidar",
    metavar="NAME",
    help="Lidar of the cuboids; for nuScenes and T4 also the channel whose poses are used.",
)
@click.option("--camera", metavar="NAME", help="Camera of the labels in images (KITTI, COCO, masks).")
@click.option(
    "--scene",
    metavar="FILE|DIR|NAME",
    multiple=True,
    help="To KITTI, COCO or masks: scene file of the annotated scene, or a folder of scene files, for "
    "calibration, names and sizes of images; repeatable. nuScenes, T4: name or token of the scene.",
)
@click.option(
    "--calibration",
    type=_PATH,
    metavar="FILE|DIR",
    help="KITTI: calibration file, or folder of them (calib).",
)
@click.option(
    "--version",
    type=_PATH,
    metavar="DIR",
    help="To nuScenes or T4: the recording's own tables, such as v1.0-mini.",
)
@click.option(
    "--system",
    type=click.Choice(("ego", "lidar", "world")),
    help="nuScenes, T4, Argoverse 2: coordinate system of the cuboids in OpenLABEL.",
)
@click.option(
    "--image-size", callback=_size, metavar="WxH", help="To KITTI, COCO or masks: size of the images."
)
@click.option(
    "--image-names",
    metavar="PATTERN",
    help="To COCO: file names of images, such as '{scene}/{camera}/{frame_id}.jpg'; {uri} is the name "
    "in the document. Default: the name in the scene file, else in the document.",
)
@click.option("--drop-interpolated", is_flag=True, help="Leave out geometry that is marked as interpolated.")
def convert(
    sources: tuple[Path, ...], target: Path, source_format: str, target_format: str, **options: Any
) -> None:
    """Convert annotations between OpenLABEL and the formats of public datasets.

    \b
    openlabel      SOURCE: a file, a folder, or an export; TARGET: one document with all frames
    kitti          SOURCE: a label file or a folder of them (label_2); TARGET: a folder, for label_2 and calib
    nuscenes, t4   the folder of a version (v1.0-mini, annotation)
    coco           a file
    argoverse2     annotations.feather; TARGET for more than one document: a folder
    semantickitti  TARGET: a folder, for a .label file per frame and lidar, from a lidar segmentation
    lidarseg       TARGET: a folder, for a _lidarseg.bin file per frame and lidar, from a lidar segmentation
    masks          TARGET: a folder, for two PNG per image, of classes and of objects, from outlines and masks

    One of SOURCE and TARGET is OpenLABEL. SOURCE can be a folder that 'kognic annotation export' wrote, a
    folder of documents, or more than one of these: COCO gets one file with all images, KITTI numbers the
    frames consecutively, nuScenes and T4 get the annotations of all scenes, and other formats a folder per
    document. --scene finds the scene of each document by its external ID.

    The command never guesses coordinate systems: it asks for the options that a format needs. On an error
    nothing is written.
    """
    from kognic.cli.output import note

    if (source_format == "openlabel") == (target_format == "openlabel"):
        raise click.UsageError(
            "Set --from or --to: one of SOURCE and TARGET must have another format than OpenLABEL, one of "
            f"{', '.join((*LABELS, *SEGMENTATIONS))}.\n\n"
            f"Example: kognic annotation convert {EXAMPLES['--to', 'coco']}"
        )
    chosen = Options(**options)
    _expect_options(source_format, target_format, chosen)
    with array_failures():
        from kognic.cli.annotation_formats import to_openlabel
        from kognic.cli.annotation_writers import of_openlabel

        if target_format == "openlabel":
            if len(sources) != 1:
                raise click.UsageError(f"Pass one SOURCE: {source_format} becomes one OpenLABEL document.")
            written = to_openlabel(source_format, sources[0], target, chosen)
        else:
            written = of_openlabel(target_format, sources, target, chosen)
        for what in written.left_out:
            note(f"skipped: {what}")
        note(f"{target}: {of_plural(written.count, written.what)}")
        for what in written.notes:
            note(f"note: {what}")


def _expect_options(source_format: str, target_format: str, options: Options) -> None:
    """Refuse a conversion that lacks options, and list all of them."""
    key = ("--from", source_format) if target_format == "openlabel" else ("--to", target_format)
    missing = [need for need in NEEDS.get(key, ()) if not need.is_met(options)]
    if not missing:
        return
    width = max(len(need.usage) for need in missing)
    listed = "\n".join(f"  {need.usage.ljust(width)}  {need.why}" for need in missing)
    options_text = "this option" if len(missing) == 1 else "these options"
    raise click.UsageError(
        f"{' '.join(key)} needs {options_text} as well:\n{listed}\n\n"
        f"Example: kognic annotation convert {EXAMPLES[key]}"
    )
