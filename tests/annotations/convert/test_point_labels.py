"""Segmentations as files with a value per point or pixel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.convert.point_labels import (
    read_label,
    read_lidarseg,
    read_png,
    write_label,
    write_lidarseg,
    write_png,
)
from kognic.annotations.document import Document
from kognic.annotations.segmentation import read_segmentations


def test_label_files_have_classes_low_and_instances_high(tmp_path: Path) -> None:
    """Little-endian, 16 bits each, as the format description of SemanticKITTI has it."""
    path = tmp_path / "000000.label"
    write_label(path, [10, 0, 65535], [1, 0, 2])
    assert path.read_bytes() == bytes([10, 0, 1, 0, 0, 0, 0, 0, 255, 255, 2, 0])
    classes, instances = read_label(path, points=3)
    assert (classes.tolist(), instances.tolist()) == ([10, 0, 65535], [1, 0, 2])


def test_lidarseg_files_have_a_byte_per_point(tmp_path: Path) -> None:
    """As nuScenes has them."""
    path = tmp_path / "a_lidarseg.bin"
    write_lidarseg(path, np.array([24, 0, 255]))
    assert path.read_bytes() == bytes([24, 0, 255])
    assert read_lidarseg(path, points=3).tolist() == [24, 0, 255]


@pytest.mark.parametrize(("largest", "mode"), [(255, "L"), (256, "I;16")])
def test_png_masks(tmp_path: Path, largest: int, mode: str) -> None:
    """Eight bits where they are enough, else sixteen; Pillow reads the same values."""
    path = tmp_path / "mask.png"
    values = np.array([[0, 1, 2], [3, 4, largest]])
    write_png(path, values)
    with Image.open(path) as image:
        assert image.mode == mode
        assert np.array_equal(np.asarray(image), values)
    assert np.array_equal(read_png(path), values)


def test_palettes_give_their_indices(tmp_path: Path) -> None:
    """The colours are for people."""
    image = Image.fromarray(np.array([[0, 2]], dtype=np.uint8), mode="P")
    image.putpalette([0, 0, 0, 10, 20, 30, 200, 100, 50])
    image.save(tmp_path / "p.png")
    assert read_png(tmp_path / "p.png").tolist() == [[0, 2]]


@pytest.mark.shared
def test_pandaset_semseg_as_files(pairs: Path, tmp_path: Path) -> None:
    """Run-length text, array, file and back."""
    document = Document.of(json.loads((pairs / "pandaset_002_00.semseg.openlabel.json").read_text()))
    (found,) = read_segmentations(document, {"0": {"main_pandar64": 30_000}})
    write_label(tmp_path / "0.label", found.labels)
    write_lidarseg(tmp_path / "0.bin", found.labels)
    assert np.array_equal(read_label(tmp_path / "0.label", 30_000)[0], found.labels)
    assert np.array_equal(read_lidarseg(tmp_path / "0.bin", 30_000), found.labels)


def test_numbers_that_do_not_fit(tmp_path: Path) -> None:
    """Nothing is cut off silently."""
    with pytest.raises(AnnotationError, match=r"classes reach from 0 to 65536, the format has 0 to 65535"):
        write_label(tmp_path / "a", [0, 65536])
    with pytest.raises(AnnotationError, match=r"classes reach from 0 to 256, the format has 0 to 255"):
        write_lidarseg(tmp_path / "a", [0, 256])
    with pytest.raises(AnnotationError, match=r"there are 2 classes and 1 instances"):
        write_label(tmp_path / "a", [0, 1], [0])
    with pytest.raises(AnnotationError, match=r"classes are float64, must be integers"):
        write_label(tmp_path / "a", [0.5])
    with pytest.raises(AnnotationError, match=r"the mask has shape \(2,\)"):
        write_png(tmp_path / "a", [0, 1])


def test_files_that_fit_no_cloud(tmp_path: Path) -> None:
    """Lengths are compared where the cloud is known."""
    (tmp_path / "a").write_bytes(b"12345")
    with pytest.raises(AnnotationError, match=r"has 5 bytes, which is not four per point"):
        read_label(tmp_path / "a")
    with pytest.raises(AnnotationError, match=r"has 5 points, the point cloud has 6"):
        read_lidarseg(tmp_path / "a", 6)
    with pytest.raises(AnnotationError, match=r"cannot read"):
        read_png(tmp_path / "a")
    Image.new("RGB", (1, 1)).save(tmp_path / "rgb.png")
    with pytest.raises(AnnotationError, match=r"mode RGB, a mask is grey or has a palette"):
        read_png(tmp_path / "rgb.png")
