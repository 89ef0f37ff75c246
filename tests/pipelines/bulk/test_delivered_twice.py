"""Bulk runs behind a proxy that delivers creations twice, or loses their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.model.scene.cameras import Cameras
from kognic.pipelines.bulk.items import BulkItem, Target
from kognic.pipelines.bulk.run import BulkRun
from kognic.sandbox import Sandbox
from tests import fault_proxy
from tests.fault_proxy import Fault, FaultProxy

ITEMS = 4
CREATIONS = ("POST /v1/pre-annotations", "POST /v1/inputs", "POST /v2/inputs")
QUICK = RetryPolicy(lookup_window=60, first_wait=0, max_wait=0.1, max_attempts=4)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [fault_proxy.deliver_twice, fault_proxy.lose_answer])
def test_every_item_passes_at_once_and_exists_once(
    fault: Fault,
    kognic_sandbox: Sandbox,
    make_scene: Callable[..., Cameras],
    document: dict[str, Any],
) -> None:
    """Every creation of inputs and pre-annotations is harmed."""
    target = Target(project="sandbox-project", batch="batch-1")
    items = [
        BulkItem(scene=make_scene(number), pre_annotation=document, target=target) for number in range(ITEMS)
    ]
    with FaultProxy(kognic_sandbox.url) as proxy, proxy.client(kognic_sandbox, retry=QUICK) as client:
        for route in CREATIONS:
            proxy.rule(route, fault, times=None)
        with BulkRun(client, items, poll_interval=0.02) as run:
            results = list(run)
        proxy.clear()
        inputs = client.input.query_inputs(project="sandbox-project")
        pre_annotations = client.pre_annotation.list(scene_uuids=[str(r.scene_uuid) for r in results])

    assert [result.error for result in results] == [None] * ITEMS
    assert sorted(each.uuid for each in inputs) == sorted(str(result.input_uuid) for result in results)
    assert len(inputs) == len(pre_annotations) == ITEMS
