"""`kognic view`."""

from __future__ import annotations

import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kognic._core.failures import failures_in_one_line
from kognic._core.terminal import echo
from kognic.cli.preview import distances

if TYPE_CHECKING:
    from kognic.viewer.scene import SceneSource

FILE = click.Path(path_type=Path)


def _rotation(
    ctx: click.Context, param: click.Parameter, value: str | None
) -> tuple[float, float, float] | None:
    """Three angles, `PITCH,YAW,ROLL`."""
    if value is None:
        return None
    try:
        pitch, yaw, roll = (float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is not three angles in degrees such as 0.4,-1.0,0", ctx=ctx, param=param
        ) from None
    return pitch, yaw, roll


@click.command()
@click.argument("scene", type=FILE)
@click.option(
    "--calibration", type=FILE, metavar="FILE", help="Use this calibration instead of the scene's own."
)
@click.option("--compare", type=FILE, metavar="FILE", help="Compare with this calibration (B in the viewer).")
@click.option(
    "--annotation",
    "annotations",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="Show this OpenLABEL document as well; repeatable.",
)
@click.option("--frames", metavar="LIST", help="For example 0,5-10 or ::5 (every fifth).  [default: all]")
@click.option("--cameras", metavar="NAMES", help="Show these cameras only, separated by commas.")
@click.option("--depth", callback=distances, metavar="NEAR-FAR", help="Ends of the colour scale, metres.")
@click.option("--verdict", is_flag=True, help="Check each camera's calibration against the lidar.")
@click.option("--camera", metavar="NAME", help="Open with this camera in the large view.")
@click.option(
    "--rotation",
    callback=_rotation,
    metavar="PITCH,YAW,ROLL",
    help="Open with the camera rotated about its own x, y and z axes, degrees.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on; 0: a free port.")
@click.option("--open/--no-open", "opens", default=True, show_default=True, help="Open the browser.")
def view(
    scene: Path,
    calibration: Path | None,
    compare: Path | None,
    annotations: tuple[Path, ...],
    frames: str | None,
    cameras: str | None,
    depth: tuple[float, float] | None,
    verdict: bool,
    camera: str | None,
    rotation: tuple[float, float, float] | None,
    port: int,
    opens: bool,
) -> None:
    """View a scene in the browser: 3D, images, calibration and annotations.

    SCENE is a scene file or a folder that contains one. A local server reads frames on demand, so drives of
    any length work. Access requires the printed link. Press Ctrl-C to stop.
    """
    from kognic.viewer.stills.options import choose_frames

    if rotation is not None and camera is None:
        raise click.UsageError("--rotation needs --camera, the camera to rotate")
    with failures_in_one_line(also=(ImportError,)):
        source = _source(scene, calibration, compare, annotations)
        chosen = choose_frames(frames or "all", len(source.view.frames))
        wanted = None if cameras is None else [name.strip() for name in cameras.split(",")]
        source = _narrowed(source, chosen, wanted, depth, verdict)
        if camera is not None and camera not in source.view.camera_names:
            known = ", ".join(source.view.camera_names) or "none"
            raise ValueError(f"the scene has no camera {camera!r}; it has {known}")
        _serve(source, port, state_of(camera, rotation), opens=opens)


def state_of(camera: str | None, rotation: tuple[float, float, float] | None) -> str:
    """Return what the viewer shows first, as its address has it."""
    from urllib.parse import urlencode

    values = {} if camera is None else {"cam": camera}
    if rotation is not None:
        values["turn"] = ",".join(f"{angle:g}" for angle in (*rotation, 0, 0, 0, 0, 0))
    return urlencode(values)


def _source(
    scene: Path, calibration: Path | None, compare: Path | None, annotations: tuple[Path, ...]
) -> SceneSource:
    from kognic.scenes.scene_check import load_pre_annotation
    from kognic.scenes.scene_file import load_calibration
    from kognic.viewer.load import source_of

    return source_of(
        scene,
        calibration=None if calibration is None else load_calibration(calibration),
        compare=None if compare is None else load_calibration(compare),
        annotations=[
            ("annotation" if len(annotations) == 1 else path.stem, load_pre_annotation(path))
            for path in annotations
        ],
    )


def _narrowed(
    source: SceneSource,
    frames: list[int],
    cameras: list[str] | None,
    depth: tuple[float, float] | None,
    verdict: bool,
) -> SceneSource:
    from kognic.viewer.scene import SourceOptions

    return source.with_options(
        SourceOptions(frames=frames, cameras=cameras, depth_range=depth, verdict=verdict)
    )


def _serve(source: SceneSource, port: int, state: str, *, opens: bool) -> None:
    from kognic.viewer.server import ViewServer

    # A cached property is a property, which pyright does not see.
    with ViewServer(source, port=port, state=state) as server:  # pyright: ignore[reportArgumentType]
        echo(server.link)
        echo("Press Ctrl-C to stop.", err=True)
        if opens:
            webbrowser.open(server.link)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            echo("stopped", err=True)
            raise
