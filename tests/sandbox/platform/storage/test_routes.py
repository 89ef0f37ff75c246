"""Signed URLs."""

from __future__ import annotations

import base64
import errno
import hashlib
import http.client
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from kognic.sandbox import Sandbox
from tests.sandbox.protocol import Api, document, jpeg, resource


@pytest.fixture
def upload_url(api: Api) -> str:
    """A fresh URL to upload one image to."""
    body = api.body("cameras")
    made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)
    return str(made["files"]["c0.jpg"])


def stored(api: Api, url: str) -> bytes:
    scene = urlsplit(url).path.split("/")[2]
    return api.sandbox.control.stored_bytes(scene, "c0.jpg")


def test_upload_with_length(api: Api, upload_url: str) -> None:
    """Bytes with a Content-Length are stored as they are, and answered with their hash."""
    content = os.urandom(100_000)

    answer = requests.put(upload_url, data=content, timeout=10)

    digest = hashlib.md5(content).digest()
    assert answer.status_code == 200
    assert answer.headers["ETag"] == f'"{digest.hex()}"'
    assert answer.headers["x-goog-hash"] == f"md5={base64.b64encode(digest).decode()}"
    assert stored(api, upload_url) == content


def test_upload_in_chunks(api: Api, upload_url: str) -> None:
    """A chunked body of some megabytes arrives completely."""
    blocks = [os.urandom(300_000) for _ in range(12)]

    def generate() -> Iterator[bytes]:
        yield from blocks

    answer = requests.put(upload_url, data=generate(), timeout=10)

    assert answer.request.headers["Transfer-Encoding"] == "chunked"
    assert answer.status_code == 200
    assert stored(api, upload_url) == b"".join(blocks)


def test_upload_again_replaces(api: Api, upload_url: str) -> None:
    """The last complete upload counts."""
    for content in (b"first", b"second"):
        requests.put(upload_url, data=content, timeout=10)

    assert stored(api, upload_url) == b"second"


def test_upload_cut_off(api: Api, upload_url: str) -> None:
    """An upload that ends early leaves nothing behind."""
    parts = urlsplit(upload_url)
    with socket.create_connection((parts.hostname or "", parts.port or 0)) as raw:
        head = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
        raw.sendall(head.encode() + b"x" * 500)
        raw.shutdown(socket.SHUT_WR)
        raw.settimeout(10)
        while raw.recv(4096):
            pass

    scene = parts.path.split("/")[2]
    api.commit(scene)
    api.settle()
    assert api.scene(scene)["errorMessage"] == "Files were not uploaded: c0.jpg"
    assert not list((api.sandbox.root / "storage" / "incoming").iterdir())


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("Signature=", "Signature=A"),
        lambda url: url.split("?")[0],
        lambda url: url.replace("/c0.jpg", "/other.jpg"),
        lambda url: url.replace("Expires=1", "Expires=9"),
        lambda url: url.replace("Expires=1", "Expires=nan&E=1"),
    ],
)
def test_changed_url(upload_url: str, change: object) -> None:
    """A URL that differs from the signed one in anything is refused in the form of storage services."""
    assert callable(change)
    answer = requests.put(change(upload_url), data=b"x", timeout=10)

    assert answer.status_code == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in answer.text


def test_other_method(upload_url: str) -> None:
    """An upload URL does not download."""
    requests.put(upload_url, data=b"x", timeout=10)

    assert requests.get(upload_url, timeout=10).status_code == 403


def test_expired_url(api: Api) -> None:
    """A URL is refused when its time is over."""
    api.sandbox.control.tune(url_lifetime=0)
    made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", api.body("cameras"))

    answer = requests.put(made["files"]["c0.jpg"], data=b"x", timeout=10)

    assert answer.status_code == 403
    assert "<Code>ExpiredToken</Code>" in answer.text


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/passwd",
        "/etc/passwd",
        "..\\..\\x.jpg",
        "a/../../b.jpg",
        "gs://bucket/x.jpg",
        "x" * 2000,
        ".",
    ],
)
def test_file_names_stay_inside(api: Api, name: str) -> None:
    """Whatever a file is called, it is stored below the sandbox's folder and found under its name."""
    file = {**resource("c0.jpg", "FRONT"), "resourceId": name}
    body = api.body("cameras", frame={"images": [file]})
    made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", body)

    answer = requests.put(made["files"][name], data=jpeg(), timeout=10)

    assert answer.status_code == 200, answer.text
    assert api.sandbox.control.stored_bytes(made["internalId"], name) == jpeg()
    objects = api.sandbox.root / "storage" / "objects"
    files = list(objects.iterdir())
    assert [path.is_file() for path in files] == [True]
    assert re.fullmatch("[0-9a-f]{32}-[0-9a-f]{32}", files[0].name)


@pytest.mark.parametrize(
    "path",
    [
        "/_storage/../platform.sqlite",
        "/_storage/..%2f..%2fplatform.sqlite/x/y",
        "/_storage/a/../../../etc/passwd",
        "/_storage/a/%2e%2e/x",
        "/_storage//etc/passwd",
    ],
)
def test_path_tricks(kognic_sandbox: Sandbox, path: str) -> None:
    """Paths that climb are not served, also not when a client sends them unnormalised."""
    parts = urlsplit(kognic_sandbox.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.putrequest("GET", path, skip_host=False)
    connection.endheaders()

    answer = connection.getresponse()

    assert answer.status in (403, 404)
    assert b"root:" not in answer.read()
    connection.close()


def test_upload_too_large(tmp_path: object) -> None:
    """More than the limit is refused, and nothing of it kept."""
    with Sandbox(max_upload=1000) as sandbox:
        api = Api(sandbox, sandbox.credentials)
        api.login()
        made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", api.body("cameras"))

        answer = requests.put(made["files"]["c0.jpg"], data=b"x" * 1001, timeout=10)

        assert answer.status_code == 400
        assert "<Code>EntityTooLarge</Code>" in answer.text
        assert sandbox.control.stored_files(made["internalId"]) == {}


def test_large_download(api: Api) -> None:
    """A document of some megabytes is sent completely, with its hash."""
    uuid = api.place()["uuid"]
    content = document(metadata={"schema_version": "1.0.0", "comment": "x" * 3_000_000})
    annotation = api.sandbox.control.deliver_annotation(uuid, content)

    answer = requests.get(api.get(f"/v1/annotations/{annotation}")["signedUrl"], timeout=10)

    assert answer.json()["openlabel"]["metadata"]["comment"] == "x" * 3_000_000
    assert answer.headers["ETag"] == f'"{hashlib.md5(answer.content).hexdigest()}"'


def test_file_that_is_gone(api: Api) -> None:
    """A signed URL of nothing is answered in the form of storage services."""
    annotation = api.sandbox.control.deliver_annotation(api.place()["uuid"])
    url = api.get(f"/v1/annotations/{annotation}")["signedUrl"]
    api.sandbox.platform.storage.clear()

    answer = requests.get(url, timeout=10)

    assert answer.status_code == 404
    assert "<Code>NoSuchKey</Code>" in answer.text


def test_large_upload_cut_off(tmp_path: Path) -> None:
    """Blocks that were written already are thrown away as well."""
    with Sandbox(tmp_path) as sandbox:
        api = Api(sandbox, sandbox.credentials)
        api.login()
        made = api.post(f"/v1/inputs/cameras?workspaceId={api.workspace}", api.body("cameras"))
        parts = urlsplit(made["files"]["c0.jpg"])
        with socket.create_connection((parts.hostname or "", parts.port or 0)) as raw:
            head = (
                f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 9000000\r\n\r\n"
            )
            raw.sendall(head.encode() + b"x" * 3_000_000)
            raw.shutdown(socket.SHUT_WR)
            raw.settimeout(10)
            while raw.recv(4096):
                pass
        assert sandbox.control.stored_files(made["internalId"]) == {}

    assert not list((tmp_path / "storage" / "incoming").iterdir()), "when all calls have ended"


def test_full_disk(api: Api, upload_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be stored is answered as storage services do, and not as stored."""

    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(api.sandbox.platform.storage, "open_incoming", full)
    for content in (b"x", b"x" * 2_000_000):
        answer = requests.put(upload_url, data=content, timeout=10)
        assert answer.status_code == 500
        assert "<Code>InternalError</Code>" in answer.text

    assert api.sandbox.control.stored_files(upload_url.split("/")[4]) == {}
