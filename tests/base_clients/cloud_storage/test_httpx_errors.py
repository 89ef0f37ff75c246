"""Programs that catch httpx errors around transfers, as the official client raises them."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import httpx
import pytest
import requests

from kognic.base_clients import errors
from kognic.base_clients.cloud_storage import FileResourceClient, UploadSpec
from kognic.base_clients.http.retry import RetryPolicy
from tests.base_clients.scripted_server import ScriptedServer, answer, hang_up


@pytest.fixture
def files() -> FileResourceClient:
    return FileResourceClient(retry=RetryPolicy.none())


def test_an_upload_that_storage_refuses(files: FileResourceClient, server: ScriptedServer) -> None:
    """It keeps its own class, those of requests, and gets that of httpx."""
    server.default = answer(404, b"gone")
    spec = UploadSpec(f"{server.url}/o", "text/plain", filename="a", data=b"x")
    with files, pytest.raises(httpx.HTTPStatusError) as raised:
        files.upload_files({"a": spec})

    error: BaseException = raised.value
    assert isinstance(error, errors.UploadError)
    assert isinstance(error, requests.RequestException)
    assert raised.value.response.status_code == 404
    assert "could not be uploaded" in str(error)


def test_a_download_without_an_answer(
    files: FileResourceClient, server: ScriptedServer, tmp_path: Path
) -> None:
    server.default = hang_up
    with files, pytest.raises(httpx.TransportError) as raised:
        files.download(f"{server.url}/o?sig=1", tmp_path / "o")
    assert isinstance(raised.value, errors.ConnectionFailedError)


def test_pickling_needs_no_httpx(files: FileResourceClient, server: ScriptedServer) -> None:
    server.default = answer(403)
    with files, pytest.raises(httpx.HTTPError) as raised:
        files.get_bytes(f"{server.url}/o?sig=1")
    copy = pickle.loads(pickle.dumps(raised.value))

    assert type(copy) is errors.PermissionDeniedError
    assert str(copy) == str(raised.value)


def test_programs_without_httpx(
    files: FileResourceClient, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "httpx")
    server.default = answer(404)
    with files, pytest.raises(errors.NotFoundError) as raised:
        files.get_bytes(f"{server.url}/o?sig=1")
    assert type(raised.value) is errors.NotFoundError
