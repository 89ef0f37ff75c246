"""The files of an export: what each of them holds, and that it appears only when it is whole."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kognic.pipelines.export import Exported, ExportReport, Failure
from kognic.pipelines.export.formats import write_json_lines, write_manifest, write_parquet

CONTENT = {"openlabel": {"metadata": {"schema_version": "1.0.0", "name": "Straße"}}}


@pytest.fixture
def exported(tmp_path: Path) -> list[Exported]:
    """Two annotations whose files are in the folder."""
    made = []
    for n in range(2):
        content = json.dumps(CONTENT, ensure_ascii=False).encode()
        (tmp_path / f"{n}.json").write_bytes(content)
        made.append(
            Exported(
                scene_uuid=f"scene-{n}",
                annotation_type="signs",
                created="2026-01-31T12:00:00.123456Z",
                occurrence=0,
                annotation_uuid=f"annotation-{n}",
                file=f"{n}.json",
                size=len(content),
                sha256="0" * 64,
            )
        )
    return made


def test_manifest(exported: list[Exported], tmp_path: Path) -> None:
    """One object per line with everything that is known of an annotation."""
    assert write_manifest(tmp_path / "m", exported) == 2

    lines = [json.loads(line) for line in (tmp_path / "m").read_text("utf-8").splitlines()]
    assert [Exported(**line) for line in lines] == exported


def test_json_lines(exported: list[Exported], tmp_path: Path) -> None:
    """One object per line with the content as it was delivered."""
    write_json_lines(tmp_path / "l", exported, tmp_path)

    lines = [json.loads(line) for line in (tmp_path / "l").read_text("utf-8").splitlines()]
    assert [line["scene_uuid"] for line in lines] == ["scene-0", "scene-1"]
    assert [line["content"] for line in lines] == [CONTENT, CONTENT]


def test_parquet(exported: list[Exported], tmp_path: Path) -> None:
    """One row per annotation; times are times, contents are text."""
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(tmp_path / "p", exported, tmp_path)

    rows = parquet.read_table(tmp_path / "p").to_pylist()
    assert [row["annotation_uuid"] for row in rows] == ["annotation-0", "annotation-1"]
    assert rows[0]["created"] == dt.datetime(2026, 1, 31, 12, 0, 0, 123456, dt.UTC)
    assert json.loads(rows[1]["content"]) == CONTENT


def test_a_file_that_is_not_finished_does_not_appear(exported: list[Exported], tmp_path: Path) -> None:
    """When writing fails, the previous file stays, and no other file is left."""
    write_manifest(tmp_path / "m", exported)
    before = sorted(path.name for path in tmp_path.iterdir())

    def broken() -> Iterator[Exported]:
        yield exported[0]
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        write_manifest(tmp_path / "m", broken())

    assert len((tmp_path / "m").read_text("utf-8").splitlines()) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_report_with_failures_is_not_ok(tmp_path: Path) -> None:
    """Whatever could not be fetched keeps an export from being complete."""
    failure = Failure(scene_uuid="s", annotation_type="signs", error="gone")

    assert ExportReport(folder=tmp_path, listed=1, fetched=1).ok
    assert not ExportReport(folder=tmp_path, listed=1, failures=[failure]).ok
