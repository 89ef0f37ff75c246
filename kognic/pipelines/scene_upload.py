"""Upload the scene of a scene file, with calibration, pre-annotation and inputs, and report what exists.

    upload = SceneFileUpload(client, load_scene_file("scene.json"), project="my-project")
    upload.run()

Whatever `run` raises, `account` then reports what exists on the platform and what does not.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import attrs

from kognic._core.run_errors import (
    CalibrationDiffersError,
    SceneExistsError,
    TargetsFailedError,
)
from kognic._core.wording import counted
from kognic.base_clients.errors import NotFoundError
from kognic.io.model.scene.scene_entry import SceneStatus
from kognic.io.resources.polling import PROCESSING_TIMEOUT
from kognic.io.resources.pre_annotation.status import is_failed
from kognic.io.scene_kinds import kind_of
from kognic.pipelines.bulk.files import beside
from kognic.pipelines.bulk.items import Target, as_targets
from kognic.pipelines.bulk.journal import Placement
from kognic.pipelines.bulk.placing import Content, place_scene
from kognic.pipelines.bulk.steps import existing_scenes, newest_complete
from kognic.pipelines.prerequisites import (
    EnsuredCalibration,
    check_target,
    ensure_calibration,
    find_calibration,
)

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.io.model.input.input import Input
    from kognic.io.model.scene.scene_entry import Scene
    from kognic.scenes.scene_file import SceneFile

__all__ = [
    "EnsuredCalibration",
    "Fact",
    "SceneFileUpload",
    "check_target",
    "ensure_calibration",
    "find_calibration",
]

_logger = logging.getLogger(__name__)

# Inputs of a batch are created when its scene is ready; they are listed a moment later.
_INPUTS_LISTED_WITHIN = 10.0


class Fact(NamedTuple):
    """Whether a part of an upload exists on the platform; None if that is unknown."""

    part: str
    exists: bool | None
    text: str


@attrs.define(kw_only=True)
class SceneFileUpload:
    """The upload of one scene.

    Attributes:
        client: Its workspace is used.
        scene_file: The scene.
        project: External ID of a project to create inputs in; None takes that of the scene file.
        batch: External ID of a batch of that project; None takes that of the scene file, else the latest open
            one.
        targets: More than one place for inputs, each with a pre-annotation of its own if it has one, instead
            of `project` and `batch`. Relative paths start at the scene file.
        timeout: Seconds to wait for the scene to be ready; None does not wait.
        poll_interval: Seconds between two status requests.
        if_exists: What to do if the workspace already has a valid scene with that external ID.
        tell: Called with a sentence about each step.
        warn: Called with a sentence about what is probably not intended.
        placements: After `run`: the outcome for each of `targets`.
        stored: After `run`: bytes of each file that it uploaded, by resource ID.
    """

    client: KognicIOClient
    scene_file: SceneFile
    project: str | None = None
    batch: str | None = None
    targets: Sequence[Target] = ()
    timeout: float | None = PROCESSING_TIMEOUT
    poll_interval: float = 1.0
    if_exists: Literal["create", "skip", "fail"] = "create"
    tell: Callable[[str], object] = attrs.field(default=lambda _: None, repr=False)
    warn: Callable[[str], object] = attrs.field(default=_logger.warning, repr=False)

    calibration: EnsuredCalibration | None = attrs.field(default=None, init=False)
    scene_uuid: str | None = attrs.field(default=None, init=False)
    scene: Scene | None = attrs.field(default=None, init=False)
    existed: bool = attrs.field(default=False, init=False)
    pre_annotation_id: str | None = attrs.field(default=None, init=False)
    inputs: list[Input] = attrs.field(factory=list, init=False)
    placements: list[Placement] = attrs.field(factory=list, init=False)
    stored: dict[str, int] = attrs.field(factory=dict, init=False, repr=False)
    _has_begun: bool = attrs.field(default=False, init=False)
    _other_calibration: str | None = attrs.field(default=None, init=False)
    _is_stored: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        described = self.scene_file.description
        self.targets = [beside(target, self.scene_file.path.parent) for target in as_targets(self.targets)]
        if self.targets and self.project is not None:
            raise ValueError(f"project '{self.project}' and targets are both given: add it to the targets")
        if self.targets and self.timeout is None:
            raise ValueError("targets need a scene that is ready: do not set timeout to None")
        if self.project is None and not self.targets:
            self.project = described.project
            self.batch = self.batch or described.batch
        if self.batch is not None and self.project is None:
            raise ValueError(
                f"batch is '{self.batch}' without a project: name the project that the batch belongs to"
            )

    def check(self) -> bool:
        """Validate the scene on the server, without creating or uploading anything.

        Raises:
            NotFoundError: The project does not exist.
            ValueError: The project has no such batch, or it is not open.
            KognicError: Whatever else the client raises.

        Returns:
            Whether it could: a scene whose calibration does not exist yet cannot be validated.
        """
        self._check_targets()
        calibration_id = self.scene_file.description.calibration_id
        if self.scene_file.calibration is not None:
            self.calibration = find_calibration(self.client, self.scene_file.calibration)
            if self.calibration is None:
                return False
            calibration_id = self.calibration.id
        self._create(self.scene_file.scene(calibration_id), self.project, self.batch, dryrun=True)
        return True

    def run(self) -> None:
        """Create everything that the scene file and the targets ask for.

        Raises:
            NotFoundError: The project does not exist; nothing was created.
            ValueError: The project has no such batch, or it is not open; nothing was created.
            CalibrationDiffersError: The calibration's external ID is taken by a different one.
            SceneExistsError: There is a scene of that external ID, and that is an error by choice.
            ItemError: There is one to reuse, but its files are incomplete.
            TargetsFailedError: Inputs could not be created in some of the targets; the others have theirs.
            KognicError: Whatever the client raises.
        """
        self._check_targets()
        existing = self._existing()
        if existing is not None and self.if_exists != "create":
            self._reuse(existing)
            return
        self._has_begun = True
        if self.scene_file.calibration is not None:
            try:
                self.calibration = ensure_calibration(self.client, self.scene_file.calibration)
            except CalibrationDiffersError as exc:
                self._other_calibration = exc.id
                raise
            how = "exists, reused" if self.calibration.existed else "created"
            self.tell(f"calibration {self.calibration.external_id}: {how} ({self.calibration.id})")
        scene = self.scene_file.scene(self.calibration.id if self.calibration else None)
        self._send(scene)
        # A scene that fails takes no pre-annotation: its own explanation is the better one.
        self._wait()
        if self.targets:
            self._place(look=False)
            return
        if self.scene_file.pre_annotation is not None:
            self._pre_annotate()
        self._find_inputs()

    @property
    def lacks_files(self) -> bool:
        """Whether `run` was interrupted after it began and before all files were stored."""
        return self._has_begun and not self._is_stored

    def account(self) -> list[Fact]:
        """Report for every part whether it exists on the platform, asking the platform where that helps."""
        return list(self._facts())

    def _existing(self) -> Scene | None:
        """The newest valid scene of the workspace with that external ID; reports it if another is created."""
        usable = existing_scenes(self.client, self.scene_file.external_id)
        if not usable:
            return None
        newest = newest_complete(usable) if self.if_exists == "skip" else usable[-1]
        if self.if_exists == "fail":
            raise SceneExistsError(newest)
        known = f"{newest.uuid}, {newest.status.value}"
        if self.if_exists == "create":
            self.warn(
                f"scene {newest.external_id} exists already ({known}); creating another one with the same "
                "external ID. To reuse it instead: if_exists='skip' (--if-exists skip)"
            )
        else:
            self.tell(f"scene {newest.external_id}: exists, reused ({known})")
        return newest

    def _reuse(self, scene: Scene) -> None:
        """Create the inputs that were asked for, unless the scene has some in the project already."""
        self.existed, self.scene, self.scene_uuid = True, scene, scene.uuid
        # An earlier run was stopped while it waited.
        is_new = scene.status == SceneStatus.Processing
        if is_new:
            self._wait()
        if self.targets:
            self._place(look=True)
            return
        if self.project is None:
            return
        assert self.scene_uuid is not None
        self.inputs = self.client.input.query_inputs(
            project=self.project, batch=self.batch, scene_uuids=[self.scene_uuid]
        )
        if self.inputs:
            return
        if self.scene_file.pre_annotation is not None:
            self._pre_annotate(self.client.pre_annotation.list(scene_uuids=[self.scene_uuid]))
            return
        if is_new:
            self._find_inputs()
        if not self.inputs:
            self._create_inputs()

    def _send(self, scene: Any) -> None:
        project, batch = self.project, self.batch
        if self.scene_file.pre_annotation is not None:
            # Inputs that the platform creates itself would not start from a pre-annotation that comes later.
            project = batch = None
        self._create(scene, project, batch)
        self._is_stored = True
        files = counted(len(self.scene_file.files), "file")
        self.tell(f"scene {self.scene_file.external_id}: {files} stored ({self.scene_uuid})")

    def _create(self, scene: Any, project: str | None, batch: str | None, *, dryrun: bool = False) -> None:
        self.client.scene_creation.create(
            kind_of(scene),
            scene,
            project=project,
            batch=batch,
            dryrun=dryrun,
            feature_flags=self.scene_file.feature_flags,
            # Known at once: who is interrupted needs it to find out what exists.
            on_reserved=None if dryrun else self._reserved,
            on_stored=lambda resource_id, result: self.stored.update({resource_id: result.size}),
        )

    def _reserved(self, scene_uuid: str) -> None:
        self.scene_uuid = scene_uuid

    def _pre_annotate(self, known: Sequence[Mapping[str, Any]] = ()) -> None:
        """Create the pre-annotation, unless the scene has one, and then the inputs."""
        assert self.scene_uuid is not None
        assert self.scene_file.pre_annotation is not None
        # A failed one is of no use: an input that is created with it disappears.
        known = [item for item in known if not is_failed(item)]
        if known:
            self.pre_annotation_id = str(known[0]["id"])
        else:
            created = self.client.pre_annotation.create(
                self.scene_uuid, self.scene_file.pre_annotation, False
            )
            self.pre_annotation_id = created.id
        how = "exists, reused" if known else "created"
        self.tell(f"pre-annotation: {how} ({self.pre_annotation_id})")
        if self.project is not None:
            if self.timeout is not None:
                # An input disappears without a word if its pre-annotation fails later.
                self.client.pre_annotation.wait_until_available(
                    self.pre_annotation_id, timeout=self.timeout, poll_interval=self.poll_interval
                )
            self._create_inputs()

    def _create_inputs(self) -> None:
        assert self.scene_uuid is not None
        assert self.project is not None
        # The kind of scene makes no difference to the platform here.
        self.inputs = self.client.cameras.create_from_scene(self.scene_uuid, self.project, batch=self.batch)

    def _check_targets(self) -> None:
        """Check that every project and batch exists before anything is sent."""
        if self.project is not None:
            check_target(self.client, self.project, self.batch)
        for target in self.targets:
            if target.project is not None:
                check_target(self.client, target.project, target.batch)

    def _place(self, *, look: bool) -> None:
        """Create pre-annotations and inputs in all targets."""
        assert self.scene_uuid is not None
        assert self.timeout is not None
        content = Content(self.scene_file.external_id, self.scene_file.pre_annotation)
        self.placements = place_scene(
            self.client, content, self.targets, self.scene_uuid,
            look=look, timeout=self.timeout, poll_interval=self.poll_interval,
        )  # fmt: skip
        for placement in self.placements:
            self.tell(f"{placement.target}: {placement.error or f'input {placement.input_uuid}'}")
        failed = [placement for placement in self.placements if not placement.ok]
        if failed:
            raise TargetsFailedError(
                f"{len(failed)} of {len(self.placements)} targets failed: "
                + "; ".join(f"{placement.target}: {placement.error}" for placement in failed)
                + ". Run it again with if_exists='skip' (--if-exists skip) to add what is missing"
            )
        self.inputs = self.client.input.query_inputs(scene_uuids=[self.scene_uuid])

    def _wait(self) -> None:
        assert self.scene_uuid is not None
        if self.timeout is None:
            return
        self.tell(f"scene {self.scene_file.external_id}: being processed")
        (self.scene,) = self.client.scene.wait_until_created(
            [self.scene_uuid], timeout=self.timeout, poll_interval=self.poll_interval
        )

    def _find_inputs(self) -> None:
        if self.project is None or self.inputs or self.timeout is None:
            return
        assert self.scene_uuid is not None
        deadline = time.monotonic() + min(self.timeout, _INPUTS_LISTED_WITHIN)
        while not self.inputs:
            self.inputs = self.client.input.query_inputs(
                project=self.project, batch=self.batch, scene_uuids=[self.scene_uuid]
            )
            if self.inputs or time.monotonic() > deadline:
                break
            time.sleep(0.2)

    def _facts(self) -> Iterator[Fact]:
        if self.scene_file.calibration is not None and self._has_begun:
            name = self.scene_file.calibration.external_id
            if self._other_calibration is not None:
                yield Fact("calibration", True, f"{name} ({self._other_calibration}): has other content")
            elif self.calibration is None:
                yield Fact("calibration", False, f"{name}: not created by this run")
            else:
                how = "was there before" if self.calibration.existed else "created, will be reused"
                yield Fact("calibration", True, f"{name} ({self.calibration.id}): {how}")
        yield self._scene_fact()
        if self.scene_file.pre_annotation is not None:
            yield Fact(
                "pre-annotation", self.pre_annotation_id is not None, self.pre_annotation_id or "not created"
            )
        if self.project is not None:
            yield self._inputs_fact()
        for placement in self.placements:
            text = f"{placement.target}: {placement.error or placement.input_uuid}"
            yield Fact("input", placement.input_uuid is not None, text)

    def _scene_fact(self) -> Fact:
        name = self.scene_file.external_id
        if self.scene_uuid is None:
            return Fact("scene", False, f"{name}: not created")
        try:
            (scene,) = self.client.scene.get_scenes_by_uuids([self.scene_uuid])
        except NotFoundError:
            return Fact("scene", False, f"{name} ({self.scene_uuid}): not created")
        except Exception as exc:  # the account of one failure must not end in another
            return Fact("scene", None, f"{name} ({self.scene_uuid}): could not be looked up: {exc}")
        because = f": {scene.error_message}" if scene.error_message else ""
        hint = _PENDING_HINT if scene.status.value == "pending" else ""
        return Fact("scene", True, f"{name} ({scene.uuid}): {scene.status.value}{because}{hint}")

    def _inputs_fact(self) -> Fact:
        where = f"in project {self.project}" + (f", batch {self.batch}" if self.batch else "")
        if self.inputs:
            return Fact("inputs", True, f"{len(self.inputs)} {where}")
        created_by_platform = self.scene_file.pre_annotation is None and self.scene is not None
        return (
            Fact("inputs", None, f"none yet {where}")
            if created_by_platform
            else Fact("inputs", False, f"none {where}")
        )


_PENDING_HINT = (
    ", its files are incomplete: 'kognic bulk run SCENE --if-exists update' uploads the missing ones"
)
