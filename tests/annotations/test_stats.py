"""What annotations hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kognic.annotations.document import Document
from kognic.annotations.reading import read_document
from kognic.annotations.segmentation import segmentation_document
from kognic.annotations.stats import statistics
from tests.annotations.scenes import box, car, document, drive


@pytest.mark.shared
def test_counts_of_nuscenes(pairs: Path) -> None:
    """Classes as published; sizes and distances as NumPy computes them."""
    given = read_document(pairs / "nuscenes_scene-0061.openlabel.json")
    found = statistics([given])
    counts = {name: entry.objects for name, entry in found.classes.items()}
    assert sum(counts.values()) == 68
    assert counts["human.pedestrian.adult"] == 30
    assert counts["movable_object.barrier"] == 22
    assert counts["vehicle.car"] == 8
    cars = np.array([g.cuboid() for g in given.geometries() if given.class_of(g.object_id) == "vehicle.car"])
    car = found.classes["vehicle.car"]
    assert car.length.mean == pytest.approx(cars[:, 8].mean())
    assert (car.width.least, car.height.most) == (cars[:, 7].min(), cars[:, 9].max())
    distances = np.hypot(cars[:, 0], cars[:, 1])
    expected = np.bincount((distances // 10).astype(int))
    assert [car.distance.bins[n] for n in range(len(expected))] == expected.tolist()


@pytest.mark.shared
def test_points_per_class(pairs: Path) -> None:
    """The published counts of the segmentation."""
    facts = json.loads((pairs / "facts.json").read_text())["pandaset_002_00"]
    found = statistics([read_document(pairs / "pandaset_002_00.semseg.openlabel.json")])
    assert found.classes["Building"].points == facts["counts"]["41"]
    assert sum(entry.points for entry in found.classes.values()) == facts["rle_points"]


def test_documents_add_up() -> None:
    """Objects, tracks, kinds and properties over two documents, one of them read lazily."""
    labels = [
        *drive(boxes=[box(1, 2)], properties={"colour": "red"}),
        car("f0", "van", class_name="Van", y=9),
    ]
    found = statistics(document(labels) for _ in range(2))
    assert (found.documents, found.frames, found.properties) == (2, 6, {"colour": 6})
    assert found.classes["Car"].objects == 2
    assert found.classes["Car"].frames == 6
    assert found.classes["Car"].geometries == {"cuboid": 6, "bbox": 6}
    assert found.classes["Car"].box_width.to_dict() == {
        "count": 6, "min": 40, "max": 40, "mean": 40, "bin_width": 50, "bins": {"0": 6},
    }  # fmt: skip
    assert found.rows() == [
        {"class": "Car", "objects": 2, "frames": 6, "bbox": 6, "cuboid": 6},
        {"class": "Van", "objects": 2, "frames": 2, "bbox": None, "cuboid": 2},
    ]
    sizes = {"class": "Van", "length (m)": 4.0, "width (m)": 2.0, "height (m)": 1.5, "distance (m)": 13.5}
    assert found.size_rows()[1] == sizes
    assert list(found.to_dict()["classes"]) == ["Car", "Van"]


def test_numbers_that_are_none_are_counted_apart() -> None:
    """Nothing stops at a damaged geometry."""
    entries = [{"name": "c", "val": [1, 2]}, {"name": "d", "val": [float("nan")] * 10}]
    frames = {"0": {"objects": {"o": {"object_data": {"cuboid": entries, "bbox": [{"val": None}]}}}}}
    found = statistics([Document.of({"openlabel": {"objects": {"o": {"type": "Car"}}, "frames": frames}})])
    assert found.invalid == 3
    assert found.classes["Car"].width.count == 0


def test_unlabelled_points_count_where_the_cloud_is_known() -> None:
    """Three labelled points of five."""
    plain = segmentation_document(
        {"f": {"L": [1, 1, 1]}}, {1: "road"}, object_id="5d457588-d6d4-5e91-af4b-ed92c1a24895"
    )
    found = statistics([Document.of(plain)], points={"f": {"L": 5}})
    assert {name: entry.points for name, entry in found.classes.items() if entry.points} == {
        "road": 3,
        "background": 2,
    }
