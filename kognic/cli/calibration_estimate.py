"""`kognic calibration diff` and `estimate`: compare calibrations, and measure them with recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kognic._core.terminal import echo
from kognic._core.wording import counted
from kognic.cli.array_failures import array_failures
from kognic.cli.options import JSON, frames_option, max_error_options

if TYPE_CHECKING:
    from kognic.scenes.calibration.compare import SensorDifference
    from kognic.scenes.calibration.lidars import LidarEstimate
    from kognic.scenes.calibration.pooled import RigEstimate

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("diff")
@click.argument("first", type=_FILE)
@click.argument("second", type=_FILE)
@JSON
@click.option("--exit-code", is_flag=True, help="Exit with status 1 if the calibrations differ.")
def diff(first: Path, second: Path, as_json: bool, exit_code: bool) -> None:
    """Compare the calibrations FIRST and SECOND, sensor by sensor.

    Prints the angle between the rotations, the distance between the positions, and the displacement in the
    image of points at 20 m: median, 95th percentile and maximum over the whole image.
    """
    from kognic.cli.output import print_json

    with array_failures():
        from kognic.scenes.calibration.compare import compare_calibrations
        from kognic.scenes.scene_file import load_calibration

        found = compare_calibrations(load_calibration(first), load_calibration(second))
        if as_json:
            print_json(found)
        else:
            for difference in found:
                echo(_line(difference))
    if exit_code and any(difference.change != "same" for difference in found):
        raise click.exceptions.Exit(1)


def _line(difference: SensorDifference) -> str:
    parts = [f"{difference.sensor}: {difference.change}"]
    if difference.change == "changed":
        parts.append(
            f"rotation {difference.rotation_deg:.3f} degrees, position {difference.position_m:.3f} m"
        )
        if difference.pixels_median is not None:
            parts.append(
                f"pixels {difference.pixels_median:.1f} median, {difference.pixels_95:.1f} for 95 %, "
                f"{difference.pixels_max:.1f} at most"
            )
        if difference.lost:
            parts.append(f"{difference.lost:.1%} of the points leave the image")
        parts += [f"{path} {before} -> {after}" for path, (before, after) in difference.fields.items()]
    return "\n  ".join(parts)


@click.command("estimate")
@click.argument("scenes", nargs=-1, required=True, metavar="SCENE...", type=click.Path(path_type=Path))
@click.option("--calibration", type=_FILE, help="Use this calibration instead of those in the scene files.")
@frames_option("estimate")
@max_error_options
@JSON
def estimate(
    scenes: tuple[Path, ...],
    calibration: Path | None,
    frames: int,
    max_error_deg: float | None,
    max_error_px: float | None,
    as_json: bool,
) -> None:
    """Estimate the error of a calibration, from all SCENEs that share it.

    A SCENE is a scene file, or a folder that contains some. Prints one result per rig, with the corrected
    rotation_quaternion of each misaligned camera.

    Exit status: 1 if a finding has severity error, otherwise 0.
    """
    from kognic.cli.output import print_json

    with array_failures():
        from kognic.scenes.calibration.pooled import estimate_rigs
        from kognic.scenes.calibration.verdict import MAX_ERROR_DEG, Bar
        from kognic.scenes.scene_file import load_calibration
        from kognic.scenes.scene_search import find_scene_files

        rigs = estimate_rigs(
            list(find_scene_files(scenes)),
            calibration=None if calibration is None else load_calibration(calibration),
            max_frames=frames,
            bar=Bar(max_error_deg=max_error_deg or MAX_ERROR_DEG, max_error_px=max_error_px),
        )
        if as_json:
            print_json([_plain(rig) for rig in rigs])
        else:
            for rig in rigs:
                _show(rig)
    if any(camera.severity.value == "error" for rig in rigs for camera in rig.cameras):
        raise click.exceptions.Exit(1)


def _plain(rig: RigEstimate) -> dict[str, object]:
    return {
        "calibration": rig.calibration,
        "scenes": [str(path) for path in rig.scenes],
        "frames": rig.frames,
        "cameras": [camera.to_dict() for camera in rig.cameras],
        "lidars": [_lidar(lidar) for lidar in rig.lidars],
    }


def _lidar(lidar: LidarEstimate) -> dict[str, object]:
    return {
        "lidar": lidar.lidar,
        "against": lidar.against,
        "verdict": lidar.verdict,
        "explanation": lidar.explanation,
        "pairs": lidar.pairs,
        "directions": [
            {
                "name": one.name,
                "correction": one.correction if one.observable else None,
                "deviation": one.deviation if one.observable else None,
                "unit": one.unit,
            }
            for one in lidar.directions
        ],
    }


def _show(rig: RigEstimate) -> None:
    echo(f"{rig.calibration}: {counted(len(rig.scenes), 'scene')}, {counted(rig.frames, 'frame')}")
    for camera in rig.cameras:
        echo(f"  {camera.sensor}: {camera.verdict} ({camera.severity.value}): {camera.explanation}")
        if camera.hint:
            echo(f"    {camera.hint}")
    for lidar in rig.lidars:
        echo(f"  {lidar.lidar}: {lidar.verdict}: {lidar.explanation}")
