"""The control handle, in the same process and over the control API."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import requests

from kognic._core.run_errors import SandboxError
from kognic.sandbox import Control, Sandbox, connection
from kognic.sandbox.platform.control.actions import ACTIONS
from tests.sandbox.protocol import Api, cuboid_document, jpeg

UNKNOWN = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(params=["in process", "over HTTP"])
def control(request: pytest.FixtureRequest, kognic_sandbox: Sandbox) -> Control:
    """Both kinds of handle do the same."""
    if request.param == "in process":
        return kognic_sandbox.control
    return Control.connect(kognic_sandbox.url + "/", kognic_sandbox.control_token)


def test_seeding(control: Control, api: Api) -> None:
    """Workspaces, projects, batches, requests."""
    workspace = control.create_workspace("w", name="W", roles=["developer", "viewer"])
    project = control.create_project("p", title="P", description="D", annotation_types=["a", "b"])
    assert control.create_batch("p", "b", title="B", annotation_types=["a"]) == "b"
    request = control.create_request(
        "p", "b", external_id="r", title="R", input_type="cameras", member_ids=[1, 5]
    )

    assert workspace in {one["id"] for one in api.get("/v1/workspaces?anyRoleIn=viewer")}
    [found] = api.get(f"/v2/requests?projectId={project}")
    assert (found["id"], found["title"]) == (request, "R")
    assert api.get("/v1/projects/p/batches/b/annotation-types") == ["a"]
    control.set_batch_status("p", "b", "in-progress")
    assert api.get("/v1/projects/p/batches")[0]["status"] == "in-progress"


def test_stored_files(control: Control, api: Api) -> None:
    """Every byte, its size and hash."""
    scene = api.create()

    assert control.stored_bytes(scene, "c0.jpg") == jpeg()
    files = control.stored_files(scene)
    assert files["c0.jpg"]["size"] == len(jpeg())
    assert len(files["c0.jpg"]["sha256"]) == 64
    assert [one["uuid"] for one in control.scenes()] == [scene]
    assert control.scenes("none") == []


def test_work(control: Control, api: Api) -> None:
    """Tasks are started and completed, annotations delivered."""
    uuid = api.place()["uuid"]
    control.start_task(uuid)
    judgement = control.complete_task(uuid, cuboid_document())
    assert api.get(f"/v1/annotations/{judgement}")["isPreliminary"] is True
    annotation = control.deliver_annotation(uuid)
    assert api.get(f"/v1/annotations/{annotation}")["isPreliminary"] is False
    [found] = control.request_inputs()
    assert (found["uuid"], found["status"]) == (uuid, "completed")


def test_calls(control: Control, api: Api) -> None:
    """What arrived, without secrets and without the handle's own calls."""
    control.clear_calls()
    body = api.body("cameras")
    made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body, headers={"X-Dryrun": ""})
    made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)
    api.upload(made["files"], {"c0.jpg": jpeg()})
    api.token()
    api.send("GET", "/nowhere")

    calls = control.calls()

    assert [(one.method, one.route, one.status) for one in calls] == [
        ("POST", "/v1/inputs/initialize", 200),
        ("POST", "/v1/inputs/cameras", 200),
        ("POST", "/v1/inputs/cameras", 200),
        ("PUT", "/_storage/{bucket}/{key}/{name}", 200),
        ("POST", "/v1/auth/oauth/token", 200),
        ("GET", "", 404),
    ]
    assert calls[1].headers["x-dryrun"] == ""
    assert calls[1].query == f"workspaceId={api.workspace}"
    upload = calls[3]
    assert upload.path.endswith("/c0.jpg")
    assert (upload.query, upload.size) == ("", len(jpeg()))
    everything = repr(calls)
    token = str(api.session.headers["Authorization"]).split()[1]
    for secret in (token, api.credentials["clientSecret"], "Signature", "authorization"):
        assert secret not in everything
    control.clear_calls()
    assert control.calls() == []


def test_calls_are_known_when_they_arrive(kognic_sandbox: Sandbox, api: Api) -> None:
    """A caller that gave up, or was cut off, finds its call, and not among those it made later."""
    control = kognic_sandbox.control
    address = f"{kognic_sandbox.url}/v1/projects"
    control.clear_calls()
    with control.fault("latency", seconds=60), pytest.raises(requests.Timeout):
        api.session.get(address, timeout=0.3)
    with control.fault("reset"), pytest.raises(requests.ConnectionError):
        api.session.get(address, timeout=20)
    api.get("/v1/projects")

    assert [(call.status, call.fault) for call in control.calls()] == [
        (0, "latency"),
        (0, "reset"),
        (200, ""),
    ]


def test_connections_are_counted(kognic_sandbox: Sandbox, api: Api) -> None:
    """Calls on one connection have its number, others another one."""
    kognic_sandbox.control.clear_calls()
    api.get("/v1/projects")
    api.get("/v1/projects")
    requests.get(f"{kognic_sandbox.url}/v1/projects", timeout=10)

    first, second, other = [one.connection for one in kognic_sandbox.control.calls()]

    assert first == second != other


def test_tune(control: Control, api: Api) -> None:
    """Times change at once, and a reset undoes that."""
    times = control.tune(token_lifetime=7)
    assert times["token_lifetime"] == 7
    assert api.token().json()["expires_in"] == 7

    control.reset()

    assert api.token().json()["expires_in"] == 3600


def test_held_and_idle(control: Control, api: Api) -> None:
    """The platform does nothing meanwhile."""
    made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", api.body("cameras"))
    with control.held():
        api.commit(made["internalId"])
        assert control.wait_until_idle(0) is False
        assert api.status(made["internalId"]) == "processing"
    assert control.wait_until_idle(30) is True


def test_faults(control: Control, api: Api) -> None:
    """Rules can be set from outside."""
    with control.fault("status", "GET /v1/projects", retry_after=3):
        api.refuse("GET", "/v1/projects", 503)
        assert control.faults()[0]["hits"] == 1
    assert api.get("/v1/projects")


def test_cloud_files(control: Control, api: Api) -> None:
    """Bytes, not text: an image is one, and what is none is refused."""
    content = jpeg()
    control.put_cloud_file("s3://b/whole.jpg", content)
    control.put_cloud_file("s3://b/none.jpg", bytes(range(256)))
    found = {}
    for name in ("whole", "none"):
        resource = {"sensorName": "FRONT", "externalResourceUri": f"s3://b/{name}.jpg"}
        frame = {"id": "0", "timestampNs": 1, "images": [{"resource": resource}]}
        scene = {
            "workspaceId": api.workspace,
            "externalId": name,
            "convertedSpecification": {"frames": [frame]},
        }
        uuid = api.post("/v2/scenes", scene)["id"]
        api.settle()
        found[name] = api.status(uuid)
    assert found == {"whole": "created", "none": "failed"}


def test_datasets_and_queries(control: Control, api: Api) -> None:
    """What other services hold."""
    dataset = control.create_dataset("d", is_segmentation=True, annotations=[{"a": 1}])
    assert api.get(f"/v1/datasets/{dataset}/annotations") == [{"a": 1}]
    control.add_query_items("kpi", ({"n": n} for n in range(2)))
    answer = api.send("POST", "/v1/search/kpi/query", json={}).json()
    assert answer["items"] == [{"n": 0}, {"n": 1}]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda c: c.create_batch("none", "b"), "There is no project none"),
        (lambda c: c.create_project("sandbox-project"), "There is a project sandbox-project already"),
        (
            lambda c: c.create_request("sandbox-project", "none"),
            "There is no batch none in project sandbox-project",
        ),
        (
            lambda c: c.create_request("sandbox-project", "batch-1", phases=["annotate"]),
            "A workflow ends with the phase delivery",
        ),
        (
            lambda c: c.create_request("sandbox-project", "batch-1", phases=["dance", "delivery"]),
            "dance is no phase; phases are annotate, review, integration-review, delivery",
        ),
        (lambda c: c.complete_task(UNKNOWN), f"There is no input {UNKNOWN}"),
        (lambda c: c.stored_bytes(UNKNOWN, "x"), f"Scene {UNKNOWN} has no stored file x"),
        (lambda c: c.stored_files(UNKNOWN), f"There is no scene {UNKNOWN}"),
        (lambda c: c.tune(token_lifetime=-1), "token_lifetime is -1"),
        (lambda c: c.tune(patience=1), "patience"),
        (lambda c: c.add_query_items("cats", []), "kind is cats, must be judgements or kpi"),
        (lambda c: c.create_batch("sandbox-project", 5), "batch: Input should be a valid string"),
    ],
)
def test_refused(control: Control, act: Any, message: str) -> None:
    """One class of error, whose message names the thing."""
    with pytest.raises(SandboxError) as caught:
        act(control)

    assert message in str(caught.value)


def test_input_without_open_task(control: Control, api: Api) -> None:
    """A delivered input has none, and no further phase."""
    uuid = api.place()["uuid"]
    control.deliver_annotation(uuid)

    with pytest.raises(SandboxError, match="has no open task"):
        control.complete_task(uuid)
    with pytest.raises(SandboxError, match="has been delivered"):
        control.advance_workflow(uuid)


def test_every_action_has_a_method() -> None:
    """The handle covers the control API."""
    source = inspect.getsource(Control)

    assert [name for name in ACTIONS if f'"{name}"' not in source] == []


class TestApi:
    """The control API itself."""

    @pytest.mark.parametrize("token", [None, "", "wrong", "Bearer x"])
    def test_needs_its_token(self, kognic_sandbox: Sandbox, api: Api, token: str | None) -> None:
        """Neither nothing nor a bearer token opens it."""
        headers = {} if token is None else {"X-Sandbox-Control": token}

        assert "control token" in api.refuse("POST", "/_sandbox/control/reset", 401, headers=headers)

    def test_malformed(self, kognic_sandbox: Sandbox, api: Api) -> None:
        """Unknown actions are 404, bad arguments 400."""
        headers = {"X-Sandbox-Control": kognic_sandbox.control_token}
        path = "/_sandbox/control"

        assert "There is no action dance" in api.refuse("POST", f"{path}/dance", 404, headers=headers)
        assert "object" in api.refuse("POST", f"{path}/reset", 400, headers=headers, json=[])
        assert "not JSON" in api.refuse("POST", f"{path}/reset", 400, headers=headers, data="{")
        unknown = api.refuse("POST", f"{path}/reset", 400, headers=headers, json={"force": True})
        assert "force" in unknown

    def test_health(self, kognic_sandbox: Sandbox) -> None:
        """Anybody may ask whether it runs."""
        answer = requests.get(f"{kognic_sandbox.url}/_sandbox/health", timeout=10)

        assert answer.json() == {"data": {"status": "ok"}}

    def test_nobody_there(self) -> None:
        """A handle on nothing says so."""
        control = Control.connect("http://127.0.0.1:9", "token")

        with pytest.raises(SandboxError, match="does not answer"):
            control.reset()

    def test_by_folder(
        self, kognic_sandbox: Sandbox, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The folder of a sandbox tells where it runs and opens its control API."""
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        connection.list_as_running(kognic_sandbox.root, kognic_sandbox.url)
        try:
            Control.running_in(str(kognic_sandbox.root)).create_project("found")
        finally:
            connection.remove_note(kognic_sandbox.root)

        assert "found" in {one["project"] for one in api.get("/v1/projects")}
        with pytest.raises(SandboxError, match=r"no sandbox runs in .*; start one: kognic sandbox serve"):
            Control.running_in(tmp_path)

    def test_token_file(self, kognic_sandbox: Sandbox) -> None:
        """Only the owner can read it."""
        path = Path(kognic_sandbox.root) / "control-token"

        assert path.read_text() == kognic_sandbox.control_token
        assert path.stat().st_mode & 0o777 == 0o600


def test_view_path_is_signed(kognic_sandbox: Sandbox) -> None:
    """The path of a page lets its holder in; without the signature the page is refused."""
    path = kognic_sandbox.control.view_path()
    plain = path.partition("?")[0]

    assert plain == "/view/"
    assert requests.get(kognic_sandbox.url + path, timeout=10).status_code == 200
    assert requests.get(kognic_sandbox.url + plain, timeout=10).status_code == 403
