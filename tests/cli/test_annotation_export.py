"""`kognic annotations export`: a folder that can be brought up to date, and an exit status to rely on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from kognic.sandbox import Sandbox

Run = Callable[..., Result]
PROJECT = "sandbox-project"
DOCUMENT = {"openlabel": {"metadata": {"schema_version": "1.0.0"}}}


@pytest.fixture
def delivered(run_json: Callable[..., Any], image: Path, kognic_sandbox: Sandbox) -> int:
    """How many annotations the project has."""
    for n in range(3):
        description = json.loads(image.read_text()) | {"external_id": f"scene-{n}"}
        path = image.with_name(f"{n}.json")
        path.write_text(json.dumps(description))
        scene = run_json("scene", "create", str(path), "--project", PROJECT)
        kognic_sandbox.control.deliver_annotation(scene["inputs"][0]["uuid"], DOCUMENT)
    return 3


def manifest(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_what_is_missing_is_named_and_fetched_the_next_time(
    run: Run, delivered: int, kognic_sandbox: Sandbox, tmp_path: Path
) -> None:
    """Exit status 1 and the scene on stderr while something is missing; 0 when all is there."""
    out = tmp_path / "out"
    arguments = ("annotations", "export", PROJECT, str(out), "--annotation-type", "objects", "--json")
    with kognic_sandbox.control.fault("status", "GET /_storage/*", status=404, times=1):
        partly = run(*arguments, status=1)
    told = json.loads(partly.stdout)
    assert (told["listed"], told["fetched"], told["failed"]) == (delivered, delivered - 1, 1)
    (failure,) = told["failures"]
    assert failure["scene_uuid"] in partly.stderr
    assert partly.stderr.splitlines()[-1] == (
        "kognic: error: 1 of 3 annotations could not be downloaded. Retry them with the same command, "
        "which keeps the others"
    )
    assert failure["scene_uuid"] not in {line["scene_uuid"] for line in manifest(out)}

    told = json.loads(run(*arguments).stdout)
    assert (told["fetched"], told["unchanged"], told["failed"]) == (1, delivered - 1, 0)
    assert len(manifest(out)) == delivered
    told = json.loads(run(*arguments).stdout)
    assert (told["fetched"], told["unchanged"]) == (0, delivered)


def test_for_people(run: Run, delivered: int, tmp_path: Path) -> None:
    """The numbers; without a type an error that names the types there are, unless there is only one."""
    text = run(
        "annotation", "export", PROJECT, str(tmp_path), "--annotation-type", "objects", "--format", "jsonl"
    ).stdout
    assert "fetched" in text
    assert len((tmp_path / "annotations.jsonl").read_text().splitlines()) == delivered
    assert run(
        "annotation", "export", PROJECT, str(tmp_path), "--annotation-type", "no such", status=1
    ).stderr


def test_parquet_has_a_row_per_document(run: Run, delivered: int, tmp_path: Path) -> None:
    """Its columns are those of the help; a note names the command for a row per object, which works."""
    pq = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")
    arguments = ("annotation", "export", PROJECT, str(tmp_path / "out"), "--annotation-type", "objects")
    printed = run(*arguments, "--format", "parquet").stderr
    assert f"kognic annotation table {tmp_path / 'out'} --output TABLES" in printed
    table = pq.read_table(tmp_path / "out/annotations.parquet")
    assert table.num_rows == delivered
    described = run("annotation", "export", "--help").stdout
    assert all(name in described for name in table.column_names)
    run("annotation", "table", str(tmp_path / "out"), "--output", str(tmp_path / "tables"))
    assert pq.read_table(tmp_path / "tables/documents.parquet").num_rows == delivered


def test_progress_without_a_terminal(
    run: Run, delivered: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain line now and then; here after every annotation."""
    monkeypatch.setattr("kognic.cli.annotation_export.EVERY", 0)
    told = run(
        "annotation", "export", PROJECT, str(tmp_path), "--annotation-type", "objects"
    ).stderr.splitlines()
    assert len(told) == delivered
    assert told[-1].startswith(f"{delivered} listed, {delivered} fetched (0 MB), 0 unchanged, 0 failed")


def test_parquet_without_pyarrow(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    arguments = ("annotation", "export", PROJECT, str(tmp_path / "out"), "--annotation-type", "objects")
    told = run(*arguments, "--format", "parquet", status=1).stderr
    assert told == 'kognic: error: Parquet needs pyarrow: pip install "kognic-client[parquet]"\n'


def test_a_mistake_leaves_no_folder(run: Run, delivered: int, tmp_path: Path) -> None:
    """A project or type that does not exist creates nothing; an export that is there stays."""
    new = tmp_path / "exports" / "city"
    for project, kind in (("no-such-project", "objects"), (PROJECT, "no such")):
        run("annotation", "export", project, str(new), "--annotation-type", kind, status=1)
        assert not new.exists()
    run("annotation", "export", PROJECT, str(new), "--annotation-type", "objects")
    run("annotation", "export", PROJECT, str(new), "--annotation-type", "no such", status=1)
    assert len(manifest(new)) == delivered
