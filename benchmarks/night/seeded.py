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
# Share of the calls of a route that may be more or fewer in a second run.
MORE_CALLS = 0.1
STORAGE_KINDS: tuple[tuple[str, dict[str, Any]], ...] = (("short_store", {}), ("expired_url", {}))


@attrs.frozen
class Night:
    """What happened.

    Attributes:
        calls: Number of calls by route.
        faults: Route, number of the call on that route, and kind of every fault.
        objects: By external ID of the scene: status, files with their SHA-256, inputs and pre-annotations.
        failed: Items that failed, with their errors.
    """

    calls: dict[str, int]
    faults: list[tuple[str, int, str]]
    objects: dict[str, Any]
    failed: dict[str, str | None]

    def differences(self, other: Night) -> list[str]:
        """Return how another run under the same seed differs; empty if it is as it must be.

        Threads decide which file of which scene meets a fault. Two URLs of one scene that expire together are
        renewed with one call, and with two if they expire one after the other: the number of calls may differ
        by a few, but not what happens to those that both runs made.
        """
        both = {route: min(count, other.calls.get(route, 0)) for route, count in self.calls.items()}
        mine, theirs = (
            [fault for fault in night.faults if fault[1] <= both.get(fault[0], 0)] for night in (self, other)
        )
        problems = [f"only one of two runs met {fault}" for fault in sorted({*mine} ^ {*theirs})]
        few = {r: (n, other.calls.get(r, 0)) for r, n in self.calls.items()
               if abs(n - other.calls.get(r, 0)) > n * MORE_CALLS}  # fmt: skip
        problems += [
            f"{route}: {calls[0]} calls in one run, {calls[1]} in the other" for route, calls in few.items()
        ]
        names = sorted(self.objects.keys() | other.objects.keys())
        problems += [f"{name} differs" for name in names if self.objects.get(name) != other.objects.get(name)]
        if self.failed != other.failed:
            problems.append(f"failed items: {self.failed} in one run, {other.failed} in the other")
        return problems


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
                # Threads decide whether it is one file that meets this again and again, which ends its item.
                probability=chance / 8 if kind == "expired_url" else chance,
                seed=zlib.crc32(repr((seed, route, kind, settings)).encode()),
                **settings,
            )
    retry = attrs.evolve(RETRY, lookup_window=0.2)
    with platform.client(retry=retry) as client, BulkRun(
        client, campaign.items, target=Target(project=PROJECT), on_existing="create", poll_interval=0.05
    ) as run:  # fmt: skip
        failed = {result.key: result.error for result in run if not result.ok}
    platform.control.clear_faults()
    return Night(*_calls_and_faults(platform), _objects(platform), failed)


def _calls_and_faults(platform: Platform) -> tuple[dict[str, int], list[tuple[str, int, str]]]:
    seen: Counter[str] = Counter()
    struck = []
    for call in platform.control.calls():
        route = f"{call.method} {call.route}"
        seen[route] += 1
        if call.fault:
            struck.append((route, seen[route], call.fault))
    changing = {route: count for route, count in seen.items() if route in {fault[0] for fault in struck}}
    return changing, sorted(struck)


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
