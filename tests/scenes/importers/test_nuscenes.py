"""nuScenes and T4 against the facts of the samples."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic._core.scene_errors import RecordingError
from kognic.annotations.convert.nuscenes import from_nuscenes, key_frames, read_version
from kognic.scenes.geometry.poses import Rigid, rotation_matrix
from kognic.scenes.importers.nuscenes import open_nuscenes, open_t4
from tests.scenes.importers.conftest import visible

# mmdet3d's name of a category, and what nuScenes has in its own.
_CATEGORIES = {
    "car": "vehicle.car",
    "truck": "vehicle.truck",
    "trailer": "vehicle.trailer",
    "bus": "vehicle.bus",
    "construction_vehicle": "vehicle.construction",
    "bicycle": "vehicle.bicycle",
    "motorcycle": "vehicle.motorcycle",
    "pedestrian": "human.pedestrian",
    "traffic_cone": "trafficcone",
    "barrier": "barrier",
}


@pytest.mark.shared
def test_nuscenes(raw: Path, facts: Any, pixels: Any) -> None:
    """Sensors, times, poses and the projection through both ego poses."""
    known = facts("nuscenes/facts.json")
    (recording,) = open_nuscenes(raw / "nuscenes")
    (frame,) = recording.frames()
    sensors = {sensor.name: sensor for sensor in recording.sensors()}

    assert recording.name == known["scene"]
    assert next(iter(sensors)) == "LIDAR_TOP"
    assert sorted(sensors) == sorted(known["sensors"])
    assert {name: capture.time_ns for name, capture in frame.captures.items()} == {
        name: time * 1000 for name, time in known["timestamps_us"].items()
    }
    lidar = sensors["LIDAR_TOP"]
    assert lidar.pose.position == pytest.approx(known["LIDAR_TOP_translation"])
    assert lidar.pose.rotation == pytest.approx(rotation_matrix(known["LIDAR_TOP_rotation_wxyz"]))
    assert sensors["CAM_FRONT"].optics.matrix[0, 0] == pytest.approx(known["CAM_FRONT_fx"])
    assert sensors["CAM_FRONT"].optics.size == (1600, 900)
    trajectory = recording.trajectory()
    assert trajectory is not None
    assert len(trajectory.times) == 7
    sweep, image = frame.captures["LIDAR_TOP"], frame.captures["CAM_FRONT"]
    assert trajectory.pose_at(sweep.time_ns).position == pytest.approx(
        known["ego_pose_translation"], abs=1e-6
    )

    cloud: Any = recording.read(sweep)
    assert len(cloud) == known["lidar_points"]
    assert cloud.xyz[known["point_index"]] == pytest.approx(known["point"][:3], abs=1e-6)
    assert cloud.intensity[known["point_index"]] == known["point"][3]
    assert set(cloud.timestamps.tolist()) == {sweep.time_ns}

    moved = pixels(recording, sweep, image, motion=True)
    assert moved[known["point_index"]] == pytest.approx(known["CAM_FRONT_uv_with_poses"], abs=0.05)
    assert visible(moved) == pytest.approx(known["points_in_CAM_FRONT"], abs=3)
    static = pixels(recording, sweep, image, motion=False)
    assert static[known["point_index"]] == pytest.approx(known["CAM_FRONT_uv_static_only"], abs=0.05)


@pytest.mark.shared
def test_nuscenes_labels(raw: Path, facts: Any) -> None:
    """Boxes are in the world, agree with another project's camera boxes, and hold their points."""
    known = facts("nuscenes/facts.json")
    (recording,) = open_nuscenes(raw / "nuscenes")
    (frame,) = recording.frames()
    labels = list(recording.labels())

    assert len(labels) == known["annotations"] == 68
    counts = Counter(label.category for label in labels)
    for name, count in known["categories"].items():
        assert sum(n for category, n in counts.items() if _CATEGORIES[name] in category) == count
    first = labels[0]
    box = known["first_annotation"]
    assert first.track == box["instance_token"]
    assert first.frame == frame.name == box["sample_token"]
    assert first.centre == tuple(box["translation"])
    assert first.size == (box["size"][1], box["size"][0], box["size"][2])
    assert first.rotation == tuple(box["rotation"])
    assert first.system == "world"

    # mmdet3d's info file has the boxes of the front camera: centres in the camera's system.
    infos = json.loads((raw / "nuscenes/mmdet3d_infos.json").read_text())
    sensors = {sensor.name: sensor for sensor in recording.sensors()}
    trajectory = recording.trajectory()
    image = frame.captures["CAM_FRONT"]
    to_camera = (trajectory.pose_at(image.time_ns) @ sensors["CAM_FRONT"].pose).inverse()
    centres = to_camera.apply([label.centre for label in labels])
    checked = 0
    for entry in infos["cam_instances"]["CAM_FRONT"]:
        centre = entry["bbox_3d"][:3]
        distance = np.linalg.norm(centres - centre, axis=1).min()
        assert distance < 2e-5
        checked += 1
    assert checked > 20

    cloud: Any = recording.read(frame.captures["LIDAR_TOP"])
    world = trajectory.pose_at(frame.time_ns) @ sensors["LIDAR_TOP"].pose
    points = world.apply(cloud.xyz)
    inside = 0
    for label in labels:
        box_from_world = Rigid(rotation_matrix(label.rotation), np.array(label.centre)).inverse()
        inside += int(
            (np.abs(box_from_world.apply(points)) <= np.array(label.size) / 2 + 0.05).all(axis=1).sum()
        )
    assert inside == 1027


@pytest.mark.shared
def test_t4_concatenated(raw: Path, facts: Any, pixels: Any) -> None:
    """Points of a merged cloud carry the time of the lidar that they came from."""
    known = facts("t4/composed_concat/facts.json")
    (recording,) = open_t4(raw / "t4/composed_concat")
    frames = list(recording.frames())

    assert [frame.time_ns for frame in frames] == [entry["timestamp_us"] * 1000 for entry in known["frames"]]
    for frame, entry in zip(frames, known["frames"], strict=True):
        sweep = frame.captures["LIDAR_CONCAT"]
        cloud: Any = recording.read(sweep)
        assert len(cloud) == entry["points"]
        info = json.loads((raw / "t4/composed_concat" / sweep.reference.split("|")[1]).read_text())
        for source, (begin, length) in zip(info["sources"], entry["sources"], strict=True):
            stamp = source["stamp"]["sec"] * 10**9 + source["stamp"]["nanosec"]
            assert set(cloud.timestamps[begin : begin + length].tolist()) == {stamp}
    projection = known["projection"]
    sweep, image = frames[0].captures["LIDAR_CONCAT"], frames[0].captures["CAM_FRONT"]
    cloud = recording.read(sweep)
    assert cloud.xyz[projection["row"]] == pytest.approx(projection["xyz"], abs=1e-6)
    found = pixels(recording, sweep, image, motion=True)
    assert found[projection["row"]] == pytest.approx(projection["uv_with_both_ego_poses"], abs=0.05)
    assert visible(found) == pytest.approx(projection["points_in_image"], abs=2)
    assert len(recording.trajectory().times) == 6


@pytest.mark.shared
def test_t4_dataset(raw: Path) -> None:
    """TIER IV's own sample: three samples, nine captures, boxes with names of their own."""
    (recording,) = open_t4(raw / "t4/t4dataset")
    frames = list(recording.frames())

    assert len(frames) == 3
    assert sum(len(frame.captures) for frame in frames) == 9
    assert [sensor.name for sensor in recording.sensors()] == ["LIDAR_TOP", "CAM_BACK", "CAM_FRONT"]
    assert len(recording.read(frames[0].captures["LIDAR_TOP"])) == 8  # type: ignore[arg-type]
    assert frames[0].time_ns == 1_704_067_200_000_000_000
    labels = list(recording.labels())
    assert labels[0].centre == (10.0, 5.0, 1.0)
    assert labels[0].size == (2.0, 4.5, 1.8)
    # object_ann has boxes in pictures, of objects that have cuboids, too.
    rows = json.loads((raw / "t4/t4dataset/annotation/object_ann.json").read_text())
    assert rows[0]["bbox"] == [100, 100, 200, 150]
    assert labels[0].boxes["CAM_FRONT"] == (100, 100, 200, 150)
    assert sum(len(label.boxes) for label in labels) == len(rows)
    assert len(recording.trajectory().times) == 3


def _tables(folder: Path, **changes: Any) -> Path:
    """A tiny data set: one sample of one lidar, one camera and one radar."""
    tables: dict[str, Any] = {
        "scene": [{"token": "s", "name": "scene-1"}],
        "sample": [{"token": "a", "timestamp": 1_000_000, "scene_token": "s"}],
        "sensor": [
            {"token": "l", "channel": "LIDAR_TOP", "modality": "lidar"},
            {"token": "r", "channel": "RADAR_FRONT", "modality": "radar"},
        ],
        "calibrated_sensor": [
            {"token": "cl", "sensor_token": "l", "translation": [0, 0, 1], "rotation": [1, 0, 0, 0]},
            {"token": "cr", "sensor_token": "r", "translation": [0, 0, 1], "rotation": [1, 0, 0, 0]},
        ],
        "ego_pose": [
            {"token": "e", "timestamp": 1_000_000, "translation": [0, 0, 0], "rotation": [1, 0, 0, 0]}
        ],
        "sample_data": [
            {"token": "d", "sample_token": "a", "ego_pose_token": "e", "calibrated_sensor_token": "cl",
             "filename": "samples/a.bin", "timestamp": 1_000_000, "is_key_frame": True},
            {"token": "f", "sample_token": "a", "ego_pose_token": "e", "calibrated_sensor_token": "cr",
             "filename": "samples/b.pcd", "timestamp": 1_000_000, "is_key_frame": True},
        ],
    }  # fmt: skip
    tables |= changes
    (folder / "v1.0-mini").mkdir(parents=True)
    (folder / "samples").mkdir()
    np.zeros((2, 5), "<f4").tofile(folder / "samples" / "a.bin")
    for name, rows in tables.items():
        (folder / "v1.0-mini" / f"{name}.json").write_text(json.dumps(rows))
    return folder


def test_generated_tables(tmp_path: Path) -> None:
    """A radar is skipped by name; one pose is no trajectory; no labels are no error."""
    (recording,) = open_nuscenes(_tables(tmp_path))
    (frame,) = recording.frames()

    assert list(frame.captures) == ["LIDAR_TOP"]
    assert [str(skip) for skip in recording.skipped] == ["RADAR_FRONT: a radar, neither lidar nor camera"]
    assert recording.trajectory() is None
    assert list(recording.labels()) == []
    with pytest.raises(RecordingError, match="no scene scene-2; there are: scene-1"):
        list(open_nuscenes(tmp_path, scene="scene-2"))


def test_attributes_are_those_of_the_converter(tmp_path: Path) -> None:
    """A recording has the properties that `from_nuscenes` gives, so that they can be written back."""
    names = ("vehicle.moving", "parked", "vehicle_state.door.open")
    box = {
        "token": "b", "sample_token": "a", "instance_token": "i", "translation": [9, 0, 1], "size": [2, 4, 2],
        "rotation": [1, 0, 0, 0], "attribute_tokens": [*names], "visibility_token": "v",
        "num_lidar_pts": 17, "num_radar_pts": -1,
    }  # fmt: skip
    folder = _tables(
        tmp_path,
        sample_annotation=[box],
        instance=[{"token": "i", "category_token": "c"}],
        category=[{"token": "c", "name": "vehicle.car"}],
        attribute=[{"token": name, "name": name} for name in names],
        visibility=[{"token": "v", "level": "v80-100"}],
    )
    (recording,) = open_nuscenes(folder)
    (label,) = recording.labels()
    tables = read_version(folder / "v1.0-mini")
    (converted,) = from_nuscenes(tables, key_frames(tables, lidar="LIDAR_TOP"), system="world")

    assert label.attributes == converted.properties
    assert label.attributes == {
        "vehicle": "moving",
        "attribute": "parked",
        "vehicle_state": "door.open",
        "visibility": "v80-100",
        "num_lidar_pts": 17,
    }


def test_columns_that_are_null(tmp_path: Path) -> None:
    """Optional columns may be null, and tables of names missing; importer and converter read them alike."""
    box = {
        "token": "b", "sample_token": "a", "instance_token": "i", "translation": [9, 0, 1], "size": [2, 4, 2],
        "rotation": [1, 0, 0, 0], "attribute_tokens": None, "visibility_token": None, "num_lidar_pts": None,
    }  # fmt: skip
    folder = _tables(tmp_path, sample_annotation=[box])
    for name, columns in (
        ("sample_data", {"is_valid": None, "info_filename": None, "width": None, "height": None}),
        ("calibrated_sensor", {"camera_intrinsic": None, "camera_distortion": None}),
    ):
        path = folder / "v1.0-mini" / f"{name}.json"
        path.write_text(json.dumps([row | columns for row in json.loads(path.read_text())]))
    (recording,) = open_nuscenes(folder)
    (label,) = recording.labels()
    tables = read_version(folder / "v1.0-mini")
    (converted,) = from_nuscenes(tables, key_frames(tables, lidar="LIDAR_TOP"), system="world")

    assert [len(list(recording.captures(sensor.name))) for sensor in recording.sensors()] == [1]
    assert (label.category, label.attributes, label.size) == ("unknown", {}, (4, 2, 2))
    assert (converted.class_name, converted.properties) == ("unknown", {})


@pytest.mark.shared
def test_boxes_are_those_of_the_converter(raw: Path) -> None:
    """Of T4: cuboids and boxes in images, by frame and track."""
    folder = raw / "t4/t4dataset"
    (recording,) = open_t4(folder)
    tables = read_version(folder / "annotation")
    frames = key_frames(tables, lidar="LIDAR_TOP")
    converted = {
        (label.frame_id, label.track): label
        for label in from_nuscenes(tables, frames, system="world")
        if label.cuboid is not None or label.boxes
    }

    imported = {(label.frame, label.track): label for label in recording.labels()}

    assert imported.keys() == converted.keys()
    for key, label in imported.items():
        other = converted[key]
        assert (label.category, label.attributes) == (other.class_name, other.properties)
        assert label.boxes == {box.camera: pytest.approx(box.corners) for box in other.boxes}
        assert (label.centre is None) == (other.cuboid is None)
        if label.centre is not None and other.cuboid is not None:
            assert label.centre == pytest.approx(other.cuboid[:3])
            # The platform's sizes are across the heading, along it, up.
            assert label.size == pytest.approx([other.cuboid[8], other.cuboid[7], other.cuboid[9]])


def test_missing_files_and_rows(tmp_path: Path) -> None:
    """A missing file is skipped with its time, a missing row is an error with both tokens."""
    _tables(tmp_path / "a")
    (tmp_path / "a" / "samples" / "a.bin").unlink()
    (recording,) = open_nuscenes(tmp_path / "a")
    with pytest.raises(RecordingError, match="has no file of a lidar or camera"):
        recording.sensors()
    assert "LIDAR_TOP at 1000000000: samples/a.bin: the file is missing" in map(str, recording.skipped)

    (recording,) = open_nuscenes(_tables(tmp_path / "b", calibrated_sensor=[]))
    with pytest.raises(RecordingError, match=r"sample_data d \(samples/a.bin\) refers to 'cl'"):
        recording.sensors()
    (recording,) = open_nuscenes(_tables(tmp_path / "c", ego_pose=[]))
    with pytest.raises(RecordingError, match=r"ego_pose e of samples/a.bin is missing"):
        recording.trajectory()
    (recording,) = open_nuscenes(_tables(tmp_path / "d", sample_data=[{"token": "d"}]))
    with pytest.raises(RecordingError, match=r"sample_data.json: .*missing required field"):
        recording.sensors()


def test_sweeps_are_matched_by_time(tmp_path: Path) -> None:
    """With sweeps, captures between the samples count, and frames are made by time; T4 takes its newest
    version."""
    entries = [
        {"token": f"d{n}", "sample_token": "a", "ego_pose_token": "e", "calibrated_sensor_token": "cl",
         "filename": f"samples/{n}.bin", "timestamp": 1_000_000 + n * 50_000, "is_key_frame": n == 0}
        for n in range(3)
    ]  # fmt: skip
    _tables(tmp_path, sample_data=entries)
    for n in range(3):
        np.zeros((2, 5), "<f4").tofile(tmp_path / "samples" / f"{n}.bin")
    (recording,) = open_nuscenes(tmp_path, sweeps="true")
    assert recording.frames() is None
    times = [1_000_000_000, 1_050_000_000, 1_100_000_000]
    assert [capture.time_ns for capture in recording.captures("LIDAR_TOP")] == times
    (keyed,) = open_nuscenes(tmp_path)
    assert len(list(keyed.captures("LIDAR_TOP"))) == 1
    for version in ("2", "10"):
        (tmp_path / "t4" / version).mkdir(parents=True)
        shutil.copytree(tmp_path / "v1.0-mini", tmp_path / "t4" / version / "annotation")
        shutil.copytree(tmp_path / "samples", tmp_path / "t4" / version / "samples")
    (newest,) = open_t4(tmp_path / "t4")
    capture = next(iter(newest.captures("LIDAR_TOP")))
    assert newest.read(capture)
    assert str(newest._tables.root).endswith("10")  # type: ignore[attr-defined]
    with pytest.raises(RecordingError, match="no T4 dataset"):
        list(open_t4(tmp_path / "samples"))
    with pytest.raises(RecordingError, match="name the version of nuScenes with version="):
        list(open_nuscenes(tmp_path / "t4"))


@pytest.mark.shared
def test_the_folder_of_the_version(raw: Path) -> None:
    """It is taken as the folder above it."""
    (recording,) = open_nuscenes(raw / "nuscenes" / "v1.0-mini")
    assert len(recording.sensors()) == 7
