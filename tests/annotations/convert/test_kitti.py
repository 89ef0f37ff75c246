"""KITTI labels, against published labels and a document made from them by others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.convert.kitti import from_kitti, to_kitti
from kognic.annotations.cuboids import ISO_8855, corners, to_kognic
from kognic.annotations.document import Document
from kognic.annotations.labels import Label, document_of, labels_of

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
    back = to_kitti(labels_of(document), camera="CAM", camera_from_lidar=kitti_camera_from_lidar)
    assert back.split() == text.split()


@pytest.mark.shared
def test_projected_boxes_are_those_of_the_label(
    pairs: Path, kitti_camera_from_lidar: np.ndarray, kitti_projection: np.ndarray
) -> None:
    """The published fact: cuboids project to the label's box within 2.1 px; truncated is then computed."""
    document = Document.of(json.loads((pairs / "kitti_000002.openlabel.json").read_text()))
    labels = list(labels_of(document))
    text = to_kitti(
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
    words = to_kitti([made], camera="CAM", camera_from_lidar=AXES).split()
    assert float(words[14]) == pytest.approx(-np.pi / 2)
    assert float(words[3]) == pytest.approx(-np.pi / 2 + np.pi / 4)
    assert words[1:3] == ["-1.00", "-1"]


def test_regions_without_cuboid_and_results_with_scores() -> None:
    """DontCare has a box only; a result has a score."""
    text = "DontCare -1 -1 -10 1.00 2.00 3.00 4.00 -1 -1 -1 -1000 -1000 -1000 -10\n" + LINE[:-1] + " 0.5\n"
    labels = from_kitti(text, frame_id="0", camera="CAM", camera_from_lidar=AXES)
    assert labels[0].cuboid is None
    assert labels[0].properties == {}
    assert labels[1].confidence == 0.5
    back = to_kitti(labels, camera="CAM", camera_from_lidar=AXES).splitlines()
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
    """No box, a class of two words, a cuboid behind the camera."""
    cuboid = to_kognic([[-10, 0, 0]], [[4, 2, 1.5]], ISO_8855, yaws=[0])[0].tolist()
    label = Label(frame_id="f", track="t", class_name="Car", cuboid=cuboid)
    with pytest.raises(AnnotationError, match=r"frame 'f', track 't' has no bounding box in 'CAM'"):
        to_kitti([label], camera="CAM", camera_from_lidar=AXES)
    projection = np.c_[np.eye(3), np.zeros(3)]
    with pytest.raises(AnnotationError, match=r"track 't' reaches behind the camera"):
        to_kitti([label], camera="CAM", camera_from_lidar=AXES, projection=projection)
    label = Label(frame_id="f", track="t", class_name="Big car", cuboid=cuboid)
    with pytest.raises(AnnotationError, match=r"class 'Big car': KITTI needs one word"):
        to_kitti([label], camera="CAM", camera_from_lidar=AXES)
