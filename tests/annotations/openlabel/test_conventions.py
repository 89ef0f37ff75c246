"""Cuboids in another tool's convention are named, and good ones are not.

Where people meet them: scipy issue 19649 (x, y, z, w taken for w, x, y, z), nuscenes-devkit issue 970, zod
issue 32 and mmdetection3d issue 2426 (which axis is the length, where heading 0 points).
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kognic._core.findings import Finding
from kognic.annotations.document import Document
from kognic.annotations.openlabel import SceneContext, check_pre_annotation
from kognic.annotations.openlabel.conventions import check_conventions
from kognic.sandbox.sample.drive import write_sample_drive

CODES = {"ol-cuboid-scalar-first", "ol-cuboid-heading", "ol-cuboid-sizes"}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    drive = write_sample_drive(tmp_path_factory.mktemp("drive"))
    document: dict[str, Any] = json.loads((Path(drive.folder) / "pre_annotation.json").read_text())
    return document


def found(document: dict[str, Any], scene: SceneContext | None = None) -> dict[str, Finding]:
    return {one.code: one for one in check_pre_annotation(document, scene) if one.code in CODES}


def changed(
    document: dict[str, Any], change: Callable[[list[float]], list[float]], kind: str = "Car"
) -> tuple[dict[str, Any], int]:
    """A copy with every cuboid of a type changed, and how many there are."""
    document = copy.deepcopy(document)
    content, count = document["openlabel"], 0
    for frame in content["frames"].values():
        for object_id, item in frame["objects"].items():
            for cuboid in item["object_data"].get("cuboid", []):
                if content["objects"][object_id]["type"] == kind:
                    cuboid["val"] = change(cuboid["val"])
                    count += 1
    return document, count


def scalar_first(val: list[float]) -> list[float]:
    x, y, z, w = val[3:7]
    return [*val[:3], w, x, y, z, *val[7:]]


def along_x(val: list[float]) -> list[float]:
    """The same box in space with heading along +x: turned by 90 degrees, length before width."""
    x, y, z, w = val[3:7]
    s = math.sqrt(0.5)
    # The product with a rotation by +90 degrees about z, (0, 0, s, s).
    turned = [s * (x + y), s * (y - x), s * (z + w), s * (w - z)]
    return [*val[:3], *turned, val[8], val[7], val[9]]


@pytest.mark.slow
def test_good_cuboids(good: dict[str, Any]) -> None:
    assert changed(good, list)[1] > 3
    assert found(good) == {}


def test_scalar_first(good: dict[str, Any]) -> None:
    """The finding names the mistake and how many cuboids it explains."""
    document, count = changed(good, scalar_first)

    finding = found(document)["ol-cuboid-scalar-first"]
    assert finding.value == count
    assert "w, x, y, z" in finding.message
    assert finding.severity.value == "warning"


@pytest.mark.slow
def test_heading_along_x(good: dict[str, Any]) -> None:
    """The box holds the same points, but the cars drive sideways."""
    document, count = changed(good, along_x)

    assert list(found(document)) == ["ol-cuboid-heading"]
    assert found(document)["ol-cuboid-heading"].value == count


def test_both(good: dict[str, Any]) -> None:
    document, _ = changed(good, lambda val: scalar_first(along_x(val)))

    assert set(found(document)) == {"ol-cuboid-scalar-first", "ol-cuboid-heading"}


def document_of(*cuboids: tuple[str, list[float]]) -> dict[str, Any]:
    """One frame with cuboids of some types."""
    ids = [f"6f9619ff-8b86-4d01-b42d-{index:012d}" for index in range(len(cuboids))]
    attributes = {"text": [{"name": "stream", "val": "lidar"}]}

    def data(val: list[float]) -> dict[str, Any]:
        return {"object_data": {"cuboid": [{"name": "c", "val": val, "attributes": attributes}]}}

    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "streams": {"lidar": {"type": "lidar"}},
            "objects": {
                uuid: {"name": str(index), "type": kind}
                for index, (uuid, (kind, _)) in enumerate(zip(ids, cuboids, strict=True))
            },
            "frames": {
                "0": {
                    "frame_properties": {"timestamp": 0},
                    "objects": {uuid: data(val) for uuid, (_, val) in zip(ids, cuboids, strict=True)},
                }
            },
        }
    }


UPRIGHT, ON_ITS_SIDE = [0, 0, 0.7, 0.714], [math.sqrt(0.5), 0, 0, math.sqrt(0.5)]


@pytest.mark.parametrize(
    "cuboids",
    [
        [
            ("Pedestrian", [5, 0, 1, *UPRIGHT, 0.8, 0.4, 1.8]),
            ("Pedestrian", [6, 0, 1, *UPRIGHT, 0.8, 0.4, 1.8]),
        ],
        [("Truck", [9, 0, 1, *ON_ITS_SIDE, 2.5, 9, 3.5]), ("Truck", [19, 0, 1, *UPRIGHT, 2.5, 9, 3.5])],
        [("Truck", [9, 0, 1, *ON_ITS_SIDE, 2.5, 9, 3.5])],
        [("Trailer", [9, 0, 1, *UPRIGHT, 3.4, 1.2, 1])],
        [("Car", [9, 0, 1, *UPRIGHT, 1.9, 0.8, 1.5])],
        [("Car", [9, 0, 1, *UPRIGHT, 1.9, 4.5, 1.5]), ("Car", [19, 0, 1, *UPRIGHT, 4.5, 1.9, 1.5])],
    ],
    ids=["pedestrians", "one truck of two on its side", "a truck alone", "trailer", "cut off", "one of two"],
)
def test_no_false_alarm(cuboids: list[tuple[str, list[float]]]) -> None:
    """What occurs in good data is not taken for another convention."""
    assert found(document_of(*cuboids)) == {}


def yawed(degrees: float) -> list[float]:
    return [0, 0, math.sin(math.radians(degrees) / 2), math.cos(math.radians(degrees) / 2)]


def wxyz(degrees: float) -> list[float]:
    x, y, z, w = yawed(degrees)
    return [w, x, y, z]


@pytest.mark.parametrize(
    ("cuboids", "count"),
    [
        # One object of each type: no type alone says enough.
        ([("Car", wxyz(40)), ("Truck", wxyz(10)), ("Pedestrian", wxyz(-70))], 3),
        # Two tools in one document.
        ([("Car", yawed(40)), ("Car", wxyz(10)), ("Car", yawed(80)), ("Car", wxyz(100))], 2),
        # The identity with the scalar first is a car on its roof.
        ([("Car", [1, 0, 0, 0])], 1),
        ([("Car", yawed(40)), ("Car", [-1.0, 0, 0, 0])], 1),
        ([("Car", wxyz(40)), ("Car", wxyz(41))], 2),
        ([("Unknown", wxyz(180)), ("Car", wxyz(90))], 1),
    ],
    ids=["few of each type", "mixture", "identity", "identity among others", "two", "half a turn"],
)
def test_scalar_first_in_few_cuboids(cuboids: list[tuple[str, list[float]]], count: int) -> None:
    """Half a turn reads as upright either way: x, y, z, w of (0, 0, 0, 1)."""
    document = document_of(
        *((kind, [9.0 * n, 0, 1, *rotation, 1.9, 4.5, 1.5]) for n, (kind, rotation) in enumerate(cuboids))
    )
    if cuboids[0][0] == "Unknown":
        assert found(document) == {}
        return
    assert found(document)["ol-cuboid-scalar-first"].value == count


def test_heading_in_a_part_of_the_cuboids() -> None:
    """Three of six cars are 4.5 m wide: no mistake of its own is made three times."""
    wide, good = [*UPRIGHT, 4.5, 1.9, 1.5], [*UPRIGHT, 1.9, 4.5, 1.5]
    document = document_of(*[("PassengerCar", [9.0 * n, 0, 1, *(wide if n % 2 else good)]) for n in range(6)])

    assert found(document)["ol-cuboid-heading"].value == 3
    assert "3 of 6 cuboids" in found(document)["ol-cuboid-heading"].message


def drive_by(rotation: list[float], sizes: list[float]) -> dict[str, Any]:
    """Three cars that go along the world's x axis, 2 m each 100 ms, in ten frames."""
    ids = [f"6f9619ff-8b86-4d01-b42d-{index:012d}" for index in range(3)]
    attributes = {"text": [{"name": "stream", "val": "lidar"}]}

    def data(frame: int, car: int) -> dict[str, Any]:
        val = [2.0 * frame - EGO_STEP * frame, 5.0 * car, 1, *rotation, *sizes]
        return {"object_data": {"cuboid": [{"name": "c", "val": val, "attributes": attributes}]}}

    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "streams": {"lidar": {"type": "lidar"}},
            "objects": {uuid: {"name": str(n), "type": "Car"} for n, uuid in enumerate(ids)},
            "frames": {
                str(frame): {
                    "frame_properties": {"timestamp": 100 * frame},
                    "objects": {uuid: data(frame, n) for n, uuid in enumerate(ids)},
                }
                for frame in range(10)
            },
        }
    }


EGO_STEP = 3.0  # the vehicle overtakes: relative to it, all cars go backwards


def moving_scene(*, poses: bool) -> SceneContext:
    times = range(0, 1000, 100)
    upright = (1.0, 0.0, 0.0, 0.0)
    return SceneContext(
        times={time: str(time) for time in times},
        cameras={},
        lidars=frozenset({"lidar"}),
        is_aggregated=False,
        poses={time: ((EGO_STEP * time / 100, 0.0, 0.0), upright) for time in times} if poses else {},
    )


ALONG_X_KOGNIC, ALONG_X_ISO = yawed(-90), yawed(0)


@pytest.mark.parametrize(
    ("rotation", "sizes", "poses", "code", "hint"),
    [
        (ALONG_X_KOGNIC, [1.9, 4.5, 1.5], True, None, ""),
        (ALONG_X_ISO, [4.5, 1.9, 1.5], True, "ol-cuboid-heading", "swap the first two sizes and turn"),
        (
            ALONG_X_KOGNIC,
            [4.5, 1.9, 1.5],
            True,
            "ol-cuboid-sizes",
            "width, length, height: swap the first two",
        ),
        (ALONG_X_ISO, [1.9, 4.5, 1.5], True, "ol-cuboid-heading", "turn each cuboid by -90 degrees"),
        (ALONG_X_ISO, [1.9, 4.5, 1.5], False, None, ""),
        (ALONG_X_KOGNIC, [4.5, 1.9, 1.5], False, "ol-cuboid-heading", "if they do not, only swap the sizes"),
    ],
    ids=["kognic", "ISO 8855", "sizes alone", "nuScenes", "nuScenes without poses", "unknown"],
)
def test_motion_tells_the_mistakes_apart(
    rotation: list[float], sizes: list[float], poses: bool, code: str | None, hint: str
) -> None:
    """The direction in the world says where the front is."""
    result = found(drive_by(rotation, sizes), moving_scene(poses=poses))

    assert list(result) == ([] if code is None else [code])
    if code is not None:
        assert hint in result[code].hint


def test_parked_across_is_no_mistake() -> None:
    """Cars that stand across the road move along their side only relative to the vehicle."""
    document = drive_by(ALONG_X_ISO, [1.9, 4.5, 1.5])
    scene = moving_scene(poses=True)
    for key, frame in document["openlabel"]["frames"].items():
        for item in frame["objects"].values():
            item["object_data"]["cuboid"][0]["val"][0] = 30.0 - EGO_STEP * int(key)

    assert found(document, scene) == {}


@pytest.mark.shared
def test_real_documents(samples: Path) -> None:
    """Documents of the platform and of converted data sets are sound; OSDaR23 heads along +x (ASAM)."""
    named = {}
    for path in sorted((samples / "raw" / "annotations").rglob("*.json")):
        document = json.loads(path.read_bytes())
        if isinstance(document, dict) and "openlabel" in document:
            findings = check_conventions(Document.of(document))
            named[path.parent.name, path.name] = [finding.code for finding in findings]
    convention = {folder: codes for (folder, _), codes in named.items() if codes}

    assert len(named) > 10
    assert convention == {"osdar23": ["ol-cuboid-heading"]}
