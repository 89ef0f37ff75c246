"""Bulk creation and export under a seeded mix of all faults: is anything lost, doubled, wrong, or left open?

    python benchmarks/soak.py [--minutes 10] [--scenes 60] [--rounds N] [--seed 0]

The platform runs in a process of its own, so that memory, sockets and threads counted here are the client's.
Each round creates scenes with pre-annotations and inputs through `BulkRun`, and exports the project's
annotations, while about every fifth call fails in some way and tokens expire every few seconds. Then the
faults are taken away and what the platform holds is compared, byte by byte, with what was sent. The exit
status is the verdict. `run_round` is what the tests use, too.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import hashlib
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.client import KognicIOClient
from kognic.io.model.scene.cameras import Cameras, Frame
from kognic.io.model.scene.resources import Image
from kognic.pipelines.bulk import BulkItem, BulkRun, Target
from kognic.pipelines.export import export_annotations
from kognic.sandbox import Sandbox
from kognic.sandbox.control import Control

PROJECT, TYPE = "sandbox-project", "objects"
TOKEN_LIFETIME = 3.0
RETRY = RetryPolicy(max_attempts=14, lookup_window=2, first_wait=0.01, max_wait=0.2, deadline=60, budget=None)
IMAGES = 2
PASSES = 3
"""A user starts a bulk run again if items failed; this is how often at most, the first time included."""

API, STORAGE, ANY = "* /v*", "* /_storage/*", "*"
# Kind, route, settings. The shares of all rules that fit a call add up to about FAILING. Answers of the API
# have no checksum, so changed bytes in one may be a valid answer that says something else: no client can
# tell, and `corrupt` is for documents, which have one.
MIX: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("status", ANY, {"status": 429, "retry_after": 0}),
    ("status", ANY, {"status": 503}),
    ("status", ANY, {"status": 500}),
    ("status", ANY, {"status": 500, "after": True}),
    ("html", ANY, {"status": 502}),
    ("html", ANY, {"status": 504, "after": True}),
    ("html", API, {"status": 200, "after": True}),
    ("reset", ANY, {}),
    ("reset", ANY, {"after": True}),
    ("latency", ANY, {"seconds": 0.05}),
    ("latency", ANY, {"seconds": 0.05, "after": True}),
    ("slow_answer", API, {"bytes_per_second": 20_000}),
    ("slow_read", STORAGE, {"bytes_per_second": 20_000}),
    ("truncate", API, {}),
    ("wrong_length", API, {}),
    ("truncate", "GET /_storage/*", {}),
    ("corrupt", "GET /_storage/*", {}),
    ("expired_token", API, {}),
    ("revoked_token", API, {}),
    ("expired_url", STORAGE, {}),
    ("short_store", "PUT /_storage/*", {}),
)


def add_faults(control: Control, share: float, seed: int) -> None:
    """Let this share of the calls of every kind go wrong, each rule with its own chance."""
    kinds = {API: 0, STORAGE: 0}
    for _, route, _ in MIX:
        for general in kinds:
            kinds[general] += route in (general, ANY)
    most = max(kinds.values())
    # Rules strike independently: 1 - (1 - p)^n = share.
    chance = 1 - (1 - share) ** (1 / most)
    for number, (kind, route, settings) in enumerate(MIX):
        control.add_fault(kind, route, probability=chance, seed=seed * 1000 + number, **settings)


def picture(seed: str) -> bytes:
    """A small image that no other seed has."""
    from io import BytesIO

    from PIL import Image as Picture

    file = BytesIO()
    Picture.frombytes("RGB", (32, 18), random.Random(seed).randbytes(32 * 18 * 3)).save(file, "PNG")
    return file.getvalue()


DOCUMENT = {
    "openlabel": {
        "metadata": {"schema_version": "1.0.0"},
        "frames": {"0": {"frame_properties": {"timestamp": 0}, "objects": {}}},
    }
}


def make_items(folder: Path, prefix: str, count: int) -> list[BulkItem]:
    """Scenes of some images on disk, no two alike, each with a pre-annotation."""
    folder.mkdir(parents=True, exist_ok=True)
    items = []
    for n in range(count):
        images = []
        for camera in range(IMAGES):
            path = folder / f"{prefix}-{n}-{camera}.png"
            path.write_bytes(picture(path.name))
            images.append(Image(filename=str(path), resource_id=path.name, sensor_name=f"C{camera}"))
        scene = Cameras(external_id=f"{prefix}-{n}", frame=Frame(images=images))
        items.append(BulkItem(scene=scene, pre_annotation=DOCUMENT))
    return items


@dataclass
class Outcome:
    """What a round came to; `problems` is empty if all is as it must be."""

    scenes: int = 0
    passes: int = 0
    calls: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    exported: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Share of the calls that failed."""
        return sum(self.hits.values()) / max(1, self.calls)


def run_round(
    client: KognicIOClient,
    control: Control,
    folder: Path,
    prefix: str,
    count: int,
    *,
    share: float,
    seed: int,
) -> Outcome:
    """Create, annotate and export `count` scenes under faults, then look at what is there without them."""
    outcome = Outcome(scenes=count)
    items = make_items(folder / "files", prefix, count)
    add_faults(control, share, seed)
    failed = _create(client, items, folder / f"{prefix}.journal", outcome)
    _count_hits(control, outcome)
    control.clear_faults()
    outcome.problems += [f"not created: {key}: {error}" for key, error in failed.items()]

    control.wait_until_idle(120)
    made = compare(control, items, outcome)
    for input_uuid in made:
        control.deliver_annotation(input_uuid, DOCUMENT)

    add_faults(control, share, seed + 500)
    try:
        _export(client, folder / "export", outcome)
    finally:
        _count_hits(control, outcome)
        control.clear_faults()
    return outcome


def _create(
    client: KognicIOClient, items: list[BulkItem], journal: Path, outcome: Outcome
) -> dict[str, str | None]:
    failed: dict[str, str | None] = {}
    for _ in range(PASSES):
        outcome.passes += 1
        with BulkRun(
            client, items, target=Target(project=PROJECT), journal=journal, poll_interval=0.05
        ) as run:
            failed = {result.key: result.error for result in run if not result.ok}
        if not failed:
            break
    return failed


def compare(control: Control, items: list[BulkItem], outcome: Outcome) -> list[str]:
    """Compare what the platform holds with what was sent; returns the inputs' UUIDs."""
    wanted = {item.external_id: item for item in items}
    scenes: dict[str, list[dict[str, Any]]] = {}
    for scene in control.scenes():
        if scene["externalId"] in wanted:
            scenes.setdefault(scene["externalId"], []).append(scene)
    inputs: dict[str, list[dict[str, Any]]] = {}
    for one in control.request_inputs():
        inputs.setdefault(one["sceneUuid"], []).append(one)
    made = []
    for name, item in wanted.items():
        found = scenes.get(name, [])
        if len(found) != 1:
            outcome.problems.append(f"{name}: {len(found)} scenes")
            continue
        scene_uuid = found[0].get("uuid") or found[0]["sceneUuid"]
        if found[0]["status"] != "created":
            outcome.problems.append(f"{name}: scene is {found[0]['status']}")
        stored = {key: (of["size"], of["sha256"]) for key, of in control.stored_files(scene_uuid).items()}
        if stored != _sent(item):
            outcome.problems.append(f"{name}: stored files differ from those sent")
        placed = inputs.get(scene_uuid, [])
        if len(placed) != 1 or placed[0]["isDeleted"] or not placed[0]["preAnnotationUuid"]:
            outcome.problems.append(f"{name}: inputs are {placed}")
        made += [one["uuid"] for one in placed]
    return made


def _sent(item: BulkItem) -> dict[str, tuple[int, str]]:
    sent = {}
    for resource_id, resource in item.scene.resources.items():
        content = Path(resource.filename).read_bytes()
        sent[resource_id] = (len(content), hashlib.sha256(content).hexdigest())
    return sent


def _export(client: KognicIOClient, folder: Path, outcome: Outcome) -> None:
    before = outcome.exported
    report = None
    for _ in range(PASSES):
        report = export_annotations(client, PROJECT, folder, TYPE)
        outcome.exported += report.fetched
        if report.ok:
            break
    assert report
    if not report.ok:
        outcome.problems.append(f"not exported: {[failure.error for failure in report.failures[:3]]}")
    if outcome.exported - before != outcome.scenes:
        outcome.problems.append(f"{outcome.exported - before} annotations exported, not {outcome.scenes}")
    lines = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    for line in lines:
        content = (folder / line["file"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != line["sha256"] or "openlabel" not in json.loads(content):
            outcome.problems.append(f"exported file {line['file']} is not what was delivered")


def _count_hits(control: Control, outcome: Outcome) -> None:
    rules = control.faults()
    for rule in rules:
        outcome.hits[rule["kind"]] = outcome.hits.get(rule["kind"], 0) + rule["hits"]
    # Rules for everything have seen every call.
    outcome.calls += max(rule["matched"] for rule in rules)


# The long run


@dataclass(frozen=True)
class Use:
    """What this process uses of the machine."""

    megabytes: float
    sockets: int
    threads: int

    @classmethod
    def now(cls) -> Use:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        sockets = 0
        for entry in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                sockets += str(entry.readlink()).startswith("socket:")
        return cls(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, sockets, threading.active_count())

    def __str__(self) -> str:
        return f"{self.megabytes:.0f} MB, {self.sockets} sockets, {self.threads} threads"


def growth(before: Use, after: Use, *, closed: bool) -> Iterator[str]:
    """What has grown more than a client that runs for long may let it."""
    if after.megabytes > before.megabytes * 1.25 + 25:
        yield f"memory grew from {before} to {after}"
    # An open client keeps connections for later; a closed one keeps none.
    if after.sockets > before.sockets + (0 if closed else 40):
        yield f"sockets grew from {before} to {after}"
    if after.threads > before.threads + (0 if closed else 20):
        yield f"threads grew from {before} to {after}"


@contextlib.contextmanager
def platform() -> Iterator[tuple[dict[str, Any], Control]]:
    """A sandbox in another process: what a client needs to reach it, and its handle."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    try:
        told = json.loads(process.stdout.readline())
        yield told["client"], Control.connect(told["url"], told["token"])
    finally:
        process.stdin.close()
        process.wait(120)  # on a machine that is busy with other work


def serve() -> None:
    """The other process: serves until its standard input ends."""
    with Sandbox(token_lifetime=TOKEN_LIFETIME) as sandbox:
        told = {"auth": sandbox.credentials, **sandbox.hosts()}
        print(json.dumps({"client": told, "url": sandbox.url, "token": sandbox.control_token}), flush=True)
        sys.stdin.read()


def soak(options: argparse.Namespace, say: Callable[[str], object] = print) -> list[str]:
    """Run rounds until the time is over; returns what went wrong."""
    problems: list[str] = []
    start = time.monotonic()
    with platform() as (arguments, control), tempfile.TemporaryDirectory(prefix="kognic-soak-") as work:
        folder, total, calls, hits = Path(work), 0, 0, 0
        idle = warm = Use.now()
        with KognicIOClient(**arguments, retry=RETRY) as client:
            number = 0
            while (
                number < options.rounds if options.rounds else time.monotonic() - start < options.minutes * 60
            ):
                outcome = run_round(
                    client, control, folder, f"r{number}", options.scenes,
                    share=options.share, seed=options.seed + number,
                )  # fmt: skip
                total, calls = total + outcome.scenes, calls + outcome.calls
                hits += sum(outcome.hits.values())
                use = Use.now()
                warm = use if number <= 1 else warm
                problems += [f"round {number}: {problem}" for problem in outcome.problems]
                say(
                    f"{time.monotonic() - start:6.0f} s  round {number}: {outcome.scenes} scenes in "
                    f"{outcome.passes} pass(es), {outcome.exported} exported, {outcome.calls} calls, "
                    f"{outcome.share:.0%} of them harmed; {use}; {len(outcome.problems)} problems"
                )
                number += 1
            problems += growth(warm, Use.now(), closed=False)
        problems += growth(Use(warm.megabytes, idle.sockets, idle.threads), Use.now(), closed=True)
        found = [scene["externalId"] for scene in control.scenes()]
        lost, doubled = total - len(set(found)), len(found) - len(set(found))
        if lost or doubled or len(control.request_inputs()) != total:
            problems.append(f"{total} scenes wanted, {len(found)} made, {doubled} doubled, {lost} lost")
        say(
            f"{total} scenes wanted: {len(set(found))} created, {doubled} doubled, {lost} lost; "
            f"{hits:,} of {calls:,} calls harmed ({hits / max(1, calls):.0%})"
        )
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rounds", type=int, help="this many rounds, however long they take")
    parser.add_argument("--scenes", type=int, default=60, help="scenes of a round")
    parser.add_argument("--share", type=float, default=0.2, help="share of the calls that go wrong")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return 0
    # Every retry is a warning, and there are thousands.
    logging.getLogger("kognic").setLevel(logging.ERROR)
    problems = soak(options, lambda line: print(line, flush=True))
    for problem in problems[:50]:
        print(f"PROBLEM  {problem}")
    print(
        "verdict: "
        + (f"{len(problems)} problems" if problems else "nothing lost, doubled, wrong or left open")
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
