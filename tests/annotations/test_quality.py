"""Rules on delivered annotations: each broken once, and nothing found where nothing is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.document import Document
from kognic.annotations.frames import SceneFrame, match_frames
from kognic.annotations.quality import Limits, check_annotation
from kognic.annotations.reading import read_document
from kognic.annotations.rules import ANNOTATION_RULES
from tests.annotations.scenes import FRAMES, box, car, document, drive, world

FOCAL = 500.0


def _cloud(*centres: tuple[float, float]) -> np.ndarray:
    return np.array([[x, y, 0.75] for x, y in centres])


def _project(camera: str, frame_id: str, points: np.ndarray) -> np.ndarray:
    """A camera that looks along x, in the middle of the cuboids' system."""
    depth = points[:, 0]
    pixels = FOCAL * np.stack([-points[:, 1] / depth, -points[:, 2] / depth], axis=1) + 320
    return np.where((depth > 0)[:, None], pixels, np.nan)


def _codes(given: Document, **how: Any) -> list[tuple[str, str | None]]:
    return [(f.code, f.frame) for f in check_annotation(given, **how)]


def test_nothing_is_found_in_a_good_annotation() -> None:
    """With everything that the rules can be given."""
    labels = [car("f0", boxes=[box(320, 282)]), car("f1", x=11), car("f2", x=12)]
    found = check_annotation(
        document(labels),
        points=lambda frame_id: _cloud((10 + FRAMES[frame_id] / 100, 0)),
        project=_project,
        world=world(),
        sensors=["ROOF", "FRONT"],
        match=match_frames(document(labels), [SceneFrame(frame_id=f) for f in FRAMES]),
        limits=Limits(box_overlap=0.1),
    )
    assert list(found) == []


@pytest.mark.shared
@pytest.mark.parametrize("name", ["nuscenes_scene-0061", "pandaset_002_00.cuboids", "kitti_000002"])
def test_published_labels_are_good(pairs: Path, name: str) -> None:
    """People drew them; the rules on single frames find nothing but parked bicycles side by side."""
    codes = _codes(read_document(pairs / f"{name}.openlabel.json"))
    assert codes == []


@pytest.mark.shared
def test_points_in_the_cuboids_of_kitti(raw: Path, pairs: Path) -> None:
    """Both objects hold points; shifted by ten metres neither does."""
    cloud = np.fromfile(raw / "kitti_object/training/velodyne/000002.bin", "<f4").reshape(-1, 4)[:, :3]
    given = read_document(pairs / "kitti_000002.openlabel.json")
    assert _codes(given, points=lambda _: cloud) == []
    assert _codes(given, points=lambda _: cloud + np.array([0, 0, 10])) == [("an-cuboid-empty", "0")] * 2


def test_empty_cuboids_nearby() -> None:
    """Beyond the distance they may be empty; unknown clouds are no finding."""
    given = document([car("f0"), car("f1", x=10), car("f0", "far", x=200)])
    clouds = {"f0": _cloud((30, 0)), "f1": None}
    assert _codes(given, points=clouds.get) == [("an-cuboid-empty", "f0")]


def test_jumps_in_a_track() -> None:
    """Ten metres in a tenth of a second; in the world the vehicle's own speed does not count."""
    labels = [car("f0", x=10), car("f1", x=30), car("f2", x=31)]
    assert _codes(document(labels)) == [("an-track-jump", "f1")]
    assert _codes(document(labels), world=world(-200)) == [("an-track-jump", "f2")]


def test_sizes_that_change() -> None:
    """Against the median of the track."""
    given = document(drive())
    list(given.geometries())[1].raw["val"][8] = 5.0  # type: ignore[index]
    (finding,) = check_annotation(given)
    assert (finding.code, finding.frame, finding.value) == ("an-track-size", "f1", 1.0)
    assert "5.00 x 2.00 x 1.50 m here and 4.00 x 2.00 x 1.50 m usually" in finding.message


def test_gaps_in_a_track() -> None:
    """The frame before the gap is named, and how long it is."""
    (finding,) = check_annotation(document([car("f0"), car("f2")]))
    assert (finding.code, finding.frame, finding.value) == ("an-track-gap", "f0", 1)


def test_reversed_headings() -> None:
    """A turn by 180 degrees within a tenth of a second, there and back."""
    labels = [car("f0", x=10), car("f1", x=11, yaw=np.pi), car("f2", x=12)]
    assert _codes(document(labels)) == [("an-track-turn", "f1"), ("an-track-turn", "f2")]


def test_stationary_objects_that_move() -> None:
    """Only the world can tell."""
    labels = drive(properties={"kognic stationary object": True})
    given = document(labels)
    assert _codes(given) == []
    for entry in given.objects.values():
        entry["object_data"] = {"boolean": [{"name": "kognic_stationary_object", "val": True}]}  # type: ignore[index]
    assert _codes(given, world=world(0)) == [("an-stationary", "f0")]
    assert _codes(given, world=world(-10)) == []


def test_duplicates() -> None:
    """Two cars in one place, two boxes in one place; other classes and other cameras may share it."""
    labels = [car("f0"), car("f0", "b", y=0.1), car("f0", "c", class_name="Van"), car("f1"), car("f2")]
    assert _codes(document(labels)) == [("an-duplicate", "f0")]
    boxes = [
        car("f0", track, y=20.0 * number, boxes=[box(100, 100, camera=camera)])
        for number, (track, camera) in enumerate((("a", "FRONT"), ("b", "FRONT"), ("c", "LEFT")))
    ]
    assert _codes(document(boxes)) == [("an-duplicate", "f0")]


def test_boxes_and_cuboids_that_disagree() -> None:
    """The box of another object; cuboids behind the camera are not compared."""
    good = car("f0", boxes=[box(320, 282, 100)])
    bad = car("f1", boxes=[box(20, 20)])
    behind = car("f2", x=-10, boxes=[box(20, 20)])
    limits = Limits(max_speed=1e6)
    assert _codes(document([good, bad, behind]), project=_project, limits=limits) == [("an-2d-3d", "f1")]


def test_frames_and_sensors_of_another_scene() -> None:
    """The external ID and the sensor are named."""
    given = document([car("f0", boxes=[box(1, 1, camera="REAR")])])
    match = match_frames(given, [SceneFrame(frame_id="f0"), SceneFrame(frame_id="f1")])
    found = list(check_annotation(given, match=match, sensors=["ROOF", "FRONT"]))
    assert [(f.code, f.frame, f.sensor) for f in found] == [
        ("an-stream-unknown", "f0", "REAR"),
        ("an-frame-unknown", "f2", None),
    ]


def test_damaged_geometry_is_one_finding_each() -> None:
    """And does not stop the other rules."""
    data = {
        "cuboid": [{"val": [1, 2]}, {"val": [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]}, {"val": [0] * 6 + [1, 1, 0, 1]}],
        "bbox": [{"val": [1, 1, 0, 4]}, {"val": None}],
        "poly2d": [{"val": ["x"]}],
    }
    frames = {"0": {"objects": {"o": {"object_data": data}}}}
    given = Document.of({"openlabel": {"objects": {"o": {}}, "frames": frames}})
    assert [code for code, _ in _codes(given)] == ["an-class-empty"] + ["an-value"] * 6


def test_objects_that_only_a_frame_knows() -> None:
    """Each is reported in every frame, beside a box that lacks numbers."""
    box = {"object_data": {"bbox": [{"name": "b", "val": [1, 2]}]}}
    frames = {"0": {"objects": {"o": box, "ghost": {}}}, "1": {"objects": {"ghost": {}}}}
    given = Document.of({"openlabel": {"objects": {"o": {"type": "Car"}}, "frames": frames}})
    found = [(f.code, f.frame, f.field) for f in check_annotation(given)]
    assert found == [
        ("an-object-missing", "0", "frames.0.objects.ghost"),
        ("an-object-missing", "1", "frames.1.objects.ghost"),
        ("an-value", "0", next(given.geometries()).place + ".val"),
    ]


def test_missing_poses_are_an_error() -> None:
    """Half a track in the world would be judged wrongly."""
    poses = world()
    del poses["f1"]
    with pytest.raises(AnnotationError, match=r"frame 'f1' has no pose"):
        list(check_annotation(document(drive()), world=poses))


@pytest.mark.slow
def test_thousands_of_cuboids_in_a_frame() -> None:
    """Neighbours are found by a sweep, not by comparing all pairs."""
    labels = [car("f0", str(n), x=float(n % 50) * 10, y=float(n // 50) * 10) for n in range(2000)]
    labels.append(car("f0", "double", x=100, y=100))
    assert _codes(document(labels)) == [("an-duplicate", "f0")]


def test_every_rule_is_broken_above() -> None:
    """A rule without a test would be one nobody knows."""
    source = Path(__file__).read_text()
    assert [code for code in ANNOTATION_RULES if f'"{code}"' not in source] == []
