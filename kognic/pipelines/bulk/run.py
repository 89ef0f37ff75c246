"""A bulk run: many items at once, each on its own, none of them twice.

A bounded number of items is under way: their scenes are created by workers (threads, or any
`concurrent.futures.Executor`), scenes that wait for the platform are asked for together, and what is ready
gets its pre-annotation and input. One item's failure is that item's result. The loop is in
`kognic.pipelines.bulk.coordinator`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from os import PathLike
from typing import TYPE_CHECKING

import attrs

from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.pipelines.bulk.coordinator import Coordinator, Options, is_finished
from kognic.pipelines.bulk.items import (
    BrokenItem,
    BulkItem,
    BulkResult,
    Namesakes,
    OnExisting,
    Plan,
    Summary,
    Target,
    as_item,
)
from kognic.pipelines.bulk.journal import MEMORY, Journal
from kognic.pipelines.bulk.steps import existing_scenes, is_incomplete

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.io.model.scene.abstract import BaseScene
    from kognic.io.tools.model import SceneWithPreAnnotation


class BulkRun(AbstractContextManager["BulkRun"]):
    """Creates scenes, and inputs from them, in bulk. Iterate over it to run it.

        with BulkRun(client, items, target=Target(project="p"), journal="drive.journal") as run:
            for result in run:
                print(result.key, result.stage.value)
        print(run.summary)

    Args:
        client: Its `max_connections` bounds the uploads of all items together.
        items: Scenes, `BulkItem`s, or what `create_inputs` takes; any iterable, drawn from as it goes on.
        target: Where the inputs go; without, only scenes are created.
        journal: File that makes the run resumable: started again with the same items after it was killed, it
            uploads nothing twice that storage had confirmed and creates nothing twice. None keeps no record.
        on_existing: What to do when the workspace has a scene of an item's external id already.
        feature_flags: What processing does; None for `FeatureFlags.defaults()`.
        check: Check every scene offline before anything of it is sent: structure, headers of files,
            pre-annotation. One with errors fails with what was found.
        concurrency: Items whose scenes are being created at the same time.
        ordered: Results in the order of the items instead of as they are completed.
        wait: Whether to wait until the platform has processed the scenes. Inputs and pre-annotations need it.
        wait_timeout: Seconds that a committed scene may take to be processed; later it is left as it is.
        poll_interval: Seconds between two questions after the scenes that wait.
        executor: Runs the creation of scenes elsewhere, e.g. a process pool or a Dask client's executor. The
            client and the items are pickled for it; the journal stays here.
        on_file: Called with key, resource id and bytes for every file that storage confirmed.

    Raises:
        JournalError: The journal belongs to another run, is in use, or closed.
        ValueError: `concurrency` is below 1, or `on_existing` is none of the choices.
        TypeError: `executor` is no executor.
    """

    def __init__(
        self,
        client: KognicIOClient,
        items: Iterable[BaseScene | BulkItem | BrokenItem | SceneWithPreAnnotation],
        *,
        target: Target | None = None,
        journal: str | PathLike[str] | None = None,
        on_existing: OnExisting | str = OnExisting.SKIP,
        feature_flags: FeatureFlags | None = None,
        check: bool = True,
        concurrency: int = 8,
        ordered: bool = False,
        wait: bool = True,
        wait_timeout: float = 1800,
        poll_interval: float = 1,
        executor: Executor | None = None,
        on_file: Callable[[str, str, int], object] | None = None,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency}, must be at least 1")
        if executor is not None and not hasattr(executor, "submit"):
            raise TypeError(
                f"executor is {executor!r}, must be a concurrent.futures.Executor; that of a Dask cluster is "
                "distributed.Client(address).get_executor()"
            )
        self.options = Options(
            client=client,
            items=items,
            target=target or Target(),
            on_existing=OnExisting(on_existing),
            feature_flags=feature_flags,
            check=check,
            concurrency=concurrency,
            wait=wait,
            wait_timeout=wait_timeout,
            poll_interval=poll_interval,
            executor=executor,
            on_file=on_file,
        )
        self.ordered = ordered
        self.journal = Journal(MEMORY if journal is None else journal)
        self.summary = Summary()

    def __repr__(self) -> str:
        record = "none" if str(self.journal.path) == MEMORY else str(self.journal.path)
        return f"{type(self).__name__}(target={self.options.target}, journal={record}, {self.summary})"

    def close(self) -> None:
        """Release the journal."""
        self.journal.close()

    def __exit__(self, *_exc: object) -> None:
        self.close()

    # -- before

    def plan(self) -> Plan:
        """Find out what the run would do: counts, bytes, and what already exists. Creates nothing.

        Draws all items; a generator is kept as a list for the run itself.

        Raises:
            JournalError: The journal belongs to another run.
            Exception: What the iterable of items raises.
        """
        self.journal.expect(self._facts())
        given = [as_item(item, position) for position, item in enumerate(self.options.items)]
        self.options = attrs.evolve(self.options, items=given)
        broken = {i.name: i.reason for i in given if isinstance(i, BrokenItem)}
        all_items = [i for i in given if isinstance(i, BulkItem)]
        namesakes = Namesakes(self.options.on_existing)
        clashes = [namesakes.clash(item) for item in all_items]
        items = [item for item, clash in zip(all_items, clashes, strict=True) if clash is None]
        known = {entry.key: entry for entry in self.journal.entries()}
        fresh = [i for i in items if i.name not in known or known[i.name].scene_uuid is None]
        existing: dict[str, tuple[str, ...]] = {}
        incomplete: list[str] = []
        if self.options.on_existing is not OnExisting.IGNORE:
            with ThreadPoolExecutor(self.options.concurrency, "kognic-plan") as pool:
                found = pool.map(lambda i: existing_scenes(self.options.client, i.external_id), fresh)
                for item, scenes in zip(fresh, found, strict=True):
                    if scenes:
                        existing[item.name] = tuple(s.uuid for s in scenes)
                        incomplete += [item.name] if all(map(is_incomplete, scenes)) else []
        completed = set(incomplete) if self.options.on_existing is OnExisting.UPDATE else ()
        sizes: list[int | None] = []
        for item in items:
            if (item.name in existing and item.name not in completed) or is_finished(known.get(item.name)):
                continue
            try:
                sizes += self._to_send(item)
            except OSError as error:
                broken[item.name] = str(error)
        return Plan(
            total=len(all_items),
            new=len(fresh) - len(existing),
            existing=existing,
            finished=sum(is_finished(known.get(i.name)) for i in items),
            begun=len(items) - len(fresh) - sum(is_finished(known.get(i.name)) for i in items),
            files=len(sizes),
            bytes=sum(size for size in sizes if size is not None),
            files_of_unknown_size=sizes.count(None),
            duplicates=tuple(i.name for i, clash in zip(all_items, clashes, strict=True) if clash),
            broken=broken,
            incomplete=tuple(incomplete),
        )

    def _to_send(self, item: BulkItem) -> Iterator[int | None]:
        stored = self.journal.stored_files(item.name)
        return (size for name, size in item.files().items() if name not in stored)

    # -- the run

    def __iter__(self) -> Iterator[BulkResult]:
        """Run; yields one result per item.

        Raises:
            JournalError: See the class; or the journal's disk is full.
            Exception: What the iterable of items raises, when the items before have come to their end.
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
        target = attrs.asdict(self.options.target, filter=lambda _, value: value is not None)
        return {"workspace": self.options.client.workspace_id, **target}

    def _results(self) -> Generator[tuple[int, BulkResult], None, None]:
        # One thread for each scene that is created, as many again if those only wait for the executor, and
        # two for questions and belongings.
        creators = self.options.concurrency * (1 if self.options.executor is None else 2)
        own = ThreadPoolExecutor(creators + 2, "kognic-bulk")
        try:
            yield from Coordinator(self.options, self.journal, self.summary, own).run()
        finally:
            own.shutdown(wait=True, cancel_futures=True)


def _in_order(results: Iterable[tuple[int, BulkResult]]) -> Iterator[BulkResult]:
    """Sort results by position, holding back what came too early."""
    early: dict[int, BulkResult] = {}
    following = 0
    for position, result in results:
        early[position] = result
        while following in early:
            yield early.pop(following)
            following += 1
