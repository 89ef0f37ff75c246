"""What a pre-annotation has to be drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kognic.annotations.openlabel import Document
from kognic.viewer.stills.annotations import Annotations
from tests.viewer.stills.rigs import openlabel

ABSOLUTE = "MODE_POLY2D_ABSOLUTE"
CUBOID = [1.0, 2, 3, 0, 0, 0, 1, 1.8, 4.4, 1.6]


def annotations(*geometries: dict[str, Any], **values: Any) -> Annotations:
    return Annotations(Document.of(openlabel(*geometries, **values)))


def test_every_geometry_has_its_shape() -> None:
    found, lost = annotations(
        {"is": "cuboid", "val": CUBOID},
        {"is": "bbox", "val": [50, 60, 20, 10], "stream": "FRONT"},
        {"is": "poly2d", "val": [0, 0, 5, 5, 9, 0], "mode": ABSOLUTE, "closed": True, "stream": "FRONT"},
        {"is": "point2d", "val": [7, 8], "stream": "FRONT"},
        {"is": "poly3d", "val": [0, 0, 0, 1, 0, 0], "closed": False},
    ).at(0)

    by_kind = {item.kind: item for item in found}
    assert lost == 0
    assert by_kind["bbox"].outline().tolist() == [[40, 55], [60, 55], [60, 65], [40, 65], [40, 55]]
    assert by_kind["poly2d"].outline().tolist() == [[0, 0], [5, 5], [9, 0], [0, 0]]
    assert by_kind["point2d"].outline().tolist() == [[7, 8]]
    assert len(by_kind["cuboid"].edges()) == 12
    assert np.allclose(np.diff(by_kind["poly3d"].edges()[0], axis=0), [0.1, 0, 0])
    assert {item.stream for item in found} == {"TOP", "FRONT"}
    assert by_kind["cuboid"].title == "Car (car-1), cuboid g, 1.8 x 4.4 x 1.6 m"


@pytest.mark.parametrize(
    "geometry",
    [
        {"is": "cuboid", "val": CUBOID[:9]},
        {"is": "cuboid", "val": [*CUBOID[:3], 0, 0, 0, 0, 1, 1, 1]},
        {"is": "bbox", "val": [1, 2, 3]},
        {"is": "bbox", "val": [1, 2, 3, float("nan")]},
        {"is": "bbox", "val": ["a", 2, 3, 4]},
        {"is": "poly2d", "val": [1, 2, 3], "mode": ABSOLUTE},
        {"is": "poly2d", "val": [1, 2], "mode": ABSOLUTE},
        {"is": "poly2d", "val": "1f3a", "mode": "MODE_POLY2D_SRF6DCC"},
        {"is": "poly2d", "val": [1, 2, 3, 4], "mode": "MODE_POLY2D_RELATIVE"},
        {"is": "poly3d", "val": [1, 2, 3]},
        {"is": "point2d", "val": [1]},
    ],
)
def test_what_is_no_geometry_is_counted(geometry: dict[str, Any]) -> None:
    assert annotations(geometry).at(0) == ([], 1)


def test_frames_are_found_by_time() -> None:
    made = annotations({"is": "cuboid", "val": CUBOID}, time=100)

    assert len(made.at(100)[0]) == 1
    assert made.at(0) == ([], 0)


def test_documents_without_anything() -> None:
    for document in ({}, {"openlabel": {}}, {"openlabel": {"frames": {"0": {}}}}):
        assert Annotations(Document.of(document)).at(0) == ([], 0)
