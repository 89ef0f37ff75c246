"""Labels that go in and come out again, and labels against the documents that the samples have of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic.annotations import read_document
from kognic.annotations.cuboids import ISO_8855, PANDASET, from_kognic, transform
from kognic.annotations.labels import labels_of, object_uuid
from kognic.scenes.geometry.poses import Rigid, rotation_matrix
from kognic.scenes.importers import open_recordings
from kognic.scenes.importers.building import ImportOptions, scenes_of
from kognic.scenes.importers.pandaset import read_frame


def documents(raw: Path, format: str, source: str, **options: Any) -> list[Any]:
    """The pre-annotations that an import makes."""
    (recording,) = open_recordings(format, raw / source)
    return [scene.pre_annotation for scene in scenes_of(recording, ImportOptions(**options))]


def cuboids(document: Any) -> np.ndarray:
    """All cuboids of a document, shape (N, 10)."""
    root = document["openlabel"]
    values = [
        entry["val"]
        for frame in root["frames"].values()
        for found in frame["objects"].values()
        for entry in found["object_data"].get("cuboid", ())
    ]
    return ordered(np.array(values))


def ordered(values: np.ndarray) -> np.ndarray:
    """Cuboids in the order of their positions, with one of the two quaternions of each rotation."""
    array = values.copy()
    array[:, 3:7] *= np.where(array[:, 6:7] < 0, -1, 1)
    return array[np.lexsort(array[:, :3].round(4).T)]


@pytest.mark.shared
def test_kitti_against_the_sample_document(raw: Path) -> None:
    """Cuboids and boxes are those that others have made of the same label file."""
    (document,) = documents(raw, "kitti-object", "kitti_object", form="frames")
    expected = json.loads((raw / "annotations/pairs/kitti_000002.openlabel.json").read_text())
    # The sample rounds the calibration: 1e-6 m.
    assert cuboids(document) == pytest.approx(cuboids(expected), abs=2e-6)
    boxes = [
        sorted(
            entry["val"]
            for found in root["openlabel"]["frames"]["0"]["objects"].values()
            for entry in found["object_data"]["bbox"]
        )
        for root in (document, expected)
    ]
    assert boxes[0] == pytest.approx(np.array(boxes[1]))


@pytest.mark.shared
def test_nuscenes_against_the_sample_document(raw: Path) -> None:
    """68 boxes go from the world to the lidar; the sample has them in the vehicle's system at the same
    time."""
    (document,) = documents(raw, "nuscenes", "nuscenes")
    expected = json.loads((raw / "annotations/pairs/nuscenes_scene-0061.openlabel.json").read_text())
    (recording,) = open_recordings("nuscenes", raw / "nuscenes")
    lidar = next(sensor for sensor in recording.sensors() if sensor.kind == "lidar")
    in_ego = transform(cuboids(document), lidar.pose.matrix)
    assert ordered(in_ego) == pytest.approx(cuboids(expected), abs=1e-6)
    tables = json.loads((raw / "nuscenes/v1.0-mini/sample_annotation.json").read_text())
    assert document["openlabel"]["objects"].keys() == {object_uuid(box["instance_token"]) for box in tables}


@pytest.mark.shared
def test_nuscenes_labels_come_back(raw: Path) -> None:
    """Into the lidar and back to the world: equal to 1e-6."""
    (recording,) = open_recordings("nuscenes", raw / "nuscenes")
    (scene,) = scenes_of(recording, ImportOptions())
    boxes = {object_uuid(label.track): label for label in recording.labels()}
    (frame,) = recording.frames() or []
    (lidar,) = [sensor for sensor in recording.sensors() if sensor.kind == "lidar"]
    trajectory = recording.trajectory()
    assert trajectory is not None
    world = trajectory.pose_at(frame.time_ns) @ lidar.pose
    document = read_document(scene.pre_annotation)
    found = list(labels_of(document))
    assert len(found) == len(boxes) == 68
    for label in found:
        box = boxes[object_uuid(label.track)]
        centres, sizes, quaternions = from_kognic(np.array(label.cuboid), ISO_8855)
        x, y, z, w = quaternions[0]
        pose = world @ Rigid(rotation_matrix([w, x, y, z]), centres[0])
        assert pose.position == pytest.approx(box.centre, abs=1e-6)
        assert pose.rotation == pytest.approx(rotation_matrix(box.rotation), abs=1e-6)
        assert sizes[0] == pytest.approx(box.size, abs=1e-6)


@pytest.mark.shared
def test_pandaset_against_the_sample_document(raw: Path) -> None:
    """The sample has the first forty cuboids in the lidar's pose frame; ours has one of each pair of
    siblings."""
    document = documents(raw, "pandaset", "pandaset", form="frames")[0]
    sample = json.loads((raw / "annotations/pairs/pandaset_002_00.cuboids.openlabel.json").read_text())
    ours, theirs = cuboids(document), cuboids(sample)
    table = read_frame(raw / "pandaset/002/annotations/cuboids/00.pkl.gz")
    dropped = [
        sensor == 1 and sibling in set(table["uuid"])
        for sensor, sibling in zip(table["cuboids.sensor_id"], table["cuboids.sibling_id"], strict=True)
    ][:40]
    matched = [np.abs(ours - one).max(axis=1).min() < 1e-5 for one in theirs]
    assert sum(matched) >= 40 - sum(dropped)
    values, _, _ = from_kognic(theirs, PANDASET)
    assert values == pytest.approx(theirs[:, :3])


@pytest.mark.shared
def test_semantic_segmentation_of_pandaset(raw: Path, facts: Any) -> None:
    """Each point of a sweep has a class; the same reader opens the table."""
    known = facts("pandaset/002/facts.json")
    table = read_frame(raw / "pandaset/002/annotations/semseg/00.pkl.gz")
    assert len(table) == known["semseg_points_0"]
    counts = table.iloc[:, 0].value_counts().to_dict()
    assert {str(key): value for key, value in counts.items()} == known["semseg_counts"]


@pytest.mark.slow
def test_a_million_boxes(tmp_path: Path) -> None:
    """Boxes of other times cost time and no memory; those of the scene are found among them."""
    pa = pytest.importorskip("pyarrow")
    feather = pytest.importorskip("pyarrow.feather")
    count = 1_000_000
    still = {"qw": np.ones(count), "qx": np.zeros(count), "qy": np.zeros(count), "qz": np.zeros(count)}
    where = {"tx_m": np.arange(count, dtype=float), "ty_m": np.zeros(count), "tz_m": np.zeros(count)}
    size = {name: np.ones(count) for name in ("length_m", "width_m", "height_m")}
    times = np.arange(count) * 1000
    columns = (
        {"timestamp_ns": times, "track_uuid": ["a"] * count, "category": ["CAR"] * count} | still | where
    )
    columns |= size | {"num_interior_pts": np.ones(count, int)}
    (tmp_path / "calibration").mkdir()
    (tmp_path / "sensors" / "lidar").mkdir(parents=True)
    feather.write_feather(pa.table(columns), tmp_path / "annotations.feather")
    pose = {name: values[:2] for name, values in (still | where).items()}
    feather.write_feather(
        pa.table({"timestamp_ns": [0, 10**9], **pose}), tmp_path / "city_SE3_egovehicle.feather"
    )
    rig = {name: values[:1] for name, values in (still | where).items()}
    feather.write_feather(
        pa.table({"sensor_name": ["up_lidar"], **rig}),
        tmp_path / "calibration" / "egovehicle_SE3_sensor.feather",
    )
    names = ("fx_px", "fy_px", "cx_px", "cy_px", "width_px", "height_px")
    feather.write_feather(
        pa.table(
            {"sensor_name": pa.array([], pa.string()), **{name: pa.array([], pa.float64()) for name in names}}
        ),
        tmp_path / "calibration" / "intrinsics.feather",
    )
    (tmp_path / "sensors" / "lidar" / "500000000.feather").write_bytes(b"not read")
    (recording,) = open_recordings("argoverse2", tmp_path)
    (scene,) = scenes_of(recording, ImportOptions(tolerance_ns=500))
    document = scene.pre_annotation
    assert document is not None
    assert cuboids(document)[0][:3] == pytest.approx([500_000, 0, 0])
