"""Signals end a command as Ctrl-C does: within seconds, with an account and 128 plus the number as status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.night.campaign import START
from kognic.cli import signals
from kognic.sandbox import Sandbox
from tests.io.resources.annotation.test_annotation import TYPE, deliver
from tests.pipelines.bulk.conftest import picture

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")]

SCENES = 12


@pytest.fixture
def drives(tmp_path: Path) -> Path:
    """Folders with a scene file each."""
    for n in range(SCENES):
        folder = tmp_path / "drives" / str(n)
        folder.mkdir(parents=True)
        (folder / "a.png").write_bytes(picture(n))
        scene = {"type": "cameras", "external_id": f"drive-{n}", "project": "sandbox-project",
                 "frame": {"images": [{"sensor_name": "C", "filename": "a.png"}]}}  # fmt: skip
        (folder / "scene.json").write_text(json.dumps(scene))
    return tmp_path / "drives"


def start(sandbox: Sandbox, tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    credentials = tmp_path / "credentials.json"
    credentials.write_text(json.dumps(sandbox.credentials))
    environments = tmp_path / ".config" / "kognic" / "environments.json"
    environments.parent.mkdir(parents=True, exist_ok=True)
    environments.write_text(
        json.dumps(
            {
                "default_environment": "here",
                "environments": {
                    "here": {
                        "host": "127.0.0.1",
                        "auth_server": sandbox.url,
                        "url": sandbox.url,
                        "credentials": str(credentials),
                    }
                },
            }
        )
    )
    credentials.chmod(0o600)
    env = {**os.environ, "KOGNIC_ENVIRONMENT": "here", "HOME": str(tmp_path)}
    return subprocess.Popen(
        [sys.executable, "-c", START, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    )


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_stopped_run_resumes(
    kognic_sandbox: Sandbox, drives: Path, tmp_path: Path, number: int, status: int
) -> None:
    """The run is stopped while scenes are in flight: it says how to resume, and loses nothing."""
    control = kognic_sandbox.control
    journal = str(tmp_path / "j")
    with control.held():
        process = start(kognic_sandbox, tmp_path, "bulk", "run", str(drives), "--journal", journal)
        assert process.stderr
        first = process.stderr.readline()
        while len([s for s in control.scenes() if s["status"] != "pending"]) < SCENES // 2:
            assert process.poll() is None, first + process.stderr.read()
        process.send_signal(number)
        _, said = process.communicate(timeout=signals.GRACE + 30)
    assert process.returncode == status, said
    assert f"Resume with: kognic bulk resume {journal}" in said
    assert "Traceback" not in said

    resumed = start(kognic_sandbox, tmp_path, "bulk", "resume", journal, "--json")
    out, said = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, said
    assert json.loads(out)["summary"]["failed"] == 0
    names = {f"drive-{n}": 1 for n in range(SCENES)}
    assert Counter(s["externalId"] for s in control.scenes()) == names
    with kognic_sandbox.client() as client:
        inputs = client.input.query_inputs(project="sandbox-project")
    assert Counter(i.scene_external_id for i in inputs) == names


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_account_of_an_interrupted_upload(
    kognic_sandbox: Sandbox, drives: Path, tmp_path: Path, number: int, status: int
) -> None:
    """The scene that exists is named, whichever signal it was, and how to complete it."""
    control = kognic_sandbox.control
    control.add_fault("latency", "PUT /_storage/*", seconds=60)
    process = start(kognic_sandbox, tmp_path, "scene", "create", str(drives / "0"))
    while not control.scenes("drive-0"):
        assert process.poll() is None
    process.send_signal(number)
    _, said = process.communicate(timeout=signals.GRACE + 30)
    control.clear_faults()
    (scene,) = control.scenes("drive-0")
    assert process.returncode == status, said
    assert f"exists          scene  drive-0 ({scene['uuid']}): pending, its files are incomplete" in said
    assert "does not exist  inputs  none in project sandbox-project" in said
    assert f"Continue with: kognic bulk run {drives / '0'} --if-exists update\n" in said
    assert "not created" not in said
    assert "Traceback" not in said


def test_calls_that_hang_are_abandoned(kognic_sandbox: Sandbox, drives: Path, tmp_path: Path) -> None:
    """A platform that does not answer keeps nobody: the process ends, with the status of the signal."""
    kognic_sandbox.control.add_fault("latency", "POST /v1/cameras*", seconds=60)
    journal = str(tmp_path / "j")
    process = start(kognic_sandbox, tmp_path, "bulk", "run", str(drives), "--journal", journal, "--no-plan")
    while not [c for c in kognic_sandbox.control.calls() if "scenes" in c.path]:
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=signals.GRACE + 30)
    kognic_sandbox.control.clear_faults()
    assert process.returncode == 143, said


def test_stopped_export_resumes(kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """Downloads that hang keep nobody: the command says what to do, and the next one fetches the rest."""
    control = kognic_sandbox.control
    with kognic_sandbox.client() as client:
        for n in range(6):
            deliver(client, control, f"a{n}")
    control.clear_calls()
    fault = control.add_fault("latency", "GET /_storage/*", seconds=60, skip=3)
    export = ("annotation", "export", "sandbox-project", str(tmp_path / "out"), "--annotation-type", TYPE)
    process = start(kognic_sandbox, tmp_path, *export)
    while sum("_storage" in call.path for call in control.calls()) < 4:
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=signals.GRACE + 30)
    control.remove_fault(fault)
    assert (process.returncode, "Run the same command again" in said) == (143, True), said

    out, said = start(kognic_sandbox, tmp_path, *export, "--json").communicate(timeout=60)
    report = json.loads(out)
    assert (report["listed"], report["fetched"] + report["unchanged"], report["failed"]) == (6, 6, 0), said
    assert report["unchanged"] >= 1


def test_ignored_signals_stay_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under nohup."""
    kept = {n: signal.getsignal(n) for n in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)}
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signals.install()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def test_within() -> None:
    """A result in time, or None."""
    assert signals.within(30, lambda: 7) == 7
    assert signals.within(0, threading.Event().wait) is None
