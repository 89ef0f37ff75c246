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
from tests.io.resources.scenes import cameras_scene
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


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_run_that_is_stopped_while_it_plans(
    kognic_sandbox: Sandbox, drives: Path, tmp_path: Path, number: int, status: int
) -> None:
    """The first query hangs. The journal records the run before it, so the run can be resumed."""
    control, journal = kognic_sandbox.control, str(tmp_path / "j")
    fault = control.add_fault("latency", "POST /v2/scenes/query", seconds=60)
    process = start(kognic_sandbox, tmp_path, "bulk", "run", str(drives), "--journal", journal)
    while not any(call.path == "/v2/scenes/query" for call in control.calls()):
        assert process.poll() is None
    process.send_signal(number)
    _, said = process.communicate(timeout=signals.GRACE + 30)
    control.remove_fault(fault)
    assert process.returncode == status, said
    assert f"Resume with: kognic bulk resume {journal}" in said
    assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == [".config", "credentials.json", "drives", "j"]
    out, said = start(kognic_sandbox, tmp_path, "bulk", "resume", journal, "--json").communicate(timeout=120)
    assert json.loads(out)["summary"]["failed"] == 0, said
    names = {f"drive-{n}": 1 for n in range(SCENES)}
    assert Counter(scene["externalId"] for scene in control.scenes()) == names


def test_cleaning_that_is_stopped(kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """It says how many scenes are invalidated, and the same command does the rest."""
    control = kognic_sandbox.control
    with kognic_sandbox.client() as client:
        uuids = [client.cameras.create(cameras_scene(f"s{n}")).scene_uuid for n in range(3)]
        client.scene.wait_until_created(uuids, poll_interval=0.02)
    names = tmp_path / "names.txt"
    names.write_text("\n".join(uuids))
    control.clear_calls()
    fault = control.add_fault("latency", "POST /v2/scenes/actions/invalidate", seconds=60)
    clean = ("scene", "clean", str(names), "--yes")
    process = start(kognic_sandbox, tmp_path, *clean)
    while not any(call.path.endswith("/actions/invalidate") for call in control.calls()):
        assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    _, said = process.communicate(timeout=signals.GRACE + 30)
    control.remove_fault(fault)
    assert process.returncode == 129, said
    assert "Stopped: " in said
    assert "Run the same command again" in said
    assert "Traceback" not in said
    _, said = start(kognic_sandbox, tmp_path, *clean).communicate(timeout=60)
    assert {scene["status"] for scene in control.scenes()} == {"invalidated:incorrectly-created"}, said


def test_scene_that_is_waited_for(kognic_sandbox: Sandbox, drives: Path, tmp_path: Path) -> None:
    """The scene exists, and its input does not."""
    control = kognic_sandbox.control
    with control.held():
        process = start(kognic_sandbox, tmp_path, "scene", "create", str(drives / "0"))
        while not [scene for scene in control.scenes("drive-0") if scene["status"] == "processing"]:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=signals.GRACE + 30)
    assert process.returncode == 130, said
    assert "exists          scene  drive-0" in said
    assert "does not exist  inputs  none in project sandbox-project" in said
    assert "Continue with: kognic " in said
    assert "Traceback" not in said


def test_export_that_is_stopped_while_it_lists(kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """Nothing has been fetched, and nothing is left behind."""
    control = kognic_sandbox.control
    with kognic_sandbox.client() as client:
        deliver(client, control, "a0")
    control.clear_calls()
    fault = control.add_fault("latency", "GET /v1/annotations/*", seconds=60)
    export = ("annotation", "export", "sandbox-project", str(tmp_path / "out"), "--annotation-type", TYPE)
    process = start(kognic_sandbox, tmp_path, *export)
    while not any(call.path.startswith("/v1/annotations/") for call in control.calls()):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=signals.GRACE + 30)
    control.remove_fault(fault)
    assert (process.returncode, "Run the same command again" in said) == (143, True), said
    assert "Traceback" not in said
    out = tmp_path / "out"
    assert not out.exists() or not list(out.rglob("*.part"))
    assert start(kognic_sandbox, tmp_path, *export).wait(60) == 0


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_sandbox_that_is_stopped(tmp_path: Path, number: int, status: int) -> None:
    """It takes its environment and its entry among running sandboxes along, whichever signal it was."""
    with kognic_serving(tmp_path) as process:
        environments = tmp_path / ".config" / "kognic" / "environments.json"
        assert "local" in environments.read_text()
        process.send_signal(number)
        _, said = process.communicate(timeout=signals.GRACE + 30)
    assert process.returncode == status, said
    assert said.endswith("The sandbox has stopped.\n")
    assert "local" not in environments.read_text()
    assert "Traceback" not in said


def kognic_serving(home: Path) -> subprocess.Popen[str]:
    """A sandbox of its own, which is ready."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("KOGNIC", "XDG_"))}
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            START,
            "sandbox",
            "serve",
            "--root",
            str(home / "state"),
            "--register",
            "local",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**env, "HOME": str(home)},
    )
    assert process.stderr
    while "Press Ctrl-C" not in process.stderr.readline():
        assert process.poll() is None
    return process


def test_run_whose_patience_ends(kognic_sandbox: Sandbox, drives: Path, tmp_path: Path) -> None:
    """It ends, with the command that resumes it, although uploads would retry for ten minutes more."""
    control, journal = kognic_sandbox.control, str(tmp_path / "j")
    hanging = control.add_fault("latency", "PUT /_storage/*", seconds=3)
    process = start(
        kognic_sandbox,
        tmp_path,
        "bulk",
        "run",
        str(drives),
        "--journal",
        journal,
        "--no-plan",
        "--patience",
        "1",
    )
    while not any(call.method == "PUT" for call in control.calls()):
        assert process.poll() is None
    fault = control.add_fault("status", "*", status=503)
    control.remove_fault(hanging)
    _, said = process.communicate(timeout=120)
    control.remove_fault(fault)
    assert process.returncode == 1, said
    assert f"Resume with: kognic bulk resume {journal}" in said
    assert "has not answered since" in said
    assert "Traceback" not in said
    assert start(kognic_sandbox, tmp_path, "bulk", "resume", journal).wait(120) == 0
    names = {f"drive-{n}": 1 for n in range(SCENES)}
    assert Counter(scene["externalId"] for scene in control.scenes()) == names


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
