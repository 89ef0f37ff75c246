"""What a bulk run would do, found out without creating anything."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence

import attrs

from kognic._core.pools import interruptible_pool
from kognic.base_clients.http.outages import Lookout, Outlast
from kognic.io.model.scene.scene_entry import Scene
from kognic.pipelines.bulk.items import BrokenItem, BulkItem, Namesakes, OnExisting, Plan
from kognic.pipelines.bulk.journal import Entry, Journal
from kognic.pipelines.bulk.steps import existing_scenes, is_incomplete
from kognic.pipelines.bulk.work import Options


def make_plan(options: Options, journal: Journal, given: Sequence[BulkItem | BrokenItem]) -> Plan:
    """Plan a run.

    Args:
        options: The arguments of the run.
        journal: What earlier runs have done.
        given: All items of the run.
    """
    refused = _refused(given)
    broken = {item.name: item.reason for item in refused}
    items, duplicates = _without_duplicates(given, options.on_existing)
    known = {entry.key: entry for entry in journal.entries()}
    fresh = [item for item in items if item.name not in known or known[item.name].scene_uuid is None]
    found = _Found() if options.on_existing is OnExisting.CREATE else _look_up(options, fresh)
    finished = {item.name for item in items if _is_final(known.get(item.name))}
    left_alone = finished | found.existing.keys()
    if options.on_existing is OnExisting.UPDATE:
        left_alone -= set(found.incomplete)
    sizes = _sizes((item for item in items if item.name not in left_alone), journal, broken)
    return Plan(
        total=len(given),
        new=len(fresh) - len(found.existing),
        existing=found.existing,
        finished=len(finished),
        begun=len(items) - len(fresh) - len(finished),
        files=len(sizes),
        bytes=sum(size for size in sizes if size is not None),
        files_of_unknown_size=sizes.count(None),
        duplicates=tuple(duplicates),
        broken=broken,
        incomplete=tuple(found.incomplete),
        invalid=len(refused),
    )


def _refused(given: Iterable[BulkItem | BrokenItem]) -> list[BrokenItem]:
    return [item for item in given if isinstance(item, BrokenItem)]


@attrs.define
class _Found:
    existing: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    incomplete: list[str] = attrs.field(factory=list)


def _without_duplicates(
    given: Iterable[BulkItem | BrokenItem], on_existing: OnExisting
) -> tuple[list[BulkItem], list[str]]:
    """The items that can be created, and the names of those that conflict with an earlier one."""
    namesakes = Namesakes(on_existing)
    items: list[BulkItem] = []
    duplicates: list[str] = []
    for item in given:
        if isinstance(item, BulkItem):
            if namesakes.clash(item) is None:
                items.append(item)
            else:
                duplicates.append(item.name)
    return items, duplicates


def _look_up(options: Options, items: Sequence[BulkItem]) -> _Found:
    """Which items have a scene in the workspace already, and which of these scenes lack files."""
    found = _Found()
    if not items:
        return found
    client, patience, stopped = options.client, options.patience, threading.Event()
    outlast = Outlast(client, patience, stopped=stopped, asks=True)

    def look_up(item: BulkItem) -> Sequence[Scene]:
        return outlast.call(lambda: existing_scenes(client, item.external_id), quickly=True)

    with (
        Lookout(client.breaker, options.on_notice, limit=patience.limit),
        interruptible_pool(options.concurrency, "kognic-plan") as pool,
    ):
        try:
            for item, scenes in zip(items, pool.map(look_up, items), strict=True):
                if scenes:
                    found.existing[item.name] = tuple(scene.uuid for scene in scenes)
                    if all(map(is_incomplete, scenes)):
                        found.incomplete.append(item.name)
        except BaseException:
            # Threads that wait for the end of an outage would keep the program.
            stopped.set()
            raise
    return found


def _sizes(items: Iterable[BulkItem], journal: Journal, broken: dict[str, str]) -> list[int | None]:
    """The sizes of the files to upload; items whose files cannot be read go to `broken`."""
    sizes: list[int | None] = []
    for item in items:
        stored: Mapping[str, int] = journal.stored_files(item.name)
        try:
            sizes += [size for name, size in item.files().items() if name not in stored]
        except OSError as error:
            broken[item.name] = str(error)
    return sizes


def _is_final(entry: Entry | None) -> bool:
    return entry is not None and entry.stage.is_final
