"""Leaving a client's block while files are on their way: uploads of the work that ends are called off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kognic.base_clients.errors import ClientClosedError, PlatformAwayError
from kognic.base_clients.http import breaker
from kognic.base_clients.http.retry import RetryPolicy
from kognic.pipelines.bulk import BulkItem, BulkRun, coordinator
from kognic.sandbox import Sandbox
from tests.fault_proxy import Exchange, FaultProxy
from tests.io.resources.scenes import cameras_scene

pytestmark = pytest.mark.slow

# Would go on for a minute.
STUBBORN = RetryPolicy(max_attempts=3000, first_wait=0.02, max_wait=0.02, budget=None)
PUT = "PUT /_storage/.*"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "FAILING", 0.2)
    monkeypatch.setattr(breaker, "SILENT_TRANSFER", 0.5)
    monkeypatch.setattr(coordinator, "GLANCE", 0.1)
    monkeypatch.setattr(coordinator, "GRACE", 0.2)


def refuse(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")


def hang(exchange: Exchange) -> None:
    """No answer, and nothing that a client could notice."""
    exchange.proxy.over.wait(30)


def files_sent(proxy: FaultProxy) -> int:
    return sum(call.startswith("PUT /_storage/") for call in proxy.calls)


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail("it did not happen within 30 s")


def transfers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("kognic-transfer")]


@pytest.mark.parametrize("fault", [refuse, hang])
def test_leaving_after_patience(
    kognic_sandbox: Sandbox,
    proxy: FaultProxy,
    tmp_path: Path,
    fault: Callable[[Exchange], None],
) -> None:
    """Files that retry, or wait for an answer, end with the block, and none is recorded as stored."""
    stored: list[str] = []
    of_other_tests = transfers()
    proxy.rule(PUT, fault, None)

    def run_until_away() -> None:
        items = [BulkItem(scene=cameras_scene(f"s{n}")) for n in range(4)]
        with (
            proxy.client(kognic_sandbox, retry=STUBBORN, timeout=40) as client,
            BulkRun(client, items, journal=tmp_path / "j", patience=0.3,
                    on_file=lambda *file: stored.append(file[0])) as run,
        ):  # fmt: skip
            watch = threading.Thread(target=go_away)
            watch.start()
            list(run)

    def go_away() -> None:
        until(lambda: files_sent(proxy) >= 4)
        proxy.rule("* /.*", refuse, None)

    with pytest.raises(PlatformAwayError):
        run_until_away()
    assert [thread for thread in transfers() if thread not in of_other_tests] == []
    # What was sent last may be on its way to the proxy's count.
    threading.Event().wait(0.2)
    sent = files_sent(proxy)
    assert sent < 1000
    threading.Event().wait(0.2)
    assert files_sent(proxy) == sent
    assert stored == []
    proxy.clear()
    with (
        proxy.client(kognic_sandbox) as client,
        BulkRun(client, [BulkItem(scene=cameras_scene(f"s{n}")) for n in range(4)], journal=tmp_path / "j",
                poll_interval=0.05) as run,
    ):  # fmt: skip
        assert all(result.ok for result in run)
    assert len(kognic_sandbox.control.scenes()) == 4


def test_stopped_run_leaves_other_uploads_alone(
    kognic_sandbox: Sandbox, proxy: FaultProxy, tmp_path: Path
) -> None:
    """Of one client, a run is stopped, and the scene of another thread is created when storage is back."""

    def puts() -> list[str]:
        return [call for call in proxy.calls if call.startswith("PUT /_storage/")]

    proxy.rule(PUT, refuse, None)
    with proxy.client(kognic_sandbox, retry=STUBBORN) as client, ThreadPoolExecutor(1) as pool:
        other = pool.submit(client.cameras.create, cameras_scene("other"))
        until(lambda: len(puts()) >= 5)
        theirs = set(puts())

        def items() -> Iterator[BulkItem]:
            yield BulkItem(scene=cameras_scene("left"))
            until(lambda: set(puts()) > theirs)
            raise KeyboardInterrupt

        with BulkRun(client, items(), journal=tmp_path / "j") as run, pytest.raises(KeyboardInterrupt):
            list(run)
        threading.Event().wait(0.2)
        before = len(puts())
        until(lambda: len(puts()) >= before + 5)
        assert set(puts()[before:]) == theirs
        proxy.clear()
        uuid = other.result(timeout=30).scene_uuid
    assert uuid in {scene["uuid"] for scene in kognic_sandbox.control.scenes()}


def test_closing_calls_uploads_off(kognic_sandbox: Sandbox, proxy: FaultProxy) -> None:
    """The thread that uploads gets an error."""
    proxy.rule(PUT, refuse, None)
    with ThreadPoolExecutor(1) as pool:
        with proxy.client(kognic_sandbox, retry=STUBBORN) as client:
            creating = pool.submit(client.cameras.create, cameras_scene("a"))
            until(lambda: files_sent(proxy) >= 2)
        with pytest.raises(ClientClosedError, match="The client is closed"):
            creating.result(timeout=30)
    assert files_sent(proxy) < 1000
