"""Faults on purpose, as a caller sees them."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest
import requests

from kognic._core.run_errors import SandboxError
from kognic.sandbox import Sandbox
from tests.sandbox.protocol import Api, cuboid_document, jpeg

PROJECTS = "GET /v1/projects"
BATCH = "POST /v1/projects/{project}/batches/{batch}"


def batches(api: Api) -> list[str]:
    return [one["batch"] for one in api.get("/v1/projects/sandbox-project/batches")]


def create_batch(api: Api) -> requests.Response:
    return api.send("POST", "/v1/projects/sandbox-project/batches/b2", json={})


@pytest.mark.parametrize("status", [400, 401, 404, 408, 429, 500, 502, 503, 504])
def test_status(api: Api, status: int) -> None:
    """The call is answered with the status, and nothing of it is done."""
    with api.sandbox.control.fault("status", BATCH, status=status):
        answer = create_batch(api)

    assert answer.status_code == status
    assert answer.json() == {"message": f"Injected fault: status {status}"}
    assert batches(api) == ["batch-1"]


@pytest.mark.parametrize("value", [7, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_retry_after(api: Api, value: str | int) -> None:
    """In either form."""
    with api.sandbox.control.fault("status", PROJECTS, status=429, retry_after=value):
        answer = api.send("GET", "/v1/projects")

    assert answer.headers["Retry-After"] == str(value)
    assert "Retry-After" not in api.send("GET", "/v1/projects").headers


def test_status_after_processing(api: Api) -> None:
    """The work is done, the answer is an error."""
    with api.sandbox.control.fault("status", BATCH, status=502, after=True):
        assert create_batch(api).status_code == 502

    assert batches(api) == ["batch-1", "b2"]


@pytest.mark.parametrize(("after", "expected"), [(False, ["batch-1"]), (True, ["batch-1", "b2"])])
def test_reset(api: Api, after: bool, expected: list[str]) -> None:
    """The connection is cut before or after the work."""
    with (
        api.sandbox.control.fault("reset", BATCH, after=after),
        pytest.raises(requests.ConnectionError) as caught,
    ):
        create_batch(api)

    assert "reset" in str(caught.value).lower() or "aborted" in str(caught.value).lower()
    assert batches(api) == expected
    [call] = [one for one in api.sandbox.control.calls() if one.route.endswith("{batch}")]
    assert (call.status, call.fault) == (0, "reset")


def test_reset_of_an_upload(api: Api) -> None:
    """A reset before processing stores nothing, one after it everything."""
    made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", api.body("cameras"))
    url = made["files"]["c0.jpg"]
    for after, stored in ((False, {}), (True, {"c0.jpg"})):
        with (
            api.sandbox.control.fault("reset", "PUT /_storage/*", after=after),
            pytest.raises(requests.ConnectionError),
        ):
            requests.put(url, data=jpeg(), timeout=10)
        assert set(api.sandbox.control.stored_files(made["internalId"])) == set(stored)


def test_truncated_answer(api: Api) -> None:
    """The body ends before its announced length."""
    with api.sandbox.control.fault("truncate", PROJECTS), pytest.raises(requests.RequestException) as caught:
        api.send("GET", "/v1/projects")

    assert "IncompleteRead" in str(caught.value)


def test_wrong_length(api: Api) -> None:
    """The announced length is never reached."""
    with (
        api.sandbox.control.fault("wrong_length", PROJECTS),
        pytest.raises(requests.RequestException) as caught,
    ):
        api.send("GET", "/v1/projects")

    assert "IncompleteRead" in str(caught.value)


def test_corrupt_answer(api: Api) -> None:
    """The body has its length, and is no JSON any more."""
    whole = api.send("GET", "/v1/projects").content
    with api.sandbox.control.fault("corrupt", PROJECTS):
        answer = api.send("GET", "/v1/projects")

    assert answer.status_code == 200
    assert len(answer.content) == len(whole)
    with pytest.raises(ValueError):
        json.loads(answer.content)


def test_corrupt_download(api: Api) -> None:
    """A download that was damaged on the way differs from the hash that storage reports."""
    uuid = api.place()["uuid"]
    api.sandbox.control.deliver_annotation(uuid, cuboid_document())
    url = api.get(f"/v2/inputs/{uuid}/annotation")["uri"]
    with api.sandbox.control.fault("corrupt", "GET /_storage/*"):
        answer = requests.get(url, timeout=10)

    assert answer.headers["ETag"] != f'"{hashlib.md5(answer.content).hexdigest()}"'


@pytest.mark.parametrize("status", [200, 502])
def test_gateway_page(api: Api, status: int) -> None:
    """HTML where JSON was expected."""
    with api.sandbox.control.fault("html", PROJECTS, status=status):
        answer = api.send("GET", "/v1/projects")

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert answer.text.startswith("<html>")


def test_latency(api: Api) -> None:
    """The answer comes late; a caller with less patience gives up."""
    with api.sandbox.control.fault("latency", PROJECTS, seconds=30), pytest.raises(requests.ReadTimeout):
        api.session.get(f"{api.sandbox.url}/v1/projects", timeout=0.2)
    with api.sandbox.control.fault("latency", PROJECTS, seconds=0.05):
        start = time.monotonic()
        assert api.get("/v1/projects")
        assert time.monotonic() - start >= 0.05


@pytest.mark.slow
def test_latency_after_processing(api: Api) -> None:
    """The work is done while the caller gives up."""
    with (
        api.sandbox.control.fault("latency", BATCH, seconds=30, after=True),
        pytest.raises(requests.ReadTimeout),
    ):
        api.session.post(f"{api.sandbox.url}/v1/projects/sandbox-project/batches/b2", json={}, timeout=0.5)

    assert batches(api) == ["batch-1", "b2"]


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_latency_ends_with_its_caller(api: Api, after: bool) -> None:
    """Nothing of a call is left, or arrives in the record later, once its caller is gone and all is idle."""
    control = api.sandbox.control
    with control.fault("latency", BATCH, seconds=600, after=after), pytest.raises(requests.ReadTimeout):
        api.session.post(f"{api.sandbox.url}/v1/projects/sandbox-project/batches/b2", json={}, timeout=0.5)

    assert control.wait_until_idle()
    [call] = [one for one in control.calls() if one.route.endswith("{batch}")]
    assert (call.status, call.fault) == (0, "latency")
    assert batches(api) == (["batch-1", "b2"] if after else ["batch-1"])


def test_latency_passes_large_bodies_on(api: Api) -> None:
    """What came in while the call waited is not lost."""
    made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", api.body("cameras"))
    content = jpeg() + bytes(3 << 20)
    with api.sandbox.control.fault("latency", "PUT /_storage/*", seconds=0.05):
        assert requests.put(made["files"]["c0.jpg"], data=content, timeout=20).status_code == 200

    assert api.sandbox.control.stored_bytes(made["internalId"], "c0.jpg") == content


def test_slow_answer(api: Api) -> None:
    """The body drips in many pieces and is complete in the end."""
    expected = api.send("GET", "/v1/projects").json()
    with api.sandbox.control.fault("slow_answer", PROJECTS, bytes_per_second=2000):
        answer = api.send("GET", "/v1/projects", stream=True)
        pieces = list(answer.raw.stream(10_000))

    assert json.loads(b"".join(pieces)) == expected


def test_slow_reader(api: Api) -> None:
    """The storage reads slowly."""
    made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", api.body("cameras"))
    with api.sandbox.control.fault("slow_read", "PUT /_storage/*", bytes_per_second=10_000):
        start = time.monotonic()
        answer = requests.put(made["files"]["c0.jpg"], data=b"x" * 1000, timeout=10)

    assert answer.status_code == 200
    assert time.monotonic() - start >= 0.1
    assert api.sandbox.control.stored_bytes(made["internalId"], "c0.jpg") == b"x" * 1000


@pytest.mark.parametrize(("kind", "word"), [("expired_token", "expired"), ("revoked_token", "revoked")])
def test_spoilt_token(api: Api, kind: str, word: str) -> None:
    """The token is refused from then on; a new one works."""
    with api.sandbox.control.fault(kind, PROJECTS, times=1):
        assert (
            api.refuse("GET", "/v1/projects", 401)
            == f"The access token has {'been ' * (word == 'revoked')}{word}"
        )
        api.refuse("GET", "/v1/projects", 401)
        api.login()
        assert api.get("/v1/projects")


def test_expired_url(api: Api) -> None:
    """A URL is refused from then on; a new one works."""
    body = api.body("cameras")
    first = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)["files"]["c0.jpg"]
    with api.sandbox.control.fault("expired_url", "PUT /_storage/*", times=1):
        for _ in range(2):
            answer = requests.put(first, data=b"x", timeout=10)
            assert (answer.status_code, "<Code>ExpiredToken</Code>" in answer.text) == (403, True)
        fresh = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)["files"]["c0.jpg"]
        assert requests.put(fresh, data=b"x", timeout=10).status_code == 200


def test_short_store(api: Api) -> None:
    """Storage keeps half of what it was sent, and says so only by its hash."""
    made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", api.body("cameras"))
    content = jpeg()
    with api.sandbox.control.fault("short_store", "PUT /_storage/*"):
        answer = requests.put(made["files"]["c0.jpg"], data=content, timeout=10)

    assert answer.status_code == 200
    kept = api.sandbox.control.stored_bytes(made["internalId"], "c0.jpg")
    assert kept == content[: len(content) // 2]
    assert answer.headers["ETag"] == f'"{hashlib.md5(kept).hexdigest()}"'


class TestRules:
    """Which calls are hit."""

    def hits(self, api: Api, count: int = 40, **rule: Any) -> list[int]:
        """Which of some calls were hit."""
        with api.sandbox.control.fault("status", PROJECTS, **rule):
            answers = [api.send("GET", "/v1/projects").status_code for _ in range(count)]
        return [index for index, status in enumerate(answers) if status == 503]

    def test_probability_is_seeded(self, api: Api) -> None:
        """The same seed hits the same calls, another one others."""
        first = self.hits(api, probability=0.5, seed=1)

        assert first == self.hits(api, probability=0.5, seed=1)
        assert first != self.hits(api, probability=0.5, seed=2)
        assert 8 <= len(first) <= 32
        assert self.hits(api, probability=0) == []

    def test_times_and_skip(self, api: Api) -> None:
        """Some are spared first, and some more last."""
        assert self.hits(api, 6, skip=1, times=2) == [1, 2]

    def test_routes(self, api: Api) -> None:
        """Only calls whose template matches."""
        with api.sandbox.control.fault("status", "GET /v1/projects/*"):
            assert api.get("/v1/projects")
            api.refuse("GET", "/v1/projects/sandbox-project/batches", 503)
            assert create_batch(api).status_code == 200

    def test_several_rules(self, api: Api) -> None:
        """Rules add up; the first one is the outermost."""
        control = api.sandbox.control
        control.add_fault("latency", PROJECTS, seconds=0.02)
        number = control.add_fault("status", PROJECTS, times=2)
        start = time.monotonic()
        api.refuse("GET", "/v1/projects", 503)
        assert time.monotonic() - start >= 0.02

        rules = control.faults()
        assert [(one["kind"], one["matched"], one["hits"]) for one in rules] == [
            ("latency", 1, 1),
            ("status", 1, 1),
        ]
        control.remove_fault(number)
        assert api.get("/v1/projects")
        control.clear_faults()
        assert control.faults() == []

    def test_reset_ends_them(self, kognic_sandbox: Sandbox) -> None:
        """A new sandbox has no faults."""
        kognic_sandbox.control.add_fault("status")
        kognic_sandbox.control.reset()

        assert kognic_sandbox.control.faults() == []

    def test_recorded(self, api: Api) -> None:
        """The list of calls tells which ones were harmed."""
        api.sandbox.control.clear_calls()
        with api.sandbox.control.fault("status", PROJECTS, times=1):
            api.send("GET", "/v1/projects")
            api.send("GET", "/v1/projects")

        calls = api.sandbox.control.calls()
        assert [(one.route, one.status, one.fault) for one in calls] == [
            ("/v1/projects", 503, "status"),
            ("/v1/projects", 200, ""),
        ]

    @pytest.mark.parametrize(
        ("rule", "message"),
        [
            ({"kind": "gremlins"}, "kind is gremlins, must be one of"),
            ({"kind": "status", "probability": 1.5}, "probability is 1.5, must be 0 to 1"),
            ({"kind": "status", "status": 99}, "status is 99, must be 200 to 599"),
            ({"kind": "slow_read", "bytes_per_second": 0}, "bytes_per_second must be positive"),
        ],
    )
    def test_refused(self, kognic_sandbox: Sandbox, rule: dict[str, Any], message: str) -> None:
        """What is no rule."""
        with pytest.raises(SandboxError, match=message):
            kognic_sandbox.control.add_fault(**rule)


def test_unreachable() -> None:
    """Connections are refused, and accepted again at the same address; the state stays."""
    with Sandbox() as sandbox:
        api = Api(sandbox, sandbox.credentials)
        api.login()
        url = sandbox.url
        with sandbox.unreachable(), pytest.raises(requests.ConnectionError):
            api.get("/v1/projects")

        assert sandbox.url == url
        assert api.get("/v1/projects")
