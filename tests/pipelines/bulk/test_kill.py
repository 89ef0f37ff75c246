"""A bulk run that is killed again and again ends as if it had never been."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from kognic.io.client import KognicIOClient
from kognic.io.model.scene.cameras import Cameras
from kognic.pipelines.bulk import Journal, Stage
from kognic.sandbox import Sandbox

SCENES = 100
KILLS = 30
VICTIM = Path(__file__).with_name("victim.py")


def start(work: dict[str, Any]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, VICTIM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    process.stdin.write(json.dumps(work))
    process.stdin.close()
    return process


def puts(sandbox: Sandbox) -> Counter[str]:
    """How often each file has been stored, by its address."""
    return Counter(
        unquote(call.path) for call in sandbox.control.calls() if call.method == "PUT" and call.status == 200
    )


@pytest.mark.slow
def test_killed_at_random_moments(
    kognic_client: KognicIOClient,
    kognic_sandbox: Sandbox,
    make_scene: Callable[..., Cameras],
    document: dict[str, Any],
    tmp_path: Path,
) -> None:
    """After 30 kills of a run of 100 scenes there are 100 scenes and inputs, every byte right, none twice.

    No file that was stored before a kill is sent again; one in flight at the kill may be.
    """
    luck = random.Random(20260131)
    scenes = {s.external_id: s for s in (make_scene(n, images=3) for n in range(SCENES))}
    work = {
        "scenes": {name: [i.filename for i in scene.frame.images] for name, scene in scenes.items()},
        "document": document,
        "credentials": kognic_sandbox.credentials,
        "hosts": kognic_sandbox.hosts(),
        "journal": str(tmp_path / "journal"),
    }
    kills = 0
    while kills < KILLS:
        process = start(work)
        assert process.stdout
        # About 600 lines in all: some kills come before the first of them, most somewhere in the middle.
        for _ in range(luck.randrange(0, 28)):
            if not process.stdout.readline():
                break
        os.kill(process.pid, signal.SIGKILL)
        process.stdout.read()
        process.stdout.close()
        process.wait()
        kills += 1
        with Journal(tmp_path / "journal") as journal:
            recorded = {
                (entry.scene_uuid, resource)
                for entry in journal.entries()
                for resource in journal.stored_files(entry.key)
            }
        stored_before = {
            address: count
            for address, count in puts(kognic_sandbox).items()
            if any(uuid and uuid in address and address.endswith(res) for uuid, res in recorded)
        }
        work.setdefault("stored", []).append(stored_before)
    assert kills == KILLS

    finishing = start({k: v for k, v in work.items() if k != "stored"})
    assert finishing.stdout
    output = finishing.stdout.read()
    assert finishing.wait() == 0, output
    finishing.stdout.close()

    with Journal(tmp_path / "journal") as journal:
        assert journal.counts() == {Stage.DONE: SCENES}, output
    found = kognic_sandbox.control.scenes()
    assert Counter(scene["externalId"] for scene in found) == dict.fromkeys(scenes, 1)
    assert {scene["status"] for scene in found} == {"created"}
    inputs = kognic_client.input.query_inputs(project="sandbox-project")
    assert Counter(i.scene_external_id for i in inputs) == dict.fromkeys(scenes, 1)
    uuids = [scene["uuid"] for scene in found]
    assert len(kognic_client.pre_annotation.list(scene_uuids=uuids)) == SCENES
    for scene in found:
        for image in scenes[scene["externalId"]].frame.images:
            stored = kognic_sandbox.control.stored_bytes(scene["uuid"], image.resource_id or "")
            assert stored == Path(image.filename).read_bytes()
    in_the_end = puts(kognic_sandbox)
    for stored_before in work["stored"]:
        for address, count in stored_before.items():
            assert in_the_end[address] == count, f"{address} was stored before a kill and sent again"
