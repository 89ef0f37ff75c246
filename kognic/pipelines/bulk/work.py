"""One item on its way through a bulk run, and what the run was asked to do with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import TYPE_CHECKING

import attrs

from kognic.base_clients.http.outages import Patience
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.pipelines.bulk.items import (
    BrokenItem,
    BulkItem,
    BulkResult,
    OnExisting,
    Summary,
    Target,
    as_targets,
)
from kognic.pipelines.bulk.journal import Entry, Journal, Placement, Stage
from kognic.pipelines.bulk.placing import has_pre_annotation

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient


@attrs.frozen(kw_only=True)
class Options:
    """The arguments of a run; see `kognic.pipelines.bulk.run.BulkRun`."""

    client: KognicIOClient
    items: Iterable[object]
    targets: tuple[Target, ...]
    on_existing: OnExisting
    feature_flags: FeatureFlags | None
    check: bool
    concurrency: int
    wait: bool
    wait_timeout: float
    poll_interval: float
    executor: Executor | None
    on_file: Callable[[str, str, int], object] | None
    on_notice: Callable[[str], object] | None
    patience: Patience


@attrs.define(eq=False)
class Work:
    """An item under way.

    Attributes:
        targets: Where its inputs go; one empty target if it has a pre-annotation, but no inputs.
        resumed: Whether an earlier attempt may have created something: look before creating.
        placements: The outcome for each target so far.
        pending: UUIDs of pre-annotations that are being processed.
        retries: How often it was tried again after a failure that may have been an outage.
        not_before: When to try again, by the clock.
        step: What to try again: `scene`, `pre-annotation` or `input`.
        existed: Whether the workspace had the scene before the run.
        added: Whether the scene got a pre-annotation or an input.
    """

    item: BulkItem
    entry: Entry
    targets: tuple[Target, ...]
    position: int = 0
    resumed: bool = False
    placements: dict[str, Placement] = attrs.field(factory=dict)
    pending: set[str] = attrs.field(factory=set)
    retries: int = 0
    not_before: float = 0.0
    step: str = "scene"
    existed: bool = False
    added: bool = False

    def placed(self, target: Target) -> Placement:
        """Return the outcome for a target so far."""
        return self.placements.get(target.label) or Placement(target.label)

    @property
    def missing(self) -> list[Target]:
        """Targets without an input, or without a pre-annotation where that is all."""
        return [
            target
            for target in self.targets
            if (
                self.placed(target).input_uuid is None
                if target.wants_inputs
                else self.placed(target).pre_annotation_uuid is None
            )
        ]

    @property
    def is_finished(self) -> bool:
        """Whether the journal has nothing left to do; a target that was added since is something."""
        if not self.entry.stage.is_final:
            return False
        if not self.placements and self.entry.input_uuid is not None:
            return True  # a journal of an earlier version, of a run with one target
        return not self.missing

    def result(self, remark: str | None = None) -> BulkResult:
        """Return the outcome; `remark` instead of the recorded error."""
        entry = self.entry
        placements = tuple(self.placements[t.label] for t in self.targets if t.label in self.placements)
        return BulkResult(
            key=entry.key,
            external_id=entry.external_id,
            stage=entry.stage,
            scene_uuid=entry.scene_uuid,
            pre_annotation_uuid=entry.pre_annotation_uuid,
            input_uuid=entry.input_uuid,
            error_stage=entry.error_stage,
            error=remark or entry.error,
            placements=placements,
            existed=self.existed,
        )


class JournalRecorder:
    """Writes the progress of an item's scene to the journal."""

    def __init__(self, work: Work, journal: Journal, summary: Summary, options: Options) -> None:
        self._work = work
        self._journal = journal
        self._summary = summary
        self._on_file = options.on_file

    def _reach(self, stage: Stage) -> None:
        self._work.entry.stage = self._work.entry.reached = stage
        self._journal.record(self._work.entry)

    def reserved(self, scene_uuid: str) -> None:
        """Record the UUID that the scene has from now on."""
        self._work.entry.scene_uuid = scene_uuid
        self._reach(Stage.RESERVED)

    def posted(self) -> None:
        """Record that the scene exists."""
        self._reach(Stage.POSTED)

    def stored(self, resource_id: str, size: int) -> None:
        """Storage has confirmed a file of `size` bytes."""
        self._journal.file_stored(self._work.entry.key, resource_id, size)
        self._summary.add_file(size)
        if self._on_file is not None:
            self._on_file(self._work.entry.key, resource_id, size)

    def committed(self) -> None:
        """Record that the platform has all files."""
        self._reach(Stage.COMMITTED)


def flags_of(item: BulkItem, options: Options) -> FeatureFlags | None:
    """Return the feature flags of an item: its own, else the run's."""
    return item.feature_flags if item.feature_flags is not None else options.feature_flags


def targets_of(item: BulkItem, options: Options) -> tuple[Target, ...]:
    """Return the targets of an item: its own, else the run's.

    An item with a pre-annotation but no target has one empty target.
    """
    targets = options.targets if item.target is None else as_targets(item.target)
    if not targets and has_pre_annotation(item, Target()):
        return (Target(),)
    return targets


def failed_result(item: BulkItem | BrokenItem, reason: str) -> BulkResult:
    """Return the outcome of an item that was not begun."""
    return BulkResult(
        key=item.name, external_id=item.external_id, stage=Stage.FAILED, error_stage="scene", error=reason
    )
