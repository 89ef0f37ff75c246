"""Scenes out of recordings: forms, splitting, systems, poses, IMU data, labels, and the files they refer
to."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from kognic.scenes.content import read_points
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.poses import Rigid, rotation_matrix
from kognic.scenes.importers import BoxLabel, Capture, Optics, Picture, Recording, RecordingError, Sensor
from kognic.scenes.importers.arrays import trajectory_of
from kognic.scenes.importers.building import ImportedScene, ImportOptions, scenes_of
from kognic.scenes.importers.writing import folder_name, import_recordings
from kognic.scenes.scene_file import SceneFileError, load_scene_file
from tests.scenes.importers.bag_writing import FORWARD, START, ros2_bag, write_drive

MS = 1_000_000
CAMERA = Rigid(rotation_matrix(FORWARD), np.array([1.5, 0.0, 1.5]))


class Drive(Recording):
    """A drive along x at 10 m/s: lidars at 10 Hz, a camera at the same times, a box that stands in the
    world."""

    def __init__(self, lidars: int = 1, cameras: int = 1, frames: int = 5, **changes: Any) -> None:
        self.name = "drive"
        self.count = frames
        self.rig = [
            Sensor(name=f"lidar{n}", kind="lidar", pose=Rigid(np.eye(3), np.array([1.0, n, 2.0])))
            for n in range(lidars)
        ] + [
            Sensor(
                name=f"camera{n}",
                kind="camera",
                pose=CAMERA,
                optics=Optics(matrix=np.array([[100.0, 0, 40], [0, 100, 20], [0, 0, 1]]), size=(80, 40)),
            )
            for n in range(cameras)
        ]
        self.boxes: list[BoxLabel] = []
        self.poses: Trajectory | None = trajectory_of(
            (START + step * 10 * MS, Rigid(np.eye(3), np.array([step * 0.1, 0.0, 0.0])))
            for step in range(-10, frames * 10 + 1)
        )
        self.start = START
        for name, value in changes.items():
            setattr(self, name, value)

    def sensors(self) -> Sequence[Sensor]:
        return self.rig

    def captures(self, sensor: str) -> Iterator[Capture]:
        for frame in range(self.count):
            time = self.start + frame * 100 * MS
            half = 0 if sensor.startswith("camera") else 40 * MS
            yield Capture(
                sensor=sensor,
                reference=f"{sensor}-{frame}",
                time_ns=time,
                start_ns=time - half,
                end_ns=time + half,
            )

    def read(self, capture: Capture) -> Any:
        if capture.sensor.startswith("camera"):
            return Picture(pixels=np.zeros((40, 80), np.uint8))
        return PointArrays(xyz=np.ones((4, 3)), timestamps=np.full(4, capture.time_ns, np.uint64))

    def trajectory(self) -> Trajectory | None:
        return self.poses

    def labels(self) -> Iterator[BoxLabel]:
        return iter(self.boxes)


def made(recording: Recording, **options: Any) -> list[ImportedScene]:
    """All scenes of a recording."""
    return list(scenes_of(recording, ImportOptions(**options)))


def frames_of(scene: ImportedScene) -> list[Mapping[str, Any]]:
    """The frames of a scene's document."""
    return scene.document.get("frames") or [scene.document["frame"]]


def test_one_lidar_is_the_reference() -> None:
    """With one lidar, calibration, poses and IMU data are in the system of that lidar."""
    (scene,) = made(Drive())
    assert scene.document["type"] == "lidars_and_cameras_sequence"
    assert scene.calibration["lidar0"].position.x == pytest.approx(0)
    camera = scene.calibration["camera0"]
    assert (camera.position.x, camera.position.y, camera.position.z) == pytest.approx((0.5, 0, -0.5))
    frames = frames_of(scene)
    assert [frame["unix_timestamp"] for frame in frames] == [START + n * 100 * MS for n in range(5)]
    assert [frame["relative_timestamp"] for frame in frames] == [0, 100, 200, 300, 400]
    # The lidar sits 1 m ahead of and 2 m above the vehicle.
    assert [frame["ego_vehicle_pose"]["position"]["x"] for frame in frames] == pytest.approx([1, 2, 3, 4, 5])
    assert frames[0]["ego_vehicle_pose"]["position"]["z"] == pytest.approx(2)
    assert any("of its only lidar, lidar0" in note for note in scene.notes)
    # Samples from before the first point to after the last, at 100 Hz and where the poses are.
    times = [sample["timestamp"] for sample in scene.imu_data]
    assert times == sorted(times)
    assert times[0] < START - 40 * MS
    assert times[-1] > START + 440 * MS
    for sample in scene.imu_data:
        expected = (sample["timestamp"] - START) / 1e9 * 10 + 1
        assert sample["position"]["x"] == pytest.approx(expected, abs=1e-9)
    shutter = frames[0]["images"][0]["metadata"]
    assert shutter == {"shutter_time_start_ns": START - 1, "shutter_time_end_ns": START + 1}


def test_several_lidars_share_the_ego_system() -> None:
    """With several, everything is in the ego system."""
    (scene,) = made(Drive(lidars=2))
    assert scene.calibration["lidar1"].position.y == pytest.approx(1)
    assert frames_of(scene)[1]["ego_vehicle_pose"]["position"]["x"] == pytest.approx(1)
    assert any("the vehicle's coordinate system in the recording" in note for note in scene.notes)


def test_forms() -> None:
    """A scene per frame has no frame IDs; an aggregated scene needs poses and both kinds of sensors."""
    single = made(Drive(), form="frames")
    assert [scene.document["type"] for scene in single] == ["lidars_and_cameras"] * 5
    assert [scene.external_id for scene in single] == [f"drive-{START + n * 100 * MS}" for n in range(5)]
    assert "frame_id" not in frames_of(single[0])[0]
    assert "ego_vehicle_pose" not in frames_of(single[0])[0]
    assert single[0].imu_data
    (scene,) = made(Drive(), form="aggregated", external_id="all")
    assert scene.document["type"] == "aggregated_lidars_and_cameras_sequence"
    assert scene.external_id == "all"
    with pytest.raises(RecordingError, match="needs the poses of the vehicle, and the recording has none"):
        made(Drive(poses=None), form="aggregated")
    with pytest.raises(RecordingError, match="an aggregated scene needs lidars and cameras"):
        made(Drive(cameras=0), form="aggregated")
    assert made(Drive(cameras=0))[0].document["type"] == "lidars_sequence"
    assert made(Drive(cameras=0))[0].calibration == {}


def test_cameras_alone() -> None:
    """Camera scenes take the calibration and the poses along where all cameras are placed."""
    (scene,) = made(Drive(lidars=0))
    assert scene.document["type"] == "cameras_sequence"
    assert scene.calibration["camera0"].position.x == pytest.approx(1.5)
    assert frames_of(scene)[1]["ego_vehicle_pose"]["position"]["x"] == pytest.approx(1)
    drive = Drive(lidars=0)
    drive.rig = [attrs.evolve(drive.rig[0], pose=None)]
    (scene,) = made(drive)
    assert scene.calibration == {}
    assert "ego_vehicle_pose" not in frames_of(scene)[0]
    assert "unix_timestamp" not in frames_of(scene)[0]


def test_lidars_alone_have_no_calibration() -> None:
    """So several cannot be related, and the others are left out by name."""
    (scene,) = made(Drive(lidars=2, cameras=0))
    assert [cloud["sensor_name"] for cloud in frames_of(scene)[0]["point_clouds"]] == ["lidar0"]
    assert [skip.source for skip in scene.skipped] == ["lidar1"]


def test_splitting() -> None:
    """By length, at times, and both; every Nth frame."""
    by_length = made(Drive(), length_ns=200 * MS)
    assert [len(frames_of(scene)) for scene in by_length] == [2, 2, 1]
    assert [scene.external_id for scene in by_length] == ["drive-000", "drive-001", "drive-002"]
    assert frames_of(by_length[1])[0]["relative_timestamp"] == 0
    at_times = made(Drive(), boundaries_ns=[START + 300 * MS, START + 90 * MS])
    assert [len(frames_of(scene)) for scene in at_times] == [1, 2, 2]
    both = made(Drive(), boundaries_ns=[START + 250 * MS], length_ns=200 * MS)
    assert [len(frames_of(scene)) for scene in both] == [2, 1, 2]
    assert len(frames_of(made(Drive(), every=2)[0])) == 3
    # What was left out is reported once.
    drive = Drive(lidars=2, cameras=0)
    assert [len(scene.skipped) for scene in made(drive, length_ns=200 * MS)] == [1, 0, 0]


def test_sensors_that_cannot_be_placed() -> None:
    """No place, no camera matrix, no such name, too many."""
    drive = Drive(cameras=2)
    drive.rig[1] = attrs.evolve(drive.rig[1], pose=None)
    (scene,) = made(drive)
    assert [str(skip) for skip in scene.skipped] == [
        "camera0: the recording does not say where it sits: no transform leads to the other sensors"
    ]
    drive = Drive(cameras=2)
    drive.rig[2] = attrs.evolve(drive.rig[2], optics=None)
    assert "no camera matrix" in str(made(drive)[0].skipped[0])
    with pytest.raises(RecordingError, match="drive has no sensor 'radar'; it has: lidar0, camera0"):
        made(Drive(), sensors=["radar"])
    with pytest.raises(RecordingError, match="drive has no sensor 'radar'"):
        made(Drive(), reference="radar")
    with pytest.raises(RecordingError, match="drive has 10 cameras, a scene takes 9: choose some of camera0"):
        made(Drive(cameras=10))
    assert list(made(Drive(cameras=10), sensors=["lidar0", "camera9"])[0].calibration) == [
        "lidar0",
        "camera9",
    ]


def test_poses_that_do_not_reach() -> None:
    """Frames without a pose are left out and reported; none at all is an error."""
    drive = Drive()
    assert drive.poses is not None
    early = drive.poses.times <= START + 150 * MS
    drive.poses = Trajectory(
        drive.poses.times[early], drive.poses.positions[early], drive.poses.quaternions[early]
    )
    (scene,) = made(drive)
    assert len(frames_of(scene)) == 4  # 200 ms are bridged with the last motion
    assert (
        "drive at 1700000000400000000: frames before the first or after the last pose of the vehicle"
        in map(str, scene.skipped)
    )
    drive.poses = trajectory_of((time, Rigid.identity()) for time in (1, 2))
    with pytest.raises(RecordingError, match="no frame has a pose of the vehicle; poses reach from 1 to 2"):
        made(drive)


def test_clocks_that_are_not_unix() -> None:
    """Times near zero make no Unix times, no IMU data and no shutter times."""
    drive = Drive(start=0)
    drive.poses = trajectory_of((n * 10 * MS, Rigid.identity()) for n in range(-20, 80))
    (scene,) = made(drive)
    assert scene.imu_data == ()
    assert "unix_timestamp" not in frames_of(scene)[0]
    assert "metadata" not in frames_of(scene)[0]["images"][0]


def test_compensated_points_and_imu_rate() -> None:
    """Clouds that are compensated already are not compensated again; IMU data can be left out."""
    (scene,) = made(Drive(compensated=True), imu_rate=0)
    assert scene.document["motion_compensation"] is False
    assert scene.imu_data == ()
    fine = made(Drive(), imu_rate=1000)[0].imu_data
    assert len(fine) > 480


def test_labels_move_to_the_reference_system() -> None:
    """A box that stands in the world comes nearer, frame by frame; boxes of the ego system and a sensor
    stay."""
    world = {"centre": (20.0, 3.0, 1.0), "size": (4.0, 2.0, 1.5), "system": "world"}
    boxes = [BoxLabel(track="car", category="Car", time_ns=START + n * 100 * MS, **world) for n in range(5)]
    boxes += [
        BoxLabel(track="ego", category="Van", time_ns=START, centre=(5.0, 0.0, 0.0), size=(1.0, 1.0, 1.0)),
        BoxLabel(
            track="own",
            category="Van",
            time_ns=START,
            system="lidar0",
            centre=(5.0, 0.0, 0.0),
            size=(1, 1, 1),
        ),
        BoxLabel(track="flat", category="Sign", time_ns=START, boxes={"camera0": (1.0, 2.0, 5.0, 8.0)}),
        BoxLabel(track="car", category="Car", time_ns=START, **world),
        BoxLabel(track="car", category="Bus", time_ns=START + 100 * MS, **world),
        BoxLabel(track="far", category="Car", time_ns=START + 10**10, **world),
        BoxLabel(
            track="lost", category="Car", time_ns=START, system="radar", centre=(0, 0, 0), size=(1, 1, 1)
        ),
    ]
    (scene,) = made(Drive(boxes=boxes))
    document = scene.pre_annotation
    assert document is not None
    root = document["openlabel"]
    names = {key: entry["name"] for key, entry in root["objects"].items()}
    assert sorted(names.values()) == ["car", "ego", "flat", "own"]

    def value(frame: int, name: str, kind: str = "cuboid") -> list[float]:
        found = root["frames"][str(frame)]["objects"]
        (data,) = [entry["object_data"][kind] for key, entry in found.items() if names[key] == name]
        return list(data[0]["val"])

    for frame in range(5):
        # The lidar is at x = 1 + frame, y = 0, z = 2.
        assert value(frame, "car")[:3] == pytest.approx([20 - 1 - frame, 3, -1])
        assert value(frame, "car")[7:] == pytest.approx([2, 4, 1.5])
        # Heading 0 is along +y: a box that heads along +x is turned by -90 degrees.
        assert value(frame, "car")[3:7] == pytest.approx([0, 0, -(0.5**0.5), 0.5**0.5])
        assert root["frames"][str(frame)]["frame_properties"]["timestamp"] == frame * 100
    assert value(0, "ego")[:3] == pytest.approx([4, 0, -2])
    assert value(0, "own")[:3] == pytest.approx([5, 0, 0])
    assert value(0, "flat", "bbox") == [3, 5, 4, 6]
    assert [str(skip) for skip in scene.skipped if skip.source == "labels"] == [
        f"labels at {START}: an object is twice in a frame",
        f"labels at {START + 100 * MS}: an object changes its class; labels of its first class are kept",
        f"labels at {START}: a box is in 'radar', which is not related to the scene",
    ]
    assert made(Drive(boxes=boxes), labels=False)[0].pre_annotation is None


def test_scene_files(tmp_path: Path) -> None:
    """A scene file refers to the recording, and its files are made when they are read; it can be moved and
    pickled."""
    with ros2_bag(tmp_path / "data" / "drive") as bag:
        write_drive(bag, frames=4, camera_hz=20)
    (written,) = import_recordings("rosbag2", str(tmp_path / "data" / "drive"), tmp_path / "out")
    assert (written.type, written.frames) == ("lidars_and_cameras_sequence", 4)
    assert written.sensors == {"lidar": 4, "camera_front": 4}
    document = json.loads(written.path.read_text())
    assert document["recording"]["location"] == "../../data/drive"
    assert "timestamps: taken from the message headers" in document["recording"]["notes"][0]
    assert any("another capture is nearer" in text for text in document["recording"]["left_out"])
    assert sorted(path.name for path in written.path.parent.iterdir()) == [
        "calibration.json",
        "imu.json",
        "scene.json",
    ]

    scene_file = load_scene_file(written.path)
    assert (scene_file.size, scene_file.converted) == (0, 8)
    report = scene_file.check(full=True)
    assert [finding.code for finding in report.errors] == []
    name = next(name for name in scene_file.files if name.endswith(".pcd"))
    cloud: Any = scene_file.files[name]
    points = read_points(cloud.load(), "pcd")
    assert points.timestamps is not None
    assert points.timestamps.tolist() == [START + n * 10 * MS for n in range(-5, 6)]  # type: ignore[union-attr]
    again = pickle.loads(pickle.dumps(scene_file))
    assert again.files[name].load() == cloud.load()
    with pytest.raises(RecordingError, match="exists already; pass another folder, or --overwrite"):
        list(import_recordings("rosbag2", str(tmp_path / "data" / "drive"), tmp_path / "out"))
    list(import_recordings("rosbag2", str(tmp_path / "data" / "drive"), tmp_path / "out", overwrite=True))


@pytest.mark.parametrize("cloud_format", ["pcd", "csv", "las"])
def test_materialized_scenes(tmp_path: Path, cloud_format: str) -> None:
    """With --materialize, the scene stands on its own and holds what would have been made."""
    with ros2_bag(tmp_path / "drive") as bag:
        write_drive(bag, frames=2)
    options = ImportOptions(cloud_format=cloud_format)
    seen: list[tuple[str, int, int]] = []
    (written,) = import_recordings(
        "rosbag2",
        str(tmp_path / "drive"),
        tmp_path / "out",
        options=options,
        materialize=True,
        progress=lambda *step: seen.append(step),
    )
    (referring,) = import_recordings("rosbag2", str(tmp_path / "drive"), tmp_path / "other", options=options)
    bag_folder = tmp_path / "drive"
    scene_file, other = load_scene_file(written.path), load_scene_file(referring.path)
    assert scene_file.converted == 0
    assert scene_file.files.keys() == other.files.keys()
    for name, path in scene_file.files.items():
        assert isinstance(path, Path)
        made_now: Any = other.files[name]
        assert path.read_bytes() == made_now.load()
    assert seen[-1] == ("writing drive", 4, 4)
    for path in bag_folder.iterdir():
        path.unlink()
    assert load_scene_file(written.path).check(full=True).errors == ()


def test_undistorted_scenes(tmp_path: Path) -> None:
    """A lens that the platform has no model for is undistorted, and the file says so."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        d = [0.5, 0.2, 0.001, -0.002, 0.02, 0.8, 0.1, 0.01]
        pixels = (np.indices((40, 80)).sum(axis=0) * 2).astype(np.uint8)
        bag.write("/cam/image_raw", START, make.image(START, "camera", pixels, "mono8"))
        info = make.info(START, "camera", (80, 40), d=d, distortion_model="rational_polynomial")
        bag.write("/cam/camera_info", START, info)
        table = np.ones(3, [("x", "f4"), ("y", "f4"), ("z", "f4")])
        bag.write("/points", START, make.cloud(START, "lidar", table))
        bag.write("/tf_static", START, make.transform(START, ("lidar", "camera", (0.0, 0.0, 0.0), FORWARD)))
    (written,) = import_recordings("rosbag2", str(tmp_path / "drive"), tmp_path / "out")
    document = json.loads(written.path.read_text())
    (lens,) = document["recording"]["undistort"]
    assert (lens["sensor_name"], lens["model"], lens["distortion"]) == ("cam", "rational", d)
    assert any("images of cam: undistorted" in note for note in written.notes)
    scene_file = load_scene_file(written.path)
    calibration = json.loads((written.path.parent / "calibration.json").read_text())["sensors"]["cam"]
    assert set(calibration["distortion_coefficients"].values()) == {0}
    image: Any = next(file for name, file in scene_file.files.items() if name.endswith(".png"))
    assert image.load()[:4] == b"\x89PNG"
    assert scene_file.check(full=True).errors == ()


@pytest.mark.shared
def test_originals_are_referred_to(raw: Path, tmp_path: Path) -> None:
    """Images that the platform takes stay where they are; clouds are converted."""
    (written,) = import_recordings("nuscenes", str(raw / "nuscenes"), tmp_path / "out")
    scene_file = load_scene_file(written.path)
    assert scene_file.converted == 1
    front: Any = scene_file.files["CAM_FRONT/1532402927612460000.jpg"]
    assert front.resolve() == next((raw / "nuscenes/samples/CAM_FRONT").iterdir()).resolve()
    assert written.labelled == 68
    assert [finding.code for finding in scene_file.check(full=True).errors] == []


@pytest.mark.shared
def test_scenes_from_object_storage(raw: Path, tmp_path: Path) -> None:
    """A scene file names URLs, which are streamed when the files are needed."""
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").put(str(raw / "nuscenes"), "/cloud/nuscenes", recursive=True)
    (written,) = import_recordings("nuscenes", "memory://cloud/nuscenes", tmp_path / "out")
    document = json.loads(written.path.read_text())
    assert document["recording"]["location"] == "memory://cloud/nuscenes"
    (image, *_) = document["frames"][0]["images"]
    assert image["path"].startswith("memory://cloud/nuscenes/samples/")
    scene_file = load_scene_file(written.path)
    assert scene_file.converted == 7
    assert [finding.code for finding in scene_file.check().errors] == []


def test_scene_files_by_hand(tmp_path: Path) -> None:
    """`path` places a file elsewhere; `source` needs a recording, and excludes `path`."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"png")
    entry = {"sensor_name": "FRONT", "filename": "front.png", "path": "pictures/a.png"}
    document: dict[str, Any] = {"type": "cameras", "external_id": "a", "frame": {"images": [entry]}}
    path = tmp_path / "scene.json"
    path.write_text(json.dumps(document))
    scene_file = load_scene_file(path)
    assert scene_file.files == {"front.png": tmp_path / "pictures" / "a.png"}
    assert next(iter(scene_file.scene().resources.values())).filename == "front.png"
    entry["source"] = {"reference": "x"}  # type: ignore[assignment]
    path.write_text(json.dumps(document))
    with pytest.raises(SceneFileError) as caught:
        load_scene_file(path)
    assert [str(problem) for problem in caught.value.problems] == [
        "frame.images[0].source: the scene has no 'recording' that it is in",
        "frame.images[0]: give either 'path' or 'source'",
    ]


def test_a_recording_that_is_gone(tmp_path: Path) -> None:
    """The check names the file and the recording."""
    with ros2_bag(tmp_path / "drive") as bag:
        write_drive(bag, frames=1)
    (written,) = import_recordings("rosbag2", str(tmp_path / "drive"), tmp_path / "out")
    (tmp_path / "drive").rename(tmp_path / "moved")
    report = load_scene_file(written.path).check()
    messages = [finding.message for finding in report.errors]
    assert len(messages) == 2
    assert all("there is no such file or folder" in message for message in messages)


def test_names_of_folders() -> None:
    """External ids may hold anything, folders may not."""
    assert folder_name("a/b: c") == "a_b_c"
    assert folder_name("///") == "scene"


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_files_are_made_by_several_threads(tmp_path: Path, storage: str) -> None:
    """An upload makes files in parallel; each is that of one thread."""
    with ros2_bag(tmp_path / "drive", storage) as bag:
        write_drive(bag, frames=20)
    (written,) = import_recordings("rosbag2", str(tmp_path / "drive"), tmp_path / "out")
    files: list[Any] = list(load_scene_file(written.path).files.values())
    alone = [file.load() for file in files]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda file: file.load(), files * 3)) == alone * 3


@pytest.mark.parametrize(
    ("options", "kind", "scenes"),
    [
        ({"form": "frames"}, "lidars_and_cameras", 3),
        ({"form": "aggregated"}, "aggregated_lidars_and_cameras_sequence", 1),
        ({"sensors": ["camera_front"]}, "cameras_sequence", 1),
        ({"sensors": ["camera_front"], "form": "frames"}, "cameras", 3),
        ({"sensors": ["lidar"]}, "lidars_sequence", 1),
        ({"sensors": ["lidar"], "form": "frames"}, "lidars", 3),
        ({"undistort": True, "length_ns": 200 * MS}, "lidars_and_cameras_sequence", 2),
    ],
)
def test_every_form_is_a_valid_scene(tmp_path: Path, options: Any, kind: str, scenes: int) -> None:
    """Scene files of all types load, become models and pass the check."""
    with ros2_bag(tmp_path / "drive") as bag:
        write_drive(bag, frames=3)
    written = list(
        import_recordings(
            "rosbag2", str(tmp_path / "drive"), tmp_path / "out", options=ImportOptions(**options)
        )
    )
    assert [scene.type for scene in written] == [kind] * scenes
    for scene in written:
        report = load_scene_file(scene.path).check(full=True)
        assert [finding.message for finding in report.errors] == []


def test_a_lidar_that_is_not_placed() -> None:
    """Nothing relates it to cameras, poses and labels: they are left out, and the scene is valid."""
    drive = Drive()
    drive.rig[0] = attrs.evolve(drive.rig[0], pose=None)
    drive.boxes = [BoxLabel(track="a", category="car", time_ns=START, centre=(9, 0, 0), size=(4, 2, 1.5))]
    (scene,) = made(drive)
    assert scene.document["type"] == "lidars_sequence"
    assert all("ego_vehicle_pose" not in frame for frame in frames_of(scene))
    assert (scene.imu_data, scene.pre_annotation) == ((), None)
    reasons = {skip.source: skip.reason for skip in scene.skipped}
    assert (
        "does not say where the lidar lidar0 sits, so that no camera can be related to it"
        in reasons["camera0"]
    )
    assert "which the labels would be moved to" in reasons["labels"]
    assert (
        "ego poses: left out, because the recording has no transform from the lidar lidar0 to the vehicle"
        in scene.notes
    )
    (scene,) = made(drive, sensors=["camera0"])
    assert scene.document["type"] == "cameras_sequence"
    assert scene.calibration
