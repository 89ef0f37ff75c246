"""Bulk creation over a Dask cluster of worker processes, one of which is killed half-way."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kognic.cli.root import cli
from kognic.io.client import KognicIOClient
from kognic.io.model.scene.cameras import Cameras
from kognic.pipelines.bulk import BulkRun, Stage, Target
from kognic.sandbox import Sandbox
from tests.pipelines.bulk.conftest import picture

distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster


@pytest.mark.slow
def test_lost_worker_doubles_nothing(
    kognic_client: KognicIOClient,
    kognic_sandbox: Sandbox,
    make_scene: Callable[..., Cameras],
    cluster: Any,
    tmp_path: Path,
) -> None:
    """Two worker processes create the scenes, one is killed half-way: every item is done exactly once.

    A scene that the lost worker had begun exists then; the next worker completes it instead of taking it for
    somebody else's and skipping it.
    """
    scenes = [make_scene(n) for n in range(40)]
    kognic_client.workspace_id  # noqa: B018 - asked for once here, not by every worker
    with (
        distributed.Client(cluster) as dask,
        BulkRun(
            kognic_client,
            scenes,
            target=Target(project="sandbox-project"),
            journal=tmp_path / "j",
            executor=dask.get_executor(pure=False, retries=3),
            poll_interval=0.05,
        ) as run,
    ):
        results = []
        for result in run:
            results.append(result)
            if len(results) == 15:
                os.kill(dask.run(os.getpid).popitem()[1], signal.SIGKILL)

    assert {r.stage for r in results} == {Stage.DONE}, [r.error for r in results if not r.ok]
    found = kognic_sandbox.control.scenes()
    names = Counter(scene["externalId"] for scene in found)
    assert names == {f"scene-{n}": 1 for n in range(40)}
    assert {scene["status"] for scene in found} == {"created"}
    inputs = kognic_client.input.query_inputs(project="sandbox-project")
    assert Counter(i.scene_external_id for i in inputs) == names
    uuids = {scene["externalId"]: scene["uuid"] for scene in found}
    for scene in scenes:
        for image in scene.frame.images:
            stored = kognic_sandbox.control.stored_bytes(uuids[scene.external_id], image.resource_id or "")
            assert stored == Path(image.filename).read_bytes()


@pytest.mark.slow
def test_command_spreads_over_a_cluster(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, cluster: Any, tmp_path: Path
) -> None:
    """`kognic bulk run --dask` has the workers of the scheduler at that address create the scenes."""
    for n in range(4):
        folder = tmp_path / "drives" / str(n)
        folder.mkdir(parents=True)
        (folder / "a.png").write_bytes(picture(n))
        scene = {"type": "cameras", "external_id": f"drive-{n}",
                 "frame": {"images": [{"sensor_name": "C", "filename": "a.png"}]}}  # fmt: skip
        (folder / "scene.json").write_text(json.dumps(scene))
    arguments = ["bulk", "run", str(tmp_path / "drives"), "--dask", cluster.scheduler_address, "--json"]

    done = CliRunner().invoke(cli, arguments, obj={"client": kognic_client}, catch_exceptions=False)

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["summary"]["done"] == 4
    assert Counter(s["externalId"] for s in kognic_sandbox.control.scenes()) == {
        f"drive-{n}": 1 for n in range(4)
    }


@pytest.mark.parametrize("policy", ["skip", "update"])
def test_scene_of_a_lost_worker_is_taken_up(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, make_scene: Callable[..., Cameras], policy: str
) -> None:
    """What a worker leaves half-done is completed by the one that gets the item next, whatever the policy."""
    scene = make_scene(0)

    class LosesItsFirstWorker(ThreadPoolExecutor):
        def submit(self, function: Callable[..., Any], /, *arguments: Any, **more: Any) -> Future[Any]:
            if not kognic_sandbox.control.scenes("scene-0"):
                with kognic_sandbox.control.fault("status", "PUT /_storage/*", status=403):
                    super().submit(function, *arguments, **more).result()
            return super().submit(function, *arguments, **more)

    with (
        LosesItsFirstWorker(1) as executor,
        BulkRun(
            kognic_client, [scene], executor=executor, on_existing=policy, poll_interval=0.02
        ) as run,
    ):  # fmt: skip
        (result,) = run

    assert result.stage is Stage.DONE
    (made,) = kognic_sandbox.control.scenes()
    assert (made["uuid"], made["status"]) == (result.scene_uuid, "created")
