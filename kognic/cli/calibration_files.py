"""`kognic calibration check`, `convert` and `project`: calibrations in files, offline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kognic.cli.array_failures import array_failures
from kognic.cli.options import FAIL_ON, IGNORE, JSON, size_of

if TYPE_CHECKING:
    from kognic.io.model.calibration import SensorCalibration

FORMATS = (
    *("opencv", "ros", "kalibr", "kitti", "nuscenes", "argoverse", "autoware", "opencalib", "pandaset"),
    *("waymo", "urdf", "tf", "ocam"),
)
MODELS = ("pinhole", "fisheye", "omnidir")
FITS = ("pinhole", "fisheye", "kannala")
UNITS = ("m", "cm", "mm", "ft", "in")
_FILE = click.Path(path_type=Path)


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=_FILE)
@JSON
@IGNORE
@FAIL_ON
def check(files: tuple[Path, ...], as_json: bool, ignored: tuple[str, ...], fail_on: str) -> None:
    """Check the numbers of calibrations offline: their ranges, units and order.

    A FILE is a calibration file (external_id and sensors) or a scene file with a calibration. To compare a
    calibration with recorded data, use 'kognic check'.

    Exit status: 0 if there are no findings of the severity --fail-on or higher, 1 if there are, 2 if the
    check could not run.
    """
    from kognic.cli import check as scenes

    with scenes.failures_as_not_checked(), array_failures():
        from kognic.scenes.calibration.files import check_calibration_files

        known = scenes.known_rules(ignored)
        reports = [report.without(known) for report in check_calibration_files(files)]
        scenes.write_reports(reports, "json" if as_json else "table", None)
    if fail_on != "never" and scenes.is_bad(reports, fail_on):
        raise click.exceptions.Exit(1)


def _sizes(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[int, int] | dict[str, tuple[int, int]] | None:
    """One size for all cameras, or one for each that is named."""
    found: dict[str, tuple[int, int]] = {}
    for value in values:
        name, _, text = value.rpartition("=")
        size = size_of(text)
        if size is None or name in found or (found and not (name and all(found))):
            raise click.BadParameter(
                f"{value!r} is not WIDTHxHEIGHT, such as 1920x1080, or NAME=WIDTHxHEIGHT once per camera",
                ctx,
                param,
            )
        found[name] = size
    return found.get("", found or None)


def _infos(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for value in values:
        frame, _, path = value.rpartition("=")
        found.setdefault(frame, []).append(Path(path))
    return found


def _renamings(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values:
        old, _, new = value.partition("=")
        if not (old and new) or old in found:
            raise click.BadParameter(
                f"{value!r} is not FROM=TO, once for each, such as cam0=FRONT", ctx, param
            )
        found[old] = new
    return found


@click.command("convert")
@click.argument("source", type=_FILE)
@click.option("--from", "form", type=click.Choice(FORMATS), required=True, help="Format of SOURCE.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it here.")
@click.option("--add", is_flag=True, help="Add the sensors to the existing output file.")
@click.option(
    "--external-id", metavar="ID", help="External ID of the calibration.  [default: the file's name]"
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="FROM=TO",
    callback=_renamings,
    help="Rename a sensor of the file (nuScenes: its token) to its name in your scenes; repeatable.",
)
@click.option(
    "--image-size",
    "image_size",
    multiple=True,
    metavar="[NAME=]WIDTHxHEIGHT",
    callback=_sizes,
    help="Image size in pixels, of all cameras or of the one named; repeatable.  [default: the file's, else "
    "that of images beside it]",
)
@click.option(
    "--pose",
    type=_FILE,
    help="JSON or YAML file with the motion from the file's reference system to yours: position and "
    "rotation_quaternion, or a matrix.",
)
@click.option(
    "--inverse-pose",
    is_flag=True,
    help="Invert the pose (it maps reference to camera, as OpenCV's rvec and tvec do).",
)
@click.option("--model", type=click.Choice(MODELS), help="Camera model, if the file does not name one.")
@click.option(
    "--fit",
    type=click.Choice(FITS),
    help="Fit this model to cameras of other models, and print the residual in pixels.",
)
@click.option(
    "--unit", type=click.Choice(UNITS), default="m", show_default=True, help="Length unit of the file."
)
@click.option(
    "--camera-info",
    "camera_infos",
    multiple=True,
    metavar="[FRAME=]FILE",
    callback=_infos,
    help="Camera info of a frame, for autoware, urdf and tf; repeatable.",
)
@click.option("--reference", metavar="FRAME", help="Frame to use as the reference system.")
@click.option(
    "--ignore-key",
    "ignore_keys",
    multiple=True,
    metavar="KEY",
    help="Ignore this unknown key of the file; repeatable.",
)
def convert(
    source: Path, form: str, output: Path | None, add: bool, pose: Path | None, inverse_pose: bool, **how: Any
) -> None:
    """Convert the calibration in SOURCE to the format of 'kognic calibration create'.

    SOURCE is a file of OpenCV (opencv: YAML, XML or JSON, also of a pair of cameras), ROS (ros:
    camera_info), Kalibr (kalibr: camchain), OpenCalib (opencalib), Waymo (waymo: JSON) or OCamCalib (ocam),
    a file or raw-data folder of KITTI (kitti), calibrated_sensor.json beside sensor.json (nuscenes), the
    folder 'calibration' of an Argoverse 2 log (argoverse), a PandaSet sequence or its static calibration
    (pandaset), Autoware's sensors_calibration.yaml and sensor_kit_calibration.yaml (autoware), a robot
    description (urdf), or messages of /tf_static (tf).

    An unknown key is an error, because it could hold a pose or a lens parameter. Lenses that the
    platform's models cannot express become custom cameras, or are an error.

    The result is JSON on standard output, or the file --output (YAML if its name says so). Chains of frames,
    replaced sizes, residuals and findings go to standard error.
    """
    if (add and output is None) or (inverse_pose and pose is None):
        raise click.UsageError(
            "--add needs --output" if add and output is None else "--inverse-pose needs --pose"
        )
    with array_failures():
        from kognic.cli.output import note
        from kognic.scenes.calibration.convert import convert as converted_from
        from kognic.scenes.calibration.files import add_sensors, read_pose

        conversion = converted_from(
            source, form, pose=None if pose is None else read_pose(pose, inverse=inverse_pose), **how
        )
        converted = conversion.calibration
        for text in conversion.notes:
            note(text)
        if add and output is not None and output.exists():
            converted = add_sensors(output, converted, external_id=how["external_id"])
        _hand_out(converted, output)
        _tell_findings(converted)


def _hand_out(calibration: SensorCalibration, output: Path | None) -> None:
    from kognic.cli.output import note, print_json
    from kognic.scenes.calibration.files import calibration_document, write_calibration

    if output is None:
        print_json(calibration_document(calibration))
        return
    write_calibration(calibration, output)
    note(f"{output}: {calibration.external_id} with {', '.join(calibration.calibration)}")


def _tell_findings(calibration: SensorCalibration) -> None:
    from kognic.cli.output import note
    from kognic.scenes.checks import Severity, check_calibration

    for finding in check_calibration(calibration):
        if finding.severity is not Severity.INFO:
            hint = f"; {finding.hint}" if finding.hint else ""
            note(f"{finding.severity.value}: {finding.location}: {finding.message}{hint}")


@click.command("project")
@click.argument("calibration", type=_FILE)
@click.argument("points", type=_FILE)
@click.option("--camera", required=True, metavar="NAME", help="Sensor to project into.")
@click.option(
    "--system",
    default="reference",
    show_default=True,
    metavar="NAME",
    help="Coordinate system of the points: the reference system, or that of a sensor, such as the lidar.",
)
@click.option("--visible", is_flag=True, help="Print only points inside the image.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of CSV.")
def project(
    calibration: Path,
    points: Path,
    camera: str,
    system: str,
    visible: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Project the points of a file into the image of a camera: metres to pixels.

    CALIBRATION is a calibration file or a scene file with a calibration. POINTS is CSV with columns x, y
    and z, PCD, LAS, LAZ, or a NumPy array (.npy) of shape (N, 3), in metres. Vehicle motion is ignored.

    The result has one row per point: its index in the file, column u and row v in pixels (empty if the camera
    model does not project the point), depth (distance from the camera in metres), and whether it is inside
    the image.
    """
    with array_failures():
        from kognic.cli.output import note
        from kognic.scenes.calibration.files import read_calibration
        from kognic.scenes.calibration.projection import (
            project_with_rig,
            read_positions,
            write_pixels,
        )

        found = project_with_rig(read_positions(points), read_calibration(calibration), camera, system=system)
        if output is None:
            write_pixels(found, sys.stdout, as_json=as_json, only_visible=visible)
        else:
            with output.open("w", encoding="utf-8", newline="") as file:
                write_pixels(found, file, as_json=as_json, only_visible=visible)
        note(f"{int(found.visible.sum())} of {len(found)} points are in the image of {camera}")
