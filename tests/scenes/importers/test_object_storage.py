"""Recordings on S3: a real server of its protocol, and the client that users install."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import s3fs
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers import files as files_module
from kognic.scenes.importers import open_recordings
from kognic.scenes.importers.writing import import_recordings
from kognic.scenes.scene_file import load_scene_file
from tests.scenes.importers.bag_writing import START, ros1_bag, ros2_bag, write_drive

pytestmark = pytest.mark.slow

BUCKET = "drives"


class Storage:
    """An S3 server on this machine that remembers what was read.

    Attributes:
        url: Where it listens.
        reads: Path and number of bytes of each object that was read, in part or as a whole.
    """

    def __init__(self) -> None:
        self.reads: list[tuple[str, int]] = []
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._counted, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def _counted(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = b"".join(self._app(environ, start_response))
        if environ["REQUEST_METHOD"] == "GET":
            self.reads.append((environ["PATH_INFO"], len(body)))
        return [body]

    def read_of(self, name: str) -> int:
        """Bytes of an object that were read, every time it was."""
        return sum(size for path, size in self.reads if path.endswith(name))

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    """A server with an empty bucket, which s3fs finds by the variables that AWS's tools know."""
    started = Storage()
    for name, value in {
        "AWS_ENDPOINT_URL_S3": started.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    # What the server keeps belongs to the process, not to the server.
    requests.post(f"{started.url}/moto-api/reset", timeout=20).raise_for_status()
    s3fs.S3FileSystem.clear_instance_cache()
    files_module._opened.cache_clear()  # the URLs of the last test are those of this one
    s3fs.S3FileSystem().mkdir(BUCKET)
    yield started
    s3fs.S3FileSystem.clear_instance_cache()
    started.close()


def put(path: Path) -> str:
    """Upload a file or folder; its URL."""
    target = f"{BUCKET}/{path.name}"
    s3fs.S3FileSystem().put(str(path), target, recursive=path.is_dir())
    return f"s3://{target}"


@pytest.mark.parametrize("kind", ["mcap", "sqlite3", "ros1"])
def test_a_bag_becomes_a_scene(tmp_path: Path, storage: Storage, kind: str) -> None:
    """The scene file names the URL; clouds and images are converted from it, and the check passes."""
    path = tmp_path / ("drive.bag" if kind == "ros1" else "drive")
    with ros1_bag(path) if kind == "ros1" else ros2_bag(path, kind) as bag:
        write_drive(bag)
    url = put(path)

    (written,) = import_recordings("rosbag1" if kind == "ros1" else "rosbag2", url, tmp_path / "out")

    document = json.loads(written.path.read_text())
    assert document["recording"]["location"] == url
    assert len(document["frames"]) == 3
    scene_file = load_scene_file(written.path)
    assert [finding.code for finding in scene_file.check(full=True).errors] == []
    # Nothing of the recording lies beside the scene file.
    assert {file.suffix for file in (tmp_path / "out").rglob("*") if file.is_file()} == {".json"}


def test_one_sweep_costs_a_part_of_the_bag(tmp_path: Path, storage: Storage) -> None:
    """An object is read by ranges: what one sweep needs, not the bag."""
    rng = np.random.default_rng(3)
    with ros2_bag(tmp_path / "drive") as bag:
        for frame in range(60):
            table = np.zeros(20_000, [("x", "f4"), ("y", "f4"), ("z", "f4"), ("t", "u4")])
            for name in "xyz":
                table[name] = rng.uniform(1, 50, len(table))
            table["t"] = np.linspace(0, 99_000_000, len(table))
            now = START + frame * 100_000_000
            bag.write("/points", now, bag.make.cloud(now, "lidar", table))
    url = put(tmp_path / "drive")
    (file,) = [name for name in s3fs.S3FileSystem().find(url) if name.endswith(".mcap")]
    size = s3fs.S3FileSystem().size(file)
    assert size > 10_000_000
    (written,) = import_recordings("rosbag2", url, tmp_path / "out")
    # The import reads the bag once.
    assert storage.read_of(".mcap") < 1.2 * size
    files: Any = load_scene_file(written.path).files
    before = storage.read_of(".mcap")

    content = next(iter(files.values())).load()

    assert len(content) > 200_000
    assert storage.read_of(".mcap") - before < size / 4
    assert max(read for path, read in storage.reads if path.endswith(".mcap")) < size / 4


@pytest.mark.shared
def test_a_data_set_becomes_a_scene(raw: Path, tmp_path: Path, storage: Storage) -> None:
    """Images stay where they are and are streamed during the upload."""
    url = put(raw / "nuscenes")

    (written,) = import_recordings("nuscenes", url, tmp_path / "out")

    document = json.loads(written.path.read_text())
    (image, *_) = document["frames"][0]["images"]
    assert image["path"].startswith(f"{url}/samples/")
    scene_file = load_scene_file(written.path)
    assert [finding.code for finding in scene_file.check().errors] == []
    assert written.labelled == 68


def test_a_bucket_that_is_not_there(storage: Storage) -> None:
    """The error names the URL."""
    with pytest.raises(RecordingError, match="s3://nosuch/drive"):
        list(open_recordings("rosbag2", "s3://nosuch/drive"))
