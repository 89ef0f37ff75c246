"""ROS 1 and ROS 2 bags and MCAP with Foxglove's schemas, against the facts of the samples and on generated
bags."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter
from PIL import Image
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from kognic._core.scene_errors import RecordingError
from kognic.sandbox.sample.messages import ROS1, ROS2, Messages
from kognic.scenes.geometry.poses import rotation_matrix
from kognic.scenes.importers import decoders
from kognic.scenes.importers.arrays import seconds_to_ns
from kognic.scenes.importers.bag_recording import sensor_name
from kognic.scenes.importers.recording import Capture, Picture
from tests.scenes.importers.bag_writing import (
    FORWARD,
    IDENTITY,
    START,
    opened,
    ros1_bag,
    ros2_bag,
    stamp,
    write_drive,
    write_json_mcap,
)


def log_time(capture: Capture) -> int:
    """The log time that stands in a reference."""
    return int(capture.reference.rpartition("@")[2].partition("#")[0])


@pytest.mark.shared
def test_pandaset_as_a_rosbag2(raw: Path, facts: Any, pixels: Any) -> None:
    """Stamps, point times, lost and extra messages, the tree of transforms, and the projection with
    motion."""
    known = facts("rosbag2_mcap/pandaset_ros2/facts.json")
    recording = opened(raw / "rosbag2_mcap/pandaset_ros2")
    sensors = {sensor.name: sensor for sensor in recording.sensors()}
    captures = {name: list(recording.captures(name)) for name in sensors}

    assert list(sensors) == [
        "lidar_front", "lidar_top",
        "camera_front", "camera_left", "camera_rear", "camera_thermal", "camera_wide",
    ]  # fmt: skip
    for name, sensor in sensors.items():
        topic = known["topics"][sensor.source]
        assert len(captures[name]) == topic["count"]
        assert log_time(captures[name][0]) == topic["first_log_ns"]
        assert log_time(captures[name][-1]) == topic["last_log_ns"]
    counted = {topic: entry["count"] for topic, entry in known["topics"].items()}
    assert {name: topic.count for name, topic in recording._bag.topics.items()} == counted
    assert sum(counted.values()) == 347

    top = iter(captures["lidar_top"])
    front = iter(captures["lidar_front"])
    images = iter(captures["camera_front"])
    for frame in known["frames"]:
        sweep, cloud = _next_cloud(recording, top)
        stamped = frame["lidar_top"]["header_stamp_ns"]
        assert len(cloud) == frame["lidar_top"]["points"]
        assert sweep.start_ns == stamped == int(cloud.timestamps.min())
        assert sweep.end_ns == stamped + frame["lidar_top"]["last_offset_ns"] == int(cloud.timestamps.max())
        assert next(images).time_ns == frame["front_image_ns"]
        if "lidar_front" in frame:
            sweep, cloud = _next_cloud(recording, front)
            assert len(cloud) == frame["lidar_front"]["points"]
            # The stamp is that of the last point; doubles of seconds have steps of 240 ns.
            assert sweep.end_ns == pytest.approx(frame["lidar_front"]["header_stamp_ns"], abs=240)
    assert next(front, None) is None

    expected = np.array(known["T_base_link_lidar_top"])
    assert sensors["lidar_top"].pose.rotation == pytest.approx(expected[:3, :3], abs=1e-6)
    assert sensors["lidar_top"].pose.position == pytest.approx(expected[:3, 3], abs=1e-6)
    trajectory = recording.trajectory()
    assert trajectory is not None
    assert len(trajectory.times) == 90
    first = known["first_pose_odom_base_link"]
    assert trajectory.times[0] == first["ns"]
    map_odom, odom_base = np.array(known["T_map_odom"]), np.array(first["M"])
    expected = map_odom @ odom_base
    assert trajectory.pose_at(first["ns"]).position == pytest.approx(expected[:3, 3], abs=1e-4)
    assert trajectory.pose_at(first["ns"]).rotation == pytest.approx(expected[:3, :3], abs=1e-5)
    for entry in known["lidar_top_to_front_camera"]:
        sweep, image = captures["lidar_top"][entry["frame"]], captures["camera_front"][entry["frame"]]
        cloud = recording.read(sweep)
        assert cloud.timestamps[entry["row"]] == entry["time_ns"]
        assert cloud.xyz[entry["row"]] == pytest.approx(entry["xyz"], abs=1e-4)
        assert image.time_ns == entry["image_ns"]
        assert pixels(recording, sweep, image, motion=True)[entry["row"]] == pytest.approx(
            entry["uv_with_motion"], abs=0.05
        )
        assert pixels(recording, sweep, image, motion=False)[entry["row"]] == pytest.approx(
            entry["uv_static"], abs=0.05
        )


def _next_cloud(recording: Any, captures: Any) -> Any:
    sweep = next(captures)
    return sweep, recording.read(sweep)


@pytest.mark.shared
def test_pictures_of_pandaset_as_a_rosbag2(raw: Path) -> None:
    """Padded rows, a bayer pattern and 16 bits become pictures; jpeg stays as it is."""
    recording = opened(raw / "rosbag2_mcap/pandaset_ros2")

    def first(name: str) -> Any:
        return recording.read(next(iter(recording.captures(name))))

    assert first("camera_front")[:3] == b"\xff\xd8\xff"
    assert first("camera_left").pixels.shape == (180, 320, 3)
    assert first("camera_thermal").pixels.shape == (180, 320)
    rear = first("camera_rear").pixels
    # A picture of a street at daylight: neighbouring pixels are alike in every colour, and the sky is bright.
    assert rear.shape == (180, 320, 3)
    assert np.abs(np.diff(rear.astype(int), axis=1)).mean() < 15
    assert rear[:40].mean() > rear[100:].mean()
    optics = {sensor.name: sensor.optics for sensor in recording.sensors()}
    assert optics["camera_thermal"] is None
    assert optics["camera_left"].distortion == ()
    assert optics["camera_left"].size == (320, 180)
    assert optics["camera_wide"].matrix[0, 0] == pytest.approx(154.97381667)
    skipped = {skip.source: skip.reason for skip in recording.skipped}
    assert "std_msgs/msg/String" in skipped["/vehicle/status/door"]
    finer = recording.imu()
    assert finer is not None
    assert len(finer.times) == 227
    assert "of the IMU /sensing/imu/imu_data (100 Hz, frame" in "\n".join(recording.notes)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["fisheye_frame_equidistant", "distorted_pinhole_frame_plumb_bob"])
def test_real_lenses(raw: Path, facts: Any, pixels: Any, name: str) -> None:
    """Distortion of both lens models is carried over; OpenCV gives the same pixels."""
    known = facts(f"rosbag2_mcap/{name}/facts.json")
    recording = opened(raw / "rosbag2_mcap" / name)
    lidar, camera = recording.sensors()
    (sweep,), (image,) = recording.captures(lidar.name), recording.captures(camera.name)

    assert lidar.pose.position == pytest.approx([0, 0, 0])
    expected = np.array(known["T_base_from_camera"])
    assert camera.pose.rotation == pytest.approx(expected[:3, :3], abs=1e-6)
    assert camera.pose.position == pytest.approx(expected[:3, 3], abs=1e-6)
    assert camera.optics.matrix == pytest.approx(np.array(known["K"]))
    assert list(camera.optics.distortion) == known["D"]
    assert camera.optics.size == tuple(known["size"])
    projection = known["projection"]
    cloud: Any = recording.read(sweep)
    assert cloud.xyz[projection["row"]] == pytest.approx(projection["xyz"], abs=1e-4)
    found = pixels(recording, sweep, image, motion=False)
    assert found[projection["row"]] == pytest.approx(projection["uv"], abs=0.05)
    assert found[projection["row"]] == pytest.approx(projection["uv_opencv"], abs=0.05)
    assert projection["uv_without_distortion"] != pytest.approx(projection["uv"], abs=0.5)


@pytest.mark.shared
def test_velodyne_driver_in_a_database(raw: Path, facts: Any, pixels: Any) -> None:
    """Times in float32 seconds, negative before the stamp; two messages of static transforms; no
    base_link."""
    known = facts("rosbag2_sqlite3/kitti_velodyne/facts.json")
    recording = opened(raw / "rosbag2_sqlite3/kitti_velodyne")
    sweeps, images = (list(recording.captures(sensor.name)) for sensor in recording.sensors())
    camera = recording.sensors()[1]

    assert {name: topic.count for name, topic in recording._bag.topics.items()} == {
        name: topic["count"] for name, topic in known["topics"].items()
    }
    for sweep, image, frame in zip(sweeps, images, known["frames"], strict=True):
        cloud: Any = recording.read(sweep)
        low, high = frame["time_min_max_s"]
        assert len(cloud) == frame["points"]
        assert sweep.start_ns == frame["lidar_stamp_ns"] + round(low * 1e9) == int(cloud.timestamps.min())
        assert sweep.end_ns == frame["lidar_stamp_ns"] + round(high * 1e9) == int(cloud.timestamps.max())
        assert cloud.xyz[0] == pytest.approx(frame["first_point"][:3], abs=1e-6)
        assert image.time_ns == frame["image_ns"]
        picture: Any = recording.read(image)
        assert picture.pixels.shape == (frame["size"][1], frame["size"][0], 3)
        assert camera.optics.matrix == pytest.approx(np.array(frame["K"]), abs=1e-3)
    projection = known["projection"]
    found = pixels(recording, sweeps[0], images[0], motion=False)
    assert found[projection["row"]] == pytest.approx(projection["uv_static"], abs=0.05)
    assert recording.trajectory() is None


@pytest.mark.shared
def test_kitti2bag(raw: Path, facts: Any, pixels: Any) -> None:
    """The pictures are rectified although K and D are not: P describes them, and the frame is P's already."""
    known = facts("rosbag1/kitti2bag_style.facts.json")
    recording = opened(raw / "rosbag1/kitti2bag_style.bag")
    lidar, camera = recording.sensors()
    sweeps, images = (list(recording.captures(sensor.name)) for sensor in (lidar, camera))

    assert {name: topic.count for name, topic in recording._bag.topics.items()} == {
        name: topic["count"] for name, topic in known["topics"].items()
    }
    for sweep, image, frame in zip(sweeps, images, known["frames"], strict=True):
        cloud: Any = recording.read(sweep)
        assert (sweep.time_ns, len(cloud)) == (frame["lidar_stamp_ns"], frame["points"])
        assert cloud.xyz[0] == pytest.approx(frame["first_point"][:3], abs=1e-6)
        assert image.time_ns == frame["image_ns"]
    assert camera.optics.distortion == ()
    assert camera.optics.matrix[0, 0] == pytest.approx(721.5377)
    assert camera.optics.size == (1242, 375)
    # The same point as in the KITTI raw drive; kitti2bag places the camera with pykitti, 2.7 mm apart.
    raw_facts = facts("kitti_raw/2011_09_26/2011_09_26_drive_9001_sync/facts.json")
    found = pixels(recording, sweeps[0], images[0], motion=False)
    assert found[raw_facts["point_index"]] == pytest.approx(raw_facts["point_uv"], abs=1)
    assert recording.trajectory() is not None
    unrectified = opened(raw / "rosbag1/kitti2bag_style.bag", rectified="false").sensors()[1]
    assert unrectified.optics.matrix[0, 0] == pytest.approx(959.791)
    assert len(unrectified.optics.distortion) == 5


@pytest.mark.slow
@pytest.mark.shared
def test_foxglove_protobuf(raw: Path, facts: Any, pixels: Any) -> None:
    """Transforms one by one, sensors included; cubes become labels; the projection goes through the poses."""
    known = facts("mcap_foxglove/nuscenes_protobuf.facts.json")
    recording = opened(raw / "mcap_foxglove/nuscenes_protobuf.mcap")
    sensors = {sensor.name: sensor for sensor in recording.sensors()}
    (sweep,) = recording.captures("LIDAR_TOP")
    (image,) = recording.captures("CAM_FRONT")

    topics = recording._bag.topics
    assert {name: (topic.schema, topic.count) for name, topic in topics.items()} == {
        name: (topic["type"], topic["count"]) for name, topic in known["topics"].items()
    }
    for name in ("CAM_FRONT", "CAM_BACK"):
        assert sensors[name].optics.matrix == pytest.approx(np.array(known[f"{name}_K"]), abs=1e-4)
        assert sensors[name].optics.size == (800, 450)
    cloud: Any = recording.read(sweep)
    assert len(cloud) == known["lidar_points"]
    trajectory = recording.trajectory()
    assert trajectory is not None
    expected = np.array(known["T_map_base_at_lidar"])
    pose = trajectory.pose_at(sweep.time_ns)
    assert pose.rotation == pytest.approx(expected[:3, :3], abs=1e-6)
    assert pose.position == pytest.approx(expected[:3, 3], abs=1e-6)
    projection = known["projection"]
    assert cloud.xyz[projection["row"]] == pytest.approx(projection["xyz"], abs=1e-6)
    recording.compensated = True  # as the publisher of nuScenes has them
    found = pixels(recording, sweep, image, motion=True)
    assert found[projection["row"]] == pytest.approx(projection["CAM_FRONT_uv_with_poses"], abs=0.05)

    labels = list(recording.labels())
    assert len(labels) == 20
    tables = {
        box["instance_token"]: box
        for box in json.loads((raw / "nuscenes/v1.0-mini/sample_annotation.json").read_text())
    }
    for label in labels:
        box = tables[label.track]
        assert label.system == "world"
        assert label.centre == pytest.approx(box["translation"])
        assert label.size == pytest.approx((box["size"][1], box["size"][0], box["size"][2]))
        assert rotation_matrix(label.rotation) == pytest.approx(rotation_matrix(box["rotation"]), abs=1e-8)


@pytest.mark.shared
def test_foxglove_json(raw: Path, facts: Any) -> None:
    """base64, a field at an odd offset, intensities called reflectivity, times in sec and nsec."""
    known = facts("mcap_foxglove/kitti_json.facts.json")
    recording = opened(raw / "mcap_foxglove/kitti_json.mcap")
    lidar, camera = recording.sensors()
    sweeps, images = (list(recording.captures(sensor.name)) for sensor in (lidar, camera))

    topics = recording._bag.topics
    assert {name: (topic.schema, topic.count) for name, topic in topics.items()} == {
        name: (topic["schema"], topic["count"]) for name, topic in known["topics"].items()
    }
    for sweep, image, frame in zip(sweeps, images, known["frames"], strict=True):
        cloud: Any = recording.read(sweep)
        assert len(cloud) == frame["points"]
        assert cloud.xyz[0] == pytest.approx(frame["first_point"][:3], abs=1e-6)
        assert cloud.intensity[0] == frame["first_point"][3]
        first, last = frame["time_stamp_first_last"]
        assert cloud.timestamps[0] == pytest.approx(seconds_to_ns(first), abs=240)
        assert cloud.timestamps[-1] == pytest.approx(seconds_to_ns(last), abs=240)
        # The stamp is about the middle of the sweep.
        assert sweep.time_ns == pytest.approx(frame["lidar_ns"], abs=1_000_000)
        assert image.time_ns == frame["image_ns"]
        assert camera.optics.size == tuple(frame["size"])
        assert camera.optics.matrix == pytest.approx(np.array(frame["K"]), abs=1e-4)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("rosbag2_mcap/talker_no_sensors", r"/topic \(std_msgs/msg/String\)"),
        ("rosbag2_sqlite3/talker_no_sensors", r"/topic \(std_msgs/msg/String\)"),
        ("rosbag2_sqlite3/nebula_vlp32_packets", r"velodyne_packets \(velodyne_msgs/msg/VelodyneScan\)"),
    ],
)
def test_bags_without_anything_to_import(raw: Path, name: str, topic: str) -> None:
    """The message names the topics and their types."""
    with pytest.raises(RecordingError, match=rf"no topic with images or point clouds .*{topic}"):
        opened(raw / name).sensors()


WRITERS: dict[str, Callable[[Path], Any]] = {
    "mcap": lambda path: ros2_bag(path),
    "sqlite3": lambda path: ros2_bag(path, "sqlite3"),
    "ros1": lambda path: ros1_bag(path.with_suffix(".bag")),
}


@pytest.mark.parametrize("storage", WRITERS)
def test_a_generated_drive(tmp_path: Path, storage: str) -> None:
    """All containers tell the same: sensors, exact times, motion; a point of the world stays where it is."""
    with WRITERS[storage](tmp_path / "drive") as bag:
        write_drive(bag, frames=3, camera_hz=30)
    recording = opened(next(path for path in tmp_path.iterdir() if path.name.startswith("drive")))
    lidar, camera = recording.sensors()

    assert (lidar.name, camera.name) == ("lidar", "camera_front")
    assert recording.name == "drive"
    sweeps, images = list(recording.captures("lidar")), list(recording.captures("camera_front"))
    assert [sweep.time_ns for sweep in sweeps] == [START + frame * 100_000_000 for frame in range(3)]
    assert [image.time_ns for image in images] == [START + shot * 10**9 // 30 for shot in range(9)]
    trajectory = recording.trajectory()
    assert trajectory is not None
    for sweep in sweeps:
        cloud: Any = recording.read(sweep)
        assert cloud.timestamps.tolist() == [sweep.time_ns + offset * 10_000_000 for offset in range(-5, 6)]
        assert cloud.intensity.tolist() == [100] * 11
        moved = trajectory.move(lidar.pose.apply(cloud.xyz), cloud.timestamps.astype(np.int64), sweep.time_ns)
        world = trajectory.pose_at(sweep.time_ns).apply(moved)
        assert world == pytest.approx(np.tile([20, 2, 0], (11, 1)), abs=1e-5)
    picture: Any = recording.read(images[4])
    assert (picture.pixels[0, 0, 0], picture.pixels[15, 15, 0]) == (54, 200)
    # The camera looks forward.
    assert camera.pose.rotation[:, 2] == pytest.approx([1, 0, 0], abs=1e-9)
    assert recording.skipped == []
    recording.close()


def test_reading_needs_no_pass_over_the_bag(tmp_path: Path) -> None:
    """A reference of a scene file is read on its own, from any thread."""
    with ros2_bag(tmp_path / "drive") as bag:
        write_drive(bag)
    reference = next(iter(opened(tmp_path / "drive").captures("lidar"))).reference
    recording = opened(tmp_path / "drive")
    cloud: Any = recording.read(Capture(sensor="lidar", reference=reference))
    assert len(cloud) == 11
    assert "_index" not in vars(recording)
    with pytest.raises(RecordingError, match="no topic '/other'"):
        recording.read(Capture(sensor="lidar", reference="/other@1"))
    with pytest.raises(RecordingError, match=r"/lidar/points at 5: .*no such message any more"):
        recording.read(Capture(sensor="lidar", reference="/lidar/points@5"))


def test_bags_on_object_storage(tmp_path: Path) -> None:
    """MCAP is streamed by ranges, and so are databases and ROS 1 bags."""
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for storage, writer in WRITERS.items():
        with writer(tmp_path / storage) as bag:
            write_drive(bag)
    memory.put(f"{tmp_path}/", "/bags", recursive=True)
    from kognic.scenes.importers import open_recordings

    for kind, name in (("rosbag2", "mcap"), ("rosbag1", "ros1.bag"), ("rosbag2", "sqlite3")):
        (recording,) = open_recordings(kind, f"memory://bags/{name}")
        assert len(list(recording.captures("lidar"))) == 3
        cloud: Any = recording.read(next(iter(recording.captures("lidar"))))
        assert len(cloud) == 11


def test_split_files_are_one_recording(tmp_path: Path) -> None:
    """The files of a folder follow each other, the tenth after the second."""
    for number, shift in ((2, 0), (10, 1)):
        with ros2_bag(tmp_path / f"part{number}") as bag:
            for frame in range(2):
                now = START + (shift * 2 + frame) * 10**9
                table = np.ones(3, [("x", "f4"), ("y", "f4"), ("z", "f4")])
                bag.write("/points", now, bag.make.cloud(now, "lidar", table))
    folder = tmp_path / "drive"
    folder.mkdir()
    for number in (2, 10):
        shutil.copy(tmp_path / f"part{number}" / f"part{number}.mcap", folder / f"drive_{number}.mcap")
    recording = opened(folder)
    assert [capture.time_ns for capture in recording.captures("points")] == [
        START + n * 10**9 for n in range(4)
    ]
    assert recording._bag.topics["/points"].count == 4


def test_a_cut_mcap(tmp_path: Path) -> None:
    """What was recorded before the cut is imported; the cut is reported with its time."""
    with ros2_bag(tmp_path / "drive") as bag:
        for frame in range(50):
            now = START + frame * 100_000_000
            rng = np.random.default_rng(frame)
            pixels = rng.integers(0, 255, (300, 300, 3)).astype(np.uint8)
            bag.write("/camera/image_raw", now, bag.make.image(now, "camera", pixels, "rgb8"))
    data = (tmp_path / "drive" / "drive.mcap").read_bytes()
    (tmp_path / "cut.mcap").write_bytes(data[: len(data) * 2 // 3])
    recording = opened(tmp_path / "cut.mcap")
    captures = list(recording.captures("camera"))
    assert 5 < len(captures) < 50
    (skip,) = recording.skipped
    assert skip.time_ns == captures[-1].time_ns
    assert "cut off" in skip.reason
    picture: Any = recording.read(captures[-1])
    assert picture.pixels.shape == (300, 300, 3)
    (tmp_path / "stub.mcap").write_bytes(data[:30])
    with pytest.raises(RecordingError, match=r"stub.mcap: is not an MCAP file"):
        opened(tmp_path / "stub.mcap")
    (tmp_path / "text.mcap").write_bytes(b"hello world, this is not an MCAP file")
    with pytest.raises(RecordingError, match=r"text.mcap: is not an MCAP file"):
        opened(tmp_path / "text.mcap")


def test_cut_ros1_and_database(tmp_path: Path) -> None:
    """Neither can be read without its index: the message says what to do."""
    with ros1_bag(tmp_path / "drive.bag") as bag:
        write_drive(bag)
    data = (tmp_path / "drive.bag").read_bytes()
    (tmp_path / "cut.bag").write_bytes(data[: len(data) // 2])
    with pytest.raises(RecordingError, match=r"cut.bag: the bag cannot be opened: .*rosbag reindex"):
        opened(tmp_path / "cut.bag")
    with ros2_bag(tmp_path / "drive", "sqlite3") as bag:
        write_drive(bag, frames=20)
    path = tmp_path / "drive" / "drive.db3"
    path.write_bytes(path.read_bytes()[:6000])
    with pytest.raises(RecordingError, match="drive: "):
        opened(tmp_path / "drive").sensors()
    with pytest.raises(RecordingError, match=r"is not a bag; it must end in .mcap, .db3 or .bag"):
        opened(Path(__file__))
    with pytest.raises(RecordingError, match=r"no bag; the folder has no .mcap"):
        opened(Path(__file__).parent)


def _cloud(bag: Any, now: int, **columns: Any) -> Any:
    dtype = [
        ("x", "f4"),
        ("y", "f4"),
        ("z", "f4"),
        *((name, value.dtype.str[1:]) for name, value in columns.items()),
    ]
    count = len(next(iter(columns.values()))) if columns else 2
    table = np.ones(count, dtype)
    for name, value in columns.items():
        table[name] = value
    return bag.make.cloud(now, "lidar", table)


@pytest.mark.parametrize(
    ("name", "values", "first", "last"),
    [
        ("t", np.array([0, 100_000_000], "u4"), 0, 100_000_000),
        ("offset_time", np.array([5, 99_999_999], "u4"), 5, 99_999_999),
        ("time", np.array([-0.05, 0.05], "f4"), -50_000_001, 50_000_001),
        ("time", np.array([0, 100_000], "u4"), 0, 100_000_000),
        ("time_offset", np.array([0, 100], "u2"), 0, 100_000_000),
        ("timestamp", np.array([1.7e9, 1.7e9 + 0.125], "f8"), 0, 125_000_000),
        ("timestamp", np.array([1.7e18, 1.7e18 + 102_400], "f8"), 0, 102_400),
        ("t_us", np.array([0, 100_000], "f4"), 0, 100_000_000),
        ("stamp", np.array([START // 10**6, START // 10**6 + 100], "f8"), 0, 100_000_000),
    ],
)
def test_times_of_points(tmp_path: Path, name: str, values: np.ndarray, first: int, last: int) -> None:
    """The usual names and units, distinguished by the length of a sweep and the resulting year."""
    with ros2_bag(tmp_path / "drive") as bag:
        bag.write("/points", START, _cloud(bag, START, **{name: values}))
    recording = opened(tmp_path / "drive")
    (sweep,) = recording.captures("points")
    cloud: Any = recording.read(sweep)
    assert cloud.timestamps.astype(np.int64) - START == pytest.approx([first, last], abs=2)
    assert (sweep.start_ns - START, sweep.end_ns - START) == pytest.approx((first, last), abs=2)
    assert f"point timestamps: read from the field '{name}' (" in "\n".join(recording.notes)


def test_times_that_are_none(tmp_path: Path) -> None:
    """A column of zeros is no time: all points carry the stamp, and the notes say so."""
    with ros2_bag(tmp_path / "drive") as bag:
        bag.write("/points", START, _cloud(bag, START, time=np.zeros(4, "f4")))
    recording = opened(tmp_path / "drive")
    (sweep,) = recording.captures("points")
    cloud: Any = recording.read(sweep)
    assert (sweep.time_ns, sweep.start_ns) == (START, None)
    assert set(cloud.timestamps.tolist()) == {START}
    assert (
        "/points: points have no timestamps of their own; every point has the timestamp of its message"
        in recording.notes
    )


def test_odd_messages(tmp_path: Path) -> None:
    """Empty topics and clouds, unknown encodings, a clock that jumps, a stamp that comes twice, points
    without place."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        bag.add("/silent", "sensor_msgs/msg/Image")
        for frame in range(6):
            now = START + frame * 100_000_000
            shift = 3600 * 10**9 if frame == 3 else 0
            bag.write("/points", now, _cloud(bag, now + shift, intensity=np.array([0.5, 1.0], "f4")))
            bag.write("/odd/image_raw", now, make.image(now, "camera", np.zeros((4, 4), np.uint8), "32FC1"))
            bag.write("/video/compressed", now, make.compressed(now, "camera", b"\0\0\0\1gq", "h264"))
        bag.write("/points", START + 600_000_000, _cloud(bag, START + 500_000_000))
        bag.write(
            "/points",
            START + 700_000_000,
            make.cloud(START + 700_000_000, "lidar", np.zeros(0, [("x", "f4")])),
        )
        table = np.array([(np.nan, 0, 0), (0, 0, 0), (1, 2, 3)], [("x", "f4"), ("y", "f4"), ("z", "f4")])
        bag.write("/points", START + 800_000_000, make.cloud(START + 800_000_000, "lidar", table))
        bag.write("/points", START + 900_000_000, make.text("not a cloud"))
    recording = opened(tmp_path / "drive")
    sweeps = list(recording.captures("points"))
    assert [(sweep.time_ns - START) // 100_000_000 for sweep in sweeps] == [0, 1, 2, 4, 5, 8]
    cloud: Any = recording.read(sweeps[0])
    assert cloud.intensity.tolist() == [128, 255]
    cloud = recording.read(sweeps[-1])
    assert cloud.xyz.tolist() == [[1, 2, 3]]
    skipped = [str(skip) for skip in recording.skipped]
    assert "/silent: the topic has no messages" in skipped
    jump = f"/points at {START + 300_000_000}: the clock jumps: the stamp is +3600.000 s from where"
    assert any(text.startswith(jump) for text in skipped)
    assert f"/points at {START + 600_000_000}: the stamp is that of an earlier message" in skipped
    assert f"/points at {START + 700_000_000}: the cloud has no points" in skipped
    assert any(
        text.startswith(f"/points at {START + 900_000_000}: the message cannot be read") for text in skipped
    )
    assert f"/odd/image_raw at {START}: images in 32FC1 are measurements, such as depth" in "\n".join(skipped)
    assert any("no key frame before this frame of the video" in text for text in skipped)


def test_the_same_camera_raw_and_compressed(tmp_path: Path) -> None:
    """One of the two topics is taken, the other is reported."""
    with ros2_bag(tmp_path / "drive") as bag:
        for frame in range(2):
            now = START + frame * 100_000_000
            bag.write(
                "/cam/image_raw", now, bag.make.image(now, "camera", np.zeros((4, 4), np.uint8), "mono8")
            )
            bag.write("/cam/image_raw/compressed", now, bag.make.compressed(now, "camera", b"\xff\xd8\xff\0"))
    recording = opened(tmp_path / "drive")
    (camera,) = recording.sensors()
    assert camera.source == "/cam/image_raw/compressed"
    assert [str(skip) for skip in recording.skipped] == [
        "/cam/image_raw: the images are those of /cam/image_raw/compressed, which is taken (2 times)"
    ]


def test_transforms(tmp_path: Path) -> None:
    """Chains, slashes, odometry instead of transforms, a frame that nothing leads to, a frame with two
    parents."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        bag.write("/tf_static", START, make.transform(
            START,
            ("/base_link", "/kit", (1.0, 0.0, 0.0), IDENTITY),
            ("kit", "camera", (0.0, 0.0, 1.0), FORWARD),
            ("gps", "kit", (9.0, 0.0, 0.0), IDENTITY),
        ))  # fmt: skip
        for frame in range(3):
            now = START + frame * 100_000_000
            bag.write("/cam/image_raw", now, make.image(now, "camera", np.zeros((4, 4), np.uint8), "mono8"))
            bag.write("/lost/image_raw", now, make.image(now, "nowhere", np.zeros((4, 4), np.uint8), "mono8"))
            bag.write("/odom", now, make.odometry(now, "odom", "kit", (frame, 0.0, 0.0)))
    recording = opened(tmp_path / "drive", ego_frame="base_link")
    sensors = {sensor.name: sensor for sensor in recording.sensors()}
    # The last static transform of a frame counts, as in tf2.
    assert sensors["lost"].pose is None
    assert any("its parent is" in str(skip) for skip in recording.skipped)
    other = opened(tmp_path / "drive", ego_frame="kit")
    trajectory = other.trajectory()
    assert trajectory is not None
    assert trajectory.positions[:, 0].tolist() == [0, 1, 2]
    assert "ego poses: read from the topic /odom" in other.notes
    place = {sensor.name: sensor for sensor in other.sensors()}["cam"].pose
    assert place.position == pytest.approx([0, 0, 1])
    with pytest.raises(RecordingError, match="no frame 'mars' above 'kit'"):
        opened(tmp_path / "drive", ego_frame="kit", world_frame="mars").trajectory()
    with pytest.raises(RecordingError, match="rectified is 'maybe', must be auto, true or false"):
        opened(tmp_path / "drive", rectified="maybe")


def test_camera_infos(tmp_path: Path) -> None:
    """Binning and a region of interest change the matrix; P's fourth column moves a rectified camera."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        for name, model in (("a", "rational_polynomial"), ("b", "equidistant"), ("c", "magic")):
            info = make.info(
                START, name, (100, 60), d=[0.1] * (4 if name == "b" else 8), distortion_model=model
            )
            bag.write(f"/{name}/camera_info", START, info)
            bag.write(
                f"/{name}/image_raw", START, make.image(START, name, np.zeros((60, 100), np.uint8), "mono8")
            )
        binned = make.info(START, "d", (100, 60), binning=2, roi={"x_offset": 10, "y_offset": 4})
        bag.write("/d/camera_info", START, binned)
        bag.write("/d/image_raw", START, make.image(START, "d", np.zeros((30, 50), np.uint8), "mono8"))
        stereo = make.info(START, "e", (100, 60), p=[200, 0, 50, -40, 0, 200, 30, 0, 0, 0, 1, 0], d=[0.3] * 5)
        bag.write("/e/camera_info", START, stereo)
        bag.write("/e/image_rect", START, make.image(START, "e", np.zeros((60, 100), np.uint8), "mono8"))
        bag.write(
            "/tf_static",
            START,
            make.transform(START, *(("base_link", n, (0.0, 0.0, 0.0), IDENTITY) for n in "abcde")),
        )
    recording = opened(tmp_path / "drive")
    sensors = {sensor.name: sensor for sensor in recording.sensors()}
    assert sensors["c"].optics is None
    assert "/c/image_raw: the distortion model 'magic' is not known" in str(recording.skipped[0])
    assert (sensors["a"].optics.model, sensors["b"].optics.model) == ("rational", "kannala")
    assert sensors["d"].optics.matrix[0].tolist() == [50, 0, 20]
    assert sensors["d"].optics.matrix[1].tolist() == [0, 50, 13]
    assert sensors["d"].optics.size == (50, 30)
    assert sensors["e"].optics.matrix[0, 0] == 200
    assert sensors["e"].optics.distortion == ()
    # P[0, 3] = -fx B: the right camera, 0.2 m along x.
    assert sensors["e"].pose.position == pytest.approx([0.2, 0, 0])


def test_foxglove_in_json(tmp_path: Path) -> None:
    """A cloud with a pose of its own, a raw image, cubes in a sensor's frame, transforms one by one."""
    table = np.array([(1, 0, 0, 7)], [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("reflectivity", "u1")])
    fields = [{"name": n, "offset": i * 4, "type": 7} for i, n in enumerate("xyz")]
    fields.append({"name": "reflectivity", "offset": 12, "type": 1})
    quarter = {"x": 0, "y": 0, "z": 0.5**0.5, "w": 0.5**0.5}
    still = {"x": 0, "y": 0, "z": 0, "w": 1}
    path = write_json_mcap(
        tmp_path / "drive.mcap",
        [
            ("/tf", "foxglove.FrameTransform", START, {
                "timestamp": stamp(START), "parent_frame_id": "base_link", "child_frame_id": "lidar",
                "translation": {"x": 2, "y": 0, "z": 0}, "rotation": still}),
            ("/points", "foxglove.PointCloud", START, {
                "timestamp": stamp(START), "frame_id": "lidar", "point_stride": 13, "fields": fields,
                "pose": {"position": {"x": 0, "y": 0, "z": 1}, "orientation": quarter},
                "data": table.tobytes()}),
            ("/cam", "foxglove.RawImage", START, {
                "timestamp": stamp(START), "frame_id": "base_link", "width": 2, "height": 1,
                "encoding": "bgr8", "step": 6, "data": bytes([1, 2, 3, 4, 5, 6])}),
            ("/boxes", "foxglove.SceneUpdate", START, {"entities": [{
                "timestamp": stamp(START), "frame_id": "lidar", "id": "a",
                "metadata": [{"key": "class", "value": "car"}],
                "cubes": [{"pose": {"position": {"x": 1, "y": 2, "z": 3}, "orientation": still},
                           "size": {"x": 4, "y": 2, "z": 1.5}}]}]}),
            ("/custom", "team.Secret", START, {"a": 1}),
        ],
    )  # fmt: skip
    recording = opened(path, ego_frame="base_link")
    (sweep,) = recording.captures("points")
    cloud: Any = recording.read(sweep)
    assert cloud.xyz == pytest.approx(np.array([[0, 1, 1]]), abs=1e-7)
    assert cloud.intensity.tolist() == [7]
    (image,) = recording.captures("cam")
    picture = recording.read(image)
    assert isinstance(picture, Picture)
    assert picture.pixels.tolist() == [[[3, 2, 1], [6, 5, 4]]]
    (label,) = recording.labels()
    assert (label.category, label.system, label.size) == ("car", "ego", (4, 2, 1.5))
    assert label.centre == pytest.approx((3, 2, 3))
    assert "/custom: team.Secret is not an image, cloud, camera info, transform or odometry" in map(
        str, recording.skipped
    )
    assert {sensor.name: sensor.pose.position.tolist() for sensor in recording.sensors()}["points"] == [
        2,
        0,
        0,
    ]


@pytest.mark.slow
def test_ten_million_points(tmp_path: Path) -> None:
    """A cloud that is far larger than any sweep is still read."""
    count = 10_000_000
    table = np.zeros(count, [("x", "f4"), ("y", "f4"), ("z", "f4"), ("t", "u4")])
    table["x"] = np.arange(count) % 100 + 1
    table["t"] = np.arange(count) * 10
    with ros2_bag(tmp_path / "drive") as bag:
        bag.write("/points", START, bag.make.cloud(START, "lidar", table))
    recording = opened(tmp_path / "drive")
    (sweep,) = recording.captures("points")
    cloud: Any = recording.read(sweep)
    assert len(cloud) == count
    assert int(cloud.timestamps[-1]) == sweep.end_ns == START + (count - 1) * 10


def test_names_of_sensors() -> None:
    """The parts of a topic that tell sensors apart."""
    assert sensor_name("/sensing/camera/front/image_raw/compressed") == "camera_front"
    assert sensor_name("/velodyne_points") == "velodyne_points"
    assert sensor_name("/CAM_FRONT/image_rect_compressed") == "CAM_FRONT"
    assert sensor_name("/camera/image_raw") == "camera"
    assert sensor_name("/ouster/points") == "ouster"


def test_pictures_of_a_bag_open_in_pillow(tmp_path: Path) -> None:
    """A picture can be written as PNG and has the pixels of the message."""
    from kognic.scenes.importers.pictures import png_of

    with ros2_bag(tmp_path / "drive") as bag:
        write_drive(bag, frames=1)
    recording = opened(tmp_path / "drive")
    picture: Any = recording.read(next(iter(recording.captures("camera_front"))))
    (tmp_path / "a.png").write_bytes(png_of(picture))
    assert (np.array(Image.open(tmp_path / "a.png")) == picture.pixels).all()


def test_poses_without_the_name_of_a_frame(tmp_path: Path) -> None:
    """A topic of poses is about the vehicle; video streams are reported with what to do."""
    with ros2_bag(tmp_path / "drive") as bag:
        make = bag.make
        for frame in range(3):
            now = START + frame * 100_000_000
            bag.write(
                "/points", now, make.cloud(now, "lidar", np.ones(2, [("x", "f4"), ("y", "f4"), ("z", "f4")]))
            )
            odometry = make.odometry(now, "map", "", (2.0 * frame, 0.0, 0.0))
            pose = make.new("geometry_msgs/msg/PoseStamped", header=odometry.header, pose=odometry.pose.pose)
            bag.write("/localization/pose", now, pose)
    recording = opened(tmp_path / "drive")
    trajectory = recording.trajectory()
    assert trajectory is not None
    assert trajectory.positions[:, 0].tolist() == [0, 2, 4]
    assert "ego poses: read from the topic /localization/pose" in recording.notes
    assert (
        "coordinate frames: the vehicle is the frame 'lidar', the world is the frame 'map'" in recording.notes
    )
    still = {"x": 0, "y": 0, "z": 0, "w": 1}
    fields = [{"name": name, "offset": index * 4, "type": 7} for index, name in enumerate("xyz")]
    messages: list[tuple[str, str, int, Any]] = [
        ("/video", "foxglove.CompressedVideo", START, {"data": b"h264"})
    ]
    for frame in range(2):
        now = START + frame * 100_000_000
        points = {
            "timestamp": stamp(now),
            "frame_id": "lidar",
            "point_stride": 12,
            "fields": fields,
            "data": np.ones(6, "<f4").tobytes(),
        }
        messages.append(("/points", "foxglove.PointCloud", now, points))
        pose = {"position": {"x": frame, "y": 0, "z": 0}, "orientation": still}
        messages.append(
            ("/pose", "foxglove.PoseInFrame", now, {"timestamp": stamp(now), "frame_id": "map", "pose": pose})
        )
    recording = opened(write_json_mcap(tmp_path / "drive.mcap", messages))
    trajectory = recording.trajectory()
    assert trajectory is not None
    assert trajectory.positions[:, 0].tolist() == [0, 1]
    assert "the codec '' is not known" in next(
        str(skip) for skip in recording.skipped if skip.source == "/video"
    )


@pytest.mark.parametrize("storage", ["mcap", "sqlite3", "ros1"])
@pytest.mark.parametrize("package", ["livox_ros_driver2", "livox_ros_driver", "livox_interfaces"])
def test_livox_messages(tmp_path: Path, storage: str, package: str) -> None:
    """Points of CustomMsg with times to the nanosecond, laser returns without place left out."""
    path = tmp_path / ("drive.bag" if storage == "ros1" else "drive")
    opener = ros1_bag(path) if storage == "ros1" else ros2_bag(path, storage)
    points = [(0, 1.5, 2.5, -0.5, 17), (50_000_123, 4.0, 0.0, 1.0, 255), (99_999_999, 0.0, 0.0, 0.0, 0)]
    with opener as bag:
        make = bag.make
        with_livox(make.store, package)
        for frame in range(2):
            now = START + frame * 100_000_000
            bag.write("/livox/lidar", now + 5, livox(make, package, now, points))
        bag.write("/video", START, video(make))

    recording = opened(path)
    first, second = recording.captures("livox_lidar")
    cloud: Any = recording.read(second)

    assert cloud.xyz.tolist() == [[1.5, 2.5, -0.5], [4.0, 0.0, 1.0]]
    assert cloud.intensity.tolist() == [17, 255]
    assert [int(time) - START for time in cloud.timestamps] == [100_000_000, 150_000_123]
    assert (first.start_ns, first.end_ns) == (START, START + 99_999_999)
    assert (
        "/livox/lidar: point timestamps: read from the field 'offset_time' (ns since the timestamp of the "
        "message)"
    ) in recording.notes
    (skip,) = [skip for skip in recording.skipped if "/video" in str(skip)]
    assert "there is no key frame before this frame of the video" in str(skip)


def test_livox_messages_without_their_definition() -> None:
    """Databases of older ROS 2 name the type alone."""
    make = Messages(ROS2)
    with_livox(ROS2, "livox_ros_driver2")
    name = "livox_ros_driver2/msg/CustomMsg"
    message = livox(make, "livox_ros_driver2", START, [(7, 1.0, 2.0, 3.0, 9)])
    data = bytes(ROS2.serialize_cdr(message, name))

    store = get_typestore(Stores.LATEST)
    decode = decoders.decoder_of(store, "cdr", name, "")

    assert decode is not None
    assert (decode(data).points[0].offset_time, decode(data).points[0].reflectivity) == (7, 9)


def with_livox(store: Any, package: str) -> None:
    """Types of Livox's driver, from its message files, and of a video."""
    point = "uint32 offset_time\nfloat32 x\nfloat32 y\nfloat32 z\nuint8 reflectivity\nuint8 tag\nuint8 line"
    message = (
        "std_msgs/Header header\nuint64 timebase\nuint32 point_num\nuint8 lidar_id\nuint8[3] rsvd\n"
        f"{package}/CustomPoint[] points"
    )
    video = "std_msgs/Header header\nstring encoding\nuint8[] data"
    for text, name in (
        (point, f"{package}/msg/CustomPoint"),
        (message, f"{package}/msg/CustomMsg"),
        (video, "ffmpeg_image_transport_msgs/msg/FFMPEGPacket"),
    ):
        if name not in store.types:
            store.register(get_types_from_msg(text, name))


def livox(make: Messages, package: str, now: int, points: list[tuple[Any, ...]]) -> Any:
    """A CustomMsg; points are offset, x, y, z, reflectivity."""
    names = ("offset_time", "x", "y", "z", "reflectivity")
    return make.new(
        f"{package}/msg/CustomMsg",
        header=make.header(now, "livox_frame"),
        timebase=now,
        point_num=len(points),
        lidar_id=0,
        rsvd=np.zeros(3, np.uint8),
        points=[
            make.new(f"{package}/msg/CustomPoint", **dict(zip(names, point, strict=True)), tag=16, line=0)
            for point in points
        ],
    )


def video(make: Messages) -> Any:
    return make.new(
        "ffmpeg_image_transport_msgs/msg/FFMPEGPacket",
        header=make.header(START, "camera"),
        encoding="h264",
        data=np.frombuffer(b"\0\0\0\1", np.uint8),
    )


def test_ros1_messages_in_an_mcap(tmp_path: Path) -> None:
    """What `mcap convert` makes of a ROS 1 bag."""
    make = Messages(ROS1)
    cloud = make.cloud(START, "lidar", np.ones(3, [("x", "f4"), ("y", "f4"), ("z", "f4")]))
    with (tmp_path / "drive.mcap").open("wb") as file:
        writer = McapWriter(file, compression=CompressionType.ZSTD)
        writer.start()
        schema = writer.register_schema("sensor_msgs/PointCloud2", "ros1msg", b"")
        channel = writer.register_channel("/points", "ros1", schema)
        data = bytes(ROS1.serialize_ros1(cloud, "sensor_msgs/msg/PointCloud2"))
        writer.add_message(channel, START, data, START)
        writer.finish()
    recording = opened(tmp_path / "drive.mcap")
    (sweep,) = recording.captures("points")
    assert len(recording.read(sweep)) == 3  # type: ignore[arg-type]


def test_an_mcap_without_chunks(tmp_path: Path) -> None:
    """Messages may lie in the file as they are."""
    make = Messages(ROS2)
    with (tmp_path / "drive.mcap").open("wb") as file:
        writer = McapWriter(file, use_chunking=False)
        writer.start()
        schema = writer.register_schema("sensor_msgs/msg/PointCloud2", "ros2msg", b"")
        channel = writer.register_channel("/points", "cdr", schema)
        for frame in range(3):
            now = START + frame * 100_000_000
            cloud = make.cloud(now, "lidar", np.ones(3, [("x", "f4"), ("y", "f4"), ("z", "f4")]))
            data = bytes(ROS2.serialize_cdr(cloud, "sensor_msgs/msg/PointCloud2"))
            writer.add_message(channel, now, data, now)
        writer.finish()
    recording = opened(tmp_path / "drive.mcap")
    sweeps = list(recording.captures("points"))
    assert [sweep.time_ns for sweep in sweeps] == [START + frame * 100_000_000 for frame in range(3)]
    assert len(recording.read(sweeps[2])) == 3  # type: ignore[arg-type]
