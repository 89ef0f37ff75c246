"""Libraries of data frames take the tables of annotations, and tables grow with what they hold alone."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.annotations import delivery
from kognic.annotations import tables as tables_module
from kognic.annotations.document import Document
from kognic.annotations.tables import Tables, cuboid_array, read_tables, to_tables, write_tables

DOCUMENTS, FRAMES, OBJECTS = 3, 4, 5


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Three documents of four frames with five cuboids each: cars and, every fifth, a pedestrian."""
    return to_tables(delivery(DOCUMENTS, frames=FRAMES, objects=OBJECTS))


def expected_x() -> float:
    """Sum of the x of all cuboids, from the formula of `delivery`."""
    return sum(
        document + frame / 10 + item
        for document in range(DOCUMENTS)
        for frame in range(FRAMES)
        for item in range(OBJECTS)
    )


def test_polars(tables: Tables) -> None:
    """Without a copy: the numbers are at the same address."""
    frame: Any = pl.from_arrow(tables.geometries)

    counts = dict(frame.group_by("class").len().iter_rows())
    assert counts == {"Car": 48, "Pedestrian": 12}
    xs = frame.select(pl.col("val").list.get(0).sum()).item()
    assert xs == pytest.approx(expected_x())
    given = tables.geometries.column("timestamp_ms").chunk(0).buffers()[1].address
    assert frame.to_arrow().column("timestamp_ms").chunk(0).buffers()[1].address == given


def test_duckdb(tables: Tables) -> None:
    """A query in SQL names the tables; joined by document and object."""
    geometries, objects = tables.geometries, tables.objects
    connection = duckdb.connect()
    connection.register("geometries", geometries)
    connection.register("objects", objects)

    rows = connection.execute(
        "select class, count(*), sum(val[1]) from geometries group by class order by class"
    ).fetchall()
    joined = connection.execute(
        "select count(*) from geometries join objects using (document, object_id) where frames = 4"
    ).fetchone()

    assert [row[:2] for row in rows] == [("Car", 48), ("Pedestrian", 12)]
    assert sum(row[2] for row in rows) == pytest.approx(expected_x())
    assert joined == (DOCUMENTS * FRAMES * OBJECTS,)


def test_pandas(tables: Tables) -> None:
    frame: pd.DataFrame = tables.geometries.to_pandas()

    assert frame["class"].value_counts().to_dict() == {"Car": 48, "Pedestrian": 12}
    assert np.stack(frame["val"].to_numpy())[:, 0].sum() == pytest.approx(expected_x())


def test_parquet(tables: Tables, tmp_path: Path) -> None:
    """Every reader of Parquet opens the files; ours gets the same tables back."""
    write_tables(delivery(DOCUMENTS, frames=FRAMES, objects=OBJECTS), tmp_path)

    path = tmp_path / "geometries.parquet"
    counted = duckdb.connect().execute(f"select count(*) from '{path}'").fetchone()
    assert counted == (60,)
    assert pl.read_parquet(path).height == 60
    assert pq.read_table(path).column("val").equals(tables.geometries.column("val"))
    assert read_tables(tmp_path).geometries.equals(tables.geometries)


def test_cuboids_as_an_array_without_a_copy(tables: Tables) -> None:
    """Shape (N, 10), at the address of the table's own numbers."""
    table = tables.geometries.combine_chunks()
    found = cuboid_array(table)

    assert found.shape == (60, 10)
    assert found[:, 0].sum() == pytest.approx(expected_x())
    values = table.column("val").chunk(0).values
    assert found.__array_interface__["data"][0] == values.buffers()[1].address


def peak_of_export(documents: int, folder: Path) -> tuple[int, int]:
    """Most bytes of Python and of Arrow while an export is written, one document after the other."""
    arrow = 0

    def watched() -> Iterator[Document]:
        nonlocal arrow
        for document in delivery(documents, frames=10, objects=20):
            arrow = max(arrow, pa.total_allocated_bytes())
            yield document

    before = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        write_tables(watched(), folder)
        return tracemalloc.get_traced_memory()[1], arrow - before
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_of_an_export_does_not_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five times the documents need the memory of one batch; `make bench-annotations` has a million rows."""
    monkeypatch.setattr(tables_module, "BATCH_ROWS", 800)
    peak_of_export(2, tmp_path / "warm")
    small, small_arrow = peak_of_export(4, tmp_path / "small")
    large, large_arrow = peak_of_export(20, tmp_path / "large")

    assert pq.read_metadata(tmp_path / "large" / "geometries.parquet").num_rows == 4_000
    assert large < 1.3 * small + 200_000
    assert large_arrow < 1.3 * small_arrow + 200_000
