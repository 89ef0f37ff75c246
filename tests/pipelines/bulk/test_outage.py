"""Bulk runs while the platform, or its storage, is away: nothing fails, nothing is created twice."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from kognic.auth.errors import TokenError
from kognic.base_clients.errors import AuthenticationError, ConnectionFailedError, UploadError
from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.client import KognicIOClient
from kognic.io.model.scene.cameras import Cameras
from kognic.pipelines.bulk import (
    BulkItem,
    BulkRun,
    Journal,
    Patience,
    PlatformAwayError,
    Stage,
    Target,
)
from kognic.sandbox import Sandbox

pytestmark = pytest.mark.slow

MakeScene = Callable[..., Cameras]
PROJECT = Target(project="sandbox-project")
QUICK = RetryPolicy(max_attempts=4, first_wait=0.01, max_wait=0.02, budget=60)
SOON = Patience(limit=60, first_wait=0.02, max_wait=0.02)
SCENES = 30


@pytest.fixture
def client(kognic_sandbox: Sandbox) -> Iterator[KognicIOClient]:
    """A client that gives up quickly, as one whose retry budget is used up."""
    with kognic_sandbox.client(retry=QUICK) as client:
        client.workspace_id  # noqa: B018 - looked up before the outage
        yield client


def calls(sandbox: Sandbox) -> int:
    return len(sandbox.control.calls())


def end_after(sandbox: Sandbox, number: int) -> threading.Thread:
    """End all faults when so many more calls have come."""
    until = calls(sandbox) + number

    def watch() -> None:
        while calls(sandbox) < until:
            threading.Event().wait(0.02)
        sandbox.control.clear_faults()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def assert_exactly_once(sandbox: Sandbox, client: KognicIOClient, count: int) -> None:
    names = {f"scene-{n}": 1 for n in range(count)}
    assert Counter(s["externalId"] for s in sandbox.control.scenes()) == names
    inputs = client.input.query_inputs(project="sandbox-project")
    assert Counter(i.scene_external_id for i in inputs) == names


@pytest.mark.parametrize(("route", "name"), [("*", "The platform"), ("PUT /_storage/*", "The storage")])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["own threads", "executor"])
def test_run_outlasts_an_outage(
    client: KognicIOClient,
    kognic_sandbox: Sandbox,
    make_scene: MakeScene,
    tmp_path: Path,
    document: dict[str, Any],
    route: str,
    name: str,
    elsewhere: bool,
) -> None:
    """Every scene and input exists once afterwards, and the outage is reported once."""
    said: list[str] = []
    drawn: list[int] = []

    def items() -> Iterator[BulkItem]:
        for n in range(SCENES):
            drawn.append(n)
            yield BulkItem(scene=make_scene(n), pre_annotation=document)

    with ThreadPoolExecutor(4) as pool, BulkRun(
        client, items(), target=PROJECT, journal=tmp_path / "j", poll_interval=0.02, patience=SOON,
        concurrency=4, on_notice=said.append, executor=pool if elsewhere else None,
    ) as run:  # fmt: skip
        results = []
        for result in run:
            results.append(result)
            if len(results) == 5:
                kognic_sandbox.control.add_fault("status", route, status=503)
                watch = end_after(kognic_sandbox, 150)
        watch.join()

    assert {r.stage for r in results} == {Stage.DONE}, [r.error for r in results if not r.ok]
    assert [text.partition(" since")[0] for text in said[:1]] == [f"{name} has not answered"]
    assert [text.partition(" after")[0] for text in said[1:]] == [f"{name} answers again"]
    assert_exactly_once(kognic_sandbox, client, SCENES)


def test_outage_is_reported_while_calls_retry(
    kognic_sandbox: Sandbox, make_scene: MakeScene, tmp_path: Path
) -> None:
    """Calls that outlast the outage, in all threads of the run, do not keep it from being reported."""
    said: list[str] = []
    control = kognic_sandbox.control
    stubborn = RetryPolicy(max_attempts=10_000, first_wait=0.05, max_wait=0.05, deadline=None, budget=10_000)

    def outage() -> None:
        while sum(call.path.endswith("/inputs") for call in control.calls()) < 200:
            threading.Event().wait(0.05)
        control.add_fault("status", "*", status=503)
        end_after(kognic_sandbox, 400).join()

    # First the inputs fail, until they occupy all threads; then all of the platform is away.
    control.add_fault("status", "POST /v1/inputs", status=503)
    watch = threading.Thread(target=outage)
    with kognic_sandbox.client(retry=stubborn) as client, BulkRun(
        client, [BulkItem(scene=make_scene(n)) for n in range(SCENES)], target=PROJECT, patience=SOON,
        journal=tmp_path / "j", poll_interval=0.02, concurrency=4, on_notice=said.append,
    ) as run:  # fmt: skip
        watch.start()
        results = list(run)
        watch.join()
        assert_exactly_once(kognic_sandbox, client, SCENES)

    assert [text.partition(" since")[0] for text in said[:1]] == ["The platform has not answered"]
    assert [text.partition(" after")[0] for text in said[1:]] == ["The platform answers again"]
    assert {r.stage for r in results} == {Stage.DONE}


def test_platform_is_named_if_all_of_it_is_away(
    client: KognicIOClient,
    kognic_sandbox: Sandbox,
    make_scene: MakeScene,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Uploads that fail before the first probe is answered do not blame the storage alone."""
    caplog.set_level(logging.INFO, "kognic.pipelines.bulk.coordinator")
    said: list[str] = []
    probe = client.probe

    def late() -> None:
        deadline = time.monotonic() + 30
        while caplog.text.count("will be tried again") < 4 and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        probe()

    def noticed(text: str) -> None:
        said.append(text)
        kognic_sandbox.control.clear_faults()

    monkeypatch.setattr(client, "probe", late)
    for route in ("PUT /_storage/*", "POST /v2/scenes/query*"):
        kognic_sandbox.control.add_fault("status", route, status=503)
    with BulkRun(client, [make_scene(n) for n in range(8)], on_existing="create", poll_interval=0.02,
                 patience=SOON, concurrency=4, on_notice=noticed) as run:  # fmt: skip
        assert {result.stage for result in run} == {Stage.DONE}
    names = [text.partition(" has not")[0].partition(" answers")[0] for text in said]
    assert names == ["The platform", "The platform"]


def test_nothing_is_begun_while_the_platform_is_away(
    client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene
) -> None:
    """Items are drawn up to the number that is in flight, however long it lasts; the rest is probes."""
    drawn: list[int] = []

    def items() -> Iterator[Cameras]:
        for n in range(SCENES):
            drawn.append(n)
            yield make_scene(n)

    before = calls(kognic_sandbox)
    kognic_sandbox.control.add_fault("status", "*", status=503)
    seen: list[int] = []

    def noticed(text: str) -> None:
        seen.append(len(drawn))

    watch = end_after(kognic_sandbox, 60)
    with BulkRun(client, items(), target=PROJECT, poll_interval=0.02, patience=SOON, concurrency=3,
                 on_notice=noticed) as run:  # fmt: skip
        results = list(run)
    watch.join()

    assert {r.stage for r in results} == {Stage.DONE}
    assert seen == [3, 3]
    away = [c for c in kognic_sandbox.control.calls()[before:] if c.status == 503]
    # Three items with at most four attempts of one call each, then one call per probe.
    assert Counter(c.path for c in away).most_common(1)[0][1] >= 40
    assert_exactly_once(kognic_sandbox, client, SCENES)


def test_patience_ends_and_the_journal_resumes(
    client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene, tmp_path: Path
) -> None:
    """A run that gives up records no failure, and a later run finishes its items."""
    scenes = [make_scene(n) for n in range(8)]
    patience = Patience(limit=0.2, first_wait=0.05, max_wait=0.1)
    results = []

    def take(run: BulkRun) -> None:
        for result in run:
            results.append(result)
            kognic_sandbox.control.add_fault("status", "*", status=503)

    with (
        BulkRun(
            client, scenes, target=PROJECT, journal=tmp_path / "j", poll_interval=0.02,
            patience=patience, concurrency=2,
        ) as run,
        pytest.raises(PlatformAwayError, match="has not answered since"),
    ):  # fmt: skip
        take(run)
    assert {r.stage for r in results} == {Stage.DONE}
    with Journal.snapshot(tmp_path / "j") as journal:
        assert Stage.FAILED not in journal.counts()
    kognic_sandbox.control.clear_faults()

    with BulkRun(client, scenes, target=PROJECT, journal=tmp_path / "j", poll_interval=0.02) as run:
        assert {result.stage for result in run} == {Stage.DONE}
    assert_exactly_once(kognic_sandbox, client, 8)


def test_item_that_fails_alone(
    client: KognicIOClient, make_scene: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that the storage never takes is that item's failure: the others are not held up for it."""
    upload = client.scene_creation.upload

    def refuse(posted: Any, *arguments: Any, **options: Any) -> Any:
        if posted.external_id == "scene-3":
            cause = ConnectionFailedError("the connection was reset", sent=True)
            raise UploadError("s3-c1.png was not stored", resource_id="s3-c1.png", cause=cause)
        return upload(posted, *arguments, **options)

    monkeypatch.setattr(client.scene_creation, "upload", refuse)
    patience = Patience(limit=2, first_wait=0.01, max_wait=0.05)
    with BulkRun(client, [make_scene(n) for n in range(24)], target=PROJECT, poll_interval=0.02,
                 patience=patience, concurrency=4) as run:  # fmt: skip
        results = {result.key: result for result in run}
    assert {key for key, result in results.items() if not result.ok} == {"scene-3"}
    assert "s3-c1.png" in str(results["scene-3"].error)


def test_outage_is_no_processing_time(
    client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene
) -> None:
    """A scene whose status cannot be asked for has not taken too long."""
    with kognic_sandbox.control.held():
        said: list[str] = []

        def noticed(text: str) -> None:
            said.append(text)
            if len(said) == 1:
                threading.Thread(target=come_back).start()

        def come_back() -> None:
            threading.Event().wait(1.5)
            kognic_sandbox.control.clear_faults()

        def stored(*_: object) -> None:
            kognic_sandbox.control.add_fault("status", "POST /v2/scenes/query*", status=503)

        with BulkRun(client, [make_scene(0, images=1)], on_file=stored, wait_timeout=1.0, poll_interval=0.02,
                     patience=SOON, on_notice=noticed) as run:  # fmt: skip
            (result,) = run
    assert len(said) == 2
    assert result.stage is Stage.COMMITTED
    assert "the last status request failed" not in str(result.error)


@pytest.mark.parametrize("route", ["*/v1/*"])
def test_rejected_credentials_end_the_run(
    client: KognicIOClient,
    kognic_sandbox: Sandbox,
    make_scene: MakeScene,
    document: dict[str, Any],
    tmp_path: Path,
    route: str,
) -> None:
    """Whichever step meets the 401: no item fails for it, and the run resumes when the credentials work."""
    items = [BulkItem(scene=make_scene(n), pre_annotation=document) for n in range(12)]
    options: dict[str, Any] = {
        "target": PROJECT, "journal": tmp_path / "j", "poll_interval": 0.02, "patience": SOON,
    }  # fmt: skip
    stages = set()

    def run_until_rejected() -> None:
        with BulkRun(client, items, concurrency=3, **options) as run:
            for result in run:
                stages.add(result.stage)
                kognic_sandbox.control.add_fault("status", route, status=401)

    with pytest.raises((AuthenticationError, TokenError), match="401"):
        run_until_rejected()
    assert stages == {Stage.DONE}

    kognic_sandbox.control.clear_faults()
    with BulkRun(client, items, **options) as run:
        assert {result.stage for result in run} == {Stage.DONE}
    scenes = Counter(scene["externalId"] for scene in kognic_sandbox.control.scenes())
    assert list(scenes.values()) == [1] * 12
    assert len(kognic_sandbox.control.request_inputs()) == 12


def test_results_do_not_wait_for_a_probe_of_the_credentials(
    client: KognicIOClient, make_scene: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a rejected call is looked into, other items go on; its item is tried again."""
    post, probe = client.scene_creation.post, client.probe
    response = requests.Response()
    response.status_code = 401
    rejections = [AuthenticationError("401", response=response)]
    handed_out, in_time = threading.Event(), []

    def reject_once(kind: Any, scene: Cameras, *arguments: Any, **options: Any) -> Any:
        if scene.external_id == "scene-0" and rejections:
            raise rejections.pop()
        return post(kind, scene, *arguments, **options)

    def late() -> None:
        in_time.append(handed_out.wait(30))
        probe()

    monkeypatch.setattr(client.scene_creation, "post", reject_once)
    monkeypatch.setattr(client, "probe", late)
    keys = []
    with BulkRun(client, [make_scene(0), make_scene(1)], wait=False, concurrency=2, patience=SOON) as run:
        for result in run:
            assert result.stage is Stage.DONE
            keys.append(result.key)
            handed_out.set()
    assert (keys, in_time) == (["scene-1", "scene-0"], [True])
