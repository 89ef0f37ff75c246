"""`KognicIOClient`: offline to make, lazy, shared, closed, pickled; what it sends for whom."""

from __future__ import annotations

import copy
import functools
import inspect
import json
import logging
import pickle
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from kognic.auth import env_config
from kognic.auth.env_config import Environment
from kognic.auth.errors import CredentialsError, EnvironmentConfigError
from kognic.auth.requests.auth_session import RequestsAuthSession
from kognic.base_clients.errors import BadRequestError, ClientClosedError
from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.client import KognicIOClient
from kognic.io.model import hosts
from kognic.io.resources.errors import WorkspaceUnknownError
from kognic.sandbox import Sandbox
from kognic.sandbox.control import Control
from tests.io.resources.scenes import cameras_scene

RESOURCES = [
    "aggregated_lidars_and_cameras_seq", "annotation", "calibration", "cameras", "cameras_sequence",
    "dataset", "input", "lidars", "lidars_and_cameras", "lidars_and_cameras_sequence", "lidars_sequence",
    "pre_annotation", "project", "request", "review", "scene", "scene_creation", "task", "workspace",
]  # fmt: skip


@pytest.fixture
def control(kognic_sandbox: Sandbox) -> Control:
    return kognic_sandbox.control


def test_signature() -> None:
    """Keyword-only, with the documented names, order and defaults first; ours follow."""
    parameters = list(inspect.signature(KognicIOClient).parameters.values())

    assert {each.kind for each in parameters} == {inspect.Parameter.KEYWORD_ONLY}
    assert {each.name: each.default for each in parameters[:13]} == {
        "auth": None,
        "host": "https://input.app.kognic.com",
        "order_execution_api_host": "https://order-execution.app.kognic.com",
        "annotation_integration_api_host": "https://annotation-integration.app.kognic.com",
        "workspace_api_host": "https://workspace.app.kognic.com",
        "project_management_api_host": "https://project-management.app.kognic.com",
        "auth_host": "https://auth.app.kognic.com",
        "client_organization_id": None,
        "max_retry_attempts": 23,
        "max_retry_wait_time": 60,
        "timeout": 60,
        "max_connections": 10,
        "write_workspace_id": None,
    }
    assert [each.name for each in parameters[13:]] == [
        "environment", "dataset_api_host", "proxies", "verify", "progress", "retry", "session",
    ]  # fmt: skip


def test_constructing_and_looking_is_offline(kognic_sandbox: Sandbox, control: Control) -> None:
    """Neither the constructor nor taking up a resource calls anything."""
    with kognic_sandbox.client() as client:
        for name in RESOURCES:
            assert getattr(client, name) is getattr(client, name)
        assert "workspace=not known yet" in repr(client)
    assert control.calls() == []


def test_resources_are_documented_on_the_class() -> None:
    """`help(KognicIOClient.scene)` works without a client."""
    assert all(inspect.getdoc(getattr(KognicIOClient, name)) for name in RESOURCES)


def test_first_call_fetches_the_token(kognic_sandbox: Sandbox, control: Control) -> None:
    """One token for all services."""
    with kognic_sandbox.client() as client:
        client.project.get_projects()
        client.review.get_error_types()

    routes = [call.route for call in control.calls()]
    assert routes == ["/v1/auth/oauth/token", "/v1/projects", "/v1/reviews/error-types"]


def test_missing_credentials_are_told_by_the_constructor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the mistake is, and which file it is about."""
    with pytest.raises(CredentialsError, match=r"nowhere\.json"):
        KognicIOClient(auth=str(tmp_path / "nowhere.json"))


def test_a_workspace_is_asked_for_once(kognic_sandbox: Sandbox, control: Control) -> None:
    """By the first call that writes, however many threads do."""
    with kognic_sandbox.client() as client:
        client.project.get_projects()
        assert not any("workspaces" in call.route for call in control.calls())
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(lambda _: client.workspace_id, range(32)))
        client.cameras.create(cameras_scene(), dryrun=True)

    assert found == {kognic_sandbox.workspace_id}
    assert [call.query for call in control.calls() if "workspaces" in call.route] == ["anyRoleIn=developer"]


def test_a_given_workspace_is_taken_as_it_is(kognic_sandbox: Sandbox, control: Control) -> None:
    """Even an empty one; nothing is asked."""
    with kognic_sandbox.client(write_workspace_id="") as client:
        assert client.workspace_id == ""
        with pytest.raises(BadRequestError, match="workspace"):
            client.cameras.create(cameras_scene())
    assert not any("workspaces" in call.route for call in control.calls())


def test_several_workspaces(kognic_sandbox: Sandbox, control: Control) -> None:
    """They are named, with the argument that chooses; reading needs no choice."""
    second = control.create_workspace("second", name="Second")
    with kognic_sandbox.client() as client:
        assert client.project.get_projects()
        with pytest.raises(WorkspaceUnknownError, match="Could not infer a workspace") as info:
            client.cameras.create(cameras_scene())

    assert isinstance(info.value, ValueError)
    assert f"Second ({second})" in str(info.value)
    assert "write_workspace_id=" in str(info.value)
    assert {each.id for each in info.value.workspaces} == {second, kognic_sandbox.workspace_id}


def test_no_workspace(kognic_sandbox: Sandbox, control: Control) -> None:
    """A user without a workspace gets an error; the workspaces are queried again at the next call."""
    reader = control.create_user("reader@example.com")
    with kognic_sandbox.client(auth=reader) as client:
        for _ in range(2):
            with pytest.raises(WorkspaceUnknownError, match="Found none"):
                _ = client.workspace_id
    assert sum("workspaces" in call.route for call in control.calls()) == 2


def test_acting_for_an_organization(
    kognic_sandbox: Sandbox, control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    """Every call says for whom; both risky choices are logged."""
    with (
        caplog.at_level(logging.WARNING),
        kognic_sandbox.client(client_organization_id=7) as client,
        pytest.raises(WorkspaceUnknownError),
    ):
        _ = client.workspace_id
    with kognic_sandbox.client(client_organization_id=7, write_workspace_id="w"):
        pass

    (call,) = [call for call in control.calls() if "workspaces" in call.route]
    assert call.headers["x-organization-id"] == "7"
    assert call.query == "anyRoleIn=developer&organizationIds=7"
    assert "Acting for organization 7" in caplog.text
    assert "Writing to workspace w" in caplog.text


def test_headers(kognic_sandbox: Sandbox, control: Control) -> None:
    """What every call carries."""
    with kognic_sandbox.client() as client:
        client.project.get_projects()

    headers = control.calls()[-1].headers
    assert headers["accept"] == "application/json"
    assert headers["accept-encoding"] == "gzip"
    assert headers["user-agent"].startswith("kognic-http_client/")
    assert " kognic-io/" in headers["user-agent"]


def test_closed_client(kognic_sandbox: Sandbox, control: Control) -> None:
    """After the `with` block every call says so, also through resources taken up before."""
    with kognic_sandbox.client() as client:
        project = client.project
        client.project.get_projects()
    control.clear_calls()

    for call in (project.get_projects, client.scene.get_scenes_by_uuids, client.calibration.get_calibrations):
        with pytest.raises(ClientClosedError, match=r"The client is closed\. Create a new one") as info:
            call(*([["uuid"]] if "uuids" in call.__name__ else []))
        assert isinstance(info.value, RuntimeError)
    client.close()
    assert control.calls() == []


def test_pickled_client(kognic_sandbox: Sandbox, control: Control) -> None:
    """A copy in another process has its own connections and knows what was found out."""
    with kognic_sandbox.client(timeout=33, retry=RetryPolicy(max_attempts=2)) as client:
        assert client.workspace_id
        assert client.annotation is not None
        with pickle.loads(pickle.dumps(client)) as copied:
            assert repr(copied) == repr(client)
            assert copied.project.get_projects() == client.project.get_projects()
            created = copied.cameras.create(cameras_scene())
        assert client.scene.get_scenes_by_uuids([created.scene_uuid])
        with copy.deepcopy(client) as another:
            assert another.project.get_projects()

    assert sum("workspaces" in call.route for call in control.calls()) == 1


def test_client_with_a_session_of_the_callers(kognic_sandbox: Sandbox, control: Control) -> None:
    """It is used as it is, not closed, and does not travel to another process."""
    with RequestsAuthSession(auth=kognic_sandbox.credentials, host=kognic_sandbox.url) as session:
        with KognicIOClient(session=session, **_service_hosts(kognic_sandbox)) as client:
            assert client.project.get_projects()
            with pytest.raises(TypeError, match="construct the client in the process that uses it"):
                pickle.dumps(client)
        assert session.request("GET", f"{kognic_sandbox.url}/v1/projects").status_code == 200
    with pytest.raises(ValueError, match="both auth and session are given"):
        KognicIOClient(auth=("id", "secret"), session=session)


def _service_hosts(sandbox: Sandbox) -> dict[str, str]:
    return {name: url for name, url in sandbox.hosts().items() if name != "auth_host"}


def test_anything_that_makes_requests_is_a_session(kognic_sandbox: Sandbox) -> None:
    """A plain `requests.Session` with a token of its own will do."""
    with RequestsAuthSession(auth=kognic_sandbox.credentials, host=kognic_sandbox.url) as auth:
        token = auth.ensure_token()["access_token"]
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        with KognicIOClient(session=session, **_service_hosts(kognic_sandbox)) as client:
            assert client.project.get_projects()


def test_threads_share_one_token_and_few_connections(kognic_sandbox: Sandbox, control: Control) -> None:
    """Sixteen threads: one token call, and no more connections than threads."""
    start = threading.Barrier(16)

    def read(_: int) -> int:
        start.wait(10)
        return sum(len(client.project.get_projects()) for _ in range(4))

    with kognic_sandbox.client() as client, ThreadPoolExecutor(16) as pool:
        assert list(pool.map(read, range(16))) == [4] * 16
    calls = control.calls()
    assert sum("oauth" in call.route for call in calls) == 1
    assert len({call.connection for call in calls}) <= 17


def test_secrets_are_not_shown(kognic_sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in a repr nor in a log nor in a traceback that shows local variables."""
    secret = kognic_sandbox.credentials["clientSecret"]
    with caplog.at_level(logging.DEBUG), kognic_sandbox.client() as client:
        client.cameras.create(cameras_scene())
        shown = repr(client) + repr(vars(client)) + caplog.text
        token = client._own_session.ensure_token()["access_token"] if client._own_session else ""
    assert token
    assert secret not in shown
    assert token not in shown
    wrong = {**kognic_sandbox.credentials, "clientId": None}
    with pytest.raises(CredentialsError) as info:
        KognicIOClient(auth=wrong)
    frames = traceback.TracebackException.from_exception(info.value, capture_locals=True)
    ours = [line for line in frames.format() if "test_client.py" not in line]
    assert secret not in "".join(ours)


# Environments


@pytest.fixture
def environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kognic_sandbox: Sandbox) -> Path:
    """An environments.json with the sandbox under one URL, and another platform."""
    file = tmp_path / "environments.json"
    entries = {
        "local": {"url": kognic_sandbox.url, "credentials": str(kognic_sandbox.credentials_file)},
        "staging": {"host": "staging.example.com", "auth_server": "https://auth.staging.example.com"},
    }
    file.write_text(json.dumps({"environments": entries}))
    load = functools.partial(env_config.load_kognic_env_config, file)
    monkeypatch.setattr("kognic.base_clients.http.hosts.load_kognic_env_config", load)
    monkeypatch.delenv("KOGNIC_ENVIRONMENT", raising=False)
    return file


def test_environment_by_name(environments: Path, kognic_sandbox: Sandbox) -> None:
    """One name gives services, auth server and credentials."""
    with KognicIOClient(environment="local") as client:
        assert client.project.get_projects()
        assert client.review.get_error_types()
        assert client.dataset.get_datasets() == []


def test_environment_by_variable(environments: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KOGNIC_ENVIRONMENT stands in for the argument, which wins."""
    monkeypatch.setenv("KOGNIC_ENVIRONMENT", "local")
    with KognicIOClient() as client:
        assert client.project.get_projects()
    with KognicIOClient(environment="staging", auth=("id", "secret")) as client:
        assert client._hosts["input"] == "https://input.staging.example.com"


def test_environment_with_a_host_per_service(environments: Path) -> None:
    """Services are below the environment's host; arguments win, also those that spell out a default."""
    spelt_out = "".join(["https://", "workspace.app.kognic.com"])
    with KognicIOClient(
        environment="staging",
        auth=("id", "secret"),
        host="https://mine.example.com",
        workspace_api_host=spelt_out,
    ) as client:
        assert client._hosts == {
            "input": "https://mine.example.com",
            "order-execution": "https://order-execution.staging.example.com",
            "annotation-integration": "https://annotation-integration.staging.example.com",
            "workspace": "https://workspace.app.kognic.com",
            "project-management": "https://project-management.staging.example.com",
            "dataset": "https://dataset.staging.example.com",
            "auth": "https://auth.staging.example.com",
        }
        assert client._own_session is not None
        assert client._own_session.host == "https://auth.staging.example.com"


def test_environment_object(kognic_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is needed; credentials given beside it win."""
    monkeypatch.setenv("KOGNIC_ENVIRONMENT", "not looked at")
    environment = Environment(
        "mine", "example.com", kognic_sandbox.url, url=kognic_sandbox.url, scopes=["api:read"]
    )
    with KognicIOClient(environment=environment, auth=kognic_sandbox.credentials) as client:
        assert client.project.get_projects()
        assert client._own_session is not None
        assert list(client._own_session.scopes or ()) == ["api:read"]


def test_unknown_environment(environments: Path) -> None:
    """The error names the file and its environments."""
    with pytest.raises(EnvironmentConfigError, match=r"Unknown environment 'prod'; .* has: local, staging"):
        KognicIOClient(environment="prod")


def test_without_environment_nothing_is_read(environments: Path, kognic_sandbox: Sandbox) -> None:
    """The default environment of the file is not for clients that ask for none."""
    environments.write_text("not json")
    with KognicIOClient(auth=("id", "secret")) as client:
        assert client._hosts["input"] == hosts.DEFAULT_INPUT_API_HOST


def test_options_reach_the_file_client(kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """Retries, connections and progress of transfers."""
    moved: list[Any] = []

    class Progress:
        def add(self, files: int, size: int) -> None:
            moved.append((files, size))

        def moved(self, size: int) -> None:
            """Not asserted."""

        def finished(self, resource_id: str) -> None:
            moved.append(resource_id)

        def close(self) -> None:
            moved.append("closed")

    with kognic_sandbox.client(progress=Progress(), max_connections=3, max_retry_attempts=5) as client:
        client.cameras.create(cameras_scene())
        assert client._files.max_connections == 3
    assert {"front.jpg", "left.jpg", "closed"} <= {each for each in moved if isinstance(each, str)}


@pytest.mark.parametrize(
    "arguments",
    [
        {"host": "ftp://h"},
        {"timeout": 0},
        {"auth_host": "https://me:s3cr3t@h"},
        {"auth_host": "https://h", "proxies": {"https": "http://me:s3cr3t@h"}, "verify": ""},
    ],
)
def test_tracebacks_of_a_failed_construction(arguments: dict[str, Any]) -> None:
    """Local variables hold no secret, and the half-made client can be shown."""
    build = functools.partial(KognicIOClient, auth=("id", "cl1ent-s3cr3t"), **arguments)
    with pytest.raises(ValueError) as caught:
        build()
    frames = caught.tb.tb_next  # Without that of this test.
    report = "".join(
        traceback.TracebackException(caught.type, caught.value, frames, capture_locals=True).format()
    )
    assert "cl1ent-s3cr3t" not in report
    assert "KognicIOClient(host=''" in report or "auth_host" in arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"host": "127.0.0.1:8010"}, "host is '127.0.0.1:8010', must be a URL like https://"),
        ({"workspace_api_host": "workspace"}, "workspace_api_host is 'workspace', must be a URL"),
        ({"auth_host": None}, "auth_host is None, must be a URL"),
        ({"timeout": 0}, "timeout is 0, must be above 0 seconds"),
        ({"max_connections": 0}, "max_connections is 0, must be at least 1"),
        ({"max_retry_attempts": -1}, "max_retry_attempts is -1, must be at least 0"),
        ({"max_retry_wait_time": -1}, "max_retry_wait_time is -1, must be at least 0"),
    ],
)
def test_bad_arguments_are_told_by_the_constructor(arguments: dict[str, Any], message: str) -> None:
    """By name, with the value, and not by the first call or upload."""
    with pytest.raises(ValueError, match=message):
        KognicIOClient(auth=("id", "secret"), **arguments)
