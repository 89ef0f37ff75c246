"""What a reader of the documentation has: credentials, a drive, and a platform that is the sandbox."""

from __future__ import annotations

import dataclasses
import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from kognic.auth.env_config import Environment
from kognic.base_clients.http import hosts
from kognic.io.resources.scene import scene
from kognic.sandbox import Sandbox, connection
from kognic.sandbox.sample.drive import write_sample_drive
from tests.docs.nuscenes_like import write_nuscenes_like


@dataclasses.dataclass
class Reader:
    """Somebody who follows a page, in a folder with the drive of the examples."""

    folder: Path
    sandbox: Sandbox


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drive of the examples; only read."""
    return write_sample_drive(tmp_path_factory.mktemp("drive"), frames=2).folder


@pytest.fixture
def reader(kognic_sandbox: Sandbox, drive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """A folder with `drive/`, `nuscenes/` and `my-sandbox/`, credentials in the usual place, and a platform.

    The sandbox is wherever no host is given.
    """
    shutil.copytree(drive, tmp_path / "drive")
    write_nuscenes_like(drive, tmp_path / "nuscenes")
    (tmp_path / "my-sandbox").symlink_to(kognic_sandbox.root, target_is_directory=True)
    credentials = tmp_path / ".config" / "kognic" / "credentials.json"
    credentials.parent.mkdir(parents=True)
    credentials.write_text(json.dumps(kognic_sandbox.credentials))
    credentials.chmod(0o600)
    for name in ("KOGNIC_CLIENT_ID", "KOGNIC_CLIENT_SECRET", "KOGNIC_ENVIRONMENT", "KOGNIC_WORKSPACE_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    connection.list_as_running(kognic_sandbox.root, kognic_sandbox.url)
    monkeypatch.setenv("KOGNIC_CREDENTIALS", str(credentials))
    monkeypatch.chdir(tmp_path)
    _find_sandbox(monkeypatch, kognic_sandbox)
    _stay_on_this_machine(monkeypatch)
    _ask_often(monkeypatch)
    return Reader(tmp_path, kognic_sandbox)


def _find_sandbox(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    here = Environment("sandbox", "127.0.0.1", sandbox.url, url=sandbox.url)
    usual = hosts.find_environment

    def find_environment(environment: Any) -> Environment | None:
        return usual(environment) or here

    for module in ("kognic.base_clients.http.hosts", "kognic.io.client"):
        monkeypatch.setattr(f"{module}.find_environment", find_environment)


def _ask_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples wait as long as scenes take here, not as long as they take on the platform."""
    usual = scene.wait_until_created

    def wait_until_created(*args: Any, poll_interval: float, **kwargs: Any) -> Any:
        return usual(*args, poll_interval=min(poll_interval, 0.02), **kwargs)

    monkeypatch.setattr(scene, "wait_until_created", wait_until_created)


def _stay_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in ("127.0.0.1", "localhost", "::1", None):
            raise AssertionError(
                f"an example of the documentation asks for {host}; give it the sandbox's host"
            )
        return usual(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
