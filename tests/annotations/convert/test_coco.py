"""COCO files: published ones read, written ones opened with pycocotools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as peer
from pycocotools.coco import COCO

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.convert.coco import (
    CocoImage,
    decode_mask,
    encode_mask,
    from_coco,
    rasterised,
    to_coco,
)
from kognic.annotations.document import Document
from kognic.annotations.labels import Box2D, Label, Mask, Outline, document_of, labels_of

IMAGE = CocoImage(id=7, file_name="a.png", width=40, height=30)
SQUARE = np.array([[10, 5], [20, 5], [20, 15], [10, 15]], dtype=float)
HOLE = np.array([[12, 7], [15, 7], [15, 10], [12, 10]], dtype=float)
masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12))


@given(masks)
def test_masks_are_pycocotools_masks(pixels: np.ndarray) -> None:
    """Our text is theirs, theirs is decoded, and both list forms lead back."""
    theirs = peer.encode(np.asfortranarray(pixels, dtype=np.uint8))
    ours = encode_mask(pixels)
    assert ours["counts"] == theirs["counts"].decode()
    assert ours["size"] == list(theirs["size"])
    assert np.array_equal(decode_mask(ours), pixels)
    assert np.array_equal(decode_mask(encode_mask(pixels, compress=False)), pixels)


@given(st.integers(1, 2**20), st.integers(1, 2**20), st.integers(0, 2**20))
def test_long_runs(first: int, second: int, third: int) -> None:
    """Differences of any size and sign."""
    pixels = np.repeat([False, True, False, True], [first, second, third, 3])[:, None]
    assert (
        encode_mask(pixels)["counts"] == peer.encode(np.asfortranarray(pixels, np.uint8))["counts"].decode()
    )
    assert np.array_equal(decode_mask(encode_mask(pixels)), pixels)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ({"size": [2, 2], "counts": [1, 2]}, "has 3 pixels, its size 2x2 has 4"),
        ({"size": [2, 2], "counts": "\x01"}, "is not a run-length mask"),
        ({"size": [2], "counts": [4]}, "is not a run-length mask"),
        ({"size": [2, 2], "counts": "oo"}, "is not a run-length mask"),
        ({"counts": [4]}, "is not a run-length mask"),
    ],
)
def test_damaged_masks(mask: dict[str, Any], message: str) -> None:
    """Cut text, wrong counts."""
    with pytest.raises(AnnotationError, match=message):
        decode_mask(mask)


@pytest.mark.shared
def test_a_published_file(documents_folder: Path) -> None:
    """Boxes, classes and size as published."""
    coco = json.loads((documents_folder / "coco/kitti_infos_mono3d.coco.json").read_text())
    ((image, labels),) = from_coco(coco, camera="CAM")
    assert (image.width, image.height, len(labels)) == (1242, 375, len(coco["annotations"]))
    for label, entry in zip(labels, coco["annotations"], strict=True):
        left, top, right, bottom = label.boxes[0].corners
        assert [left, top, right - left, bottom - top] == pytest.approx(entry["bbox"])
        assert label.class_name == entry["category_name"]


@pytest.mark.shared
def test_the_pair(pairs: Path) -> None:
    """The OpenLABEL document gives the COCO file of the same boxes, made with other code."""
    document = Document.of(json.loads((pairs / "kitti_000002.openlabel.json").read_text()))
    expected = json.loads((pairs / "kitti_000002.coco.json").read_text())
    image = CocoImage(**expected["images"][0])
    written = to_coco(labels_of(document), images={("0", "CAM"): image})
    assert written["images"] == expected["images"]
    assert written["categories"] == expected["categories"]
    for entry, other in zip(written["annotations"], expected["annotations"], strict=True):
        for name in ("id", "image_id", "category_id", "iscrowd", "segmentation"):
            assert entry[name] == other[name]
        assert entry["bbox"] == pytest.approx(other["bbox"], abs=1e-6)
        assert entry["area"] == pytest.approx(other["area"], abs=1e-6)


def _label(**shapes: Any) -> Label:
    return Label(frame_id="f", track="t", class_name="Car", properties={"occluded": True}, **shapes)


def _opened(tmp_path: Path, labels: list[Label]) -> COCO:
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(to_coco(labels, images={("f", "CAM"): IMAGE}, categories=("Van", "Car"))))
    return COCO(str(path))


def test_pycocotools_opens_boxes_and_polygons(tmp_path: Path) -> None:
    """Index, categories, and the mask that pycocotools makes of our polygon."""
    box = Box2D(camera="CAM", centre_size=(15, 10, 12, 12))
    label = _label(boxes=[box], outlines=[Outline(camera="CAM", points=SQUARE)])
    coco = _opened(tmp_path, [label])
    assert coco.getCatIds(catNms=["Car"]) == [2]
    (entry,) = coco.loadAnns(coco.getAnnIds(imgIds=[7]))
    assert entry["bbox"] == [9, 4, 12, 12]
    assert (entry["area"], entry["track_id"], entry["occluded"]) == (100, "t", True)
    assert coco.annToMask(entry).sum() == 100
    assert coco.annToMask(entry)[5:15, 10:20].all()


def test_pycocotools_opens_masks_and_holes(tmp_path: Path) -> None:
    """A polygon with a hole becomes a mask: 100 pixels less 9."""
    hole = Outline(camera="CAM", points=HOLE, is_hole=True)
    coco = _opened(tmp_path, [_label(outlines=[Outline(camera="CAM", points=SQUARE), hole])])
    (entry,) = coco.loadAnns(coco.getAnnIds())
    found = coco.annToMask(entry)
    assert (found.sum(), entry["area"], entry["bbox"]) == (91, 91, [10, 5, 10, 10])
    assert not found[7:10, 12:15].any()


def test_boxes_polygons_and_masks_come_back(tmp_path: Path) -> None:
    """COCO, OpenLABEL, COCO: equal to 1e-6; crowds, scores and extra keys as well."""
    pixels = np.zeros((30, 40), dtype=bool)
    pixels[3:9, 4:8] = True
    coco = {
        "images": [{"id": 7, "file_name": "a.png", "width": 40, "height": 30}],
        "categories": [{"id": 1, "name": "Car"}, {"id": 2, "name": "Sign"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 1, "iscrowd": 0, "area": 100.0,
             "bbox": [9.5, 4.25, 12.0, 12.0],
             "segmentation": [SQUARE.reshape(-1).tolist(), (SQUARE + 20).reshape(-1).tolist()],
             "track_id": "a",
             "occluded": 0.5},
            {"id": 2, "image_id": 7, "category_id": 2, "iscrowd": 1, "area": 24.0,
             "bbox": [4.0, 3.0, 4.0, 6.0],
             "segmentation": encode_mask(pixels), "track_id": "b", "score": 0.75},
        ],
    }  # fmt: skip
    ((image, labels),) = from_coco(coco, camera="CAM")
    plain = document_of(labels, confidence_property="confidence")
    back = to_coco(labels_of(Document.of(plain)), images={("7", "CAM"): image}, categories=("Car", "Sign"))
    assert back["images"] == coco["images"]
    assert back["categories"] == coco["categories"]
    first, second = back["annotations"]
    for entry, other in zip((first, second), coco["annotations"], strict=True):
        assert entry["bbox"] == pytest.approx(other["bbox"], abs=1e-6)
        assert {k: v for k, v in entry.items() if k not in ("bbox", "segmentation", "area", "iscrowd")} == {
            k: v for k, v in other.items() if k not in ("bbox", "segmentation", "area", "iscrowd")
        }
        assert entry["iscrowd"] == other["iscrowd"]
    assert first["segmentation"] == coco["annotations"][0]["segmentation"]
    assert second["segmentation"] == coco["annotations"][1]["segmentation"]


def test_multi_polygons_and_their_holes() -> None:
    """A hole is cut out of the polygons of its own id only."""
    outlines = [
        Outline(camera="C", points=SQUARE, polygon_id="a"),
        Outline(camera="C", points=HOLE, is_hole=True, polygon_id="a"),
        Outline(camera="C", points=HOLE, polygon_id="b"),
    ]
    assert rasterised(outlines, (30, 40)).sum() == 100


def test_what_coco_cannot_hold() -> None:
    """Unknown images, two boxes of one object, masks of another size."""
    box = Box2D(camera="CAM", centre_size=(15, 10, 12, 12))
    with pytest.raises(AnnotationError, match=r"frame 'f', camera 'CAM': give file name and size"):
        to_coco([_label(boxes=[box])], images={})
    images = {("f", "CAM"): IMAGE}
    with pytest.raises(AnnotationError, match=r"track 't' has more than one box or mask in 'CAM'"):
        to_coco([_label(boxes=[box, box])], images=images)
    mask = Mask(camera="CAM", pixels=np.ones((3, 4), dtype=bool))
    with pytest.raises(AnnotationError, match=r"the mask has 4x3 pixels, the image 40x30"):
        to_coco([_label(masks=[mask])], images=images)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_id": 3}, "annotation 1 refers to image 3, which is missing"),
        ({"category_id": 3}, "annotation 1 refers to category 3, which is missing"),
        ({"segmentation": [[1, 2, 3]]}, "annotation 1: polygon 0 has 3 numbers"),
        (
            {"segmentation": {"size": [1, 1], "counts": [1]}},
            "annotation 1: the mask has 1x1 pixels, the image 40x30",
        ),
    ],
)
def test_damaged_files(change: dict[str, Any], message: str) -> None:
    """The annotation is named."""
    entry = {"id": 1, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4], **change}
    coco = {
        "images": [{"id": 7, "file_name": "a.png", "width": 40, "height": 30}],
        "categories": [{"id": 1, "name": "Car"}],
        "annotations": [entry],
    }
    with pytest.raises(AnnotationError, match=message):
        list(from_coco(coco, camera="CAM"))
