"""Bulk runs against the local platform: what they create, skip and report."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from kognic._core.run_errors import JournalError
from kognic.io.client import KognicIOClient
from kognic.io.model.scene.cameras import Cameras
from kognic.io.resources.scene.file_data import FileData
from kognic.io.scene_kinds import kind_of
from kognic.io.tools.model import SceneWithPreAnnotation
from kognic.pipelines.bulk import BulkItem, BulkRun, Journal, Stage, Target
from kognic.sandbox import Sandbox
from tests.pipelines.bulk.conftest import picture

MakeScene = Callable[..., Cameras]
PROJECT = Target(project="sandbox-project")


def run(client: KognicIOClient, items: object, **options: object) -> BulkRun:
    return BulkRun(client, items, **{"poll_interval": 0.02, **options})  # type: ignore[arg-type]


def paths(sandbox: Sandbox, method: str) -> list[str]:
    return [call.path for call in sandbox.control.calls() if call.method == method]


@pytest.mark.slow
def test_run_creates_scenes_and_inputs(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene
) -> None:
    """Every scene is created with its bytes, and is an input of the project."""
    scenes = [make_scene(n) for n in range(12)]
    with run(kognic_client, scenes, target=PROJECT) as bulk:
        results = {result.key: result for result in bulk}

    assert sorted(results) == sorted(scene.external_id for scene in scenes)
    assert {result.stage for result in results.values()} == {Stage.DONE}
    assert (bulk.summary.done, bulk.summary.failed, bulk.summary.files_sent) == (12, 0, 24)
    inputs = kognic_client.input.query_inputs(project="sandbox-project")
    assert {i.uuid for i in inputs} == {r.input_uuid for r in results.values()}
    for scene in scenes:
        for image in scene.frame.images:
            stored = kognic_sandbox.control.stored_bytes(
                results[scene.external_id].scene_uuid or "", image.resource_id or ""
            )
            assert stored == Path(image.filename).read_bytes()


@pytest.mark.parametrize("check", [False, True])
def test_a_stream_that_cannot_be_read(
    check: bool, kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene
) -> None:
    """Its scene fails before anything of it is sent; the others are created."""
    bad, good = make_scene(0, images=1), make_scene(1, images=1)
    stream = BytesIO(picture(0))
    stream.close()
    bad.frame.images[0].file_data = FileData(data=stream, format=FileData.Format.PNG)
    with run(kognic_client, [bad, good], check=check) as bulk:
        results = {result.key: result for result in bulk}

    assert results["scene-1"].stage is Stage.DONE
    failed = results["scene-0"]
    assert (failed.stage, failed.scene_uuid) == (Stage.FAILED, None)
    assert "the file object for" in str(failed.error)
    assert "is closed; pass an open one" in str(failed.error)
    assert [scene["externalId"] for scene in kognic_sandbox.control.scenes()] == ["scene-1"]
    assert paths(kognic_sandbox, "POST").count("/v1/inputs/initialize") == 1


@pytest.mark.slow
def test_results_come_in_order_when_asked(kognic_client: KognicIOClient, make_scene: MakeScene) -> None:
    """`ordered` yields results in the order of the items."""
    with run(kognic_client, [make_scene(n) for n in range(10)], ordered=True) as bulk:
        assert [result.key for result in bulk] == [f"scene-{n}" for n in range(10)]


def test_results_come_as_they_are_completed(kognic_client: KognicIOClient, make_scene: MakeScene) -> None:
    """A scene whose files take long holds nobody up: the others have their results before it."""
    others_are_done = threading.Event()

    def late(name: str) -> bytes:
        assert others_are_done.wait(60)
        return picture(0)

    slow, *others = (make_scene(n, images=1) for n in range(5))
    slow.frame.images[0].file_data = FileData(callback=late, format=FileData.Format.PNG)
    keys = []
    with run(kognic_client, [slow, *others]) as bulk:
        for result in bulk:
            keys.append(result.key)
            if len(keys) == len(others):
                others_are_done.set()

    assert sorted(keys[:-1]) == sorted(scene.external_id for scene in others)
    assert keys[-1] == slow.external_id


def test_many_scenes_are_in_flight(kognic_client: KognicIOClient, make_scene: MakeScene) -> None:
    """As many as asked for: none of their files is sent before all of them have begun to send one."""
    together = threading.Barrier(4, timeout=60)

    def meet(name: str) -> bytes:
        together.wait()
        return picture(7)

    scenes = [make_scene(n, images=1) for n in range(8)]
    for scene in scenes:
        scene.frame.images[0].file_data = FileData(callback=meet, format=FileData.Format.PNG)
    with run(kognic_client, scenes, concurrency=4) as bulk:
        assert {result.stage for result in bulk} == {Stage.DONE}


async def test_inside_a_running_event_loop(kognic_client: KognicIOClient, make_scene: MakeScene) -> None:
    """As in a notebook, where a loop is running; callbacks may be coroutines there, too."""

    async def content(name: str) -> bytes:
        return picture(3)

    scene = make_scene(0)
    scene.frame.images[0].file_data = FileData(callback=content, format=FileData.Format.PNG)
    with run(kognic_client, [scene, make_scene(1)], target=PROJECT) as bulk:
        assert [result.stage for result in bulk] == [Stage.DONE, Stage.DONE]


def test_expired_urls_are_renewed(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene, tmp_path: Path
) -> None:
    """A signed URL that is too old is replaced, once; then its item fails. The next run sends the rest."""
    scene = make_scene(0, images=4)
    with (
        kognic_sandbox.control.fault("expired_url", "PUT /_storage/*", skip=1, times=1),
        run(kognic_client, [make_scene(1, images=3)]) as bulk,
    ):
        assert [result.stage for result in bulk] == [Stage.DONE]
    kognic_sandbox.control.clear_calls()
    with (
        kognic_sandbox.control.fault("expired_url", "PUT /_storage/*"),
        run(kognic_client, [scene], journal=tmp_path / "j") as bulk,
    ):
        (failed,) = bulk
    assert failed.stage is Stage.FAILED
    assert "expired" in str(failed.error)
    assert "signature" not in str(failed.error).lower()

    with run(kognic_client, [scene], journal=tmp_path / "j") as bulk:
        (done,) = bulk
    assert (done.stage, done.scene_uuid) == (Stage.DONE, failed.scene_uuid)
    stored = Counter(c.path for c in kognic_sandbox.control.calls() if c.method == "PUT" and c.status == 200)
    assert sorted(stored.values()) == [1] * 4


def test_one_bad_scene_stops_nobody(
    kognic_client: KognicIOClient, make_scene: MakeScene, kognic_sandbox: Sandbox
) -> None:
    """A refused scene, a vanished file, a broken image and a repeated key fail alone, with a reason."""
    refused = make_scene(1)
    refused.external_id = ""
    vanished = make_scene(2)
    Path(vanished.frame.images[0].filename).unlink()
    broken = make_scene(3)
    Path(broken.frame.images[1].filename).write_bytes(b"not an image")
    good = [make_scene(n) for n in range(4, 9)]
    items = [BulkItem(scene=refused, key="refused"), vanished, broken, *good, make_scene(8)]

    with run(kognic_client, items, target=PROJECT, on_existing="create", check=False) as bulk:
        results = list(bulk)

    failed = {r.key: r for r in results if r.stage is Stage.FAILED}
    assert {r.key for r in results if r.ok} == {f"scene-{n}" for n in range(4, 9)}
    assert "s2-c0.png" in str(failed["scene-2"].error)
    assert failed["refused"].error_stage == "scene"
    assert "s3-c1.png" in str(failed["scene-3"].error)
    assert "duplicate key" in str(failed["scene-8"].error)
    assert len(kognic_sandbox.control.scenes()) == 6


def test_pre_annotations_come_before_inputs(
    kognic_client: KognicIOClient,
    kognic_sandbox: Sandbox,
    make_scene: MakeScene,
    document: dict[str, Any],
    tmp_path: Path,
) -> None:
    """Pre-annotations get the item's key and are used by the input; a bad one fails its item only."""
    (tmp_path / "document.json").write_text(json.dumps(document))
    items = [
        BulkItem(scene=make_scene(0), pre_annotation=document),
        BulkItem(scene=make_scene(1), pre_annotation=tmp_path / "document.json"),
        BulkItem(scene=make_scene(2), pre_annotation={"openlabel": {"metadata": {}}}),
    ]
    with run(kognic_client, items, target=PROJECT, check=False) as bulk:
        results = {result.key: result for result in bulk}

    for key in ("scene-0", "scene-1"):
        (made,) = kognic_sandbox.control.request_inputs(scene_uuid=results[key].scene_uuid)
        assert made["preAnnotationUuid"] == results[key].pre_annotation_uuid
    assert results["scene-2"].stage is Stage.FAILED
    assert results["scene-2"].error_stage == "pre-annotation"
    assert results["scene-2"].scene_uuid


@pytest.mark.parametrize(
    ("policy", "stage", "scenes"),
    [
        ("skip", Stage.DONE, 1),
        ("update", Stage.DONE, 1),
        ("fail", Stage.FAILED, 1),
        ("create", Stage.DONE, 2),
    ],
)
def test_existing_scenes(
    kognic_client: KognicIOClient,
    kognic_sandbox: Sandbox,
    make_scene: MakeScene,
    policy: str,
    stage: Stage,
    scenes: int,
) -> None:
    """A scene whose external id is taken is reused, refused or doubled, as chosen."""
    with run(kognic_client, [make_scene(0)]) as bulk:
        (first,) = bulk
    with run(kognic_client, [make_scene(0)], target=PROJECT, on_existing=policy) as bulk:
        assert bulk.plan().new == (1 if policy == "create" else 0)
        (result,) = bulk

    assert result.stage is stage
    assert len(kognic_sandbox.control.scenes()) == scenes
    if policy in ("skip", "update"):
        assert result.scene_uuid == first.scene_uuid
    inputs = kognic_client.input.query_inputs(project="sandbox-project")
    assert len(inputs) == (0 if policy == "fail" else 1)


@pytest.mark.parametrize("executor", [None, "threads"])
def test_inputs_that_existing_scenes_lack(
    kognic_client: KognicIOClient,
    kognic_sandbox: Sandbox,
    make_scene: MakeScene,
    document: dict[str, Any],
    executor: str | None,
) -> None:
    """Runs without a journal add the targets that came later, and the third one finds nothing to do."""
    kognic_sandbox.control.create_project("later")
    kognic_sandbox.control.create_batch("later", "b")
    kognic_sandbox.control.create_request("later", "b")
    later = Target(project="later", batch="b", pre_annotation=document, pre_annotation_external_id="own")
    found: list[tuple[Stage, bool, list[str | None]]] = []
    for targets in ([PROJECT], [PROJECT, later], [PROJECT, later]):
        with ThreadPoolExecutor(1) as pool, run(
            kognic_client, [make_scene(0)], target=targets, executor=pool if executor else None
        ) as bulk:  # fmt: skip
            (result,) = bulk
        found.append((result.stage, result.existed, [placed.input_uuid for placed in result.placements]))

    assert [stage for stage, _, _ in found] == [Stage.DONE, Stage.DONE, Stage.SKIPPED]
    assert [existed for _, existed, _ in found] == [False, True, True]
    assert found[1][2] == found[2][2]
    assert found[1][2][0] == found[0][2][0]
    assert (bulk.summary.skipped, bulk.summary.extended) == (1, 0)
    made = {entry["uuid"]: entry for entry in kognic_sandbox.control.request_inputs()}
    assert set(made) == set(found[2][2])
    assert made[found[2][2][1]]["preAnnotationUuid"]


def test_no_pre_annotation_beside_an_input_that_exists(
    kognic_client: KognicIOClient, make_scene: MakeScene, document: dict[str, Any]
) -> None:
    """An input shows the pre-annotation that it was created with: another one would be of no use."""
    with run(kognic_client, [make_scene(0)], target=PROJECT) as bulk:
        (first,) = bulk
    item = BulkItem(scene=make_scene(0), pre_annotation=document)
    with run(kognic_client, [item], target=PROJECT) as bulk:
        (again,) = bulk

    assert (again.stage, again.input_uuid) == (Stage.SKIPPED, first.input_uuid)
    assert not kognic_client.pre_annotation.list(scene_uuids=[str(again.scene_uuid)])


def test_skipped_item_gets_a_target_that_was_added(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene, tmp_path: Path
) -> None:
    """What a journal calls skipped is not finished for a target of its own that came later."""
    with run(kognic_client, [make_scene(0)]) as bulk:
        list(bulk)
    for expected, target in ((Stage.SKIPPED, None), (Stage.DONE, PROJECT), (Stage.DONE, PROJECT)):
        item = BulkItem(scene=make_scene(0), target=target)
        with run(kognic_client, [item], journal=tmp_path / "j") as bulk:
            (result,) = bulk
        assert result.stage is expected
    assert len(kognic_sandbox.control.request_inputs()) == 1


def test_plan_counts_without_creating(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene, tmp_path: Path
) -> None:
    """The plan tells items, files, bytes and what exists, and nothing is sent for it."""
    with run(kognic_client, [make_scene(0)]) as bulk:
        list(bulk)
    before = len(kognic_sandbox.control.scenes())
    with run(kognic_client, (make_scene(n) for n in range(4)), journal=tmp_path / "j") as bulk:
        plan = bulk.plan()
        size = sum(p.stat().st_size for n in (1, 2, 3) for p in tmp_path.glob(f"s{n}-*.png"))
        assert (plan.total, plan.new, plan.begun, plan.finished) == (4, 3, 0, 0)
        assert list(plan.existing) == ["scene-0"]
        assert (plan.files, plan.bytes, plan.files_of_unknown_size) == (6, size, 0)
        assert len(kognic_sandbox.control.scenes()) == before
        assert len(list(bulk)) == 4


def test_plan_asks_the_journal_once_per_item(
    kognic_client: KognicIOClient, make_scene: MakeScene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not once per file: a scene may have ten thousand."""
    asked: list[str] = []
    stored_files = Journal.stored_files

    def noted(journal: Journal, key: str) -> dict[str, int]:
        asked.append(key)
        return stored_files(journal, key)

    monkeypatch.setattr(Journal, "stored_files", noted)
    with run(kognic_client, [make_scene(n, images=5) for n in range(3)], journal=tmp_path / "j") as bulk:
        assert bulk.plan().files == 15

    assert sorted(asked) == ["scene-0", "scene-1", "scene-2"]


def test_finished_items_cost_no_call(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene, tmp_path: Path
) -> None:
    """A run that is done, started again with its journal, asks the platform for nothing but the workspace."""
    scenes = [make_scene(n) for n in range(3)]
    with run(kognic_client, scenes, target=PROJECT, journal=tmp_path / "j") as bulk:
        first = list(bulk)
    calls = len(kognic_sandbox.control.calls())
    with run(kognic_client, scenes, target=PROJECT, journal=tmp_path / "j") as bulk:
        again = list(bulk)

    assert sorted(map(str, again)) == sorted(map(str, first))
    assert len(kognic_sandbox.control.calls()) == calls


def test_failed_item_goes_on_where_it_failed(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene, tmp_path: Path
) -> None:
    """When the input could not be made, a resumed run makes the input and nothing else again."""
    target = Target(project="later")
    kognic_sandbox.control.create_project("later")
    kognic_sandbox.control.create_batch("later", "b")
    with run(kognic_client, [make_scene(0)], target=target, journal=tmp_path / "j") as bulk:
        (failed,) = bulk
    assert (failed.stage, failed.error_stage) == (Stage.FAILED, "input")
    kognic_sandbox.control.create_request("later", "b")

    with run(kognic_client, [make_scene(0)], target=target, journal=tmp_path / "j") as bulk:
        (done,) = bulk
    assert (done.stage, done.scene_uuid) == (Stage.DONE, failed.scene_uuid)
    assert len(paths(kognic_sandbox, "PUT")) == 2


def test_failed_scene_is_made_anew(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene, tmp_path: Path
) -> None:
    """A scene that could not be processed is created again, under another UUID, by a resumed run."""
    scene = make_scene(0)
    path = Path(scene.frame.images[0].filename)
    good = path.read_bytes()
    path.write_bytes(b"x" * len(good))
    with run(kognic_client, [scene], journal=tmp_path / "j") as bulk:
        (failed,) = bulk
    path.write_bytes(good)
    with run(kognic_client, [scene], journal=tmp_path / "j") as bulk:
        (done,) = bulk

    assert failed.stage is Stage.FAILED
    assert done.stage is Stage.DONE
    assert done.scene_uuid != failed.scene_uuid
    assert done.error is None


def test_scene_that_is_not_processed_in_time_stays(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene, tmp_path: Path
) -> None:
    """After `wait_timeout` a scene is reported as committed; a resumed run waits for it again."""
    with kognic_sandbox.control.held():
        with run(
            kognic_client, [make_scene(0)], target=PROJECT, journal=tmp_path / "j", wait_timeout=0
        ) as bulk:
            (result,) = bulk
        assert result.stage is Stage.COMMITTED
        assert "had not processed the scene 0 s after" in str(result.error)
        assert bulk.summary.unfinished == 1
    with run(kognic_client, [make_scene(0)], target=PROJECT, journal=tmp_path / "j") as bulk:
        (done,) = bulk
    assert (done.stage, done.scene_uuid) == (Stage.DONE, result.scene_uuid)
    assert len(kognic_sandbox.control.scenes()) == 1


def test_journal_of_another_target_is_refused(
    kognic_client: KognicIOClient, make_scene: MakeScene, tmp_path: Path
) -> None:
    """One journal, one target: anything else would place scenes where nobody expects them."""
    with run(kognic_client, [make_scene(0)], target=PROJECT, journal=tmp_path / "j") as bulk:
        list(bulk)
    with (
        run(kognic_client, [make_scene(0)], target=Target(project="other"), journal=tmp_path / "j") as bulk,
        pytest.raises(JournalError, match="belongs to a run with project 'sandbox-project'"),
    ):
        list(bulk)


def test_journal_holds_no_secret(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene, tmp_path: Path
) -> None:
    """Neither credentials nor tokens nor signed URLs are in the journal or its companions."""
    broken = make_scene(1)
    with (
        kognic_sandbox.control.fault("status", "*storage*", status=403),
        run(kognic_client, [make_scene(0), broken], journal=tmp_path / "j") as bulk,
    ):
        assert {r.stage for r in bulk} == {Stage.FAILED}
        left = b"".join(p.read_bytes() for p in tmp_path.glob("j*"))
    for secret in (kognic_sandbox.credentials["clientSecret"], "signature", "eyJ"):
        assert secret.encode() not in left


@pytest.mark.slow
def test_scenes_are_created_by_other_processes(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene, tmp_path: Path
) -> None:
    """Any executor can create the scenes; the journal stays with the run, failures included."""
    scenes = [make_scene(n) for n in range(6)]
    Path(scenes[2].frame.images[0].filename).write_bytes(b"no image")
    with (
        ProcessPoolExecutor(2, get_context("spawn")) as executor,
        run(
            kognic_client, scenes, target=PROJECT, journal=tmp_path / "j", executor=executor, check=False
        ) as bulk,
    ):
        results = {result.key: result for result in bulk}

    assert {k for k, r in results.items() if not r.ok} == {"scene-2"}
    assert len(kognic_sandbox.control.scenes()) == 6
    assert (bulk.summary.files_sent, bulk.summary.done) == (12, 5)
    with Journal(tmp_path / "j") as journal:
        assert journal.counts() == {Stage.DONE: 5, Stage.FAILED: 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"project": "p", "request_uuid": "r"}, "are both given: choose one"),
        ({"batch": "b"}, "batch 'b' is given without its project"),
    ],
)
def test_target_refuses_contradictions(arguments: dict[str, str], message: str) -> None:
    """A target is a project, a batch of it, or a request."""
    with pytest.raises(ValueError, match=message):
        Target(**arguments)


def test_concurrency_is_checked(kognic_client: KognicIOClient) -> None:
    """No worker, no run."""
    with pytest.raises(ValueError, match="concurrency is 0, must be at least 1"):
        BulkRun(kognic_client, [], concurrency=0)


def test_empty_run_ends(kognic_client: KognicIOClient) -> None:
    """Nothing to do is done at once."""
    with run(kognic_client, []) as bulk:
        assert bulk.plan().total == 0
        assert list(bulk) == []


@pytest.mark.parametrize("executor", [None, "threads"])
def test_scene_without_all_its_files_is_not_skipped(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene, executor: str | None
) -> None:
    """What a killed run without a journal leaves behind cannot be left alone; it can be completed."""
    kognic_client.scene_creation.post(
        kind_of(make_scene(0)), make_scene(0), kognic_client.scene_creation.reserve()
    )
    (half,) = kognic_sandbox.control.scenes()
    with run(kognic_client, [make_scene(0)], target=PROJECT) as bulk:
        assert bulk.plan().incomplete == ("scene-0",)
        (skipped,) = bulk
    assert skipped.stage is Stage.FAILED
    assert f"scene {half['uuid']} with external id 'scene-0' exists, but its files are incomplete" in str(
        skipped.error
    )

    with ThreadPoolExecutor(1) as pool, run(
        kognic_client, [make_scene(0)], target=PROJECT, on_existing="update",
        executor=pool if executor else None,
    ) as bulk:  # fmt: skip
        assert bulk.plan().files == 2
        (done,) = bulk
    assert (done.stage, done.scene_uuid, done.error) == (Stage.DONE, half["uuid"], None)
    assert bulk.summary.files_sent == 2
    assert len(kognic_sandbox.control.scenes()) == 1


@pytest.mark.parametrize("step", ["post", "upload", "commit"])
def test_scene_that_a_lost_worker_completes_meanwhile(
    kognic_client: KognicIOClient,
    kognic_sandbox: Sandbox,
    make_scene: MakeScene,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """Calls of a killed worker arrive after another one has taken over: the scene is complete then."""
    creation, scene = kognic_client.scene_creation, make_scene(0)
    posted = creation.post(kind_of(scene), scene, creation.reserve())
    do, late = getattr(creation, step), []

    def overtaken(*arguments: Any, **options: Any) -> Any:
        if not late:
            late.append(step)
            creation.upload(posted)
            creation.commit(posted.scene_uuid, posted.external_id)
        return do(*arguments, **options)

    monkeypatch.setattr(creation, step, overtaken)
    with run(kognic_client, [scene], target=PROJECT, on_existing="update") as bulk:
        (done,) = bulk

    assert late == [step]
    assert (done.stage, done.scene_uuid, done.error) == (Stage.DONE, posted.scene_uuid, None)
    assert len(kognic_sandbox.control.scenes()) == 1
    assert len(kognic_client.input.query_inputs(project="sandbox-project")) == 1


def test_what_has_begun_is_finished_when_the_items_break_off(
    kognic_client: KognicIOClient, make_scene: MakeScene
) -> None:
    """A generator that raises ends the run with its error, but leaves no scene without its input."""

    def items() -> Iterator[Cameras]:
        yield make_scene(0)
        yield make_scene(1)
        raise RuntimeError("the data base has gone")

    with run(kognic_client, items(), target=PROJECT) as bulk, pytest.raises(RuntimeError, match="has gone"):
        list(bulk)
    assert bulk.summary.done == 2
    assert len(kognic_client.input.query_inputs(project="sandbox-project")) == 2


def test_items_that_are_no_scenes_fail_alone(kognic_client: KognicIOClient, make_scene: MakeScene) -> None:
    """A slip in one item, be it of the wrong type, is that item's result."""
    items: list[Any] = [None, BulkItem(scene="scene.json", key="text"), make_scene(0)]  # type: ignore[arg-type]
    with run(kognic_client, items) as bulk:
        results = {result.key: result for result in bulk}
    assert {key: result.stage.value for key, result in results.items()} == {
        "item 0": "failed", "text": "failed", "scene-0": "done",
    }  # fmt: skip
    assert "is of type NoneType, must be a scene" in str(results["item 0"].error)
    assert "is of type str, must be a scene" in str(results["text"].error)


def test_items_of_create_inputs(
    kognic_client: KognicIOClient, make_scene: MakeScene, document: dict[str, Any]
) -> None:
    """Who comes from `create_inputs` need not pack anything anew."""
    item = SceneWithPreAnnotation(scene=make_scene(0), pre_annotation=document)
    with run(kognic_client, [item], target=PROJECT) as bulk:
        (result,) = bulk
    assert result.stage is Stage.DONE
    assert result.pre_annotation_uuid is not None


def test_two_items_of_one_external_id(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene
) -> None:
    """Whichever came first to the platform would decide about the other: the second fails, unless ignored."""
    items = [BulkItem(scene=make_scene(n, external_id="same"), key=f"key-{n}") for n in range(2)]
    with run(kognic_client, items) as bulk:
        assert bulk.plan().duplicates == ("key-1",)
        results = {result.key: result for result in bulk}
    assert results["key-0"].stage is Stage.DONE
    assert "items 'key-0' and 'key-1' of the run have the same external id 'same'" in str(
        results["key-1"].error
    )
    assert len(kognic_sandbox.control.scenes()) == 1

    with run(kognic_client, items, on_existing="create") as bulk:
        assert bulk.plan().duplicates == ()
        assert {result.stage for result in bulk} == {Stage.DONE}


def test_plan_names_items_whose_files_are_gone(kognic_client: KognicIOClient, make_scene: MakeScene) -> None:
    """One file that vanished does not keep the plan of the others."""
    scenes = [make_scene(0), make_scene(1)]
    Path(scenes[0].frame.images[0].filename).unlink()
    with run(kognic_client, scenes) as bulk:
        plan = bulk.plan()
    assert (plan.total, plan.files) == (2, 2)
    assert "No such file" in plan.broken["scene-0"]


def test_plan_refuses_the_journal_of_another_run(
    kognic_client: KognicIOClient, make_scene: MakeScene, tmp_path: Path
) -> None:
    """Nobody wants to learn that after an hour of planning."""
    with run(kognic_client, [make_scene(0)], target=PROJECT, journal=tmp_path / "j") as bulk:
        list(bulk)
    with (
        run(kognic_client, [make_scene(0)], journal=tmp_path / "j", target=Target(project="other")) as bulk,
        pytest.raises(JournalError, match="belongs to a run with project 'sandbox-project'"),
    ):
        bulk.plan()


def test_unusable_journal_stops_the_run(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: MakeScene
) -> None:
    """A journal that takes no more records is no item's failure: without it nothing may be created."""
    with run(kognic_client, [make_scene(n) for n in range(3)]) as bulk:
        bulk.journal._db.execute("DROP TABLE item")
        with pytest.raises(JournalError, match="cannot use the journal"):
            list(bulk)
    assert kognic_sandbox.control.scenes() == []


def test_unknown_policy_is_refused(kognic_client: KognicIOClient) -> None:
    """The message has the choices."""
    with pytest.raises(
        ValueError, match=r"on_existing is 'replace', must be one of skip, update, fail, create"
    ):
        BulkRun(kognic_client, [], on_existing="replace")


def test_executor_is_checked(kognic_client: KognicIOClient) -> None:
    """The address of a cluster is not enough."""
    with pytest.raises(TypeError, match=r"executor is 'tcp://x:1', must be a concurrent.futures.Executor"):
        BulkRun(kognic_client, [], executor="tcp://x:1")  # type: ignore[arg-type]


def test_run_shows_how_far_it_is(
    kognic_client: KognicIOClient, make_scene: MakeScene, tmp_path: Path
) -> None:
    """As a notebook prints it."""
    with run(kognic_client, [make_scene(0)], target=PROJECT, journal=tmp_path / "j") as bulk:
        list(bulk)
    assert repr(bulk).startswith("BulkRun(target=Target(project='sandbox-project', batch=None")
    assert f"journal={tmp_path / 'j'}, Summary(total=1, done=1" in repr(bulk)
    assert "journal=none" in repr(run(kognic_client, []))


def test_closed_run_says_so(kognic_client: KognicIOClient, make_scene: MakeScene, tmp_path: Path) -> None:
    """Results that are asked for after the `with` block are a slip, and no damage."""
    with run(kognic_client, [make_scene(0)], journal=tmp_path / "j") as bulk:
        pass
    with pytest.raises(JournalError, match=r"/j is closed: use it, or the run, inside the `with` block"):
        list(bulk)


@pytest.mark.parametrize("executor", [None, "threads"])
@pytest.mark.parametrize(
    ("target", "message"),
    [
        (Target(project="unknown"), "nothing was sent: There is no project unknown"),
        (Target(project="sandbox-project", batch="unknown"), "nothing was sent: .* has no batch 'unknown'"),
    ],
)
def test_nothing_is_sent_for_a_target_that_is_not_there(
    kognic_client: KognicIOClient,
    kognic_sandbox: Sandbox,
    make_scene: MakeScene,
    executor: str | None,
    target: Target,
    message: str,
) -> None:
    """All would be uploaded only to fail at the end; items with targets of their own are not concerned."""
    items = [make_scene(0), make_scene(1), BulkItem(scene=make_scene(2), target=PROJECT)]
    with (
        ThreadPoolExecutor(2) as pool,
        run(kognic_client, items, target=target, executor=pool if executor else None) as bulk,
    ):
        results = {result.key: result for result in bulk}
    for key in ("scene-0", "scene-1"):
        assert results[key].stage is Stage.FAILED
        assert re.search(message, str(results[key].error))
    assert results["scene-2"].stage is Stage.DONE
    assert [s["externalId"] for s in kognic_sandbox.control.scenes()] == ["scene-2"]
    asked = [call for call in kognic_sandbox.control.calls() if call.path.endswith("/batches")]
    assert len(asked) == 2
