"""What goes into a bulk run and what comes out of it."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Collection, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import attrs

from kognic.io.model.scene.abstract import BaseScene
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.resources.resource import Resource
from kognic.io.resources.pre_annotation.content import openlabel_to_json
from kognic.io.tools.model import SceneWithPreAnnotation
from kognic.pipelines.bulk.journal import Stage

if TYPE_CHECKING:
    from kognic.io.model.calibration.calib import SensorCalibration
    from kognic.io.resources.pre_annotation.content import OpenLabelContent
    from kognic.scenes.checks import Report


class OnExisting(str, Enum):
    """What to do with an item when the workspace already has a scene of its external id."""

    SKIP = "skip"
    """Leave it alone; the result names the scene that is there. One that lacks files fails."""
    UPDATE = "update"
    """Take that scene; add files that are missing, the pre-annotation and the input."""
    FAIL = "fail"
    """The item fails, nothing is created."""
    IGNORE = "ignore"
    """Do not look; external ids may repeat."""

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise ValueError(f"on_existing is {value!r}, must be one of {', '.join(cls)}")


@attrs.frozen(kw_only=True)
class Target:
    """Where the inputs of a run go. All None: scenes only.

    Attributes:
        project: External id of a project; every request of the batch gets an input.
        batch: External id of a batch of `project`; None for its latest open one.
        request_uuid: One request, instead of a project.
    """

    project: str | None = None
    batch: str | None = None
    request_uuid: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.project is not None and self.request_uuid is not None:
            raise ValueError(
                f"project {self.project!r} and request_uuid {self.request_uuid!r} are both given: choose one"
            )
        if self.batch is not None and self.project is None:
            raise ValueError(f"batch {self.batch!r} is given without its project")

    @property
    def wants_inputs(self) -> bool:
        """Whether the run makes inputs at all."""
        return self.project is not None or self.request_uuid is not None


@attrs.define(kw_only=True)
class BulkItem:
    """One scene to create, and what belongs to it.

    Attributes:
        scene: A scene of any of the seven types.
        pre_annotation: OpenLABEL content: a model, its JSON as a dict, or the path of a JSON file.
        pre_annotation_external_id: The user's name for the pre-annotation; None for the item's key. A name is
            needed, because it is how a pre-annotation is found again after a lost answer.
        key: The item's name in the run; None for the scene's external id. Must be unique in a run.
        target: Where the inputs of this item go, instead of the run's target.
        feature_flags: What processing does with this scene, instead of the run's.
        calibration: The calibration behind the scene's id, for a run that checks its scenes first; it is not
            sent.
        is_checked: The scene has been checked already.
    """

    scene: BaseScene
    pre_annotation: OpenLabelContent | None = None
    pre_annotation_external_id: str | None = None
    key: str | None = None
    target: Target | None = None
    feature_flags: FeatureFlags | None = None
    calibration: SensorCalibration | None = attrs.field(default=None, repr=False)
    is_checked: bool = False

    @property
    def external_id(self) -> str:
        """The external id of the scene."""
        return str(getattr(self.scene, "external_id", ""))

    @property
    def name(self) -> str:
        """The key that the journal knows the item by."""
        return self.key if self.key is not None else self.external_id

    @property
    def pre_annotation_name(self) -> str:
        """The external id that the pre-annotation gets."""
        return self.pre_annotation_external_id or self.name

    def files(self) -> dict[str, int | None]:
        """Resource id to size in bytes; None where the size is not known before the upload."""
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

    def check(self, *, groups: Collection[str], motion_compensation: bool = True) -> Report:
        """Check the scene offline, as `kognic.scenes.checks.check_scene` does.

        Args:
            groups: Any of `structure`, `files`, `geometry` and `openlabel`.
            motion_compensation: Whether the scene is going to be sent with motion compensation.

        Raises:
            ImportError: A library is missing; the message says how to install it.
            OSError: The pre-annotation cannot be read.
        """
        from kognic.scenes.checks import check_scene

        return check_scene(
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
    # Scene descriptions give the path of each file as its data.
    return Path(data).stat().st_size if isinstance(data, os.PathLike) else None


@attrs.frozen
class BrokenItem:
    """An item that could not even be read: it fails with this reason, and the run goes on."""

    name: str
    reason: str


def as_item(item: object, position: int) -> BulkItem | BrokenItem:
    """What the user gave, as an item: scenes may be given bare, or as `create_inputs` takes them."""
    if isinstance(item, BrokenItem):
        return item
    if isinstance(item, SceneWithPreAnnotation):
        item = BulkItem(scene=item.scene, pre_annotation=item.pre_annotation)
    scene = item.scene if isinstance(item, BulkItem) else item
    if not isinstance(scene, BaseScene):
        name = item.key if isinstance(item, BulkItem) else None
        return BrokenItem(name or f"item {position}", f"is of type {type(scene).__name__}, and no scene")
    return item if isinstance(item, BulkItem) else BulkItem(scene=scene)


class Namesakes:
    """Knows the items of a run by name, so that no two of them stand for the same thing.

    Args:
        on_existing: Of the run; `IGNORE` lets external ids repeat.
    """

    def __init__(self, on_existing: OnExisting) -> None:
        self._may_repeat = on_existing is OnExisting.IGNORE
        self._keys: set[str] = set()
        self._by_external_id: dict[str, str] = {}

    def clash(self, item: BulkItem) -> str | None:
        """Why the item cannot stand beside the earlier ones; None if it can."""
        if item.name in self._keys:
            return f"the key {item.name!r} stands for two items of the run"
        self._keys.add(item.name)
        if self._may_repeat or not item.external_id:
            return None
        namesake = self._by_external_id.setdefault(item.external_id, item.name)
        if namesake == item.name:
            return None
        return (
            f"items {namesake!r} and {item.name!r} of the run have the same external id "
            f"{item.external_id!r}: rename one, or choose to ignore existing scenes"
        )


@attrs.frozen(kw_only=True)
class BulkResult:
    """What became of one item.

    Attributes:
        key: The item's name in the run.
        stage: `DONE`, `SKIPPED` or `FAILED`; `COMMITTED` when the scene was not processed in time, which
            `error` says.
        error_stage: What was being done when it failed: `scene`, `pre-annotation` or `input`.
        error: Why it failed, and what exists on the platform all the same.
    """

    key: str
    external_id: str
    stage: Stage
    scene_uuid: str | None = None
    pre_annotation_uuid: str | None = None
    input_uuid: str | None = None
    error_stage: str | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for exists."""
        return self.stage.is_final


@attrs.define(kw_only=True)
class Summary:
    """A bulk run in numbers.

    Attributes:
        bytes_sent: Bytes of files that storage confirmed in this run.
        seconds: How long it took.
    """

    total: int = 0
    done: int = 0
    skipped: int = 0
    failed: int = 0
    unfinished: int = 0
    files_sent: int = 0
    bytes_sent: int = 0
    seconds: float = 0.0
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False, eq=False)

    def add_file(self, size: int) -> None:
        """Add one file that storage confirmed; files are confirmed by several threads."""
        with self._lock:
            self.files_sent += 1
            self.bytes_sent += size

    def count(self, result: BulkResult) -> None:
        """Add one result."""
        self.total += 1
        if result.stage is Stage.DONE:
            self.done += 1
        elif result.stage is Stage.SKIPPED:
            self.skipped += 1
        elif result.stage is Stage.FAILED:
            self.failed += 1
        else:
            self.unfinished += 1


@attrs.frozen(kw_only=True)
class Plan:
    """What a run would do; nothing has been created to find out.

    Attributes:
        total: Items of the run.
        new: Items of which the workspace has nothing yet.
        existing: Items whose external id a scene of the workspace already has: key to its UUIDs.
        incomplete: Of these, keys of items whose scene never got all its files; `UPDATE` sends them.
        finished: Items that the journal knows as done or skipped.
        begun: Items that the journal knows as begun; they go on where they stopped.
        files: Files to send.
        bytes: Their sizes, as far as they are known beforehand.
        files_of_unknown_size: Files whose content comes from a callback or a stream.
        duplicates: Items that will fail because an earlier one has their key, or their external id.
        broken: Items that cannot be read: name to reason; not in `total`.
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
