"""nuScenes and T4 tables, against published annotations and a document made from them by others."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from pycocotools import mask as mask_tools

from kognic._core.annotation_errors import AnnotationError
from kognic.annotations.convert import nuscenes
from kognic.annotations.convert.nuscenes import (
    from_nuscenes,
    key_frames,
    read_version,
    to_nuscenes,
    write_version,
)
from kognic.annotations.convert.nuscenes_rows import ObjectAnnotation
from kognic.annotations.cuboids import ISO_8855, corners, to_kognic
from kognic.annotations.document import Document
from kognic.annotations.labels import Label, document_of, labels_of

CAR = to_kognic([[1, 2, 3]], [[4, 2, 1.5]], ISO_8855, yaws=[0.3])[0].tolist()

# The schema of the development kit: fields of each table that we write.
SCHEMA = {
    "sample_annotation": {
        "token", "sample_token", "instance_token", "attribute_tokens", "visibility_token", "translation",
        "size", "rotation", "num_lidar_pts", "num_radar_pts", "next", "prev",
    },
    "instance": {"token", "category_token", "nbr_annotations", "first_annotation_token",
                 "last_annotation_token"},
    "category": {"token", "name", "description"},
    "attribute": {"token", "name", "description"},
    "visibility": {"token", "level", "description"},
}  # fmt: skip


@pytest.mark.shared
def test_cuboids_equal_those_of_the_pair(raw: Path, pairs: Path) -> None:
    """All 68 boxes in the vehicle's system; the document was made with other code."""
    tables = read_version(raw / "nuscenes/v1.0-mini")
    (frame,) = key_frames(tables, lidar="LIDAR_TOP")
    assert frame.timestamp_us == 1532402927647951
    labels = {label.track: label for label in from_nuscenes(tables, [frame], system="ego")}
    document = Document.of(json.loads((pairs / "nuscenes_scene-0061.openlabel.json").read_text()))
    expected = list(labels_of(document))
    assert len(labels) == len(expected) == 68
    for other in expected:
        label = labels[other.track.replace("-", "")]
        assert np.allclose(corners(label.cuboid), corners(other.cuboid), atol=1e-6)
        assert label.class_name == other.class_name
        assert label.properties["num_lidar_pts"] == other.properties["num_lidar_pts"]


@pytest.mark.shared
@pytest.mark.parametrize("system", ["ego", "lidar", "world"])
def test_labels_in_are_labels_out(raw: Path, tmp_path: Path, system: Any) -> None:
    """Tables, OpenLABEL in each system, tables: positions, sizes and rotations equal to 1e-6."""
    tables = read_version(raw / "nuscenes/v1.0-mini")
    frames = key_frames(tables, lidar="LIDAR_TOP", scene="scene-0061")
    plain = document_of(from_nuscenes(tables, frames, system=system), lidar="LIDAR_TOP")
    written, left_out = to_nuscenes(
        labels_of(Document.of(plain)),
        to_world={frame.token: np.linalg.inv(frame.from_world(system)) for frame in frames},
        order=[frame.token for frame in frames],
    )
    write_version(tables, written, tmp_path / "v1.0-mini")
    back = read_version(tmp_path / "v1.0-mini")
    assert left_out == []
    before = {row["instance_token"]: row for row in tables["sample_annotation"]}
    after = {row["instance_token"]: row for row in back["sample_annotation"]}
    assert before.keys() == after.keys()
    for token, row in before.items():
        for name in ("translation", "size", "num_lidar_pts", "sample_token"):
            assert after[token][name] == (
                pytest.approx(row[name], abs=1e-6) if name != "sample_token" else row[name]
            )
        assert abs(np.dot(after[token]["rotation"], row["rotation"])) == pytest.approx(1, abs=1e-6)
    names = {row["token"]: row["name"] for row in back["category"]}
    assert {names[row["category_token"]] for row in back["instance"]} <= {
        r["name"] for r in tables["category"]
    }


@pytest.mark.shared
def test_masks_of_t4(raw: Path) -> None:
    """Of objects and surfaces, as pycocotools decodes them; as bitmaps of OpenLABEL they come back."""
    tables = read_version(raw / "t4/t4dataset/annotation")
    frames = key_frames(tables, lidar="LIDAR_TOP")
    labels = list(from_nuscenes(tables, frames, system="ego"))
    rows = [*tables["object_ann"], *tables["surface_ann"]]
    expected = sorted(
        int(mask_tools.decode({**row["mask"], "counts": base64.b64decode(row["mask"]["counts"])}).sum())
        for row in rows
    )

    masks = [mask for label in labels for mask in label.masks]

    assert len(masks) == 6
    assert sorted(int(mask.pixels.sum()) for mask in masks) == expected
    assert {mask.pixels.shape for mask in masks} == {(600, 800)}
    surfaces = [label for label in labels if label.masks and label.cuboid is None and not label.boxes]
    categories = {row["token"]: row["name"] for row in tables["category"]}
    assert {label.class_name for label in surfaces} == {
        categories[row["category_token"]] for row in tables["surface_ann"]
    }
    document = Document.of(document_of(labels, lidar="LIDAR_TOP"))
    back = [mask for label in labels_of(document) for mask in label.masks]
    assert sorted(int(mask.pixels.sum()) for mask in back) == expected


@pytest.mark.shared
def test_masks_are_decoded_with_their_frame(raw: Path) -> None:
    """Those of a whole version would not fit into memory."""
    tables = read_version(raw / "t4/t4dataset/annotation")
    frames = key_frames(tables, lidar="LIDAR_TOP")
    with_masks = {label.frame_id for label in from_nuscenes(tables, frames, system="ego") if label.masks}
    others = [frame for frame in frames if frame.token not in with_masks]
    expected = [attrs.asdict(label) for label in from_nuscenes(tables, others, system="ego")]
    for row in [*tables["object_ann"], *tables["surface_ann"]]:
        row["mask"] = {"size": [4, 6], "counts": "no base64"}

    assert len(frames) == 3
    assert len(others) == 1
    assert [attrs.asdict(label) for label in from_nuscenes(tables, others, system="ego")] == expected
    with pytest.raises(AnnotationError, match="the mask cannot be decoded"):
        list(from_nuscenes(tables, frames, system="ego"))


@pytest.mark.shared
def test_tables_are_sorted_once(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for each frame: a version has millions of images and thousands of frames."""
    tables = read_version(raw / "t4/t4dataset/annotation")
    frames = key_frames(tables, lidar="LIDAR_TOP")
    asked: Counter[str] = Counter()
    optional = nuscenes._OfVersion.optional

    def counted(given: Any, name: str, kind: Any) -> Any:
        asked[name] += 1
        return optional(given, name, kind)

    monkeypatch.setattr(nuscenes._OfVersion, "optional", counted)
    list(from_nuscenes(tables, frames, system="ego"))

    assert len(frames) == 3
    assert {name: asked[name] for name in ("sample_data", "sample_annotation", "object_ann")} == {
        "sample_data": 1,
        "sample_annotation": 1,
        "object_ann": 1,
    }


def test_a_damaged_mask_of_t4() -> None:
    """The error names the annotation."""
    mask = {"size": [4, 6], "counts": "no base64"}
    row = ObjectAnnotation(token="o1", sample_data_token="d", category_token="c", mask=mask)

    with pytest.raises(AnnotationError, match="annotation o1: the mask cannot be decoded"):
        nuscenes._mask_of(row, "CAM_FRONT")


@pytest.mark.shared
def test_t4_comes_along_with_2d_boxes_and_attributes(raw: Path) -> None:
    """The publisher's own sample: three key frames, four annotations, four boxes in images."""
    tables = read_version(raw / "t4/t4dataset/annotation")
    frames = key_frames(tables, lidar="LIDAR_TOP")
    labels = list(from_nuscenes(tables, frames, system="ego"))
    assert len(frames) == 3
    assert sum(label.cuboid is not None for label in labels) == 4
    assert sum(len(label.boxes) for label in labels) == 4
    assert labels[0].properties == {
        "attribute": "moving", "visibility": "full", "num_lidar_pts": 250, "num_radar_pts": 15,
    }  # fmt: skip
    assert labels[0].boxes[0].corners == (100, 100, 200, 150)
    written, _ = to_nuscenes(
        labels,
        to_world={frame.token: frame.ego_to_world for frame in frames},
        order=[frame.token for frame in frames],
        t4=True,
    )
    before = {row["token"]: row for row in tables["instance"]}
    for row in written["instance"]:
        assert row["nbr_annotations"] == before[row["token"]]["nbr_annotations"]
    moving = {row["name"] for row in written["attribute"]}
    assert moving <= {row["name"] for row in tables["attribute"]}


def _labels(*frames: str, **properties: Any) -> list[Label]:
    return [
        Label(frame_id=frame, track="car one", class_name="vehicle.car", cuboid=CAR, properties=properties)
        for frame in frames
    ]


def test_tables_have_the_schema_and_are_linked() -> None:
    """Every token refers to a row; annotations of an instance are a chain in the order of time."""
    labels = _labels("b", "a", "c", vehicle="moving", visible=True, visibility="v80-100", speed=3)
    tables, left_out = to_nuscenes(labels, to_world=np.eye(4), order=["a", "b", "c"])
    for name, fields in SCHEMA.items():
        assert all(set(row) == fields for row in tables[name]), name
    rows = tables["sample_annotation"]
    assert [row["sample_token"] for row in rows] == ["a", "b", "c"]
    assert [row["next"] for row in rows] == [rows[1]["token"], rows[2]["token"], ""]
    assert [row["prev"] for row in rows] == ["", rows[0]["token"], rows[1]["token"]]
    (instance,) = tables["instance"]
    assert (instance["nbr_annotations"], instance["first_annotation_token"]) == (3, rows[0]["token"])
    assert {row["name"] for row in tables["attribute"]} == {"vehicle.moving", "visible.true"}
    assert [row["level"] for row in tables["visibility"]] == ["v80-100"]
    assert left_out == ["3 values of the property 'speed'"]
    assert rows[0]["translation"] == pytest.approx([1, 2, 3])
    assert rows[0]["size"] == pytest.approx([2, 4, 1.5])
    assert rows[0]["rotation"] == pytest.approx([np.cos(0.15), 0, 0, np.sin(0.15)])


def test_what_the_version_has_is_kept() -> None:
    """Rows of known names with their tokens and descriptions, and annotations of other scenes."""
    first, _ = to_nuscenes(_labels("x"), to_world=np.eye(4), order=["x"])
    first["category"][0].update(token="c" * 32, description="A car.", index=17)
    first["instance"][0]["category_token"] = "c" * 32
    first["visibility"] = [{"token": "4", "level": "v80-100", "description": "visible"}]
    labels = _labels("a", "b", visibility="v80-100")
    labels = [attrs.evolve(label, track="car two") for label in labels]
    tables, _ = to_nuscenes(labels, to_world=np.eye(4), order=["a", "b"], version=first)
    assert tables["category"] == first["category"]
    assert [row["sample_token"] for row in tables["sample_annotation"]] == ["x", "a", "b"]
    assert [row["visibility_token"] for row in tables["sample_annotation"]] == ["", "4", "4"]
    assert {row["category_token"] for row in tables["instance"]} == {"c" * 32}
    assert {row["instance_token"] for row in tables["sample_annotation"]} == {
        row["token"] for row in tables["instance"]
    }
    again, _ = to_nuscenes(labels, to_world=np.eye(4), order=["a", "b"], version=tables)
    assert again == tables


def test_labels_without_a_place_are_refused() -> None:
    """A frame without pose or sample; labels without a cuboid are counted."""
    with pytest.raises(AnnotationError, match=r"frame 'a' has no pose \(document to world\)"):
        to_nuscenes(_labels("a"), to_world={}, order=["a"])
    with pytest.raises(AnnotationError, match=r"frame 'a' of track 'car one' is not a sample"):
        to_nuscenes(_labels("a"), to_world=np.eye(4), order=["b"])
    flat = [Label(frame_id="a", track="t", class_name="c")]
    assert to_nuscenes(flat, to_world=np.eye(4), order=["a"])[1] == ["1 label without a cuboid"]


def test_folders_that_are_no_version(tmp_path: Path) -> None:
    """The folder above is the usual mistake."""
    with pytest.raises(AnnotationError, match=r"has no sample.json: pass the folder of a version"):
        read_version(tmp_path)
    (tmp_path / "sample.json").write_text("[]")
    with pytest.raises(AnnotationError, match=r"lacks tables, .* calibrated_sensor, ego_pose"):
        read_version(tmp_path)


def test_missing_tables() -> None:
    """Tables of a program's own may lack some, too."""
    with pytest.raises(AnnotationError, match="the version has no table scene"):
        key_frames({}, lidar="LIDAR_TOP")


@pytest.mark.shared
def test_unknown_scenes_and_lidars(raw: Path) -> None:
    """Names that the version has are listed."""
    tables = read_version(raw / "nuscenes/v1.0-mini")
    with pytest.raises(AnnotationError, match=r"no scene 'x'; the version has scene-0061"):
        key_frames(tables, lidar="LIDAR_TOP", scene="x")
    with pytest.raises(AnnotationError, match=r"has no key frame of LIDAR_CONCAT"):
        key_frames(tables, lidar="LIDAR_CONCAT")
