"""Chain codes against the outlines that their publisher encoded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations import from_tables, read_document, to_tables
from kognic.annotations.chain_codes import RS6FCC, SRF6DCC, points_of_chain_code
from kognic.annotations.labels import labels_of

ARROW = [50, 60, 50, 90, 80, 90, 120, 130, 120, 60, 70, 60]
# From `compute_rs6fcc` and `compute_srf6dcc` of the package vcd 6.0.0.
ENCODED = {
    RS6FCC: ["50", "60", "29", "39", "1", "wmPp+E4AAAAA"],
    SRF6DCC: ["50", "60", "1", "/n22AP+2p//20/+A"],
}
# `poly1` and `poly2` of VCD's own example, which it says are the same.
PUBLISHED = ["5", "5", "1", "mBIIOIII"]
POINTS = [5, 5, 10, 5, 11, 6, 11, 8, 9, 10, 5, 10, 3, 8, 3, 6, 4, 5]


@pytest.mark.parametrize("mode", [SRF6DCC, RS6FCC])
def test_outlines_of_the_publisher(mode: str) -> None:
    """Corners come back as they were encoded."""
    assert points_of_chain_code(mode, ENCODED[mode]) == ARROW
    assert points_of_chain_code(SRF6DCC, PUBLISHED) == POINTS
    assert points_of_chain_code(SRF6DCC, ["7", "8", "0", ""]) == [7, 8]


@pytest.mark.parametrize(
    ("val", "text"),
    [
        (["5", "5", "mBII"], "must have 4 entries"),
        ("mBII", "must have 4 entries"),
        (["5", "x", "1", "mBII"], "must be whole numbers and a text"),
        (["5", "5", "1", "m-II"], "'m-II' has characters that are not Base64"),
        (["5", "5", "9", "mBII"], "9 codes of filling, the chain has 8"),
        (["5", "5", "1", 4], "has characters that are not Base64"),
    ],
)
def test_other_values(val: Any, text: str) -> None:
    """What is no chain code is refused with what is wrong."""
    with pytest.raises(AnnotationError, match=text):
        points_of_chain_code(SRF6DCC, val)


def test_runs_of_no_length() -> None:
    """Lengths of runs are -1 where an outline has none: using them is an error."""
    with pytest.raises(AnnotationError, match="a run of -1 steps"):
        points_of_chain_code(RS6FCC, ["5", "5", "-1", "-1", "0", "w"])


def document(tmp_path: Path, mode: str | None, val: Any) -> Path:
    polygon = {"name": "outline", "val": val, "mode": mode, "closed": True, "stream": "front"}
    frame = {"objects": {"0": {"object_data": {"poly2d": [polygon]}}}}
    plain = {"openlabel": {"objects": {"0": {"name": "0", "type": "Car"}}, "frames": {"0": frame}}}
    path = tmp_path / "document.json"
    path.write_text(json.dumps(plain))
    return path


@pytest.mark.parametrize("mode", [SRF6DCC, RS6FCC])
def test_documents(tmp_path: Path, mode: str) -> None:
    """Labels and tables have the pixels; tables give the code back unchanged."""
    read = read_document(document(tmp_path, mode, ENCODED[mode]))
    (label,) = labels_of(read)
    assert label.outlines[0].points.ravel().tolist() == ARROW
    tables = to_tables([read])
    assert tables.geometries.column("val").to_pylist() == [ARROW]
    (back,) = from_tables(tables)
    assert back.plain == read.plain


def test_digits_are_no_coordinates(tmp_path: Path) -> None:
    """A chain code of digits is decoded, not read as coordinates."""
    (geometry,) = read_document(document(tmp_path, SRF6DCC, ["5", "5", "0", "4444"])).geometries(("poly2d",))
    assert geometry.numbers() == points_of_chain_code(SRF6DCC, ["5", "5", "0", "4444"])
    assert geometry.numbers() != [5, 5, 0, 4444]


@pytest.mark.parametrize(
    ("mode", "val", "text"),
    [
        ("MODE_POLY2D_RELATIVE", [5, 5, 1, 0, 0, 1], "mode is 'MODE_POLY2D_RELATIVE'; MODE_POLY2D_ABSOLUTE"),
        (SRF6DCC, ["5", "5", "1", "#"], r"poly2d\[0\]: MODE_POLY2D_SRF6DCC: '#' has characters"),
    ],
)
def test_modes_that_cannot_be_converted(tmp_path: Path, mode: str, val: Any, text: str) -> None:
    """A conversion names the polygon and what is wrong with it, and converts nothing else instead."""
    with pytest.raises(AnnotationError, match=text):
        list(labels_of(read_document(document(tmp_path, mode, val))))


@pytest.mark.shared
def test_samples(samples: Path) -> None:
    """The contours of VCD's own test stay within its picture, and the first is the square they are in."""
    read = read_document(samples / "raw/annotations/vcd/openlabel100_test_contours.json")
    first, *others = [one for one in read.static_geometries() if one.kind == "poly2d"]
    assert first.numbers() == [50, 50, 50, 199, 199, 199, 199, 50]
    assert all(len(geometry.numbers() or ()) >= 16 for geometry in others)
