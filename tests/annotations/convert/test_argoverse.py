"""Argoverse 2 annotations, against the published table; PyArrow opens what is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.convert.argoverse import (
    from_argoverse,
    read_feather,
    to_argoverse,
    write_feather,
)
from kognic.annotations.convert.argoverse_tables import CUBOID_COLUMNS
from kognic.annotations.cuboids import corners, headings
from kognic.annotations.document import Document
from kognic.annotations.labels import document_of, labels_of

pytest.importorskip("pyarrow", reason="the extra parquet is not installed")

LOG = "av2/sensor/val/7fab2350-7eaf-3b7e-a39d-6937a4c1bede"


@pytest.mark.shared
def test_counts_of_the_log(raw: Path) -> None:
    """Boxes, times and classes as published."""
    facts = json.loads((raw / LOG / "facts.json").read_text())
    table = read_feather(raw / LOG / "annotations.feather")
    labels = list(from_argoverse(table))
    assert len(labels) == facts["annotations"]
    assert len({label.frame_id for label in labels}) == facts["annotation_timestamps"]
    counts: dict[str, int] = {}
    for label in labels:
        counts[label.class_name] = counts.get(label.class_name, 0) + 1
    assert facts["categories"].items() <= counts.items()


@pytest.mark.shared
def test_labels_in_are_labels_out(raw: Path, tmp_path: Path) -> None:
    """Table, OpenLABEL, Feather: equal to 1e-6 for the first sweep."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import feather

    table = read_feather(raw / LOG / "annotations.feather")
    first = int(min(path.stem for path in (raw / LOG / "sensors/lidar").glob("*.feather")))
    sweep = table.filter(pc.equal(table["timestamp_ns"], first))
    plain = document_of(from_argoverse(table, frame_ids={first: "s0"}), lidar="up_lidar")
    written = to_argoverse(labels_of(Document.of(plain)), to_ego=np.eye(4), times_ns={"s0": first})
    write_feather(written, tmp_path / "annotations.feather")
    back = feather.read_table(tmp_path / "annotations.feather")
    assert tuple(back.column_names) == CUBOID_COLUMNS
    assert sweep.num_rows == back.num_rows == 81
    before, after = ({row["track_uuid"]: row for row in t.to_pylist()} for t in (sweep, back))
    for track, row in before.items():
        other = after[track]
        sign = np.sign(sum(row[n] * other[n] for n in ("qw", "qx", "qy", "qz")))
        for name in CUBOID_COLUMNS:
            if name.startswith("q"):
                assert other[name] == pytest.approx(sign * row[name], abs=1e-6)
            elif isinstance(row[name], float):
                assert other[name] == pytest.approx(row[name], abs=1e-6)
            else:
                assert other[name] == row[name]
    assert isinstance(back, pa.Table)


@pytest.mark.shared
def test_points_lie_in_the_boxes(raw: Path) -> None:
    """Points of the first sweep in boxes with rows of points: as many as the table says, to a few."""
    from pyarrow import feather

    from kognic.annotations.cuboids import count_points

    table = read_feather(raw / LOG / "annotations.feather")
    sweeps = sorted((raw / LOG / "sensors/lidar").glob("*.feather"))
    time = int(sweeps[0].stem)
    cloud = feather.read_table(sweeps[0])
    points = np.stack([cloud[name].to_numpy().astype(float) for name in "xyz"], axis=1)
    labels = list(from_argoverse(table, frame_ids={time: "0"}))
    counts = count_points(points, [label.cuboid for label in labels])
    published = np.array([label.properties["num_interior_pts"] for label in labels])
    assert len(labels) == 81
    assert abs(int(counts.sum()) - int(published.sum())) < 0.02 * published.sum()
    assert np.corrcoef(counts, published)[0, 1] > 0.999


@pytest.mark.shared
def test_cuboids_look_along_their_x(raw: Path) -> None:
    """The heading is the yaw of the published quaternion, the corners those of length, width, height."""
    table = read_feather(raw / LOG / "annotations.feather").slice(0, 1)
    row = table.to_pylist()[0]
    (label,) = from_argoverse(table)
    yaw = np.arctan2(
        2 * (row["qw"] * row["qz"] + row["qx"] * row["qy"]), 1 - 2 * (row["qy"] ** 2 + row["qz"] ** 2)
    )
    assert headings(label.cuboid)[0] == pytest.approx(yaw)
    front = np.array([np.cos(yaw), np.sin(yaw), 0])
    along = corners(label.cuboid)[0] @ front
    assert along.max() - along.min() == pytest.approx(row["length_m"], abs=1e-3)


def test_other_tables_are_refused(tmp_path: Path) -> None:
    """The columns that are missing are named."""
    import pyarrow as pa
    from pyarrow import feather

    feather.write_feather(pa.table({"x": [1]}), str(tmp_path / "a.feather"))
    with pytest.raises(
        AnnotationError,
        match=r"is not an annotations\.feather: it has no column timestamp_ns",
    ):
        read_feather(tmp_path / "a.feather")
    (tmp_path / "b.feather").write_bytes(b"no feather")
    with pytest.raises(AnnotationError, match=r"b.feather: is not a Feather file, or is truncated"):
        read_feather(tmp_path / "b.feather")
    with pytest.raises(AnnotationError, match=r"cannot read .*c.feather"):
        read_feather(tmp_path / "c.feather")
