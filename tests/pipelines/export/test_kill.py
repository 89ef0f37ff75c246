"""An export that is killed again and again ends as if it had never been."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from kognic.io.client import KognicIOClient
from kognic.pipelines.export import export_annotations
from kognic.pipelines.export.index import Index
from kognic.sandbox import Sandbox
from tests.pipelines.export.conftest import PROJECT, TYPE, Deliver

ANNOTATIONS = 40
LINES_BEFORE_THE_KILL = (0, 3, 9, 17, 26, 33)
VICTIM = Path(__file__).with_name("victim.py")


def fetched(sandbox: Sandbox) -> Counter[str]:
    """How often each document has been fetched, by its address."""
    calls = sandbox.control.calls()
    return Counter(c.path for c in calls if c.method == "GET" and "_storage" in c.path and c.status == 200)


@pytest.mark.slow
def test_killed_exports_go_on(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, deliver: Deliver, tmp_path: Path
) -> None:
    """Everything is there in the end, and what the index had before a kill is not fetched again."""
    for n in range(ANNOTATIONS):
        deliver(n)
    work = {
        "credentials": kognic_sandbox.credentials, "hosts": kognic_sandbox.hosts(), "project": PROJECT,
        "annotation_type": TYPE, "folder": str(tmp_path / "out"),
    }  # fmt: skip
    known = 0
    for lines in LINES_BEFORE_THE_KILL:
        process = subprocess.Popen(
            [sys.executable, VICTIM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(work))
        process.stdin.close()
        for _ in range(lines):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.stdout.read()
        process.stdout.close()
        process.wait()
        (tmp_path / "out").mkdir(exist_ok=True)
        index = Index(tmp_path / "out")
        before, known = known, len(index.gone_since("no run"))
        index.close()
        assert known >= max(before, lines)

    before_the_last = sum(fetched(kognic_sandbox).values())
    report = export_annotations(kognic_client, PROJECT, tmp_path / "out", TYPE)

    assert (report.listed, report.unchanged, report.fetched) == (ANNOTATIONS, known, ANNOTATIONS - known)
    assert sum(fetched(kognic_sandbox).values()) - before_the_last == ANNOTATIONS - known
    lines_of = (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()
    manifest = [json.loads(line) for line in lines_of]
    listed = list(kognic_client.annotation.get_project_annotations(PROJECT, TYPE))
    assert [line["scene_uuid"] for line in manifest] == [each.scene_uuid for each in listed]
    for line, annotation in zip(manifest, listed, strict=True):
        content = (tmp_path / "out" / line["file"]).read_bytes()
        assert json.loads(content) == annotation.content
        assert line["sha256"] == hashlib.sha256(content).hexdigest()
