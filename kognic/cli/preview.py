"""`kognic preview`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kognic._core.failures import failures_in_one_line
from kognic._core.terminal import echo
from kognic._core.wording import counted
from kognic.cli.options import JSON
from kognic.cli.output import shows_progress

if TYPE_CHECKING:
    from kognic.scenes.scene_file import SceneFile
    from kognic.viewer.stills import Preview, PreviewOptions

# A choice: half a screen; the rest is counted.
_SHOWN_NOTES = 20


def distances(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, float] | None:
    """Parse two distances, `NEAR-FAR`."""
    if value is None:
        return None
    near, _, far = value.partition("-")
    try:
        return float(near), float(far)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is not two distances such as 2-80", ctx=ctx, param=param
        ) from None


@click.command()
@click.argument("scene", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file that ends in .html for one interactive page, or a folder for PNG files.  "
    "[default: preview.html]",
)
@click.option(
    "--frames", metavar="LIST", help="For example 0,5-10 or ::5 (every fifth) or all.  [default: five]"
)
@click.option("--cameras", metavar="NAMES", help="Draw only these cameras, separated by commas.")
@click.option(
    "--pre-annotation",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use this OpenLABEL document instead of the pre-annotation in the scene file.",
)
@click.option(
    "--calibration",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use this calibration instead of the one in the scene file.",
)
@click.option(
    "--width", type=int, default=1280, show_default=True, help="Scale images down to this width, pixels."
)
@click.option(
    "--max-points",
    type=int,
    default=200_000,
    show_default=True,
    help="Maximum number of points drawn per frame.",
)
@click.option("--depth", callback=distances, metavar="NEAR-FAR", help="Ends of the colour scale, metres.")
@click.option("--bev/--no-bev", default=True, show_default=True, help="Draw a bird's-eye view.")
@click.option("--bev-range", type=float, metavar="METRES", help="Range of the bird's-eye view, to each side.")
@click.option(
    "--verdict",
    is_flag=True,
    help="Check each camera's calibration; takes 2 to 6 s of CPU time per camera.",
)
@click.option(
    "--rerun",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a recording for the Rerun viewer (.rrd).",
)
@JSON
def preview(
    scene: Path,
    output: Path | None,
    frames: str | None,
    cameras: str | None,
    pre_annotation: Path | None,
    calibration: Path | None,
    width: int,
    max_points: int,
    depth: tuple[float, float] | None,
    bev: bool,
    bev_range: float | None,
    verdict: bool,
    rerun: Path | None,
    as_json: bool,
) -> None:
    """Draw a scene offline: images with lidar points and annotations, and a bird's-eye view (BEV).

    SCENE is a scene file or a folder that contains one. Points and cuboids are projected with the camera
    models, including distortion, at the time of each image. Needs no credentials and no display.
    """
    from kognic.viewer.stills import PreviewOptions

    options = PreviewOptions(
        frames=frames,
        cameras=None if cameras is None else [name.strip() for name in cameras.split(",")],
        image_width=width,
        max_points=max_points,
        birds_eye=bev,
        birds_eye_range=bev_range,
        depth_range=depth,
        verdict=verdict,
    )
    if output is None and rerun is None:
        output = Path("preview.html")
    made = _preview(_scene_file(scene, calibration, pre_annotation), output, rerun, options, quiet=as_json)
    _print(made, output, as_json=as_json)


def _scene_file(scene: Path, calibration: Path | None, pre_annotation: Path | None) -> SceneFile:
    """The scene file, with what the options put in place of its own."""
    import attrs

    from kognic.scenes.scene_check import load_pre_annotation
    from kognic.scenes.scene_file import load_calibration
    from kognic.scenes.scene_search import one_scene_file

    scene_file = one_scene_file(scene)
    if calibration is not None:
        scene_file = attrs.evolve(scene_file, calibration=load_calibration(calibration))
    if pre_annotation is not None:
        scene_file = attrs.evolve(scene_file, pre_annotation=load_pre_annotation(pre_annotation))
    return scene_file


def _preview(
    scene_file: SceneFile, output: Path | None, rerun: Path | None, options: PreviewOptions, *, quiet: bool
) -> Preview:
    from tqdm import tqdm

    hidden = quiet or not shows_progress()
    with failures_in_one_line(also=(ImportError,)), tqdm(unit="frame", leave=False, disable=hidden) as bar:
        from kognic.viewer.stills import preview_scene

        return preview_scene(scene_file, output, options=options, rerun=rerun, progress=_shown(bar))


def _shown(bar: Any) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return show


def _print(made: Preview, target: Path | None, *, as_json: bool) -> None:
    from kognic.cli import output
    from kognic.viewer.page import MAIL_LIMIT

    sizes = {file: file.stat().st_size for file in made.files}
    if as_json:
        files = [{"path": str(file), "bytes": size} for file, size in sizes.items()]
        output.print_json({"files": files, "frames": made.frames, "notes": made.notes})
        return
    for note in made.notes[:_SHOWN_NOTES]:
        output.note(f"note: {note}")
    if len(made.notes) > _SHOWN_NOTES:
        output.note(f"and {counted(len(made.notes) - _SHOWN_NOTES, 'more note')}")
    pictures = [file for file in made.files if file.suffix == ".png"]
    count = counted(len(made.frames), "frame")
    if pictures:
        size = sum(sizes[file] for file in pictures)
        echo(f"{target}: {count}, {counted(len(pictures), 'picture')}, {size / 1e6:.1f} MB")
    for file in made.files:
        if file not in pictures:
            echo(f"{file}: {count}, {sizes[file] / 1e6:.1f} MB")
        if file.suffix == ".html" and sizes[file] > MAIL_LIMIT:
            output.note(f"note: {file} is too large for most mail servers; use 'kognic view'")
