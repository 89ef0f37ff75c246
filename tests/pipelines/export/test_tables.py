"""From the platform to a table: whatever format an export has, the documents in it are the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kognic.annotations import read_documents, read_tables
from kognic.cli.root import cli
from kognic.io.client import KognicIOClient
from kognic.pipelines.export import export_annotations
from tests.pipelines.export.conftest import PROJECT, TYPE, Deliver

pytest.importorskip("pyarrow", reason="the extra parquet is not installed")


def test_every_format_of_an_export_is_read(
    kognic_client: KognicIOClient, deliver: Deliver, tmp_path: Path
) -> None:
    """Folder, JSON Lines and Parquet hold the same documents in the same order, with their scenes."""
    for number in range(3):
        deliver(number)
    for form in ("jsonl", "parquet"):
        export_annotations(kognic_client, PROJECT, tmp_path, TYPE, format=form)  # type: ignore[arg-type]
    folder, lines, parquet = (
        list(read_documents(tmp_path / name)) for name in ("", "annotations.jsonl", "annotations.parquet")
    )
    assert len(folder) == 3
    for first, second, third in zip(folder, lines, parquet, strict=True):
        assert first.plain == second.plain == third.plain
        assert first.scene_uuid == second.scene_uuid == third.scene_uuid is not None
        assert first.annotation_type == second.annotation_type == third.annotation_type == TYPE


def test_commands_from_the_platform_to_a_table(
    kognic_client: KognicIOClient, deliver: Deliver, tmp_path: Path
) -> None:
    """Export, then table: two commands; the table knows scene and annotation type of each object."""
    for number in range(2):
        deliver(number)
    export, tables = str(tmp_path / "export"), str(tmp_path / "tables")
    for arguments in (
        ["annotation", "export", PROJECT, export, "--annotation-type", TYPE],
        ["annotation", "table", export, "-o", tables],
    ):
        result = CliRunner().invoke(cli, arguments, obj={"client": kognic_client})
        assert result.exit_code == 0, result.output
    listed = [json.loads(line) for line in (tmp_path / "export/manifest.jsonl").read_text().splitlines()]
    rows = read_tables(tables).objects.to_pylist()
    assert [row["scene_uuid"] for row in rows] == [entry["scene_uuid"] for entry in listed]
    assert {(row["annotation_type"], row["class"]) for row in rows} == {(TYPE, "Car")}
