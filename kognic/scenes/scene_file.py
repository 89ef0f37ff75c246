"""Scene files: reads one in JSON or YAML and makes the scene of it.

Paths in a scene file are relative to its folder, and it is these relative names that the platform sees: the
same folder gives the same scene on every machine. What a scene file may say is `scene_description`, sending
it is `scene_upload`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import attrs

from kognic._core.documents import read_document, written_scalar
from kognic._core.scene_errors import DescriptionError, DocumentError, Problem, SceneFileError
from kognic.io import model as models
from kognic.io.model.scene.abstract import BaseScene
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.file_data import FileData
from kognic.io.scene_kinds import BY_NAME
from kognic.scenes import checks
from kognic.scenes.calibration_document import parse_calibration
from kognic.scenes.importers.files import ImportedFile, RecordingSource, recording_of
from kognic.scenes.importers.locations import is_url
from kognic.scenes.scene_description import (
    FrameEntry,
    ImageEntry,
    PointCloudEntry,
    SceneDescription,
    parse_description,
)
from kognic.scenes.scene_view import MAX_FRAMES, SceneView, view_of

T = TypeVar("T")

IMAGE_FORMATS = {".png": "PNG", ".jpg": "JPG", ".jpeg": "JPG", ".webp": "WEBP", ".avif": "AVIF"}
POINT_CLOUD_FORMATS = {".csv": "CSV", ".las": "LAS", ".laz": "LAZ", ".pcd": "PCD"}
# A choice: a wrong program repeats one mistake in every frame, so the first ones name it; the count of the
# rest is said.
_SHOWN_PROBLEMS = 20


@attrs.frozen
class SceneFile:
    """A scene file that has been read, with everything it refers to found.

    Attributes:
        path: The scene file.
        description: Its content.
        calibration: The calibration that it holds or names a file of; None if it gives an id or needs none.
        imu_data: IMU samples; empty without.
        pre_annotation: OpenLABEL document; None without.
        files: Images and point clouds by the name that the platform sees, in the order of the frames: paths,
            or files that are converted from a recording when needed.
    """

    path: Path
    description: SceneDescription = attrs.field(repr=False)
    calibration: models.SensorCalibration | None = attrs.field(repr=False)
    imu_data: list[models.IMUData] = attrs.field(repr=False)
    pre_annotation: dict[str, Any] | None = attrs.field(repr=False)
    files: dict[str, Path | ImportedFile] = attrs.field(repr=False)

    @property
    def external_id(self) -> str:
        """The user's name for the scene."""
        return self.description.external_id

    @property
    def pre_annotation_path(self) -> Path | None:
        """The file of the pre-annotation; None without."""
        named = self.description.pre_annotation
        return None if named is None else self.path.parent / named

    @property
    def size(self) -> int:
        """Bytes of all files together, as they are now; those that are made of a recording do not count."""
        return sum(file.stat().st_size for file in self.files.values() if isinstance(file, Path))

    @property
    def converted(self) -> int:
        """How many files are made of a recording, or fetched from object storage, when they are needed."""
        return sum(not isinstance(file, Path) for file in self.files.values())

    @property
    def feature_flags(self) -> FeatureFlags:
        """Motion compensation as the scene file has it."""
        return FeatureFlags.defaults() if self.description.motion_compensation else FeatureFlags()

    def scene(self, calibration_id: str | None = None) -> BaseScene:
        """Make the scene for `create` of the client's attribute of the same type.

        Args:
            calibration_id: UUID of `calibration` on the platform. Omit it if the scene file gives the id
                itself, or has no calibration.

        Raises:
            ValueError: The scene has a calibration, but its id is unknown.
        """
        described, values = self.description, self._common_values()
        if described.calibration is not None or described.calibration_id is not None:
            values["calibration_id"] = calibration_id or described.calibration_id
            if values["calibration_id"] is None:
                raise ValueError(f"{self.path}: the scene needs calibration_id, the UUID of its calibration")
        kind = BY_NAME[described.type]
        frames = [self._frame(kind.frame, frame) for _, frame in described.all_frames]
        values |= {"frames": frames} if kind.is_sequence else {"frame": frames[0]}
        scene: BaseScene = kind.model(**values)
        return scene

    def view(self) -> SceneView:
        """Look at the scene offline: its calibration need not be on the platform."""
        return view_of(self._offline_scene(), motion_compensation=self.description.motion_compensation)

    def _offline_scene(self) -> BaseScene:
        return self.scene(self.description.calibration_id or "unknown")

    def check(
        self,
        *,
        groups: Collection[str] = ("structure", "files", "openlabel"),
        full: bool = False,
        calibration: models.SensorCalibration | None = None,
        pre_annotation: Any = None,
        max_frames: int = MAX_FRAMES,
        max_error_deg: float | None = None,
        max_error_px: float | None = None,
        workers: int | None = None,
        progress: Callable[[int, int], None] | None = None,
        camera_progress: Callable[[str, int, int], None] | None = None,
        cameras: bool = True,
    ) -> checks.Report:
        """Check the scene offline, as `kognic.scenes.checks.check_scene` does.

        Args:
            groups: Any of `structure`, `files`, `geometry` and `openlabel`.
            full: Decode every image and read every point, not only headers.
            calibration: Used instead of the one in the scene file; needed where that has an id only.
            pre_annotation: OpenLABEL document used instead of the one in the scene file.
            max_frames: How many frames, spread over the scene, the cameras are evaluated with.
            max_error_deg: Rotation error of a camera, degrees, that is an error; None is 2 degrees.
            max_error_px: The same as a displacement in the image, pixels; None leaves it to the angle.
            workers: Threads that read files; None takes the number of processors.
            progress: Called with the number of files read and of all files.
            camera_progress: Called before each camera with its name, its number from 1 on, and of how many.
            cameras: Compare cameras with the points, where `geometry` is checked.

        Raises:
            ImportError: A library is missing; the message says how to install it.
        """
        report = checks.check_scene(
            self._offline_scene(),
            calibration=calibration or self.calibration,
            pre_annotation=pre_annotation or self.pre_annotation,
            motion_compensation=self.description.motion_compensation,
            groups=groups,
            full=full,
            max_frames=max_frames,
            max_error_deg=max_error_deg,
            max_error_px=max_error_px,
            workers=workers,
            progress=progress,
            camera_progress=camera_progress,
            cameras=cameras,
        )
        return attrs.evolve(report, source=str(self.path))

    def _common_values(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            "external_id": self.external_id,
            "metadata": self.description.metadata or {},
        }
        if self.imu_data:
            values["imu_data"] = self.imu_data
        if self.description.sensor_specification is not None:
            values["sensor_specification"] = models.SensorSpecification(
                **attrs.asdict(self.description.sensor_specification)
            )
        return values

    def _frame(self, model: Callable[..., Any], frame: FrameEntry) -> Any:
        values = attrs.asdict(frame, recurse=False, filter=lambda _, value: value is not None)
        if frame.images is not None:
            values["images"] = [self._resource(models.Image, entry) for entry in frame.images]
        if frame.point_clouds is not None:
            values["point_clouds"] = [
                self._resource(models.PointCloud, entry) for entry in frame.point_clouds
            ]
        if frame.ego_vehicle_pose is not None:
            values["ego_vehicle_pose"] = attrs.asdict(frame.ego_vehicle_pose)
        return model(**values)

    def _resource(self, model: Callable[..., Any], entry: ImageEntry | PointCloudEntry) -> Any:
        values = attrs.asdict(entry, filter=_of_the_model)
        return model(**values, file_data=_file_data(entry.filename, self.files[entry.filename]))


def _of_the_model(attribute: attrs.Attribute[Any], value: Any) -> bool:
    """Whether a field of an entry is one of the model's: `file_data` has the content."""
    return value is not None and attribute.name not in ("path", "source")


def load_scene_file(path: str | os.PathLike[str], *, look_at_files: bool = True) -> SceneFile:
    """Read a scene file, and the calibration, IMU data and pre-annotation that it refers to.

    Images and point clouds are not opened; their names have to end like those of a known format.

    Args:
        path: The scene file.
        look_at_files: Whether each image and point cloud has to be there and not empty.

    Raises:
        SceneFileError: It cannot be read, does not describe a scene, or refers to files that are missing.
    """
    path = Path(path).expanduser()
    described, problems = _described(path)
    if described is None:
        # Raised here and not while another error is handled: that one would travel along as its context, and
        # cannot be pickled back.
        raise SceneFileError(path, problems)
    found = SceneFile(
        path=path,
        description=described,
        calibration=_part(problems, "calibration", lambda: _calibration(path.parent, described.calibration)),
        imu_data=_part(problems, "imu_data", lambda: _imu_data(path.parent, described.imu_data)) or [],
        pre_annotation=_part(
            problems, "pre_annotation", lambda: _document(path.parent, described.pre_annotation)
        ),
        files=dict(_files(path.parent.absolute(), described, problems, look=look_at_files)),
    )
    if problems:
        raise SceneFileError(path, problems, described.external_id)
    return found


def _described(path: Path) -> tuple[SceneDescription | None, list[Problem]]:
    try:
        return parse_description(read_document(path), partial(written_scalar, path)), []
    except DescriptionError as exc:
        return None, exc.problems
    except DocumentError as exc:
        return None, [Problem("", exc.problem)]


def by_calibration(
    scenes: Iterable[tuple[models.SensorCalibration, T]],
) -> list[tuple[models.SensorCalibration, list[T]]]:
    """Group scenes that share a calibration: their files give equal sensors.

    Returns:
        The calibration of the first scene of each group, and the group, both in the order of the scenes.
    """
    rigs: list[tuple[models.SensorCalibration, list[T]]] = []
    for calibration, scene in scenes:
        same = next((group for known, group in rigs if known.calibration == calibration.calibration), None)
        if same is None:
            rigs.append((calibration, [scene]))
        else:
            same.append(scene)
    return rigs


def load_calibration(
    path: str | os.PathLike[str], *, external_id: str | None = None
) -> models.SensorCalibration:
    """Read a calibration from a JSON or YAML file.

    Args:
        path: The file: `external_id` and `sensors`.
        external_id: Instead of the one in the file.

    Raises:
        DocumentError: It cannot be read, or something in it is missing, unknown or of the wrong kind.
    """
    path = Path(path).expanduser()
    content = read_document(path)
    if external_id is not None and isinstance(content, Mapping):
        content = {**content, "external_id": external_id}
    try:
        return parse_calibration(content)
    except (TypeError, ValueError) as exc:
        raise DocumentError(path, str(exc)) from exc


def _part(problems: list[Problem], place: str, load: Callable[[], T]) -> T | None:
    """A part of the scene; what is wrong with it is added to the problems."""
    try:
        return load()
    except DocumentError as exc:
        problems.append(Problem(place, str(exc)))
    except DescriptionError as exc:
        problems += exc.problems
    except (TypeError, ValueError) as exc:  # what models raise on values that they do not take
        problems.append(Problem(place, str(exc)))
    return None


def _inside(place: str, inner: str) -> str:
    return f"{place}.{inner}" if inner else place


def calibration_of(folder: Path, given: str | Mapping[str, Any]) -> models.SensorCalibration:
    """Read the calibration that a scene file holds, or names a file of.

    Args:
        folder: The folder that the name of a file is relative to.
        given: The name of a file, or the calibration.

    Raises:
        DocumentError: The file is not JSON or YAML.
        DescriptionError: Something in it is missing, unknown or of the wrong kind. Problems of a file name
            it, others are placed in the scene file.
    """
    content = read_document(folder / given) if isinstance(given, str) else given
    try:
        return parse_calibration(content)
    except DescriptionError as exc:
        problems = exc.problems
    except ValueError as exc:
        problems = [Problem("", str(exc))]
    if isinstance(given, str):
        raise DescriptionError([one._replace(file=given) for one in problems])
    raise DescriptionError([one._replace(place=_inside("calibration", one.place)) for one in problems])


def _calibration(folder: Path, given: str | dict[str, Any] | None) -> models.SensorCalibration | None:
    return None if given is None else calibration_of(folder, given)


def _imu_data(folder: Path, given: str | list[Any] | None) -> list[models.IMUData]:
    samples = read_document(folder / given) if isinstance(given, str) else given
    if samples is None:
        return []
    if not isinstance(samples, list):
        raise ValueError("is not a list of objects with position, rotation_quaternion and timestamp")
    return [_sample(models.IMUData, index, sample) for index, sample in enumerate(samples)]


def _sample(model: type[models.IMUData], index: int, sample: object) -> models.IMUData:
    if not isinstance(sample, Mapping):
        raise ValueError(f"[{index}] is not an object with position, rotation_quaternion and timestamp")
    try:
        return model.from_json(sample)
    except (TypeError, ValueError) as exc:
        raise ValueError(f"[{index}]: {exc}") from exc


def _document(folder: Path, given: str | None) -> dict[str, Any] | None:
    document = None if given is None else read_document(folder / given)
    if document is not None and not (isinstance(document, Mapping) and "openlabel" in document):
        raise ValueError(f"{given} is not an OpenLABEL document: it has no 'openlabel'")
    return document  # type: ignore[return-value]


def _files(
    folder: Path, described: SceneDescription, problems: list[Problem], *, look: bool
) -> Iterator[tuple[str, Path | ImportedFile]]:
    recording = None if described.recording is None else recording_of(described.recording, folder)
    for frame_place, frame in described.all_frames:
        for name, formats in (("images", IMAGE_FORMATS), ("point_clouds", POINT_CLOUD_FORMATS)):
            for index, entry in enumerate(getattr(frame, name) or []):
                file = _file(folder, entry, recording)
                problem = _name_problem(folder / entry.filename, formats)
                if problem is None and look and isinstance(file, Path):
                    problem = _file_problem(file)
                if problem:
                    field = "filename" if entry.path is None else "path"
                    problems.append(Problem(f"{frame_place}.{name}[{index}].{field}", problem))
                yield entry.filename, file


def _file(
    folder: Path, entry: ImageEntry | PointCloudEntry, recording: RecordingSource | None
) -> Path | ImportedFile:
    if entry.source is not None and recording is not None:
        return recording.file(entry)
    if entry.path is not None and is_url(entry.path):
        return ImportedFile(name=entry.filename, url=entry.path)
    return folder / Path(entry.path or entry.filename).expanduser()


def _name_problem(path: Path, formats: Mapping[str, str]) -> str | None:
    return None if path.suffix.lower() in formats else f"{path} does not end in {', '.join(formats)}"


def _file_problem(path: Path) -> str | None:
    try:
        size = path.stat().st_size if path.is_file() else None
    except (OSError, ValueError) as exc:
        return f"{path} cannot be inspected: {exc}"
    if size is None:
        return f"{path} is not a file" if path.exists() else f"there is no file {path}"
    return None if size else f"{path} is empty"


def _file_data(filename: str, file: Path | ImportedFile) -> FileData:
    name = {**IMAGE_FORMATS, **POINT_CLOUD_FORMATS}[Path(filename).suffix.lower()]
    if isinstance(file, ImportedFile):
        return FileData(format=FileData.Format[name], callback=file)
    # The transfer opens a path when its turn has come, wherever the program then works.
    data: Any = file
    return FileData(format=FileData.Format[name], data=data)
