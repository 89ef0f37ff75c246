"""Bulk creation over a Dask cluster that loses a worker process and the connection to its scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchmarks.night.campaign import Platform
from benchmarks.night.spread import cluster, run_spread
from kognic.io.client import KognicIOClient
from kognic.io.model.scene.cameras import Cameras
from kognic.pipelines.bulk import BulkRun, Journal, Stage
from kognic.pipelines.bulk.dask_executor import DaskExecutor, as_executor
from kognic.sandbox import Sandbox

distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")


@pytest.fixture(scope="module")
def local() -> Iterator[Any]:
    """Three worker processes."""
    with cluster(3) as local:
        yield local


@pytest.mark.slow
@pytest.mark.parametrize("command", [False, True], ids=["python", "command"])
def test_lost_worker_and_connection_double_nothing(
    kognic_sandbox: Sandbox, local: Any, tmp_path: Path, command: bool
) -> None:
    """One of three worker processes is killed and the scheduler's connection cut: all is done exactly once.

    A scene that the lost worker had begun exists then; the next worker completes it instead of taking it for
    somebody else's and skipping it. The large form is `make soak`.
    """
    done = run_spread(Platform.of(kognic_sandbox), tmp_path, local, scenes=18, command=command)

    assert done.problems == []
    assert done.killed
    assert done.cut
    assert done.reconnected
    with Journal.snapshot(tmp_path / "journal") as journal:
        assert journal.counts() == {Stage.DONE: 18}


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


@pytest.mark.slow
def test_executors_of_a_cluster(local: Any) -> None:
    """The client and its own executor are both replaced: the latter loses futures with a connection."""
    with distributed.Client(local.scheduler_address) as cluster:
        for given in (cluster, cluster.get_executor(workers=[])):
            executor = as_executor(given)
            assert isinstance(executor, DaskExecutor)
            assert executor.submit(divmod, 17, 5).result() == (3, 2)
            with pytest.raises(ZeroDivisionError):
                executor.submit(divmod, 17, 0).result()
            executor.shutdown()


def test_other_executors() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert as_executor(pool) is pool
    assert as_executor(None) is None
    with pytest.raises(TypeError, match=r"executor is 7, must be .* a distributed.Client"):
        as_executor(7)
