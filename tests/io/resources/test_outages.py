"""Waiting loops and `create_inputs` while the platform is away: they wait, and end in time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from kognic.base_clients.errors import PlatformAwayError, ServerError
from kognic.base_clients.http import breaker
from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.client import KognicIOClient
from kognic.io.resources.errors import PreAnnotationTimeoutError, SceneTimeoutError
from kognic.io.tools.input_creation import InputCreationStatus, SceneWithPreAnnotation, create_inputs
from kognic.sandbox import Sandbox
from kognic.sandbox.control import Control
from tests.io.resources.scenes import OPENLABEL, cameras_scene

pytestmark = pytest.mark.slow

# The budget of a client that has met an outage is soon empty: from then on every call has one attempt.
QUICK = RetryPolicy(max_attempts=3, first_wait=0.01, max_wait=0.02, budget=40, lookup_window=0.1)
UNKNOWN = "5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21"


@pytest.fixture
def control(kognic_sandbox: Sandbox) -> Control:
    return kognic_sandbox.control


@pytest.fixture
def client(kognic_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[KognicIOClient]:
    """A client that probes every few milliseconds."""
    monkeypatch.setattr(breaker, "FIRST_PROBE", 0.02)
    monkeypatch.setattr(breaker, "LONGEST_PROBE", 0.05)
    monkeypatch.setattr(breaker, "_GLANCE", 0.02)
    with kognic_sandbox.client(retry=QUICK) as client:
        client.workspace_id  # noqa: B018 - looked up before the outage
        yield client


def away(control: Control, calls: int | None, begins: Callable[[], bool] = lambda: True) -> threading.Thread:
    """Take the platform away once `begins` says so, and bring it back after so many calls."""

    def watch() -> None:
        while not begins():
            threading.Event().wait(0.005)
        control.add_fault("status", "*", status=503)
        if calls is None:
            return
        until = len(control.calls()) + calls
        while len(control.calls()) < until:
            threading.Event().wait(0.02)
        control.clear_faults()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def open_breaker(client: KognicIOClient) -> None:
    """Empty the budget with calls that fail."""
    while not client.breaker.is_open:
        with pytest.raises(ServerError):
            client.project.get_projects()


def test_wait_until_created_outlasts_an_outage(client: KognicIOClient, control: Control) -> None:
    """The scene is returned as soon as the platform answers and has processed it."""
    with control.held():
        made = client.cameras.create(cameras_scene("a"))
    thread = away(control, 40)
    while not control.faults():
        threading.Event().wait(0.005)
    (scene,) = client.scene.wait_until_created([made.scene_uuid], timeout=60, poll_interval=0.02)
    thread.join()
    assert scene.uuid == made.scene_uuid
    assert sum(call.status == 503 for call in control.calls()) >= 40


def test_wait_until_available_outlasts_an_outage(client: KognicIOClient, control: Control) -> None:
    """The same for pre-annotations."""
    made = client.cameras.create(cameras_scene("a"))
    client.scene.wait_until_created([made.scene_uuid], poll_interval=0.02)
    uuid = client.pre_annotation.create(made.scene_uuid, OPENLABEL, dryrun=False).id
    thread = away(control, 40)
    while not control.faults():
        threading.Event().wait(0.005)
    (found,) = client.pre_annotation.wait_until_available(uuid, timeout=60, poll_interval=0.02)
    thread.join()
    assert found["id"] == uuid


def test_outage_that_does_not_end(client: KognicIOClient, control: Control) -> None:
    """The time-out is the loop's own error; it says that the platform was away, and since when."""
    with control.fault("status", status=503):
        with pytest.raises(SceneTimeoutError, match=r"The last status request failed: .*503") as caught:
            client.scene.wait_until_created([UNKNOWN], timeout=0.3, poll_interval=0.02)
        assert caught.value.unfinished == [UNKNOWN]
        open_breaker(client)
        with pytest.raises(PreAnnotationTimeoutError, match=r"since .* UTC .*failures in a row"):
            client.pre_annotation.wait_until_available(UNKNOWN, timeout=0.3, poll_interval=0.02)


def test_error_of_a_single_call_explains_the_empty_budget(client: KognicIOClient, control: Control) -> None:
    """It says that the budget is empty, since when the platform has been away, and how many calls failed."""
    with control.fault("status", status=503):
        open_breaker(client)
        with pytest.raises(
            ServerError,
            match=r"(?s)503 .*retry budget of this client is empty: no usable answer from the platform since "
            r"20.* UTC \(\d+ failures in a row\)",
        ):
            client.project.get_projects()


def scenes(count: int) -> list[SceneWithPreAnnotation]:
    return [
        SceneWithPreAnnotation(scene=cameras_scene(f"s{n}"), pre_annotation=OPENLABEL) for n in range(count)
    ]


def assert_once(control: Control, client: KognicIOClient, count: int) -> None:
    assert Counter(each["externalId"] for each in control.scenes()) == {f"s{n}": 1 for n in range(count)}
    assert Counter(i["sceneUuid"] for i in control.request_inputs()) == {
        each["uuid"]: 1 for each in control.scenes()
    }
    assert len(client.pre_annotation.list()) == count


@pytest.mark.parametrize("stage", ["created", "committed"])
def test_create_inputs_outlasts_an_outage(stage: str, client: KognicIOClient, control: Control) -> None:
    """Scenes, pre-annotations and inputs exist once, wherever the outage met them."""
    begins: dict[str, Callable[[], bool]] = {
        "created": lambda: len(control.scenes()) >= 3,
        "committed": lambda: any(each["status"] == "created" for each in control.scenes()),
    }
    thread = away(control, 60, begins[stage])
    results = list(create_inputs(client, scenes(12), "sandbox-project", wait_timeout=60, sleep_time=0.02))
    thread.join()
    failures = [each.error for each in results if each.error]
    assert (len(results), failures) == (12, [])
    assert {each.status for each in results} == {InputCreationStatus.CREATED}
    assert_once(control, client, 12)


def test_lost_response_in_an_outage(client: KognicIOClient, control: Control) -> None:
    """The response to a creation is lost and its look-up fails, too: the next attempt finds the object."""
    routes = (
        ("POST /v1/pre-annotations", "GET /v2/pre-annotations"),
        ("POST /v1/inputs", "POST /v2/inputs/query"),
    )
    for create, look_up in routes:
        control.add_fault("reset", create, after=True, times=1)
        control.add_fault("status", look_up, times=6)
    results = list(create_inputs(client, scenes(1), "sandbox-project", wait_timeout=60, sleep_time=0.02))
    assert [(each.status, each.error) for each in results] == [(InputCreationStatus.CREATED, None)]
    assert_once(control, client, 1)
    assert [rule["hits"] for rule in control.faults()] == [1, 6, 1, 6]


def test_create_inputs_ends_in_time(client: KognicIOClient, control: Control) -> None:
    """Every scene has its result: what exists is PROCESSING or FAILED, with the outage as the reason."""
    thread = away(control, None, lambda: len(control.scenes()) >= 3)
    results = list(create_inputs(client, scenes(12), "sandbox-project", wait_timeout=0.5, sleep_time=0.02))
    thread.join()
    control.clear_faults()
    assert len(results) == 12
    failed = [each.error.message for each in results if each.error]
    assert failed
    assert any("did not come back within" in message for message in failed)
    known = {each["uuid"] for each in control.scenes()}
    assert {each.scene_uuid for each in results if each.scene_uuid} >= known


def test_create_inputs_raises_if_the_first_scene_meets_an_outage(
    client: KognicIOClient, control: Control
) -> None:
    """Nothing exists, and no scene would fare better."""
    with control.fault("status", status=503):
        open_breaker(client)
        with pytest.raises(PlatformAwayError, match=r"did not come back within 0\.2 s"):
            list(create_inputs(client, scenes(3), "sandbox-project", wait_timeout=0.2, sleep_time=0.02))
    assert control.scenes() == []
