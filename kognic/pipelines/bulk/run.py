"""A bulk run: many items in parallel, each created exactly once.

A bounded number of items is under way: workers (threads, or any `concurrent.futures.Executor`) create their
scenes, one call asks for the status of many scenes, and those that are ready get their pre-annotations and
inputs. A failed item does not stop the others. The loop is in `kognic.pipelines.bulk.coordinator`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from os import PathLike
from typing import TYPE_CHECKING

import attrs

from kognic.base_clients.http.outages import Patience, outlast
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.resources.polling import PROCESSING_TIMEOUT
from kognic.pipelines.bulk.coordinator import Coordinator
from kognic.pipelines.bulk.dask_executor import DaskClient, as_executor
from kognic.pipelines.bulk.items import (
    BrokenItem,
    BulkItem,
    BulkResult,
    OnExisting,
    Plan,
    Summary,
    Targets,
    as_item,
    as_targets,
)
from kognic.pipelines.bulk.journal import MEMORY, Journal
from kognic.pipelines.bulk.planning import make_plan
from kognic.pipelines.bulk.work import Options

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.io.model.scene.abstract import BaseScene
    from kognic.io.tools.model import SceneWithPreAnnotation


class BulkRun(AbstractContextManager["BulkRun"]):
    """Create scenes, and inputs from them, in bulk. Iterate over the run to execute it.

        with BulkRun(client, items, target=Target(project="p"), journal="drive.journal") as run:
            for result in run:
                print(result.key, result.stage.value)
        print(run.summary)

    Args:
        client: Its `max_connections` limits the uploads of all items together.
        items: Scenes, `BulkItem`s, or what `create_inputs` takes; any iterable, consumed lazily, so a
            generator over a database works.
        target: Where the inputs go: one target or a list, each with a pre-annotation of its own if it has
            one. Without a target, only scenes are created.
        journal: File that makes the run resumable. Started again with the same items, the run uploads no file
            and creates no object a second time. None keeps no record. An open `Journal` is closed with the
            run.
        on_existing: What to do if the workspace already has a scene with an item's external ID.
        feature_flags: What processing does; None for `FeatureFlags.defaults()`.
        check: Check every scene offline before anything of it is sent: structure, headers of files,
            pre-annotation. A scene with errors fails with the list of findings.
        concurrency: Items whose scenes are created at the same time.
        ordered: Yield results in the order of the items instead of as they are completed.
        wait: Wait until the platform has processed the scenes. Inputs and pre-annotations need it.
        wait_timeout: Seconds to wait for a scene, or a pre-annotation, to be processed; outages of the
            platform do not count.
        poll_interval: Seconds between two status requests.
        executor: Creates scenes elsewhere: a process pool, or a `distributed.Client` for the workers of a
            Dask cluster. The client and the items are pickled for it; the journal stays here.
        patience: How long to outlast an outage of the platform or its storage, in seconds or as a `Patience`;
            None waits without limit. While the platform is away, the run begins no new items.
        on_file: Called with key, resource id and bytes for every file that storage confirmed.
        on_notice: Called with a sentence when an outage begins and when it ends, instead of a log message.

    Raises:
        JournalError: The journal belongs to another run, is in use, or closed.
        ValueError: `concurrency` is below 1, `on_existing` is unknown, or two targets are the same.
        TypeError: `executor` is neither an executor nor a Dask client.
    """

    def __init__(
        self,
        client: KognicIOClient,
        items: Iterable[BaseScene | BulkItem | BrokenItem | SceneWithPreAnnotation],
        *,
        target: Targets | None = None,
        journal: str | PathLike[str] | Journal | None = None,
        on_existing: OnExisting | str = OnExisting.SKIP,
        feature_flags: FeatureFlags | None = None,
        check: bool = True,
        concurrency: int = 8,
        ordered: bool = False,
        wait: bool = True,
        wait_timeout: float = PROCESSING_TIMEOUT,
        poll_interval: float = 1,
        executor: Executor | DaskClient | None = None,
        patience: Patience | float | None = 3600.0,
        on_file: Callable[[str, str, int], object] | None = None,
        on_notice: Callable[[str], object] | None = None,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency}, must be at least 1")
        self.options = Options(
            client=client,
            items=items,
            targets=as_targets(target),
            on_existing=OnExisting(on_existing),
            feature_flags=feature_flags,
            check=check,
            concurrency=concurrency,
            wait=wait,
            wait_timeout=wait_timeout,
            poll_interval=poll_interval,
            executor=as_executor(executor),
            on_file=on_file,
            on_notice=on_notice,
            patience=Patience.of(patience),
        )
        self.ordered = ordered
        self.journal = (
            journal if isinstance(journal, Journal) else Journal(MEMORY if journal is None else journal)
        )
        self.summary = Summary()

    def __repr__(self) -> str:
        record = "none" if str(self.journal.path) == MEMORY else str(self.journal.path)
        targets = self.options.targets
        target = targets[0] if len(targets) == 1 else targets or None
        return f"{type(self).__name__}(target={target}, journal={record}, {self.summary})"

    def close(self) -> None:
        """Release the journal."""
        self.journal.close()

    def __exit__(self, *_exc: object) -> None:
        self.close()

    # -- before

    def plan(self) -> Plan:
        """Find out what the run would do: counts, bytes, and what exists already. Creates nothing.

        Consumes all items; a generator is kept as a list for the run itself. What the run is goes into the
        journal before the platform is asked for anything but the workspace.

        Raises:
            JournalError: The journal belongs to another run.
            PlatformAwayError: The platform was away for longer than `patience`.
            Exception: What the iterable of items raises.
        """
        self.journal.bind(self._facts())
        given = [as_item(item, position) for position, item in enumerate(self.options.items)]
        self.options = attrs.evolve(self.options, items=given)
        return make_plan(self.options, self.journal, given)

    # -- the run

    def __iter__(self) -> Iterator[BulkResult]:
        """Execute the run; yields one result per item.

        When the iteration is abandoned, nothing new is begun and calls in flight get a few seconds to finish.

        Raises:
            JournalError: See the class; or the journal's disk is full.
            PlatformAwayError: The platform was away for longer than `patience`.
            AuthenticationError: The platform rejects the credentials; what has been done is kept.
            TokenError: The auth server rejects them.
            ConnectionFailedError: A TLS certificate is not trusted, or a proxy rejects the client; the same.
            UploadError: The same between client and storage.
            Exception: What the iterable of items raises, after the items before it are finished.
        """
        self.journal.bind(self._facts())
        started = time.monotonic()
        results = self._results()
        try:
            for result in _in_order(results) if self.ordered else (r for _, r in results):
                self.summary.count(result)
                self.summary.seconds = time.monotonic() - started
                yield result
        finally:
            results.close()
            self.summary.seconds = time.monotonic() - started

    def _facts(self) -> dict[str, str]:
        options = self.options
        client, targets = options.client, options.targets
        workspace = outlast(client, lambda: client.workspace_id, options.patience, options.on_notice)
        facts = {"workspace": workspace}
        if len(targets) > 1:
            return {**facts, "targets": json.dumps([target.label for target in targets])}
        names = ("project", "batch", "request_uuid")
        given = {name: getattr(target, name) for target in targets for name in names}
        return {**facts, **{name: value for name, value in given.items() if value is not None}}

    def _results(self) -> Generator[tuple[int, BulkResult], None, None]:
        # One thread for each scene that is created, as many again if those only wait for the executor, and
        # three for status requests and placing.
        creators = self.options.concurrency * (1 if self.options.executor is None else 2)
        own = ThreadPoolExecutor(creators + 3, "kognic-bulk")
        coordinator = Coordinator(self.options, self.journal, self.summary, own)
        try:
            yield from coordinator.run()
        finally:
            coordinator.abandon()


def _in_order(results: Iterable[tuple[int, BulkResult]]) -> Iterator[BulkResult]:
    """Sort results by position; results that come too early are held back."""
    early: dict[int, BulkResult] = {}
    following = 0
    for position, result in results:
        early[position] = result
        while following in early:
            yield early.pop(following)
            following += 1
