"""The texts that head sections of docs/troubleshooting.md are what one sees."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from kognic.base_clients.http.transport_errors import translate
from kognic.io.client import KognicIOClient
from kognic.openlabel.models import OpenLabelAnnotation
from kognic.sandbox import Sandbox
from tests.docs.generated import DOCS
from tests.sandbox.protocol import Api, document

HEADINGS = re.findall(r"^### (.+)$", (DOCS / "troubleshooting.md").read_text("utf-8"), re.MULTILINE)
QUOTED = [text for heading in HEADINGS for text in re.findall(r'"([^"]+)"', heading)]
FRAMES = {"0": {"frame_properties": {"timestamp": 0, "external_id": "0"}}}
Trigger = Callable[[Sandbox], object]


def no_credentials(_: Sandbox) -> object:
    return KognicIOClient().workspace.get_workspaces()


def no_file(_: Sandbox) -> object:
    return KognicIOClient(auth="/nowhere/credentials.json").workspace.get_workspaces()


def wrong_secret(sandbox: Sandbox) -> object:
    address = {"host": sandbox.url, "auth_host": sandbox.url}
    return KognicIOClient(auth=("id", "no-such-secret"), **address).workspace.get_workspaces()


def forbidden(sandbox: Sandbox) -> object:
    sandbox.control.add_fault("status", "GET *", status=403)
    with sandbox.client() as client:
        return client.workspace.get_workspaces()


def unknown_scene(sandbox: Sandbox) -> object:
    with sandbox.client() as client:
        return client.scene.get_scenes_by_uuids([str(uuid4())])


def second_pre_annotation(sandbox: Sandbox) -> object:
    api = Api(sandbox, sandbox.credentials)
    api.login()
    scene = api.create("lidars-and-cameras-sequence")
    content = OpenLabelAnnotation.model_validate(document(frames=FRAMES))
    with sandbox.client() as client:
        for _ in range(2):
            client.pre_annotation.create(scene, content, dryrun=False, external_id="model-7")
    return None


def _translated(error: BaseException, url: str = "http://127.0.0.1:1/", seconds: float | None = None) -> None:
    raise translate(error, method="GET", url=url, seconds=seconds) from error


def refused(_: Sandbox) -> object:
    try:
        return requests.get("http://127.0.0.1:1/", timeout=5, proxies={"http": ""})
    except requests.ConnectionError as error:
        return _translated(error)


def silent(_: Sandbox) -> object:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        try:
            return requests.get(url, timeout=0.05, proxies={"http": ""})
        except requests.ReadTimeout as error:
            return _translated(error, url, 0.05)


def no_proxy(_: Sandbox) -> object:
    try:
        return requests.get("http://example.invalid/", timeout=5, proxies={"http": "http://127.0.0.1:1"})
    except requests.ConnectionError as error:
        return _translated(error, "http://example.invalid/")


def untrusted(_: Sandbox) -> object:
    error = requests.exceptions.SSLError(ssl.SSLCertVerificationError(1, "certificate verify failed"))
    return _translated(error, "https://app.example.com/")


def nested_loop(_: Sandbox) -> object:
    async def inside() -> None:
        coroutine = asyncio.sleep(0)
        try:
            asyncio.get_running_loop().run_until_complete(coroutine)
        finally:
            coroutine.close()

    return asyncio.run(inside())


TRIGGERS: dict[str, Trigger] = {
    "No Kognic credentials: ...": no_credentials,
    "There is no credentials file ...": no_file,
    "invalid_client: the client id or the client secret is wrong": wrong_secret,
    "403 Client Error: Forbidden for url: ...": forbidden,
    "no connection to HOST ...": refused,
    "no answer within ...": silent,
    "the proxy did not connect ...": no_proxy,
    "the TLS certificate of HOST is not trusted ...": untrusted,
    "This event loop is already running": nested_loop,
    "404 Client Error: Not Found for url: ...": unknown_scene,
    "Scene ... already has a pre-annotation ...": second_pre_annotation,
}


def test_every_quoted_text_is_tried() -> None:
    assert sorted(QUOTED) == sorted(TRIGGERS)


@pytest.mark.parametrize("text", QUOTED)
def test_the_text_is_printed(
    text: str, kognic_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What leads to it says it, word for word."""
    for name in ("KOGNIC_CREDENTIALS", "KOGNIC_CLIENT_ID", "KOGNIC_CLIENT_SECRET", "KOGNIC_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    pattern = re.escape(text).replace(re.escape("..."), ".*").replace("HOST", r"\S+")
    with pytest.raises(Exception, match=pattern):
        TRIGGERS[text](kognic_sandbox)
