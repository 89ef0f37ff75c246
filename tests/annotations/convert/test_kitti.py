"""KITTI labels, against published labels and a document made from them by others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.convert.kitti import calibration_text, from_kitti, read_calibration, to_kitti
from kognic.annotations.cuboids import ISO_8855, corners, to_kognic
from kognic.annotations.document import Document
from kognic.annotations.labels import Box2D, Label, document_of, labels_of

# Velodyne x forward, y left, z up; camera x right, y down, z forward; no offset.
AXES = np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])
LINE = "Car 0.10 1 -1.57 100.00 100.00 200.00 200.00 1.50 2.00 4.00 0.00 1.50 10.00 -1.57\n"


@pytest.mark.shared
def test_cuboids_equal_those_of_the_pair(raw: Path, pairs: Path, kitti_camera_from_lidar: np.ndarray) -> None:
    """The document in Kognic's convention was made with other code."""
    text = (raw / "kitti_object/training/label_2/000002.txt").read_text()
    labels = from_kitti(text, frame_id="0", camera="CAM", camera_from_lidar=kitti_camera_from_lidar)
    document = Document.of(json.loads((pairs / "kitti_000002.openlabel.json").read_text()))
    for label, expected in zip(labels, labels_of(document), strict=True):
        assert np.allclose(corners(label.cuboid), corners(expected.cuboid), atol=1e-6)
        assert label.class_name == expected.class_name
        assert label.boxes == expected.boxes
        assert {k: v for k, v in label.properties.items() if k != "alpha"} == expected.properties


@pytest.mark.shared
def test_labels_in_are_labels_out(raw: Path, kitti_camera_from_lidar: np.ndarray) -> None:
    """Label, OpenLABEL, label: the published text, digit for digit."""
    text = (raw / "kitti_object/training/label_2/000002.txt").read_text()
    labels = from_kitti(text, frame_id="7", camera="CAM", camera_from_lidar=kitti_camera_from_lidar)
    document = Document.of(document_of(labels, lidar="VELO"))
    back, left_out = to_kitti(
        labels_of(document), camera="CAM", camera_from_lidar=kitti_camera_from_lidar, image_size=(1242, 375)
    )
    assert (back.split(), left_out) == (text.split(), {})


@pytest.mark.shared
def test_projected_boxes_are_those_of_the_label(
    pairs: Path, kitti_camera_from_lidar: np.ndarray, kitti_projection: np.ndarray
) -> None:
    """The published fact: cuboids project to the label's box within 2.1 px; truncated is then computed."""
    document = Document.of(json.loads((pairs / "kitti_000002.openlabel.json").read_text()))
    labels = list(labels_of(document))
    text, _ = to_kitti(
        labels,
        camera="OTHER",
        camera_from_lidar=kitti_camera_from_lidar,
        projection=kitti_projection,
        image_size=(1242, 375),
    )
    for line, label in zip(text.splitlines(), labels, strict=True):
        words = line.split()
        assert np.abs(np.array(words[4:8], float) - label.boxes[0].corners).max() < 2.1
        assert float(words[1]) == 0


def test_a_car_straight_ahead() -> None:
    """rotation_y of -90 degrees looks along the camera's z, which is forward; the bottom is 1.5 m below."""
    text = LINE.replace("-1.57\n", f"{-np.pi / 2:.9f}\n")
    (label,) = from_kitti(text, frame_id="0", camera="CAM", camera_from_lidar=AXES)
    expected = to_kognic([[10, 0, -0.75]], [[4, 2, 1.5]], ISO_8855, yaws=[0])
    assert np.allclose(corners(label.cuboid), corners(expected), atol=1e-6)


def test_alpha_is_computed_where_no_property_gives_it() -> None:
    """At the left edge of the view, alpha is rotation_y less the angle of the ray."""
    cuboid = to_kognic([[10, 10, 0]], [[4, 2, 1.5]], ISO_8855, yaws=[0])[0].tolist()
    (label,) = from_kitti(LINE, frame_id="0", camera="CAM", camera_from_lidar=AXES)
    made = Label(frame_id="0", track="t", class_name="Car", cuboid=cuboid, boxes=label.boxes)
    words = to_kitti([made], camera="CAM", camera_from_lidar=AXES)[0].split()
    assert float(words[14]) == pytest.approx(-np.pi / 2)
    assert float(words[3]) == pytest.approx(-np.pi / 2 + np.pi / 4)
    assert words[1:3] == ["-1.00", "3"]  # 3: occlusion unknown


def test_regions_without_cuboid_and_results_with_scores() -> None:
    """DontCare has a box only; a result has a score."""
    text = "DontCare -1 -1 -10 1.00 2.00 3.00 4.00 -1 -1 -1 -1000 -1000 -1000 -10\n" + LINE[:-1] + " 0.5\n"
    labels = from_kitti(text, frame_id="0", camera="CAM", camera_from_lidar=AXES)
    assert labels[0].cuboid is None
    assert labels[0].properties == {}
    assert labels[1].confidence == 0.5
    back = to_kitti(labels, camera="CAM", camera_from_lidar=AXES)[0].splitlines()
    assert [float(w) for w in back[0].split()[1:]] == [float(w) for w in text.splitlines()[0].split()[1:]]
    assert back[1].split()[-1] == "0.50"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LINE + "Car 1 2\n", "line 2 has 3 words, a KITTI label has 15, a result 16"),
        (LINE.replace("1.50", "wide"), "line 1: could not convert string to float: 'wide'"),
    ],
)
def test_damaged_lines_are_named(text: str, message: str) -> None:
    """By their number."""
    with pytest.raises(AnnotationError, match=message):
        from_kitti(text, frame_id="0", camera="CAM", camera_from_lidar=AXES)


def test_what_kitti_cannot_hold() -> None:
    """No box and no projection, a class of two words."""
    cuboid = to_kognic([[-10, 0, 0]], [[4, 2, 1.5]], ISO_8855, yaws=[0])[0].tolist()
    label = Label(frame_id="f", track="t", class_name="Car", cuboid=cuboid)
    with pytest.raises(AnnotationError, match=r"frame 'f', track 't' has no bounding box in 'CAM'"):
        to_kitti([label], camera="CAM", camera_from_lidar=AXES)
    label = Label(frame_id="f", track="t", class_name="Big car", cuboid=cuboid)
    with pytest.raises(AnnotationError, match=r"class 'Big car': KITTI needs one word"):
        to_kitti([label], camera="CAM", camera_from_lidar=AXES)


SIZE = (200, 100)
PROJECTION = np.array([[100, 0, 100, 0], [0, 100, 50, 0], [0, 0, 1, 0]], dtype=float)


def _written(*labels: Label, size: tuple[int, int] | None = SIZE) -> tuple[list[list[str]], dict[str, int]]:
    text, left_out = to_kitti(
        labels, camera="CAM", camera_from_lidar=AXES, projection=PROJECTION, image_size=size
    )
    return [line.split() for line in text.splitlines()], left_out


def _cube(x: float, y: float, **label: object) -> Label:
    """A cube of two metres at the height of the camera; x ahead, y to the left."""
    cuboid = to_kognic([[x, y, 0]], [[2, 2, 2]], ISO_8855, yaws=[0])[0].tolist()
    return Label(**{"frame_id": "f", "track": "t", "class_name": "Car", "cuboid": cuboid, **label})


def test_boxes_end_at_the_border_of_the_image() -> None:
    """A cube whose near face is 5 m ahead, its middle 5 m to the left: it starts at column -20."""
    ((words,), left_out) = _written(_cube(6, 5))
    # The left edge is of the near face, 5 m ahead: 100 - 600 / 5; the right one of the far face, 7 m ahead.
    right = 100 - 400 / 7
    assert [float(word) for word in words[4:8]] == pytest.approx([0, 30, right, 70], abs=1e-6)
    assert float(words[1]) == pytest.approx(20 / (right + 20), abs=1e-6)
    assert left_out == {}
    ((words,), _) = _written(_cube(6, 5), size=None)
    assert float(words[4]) == pytest.approx(-20)


def test_annotated_boxes_end_at_the_border_as_well() -> None:
    """The last pixel has the number of the size less one; the share outside is truncated."""
    box = Box2D.of_corners("CAM", 150, -10, 250, 60)
    ((words,), _) = _written(Label(frame_id="f", track="t", class_name="Car", boxes=[box]))
    assert words[4:8] == ["150.00", "0.00", "199.00", "60.00"]
    assert float(words[1]) == pytest.approx(1 - 49 * 60 / 7000)


def test_objects_that_the_image_does_not_show_are_left_out() -> None:
    """Behind the camera, beside the image, without a shape in it; KITTI labels what is seen."""
    beside = Label(
        frame_id="f", track="t", class_name="Car", boxes=[Box2D.of_corners("CAM", 300, 0, 400, 50)]
    )
    elsewhere = Label(
        frame_id="f", track="t", class_name="Car", boxes=[Box2D.of_corners("REAR", 3, 0, 40, 50)]
    )
    lines, left_out = _written(_cube(-6, 0), _cube(6, 40), beside, elsewhere)
    assert lines == []
    assert left_out == {
        "objects outside the image of CAM": 3,
        "objects with neither a cuboid nor a bounding box in CAM": 1,
    }


def test_a_cuboid_that_reaches_behind_the_camera() -> None:
    """Only the part in front counts: beside the camera to 1 m ahead, it covers the left of the image."""
    ((words,), _) = _written(_cube(0.5, 2))
    # The right face ends 1.5 m ahead and 1 m to the left: column 100 - 100 / 1.5.
    assert [float(word) for word in words[4:8]] == pytest.approx([0, 0, 100 - 100 / 1.5, 99], abs=1e-6)


@pytest.mark.parametrize(
    ("properties", "expected", "is_left_out"),
    [
        ({}, ("0.00", "3"), False),
        ({"occluded": 1, "truncated": 0.25}, ("0.25", "1"), False),
        ({"occluded": False, "truncated": False}, ("0.00", "0"), False),
        ({"occluded": "heavily"}, ("0.00", "3"), True),
        ({"occluded": True}, ("0.00", "3"), True),
        ({"occluded": 40}, ("0.00", "3"), True),
        ({"truncated": 3}, ("0.00", "3"), True),
    ],
)
def test_properties_of_other_meanings(
    properties: dict[str, object], expected: tuple[str, str], is_left_out: bool
) -> None:
    """`truncated` and `occluded` of a team are KITTI's only if their values are; others are reported."""
    ((words,), left_out) = _written(_cube(10, 0, properties=properties))
    assert tuple(words[1:3]) == expected
    assert bool(left_out) == is_left_out


def test_measurements_are_reported_in_one_sentence() -> None:
    """However many numbers of a property KITTI does not have; texts are listed one by one."""
    values = (12.5, 37.25, "partly", "largely")
    _, left_out = _written(*(_cube(10, 0, properties={"occluded": value}) for value in values))
    start = "values of the property 'occluded' that KITTI does not have, "
    assert left_out == {
        f"{start}other than 0 to 3": 2,
        f"{start}such as 'partly'": 1,
        f"{start}such as 'largely'": 1,
    }


def test_results_have_defaults() -> None:
    """The development kit: unused parameters of results are -1."""
    ((words,), _) = _written(_cube(10, 0, confidence=0.5))
    assert (words[1:3], words[15]) == (["-1.00", "-1"], "0.50")


def test_calibration_files_are_read_back(tmp_path: Path) -> None:
    """Seven lines in the order of the published files; x = P2 R0_rect Tr_velo_to_cam y."""
    path = tmp_path / "000000.txt"
    path.write_text(calibration_text(AXES, PROJECTION))
    names = [line.split(":")[0] for line in path.read_text().splitlines()]
    assert names == ["P0", "P1", "P2", "P3", "R0_rect", "Tr_velo_to_cam", "Tr_imu_to_velo"]
    pose, projection = read_calibration(path)
    assert np.array_equal(pose, AXES)
    assert np.array_equal(projection, PROJECTION)
