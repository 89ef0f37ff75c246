"""Writes imported scenes to a folder: a scene file each, and what it refers to beside it.

`OUT/<external_id>/scene.json` names the recording and how each file is made of it; with `materialize` the
files are written, too, and the scene stands on its own.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import msgspec

from kognic._core.scene_errors import RecordingError
from kognic.io.model.calibration import BaseCalibration, SensorCalibration
from kognic.scenes.calibration.files import write_calibration
from kognic.scenes.importers.building import ImportedScene, ImportOptions, counts_of, scenes_of
from kognic.scenes.importers.encoding.files import encoded
from kognic.scenes.importers.lens import Lens
from kognic.scenes.importers.locations import Location, is_url
from kognic.scenes.importers.recording import Capture, Recording, Sensor, Skip
from kognic.scenes.importers.registry import open_recordings

Json = dict[str, Any]
Progress = Callable[[str, int, int], None]
# A choice: encoding releases the GIL and files are written meanwhile; more workers hold more decoded images
# in memory.
_WORKERS = 4
_UNSAFE = re.compile(r"[^\w.+-]+")


@attrs.frozen(kw_only=True)
class WrittenScene:
    """What was written for one scene.

    Attributes:
        path: The scene file.
        frames: Number of frames.
        sensors: Number of files by sensor.
        imu_samples: Number of IMU samples.
        labelled: Number of labelled objects; None without a pre-annotation.
        notes: What was converted, and how.
        skipped: What was left out.
    """

    path: Path
    external_id: str
    type: str
    frames: int
    sensors: Mapping[str, int]
    imu_samples: int
    labelled: int | None
    notes: Sequence[str]
    skipped: Sequence[Skip]


def import_recordings(
    format: str,
    source: str,
    out: str | os.PathLike[str],
    *,
    options: ImportOptions | None = None,
    format_options: Mapping[str, str] = {},
    materialize: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Iterator[WrittenScene]:
    """Make scene files of all recordings of a source.

    Args:
        format: As `kognic.scenes.importers.formats` names it.
        source: Path or fsspec URL.
        out: Folder that a folder for each scene is made in.
        options: What to make of each recording.
        format_options: Options of the format.
        materialize: Write images and clouds, too, instead of referring to the recording.
        overwrite: Replace scene files that exist.
        progress: Called with what is being done, how much of it is done, and how much there is: messages of a
            recording that is read, files that are written.

    Raises:
        RecordingError: The source cannot be read, or a scene file exists already. If the source has more than
            one recording, it is raised after the others.
    """
    folder = Path(out).expanduser()
    recordings = open_recordings(format, source, format_options)
    failed: list[RecordingError] = []
    for recording in recordings:
        try:
            with recording:
                if progress is not None:
                    recording.progress = partial(progress, f"reading {recording.name}")
                given = _Given(format, source, recording.name, dict(format_options))
                for scene in scenes_of(recording, options or ImportOptions()):
                    yield _write(scene, recording, folder, given, materialize, overwrite, progress)
        except RecordingError as exc:
            if len(recordings) == 1:
                raise
            failed.append(exc)
    if failed:
        raise RecordingError(
            f"{len(failed)} of {len(recordings)} recordings were not imported: {'; '.join(map(str, failed))}"
        )


@attrs.frozen
class _Given:
    """How the recording of a scene is found again."""

    format: str
    source: str
    name: str
    options: dict[str, str]


def _write(
    scene: ImportedScene,
    recording: Recording,
    out: Path,
    given: _Given,
    materialize: bool,
    overwrite: bool,
    progress: Progress | None,
) -> WrittenScene:
    folder = out / folder_name(scene.external_id)
    path = folder / "scene.json"
    if path.exists() and not overwrite:
        raise RecordingError(f"{path} exists already; pass another folder, or --overwrite")
    folder.mkdir(parents=True, exist_ok=True)
    document: Json = {"type": scene.document["type"], "external_id": scene.external_id}
    if scene.calibration:
        name = calibration_name(recording.name, scene.calibration)
        calibration = SensorCalibration(external_id=name, calibration=dict(scene.calibration))
        write_calibration(calibration, folder / "calibration.json")
        document["calibration"] = "calibration.json"
    if scene.imu_data:
        _write_json(folder / "imu.json", scene.imu_data)
        document["imu_data"] = "imu.json"
    if scene.pre_annotation is not None:
        _write_json(folder / "pre_annotation.json", scene.pre_annotation)
        document["pre_annotation"] = "pre_annotation.json"
    if materialize:
        _materialize(scene, recording, folder, progress)
    sources = {} if materialize else _sources(scene, recording, folder)
    document |= {key: value for key, value in scene.document.items() if key not in document}
    for frame in document.get("frames") or [document["frame"]]:
        for kind in ("images", "point_clouds"):
            for entry in frame.get(kind, ()):
                entry |= sources.get(entry["filename"], {})
    document["recording"] = _recording_entry(scene, given, folder, materialize)
    _write_json(path, document)
    return _summary(scene, path)


def calibration_name(recording: str, calibration: Mapping[str, BaseCalibration]) -> str:
    """External ID of a calibration: that of the recording, with eight digits that stand for its content.

    So all scenes of a recording share one calibration on the platform, however they are split and whenever
    they are imported, and another choice of sensors, or a better calibration, gets another name.
    """
    content = SensorCalibration(external_id="", calibration=dict(calibration)).to_dict()
    digest = hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()
    return f"{recording}-{digest[:8]}"


def folder_name(external_id: str) -> str:
    """A name that every file system takes."""
    return _UNSAFE.sub("_", external_id).strip("._") or "scene"


def _sources(scene: ImportedScene, recording: Recording, folder: Path) -> dict[str, Json]:
    """Where each file is, or what it is made of."""
    undistorted = {sensor.name for sensor in scene.undistorted}
    found: dict[str, Json] = {}
    for name, capture in scene.captures.items():
        original = None
        if capture.suffix is not None and capture.sensor not in undistorted:
            original = _original(recording, capture)
        if original is None:
            found[name] = {"source": _capture_entry(capture)}
        elif is_url(original):
            found[name] = {"path": str(original)}
        else:
            found[name] = {"path": _relative(original, folder)}
    return found


def _original(recording: Recording, capture: Capture) -> Location | None:
    """The file of a capture that the platform takes as it is; None if it is inside of something else."""
    if "@" in capture.reference:
        return None  # a message of a bag: reading it would read its chunk
    content = recording.read(capture)
    return content if not isinstance(content, bytes) and hasattr(content, "open") else None  # type: ignore[return-value]


def _capture_entry(capture: Capture) -> Json:
    values = {"reference": capture.reference, "time_ns": capture.time_ns, "suffix": capture.suffix}
    return {name: value for name, value in values.items() if value is not None}


def _relative(path: Path, folder: Path) -> str:
    """A path relative to the scene file, so that both can be moved together; absolute across drives."""
    try:
        return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    except ValueError:
        return path.absolute().as_posix()


def _materialize(scene: ImportedScene, recording: Recording, folder: Path, progress: Progress | None) -> None:
    lenses = {sensor.name: _lens(sensor) for sensor in scene.undistorted}

    def write(item: tuple[str, Capture]) -> None:
        name, capture = item
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(encoded(recording.read(capture), name, lenses.get(capture.sensor)))

    with ThreadPoolExecutor(_WORKERS) as pool:
        for index, _ in enumerate(pool.map(write, scene.captures.items()), 1):
            if progress is not None:
                progress(f"writing {scene.external_id}", index, len(scene.captures))


def _lens(sensor: Sensor) -> Lens:
    assert sensor.optics is not None
    matrix = tuple(map(float, sensor.optics.matrix.ravel()))
    return Lens(sensor.optics.model, matrix, tuple(map(float, sensor.optics.distortion)))


def _recording_entry(scene: ImportedScene, given: _Given, folder: Path, materialize: bool) -> Json:
    location = given.source if is_url(given.source) else _relative(Path(given.source).expanduser(), folder)
    entry: Json = {"format": given.format, "location": location, "name": given.name}
    if given.options:
        entry["options"] = given.options
    if scene.undistorted and not materialize:
        lenses = [(sensor.name, _lens(sensor)) for sensor in scene.undistorted]
        entry["undistort"] = [
            {
                "sensor_name": name,
                "model": lens.model,
                "camera_matrix": list(lens.camera_matrix),
                "distortion": list(lens.distortion),
            }
            for name, lens in lenses
        ]
    entry["notes"] = list(scene.notes)
    if scene.skipped:
        entry["left_out"] = [str(skip) for skip in scene.skipped]
    return entry


def _write_json(path: Path, content: object) -> None:
    # An hour has a hundred thousand poses; the standard library takes a second for each five thousand.
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")


def _summary(scene: ImportedScene, path: Path) -> WrittenScene:
    frames = scene.document.get("frames") or [scene.document["frame"]]
    labels = scene.pre_annotation
    return WrittenScene(
        path=path,
        external_id=scene.external_id,
        type=scene.document["type"],
        frames=len(frames),
        sensors=Counter(counts_of(scene)),
        imu_samples=len(scene.imu_data),
        labelled=None if labels is None else len(labels["openlabel"]["objects"]),
        notes=scene.notes,
        skipped=scene.skipped,
    )
