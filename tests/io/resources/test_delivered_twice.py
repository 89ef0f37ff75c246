"""A creation that a proxy delivers twice, or whose answer it loses: one object, and the call returns it.

The platform answers the second delivery with "already exists". The client takes the object only if this very
request created it; another's, even of the same name, stays another's and the refusal is raised.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

from kognic.base_clients.errors import BadRequestError, ConflictError
from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.client import KognicIOClient
from kognic.sandbox import Sandbox
from tests import fault_proxy
from tests.fault_proxy import Fault, FaultProxy
from tests.io.resources.conftest import BATCH, PROJECT
from tests.io.resources.scenes import OPENLABEL, calibration, cameras_scene

REFUSALS = (BadRequestError, ConflictError)
OTHER: dict[str, Any] = {"openlabel": {**OPENLABEL["openlabel"], "streams": {"CAM": {"type": "camera"}}}}
CLOUD = "s3://bucket/pre.json"
QUICK = RetryPolicy(lookup_window=60, first_wait=0, max_wait=0.1, max_attempts=4)


@pytest.fixture
def harmed(kognic_sandbox: Sandbox, proxy: FaultProxy) -> Iterator[KognicIOClient]:
    """A client whose every request passes the proxy."""
    with proxy.client(kognic_sandbox, retry=QUICK) as client:
        yield client


@pytest.fixture
def scene(kognic_sandbox: Sandbox, client: KognicIOClient) -> str:
    """UUID of a scene that is ready; a document lies in the customer's cloud."""
    kognic_sandbox.control.put_cloud_file(CLOUD, json.dumps(OPENLABEL).encode())
    uuid = client.cameras.create(cameras_scene()).scene_uuid
    assert kognic_sandbox.control.wait_until_idle()
    return uuid


def new_calibration(client: KognicIOClient, scene: str) -> tuple[list[str], list[str]]:
    made = client.calibration.create_calibration(calibration())
    return [made.id], [each.id for each in client.calibration.get_calibrations("rig")]


def new_pre_annotation(client: KognicIOClient, scene: str) -> tuple[list[str], list[str]]:
    made = client.pre_annotation.create(scene, OPENLABEL, dryrun=False, external_id="first")
    return [made.id], [each["id"] for each in client.pre_annotation.list(scene_uuids=[scene])]


def new_input(client: KognicIOClient, scene: str) -> tuple[list[str], list[str]]:
    made = client.input.create_from_scene(scene, project=PROJECT, batch=BATCH)
    return [made.uuid], [each.uuid for each in client.input.query_inputs(scene_uuids=[scene])]


def new_inputs(client: KognicIOClient, scene: str) -> tuple[list[str], list[str]]:
    made = client.cameras.create_from_scene(scene, PROJECT, BATCH)
    return [each.uuid for each in made], [
        each.uuid for each in client.input.query_inputs(scene_uuids=[scene])
    ]


def new_batch(client: KognicIOClient, scene: str) -> tuple[list[str], list[str]]:
    made = client.project.create_batch(PROJECT, "second")
    return [made.batch], [each.batch for each in client.project.get_project_batches(PROJECT)][1:]


def cloud_pre_annotation(
    client: KognicIOClient, scene: str, *, postpone: bool | None
) -> tuple[list[str], list[str]]:
    made = client.pre_annotation.create_from_cloud_resource(scene, "first", CLOUD, postpone)
    return [made], [each["id"] for each in client.pre_annotation.list(scene_uuids=[scene])]


def indexed_pre_annotation(client: KognicIOClient, scene: str) -> tuple[list[str], list[str]]:
    return cloud_pre_annotation(client, scene, postpone=True)


def imported_pre_annotation(client: KognicIOClient, scene: str) -> tuple[list[str], list[str]]:
    return cloud_pre_annotation(client, scene, postpone=False)


Creation = Callable[[KognicIOClient, str], tuple[list[str], list[str]]]
CREATIONS: list[tuple[str, Creation]] = [
    ("POST /v1/calibrations", new_calibration),
    ("POST /v1/pre-annotations", new_pre_annotation),
    ("POST /v2/pre-annotations", indexed_pre_annotation),
    ("POST /v2/pre-annotations", imported_pre_annotation),
    ("POST /v2/inputs", new_input),
    ("POST /v1/inputs", new_inputs),
    ("POST /v1/projects/[^/]*/batches/[^/]*", new_batch),
]
NAMES = [create.__name__ for _, create in CREATIONS]


@pytest.mark.parametrize("fault", [fault_proxy.deliver_twice, fault_proxy.lose_answer])
@pytest.mark.parametrize(("route", "create"), CREATIONS, ids=NAMES)
def test_one_object(
    route: str, create: Creation, fault: Fault, harmed: KognicIOClient, proxy: FaultProxy, scene: str
) -> None:
    """The call returns what it created, and nothing is there twice."""
    proxy.rule(route, fault)

    returned, existing = create(harmed, scene)

    assert returned == existing
    assert len(existing) == 1


@pytest.mark.parametrize(("route", "create"), CREATIONS[1:], ids=NAMES[1:])
def test_another_programs_object(
    route: str,
    create: Creation,
    harmed: KognicIOClient,
    client: KognicIOClient,
    proxy: FaultProxy,
    scene: str,
    kognic_sandbox: Sandbox,
) -> None:
    """What another program created before the call is not taken, although it is equal."""
    theirs, _ = create(client, scene)
    assert kognic_sandbox.control.wait_until_idle()
    proxy.rule(route, fault_proxy.deliver_twice)

    with pytest.raises(REFUSALS, match="already"):
        create(harmed, scene)
    assert len(theirs) == 1


@pytest.mark.parametrize(("route", "create"), CREATIONS[1:], ids=NAMES[1:])
def test_a_call_that_is_repeated_by_the_user(
    route: str, create: Creation, client: KognicIOClient, scene: str, kognic_sandbox: Sandbox
) -> None:
    """The platform's refusal reaches the user as before."""
    assert route
    create(client, scene)
    assert kognic_sandbox.control.wait_until_idle()

    with pytest.raises(REFUSALS, match="already"):
        create(client, scene)


def test_a_pre_annotation_that_is_processed_slowly(
    harmed: KognicIOClient, proxy: FaultProxy, scene: str, kognic_sandbox: Sandbox
) -> None:
    """The client waits until the content can be compared."""
    kognic_sandbox.control.tune(pre_annotation_delay=0.3)
    proxy.rule("POST /v1/pre-annotations", fault_proxy.deliver_twice)

    created = harmed.pre_annotation.create(scene, OPENLABEL, dryrun=False, external_id="first")

    assert [created.id] == [each["id"] for each in harmed.pre_annotation.list(scene_uuids=[scene])]


def test_a_pre_annotation_of_other_content_that_was_created_meanwhile(
    harmed: KognicIOClient, client: KognicIOClient, proxy: FaultProxy, scene: str, kognic_sandbox: Sandbox
) -> None:
    """Name and time agree, the content does not: it is not what the call would have created."""

    def overtake(exchange: fault_proxy.Exchange) -> None:
        client.pre_annotation.create(scene, OTHER, dryrun=False, external_id="first")
        assert kognic_sandbox.control.wait_until_idle()
        exchange.send(exchange.forward())

    proxy.rule("POST /v1/pre-annotations", overtake)

    with pytest.raises(REFUSALS, match="already has a pre-annotation first"):
        harmed.pre_annotation.create(scene, OPENLABEL, dryrun=False, external_id="first")


def test_a_calibration_of_other_content(
    harmed: KognicIOClient, client: KognicIOClient, proxy: FaultProxy
) -> None:
    """A calibration of the same name with other sensors is not taken."""
    other = copy.deepcopy(calibration())
    del other.calibration["CAM"]
    client.calibration.create_calibration(other)
    proxy.rule("POST /v1/calibrations", fault_proxy.deliver_twice)

    with pytest.raises(REFUSALS, match="already exists"):
        harmed.calibration.create_calibration(calibration())


@pytest.mark.slow
def test_a_lost_answer_and_an_older_pre_annotation(
    kognic_sandbox: Sandbox,
    client: KognicIOClient,
    proxy: FaultProxy,
    scene: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One of that name that was there before is not taken: its content is another's."""
    client.pre_annotation.create(scene, OTHER, dryrun=False, external_id="first")
    proxy.rule("POST /v1/pre-annotations", fault_proxy.lose_answer)

    # The look-up finds nothing of this call's, so the window passes to its end.
    with proxy.client(kognic_sandbox, retry=attrs.evolve(QUICK, lookup_window=0.5)) as harmed:
        listed = harmed.pre_annotation.list
        monkeypatch.setattr(
            harmed.pre_annotation,
            "list",
            lambda **filters: [{**each, "created": "2026-01-01T00:00:00.000Z"} for each in listed(**filters)],
        )
        with pytest.raises(REFUSALS, match="already has a pre-annotation first"):
            harmed.pre_annotation.create(scene, OPENLABEL, dryrun=False, external_id="first")


def test_the_external_id_of_a_failed_pre_annotation(
    client: KognicIOClient, scene: str, kognic_sandbox: Sandbox
) -> None:
    """The refusal says that the external ID is used up."""
    kognic_sandbox.control.fail_pre_annotation("first")
    failed = client.pre_annotation.create(scene, OPENLABEL, dryrun=False, external_id="first")
    assert kognic_sandbox.control.wait_until_idle()

    with pytest.raises(REFUSALS, match=rf"{failed.id}\) has failed .* 'first' is used up: use a new one"):
        client.pre_annotation.create(scene, OPENLABEL, dryrun=False, external_id="first")
