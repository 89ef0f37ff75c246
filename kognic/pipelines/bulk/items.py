"""What goes into a bulk run, and what comes out of it."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from uuid import UUID

import attrs

from kognic.io.model.scene.abstract import BaseScene
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.resources.resource import Resource
from kognic.io.resources.pre_annotation.content import openlabel_to_json
from kognic.io.tools.model import SceneWithPreAnnotation
from kognic.pipelines.bulk.journal import Placement, Stage
from kognic.scenes import checks

if TYPE_CHECKING:
    from kognic.io.model.calibration.calib import SensorCalibration
    from kognic.io.resources.pre_annotation.content import OpenLabelContent


class OnExisting(str, Enum):
    """What to do with an item if the workspace already has a scene with its external ID."""

    SKIP = "skip"
    """Reuse the existing scene, and add the inputs that it lacks; the item fails if it lacks files."""
    UPDATE = "update"
    """As `SKIP`, and upload the files that the existing scene lacks."""
    FAIL = "fail"
    """The item fails, nothing is created."""
    CREATE = "create"
    """Create another scene; external IDs may repeat."""

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise ValueError(f"on_existing is {value!r}, must be one of {', '.join(cls)}")


def _id_text(value: str | UUID | None) -> str | None:
    return str(value) if isinstance(value, UUID) else value


@attrs.frozen(kw_only=True)
class Target:
    """Where an input goes. With neither project nor request: scenes only.

    Attributes:
        project: External ID of a project; every request of the batch gets an input.
        batch: External ID of a batch of `project`; None for its latest open one.
        request_uuid: UUID of one request, instead of a project.
        pre_annotation: OpenLABEL content for this target's inputs, instead of the item's.
        pre_annotation_external_id: Its external ID; None derives one from the item's key and the target.
    """

    project: str | None = None
    batch: str | None = None
    request_uuid: str | None = attrs.field(default=None, converter=_id_text)
    # Content does not identify a target: two targets are equal if their inputs go to the same place.
    pre_annotation: OpenLabelContent | None = attrs.field(default=None, eq=False, repr=False)
    pre_annotation_external_id: str | None = attrs.field(default=None, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.project is not None and self.request_uuid is not None:
            raise ValueError(
                f"project {self.project!r} and request_uuid {self.request_uuid!r} are both given: choose one"
            )
        if self.batch is not None and self.project is None:
            raise ValueError(f"batch {self.batch!r} is given without its project")

    @property
    def label(self) -> str:
        """What the target is called in journals and reports; empty for none."""
        if self.request_uuid is not None:
            return f"request {self.request_uuid}"
        if self.project is None:
            return ""
        return f"project {self.project}" + (f", batch {self.batch}" if self.batch is not None else "")

    @property
    def wants_inputs(self) -> bool:
        """Whether inputs are created."""
        return self.project is not None or self.request_uuid is not None


Targets = Target | Sequence[Target]
"""One target or more than one: a scene can be an input of any number of projects and requests."""


def as_targets(given: Targets | None) -> tuple[Target, ...]:
    """Return one target or more as a tuple; empty for None and for `Target()`.

    Raises:
        ValueError: Two targets are the same place.
        TypeError: One is not a `Target`.
    """
    targets = (given,) if isinstance(given, Target) else tuple(given or ())
    for target in targets:
        if not isinstance(target, Target):
            raise TypeError(f"target is {target!r}, must be a Target or a list of Targets")
    wanted = tuple(target for target in targets if target.wants_inputs)
    twice = {target.label for target in wanted if wanted.count(target) > 1}
    if twice:
        raise ValueError(f"duplicate target {', '.join(sorted(twice))}: give each target once")
    return wanted or tuple(target for target in targets if target.pre_annotation is not None)


@attrs.define(kw_only=True)
class BulkItem:
    """One scene to create, with its pre-annotation and targets.

    Attributes:
        scene: A scene of any of the seven types.
        pre_annotation: OpenLABEL content: a model, its JSON as a dict, or the path of a JSON file.
        pre_annotation_external_id: External ID of the pre-annotation; None for the item's key. It is
            needed to find the pre-annotation again after a lost response.
        key: The item's name in the run; None for the scene's external ID. Must be unique in a run.
        target: Where the inputs of this item go, instead of the run's target: one target or a list.
        feature_flags: What processing does with this scene, instead of the run's.
        calibration: The calibration behind the scene's calibration id, for checks before the upload; it is
            not sent.
        is_checked: The scene has been checked already.
    """

    scene: BaseScene
    pre_annotation: OpenLabelContent | None = None
    pre_annotation_external_id: str | None = None
    key: str | None = None
    target: Targets | None = None
    feature_flags: FeatureFlags | None = None
    calibration: SensorCalibration | None = attrs.field(default=None, repr=False)
    is_checked: bool = False

    @property
    def external_id(self) -> str:
        """The external ID of the scene."""
        return str(getattr(self.scene, "external_id", ""))

    @property
    def name(self) -> str:
        """The key of the item in the journal."""
        return self.key if self.key is not None else self.external_id

    @property
    def pre_annotation_name(self) -> str:
        """The external ID of the pre-annotation."""
        return self.pre_annotation_external_id or self.name

    def files(self) -> dict[str, int | None]:
        """Resource id to size in bytes; None if the size is not known before the upload."""
        return {name: _size(resource) for name, resource in self.scene.resources.items()}

    def digest(self) -> str:
        """Fingerprint of what is to be created: scene, IMU data, sizes of files, pre-annotation."""
        parts = {
            "type": type(self.scene).__name__,
            "scene": self.scene.to_dict(),
            "imu": [sample.to_dict() for sample in getattr(self.scene, "imu_data", ())],
            "files": self.files(),
            "pre-annotation": self._pre_annotation_digest(),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()

    def check(self, *, groups: Collection[str], motion_compensation: bool = True) -> checks.Report:
        """Check the scene offline, as `kognic.scenes.checks.check_scene` does.

        Args:
            groups: Any of `structure`, `files`, `geometry` and `openlabel`.
            motion_compensation: Whether the scene will be processed with motion compensation.

        Raises:
            ImportError: A library is missing; the message names the extra to install.
            OSError: The pre-annotation cannot be read.
        """
        return checks.check_scene(
            self.scene,
            calibration=self.calibration,
            pre_annotation=None if self.pre_annotation is None else openlabel_to_json(self.pre_annotation),
            motion_compensation=motion_compensation,
            groups=groups,
            name=self.name,
        )

    def _pre_annotation_digest(self) -> str | None:
        content = self.pre_annotation
        if content is None:
            return None
        document = openlabel_to_json(content)
        return hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()


def _size(resource: Resource) -> int | None:
    if resource.file_data is None:
        return Path(resource.filename).stat().st_size
    data: object = resource.file_data.data
    if isinstance(data, (bytes, bytearray, memoryview)):
        return len(data)
    # Scene files give the path of each file as its data.
    return Path(data).stat().st_size if isinstance(data, os.PathLike) else None


@attrs.frozen
class BrokenItem:
    """An item that cannot be read: it fails with this reason, and the run continues.

    Attributes:
        name: Its key in the run: the external ID of its scene if that is known, else for example its path.
        external_id: The external ID of its scene; empty if it is not known.
    """

    name: str
    reason: str
    external_id: str = ""


def as_item(item: object, position: int) -> BulkItem | BrokenItem:
    """Turn what the user gave into an item: an item, a scene, or a scene as `create_inputs` takes it."""
    if isinstance(item, BrokenItem):
        return item
    if isinstance(item, SceneWithPreAnnotation):
        item = BulkItem(scene=item.scene, pre_annotation=item.pre_annotation)
    scene = item.scene if isinstance(item, BulkItem) else item
    if not isinstance(scene, BaseScene):
        name = item.key if isinstance(item, BulkItem) else None
        return BrokenItem(
            name or f"item {position}", f"is of type {type(scene).__name__}, must be a scene or a BulkItem"
        )
    return item if isinstance(item, BulkItem) else BulkItem(scene=scene)


class Namesakes:
    """Finds items of a run that have the same key, or the same external ID.

    Args:
        on_existing: The run's choice; `CREATE` lets external IDs repeat.
    """

    def __init__(self, on_existing: OnExisting) -> None:
        self._may_repeat = on_existing is OnExisting.CREATE
        self._keys: set[str] = set()
        self._by_external_id: dict[str, str] = {}

    def clash(self, item: BulkItem) -> str | None:
        """Return why the item conflicts with an earlier one; None if it does not."""
        if item.name in self._keys:
            return f"duplicate key {item.name!r}: give each item of the run its own key"
        self._keys.add(item.name)
        if self._may_repeat or not item.external_id:
            return None
        namesake = self._by_external_id.setdefault(item.external_id, item.name)
        if namesake == item.name:
            return None
        return (
            f"items {namesake!r} and {item.name!r} of the run have the same external id "
            f"{item.external_id!r}: rename one, or use on_existing='create' (--if-exists create)"
        )


@attrs.frozen(kw_only=True)
class BulkResult:
    """The outcome of one item.

    Attributes:
        key: The item's name in the run.
        stage: `DONE`, `SKIPPED` or `FAILED`; `COMMITTED` if the scene was not processed in time, which
            `error` says.
        pre_annotation_uuid: That of the first target.
        input_uuid: That of the first target.
        error_stage: The step that failed: `scene`, `pre-annotation` or `input`.
        error: Why it failed, and what exists on the platform nevertheless.
        placements: The outcome for each target, in the order of the targets.
        existed: Whether the workspace had the scene before the run. `SKIPPED` if nothing was added to it.
    """

    key: str
    external_id: str
    stage: Stage
    scene_uuid: str | None = None
    pre_annotation_uuid: str | None = None
    input_uuid: str | None = None
    error_stage: str | None = None
    error: str | None = None
    placements: tuple[Placement, ...] = ()
    existed: bool = False

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for exists."""
        return self.stage.is_final


@attrs.define(kw_only=True)
class Summary:
    """The numbers of a bulk run.

    Attributes:
        skipped: Scenes that existed with everything that was asked for.
        extended: Scenes that existed and got inputs or pre-annotations; they count as done.
        bytes_sent: Bytes of the files that storage confirmed in this run.
        seconds: Duration of the run.
    """

    total: int = 0
    done: int = 0
    skipped: int = 0
    extended: int = 0
    failed: int = 0
    unfinished: int = 0
    files_sent: int = 0
    bytes_sent: int = 0
    seconds: float = 0.0
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False, eq=False)

    def add_file(self, size: int) -> None:
        """Add one file that storage confirmed; called from more than one thread."""
        with self._lock:
            self.files_sent += 1
            self.bytes_sent += size

    def count(self, result: BulkResult) -> None:
        """Add one result."""
        self.total += 1
        if result.stage is Stage.DONE:
            self.done += 1
            self.extended += result.existed
        elif result.stage is Stage.SKIPPED:
            self.skipped += 1
        elif result.stage is Stage.FAILED:
            self.failed += 1
        else:
            self.unfinished += 1


@attrs.frozen(kw_only=True)
class Plan:
    """What a run would do; finding out creates nothing.

    Attributes:
        total: Items of the run, those that cannot be read included.
        new: Items that do not exist in the workspace.
        existing: Items whose external ID a scene of the workspace already has: key to scene UUIDs.
        incomplete: Keys of those existing items whose scene lacks files; `UPDATE` uploads them.
        finished: Items that are done or skipped according to the journal.
        begun: Items that were begun according to the journal; the run resumes them.
        files: Files to upload.
        bytes: Their total size, as far as it is known before the upload.
        files_of_unknown_size: Files whose content comes from a callback or a stream.
        duplicates: Items that will fail because an earlier one has the same key or external ID.
        broken: Items that will fail because they cannot be read: name to reason.
        invalid: How many items cannot be read; more than in `broken` if some have the same name.
    """

    total: int
    new: int
    existing: Mapping[str, tuple[str, ...]]
    finished: int
    begun: int
    files: int
    bytes: int
    files_of_unknown_size: int
    duplicates: tuple[str, ...]
    broken: Mapping[str, str]
    incomplete: tuple[str, ...] = ()
    invalid: int = 0
