"""The loop of a bulk run: what is being created, what waits for the platform, what is being finished.

One thread decides; the calls run on a pool, or scenes are created on an executor of the user's. What one item
takes is in `kognic.pipelines.bulk.steps`, what survives a kill in `kognic.pipelines.bulk.journal`.
"""

from __future__ import annotations

import functools
import logging
import pickle
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import attrs

from kognic._core.errors import KognicError
from kognic._core.run_errors import ItemChangedError, ItemError
from kognic.base_clients.errors import NotFoundError
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.scene_entry import Scene, SceneStatus
from kognic.io.resources.scene.waiting import is_invalidated
from kognic.pipelines.bulk.items import (
    BrokenItem,
    BulkItem,
    BulkResult,
    Namesakes,
    OnExisting,
    Summary,
    Target,
    as_item,
)
from kognic.pipelines.bulk.journal import Entry, Journal, Stage
from kognic.pipelines.bulk.steps import (
    AlreadyThere,
    Known,
    choose_scene,
    ensure_input,
    ensure_pre_annotation,
    ensure_scene,
    ensure_scene_elsewhere,
)
from kognic.pipelines.scene_upload import check_target

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient

logger = logging.getLogger(__name__)

POLL_CHUNK = 100
"""Scenes asked for in one call."""

MAX_WAITING = 2000
"""Scenes that may wait for the platform before no more are begun: bounds the memory of long runs."""


@attrs.frozen(kw_only=True)
class Options:
    """What a run was asked to do; see `kognic.pipelines.bulk.run.BulkRun`."""

    client: KognicIOClient
    items: Iterable[object]
    target: Target
    on_existing: OnExisting
    feature_flags: FeatureFlags | None
    check: bool
    concurrency: int
    wait: bool
    wait_timeout: float
    poll_interval: float
    executor: Executor | None
    on_file: Callable[[str, str, int], object] | None


@attrs.define
class Work:
    """An item under way."""

    item: BulkItem
    entry: Entry
    resumed: bool
    since: float = 0.0
    position: int = 0


class Coordinator:
    """The loop of one run: what is being created, what waits for the platform, what is being finished."""

    def __init__(
        self, options: Options, journal: Journal, summary: Summary, pool: ThreadPoolExecutor
    ) -> None:
        self.options = options
        self.client = options.client
        self.journal = journal
        self.summary = summary
        self.pool = pool
        self.source = enumerate(iter(options.items))
        self.namesakes = Namesakes(options.on_existing)
        self.targets: dict[Target, str | None] = {}
        self.targets_lock = threading.Lock()
        self.exhausted = False
        self.source_error: Exception | None = None
        self.creating: dict[Future[Any], Work] = {}
        self.finishing: dict[Future[Any], Work] = {}
        self.waiting: dict[str, deque[Work]] = {}
        self.poll: Future[list[Scene]] | None = None
        self.next_poll = 0.0
        self.poll_error: KognicError | None = None
        self.ready: deque[tuple[int, BulkResult]] = deque()

    def run(self) -> Iterator[tuple[int, BulkResult]]:
        """Yield results with the positions of their items, as they are completed."""
        while True:
            self.fill()
            while self.ready:
                yield self.ready.popleft()
            if not (self.creating or self.finishing or self.waiting):
                if self.source_error is not None:
                    raise self.source_error
                if self.exhausted:
                    return
                continue
            self.step()

    def fill(self) -> None:
        """Begin items until enough are under way."""
        while (
            not self.exhausted
            and len(self.creating) < self.options.concurrency
            and len(self.waiting) < MAX_WAITING
            and not self.ready
        ):
            try:
                drawn = next(self.source, None)
            except Exception as error:  # raised when what has begun is finished: nothing is left half-done
                self.source_error, drawn = error, None
            if drawn is None:
                self.exhausted = True
            else:
                self.begin(drawn[0], as_item(drawn[1], drawn[0]))

    def begin(self, position: int, item: BulkItem | BrokenItem) -> None:
        """Take an item up where it was left."""
        if isinstance(item, BrokenItem):
            broken = BulkResult(
                key=item.name, external_id="", stage=Stage.FAILED, error_stage="scene", error=item.reason
            )
            self.ready.append((position, broken))
            return
        clash = self.namesakes.clash(item)
        if clash is not None:
            self.ready.append((position, failed_result(item, clash)))
            return
        try:
            digest = item.digest()
        except Exception as error:  # a file that vanished, content of the wrong type: this item's trouble
            self.ready.append((position, failed_result(item, str(error) or type(error).__name__)))
            return
        try:
            entry = self.journal.enter(item.name, digest, item.external_id)
        except ItemChangedError as error:
            self.ready.append((position, failed_result(item, str(error))))
            return
        work = Work(item, entry, resumed=entry.stage is not Stage.WAITING, position=position)
        if entry.reached is Stage.WAITING:
            # What an earlier attempt left is a scene that the platform could not process.
            entry.scene_uuid = None
        if entry.stage.is_final:
            self.finish(work)
        elif entry.reached in (Stage.COMMITTED, Stage.CREATED, Stage.PRE_ANNOTATED):
            self.wait_for(work)
        else:
            self.creating[self.submit_creation(work)] = work

    def submit_creation(self, work: Work) -> Future[Any]:
        options = self.options
        known = Known(
            scene_uuid=work.entry.scene_uuid, stored=frozenset(self.journal.stored_files(work.item.name))
        )
        if options.executor is not None:
            return self.pool.submit(self.create_elsewhere, work, known, options.executor)
        return self.pool.submit(
            ensure_scene, self.client, work.item, _JournalRecorder(self, work),
            known=known, on_existing=options.on_existing, feature_flags=flags_of(work.item, options),
            check=options.check, first=functools.partial(self.check_target, work.item),
        )  # fmt: skip

    def create_elsewhere(self, work: Work, known: Known, executor: Executor) -> None:
        """Have a worker of the user's executor create the scene of an item."""
        recorder = _JournalRecorder(self, work)
        if known.scene_uuid is None:
            # Chosen here and written down: after the loss of a worker the next one must take the same scene,
            # which by then exists and would pass for somebody else's.
            uuid, complete = choose_scene(
                self.client, work.item, recorder, self.options.on_existing,
                first=functools.partial(self.check_target, work.item),
            )  # fmt: skip
            if complete:
                return
            known = attrs.evolve(known, scene_uuid=uuid)
        events, error = executor.submit(
            ensure_scene_elsewhere,
            pickle.dumps(self.client),
            work.item,
            known,
            flags_of(work.item, self.options),
            self.options.check,
        ).result()
        events.replay(recorder)
        if error is not None:
            raise error

    def check_target(self, item: BulkItem) -> None:
        """Make sure that the target of an item is there before its files are sent; asks once per target.

        Raises:
            ItemError: It is not.
        """
        target = target_of(item, self.options)
        if target.project is None:
            return
        with self.targets_lock:
            if target not in self.targets:
                self.targets[target] = None
                try:
                    check_target(self.client, target.project, target.batch)
                except (NotFoundError, ValueError) as error:
                    self.targets[target] = getattr(error, "message", None) or str(error)
                except KognicError as error:
                    # Who may not list batches may create inputs all the same.
                    logger.warning("Could not look for project %s: %s", target.project, error)
        trouble = self.targets[target]
        if trouble is not None:
            raise ItemError(f"nothing was sent: {trouble}")

    def step(self) -> None:
        """Wait until something has happened, and act on it."""
        now = time.monotonic()
        if self.waiting and self.poll is None and now >= self.next_poll:
            chunk = list(self.waiting)[:POLL_CHUNK]
            # Oldest first; asked scenes go to the back of the queue.
            for uuid in chunk:
                self.waiting[uuid] = self.waiting.pop(uuid)
            self.poll = self.pool.submit(_scenes, self.client, chunk)
        pending = [*self.creating, *self.finishing, *([self.poll] if self.poll else [])]
        timeout = max(0.0, self.next_poll - now) if self.waiting and self.poll is None else None
        if not pending:
            time.sleep(timeout or 0)
            return
        done, _ = wait(pending, timeout=timeout, return_when=FIRST_COMPLETED)
        for future in done:
            if self.poll is not None and future is self.poll:
                self.polled(self.poll)
            elif future in self.creating:
                self.created(self.creating.pop(future), future)
            else:
                self.finished(self.finishing.pop(future), future)

    def created(self, work: Work, future: Future[Any]) -> None:
        """The scene of an item has its files, or could not be created."""
        try:
            future.result()
        except AlreadyThere as there:
            work.entry.scene_uuid = there.scene_uuid
            work.entry.stage = work.entry.reached = Stage.SKIPPED
            self.journal.record(work.entry)
            self.finish(work)
        except Exception as error:  # one bad item must not stop the others
            self.fail(work, "scene", error)
        else:
            self.wait_for(work)

    def wait_for(self, work: Work) -> None:
        """Let a committed scene wait for the platform, or go on at once when nobody wants to wait."""
        assert work.entry.scene_uuid is not None
        wants_more = target_of(work.item, self.options).wants_inputs or work.item.pre_annotation is not None
        if not self.options.wait and not wants_more:
            work.entry.stage = work.entry.reached = Stage.DONE
            self.journal.record(work.entry)
            self.finish(work)
            return
        work.since = time.monotonic()
        self.waiting.setdefault(work.entry.scene_uuid, deque()).append(work)

    def polled(self, poll: Future[list[Scene]]) -> None:
        """Scenes have been asked for: some are ready, some have failed, some have taken too long."""
        self.poll = None
        self.next_poll = time.monotonic() + self.options.poll_interval
        try:
            scenes = poll.result()
            self.poll_error = None
        except KognicError as error:
            # Asked again at the next poll; an outage that lasts ends in the time-out below.
            logger.warning("Could not ask for scenes, will ask again: %s", error)
            scenes, self.poll_error = [], error
        for scene in scenes:
            if scene.status == SceneStatus.Created:
                for work in self.waiting.pop(scene.uuid, ()):
                    self.complete(work)
            elif scene.status == SceneStatus.Failed or is_invalidated(scene):
                for work in self.waiting.pop(scene.uuid, ()):
                    reason = scene.error_message or f"the scene's status is {scene.status.value}"
                    # Nothing can be made of this scene any more: a resumed run creates another one.
                    work.entry.reached = Stage.WAITING
                    self.fail(work, "scene", reason)
        now = time.monotonic()
        for uuid, works in list(self.waiting.items()):
            if now - works[0].since > self.options.wait_timeout:
                for work in self.waiting.pop(uuid):
                    self.finish(work, too_late(self.options.wait_timeout, self.poll_error))

    def complete(self, work: Work) -> None:
        """The platform has processed the scene: add what belongs to it."""
        if work.entry.reached is not Stage.PRE_ANNOTATED:
            work.entry.stage = work.entry.reached = Stage.CREATED
            self.journal.record(work.entry)
        self.finishing[self.pool.submit(self.add_belongings, work)] = work

    def add_belongings(self, work: Work) -> None:
        entry = work.entry
        look = work.resumed or self.options.on_existing is OnExisting.UPDATE
        assert entry.scene_uuid is not None
        if entry.reached is not Stage.PRE_ANNOTATED:
            entry.error_stage = "pre-annotation"
            entry.pre_annotation_uuid = ensure_pre_annotation(
                self.client, work.item, entry.scene_uuid, look=look
            )
            entry.stage = entry.reached = Stage.PRE_ANNOTATED
            self.journal.record(entry)
        entry.error_stage = "input"
        entry.input_uuid = ensure_input(
            self.client,
            entry.scene_uuid,
            entry.pre_annotation_uuid,
            target_of(work.item, self.options),
            look=look,
        )
        entry.error_stage = None
        entry.stage = entry.reached = Stage.DONE
        entry.error = None
        self.journal.record(entry)

    def finished(self, work: Work, future: Future[Any]) -> None:
        """An item has its belongings, or one of them could not be created."""
        error = future.exception()
        if error is None:
            self.finish(work)
        elif isinstance(error, Exception):
            self.fail(work, work.entry.error_stage or "input", error)
        else:
            raise error

    def fail(self, work: Work, stage: str, error: object) -> None:
        work.entry.stage = Stage.FAILED
        work.entry.error_stage = stage
        work.entry.error = str(error) or type(error).__name__
        if work.entry.reached is Stage.WAITING:
            self.journal.forget_files(work.entry.key)
        self.journal.record(work.entry)
        self.finish(work)

    def finish(self, work: Work, remark: str | None = None) -> None:
        entry = work.entry
        self.ready.append(
            (
                work.position,
                BulkResult(
                    key=entry.key,
                    external_id=entry.external_id,
                    stage=entry.stage,
                    scene_uuid=entry.scene_uuid,
                    pre_annotation_uuid=entry.pre_annotation_uuid,
                    input_uuid=entry.input_uuid,
                    error_stage=entry.error_stage,
                    error=remark or entry.error,
                ),
            )
        )


class _JournalRecorder:
    """Writes an item's progress to the journal."""

    def __init__(self, coordinator: Coordinator, work: Work) -> None:
        self._journal = coordinator.journal
        self._work = work
        self._options = coordinator.options
        self._summary = coordinator.summary

    def _reach(self, stage: Stage) -> None:
        self._work.entry.stage = self._work.entry.reached = stage
        self._journal.record(self._work.entry)

    def reserved(self, scene_uuid: str) -> None:
        """The scene has this UUID from now on."""
        self._work.entry.scene_uuid = scene_uuid
        self._reach(Stage.RESERVED)

    def posted(self) -> None:
        """The scene exists."""
        self._reach(Stage.POSTED)

    def stored(self, resource_id: str, size: int) -> None:
        """Storage has confirmed a file of `size` bytes."""
        self._journal.file_stored(self._work.entry.key, resource_id, size)
        self._summary.add_file(size)
        if self._options.on_file is not None:
            self._options.on_file(self._work.entry.key, resource_id, size)

    def committed(self) -> None:
        """The platform has all files."""
        self._reach(Stage.COMMITTED)


def _scenes(client: KognicIOClient, uuids: Sequence[str]) -> list[Scene]:
    """Ask for scenes; where one is unknown, the platform refuses them all, so ask for fewer then."""
    try:
        return client.scene.get_scenes_by_uuids(list(uuids))
    except NotFoundError:
        if len(uuids) == 1:
            return []
        middle = len(uuids) // 2
        return _scenes(client, uuids[:middle]) + _scenes(client, uuids[middle:])


def too_late(seconds: float, trouble: object) -> str:
    """Why an item has no result yet."""
    asked = f" (the last time it could not be asked: {trouble})" if trouble is not None else ""
    return (
        f"the platform had not processed the scene {seconds:g} s after its files were there{asked}; "
        "it is processed all the same, and a later run goes on with it"
    )


def flags_of(item: BulkItem, options: Options) -> FeatureFlags | None:
    """The feature flags of an item: its own, else the run's."""
    return item.feature_flags if item.feature_flags is not None else options.feature_flags


def target_of(item: BulkItem, options: Options) -> Target:
    """The target of an item: its own, else the run's."""
    return item.target if item.target is not None else options.target


def is_finished(entry: Entry | None) -> bool:
    return entry is not None and entry.stage.is_final


def failed_result(item: BulkItem, reason: str) -> BulkResult:
    return BulkResult(
        key=item.name, external_id=item.external_id, stage=Stage.FAILED, error_stage="scene", error=reason
    )
