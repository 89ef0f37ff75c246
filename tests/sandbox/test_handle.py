"""`Sandbox`: starting, stopping, starting again, many callers at once."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from kognic._core.run_errors import SandboxError
from kognic.sandbox import Sandbox, connection
from kognic.sandbox.control import Control
from tests.sandbox.protocol import Api, csv_cloud, cuboid_document, document, files_of, imu, jpeg


def logged_in(sandbox: Sandbox) -> Api:
    api = Api(sandbox, sandbox.credentials)
    api.login()
    return api


def test_new_sandbox(kognic_sandbox: Sandbox) -> None:
    """One workspace, one project with an open batch that has one request, and credentials."""
    api = logged_in(kognic_sandbox)

    assert [one["externalId"] for one in api.get("/v1/workspaces")] == ["sandbox-workspace"]
    assert [one["project"] for one in api.get("/v1/projects")] == ["sandbox-project"]
    [batch] = api.get("/v1/projects/sandbox-project/batches")
    assert (batch["batch"], batch["status"]) == ("batch-1", "open")
    credentials = kognic_sandbox.credentials
    required = {"clientId", "clientSecret", "email", "userId", "issuer"}
    assert required <= credentials.keys()
    assert json.loads(kognic_sandbox.credentials_file.read_text()) == credentials
    assert kognic_sandbox.credentials_file.stat().st_mode & 0o777 == 0o600
    assert kognic_sandbox.root.stat().st_mode & 0o077 == 0


def test_secrets_are_not_shown(kognic_sandbox: Sandbox) -> None:
    """A sandbox that is printed tells where it is and nothing else."""
    text = repr(kognic_sandbox)

    assert kognic_sandbox.url in text
    assert kognic_sandbox.credentials["clientSecret"] not in text


def test_commands_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its variables or its folder, as one of `kognic sandbox serve`; it is not on the user's list."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Sandbox(tmp_path / "root") as sandbox:
        assert connection.running_roots() == []
        monkeypatch.setenv("KOGNIC_CREDENTIALS", sandbox.env()["KOGNIC_CREDENTIALS"])
        Control.running_in(connection.find_root()).create_project("found")
        assert "found" in {one.project for one in sandbox.client().project.get_projects()}
    with pytest.raises(SandboxError, match="no sandbox runs in"):
        Control.running_in(tmp_path / "root")


def test_listens_on_loopback_only() -> None:
    """Unless told otherwise."""
    with Sandbox() as sandbox:
        assert sandbox.url.startswith("http://127.0.0.1:")
    with Sandbox(host="::1") as sandbox:
        assert sandbox.url.startswith("http://[::1]:")
        assert requests.get(f"{sandbox.url}/_sandbox/health", timeout=10).ok


def test_leaves_nothing_behind() -> None:
    """Neither threads nor files nor an open port, and it is quick about it."""
    before = set(threading.enumerate())
    sandbox = Sandbox()
    api = logged_in(sandbox)
    api.create()
    root, port = sandbox.root, int(sandbox.url.rsplit(":", 1)[1])

    sandbox.close()
    sandbox.close()

    assert set(threading.enumerate()) <= before
    assert not root.exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.slow
def test_closes_in_spite_of_slow_callers() -> None:
    """A caller that waits for a slow answer does not keep it open."""
    sandbox = Sandbox()
    api = logged_in(sandbox)
    sandbox.control.add_fault("latency", seconds=60)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(api.send, "GET", "/v1/projects")
        while not sandbox.control.faults()[0]["hits"]:
            time.sleep(0.001)
        sandbox.close()
        assert isinstance(waiting.exception(10), requests.RequestException)


def test_reset_cuts_calls_off(kognic_sandbox: Sandbox) -> None:
    """A call from before the reset does not arrive in the new sandbox."""
    api = logged_in(kognic_sandbox)
    control = kognic_sandbox.control
    control.add_fault("latency", "POST *", seconds=60)
    with ThreadPoolExecutor(1) as pool:
        path = "/v1/projects/sandbox-project/batches/late"
        waiting = pool.submit(api.send, "POST", path, json={})
        while not control.faults()[0]["hits"]:
            time.sleep(0.001)
        assert not control.wait_until_idle(timeout=0)
        control.reset()
        assert isinstance(waiting.exception(10), requests.RequestException)

    assert control.wait_until_idle(timeout=0)
    assert control.calls() == []
    assert len(api.get("/v1/projects/sandbox-project/batches")) == 1


@pytest.mark.slow
def test_port_taken(kognic_sandbox: Sandbox) -> None:
    """The message names the address; nothing is left running."""
    port = int(kognic_sandbox.url.rsplit(":", 1)[1])
    before = threading.active_count()

    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}"):
        Sandbox(port=port)

    assert threading.active_count() == before


def test_unknown_setting(tmp_path: Path) -> None:
    """A misspelt setting is named, with those that exist."""
    with pytest.raises(TypeError, match=r"unknown sandbox setting token_lifetme; known: .*token_lifetime"):
        Sandbox(tmp_path / "s", token_lifetme=5)


def test_settings() -> None:
    """Settings hold from the start."""
    with Sandbox(token_lifetime=5, refresh_token_lifetime=0, public_url="https://sandbox.example") as sandbox:
        api = logged_in(sandbox)
        tokens = api.token().json()
        made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", api.body("cameras"))

        assert (tokens["expires_in"], tokens.get("refresh_token")) == (5, None)
        assert made["files"]["c0.jpg"].startswith("https://sandbox.example/_storage/")


def test_signed_urls_follow_the_caller(api: Api) -> None:
    """URLs name the host by which the caller came."""
    body = api.body("cameras")
    path = f"/v1/inputs/cameras?workspaceId={api.workspace}"

    made = api.post(path, body, headers={"Host": "localhost:8080"})

    assert made["files"]["c0.jpg"].startswith("http://localhost:8080/_storage/")


@pytest.mark.parametrize("path", ["/v1/projects", "/_control/calls", "/_storage/a/b/c", "/nothing", "/view/"])
def test_other_host_names_are_refused(kognic_sandbox: Sandbox, path: str) -> None:
    """A page elsewhere that gives its own name the sandbox's address (DNS rebinding) gets nothing."""
    port = kognic_sandbox.url.rpartition(":")[2]
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
    ):
        answer = requests.get(kognic_sandbox.url + path, headers={"Host": host}, timeout=10)
        assert answer.status_code == 421, host
    # Pages also compare the port, see `test_visit`.
    for host in ("localhost", f"LOCALHOST:{port}", "127.0.0.1:1", "10.1.2.3", "[::1]:8000"):
        answer = requests.get(kognic_sandbox.url + path, headers={"Host": host}, timeout=10)
        assert path == "/view/" or answer.status_code != 421, host


def test_allowed_host_names() -> None:
    """Names of containers have to be allowed; that in `public_url` is."""
    with Sandbox(allowed_hosts=("Sandbox",), public_url="https://public.example:8443/x") as sandbox:
        for host, status in (("sandbox:8000", 401), ("public.example", 401), ("other", 421)):
            answer = requests.get(f"{sandbox.url}/v1/projects", headers={"Host": host}, timeout=10)
            assert answer.status_code == status, host
        assert "--allow-host other" in answer.text


@pytest.mark.parametrize("piece", [b"x" * 1000, b"X-Filler: y\r\n" * 100], ids=["one", "many"])
@pytest.mark.parametrize("trailers", [False, True], ids=["headers", "trailers"])
def test_headers_without_end_are_cut(kognic_sandbox: Sandbox, piece: bytes, trailers: bool) -> None:
    """The sandbox keeps no more of a request's head, or of its trailers, than its limit."""
    host, _, port = kognic_sandbox.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(b"POST /v2/scenes/query HTTP/1.1\r\nHost: localhost\r\n")
        if trailers:
            raw.sendall(b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
        raw.sendall(b"X-Long: ")
        sent, most = 0, 40_000_000
        with contextlib.suppress(ConnectionError):
            while sent < most:
                raw.sendall(piece)
                sent += len(piece)
        # What both kernels buffer comes on top of the limit.
        assert sent < most


class TestRestart:
    """State survives in the folder."""

    def test_everything_is_kept(self, tmp_path: Path) -> None:
        """Credentials, tokens, signed URLs, scenes, files, inputs, annotations, cursors."""
        with Sandbox(tmp_path) as sandbox:
            port = int(sandbox.url.rsplit(":", 1)[1])
            api = logged_in(sandbox)
            credentials = sandbox.credentials
            placed = api.place()
            annotation = sandbox.control.deliver_annotation(placed["uuid"], cuboid_document())
            pending = api.body("cameras")
            urls = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", pending)["files"]

        with Sandbox(tmp_path, port=port) as again:
            api.sandbox = again
            assert again.credentials == credentials
            assert again.control.stored_bytes(placed["sceneUuid"], "c0.jpg") == jpeg()
            assert [one["uuid"] for one in api.post("/v2/inputs/query", {})] == [placed["uuid"]]
            answer = requests.get(api.get(f"/v1/annotations/{annotation}")["signedUrl"], timeout=10)
            assert answer.json()["openlabel"]["metadata"]["uuid"] == annotation
            api.upload(urls, {"c0.jpg": jpeg()})
            api.commit(pending["internalId"])
            api.settle()
            assert api.status(pending["internalId"]) == "created"
            assert len(api.get("/v1/projects")) == 1

    def test_revoked_tokens_stay_revoked(self, tmp_path: Path) -> None:
        """A restart forgives nothing."""
        with Sandbox(tmp_path) as sandbox:
            api = logged_in(sandbox)
            api.get("/v1/projects")
            sandbox.control.revoke_tokens()

        with Sandbox(tmp_path) as again:
            api.sandbox = again
            api.refuse("GET", "/v1/projects", 401)

    def test_unfinished_work_goes_on(self, tmp_path: Path) -> None:
        """What was being processed is finished after the restart."""
        uri = {"sensorName": "C", "externalResourceUri": "s3://b/a.jpg"}
        specification = {"frames": [{"id": "0", "timestampNs": 1, "images": [{"resource": uri}]}]}
        with Sandbox(tmp_path, processing_delay=600, propagation_delay=600) as sandbox:
            api = logged_in(sandbox)
            body = api.body("cameras")
            made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)
            api.upload(made["files"], files_of(body))
            api.commit(made["internalId"])
            placed = api.place(made["internalId"])
            imported = api.post(
                "/v2/scenes",
                {
                    "workspaceId": api.workspace,
                    "externalId": "x",
                    "convertedSpecification": specification,
                },
            )["id"]
            content = document(frames={"0": {"frame_properties": {"timestamp": 0}}})
            pre_annotation = api.post(
                "/v1/pre-annotations", {"sceneUuid": made["internalId"], "preAnnotation": content}
            )["id"]
            assert (api.status(made["internalId"]), api.status(imported)) == ("processing", "pending")

        with Sandbox(tmp_path) as again:
            api.sandbox = again
            api.settle()
            assert api.status(made["internalId"]) == "created"
            assert api.status(imported) == "created"
            [found] = api.send("GET", f"/v2/pre-annotations?uuids={pre_annotation}").json()["data"]
            assert found["status"] == "available"
            assert api.request_input(placed["uuid"])["status"] == "not_started"

    def test_lost_credentials_file(self, tmp_path: Path) -> None:
        """Without the file there are new credentials; tokens of the old ones stay valid."""
        with Sandbox(tmp_path) as sandbox:
            api = logged_in(sandbox)
            old = sandbox.credentials
            sandbox.credentials_file.unlink()

        with Sandbox(tmp_path) as again:
            assert again.credentials["clientId"] != old["clientId"]
            api.sandbox = again
            assert api.get("/v1/projects")
            assert logged_in(again).get("/v1/projects")


class TestManyCallers:
    """32 threads at once."""

    @pytest.mark.slow
    def test_scenes(self, kognic_sandbox: Sandbox) -> None:
        """Every scene with its files and its input, none lost and none doubled."""

        def make(number: int) -> str:
            api = logged_in(kognic_sandbox)
            body = api.body("lidars", externalId=f"scene-{number}")
            samples = imu()
            made = api.post(
                f"/v1/imu?workspaceId={api.workspace}", {"internalId": body["internalId"], "imuData": samples}
            )
            api.upload({"imu": made["signedUrl"]}, {"imu": json.dumps(samples).encode()})
            body["imuData"] = made["resourceId"]
            path = f"/v1/inputs/project/sandbox-project/lidars?workspaceId={api.workspace}"
            scene = api.post(path, body)
            api.upload(scene["files"], {"l0.csv": csv_cloud()})
            api.commit(scene["internalId"])
            api.session.close()
            return str(scene["internalId"])

        with ThreadPoolExecutor(32) as pool:
            scenes = list(pool.map(make, range(32)))

        api = logged_in(kognic_sandbox)
        api.settle()
        assert len(set(scenes)) == 32
        found = api.post("/v2/scenes/query", {"sceneUuids": scenes})
        assert {one["status"] for one in found} == {"created"}
        assert {one["externalId"] for one in found} == {f"scene-{number}" for number in range(32)}
        inputs = api.post("/v2/inputs/query", {})
        assert sorted(one["sceneUuid"] for one in inputs) == sorted(scenes)

    @pytest.mark.slow
    def test_one_of_many_wins(self, kognic_sandbox: Sandbox) -> None:
        """If many threads create the same object, one succeeds and the others get an error."""
        api = logged_in(kognic_sandbox)
        scene = api.create()

        def count(act: Any) -> list[int]:
            with ThreadPoolExecutor(32) as pool:
                return sorted(pool.map(lambda _: act().status_code, range(32)))

        headers = dict(api.session.headers)

        def post(path: str, body: Any) -> requests.Response:
            return requests.post(kognic_sandbox.url + path, json=body, headers=headers, timeout=30)

        batches = count(lambda: post("/v1/projects/sandbox-project/batches/b2", {}))
        inputs = count(
            lambda: post(
                "/v2/inputs", {"sceneUuid": scene, "projectExtId": "sandbox-project", "batchExtId": "b2"}
            )
        )

        assert batches == [200] + [400] * 31
        assert inputs == [200] + [400] * 31


def test_requests_that_are_none(kognic_sandbox: Sandbox, api: Api) -> None:
    """Any input gets an HTTP response, and the sandbox keeps running."""
    for path, status in (("/", 404), ("/v1/none", 404), ("//v1/projects", 200), ("/v1/projects/", 404)):
        assert api.send("GET", path).status_code == status, path
    assert api.refuse("PUT", "/v1/projects", 405) == "PUT is not possible on /v1/projects"
    assert "nothing at GET /v1/none" in api.refuse("GET", "/v1/none", 404)
    headers = {"Content-Type": "application/json"}
    for body in (b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 10_000, b"null", b"5", b'"x"'):
        answer = api.send("POST", "/v2/scenes/query", data=body, headers=headers)
        assert answer.status_code == 400, body[:20]
        assert answer.json()["message"]
    with socket.create_connection(("127.0.0.1", int(kognic_sandbox.url.rsplit(":", 1)[1]))) as raw:
        raw.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http\r\n\r\n")
        raw.settimeout(10)
        raw.recv(1000)
    assert api.get("/v1/projects")


def test_a_failure_of_the_sandbox_itself(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is answered with 500 and a message; the reason is in the log and nowhere else."""

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr("kognic.sandbox.platform.projects.batches.project_answer", fail)

    message = api.refuse("GET", "/v1/projects", 500)

    assert message == "The sandbox failed; its log has the reason"
    assert "the disk is on fire" in caplog.text


def test_many_errors_are_counted(api: Api) -> None:
    """The error for a body with many problems lists only a few of them."""
    body = {"sceneUuids": list(range(20))}

    message = api.refuse("POST", "/v2/scenes/query", 400, json=body)

    assert message.startswith("Validation failed: sceneUuids.0: ")
    assert message.endswith("; and 15 more")


def test_body_limit() -> None:
    """A JSON body above the limit is refused before it is kept."""
    with Sandbox(max_body=1000) as sandbox:
        api = logged_in(sandbox)

        message = api.refuse("POST", "/v2/scenes/query", 413, json={"sceneUuids": ["x" * 1000]})

        assert message == "The body is larger than 1000 bytes"


def test_quiet(kognic_sandbox: Sandbox, api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed for calls, refused ones included."""
    api.create()
    api.refuse("GET", "/v1/projects/none/batches", 404)
    with api.sandbox.control.fault("reset"), pytest.raises(requests.ConnectionError):
        api.get("/v1/projects")

    assert capfd.readouterr() == ("", "")


def test_sunset_dates() -> None:
    """Answers of operations that are to go can say when."""
    moment = "2027-01-31T12:00:00.000000Z"
    with Sandbox(sunset_dates={"GET /v1/projects/{project}/batches": moment}) as sandbox:
        api = logged_in(sandbox)

        assert api.send("GET", "/v1/projects/sandbox-project/batches").headers["sunset-date"] == moment
        assert "sunset-date" not in api.send("GET", "/v1/projects").headers


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_folders_are_private(tmp_path: Path, umask: int) -> None:
    """Whatever the umask, only the owner can enter the folders that the sandbox creates."""
    root = tmp_path / "new"
    before = os.umask(umask)
    try:
        with Sandbox(root):
            modes = {path.name: path.stat().st_mode & 0o777 for path in (root, root / "storage")}
    finally:
        os.umask(before)
    assert modes == {"new": 0o700, "storage": 0o700}


def test_headers_are_bounded(kognic_sandbox: Sandbox) -> None:
    """Headers beyond 32 KiB are refused before anything of the request is processed."""
    answer = requests.get(f"{kognic_sandbox.url}/v1/workspaces", headers={"X-Long": "a" * 40_000}, timeout=10)
    assert answer.status_code == 431
