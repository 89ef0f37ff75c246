"""Exporting annotations from the local platform: what lands in the folder, and what a second run does."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kognic._core.annotation_errors import AnnotationError
from kognic._core.errors import KognicError
from kognic._core.run_errors import ExportError
from kognic.annotations.reading import read_documents
from kognic.base_clients.errors import BadRequestError, ConnectionFailedError
from kognic.base_clients.http.outages import Patience
from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.client import KognicIOClient
from kognic.io.model.annotation.client_annotation import PartialAnnotation
from kognic.io.resources.annotation.annotation import AnnotationResource
from kognic.pipelines.export import ExportReport, export_annotations
from kognic.pipelines.export.index import NAME
from kognic.sandbox import Sandbox
from tests.pipelines.export.conftest import PROJECT, TYPE, Deliver, document


def manifest(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def test_export_is_complete_and_in_order(
    kognic_client: KognicIOClient, deliver: Deliver, tmp_path: Path
) -> None:
    """Every annotation is a file with the delivered bytes; the manifest has their order, sizes and hashes."""
    for n in range(7):
        deliver(n)
    listed = list(kognic_client.annotation.get_project_annotations(PROJECT, TYPE))

    report = export_annotations(kognic_client, PROJECT, tmp_path / "out", TYPE, workers=3)

    assert (report.listed, report.fetched, report.unchanged, report.failures) == (7, 7, 0, [])
    lines = manifest(tmp_path / "out")
    assert [line["scene_uuid"] for line in lines] == [a.scene_uuid for a in listed]
    for line, annotation in zip(lines, listed, strict=True):
        content = (tmp_path / "out" / line["file"]).read_bytes()
        assert json.loads(content) == annotation.content
        assert (line["size"], line["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert report.bytes_fetched == sum(line["size"] for line in lines)
    assert not list((tmp_path / "out").rglob("*.part"))


def test_the_manifest_names_scenes(
    kognic_client: KognicIOClient, deliver: Deliver, kognic_sandbox: Sandbox, tmp_path: Path
) -> None:
    """Scene files are found by the external ID. An export goes without it, and the next one looks it up."""
    deliver(0)
    with kognic_sandbox.control.fault("status", "POST /v2/scenes/query", status=403):
        assert export_annotations(kognic_client, PROJECT, tmp_path, TYPE).fetched == 1
    assert "scene_external_id" not in manifest(tmp_path)[0]
    deliver(1)
    for _ in range(2):
        export_annotations(kognic_client, PROJECT, tmp_path, TYPE)
        names = {line["scene_external_id"] for line in manifest(tmp_path)}
        assert names == {"scene-0", "scene-1"}
    assert {document.scene_external_id for document in read_documents(tmp_path)} == names


def test_second_run_fetches_what_is_new_or_changed(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, deliver: Deliver, tmp_path: Path
) -> None:
    """What is unchanged is not fetched again; what is new, changed or damaged is; what is gone goes."""
    inputs = [deliver(n) for n in range(4)]
    export_annotations(kognic_client, PROJECT, tmp_path, TYPE)
    first = manifest(tmp_path)
    (tmp_path / first[1]["file"]).write_bytes(b"")
    kognic_sandbox.control.deliver_annotation(inputs[2], document(99))
    kognic_client.input.delete_input(inputs[3])
    deliver(5)

    report = export_annotations(kognic_client, PROJECT, tmp_path, TYPE)

    assert (report.listed, report.unchanged, report.fetched) == (4, 1, 3)
    assert report.removed == 2
    files = {line["file"] for line in manifest(tmp_path)}
    assert {str(p.relative_to(tmp_path)) for p in (tmp_path / "annotations").iterdir()} == files


def test_failures_are_listed_and_tried_again(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, deliver: Deliver, tmp_path: Path
) -> None:
    """A download that fails costs only itself, leaks no signed URL, and the next run fetches it."""
    for n in range(3):
        deliver(n)
    with kognic_sandbox.control.fault("status", "*storage*", status=404, times=1):
        report = export_annotations(kognic_client, PROJECT, tmp_path, TYPE, workers=1)
    assert not report.ok
    (failure,) = report.failures
    assert "404" in failure.error
    assert "signature" not in failure.error.lower()
    assert len(manifest(tmp_path)) == 2

    again = export_annotations(kognic_client, PROJECT, tmp_path, TYPE)
    assert (again.fetched, again.unchanged, again.ok) == (1, 2, True)


def test_json_lines_and_parquet_hold_the_same(
    kognic_client: KognicIOClient, deliver: Deliver, tmp_path: Path
) -> None:
    """Both formats carry every annotation in the manifest's order, with its content."""
    pyarrow = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")
    for n in range(3):
        deliver(n)
    export_annotations(kognic_client, PROJECT, tmp_path, TYPE, format="jsonl")
    export_annotations(kognic_client, PROJECT, tmp_path, TYPE, format="parquet")

    lines = [json.loads(line) for line in (tmp_path / "annotations.jsonl").read_text().splitlines()]
    rows = pyarrow.read_table(tmp_path / "annotations.parquet").to_pylist()
    assert [line["scene_uuid"] for line in lines] == [line["scene_uuid"] for line in manifest(tmp_path)]
    assert [json.loads(row["content"]) for row in rows] == [line["content"] for line in lines]
    assert [row["created"].isoformat() for row in rows] == [line["created"] for line in lines]


@pytest.mark.parametrize("name", ["", "annotations.jsonl", "annotations.parquet"])
def test_iso_cuboids_are_not_read_as_others(
    kognic_client: KognicIOClient, deliver: Deliver, tmp_path: Path, name: str
) -> None:
    """Documents do not name their convention, so the export does; tables and statistics would be wrong."""
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")
    deliver(1)
    form: Any = Path(name).suffix[1:] or "openlabel"
    for iso in (False, True):
        folder = tmp_path / f"{iso}"
        export_annotations(kognic_client, PROJECT, folder, TYPE, iso_rotated_cuboids=iso, format=form)

    assert "cuboids" not in manifest(tmp_path / "False")[0]
    assert len(list(read_documents(tmp_path / "False" / name))) == 1
    with pytest.raises(
        AnnotationError,
        match=rf"True(/{name})? was exported with ISO 8855 cuboids .* export without --iso8855",
    ):
        list(read_documents(tmp_path / "True" / name))


@pytest.mark.slow
def test_folder_belongs_to_one_export(
    kognic_client: KognicIOClient, deliver: Deliver, tmp_path: Path
) -> None:
    """Another annotation type, or a running export, is refused before anything is touched."""
    deliver(0)
    export_annotations(kognic_client, PROJECT, tmp_path, TYPE)
    with pytest.raises(
        ExportError, match="holds an export with annotation type 'objects', this one has 'signs'"
    ):
        export_annotations(kognic_client, PROJECT, tmp_path, "signs")
    assert len(manifest(tmp_path)) == 1

    def another(_: object) -> None:
        with pytest.raises(ExportError, match="another export is writing to it"):
            export_annotations(kognic_client, PROJECT, tmp_path, TYPE)

    export_annotations(kognic_client, PROJECT, tmp_path, TYPE, on_progress=another)


def test_index_of_another_version_is_refused(
    kognic_client: KognicIOClient, deliver: Deliver, tmp_path: Path
) -> None:
    """An index whose table has other columns is named, with a way out; deleting it is one."""
    deliver(0)
    export_annotations(kognic_client, PROJECT, tmp_path, TYPE)
    with closing(sqlite3.connect(tmp_path / NAME)) as db:
        db.executescript(
            "ALTER TABLE annotation RENAME COLUMN sha256 TO md5; DROP INDEX annotation_run;"
            "ALTER TABLE annotation DROP COLUMN position"
        )
    with pytest.raises(
        ExportError, match=r"the index of another version: it has no position, sha256\. Export to another"
    ):
        export_annotations(kognic_client, PROJECT, tmp_path, TYPE)
    (tmp_path / NAME).unlink()
    assert export_annotations(kognic_client, PROJECT, tmp_path, TYPE).fetched == 1


def test_failed_export_does_not_claim_the_folder(
    kognic_client: KognicIOClient, deliver: Deliver, tmp_path: Path
) -> None:
    """A mistyped annotation type can be corrected: the folder holds nothing of it."""
    deliver(0)
    with pytest.raises(BadRequestError, match="Invalid annotation type sent: object"):
        export_annotations(kognic_client, PROJECT, tmp_path, "object")
    assert export_annotations(kognic_client, PROJECT, tmp_path, TYPE).fetched == 1


@pytest.mark.parametrize("form", ["openlabel", "jsonl", "parquet"])
def test_failed_export_leaves_no_folder(kognic_client: KognicIOClient, tmp_path: Path, form: Any) -> None:
    """A misspelt project or type leaves nothing behind; files that are not of the export stay."""
    for project, annotation_type in (("no-such-project", TYPE), (PROJECT, "no-such-type")):
        with pytest.raises(KognicError):
            export_annotations(kognic_client, project, tmp_path / "out", annotation_type, format=form)
        assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(KognicError):
        export_annotations(kognic_client, "no-such-project", tmp_path, TYPE, format=form)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_parquet_without_pyarrow(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody wants to learn that after the last of many downloads."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "kognic-client\[parquet\]"'):
        export_annotations(kognic_client, PROJECT, tmp_path / "out", TYPE, format="parquet")
    assert kognic_sandbox.control.calls() == []
    assert not (tmp_path / "out").exists()


def test_full_disk_stops_the_export(
    kognic_client: KognicIOClient, deliver: Deliver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no failure of one annotation after another; what was fetched before is not fetched again."""
    for n in range(4):
        deliver(n)
    download, written = AnnotationResource.download, []

    def until_full(self: AnnotationResource, partial: Any, path: Any) -> Any:
        if len(written) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(path)
        return download(self, partial, path)

    with monkeypatch.context() as patched:
        patched.setattr(AnnotationResource, "download", until_full)
        with pytest.raises(ExportError, match=rf"cannot export to {tmp_path}: No space left on device; what"):
            export_annotations(kognic_client, PROJECT, tmp_path, TYPE, workers=1)

    (tmp_path / "annotations" / ".killed-0.part").touch()
    report = export_annotations(kognic_client, PROJECT, tmp_path, TYPE)
    assert (report.listed, report.unchanged, report.fetched) == (4, 2, 2)
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("name", ["../../escape", "a/b", "..", "x" * 300, "nul\0", "NUL", "com1", ""])
def test_names_from_the_platform_stay_in_the_folder(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, deliver: Deliver, tmp_path: Path, name: str
) -> None:
    """Whatever UUID a document claims to have, its file lies in the folder."""
    kognic_sandbox.control.deliver_annotation(
        deliver(0), document(1, comment="x"), annotation_uuid=name or None
    )
    export_annotations(kognic_client, PROJECT, tmp_path / "out", TYPE)
    (line,) = manifest(tmp_path / "out")
    assert (tmp_path / "out" / line["file"]).resolve().parent == tmp_path / "out" / "annotations"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]
    # With any suffix these are devices on Windows.
    assert Path(line["file"]).stem.lower() not in ("nul", "com1")


def test_damaged_index(kognic_client: KognicIOClient, deliver: Deliver, tmp_path: Path) -> None:
    """Corruption behind the header of the index is reported, with a hint."""
    deliver(0)
    export_annotations(kognic_client, PROJECT, tmp_path, TYPE)
    path = tmp_path / ".export.sqlite"
    content = bytearray(path.read_bytes())
    size = int.from_bytes(content[16:18], "big")
    content[size:] = b"\xff" * (len(content) - size)
    path.write_bytes(content)

    with pytest.raises(ExportError, match=r"cannot export to .*export\.sqlite"):
        export_annotations(kognic_client, PROJECT, tmp_path, TYPE)
    path.unlink()
    assert export_annotations(kognic_client, PROJECT, tmp_path, TYPE).fetched == 1


@pytest.mark.parametrize("damage", [b"CREATE TAB\xff\xff", b"\xd5REATE TABLE"])
def test_index_with_damaged_tables(
    kognic_client: KognicIOClient, deliver: Deliver, tmp_path: Path, damage: bytes
) -> None:
    """The message of SQLite quotes what it cannot read, which is no text."""
    deliver(0)
    export_annotations(kognic_client, PROJECT, tmp_path, TYPE)
    path = tmp_path / ".export.sqlite"
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE", damage))

    with pytest.raises(ExportError, match=r"cannot export to .*delete it, and everything is fetched again"):
        export_annotations(kognic_client, PROJECT, tmp_path, TYPE)


def test_document_that_is_nested_too_deeply(
    kognic_client: KognicIOClient, deliver: Deliver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It costs only itself."""

    def download(partial: object, path: Path) -> None:
        path.write_bytes(b"[" * 200_000)

    deliver(0)
    monkeypatch.setattr(kognic_client.annotation, "download", download)
    (failure,) = export_annotations(kognic_client, PROJECT, tmp_path, TYPE).failures

    assert failure.error == "the document is nested too deeply"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "xml"}, "format is 'xml', must be one of"),
        ({"workers": 0}, "workers is 0, must be at least 1"),
    ],
)
def test_bad_arguments(
    kognic_client: KognicIOClient, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    """Refused before the folder is made."""
    with pytest.raises(ValueError, match=message):
        export_annotations(kognic_client, PROJECT, tmp_path / "out", TYPE, **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_export_outlasts_an_outage(kognic_sandbox: Sandbox, deliver: Deliver, tmp_path: Path) -> None:
    """Listing and downloads are retried until the platform answers; nothing is counted twice."""
    said: list[str] = []
    control = kognic_sandbox.control
    for n in range(6):
        deliver(n)

    def noticed(text: str) -> None:
        said.append(text)
        threading.Timer(0.3, control.clear_faults).start()

    def progressed(report: ExportReport) -> None:
        if report.fetched == 1 and not said:
            control.add_fault("status", "*", status=503)

    with kognic_sandbox.client(retry=RetryPolicy(max_attempts=2, first_wait=0.01, budget=10)) as client:
        report = export_annotations(
            client, PROJECT, tmp_path / "out", TYPE, on_progress=progressed, on_notice=noticed, workers=1,
            patience=Patience(limit=60, first_wait=0.05),
        )  # fmt: skip
    assert (report.listed, report.fetched, report.unchanged, report.failures) == (6, 6, 0, [])
    assert len(said) >= 1
    assert len(manifest(tmp_path / "out")) == 6


def test_expired_urls_are_listed_again(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, deliver: Deliver, tmp_path: Path
) -> None:
    """What had too old a URL is fetched by a fresh one, and nothing is counted twice."""
    for n in range(5):
        deliver(n)
    with kognic_sandbox.control.fault("expired_url", "GET /_storage/*", skip=1, times=2):
        report = export_annotations(kognic_client, PROJECT, tmp_path, TYPE, workers=1)

    assert (report.listed, report.fetched, report.unchanged, report.failures) == (5, 5, 0, [])
    assert len(manifest(tmp_path)) == 5


def test_urls_that_expire_at_once_are_failures(
    kognic_client: KognicIOClient, kognic_sandbox: Sandbox, deliver: Deliver, tmp_path: Path
) -> None:
    """The list is not asked for again and again when no URL in it works."""
    deliver(0)
    with kognic_sandbox.control.fault("expired_url", "GET /_storage/*"):
        report = export_annotations(kognic_client, PROJECT, tmp_path, TYPE)

    assert ["ExpiredToken" in failure.error for failure in report.failures] == [True]
    assert sum(call.route.endswith("/search") for call in kognic_sandbox.control.calls()) == 2


def test_urls_that_expire_before_an_outage(
    kognic_client: KognicIOClient,
    kognic_sandbox: Sandbox,
    deliver: Deliver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The list after the outage has fresh ones, so that no third one is needed."""
    for n in range(3):
        deliver(n)
    list_all = kognic_client.annotation.list_project_annotations
    lists = []

    def fails_once(*arguments: Any, **named: Any) -> Iterator[PartialAnnotation]:
        lists.append(arguments)
        yield from list_all(*arguments, **named)
        if len(lists) == 1:
            while len(list((tmp_path / "annotations").glob("*.json"))) < 2:
                threading.Event().wait(0.01)
            raise ConnectionFailedError("no answer")

    monkeypatch.setattr(kognic_client.annotation, "list_project_annotations", fails_once)
    with kognic_sandbox.control.fault("expired_url", "GET /_storage/*", times=1):
        report = export_annotations(
            kognic_client, PROJECT, tmp_path, TYPE, workers=1, patience=Patience(first_wait=0.01)
        )

    assert (len(lists), report.fetched, report.failures) == (2, 3, [])


def test_downloads_that_end_while_the_list_fails(
    kognic_client: KognicIOClient, deliver: Deliver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have been fetched by this export, although the second list finds them in the folder."""
    for n in range(3):
        deliver(n)
    list_all = kognic_client.annotation.list_project_annotations
    failed = threading.Event()

    def fails_once(*arguments: Any, **named: Any) -> Iterator[PartialAnnotation]:
        yield from list_all(*arguments, **named)
        if not failed.is_set():
            while len(list((tmp_path / "annotations").glob("*.json"))) < 3:
                threading.Event().wait(0.01)
            failed.set()
            raise ConnectionFailedError("no answer")

    monkeypatch.setattr(kognic_client.annotation, "list_project_annotations", fails_once)
    report = export_annotations(kognic_client, PROJECT, tmp_path, TYPE, patience=Patience(first_wait=0.01))

    assert failed.is_set()
    assert (report.listed, report.fetched, report.unchanged, report.failures) == (3, 3, 0, [])
