"""Deadlines hold whatever arrives: calls, tokens, uploads and downloads through a proxy that drips.

Without the watchdog each of these waits for ever: every byte starts the time-out of the socket anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from kognic.base_clients import errors
from kognic.base_clients.cloud_storage import FileResourceClient, UploadSpec
from kognic.base_clients.http.client import HttpClient
from kognic.base_clients.http.operations import Effect, Operation
from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.client import KognicIOClient
from kognic.io.errors import TokenError
from kognic.sandbox import Sandbox
from tests import fault_proxy
from tests.fault_proxy import Fault, FaultProxy

pytestmark = pytest.mark.slow

ONCE = RetryPolicy(deadline=1.5, max_attempts=1)
DRIPS = [
    fault_proxy.drip_headers,
    fault_proxy.endless_headers,
    fault_proxy.endless_continue,
    fault_proxy.drip_chunk_size,
    fault_proxy.drip_body,
    fault_proxy.drip_trailers,
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def proxy(sandbox: Sandbox) -> Iterator[FaultProxy]:
    with FaultProxy(sandbox.url) as proxy:
        yield proxy


@pytest.fixture
def client(sandbox: Sandbox, proxy: FaultProxy) -> Iterator[KognicIOClient]:
    with proxy.client(sandbox, retry=ONCE) as client:
        yield client


def test_what_fits_no_rule_passes(client: KognicIOClient, proxy: FaultProxy) -> None:
    assert len(client.project.get_projects()) == 1
    assert proxy.calls == ["POST /v1/auth/oauth/token", "GET /v1/projects"]


@pytest.mark.parametrize("fault", DRIPS)
def test_calls(fault: Fault, client: KognicIOClient, proxy: FaultProxy) -> None:
    client.project.get_projects()
    proxy.rule("GET /v1/projects", fault)

    with pytest.raises(errors.RequestTimeoutError):
        client.project.get_projects()
    assert len(client.project.get_projects()) == 1


@pytest.mark.parametrize("fault", [fault_proxy.drip_headers, fault_proxy.drip_body])
def test_tokens_do_not_hold_all_threads(fault: Fault, client: KognicIOClient, proxy: FaultProxy) -> None:
    """The thread that fetches gives up in time, and so do those that wait for its token."""
    proxy.rule("POST /v1/auth/oauth/token", fault, times=None)

    def call(_: int) -> type[BaseException] | None:
        try:
            client.project.get_projects()
        except (TokenError, errors.RequestTimeoutError) as error:
            return type(error)
        return None

    with ThreadPoolExecutor(8) as pool:
        assert None not in list(pool.map(call, range(8)))


@pytest.mark.parametrize("fault", DRIPS)
def test_downloads(fault: Fault, proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.rule("GET /object", fault, times=None)
    with (
        FileResourceClient(timeout=1, retry=RetryPolicy(max_attempts=1)) as files,
        pytest.raises((errors.RequestTimeoutError, errors.ConnectionFailedError, errors.ApiError)),
    ):
        files.download(f"{proxy.url}/object?sig=1", tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fault", DRIPS[:3])
def test_uploads(fault: Fault, proxy: FaultProxy) -> None:
    proxy.rule("PUT /object", fault, times=None)
    spec = UploadSpec(f"{proxy.url}/object?sig=1", "text/plain", filename="a.txt", data=b"content")
    with (
        FileResourceClient(timeout=1, retry=RetryPolicy(max_attempts=1)) as files,
        pytest.raises(errors.UploadError) as raised,
    ):
        files.upload_files({"a": spec})
    assert isinstance(raised.value.cause, errors.RequestTimeoutError)


@pytest.mark.parametrize("fault", [fault_proxy.drip_short_body, fault_proxy.drip_chunk_size])
def test_uploads_do_not_wait_for_the_rest(fault: Fault, proxy: FaultProxy) -> None:
    """The status has confirmed the file; what else the answer brings is waited for as long as for a step."""
    proxy.rule("PUT /object", fault, times=None)
    spec = UploadSpec(f"{proxy.url}/object?sig=1", "text/plain", filename="a.txt", data=b"content")
    with FileResourceClient(timeout=1) as files:
        result = files.upload_files({"a": spec})["a"]

    assert (result.attempts, result.size) == (1, 7)


def test_streams_whose_frames_drip(proxy: FaultProxy) -> None:
    """A stream may last for ever, but each of its reads has to bring something in time."""
    proxy.rule("GET /lines", fault_proxy.drip_chunk_size)
    with requests.Session() as session:
        http = HttpClient(proxy.url, session=session, timeout=1, retry=RetryPolicy(max_attempts=1))
        with pytest.raises(errors.RequestTimeoutError, match="incomplete after 1 s"):
            list(http.stream(Operation("GET", "lines", Effect.READ)))


def test_a_page_is_no_list(client: KognicIOClient, proxy: FaultProxy) -> None:
    proxy.rule("GET /v1/projects", fault_proxy.web_page, times=None)
    with pytest.raises(errors.ResponseDecodeError):
        client.project.get_projects()


def test_a_page_is_no_file(proxy: FaultProxy, tmp_path: Path) -> None:
    """It gets one more attempt, and never takes the name of the object."""
    proxy.rule("GET /object", fault_proxy.web_page, times=None)
    with FileResourceClient(retry=RetryPolicy(first_wait=0, max_wait=0)) as files:
        with pytest.raises(errors.ResponseDecodeError, match="the answer is a web page"):
            files.download(f"{proxy.url}/object?sig=1", tmp_path / "file")
        with pytest.raises(errors.ResponseDecodeError, match="the answer is a web page"):
            files.get_bytes(f"{proxy.url}/object?sig=1")
    assert proxy.calls == ["GET /object"] * 4
    assert list(tmp_path.iterdir()) == []
