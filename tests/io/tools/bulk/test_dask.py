"""Bulk creation over a Dask cluster of worker processes, one of which is killed half-way."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from kognic.io.client import KognicIOClient
from kognic.io.model.scene.cameras import Cameras
from kognic.io.tools.bulk import BulkRun, Target
from kognic.sandbox import Sandbox

distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")


@pytest.mark.slow
def test_lost_worker_doubles_nothing(
    kognic_client: KognicIOClient,
    kognic_sandbox: Sandbox,
    make_scene: Callable[..., Cameras],
    tmp_path: Path,
) -> None:
    """Two worker processes create the scenes, one is killed half-way: every item is done exactly once."""
    scenes = [make_scene(n) for n in range(40)]
    kognic_client.workspace_id  # noqa: B018 - asked for once here, not by every worker
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as dask,
        BulkRun(
            kognic_client,
            scenes,
            target=Target(project="sandbox-project"),
            journal=tmp_path / "j",
            executor=dask.get_executor(pure=False, retries=3),
            on_existing="ignore",
            poll_interval=0.05,
        ) as run,
    ):
        results = []
        for result in run:
            results.append(result)
            if len(results) == 15:
                os.kill(dask.run(os.getpid).popitem()[1], signal.SIGKILL)

    assert [r.error for r in results if not r.ok] == []
    names = Counter(scene["externalId"] for scene in kognic_sandbox.control.scenes())
    assert names == {f"scene-{n}": 1 for n in range(40)}
    inputs = kognic_client.input.query_inputs(project="sandbox-project")
    assert Counter(i.scene_external_id for i in inputs) == names
