"""An outage is reported within seconds, once, whatever the threads that work are waiting for.

A proxy stands between the client and the sandbox: API, storage and tokens pass through it, and all of them
are away at the same time.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme

from kognic.auth.errors import TokenError
from kognic.base_clients.errors import PlatformAwayError
from kognic.base_clients.http import outages
from kognic.io.client import KognicIOClient
from kognic.io.tools.input_creation import SceneWithPreAnnotation, create_inputs
from kognic.pipelines.bulk import BulkItem, BulkRun, Stage, Target, coordinator
from kognic.pipelines.bulk.files import items_from_files
from kognic.pipelines.export.annotations import export_annotations
from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import write_sample_drive
from tests.fault_proxy import Exchange, Fault, FaultProxy, drip_headers, web_page
from tests.io.resources.annotation.test_annotation import TYPE, deliver
from tests.io.resources.scenes import cameras_scene
from tests.pipelines.gate import END, OUTAGE, Gate

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("impatient")]

SCENES = 12
hanging = threading.Event()


def hang(exchange: Exchange) -> None:
    """No answer, as long as the outage lasts."""
    hanging.wait(60)


def answer(status: int, headers: bytes = b"") -> Fault:
    def fault(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n%s\r\n" % (status, headers))

    return fault


def break_off(exchange: Exchange) -> None:
    """The connection breaks."""
    exchange.client.close()


FAULTS: dict[str, Fault] = {
    "503": answer(503),
    "502": answer(502),
    "429": answer(429, b"Retry-After: 4\r\n"),
    "no response": hang,
    "slow headers": drip_headers,
    "web page": web_page,
    "broken connection": break_off,
}


def gate_of(proxy: FaultProxy, fault: Fault, client: KognicIOClient) -> Gate:
    """An outage in which every request meets a fault."""

    def bring_back() -> None:
        proxy.clear()
        hanging.set()

    hanging.clear()
    return Gate(client, lambda: proxy.rule("* /.*", fault, None), bring_back)


@pytest.fixture
def client(kognic_sandbox: Sandbox, proxy: FaultProxy) -> Iterator[KognicIOClient]:
    """A client with the waits and attempts that every client has."""
    with proxy.client(kognic_sandbox, timeout=5) as client:
        client.workspace_id  # noqa: B018 - looked up before the outage
        yield client


@pytest.mark.parametrize("fault", FAULTS)
def test_bulk_run(
    client: KognicIOClient, proxy: FaultProxy, kognic_sandbox: Sandbox, tmp_path: Path, fault: str
) -> None:
    """No scene fails, whichever way the platform is away."""
    gate = gate_of(proxy, FAULTS[fault], client)
    items = [BulkItem(scene=cameras_scene(f"s{n}")) for n in range(SCENES)]
    with BulkRun(client, items, target=Target(project="sandbox-project"), journal=tmp_path / "j",
                 poll_interval=0.05, concurrency=3, on_notice=gate.notice) as run:  # fmt: skip
        results = []
        for result in run:
            results.append(result)
            gate.close()
    assert {result.stage for result in results} == {Stage.DONE}, [r.error for r in results if not r.ok]
    gate.assert_reported_once()
    names = Counter({f"s{n}": 1 for n in range(SCENES)})
    assert Counter(scene["externalId"] for scene in kognic_sandbox.control.scenes()) == names


def test_patience_while_nothing_answers(
    client: KognicIOClient, proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends when its patience does, although its probe is still waiting for an answer."""
    monkeypatch.setattr(coordinator, "GRACE", 0.2)
    gate = gate_of(proxy, hang, client)
    items = [BulkItem(scene=cameras_scene(f"s{n}")) for n in range(SCENES)]

    def run_until_away() -> None:
        with BulkRun(client, items, journal=tmp_path / "j", patience=1.5, poll_interval=0.05,
                     on_notice=gate.said.append) as run:  # fmt: skip
            for _ in run:
                gate.close()

    with pytest.raises(PlatformAwayError, match="has not answered since"):
        run_until_away()
    gate.reported.set()
    gate.thread.join()
    assert [text[: len(OUTAGE)] for text in gate.said] == [OUTAGE]


class Reports(logging.Handler):
    """Passes on what a client's waiting loops log about outages."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith((OUTAGE, END)):
            self.gate.notice(record.getMessage())


@pytest.fixture
def gate(client: KognicIOClient, proxy: FaultProxy) -> Iterator[Gate]:
    """The platform does not respond at all, and reports come from the log."""
    gate = gate_of(proxy, hang, client)
    handler, logger = Reports(gate), logging.getLogger(outages.__name__)
    logger.addHandler(handler)
    yield gate
    logger.removeHandler(handler)


def during(gate: Gate, begins: Callable[[], bool]) -> threading.Thread:
    """Close the gate as soon as a condition holds."""

    def watch() -> None:
        while not begins():
            threading.Event().wait(0.01)
        gate.close()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_create_inputs(client: KognicIOClient, kognic_sandbox: Sandbox, gate: Gate) -> None:
    control = kognic_sandbox.control
    thread = during(gate, lambda: len(control.scenes()) >= 4)
    scenes = [SceneWithPreAnnotation(scene=cameras_scene(f"s{n}")) for n in range(SCENES)]
    results = list(create_inputs(client, scenes, "sandbox-project", wait_timeout=60, sleep_time=0.05))
    thread.join()
    assert [result.error for result in results] == [None] * SCENES
    gate.assert_reported_once()
    assert len(control.request_inputs()) == SCENES


def test_waiting(client: KognicIOClient, kognic_sandbox: Sandbox, gate: Gate) -> None:
    """The scene is processed while the platform is away."""
    control = kognic_sandbox.control
    with ThreadPoolExecutor(1) as pool, control.held():
        uuid = client.cameras.create(cameras_scene("a")).scene_uuid
        asked = len(control.calls()) + 2
        thread = during(gate, lambda: len(control.calls()) > asked)
        waiting = pool.submit(client.scene.wait_until_created, [uuid], timeout=60, poll_interval=0.05)
        thread.join()
        gate.reported.wait(30)
    assert [scene.uuid for scene in waiting.result()] == [uuid]
    gate.assert_reported_once()


def test_export(client: KognicIOClient, kognic_sandbox: Sandbox, proxy: FaultProxy, tmp_path: Path) -> None:
    control = kognic_sandbox.control
    for n in range(6):
        deliver(client, control, f"a{n}")
    gate = gate_of(proxy, hang, client)
    report = export_annotations(
        client, "sandbox-project", tmp_path / "out", TYPE, workers=1, on_notice=gate.notice,
        on_progress=lambda _: gate.close(),
    )  # fmt: skip
    assert (report.listed, report.fetched, report.failures) == (6, 6, [])
    gate.assert_reported_once()


class Start:
    """An outage that has begun before the work, and ends when it has been reported."""

    def __init__(self, client: KognicIOClient, proxy: FaultProxy, fault: Fault) -> None:
        proxy.rule("* /.*", fault, None)
        self.gate = gate_of(proxy, fault, client)
        self.gate.thread.start()

    def __enter__(self) -> Gate:
        return self.gate

    def __exit__(self, *_: object) -> None:
        self.gate.reported.set()
        self.gate.thread.join()


@pytest.fixture
def new_client(kognic_sandbox: Sandbox, proxy: FaultProxy) -> Iterator[KognicIOClient]:
    """A client that has asked for nothing yet, neither a token nor its workspace."""
    with proxy.client(kognic_sandbox, timeout=5) as client:
        yield client


@pytest.mark.parametrize("fault", ["503", "429", "no response", "web page", "broken connection"])
def test_bulk_run_that_starts_during_an_outage(
    new_client: KognicIOClient, proxy: FaultProxy, kognic_sandbox: Sandbox, tmp_path: Path, fault: str
) -> None:
    """It waits for its first token and workspace, and plans and runs when the platform is back."""
    items = [BulkItem(scene=cameras_scene(f"s{n}")) for n in range(4)]
    with Start(new_client, proxy, FAULTS[fault]) as gate, BulkRun(
        new_client, items, target=Target(project="sandbox-project"), journal=tmp_path / "j",
        poll_interval=0.05, on_notice=gate.notice,
    ) as run:  # fmt: skip
        assert run.plan().new == 4
        results = list(run)
    assert {result.stage for result in results} == {Stage.DONE}, [r.error for r in results if not r.ok]
    gate.assert_reported_once()
    assert len(kognic_sandbox.control.request_inputs()) == 4


def test_plan_meets_an_outage(client: KognicIOClient, proxy: FaultProxy, tmp_path: Path) -> None:
    """The workspace is known, so that the look-ups of the scenes are the first queries."""
    items = [BulkItem(scene=cameras_scene(f"s{n}")) for n in range(4)]
    with Start(client, proxy, FAULTS["503"]) as gate, BulkRun(
        client, items, journal=tmp_path / "j", on_notice=gate.notice
    ) as run:  # fmt: skip
        assert run.plan().new == 4
    gate.assert_reported_once()


def test_patience_of_a_run_that_starts_during_an_outage(
    new_client: KognicIOClient, proxy: FaultProxy, tmp_path: Path
) -> None:
    """It begins with the first failure, whatever attempts the client has."""
    proxy.rule("* /.*", FAULTS["503"], None)
    said: list[str] = []
    items = [BulkItem(scene=cameras_scene("s"))]
    with (
        BulkRun(new_client, items, journal=tmp_path / "j", patience=0.5, on_notice=said.append) as run,
        pytest.raises(PlatformAwayError, match=r"did not come back within 0\.5 s: no usable"),
    ):
        list(run)
    assert [text[: len(OUTAGE)] for text in said] == [OUTAGE]
    proxy.clear()
    with BulkRun(new_client, items, journal=tmp_path / "j", poll_interval=0.05) as run:
        assert [result.stage for result in run] == [Stage.DONE]


def test_wrong_credentials_are_no_outage(
    new_client: KognicIOClient, proxy: FaultProxy, tmp_path: Path
) -> None:
    """The auth server answers, and no second token request is made."""

    def refuse(exchange: Exchange) -> None:
        body = b'{"error": "invalid_client", "error_description": "unknown client"}'
        head = b"HTTP/1.1 401 No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        exchange.send(head % len(body) + body)

    proxy.rule("POST /v1/auth/oauth/token", refuse, None)
    items = [BulkItem(scene=cameras_scene("s"))]
    with (
        BulkRun(new_client, items, journal=tmp_path / "j") as run,
        pytest.raises(TokenError, match="unknown client"),
    ):
        list(run)
    assert proxy.calls == ["POST /v1/auth/oauth/token"]


def test_calibration_meets_an_outage(client: KognicIOClient, proxy: FaultProxy, tmp_path: Path) -> None:
    """No scene fails because its calibration cannot be looked up for a while."""
    drive = write_sample_drive(tmp_path, frames=1, cloud_format="csv")
    with Start(client, proxy, FAULTS["503"]) as gate:
        (item,) = items_from_files(client, [drive.scene_file], on_notice=gate.notice)
    assert isinstance(item, BulkItem), item
    gate.assert_reported_once()
    proxy.rule("* /.*", FAULTS["503"], None)
    with pytest.raises(PlatformAwayError):
        list(items_from_files(client, [drive.scene_file], patience=0.2))


def test_export_that_starts_during_an_outage(
    client: KognicIOClient,
    new_client: KognicIOClient,
    kognic_sandbox: Sandbox,
    proxy: FaultProxy,
    tmp_path: Path,
) -> None:
    deliver(client, kognic_sandbox.control, "a")
    with Start(new_client, proxy, FAULTS["broken connection"]) as gate:
        report = export_annotations(
            new_client, "sandbox-project", tmp_path / "out", TYPE, on_notice=gate.notice
        )
    assert (report.listed, report.fetched, report.failures) == (1, 1, [])
    gate.assert_reported_once()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9", "Connection refused"),
        ("https://no-such-host.invalid", "no connection to no-such"),
    ],
)
def test_start_without_a_connection(kognic_sandbox: Sandbox, tmp_path: Path, url: str, reason: str) -> None:
    """Nothing listens there, or the host is unknown, as long as the patience lasts: both may come back."""
    said: list[str] = []
    items = [BulkItem(scene=cameras_scene("s"))]
    with (
        kognic_sandbox.client(**dict.fromkeys(kognic_sandbox.hosts(), url)) as client,
        BulkRun(client, items, journal=tmp_path / "j", patience=1, on_notice=said.append) as run,
        pytest.raises(PlatformAwayError, match=reason),
    ):
        list(run)
    assert [text[: len(OUTAGE)] for text in said] == [OUTAGE]


def test_start_with_a_wrong_certificate(kognic_sandbox: Sandbox, tmp_path: Path) -> None:
    """Waiting does not make it right: the run ends after one connection."""
    context, connections = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), list[int]()
    trustme.CA().issue_cert("other.example").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    connections.append(1)
                    with sock, contextlib.suppress(OSError):
                        context.wrap_socket(sock, server_side=True).close()

        thread = threading.Thread(target=serve)
        thread.start()
        hosts = dict.fromkeys(kognic_sandbox.hosts(), f"https://127.0.0.1:{listener.getsockname()[1]}")
        with (
            kognic_sandbox.client(**hosts) as client,
            BulkRun(client, [BulkItem(scene=cameras_scene("s"))], journal=tmp_path / "j") as run,
            pytest.raises(TokenError, match="is not trusted"),
        ):
            list(run)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert len(connections) == 1
