"""A bulk run under faults that a seed decides: the same seed brings the same faults and the same objects."""

from __future__ import annotations

import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import attrs

from benchmarks.night.campaign import Campaign, Platform
from benchmarks.soak import PROJECT, RETRY
from kognic.pipelines.bulk import BulkRun, Target

# How often a status is asked for depends on time, so faults are for the calls that create and store, each of
# which has its place in the order of its own route.
ROUTES = (
    "POST /v1/inputs/cameras",
    "PUT /_storage/*",
    "POST /v1/inputs/*/actions/commit",
    "POST /v1/pre-annotations",
    "POST /v1/inputs",
)
KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("status", {"status": 503}),
    ("status", {"status": 500}),
    ("status", {"status": 500, "after": True}),
    ("html", {"status": 504, "after": True}),
    ("reset", {}),
    ("reset", {"after": True}),
)
STORAGE_KINDS: tuple[tuple[str, dict[str, Any]], ...] = (("short_store", {}), ("expired_url", {}))


@attrs.frozen
class Night:
    """What happened.

    Attributes:
        faults: Route, number of the call on that route, and kind of every fault.
        objects: By external ID of the scene: status, files with their SHA-256, inputs and pre-annotations.
        failed: Items that failed, with their errors.
    """

    faults: list[tuple[str, int, str]]
    objects: dict[str, Any]
    failed: dict[str, str | None]


def run_seeded(platform: Platform, folder: Path, *, scenes: int, seed: int, chance: float = 0.04) -> Night:
    """Create a campaign while calls fail as the seed says.

    Args:
        platform: A fresh one.
        folder: An empty folder.
        scenes: Scenes of two files each.
        seed: Of the faults.
        chance: Of each kind of fault, for each call.
    """
    campaign = Campaign.make(folder, "seeded", scenes)
    platform.control.clear_calls()
    for route in ROUTES:
        for kind, settings in KINDS + (STORAGE_KINDS if "_storage" in route else ()):
            platform.control.add_fault(
                kind,
                route,
                probability=chance,
                seed=zlib.crc32(repr((seed, route, kind, settings)).encode()),
                **settings,
            )
    retry = attrs.evolve(RETRY, lookup_window=0.2)
    with platform.client(retry=retry) as client, BulkRun(
        client, campaign.items, target=Target(project=PROJECT), on_existing="create", poll_interval=0.05
    ) as run:  # fmt: skip
        failed = {result.key: result.error for result in run if not result.ok}
    platform.control.clear_faults()
    return Night(_faults(platform), _objects(platform), failed)


def _faults(platform: Platform) -> list[tuple[str, int, str]]:
    seen: Counter[str] = Counter()
    struck = []
    for call in platform.control.calls():
        route = f"{call.method} {call.route}"
        seen[route] += 1
        if call.fault:
            struck.append((route, seen[route], call.fault))
    return sorted(struck)


def _objects(platform: Platform) -> dict[str, Any]:
    control = platform.control
    inputs = Counter(one["sceneUuid"] for one in control.request_inputs() if one["preAnnotationUuid"])
    return {
        scene["externalId"]: (
            scene["status"],
            {name: of["sha256"] for name, of in control.stored_files(scene["uuid"]).items()},
            inputs[scene["uuid"]],
        )
        for scene in control.scenes()
    }
