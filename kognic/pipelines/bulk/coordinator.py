"""The loop of a bulk run: which scenes are created, which wait for the platform, which are placed.

One thread decides; the calls run on a pool, or on an executor of the user's. The steps of one item are in
`kognic.pipelines.bulk.steps` and `kognic.pipelines.bulk.placing`; what survives a kill is in
`kognic.pipelines.bulk.journal`.

An item that fails in a way that may be an outage is held and tried again. The run then probes the platform.
While it does not answer, nothing new is begun; while the storage refuses files of item after item, one item
at a time is tried.
"""

from __future__ import annotations

import functools
import logging
import pickle
import threading
from asyncio import CancelledError
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from typing import Any

import attrs

from kognic._core.clock import SYSTEM, Clock
from kognic._core.errors import KognicError
from kognic._core.run_errors import ItemChangedError, ItemError, JournalError, WorkerLostError
from kognic.base_clients.cloud_storage.uploads import Recall
from kognic.base_clients.errors import NotFoundError, UploadCallbackError, UploadError
from kognic.base_clients.http.outages import in_a_line, is_lockout, is_of_storage, is_outage, is_shut_out
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
from kognic.pipelines.bulk.journal import Journal, Stage
from kognic.pipelines.bulk.placing import (
    ensure_input,
    ensure_pre_annotation,
    existing_input,
    has_pre_annotation,
    pre_annotation_states,
)
from kognic.pipelines.bulk.polling import Poller, scene_states
from kognic.pipelines.bulk.steps import AlreadyThere, Known, choose_scene, ensure_scene
from kognic.pipelines.bulk.work import JournalRecorder, Options, Work, failed_result, flags_of, targets_of
from kognic.pipelines.bulk.workers import ensure_scene_elsewhere
from kognic.pipelines.outage import Outage
from kognic.pipelines.prerequisites import check_target

logger = logging.getLogger(__name__)

MAX_WAITING = 2000
"""Scenes that may wait for the platform before no more are begun: bounds the memory of long runs."""

MAX_RETRIES = 5
"""Attempts that an item gets again while the platform answers: then the trouble is the item's own."""

LOCKOUT_PROBES = 3
"""Probes in a row that have to be rejected before a run ends over its credentials or a certificate. A choice:
one or two may meet a token that was revoked a moment ago, or a gateway that is being restarted."""

STORAGE_FAILURES = 3
"""Items in a row whose files could not be stored before the storage is taken to be away."""

GLANCE = 1.0
"""Seconds after which a run looks whether the platform is away, whatever it waits for. A choice: an outage of
some seconds is over before anybody reads of it."""

UNANSWERED = 4.0
"""Seconds after which a probe that got no answer is reported as an outage. A choice: it is one small request,
but it may wait for a token or a host name behind other calls, for minutes."""

GRACE = 5.0
"""Seconds that calls in flight may take to finish when a run is stopped."""


def may_be_of_all(error: Exception) -> bool:
    """Whether all items may fail like this one: the platform is away, or rejects the client."""
    if isinstance(error, UploadError) and not isinstance(error, UploadCallbackError):
        # While a gateway changes, one file may meet the one and another file the other.
        return all(isinstance(cause, Exception) and may_be_of_all(cause) for cause in error.failures.values())
    return is_outage(error) or is_lockout(error)


class Coordinator:
    """The loop of one run."""

    def __init__(
        self,
        options: Options,
        journal: Journal,
        summary: Summary,
        pool: ThreadPoolExecutor,
        clock: Clock = SYSTEM,
    ) -> None:
        self.options = options
        self.client = client = options.client
        self.journal = journal
        self.summary = summary
        self.pool = pool
        # Of its own: in an outage all others may be busy with calls that retry for minutes.
        self.prober = ThreadPoolExecutor(1, "kognic-probe")
        self.clock = clock
        self.recall = Recall()
        self.source = enumerate(iter(options.items))
        self.namesakes = Namesakes(options.on_existing)
        self.recorded: set[str] = set()
        self.targets: dict[Target, str | None] = {}
        self.targets_lock = threading.Lock()
        self.exhausted = False
        self.source_error: Exception | None = None
        self.creating: dict[Future[Any], Work] = {}
        self.placing: dict[Future[Any], Work] = {}
        interval, timeout = options.poll_interval, options.wait_timeout
        self.scenes = Poller(functools.partial(scene_states, client), interval, timeout)
        self.annotations = Poller(functools.partial(pre_annotation_states, client), interval, timeout)
        self.held: list[Work] = []
        self.outage = Outage(options.patience, options.on_notice, clock)
        self.storage = Outage(options.patience, options.on_notice, clock, "The storage")
        self.storage_failures = 0
        # Proof that the storage is away, until a probe shows that the platform is not.
        self.unstored: Exception | None = None
        self.probe: Future[None] | None = None
        self.probe_began = 0.0
        self.rejected_probes = 0
        self.ready: deque[tuple[int, BulkResult]] = deque()

    # -- the loop

    def run(self) -> Iterator[tuple[int, BulkResult]]:
        """Yield results with the positions of their items, as they are completed.

        Raises:
            PlatformAwayError: The platform was away for longer than the run's patience.
            AuthenticationError: The platform rejects the credentials.
            TokenError: The auth server rejects them.
            ConnectionFailedError: A certificate is not trusted, or a proxy rejects the client.
            UploadError: The same between client and storage.
        """
        self.journal.forget_refused()
        while True:
            self.fill()
            while self.ready:
                yield self.ready.popleft()
            if self.is_busy:
                self.step()
            elif self.source_error is not None:
                raise self.source_error
            elif self.exhausted:
                return

    @property
    def is_busy(self) -> bool:
        """Whether any item is under way."""
        return bool(self.creating or self.placing or self.held or self.scenes or self.annotations)

    def abandon(self) -> None:
        """Begin nothing more, and give the calls in flight a few seconds to finish."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.prober.shutdown(wait=False, cancel_futures=True)
        try:
            wait([*self.creating, *self.placing], timeout=GRACE)
        finally:
            # Also after a second Ctrl-C. Those of other users of the client go on.
            self.recall.call_off()

    def fill(self) -> None:
        """Begin items until enough are under way; none while the platform is away."""
        while (
            not self.exhausted
            and not (self.outage.is_certain or self.storage.is_certain)
            and len(self.creating) + len(self.held) < self.options.concurrency
            and len(self.scenes) + len(self.annotations) < MAX_WAITING
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

    def step(self) -> None:
        """Wait until something has happened, and act on it."""
        now = self.clock.now()
        silence = self.client.breaker.silence()
        if silence is not None:
            # Items in flight may retry or wait for minutes before they fail: nothing new joins them.
            self.outage.suspect(silence)
        if not self.outage.is_suspected:
            self.scenes.begin(self.pool, now)
            self.annotations.begin(self.pool, now)
        elif self.probe is None and now >= self.outage.next_probe:
            self.probe, self.probe_began = self.prober.submit(self.client.probe), now
        self.release(now)
        calls = (self.scenes.call, self.annotations.call, self.probe)
        pending = [*self.creating, *self.placing, *(call for call in calls if call is not None)]
        timeout = self.until_next(now)
        if not pending:
            self.clock.sleep(timeout or 0.0)
            return
        # In an outage all calls in flight may retry for minutes; the breaker knows of it after seconds.
        soon = GLANCE if timeout is None else min(timeout, GLANCE)
        done, _ = wait(pending, timeout=soon, return_when=FIRST_COMPLETED)
        for future in done:
            self.act_on(future)
        if self.probe is not None and self.clock.now() - self.probe_began >= UNANSWERED:
            self.outage.unanswered(silence.reason if silence is not None else "no response to a request")
        self.give_up_overdue()

    def until_next(self, now: float) -> float | None:
        """Return the seconds until something is due; None if only calls in flight are waited for."""
        if self.outage.is_suspected:
            return None if self.probe is not None else max(0.0, self.outage.next_probe - now)
        due = [self.scenes.due_in(now), self.annotations.due_in(now)]
        if self.held:
            soonest = min(work.not_before for work in self.held)
            due.append(max(0.0, max(soonest, self.storage.next_probe) - now))
        return min((seconds for seconds in due if seconds is not None), default=None)

    def act_on(self, future: Future[Any]) -> None:
        """Take the result of a call."""
        if future is self.probe:
            self.probed(future)
        elif future in self.creating:
            self.created(self.creating.pop(future), future)
        elif future in self.placing:
            self.placed(self.placing.pop(future), future)
        elif future is self.scenes.call:
            self.scenes_polled()
        else:
            self.annotations_polled()

    # -- outages

    def hold(self, work: Work, error: Exception) -> bool:
        """Keep an item that failed for another attempt; False if the failure is the item's own.

        Raises:
            KognicError: There is no connection, and waiting does not help (see `is_shut_out`): the run ends.
        """
        if not (may_be_of_all(error) or isinstance(error, WorkerLostError)):
            return False
        if is_of_storage(error):
            self.storage.suspect()
            self.storage_failures += 1
            if self.storage.is_certain:
                self.storage_failed(error)
            elif self.storage_failures >= min(STORAGE_FAILURES, self.options.concurrency):
                self.unstored = error
        if not (self.storage.is_certain and is_of_storage(error)):
            if work.retries >= MAX_RETRIES:
                if is_shut_out(error):
                    # Probes were answered, perhaps over connections that were open before.
                    raise error
                return False
            work.retries += 1
            work.not_before = self.clock.now() + self.options.patience.pause(
                work.retries - 1, self.clock.chance()
            )
        work.resumed = True
        logger.info("%s: will be tried again after: %s", work.item.name, in_a_line(error))
        self.held.append(work)
        if not isinstance(error, WorkerLostError):
            self.outage.suspect()
        return True

    def release(self, now: float) -> None:
        """Try held items again: all that are due, or only one while the storage is away."""
        if self.outage.is_suspected:
            return
        if self.storage.is_certain:
            if now >= self.storage.next_probe and not self.creating and self.held:
                self.try_again(self.held.pop(0))
            return
        due = [work for work in self.held if work.not_before <= now]
        self.held = [work for work in self.held if work.not_before > now]
        for work in due:
            self.try_again(work)

    def try_again(self, work: Work) -> None:
        """Resume an item at the step that failed."""
        if work.step == "scene":
            self.create(work)
        elif work.step == "pre-annotation":
            self.placing[self.pool.submit(self.add_pre_annotations, work)] = work
        else:
            self.placing[self.pool.submit(self.add_inputs, work)] = work

    def probed(self, probe: Future[None]) -> None:
        """Note whether a probe was answered.

        Raises:
            KognicError: Probes are rejected again and again (see `is_lockout`): the run ends, and no item has
                failed.
        """
        self.probe = None
        error = probe.exception()
        if error is not None and is_lockout(error):
            self.rejected_probes += 1
            if self.rejected_probes >= LOCKOUT_PROBES:
                raise error
            self.outage.probe_later()
            return
        self.rejected_probes = 0
        if error is not None and is_outage(error):
            if not self.storage.is_certain:
                # Files could not be stored because all of the platform is away, its storage included.
                self.storage_failures, self.unstored = 0, None
                self.storage.ended()
            self.outage.failed(error)
            return
        self.excuse(self.outage.ended())
        if self.unstored is not None:
            unstored, self.unstored = self.unstored, None
            self.storage_failed(unstored)

    def storage_failed(self, error: Exception) -> None:
        """Note that files could not be stored, although the platform answers.

        Raises:
            PlatformAwayError: The storage was away for longer than the run's patience.
            UploadError: There is no connection to it, and waiting does not help.
        """
        if is_shut_out(error):
            raise error
        self.storage.failed(error)

    def stored_again(self) -> None:
        """Note that an item's files could be stored."""
        self.storage_failures, self.unstored = 0, None
        self.excuse(self.storage.ended())

    def excuse(self, seconds: float) -> None:
        """Do not count an outage as processing time."""
        if not seconds:
            return
        self.scenes.excuse(seconds)
        self.annotations.excuse(seconds)

    # -- scenes

    def begin(self, position: int, item: BulkItem | BrokenItem) -> None:
        """Take up an item where an earlier run left it."""
        work = self.work_of(position, item)
        if isinstance(work, str):
            self.refuse(position, item, work)
        elif work.is_finished:
            self.finish(work)
        elif work.entry.stage.is_final or work.entry.reached in (
            Stage.COMMITTED,
            Stage.CREATED,
            Stage.PRE_ANNOTATED,
        ):
            self.wait_for(work)
        else:
            self.create(work)

    def refuse(self, position: int, item: BulkItem | BrokenItem, reason: str) -> None:
        """Record an item that fails before anything of it is begun, and hand out its result."""
        # The row of another item with this key must stay that item's.
        key = item.name if item.name not in self.recorded else f"{item.name} (item {position})"
        self.recorded.add(key)
        self.journal.refuse(key, item.external_id, reason)
        self.ready.append((position, failed_result(item, reason)))

    def work_of(self, position: int, item: BulkItem | BrokenItem) -> Work | str:
        """Return the work on an item, or why there is none."""
        if isinstance(item, BrokenItem):
            return item.reason
        clash = self.namesakes.clash(item)
        if clash is not None:
            return clash
        try:
            digest, targets = item.digest(), targets_of(item, self.options)
        except Exception as error:  # a file that vanished, content of the wrong type: this item's error
            return str(error) or type(error).__name__
        try:
            entry = self.journal.enter(item.name, digest, item.external_id)
        except ItemChangedError as error:
            return str(error)
        self.recorded.add(item.name)
        resumed = entry.stage is not Stage.WAITING
        work = Work(item, entry, targets, position, resumed, self.journal.placements(item.name))
        if entry.reached is Stage.WAITING:
            # What an earlier attempt left is a scene that the platform could not process.
            entry.scene_uuid = None
        return work

    def create(self, work: Work) -> None:
        """Have the scene of an item created."""
        work.step = "scene"
        options = self.options
        known = Known(
            scene_uuid=work.entry.scene_uuid, stored=frozenset(self.journal.stored_files(work.item.name))
        )
        future: Future[Any]
        if options.executor is not None:
            future = self.pool.submit(self.create_elsewhere, work, known, options.executor)
        else:
            future = self.pool.submit(
                ensure_scene, self.client, work.item, self.recorder(work),
                known=known, on_existing=options.on_existing, feature_flags=flags_of(work.item, options),
                check=options.check, first=functools.partial(self.check_targets, work),
                recall=self.recall,
            )  # fmt: skip
        self.creating[future] = work

    def recorder(self, work: Work) -> JournalRecorder:
        """Records the progress of an item."""
        return JournalRecorder(work, self.journal, self.summary, self.options)

    def create_elsewhere(self, work: Work, known: Known, executor: Executor) -> None:
        """Have a worker of the user's executor create the scene of an item."""
        recorder = self.recorder(work)
        if known.scene_uuid is None:
            # Chosen and recorded here: after the loss of a worker the next one must use the same scene, which
            # exists by then and would look like somebody else's.
            uuid, complete = choose_scene(
                self.client, work.item, recorder, self.options.on_existing,
                first=functools.partial(self.check_targets, work),
            )  # fmt: skip
            if complete:
                return
            known = attrs.evolve(known, scene_uuid=uuid)
        future = executor.submit(
            ensure_scene_elsewhere,
            pickle.dumps(self.client),
            work.item,
            known,
            flags_of(work.item, self.options),
            self.options.check,
        )
        # The worker's calls are not this client's: without a sign of life, this one probes the platform.
        self.client.breaker.begin(future, is_transfer=True)
        try:
            events, error = future.result()
        except (Exception, CancelledError) as lost:  # whatever the executor raises when it loses a task
            raise WorkerLostError(f"the worker that created the scene was lost: {in_a_line(lost)}") from lost
        finally:
            self.client.breaker.end(future)
        events.replay(recorder)
        if error is not None:
            raise error

    def check_targets(self, work: Work) -> None:
        """Check that the targets of an item exist before its files are uploaded; one call per target.

        Raises:
            ItemError: One does not.
        """
        for target in work.targets:
            reason = self.reason_against(target)
            if reason is not None:
                raise ItemError(f"nothing was sent: {reason}")

    def reason_against(self, target: Target) -> str | None:
        """Return why no input can be created in a target; None if nothing is known against it."""
        if target.project is None:
            return None
        with self.targets_lock:
            if target not in self.targets:
                self.targets[target] = None
                try:
                    check_target(self.client, target.project, target.batch)
                except (NotFoundError, ValueError) as error:
                    self.targets[target] = getattr(error, "message", None) or str(error)
                except KognicError as error:
                    if may_be_of_all(error):
                        del self.targets[target]
                        raise
                    # A user who may not list batches may still be allowed to create inputs.
                    logger.warning("Could not check project %s: %s", target.project, error)
        return self.targets[target]

    def created(self, work: Work, future: Future[Any]) -> None:
        """Note that the scene of an item has its files, or could not be created."""
        try:
            future.result()
        except AlreadyThere as there:
            work.entry.scene_uuid, work.existed = there.scene_uuid, True
            if work.targets:
                # It may lack inputs: the run was begun before for other targets, or was killed.
                self.recorder(work).committed()
                self.wait_for(work)
                return
            work.entry.stage = work.entry.reached = Stage.SKIPPED
            self.journal.record(work.entry)
            self.finish(work)
        except Exception as error:  # one bad item must not stop the others
            if not self.hold(work, error):
                self.fail(work, "scene", error)
        else:
            self.stored_again()
            self.wait_for(work)

    def wait_for(self, work: Work) -> None:
        """Let a committed scene wait for the platform, or end the item if that is all."""
        assert work.entry.scene_uuid is not None
        work.retries = 0
        if not self.options.wait and not work.targets:
            work.entry.stage = work.entry.reached = Stage.DONE
            self.journal.record(work.entry)
            self.finish(work)
            return
        self.scenes.add(work.entry.scene_uuid, work, self.clock.now())

    def scenes_polled(self) -> None:
        """Scenes have been asked for: some are ready, some have failed."""
        for _, work, reason in self.scenes.collect(self.clock.now()):
            if reason is None:
                self.complete(work)
            else:
                # This scene is of no use any more: a resumed run creates another one.
                work.entry.reached = Stage.WAITING
                self.fail(work, "scene", reason)
        self.note_poll(self.scenes, "scenes")

    def note_poll(self, poller: Poller, what: str) -> None:
        """Look into the error of a poll, if it had one."""
        if poller.error is not None:
            if not isinstance(poller.error, KognicError):
                raise poller.error
            logger.warning("Could not get the status of %s, will retry: %s", what, poller.error)
            if may_be_of_all(poller.error):
                self.outage.suspect()

    def give_up_overdue(self) -> None:
        """End the items whose scene or pre-annotation has taken too long."""
        if self.outage.is_suspected:
            return
        now = self.clock.now()
        for _, work in self.scenes.overdue(now):
            self.finish(work, self.too_late("the scene", "its files were stored", self.scenes))
        for uuid, work in self.annotations.overdue(now):
            if work.pending:
                work.pending = set()
                what = f"pre-annotation {uuid}"
                self.finish(work, self.too_late(what, "it was created", self.annotations))

    def too_late(self, what: str, since: str, poller: Poller) -> str:
        """Return why an item has no result yet."""
        failed = f" (the last status request failed: {poller.error})" if poller.error is not None else ""
        return (
            f"the platform had not processed {what} {self.options.wait_timeout:g} s after {since}{failed}; "
            "processing continues, and a later run resumes the item"
        )

    # -- pre-annotations and inputs

    def complete(self, work: Work) -> None:
        """Add pre-annotations, then inputs, once the platform has processed the scene."""
        entry = work.entry
        if entry.reached is Stage.PRE_ANNOTATED and not work.placements:
            # A journal of an earlier version: one target per item, recorded in its entry.
            for target in work.targets:
                self.note_placement(work, target, pre_annotation_uuid=entry.pre_annotation_uuid)
        if entry.reached is not Stage.PRE_ANNOTATED:
            entry.stage = entry.reached = Stage.CREATED
            self.journal.record(entry)
        work.step = "pre-annotation"
        self.placing[self.pool.submit(self.add_pre_annotations, work)] = work

    def note_placement(self, work: Work, target: Target, **changes: Any) -> None:
        """Record what has become of an item in one of its targets."""
        work.placements[target.label] = attrs.evolve(work.placed(target), **changes)
        self.journal.placed(work.entry.key, work.placements[target.label])

    def add_pre_annotations(self, work: Work) -> None:
        """Create the pre-annotations that are missing, for all targets."""
        assert work.entry.scene_uuid is not None
        made: dict[str, str | None] = {}
        work.pending = set()
        for target in work.targets:
            try:
                uuid = self.add_pre_annotation(work, target, made)
            except Exception as error:  # one target must not keep the others from getting their inputs
                self.note_failure(work, target, "pre-annotation", error)
                continue
            self.note_placement(work, target, pre_annotation_uuid=uuid, error_stage=None, error=None)
            if uuid is not None and target.wants_inputs and work.placed(target).input_uuid is None:
                work.pending.add(uuid)
        if all(work.placed(target).ok for target in work.targets):
            work.entry.stage = work.entry.reached = Stage.PRE_ANNOTATED
            self.journal.record(work.entry)

    def add_pre_annotation(self, work: Work, target: Target, made: dict[str, str | None]) -> str | None:
        """Make sure that a target has its pre-annotation, and return its UUID; None if it needs none.

        Args:
            made: UUIDs of those of this item so far: targets without one of their own share that of the item.
        """
        assert work.entry.scene_uuid is not None
        uuid = work.placed(target).pre_annotation_uuid
        if uuid is not None or not has_pre_annotation(work.item, target):
            return uuid
        look = self.looks(work)
        if look and target.wants_inputs:
            found = existing_input(self.client, work.entry.scene_uuid, target)
            if found is not None:
                # The input has begun as it is: it would never show a pre-annotation that comes now.
                self.note_placement(work, target, input_uuid=found)
                return None
        own = target.label if target.pre_annotation is not None else ""
        if own not in made:
            ensured = ensure_pre_annotation(self.client, work.item, target, work.entry.scene_uuid, look=look)
            work.added |= ensured.is_new
            made[own] = ensured.uuid
        return made[own]

    def looks(self, work: Work) -> bool:
        """Whether to search for existing objects before creating new ones."""
        return work.resumed or work.existed or self.options.on_existing is OnExisting.UPDATE

    def note_failure(self, work: Work, target: Target, stage: str, error: Exception) -> None:
        """Record why a target failed; an outage is the run's business instead."""
        if isinstance(error, JournalError) or (may_be_of_all(error) and work.retries < MAX_RETRIES):
            raise error
        reason = str(error) or type(error).__name__
        self.note_placement(work, target, error_stage=stage, error=reason)

    def annotations_polled(self) -> None:
        """Pre-annotations have been asked for: some are usable, some have failed."""
        for uuid, work, reason in self.annotations.collect(self.clock.now()):
            if uuid not in work.pending:
                continue
            work.pending.discard(uuid)
            if reason is not None:
                for target in work.targets:
                    if work.placed(target).pre_annotation_uuid == uuid:
                        self.note_placement(
                            work, target,
                            pre_annotation_uuid=None, error_stage="pre-annotation", error=reason,
                        )  # fmt: skip
                work.entry.reached = Stage.CREATED
            if not work.pending:
                self.begin_inputs(work)
        self.note_poll(self.annotations, "pre-annotations")

    def begin_inputs(self, work: Work) -> None:
        """Create the inputs of an item whose pre-annotations are ready."""
        work.step = "input"
        self.placing[self.pool.submit(self.add_inputs, work)] = work

    def add_inputs(self, work: Work) -> None:
        """Create the inputs that are missing, in all targets that have not failed."""
        assert work.entry.scene_uuid is not None
        explicit = len(work.targets) > 1 and any(t.pre_annotation is not None for t in work.targets)
        for target in work.missing:
            placement = work.placed(target)
            if not target.wants_inputs or not placement.ok:
                continue
            try:
                ensured = ensure_input(
                    self.client, work.entry.scene_uuid, placement.pre_annotation_uuid, target,
                    look=self.looks(work), explicit=explicit,
                )  # fmt: skip
                if ensured.uuid is None:
                    raise ItemError(f"{target.label}: no input was created: the batch has no request")
            except Exception as error:  # one target must not keep the others from getting their inputs
                self.note_failure(work, target, "input", error)
            else:
                work.added |= ensured.is_new
                self.note_placement(work, target, input_uuid=ensured.uuid)

    def placed(self, work: Work, future: Future[Any]) -> None:
        """Note that a step of placing an item is over."""
        error = future.exception()
        if error is not None:
            if not isinstance(error, Exception) or isinstance(error, JournalError):
                raise error
            if not self.hold(work, error):
                self.fail(work, work.step, error)
        elif work.step == "input":
            self.conclude(work)
        elif work.pending:
            for uuid in work.pending:
                self.annotations.add(uuid, work, self.clock.now())
        else:
            self.begin_inputs(work)

    def conclude(self, work: Work) -> None:
        """Finish an item when every target has its outcome."""
        entry = work.entry
        outcomes = [work.placed(target) for target in work.targets]
        if outcomes:
            entry.pre_annotation_uuid = outcomes[0].pre_annotation_uuid
            entry.input_uuid = outcomes[0].input_uuid
        failed = [outcome for outcome in outcomes if not outcome.ok]
        if failed:
            reasons = "; ".join(f"{outcome.target}: {outcome.error}" for outcome in failed)
            text = f"{len(failed)} of {len(outcomes)} targets failed: {reasons}"
            self.fail(work, failed[0].error_stage or "input", failed[0].error if len(outcomes) == 1 else text)
            return
        entry.stage = entry.reached = Stage.SKIPPED if work.existed and not work.added else Stage.DONE
        entry.error_stage = entry.error = None
        self.journal.record(entry)
        self.finish(work)

    # -- results

    def fail(self, work: Work, stage: str, error: object) -> None:
        """End an item with an error."""
        work.entry.stage = Stage.FAILED
        work.entry.error_stage = stage
        work.entry.error = str(error) or type(error).__name__
        if work.entry.reached is Stage.WAITING:
            self.journal.forget_files(work.entry.key)
            self.journal.forget_placements(work.entry.key)
        self.journal.record(work.entry)
        self.finish(work)

    def finish(self, work: Work, remark: str | None = None) -> None:
        """Hand out the result of an item."""
        self.ready.append((work.position, work.result(remark)))
