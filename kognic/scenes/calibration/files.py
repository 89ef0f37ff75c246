"""Calibrations in files: read them, check them, write them in the form that is created from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import yaml

from kognic._core.camera_errors import ConversionError
from kognic._core.documents import YAML_SUFFIXES, read_document
from kognic._core.scene_errors import DescriptionError, DocumentError
from kognic.scenes import checks
from kognic.scenes.calibration.convert.build import lidar, motion
from kognic.scenes.calibration.convert.values import at, entry, rigid, rotation
from kognic.scenes.calibration_document import parse_calibration
from kognic.scenes.checks.rules import broken
from kognic.scenes.geometry.poses import FloatArray, Rigid
from kognic.scenes.scene_description import parse_description
from kognic.scenes.scene_file import calibration_of, load_calibration

if TYPE_CHECKING:
    from kognic.io.model.calibration import SensorCalibration

# As `convert.documents`: a file that may hold a calibration is no larger.
MAX_BYTES = 2**26


def read_calibration(path: str | os.PathLike[str]) -> SensorCalibration:
    """Read the calibration that a file is, or that a scene file holds or names a file of.

    Images and point clouds of the scene are not looked at.

    Args:
        path: A calibration (`external_id` and `sensors`) or a scene file, JSON or YAML.

    Raises:
        DocumentError: It cannot be read, is neither, or the scene has no calibration of its own.
    """
    path = Path(path).expanduser()
    try:
        return _read(path)
    except DescriptionError as exc:
        file = exc.problems[0].file
        raise DocumentError(path.parent / file if file else path, str(exc)) from None


def _read(path: Path) -> SensorCalibration:
    """The same, with a `DescriptionError` for what is wrong in the document."""
    content = read_document(path, max_bytes=MAX_BYTES)
    if isinstance(content, Mapping) and "type" in content and "sensors" not in content:
        return _of_scene(path, content)
    try:
        return parse_calibration(content)
    except DescriptionError:
        raise
    except (TypeError, ValueError) as exc:
        known = isinstance(content, Mapping) and not content.keys().isdisjoint(("sensors", "calibration"))
        hint = "" if known else "; 'kognic calibration convert' reads files of other tools"
        raise DocumentError(path, f"{exc}{hint}") from None


def _of_scene(path: Path, content: Mapping[str, Any]) -> SensorCalibration:
    described = parse_description(content)
    if described.calibration is None:
        hint = (
            f"; fetch it with 'kognic calibration show {described.calibration_id} --json'"
            if described.calibration_id
            else ""
        )
        raise DocumentError(path, f"the scene holds no calibration{hint}")
    return calibration_of(path.parent, described.calibration)


def check_calibration_files(paths: Iterable[str | os.PathLike[str]]) -> Iterator[checks.Report]:
    """Check the numbers of calibrations in files, one after the other, as `check_calibration` does.

    A file that cannot be read is a finding (`scene-file`) and holds up no other.

    Args:
        paths: Calibrations or scene files.

    Yields:
        A report for each, in their order.

    Raises:
        ImportError: NumPy is not installed; the message says how to install it.
    """
    for path in paths:
        try:
            report = checks.check_calibration(_read(Path(path).expanduser()))
        except DocumentError as exc:
            finding = broken("scene-file", exc.problem, "correct the file", file=str(exc.path))
            report = checks.Report(name=str(path), findings=[finding])
        except DescriptionError as exc:
            findings = [
                broken(
                    "scene-file",
                    problem.message,
                    "correct the file",
                    file=problem.file or None,
                    field=problem.place or None,
                )
                for problem in exc.problems
            ]
            report = checks.Report(name=str(path), findings=findings)
        yield attrs.evolve(report, source=str(path))


def read_pose(path: str | os.PathLike[str], *, inverse: bool = False) -> FloatArray:
    """Read a rigid motion.

    Args:
        path: JSON or YAML: `position` (x, y, z; metres) and `rotation_quaternion` (w, x, y, z), or a matrix
            of shape (4, 4) or (3, 4), nested or row by row.
        inverse: Return the motion that undoes it.

    Returns:
        The motion, shape (4, 4), metres.

    Raises:
        DocumentError: The file cannot be read.
        ConversionError: It holds no rigid motion.
    """
    path = Path(path).expanduser()
    content = read_document(path, max_bytes=MAX_BYTES)
    with at(path):
        if isinstance(content, Mapping):
            p, q = entry(content, "position"), entry(content, "rotation_quaternion")
            matrix = rigid(rotation([entry(q, axis) for axis in "wxyz"]), [entry(p, axis) for axis in "xyz"])
        else:
            matrix = motion(content, "the pose")
        moved = lidar(matrix)  # of the nearest rotation; refuses what is none
    pose = Rigid.of_sensor(moved)
    return (pose.inverse() if inverse else pose).matrix


def add_sensors(
    path: str | os.PathLike[str], more: SensorCalibration, *, external_id: str | None = None
) -> SensorCalibration:
    """Return the calibration of a file, with more sensors; the file stays as it is.

    Args:
        path: The calibration.
        more: The sensors to add.
        external_id: Instead of the one in the file.

    Raises:
        DocumentError: The file cannot be read.
        ConversionError: It has a sensor of the same name.
    """
    found = load_calibration(path, external_id=external_id)
    both = [name for name in more.calibration if name in found.calibration]
    if both:
        raise ConversionError(f"{path} has a sensor {both[0]!r} already; rename one of them")
    found.calibration = {**found.calibration, **more.calibration}
    return found


def calibration_document(calibration: SensorCalibration) -> dict[str, Any]:
    """Return a calibration as plain values: what `kognic calibration create` and `read_calibration` take.

    Raises:
        ValueError: A number is NaN or infinite, which JSON cannot express.
    """
    content = json.loads(
        json.dumps(calibration.to_dict(), allow_nan=False)
    )  # enumerations become their values
    return {"external_id": content["externalId"], "sensors": content["calibration"]}


def write_calibration(calibration: SensorCalibration, path: str | os.PathLike[str]) -> None:
    """Write a calibration to a file, as YAML if its name ends in `.yaml` or `.yml`, else as JSON.

    Raises:
        OSError: It cannot be written.
        ValueError: A number is NaN or infinite.
    """
    path = Path(path).expanduser()
    document = calibration_document(calibration)
    if path.suffix.lower() in YAML_SUFFIXES:
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    else:
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
