"""All parsers of other people's files: valid examples to damage, and the errors that may be raised."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import requests
from PIL import Image

from kognic._core.documents import read_document
from kognic._core.retrying import parse_retry_after
from kognic._core.run_errors import ExportError, JournalError, SandboxError
from kognic._core.scene_errors import ContentError, DocumentError, SceneFileError
from kognic.annotations.openlabel import check_pre_annotation
from kognic.auth._token_response import Answer, BadAnswerError, TokenRefusedError, token_from
from kognic.auth.credentials_parser import parse_credentials
from kognic.auth.env_config import load_kognic_env_config
from kognic.auth.errors import CredentialsError, EnvironmentConfigError, KognicError
from kognic.auth.internal.token_cache._file import FileTokenCache
from kognic.base_clients.errors import ResponseDecodeError
from kognic.base_clients.http.bodies import decode, split_lines
from kognic.base_clients.http.envelope import unwrap
from kognic.base_clients.serialization.problems import Invalid
from kognic.cli.sandbox import read_seed
from kognic.io.model.pre_annotation.openlabel import to_openlabel
from kognic.io.model.scene.scene_entry import Scene
from kognic.pipelines.bulk.journal import Journal
from kognic.pipelines.export.annotations import _annotation_uuid
from kognic.pipelines.export.index import NAME as INDEX
from kognic.pipelines.export.index import Exported, Index
from kognic.query.query_model import QueryException, iter_streaming_items
from kognic.sandbox.sample.clouds import write_csv, write_las, write_pcd
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.calibration.files import calibration_document, read_calibration, read_pose
from kognic.scenes.content.arrays import read_points
from kognic.scenes.content.images import survey_image
from kognic.scenes.content.point_clouds import survey_point_cloud
from kognic.scenes.scene_file import load_scene_file
from tests.io.resources import scenes


@dataclass(frozen=True)
class Parser:
    """One reader.

    Attributes:
        name: Also the name of the file it reads.
        read: Given the content and a folder of its own; returns or raises one of `errors`.
        errors: What it may raise; every message says what it is about.
        good: Makes examples that it reads without an error.
    """

    name: str
    read: Callable[[bytes, Path], object]
    errors: tuple[type[Exception], ...]
    good: Callable[[Path], list[bytes]]

    def check(self, content: bytes) -> None:
        """Read any content: to a value, or to one of the errors, with a message."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                self.read(content, Path(folder))
            except self.errors as error:
                message = str(error)
            else:
                return
        assert message


def in_file(read: Callable[[Path], object], name: str) -> Callable[[bytes, Path], object]:
    def reading(content: bytes, folder: Path) -> object:
        path = folder / name
        path.write_bytes(content)
        return read(path)

    return reading


def examples(*documents: object) -> Callable[[Path], list[bytes]]:
    return lambda _: [d if isinstance(d, bytes) else json.dumps(d).encode() for d in documents]


CREDENTIALS = {"clientId": "i", "clientSecret": "s", "email": "e@x", "userId": 1, "issuer": "https://auth"}
ENVIRONMENTS = {
    "default_environment": "a",
    "environments": {"a": {"host": "app.example.com", "auth_server": "https://auth.example.com"}},
}
SCENE = {
    "id": "0e4f1e5e-6d2e-4f0e-8b5c-3c7c6f1d2a11", "uuid": "0e4f1e5e-6d2e-4f0e-8b5c-3c7c6f1d2a11",
    "externalId": "a", "workspaceId": "w", "status": "created", "createdAt": "2024-01-01T00:00:00.000Z",
    "created": "2024-01-01T00:00:00.000Z", "errorMessage": None, "viewLink": "https://x",
    "sceneType": "cameras",
}  # fmt: skip
TOKEN = {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 3600, "expires_at": 4e9}
POINTS = [(1.0, 2.0, 3.0, 4, 1_700_000_000_000_000_000 + n) for n in range(20)]
SEED = b"""projects:
  - {external_id: p, batches: [{external_id: b}]}
workspaces:
  - {name: w}
"""


def answer(content: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code = 200
    vars(response).update(_content=content, _content_consumed=True)
    return response


def token(content: bytes, _: Path) -> object:
    return token_from(Answer(200, "OK", "https://auth/token", {}, content))


def cached(path: Path) -> object:
    path.chmod(0o600)
    cache = FileTokenCache(path)
    cache.load("https://auth", "i")
    cache.save("https://auth", "i", TOKEN)
    assert cache.load("https://auth", "i") is not None
    return cache


def journal(path: Path) -> object:
    with Journal(path) as opened:
        return opened.facts(), opened.counts(), list(opened.entries())


def good_journal(folder: Path) -> list[bytes]:
    with Journal(folder / "good") as made:
        made.bind({"workspace": "w", "project": "p"})
        for number in range(5):
            made.enter(f"k{number}", "digest", f"scene {number}")
            made.file_stored(f"k{number}", "a.jpg", 100)
    return [(folder / "good").read_bytes()]


def index(path: Path) -> object:
    opened = Index(path.parent)
    try:
        opened.bind("project", "p")
        return opened.gone_since("other"), list(opened.of_run("run"))
    finally:
        opened.close()


def good_index(folder: Path) -> list[bytes]:
    opened = Index(folder)
    opened.bind("project", "p")
    one = Exported(scene_uuid="s", annotation_type="t", created="c", occurrence=0, annotation_uuid=None,
                   file="annotations/f.json", size=3, sha256="0")  # fmt: skip
    opened.put(one, "run", 0)
    opened.close()
    return [(folder / INDEX).read_bytes()]


def picture(kind: str, **options: Any) -> bytes:
    file = BytesIO()
    Image.new("RGB", (16, 9), (1, 2, 3)).save(file, kind, **options)
    return file.getvalue()


def cloud(content: bytes, kind: str) -> object:
    facts, issues = survey_point_cloud(content, kind, full=True)
    assert facts is not None or issues
    return read_points(content, kind)


def good_cloud(write: Callable[[Path, Any], object], suffix: str) -> Callable[[Path], list[bytes]]:
    def made(folder: Path) -> list[bytes]:
        write(folder / f"c.{suffix}", POINTS)
        return [(folder / f"c.{suffix}").read_bytes()]

    return made


def good_scene_files(folder: Path) -> list[bytes]:
    drive = write_sample_drive(folder, frames=1, scene_type="lidars_and_cameras")
    described = json.loads(drive.scene_file.read_bytes())
    described = {**described, "calibration_id": "c"}
    for other_file in ("calibration", "imu_data", "pre_annotation"):
        described.pop(other_file, None)
    return [json.dumps(described, indent=1).encode()]


def openlabel(content: bytes, _: Path) -> object:
    document = decode(answer(content), what="GET /a")
    findings = list(check_pre_annotation(document, None)) if isinstance(document, dict) else []
    assert all(f.code and f.location is not None for f in findings) if findings else True
    return to_openlabel(document)


@cache
def calibrations() -> list[bytes]:
    return [json.dumps(calibration_document(scenes.calibration("rig"))).encode()]


PARSERS = (
    Parser("credentials", in_file(parse_credentials, "c.json"), (CredentialsError,), examples(CREDENTIALS)),
    Parser("environments", in_file(load_kognic_env_config, "environments.json"), (EnvironmentConfigError,),
           examples(ENVIRONMENTS)),
    Parser("token answer", token, (BadAnswerError, TokenRefusedError),
           examples(TOKEN)),
    Parser("token cache", in_file(cached, "tokens.json"), (), examples({"https://auth|i|": TOKEN})),
    Parser("API answer", lambda c, _: unwrap(decode(answer(c), what="GET /a")), (KognicError,),
           examples({"data": [1]}, {"metadata": {"message": "m"}, "data": None})),
    Parser("model of an answer", lambda c, _: Scene.from_json(decode(answer(c), what="GET /a")),
           (KognicError,), examples(SCENE)),
    Parser("Retry-After", lambda c, _: parse_retry_after(c.decode("latin-1"), 1.7e9), (),
           examples(b"120", b"Wed, 21 Oct 2026 07:28:00 GMT")),
    Parser("query lines", lambda c, _: list(iter_streaming_items(split_lines([c]))), (QueryException,),
           examples(b'[\n{"a": 1},\n{"a": 2}\n]\n', b"[\n]\n")),
    Parser("scene file, JSON", in_file(lambda p: load_scene_file(p, look_at_files=False), "scene.json"),
           (SceneFileError, DocumentError), good_scene_files),
    Parser("scene file, YAML", in_file(lambda p: load_scene_file(p, look_at_files=False), "scene.yaml"),
           (SceneFileError, DocumentError), good_scene_files),
    Parser("document, YAML", in_file(read_document, "d.yaml"), (DocumentError,),
           examples(SEED, b"a: &x [1, 2]\nb: [*x, *x]\nc: 2020-01-01\n")),
    Parser("calibration", in_file(read_calibration, "calibration.json"), (DocumentError,),
           lambda _: calibrations()),
    Parser("pose", in_file(read_pose, "pose.json"), (KognicError,),
           examples([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])),
    Parser("OpenLABEL", openlabel, (ResponseDecodeError, Invalid), examples(scenes.OPENLABEL)),
    Parser("CSV", lambda c, _: cloud(c, "csv"), (ContentError,), good_cloud(write_csv, "csv")),
    Parser("PCD", lambda c, _: cloud(c, "pcd"), (ContentError,), good_cloud(write_pcd, "pcd")),
    Parser("LAS", lambda c, _: cloud(c, "las"), (ContentError,), good_cloud(write_las, "las")),
    Parser("image", lambda c, _: survey_image(c), (ContentError,),
           lambda _: [picture("PNG"), picture("JPEG"), picture("WEBP")]),
    Parser("journal", in_file(journal, "journal"), (JournalError,), good_journal),
    Parser("export index", in_file(index, INDEX), (ExportError,), good_index),
    Parser("exported annotation", lambda c, _: _annotation_uuid(c), (ValueError,),
           examples(scenes.OPENLABEL)),
    Parser("seed file", in_file(read_seed, "seed.yaml"), (SandboxError,), examples(SEED)),
)  # fmt: skip
