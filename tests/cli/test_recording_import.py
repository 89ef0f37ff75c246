"""`kognic import`, and what the other commands make of its scene files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from kognic.io.client import KognicIOClient
from kognic.sandbox import Sandbox
from kognic.scenes.scene_file import load_scene_file
from kognic.viewer.load import source_of
from tests.scenes.importers.bag_writing import START, ros1_bag, ros2_bag, write_drive

Run = Callable[..., Result]
RunJson = Callable[..., Any]


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """A recording of four sweeps."""
    with ros2_bag(tmp_path / "drive") as writer:
        write_drive(writer, frames=4)
        writer.write("/status", START, writer.make.text("fine"))
    return tmp_path / "drive"


@pytest.fixture
def scene(run: Run, bag: Path, tmp_path: Path) -> Path:
    """The scene file of the recording."""
    run("import", "rosbag2", str(bag), str(tmp_path / "scenes"))
    return tmp_path / "scenes" / "drive" / "scene.json"


@pytest.mark.slow
def test_what_is_printed(run: Run, run_json: RunJson, bag: Path, tmp_path: Path) -> None:
    """Results go to standard output, what was converted and left out to standard error."""
    result = run("import", "rosbag2", str(bag), str(tmp_path / "out"), "--tolerance", "20")
    path = tmp_path / "out" / "drive" / "scene.json"
    assert result.stdout.splitlines()[:2] == [
        f"{path}: lidars_and_cameras_sequence, 4 frames",
        "  lidar 4, camera_front 4",
    ]
    assert (
        "frames: one per capture of lidar, with the capture of each other sensor that is nearest in time"
        in result.stderr
    )
    assert "at most 20 ms away" in result.stderr
    assert "skipped: /status: std_msgs/msg/String is not an image" in result.stderr
    (printed,) = run_json("import", "rosbag2", str(bag), str(tmp_path / "json"))
    assert printed["sensors"] == {"lidar": 4, "camera_front": 4}
    assert printed["left_out"][0]["source"] == "/status"
    formats = run("import", "--formats").stdout
    assert "nuscenes" in formats
    assert "ego_frame, world_frame, rectified" in formats


def test_options(run: Run, run_json: RunJson, bag: Path, tmp_path: Path) -> None:
    """Splitting, forms, formats of clouds, options of the format."""
    out = str(tmp_path / "a")
    split = run_json("import", "rosbag2", str(bag), out, "--split-every", "0.2", "--external-id", "part")
    assert [(scene["external_id"], scene["frames"]) for scene in split] == [("part-000", 2), ("part-001", 2)]
    at = f"{START + 150_000_000},2023-11-14T22:13:20.25Z"
    split = run_json("import", "rosbag2", str(bag), str(tmp_path / "b"), "--split-at", at)
    assert [scene["frames"] for scene in split] == [2, 1, 1]
    frames = run_json("import", "rosbag2", str(bag), str(tmp_path / "c"), "--as", "frames", "--every", "2")
    assert [scene["type"] for scene in frames] == ["lidars_and_cameras"] * 2
    arguments = ("--cloud-format", "csv", "--sensor", "lidar", "--imu-rate", "0", "-o", "ego-frame=lidar")
    (only,) = run_json("import", "rosbag2", str(bag), str(tmp_path / "d"), *arguments)
    assert (only["type"], only["imu_samples"]) == ("lidars_sequence", 0)
    assert all(name.endswith(".csv") for name in load_scene_file(only["path"]).files)
    document = json.loads(Path(only["path"]).read_text())
    assert document["recording"]["options"] == {"ego_frame": "lidar"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing", "{bag}"), "'nothing' is not a format that can be imported; there are: argoverse2"),
        (("rosbag2", "{bag}/missing"), "there is no such file or folder"),
        (("rosbag2", "{bag}", "-o", "ego"), "--option is 'ego', must be NAME=VALUE"),
        (("rosbag2", "{bag}", "-o", "frame=a"), "rosbag2 has no option 'frame'; it has: ego_frame"),
        (("rosbag1", "{bag}"), "drive: is MCAP, which 'rosbag1' does not read; use the format 'rosbag2'"),
        (("rosbag2", "{bag}", "-o", "imu=/gyro"), "no topic '/gyro' with an IMU; there are: /tf_static"),
        (("rosbag2", "{bag}", "-o", "ego_frame=car"), "no frame 'car'; there are: base_link, camera_optical"),
        (("rosbag2", "{bag}", "--split-every", "0"), "--split-every is 0.0, must be more than 0 seconds"),
        (
            ("rosbag2", "{bag}", "--split-at", "noon"),
            "--split-at: 'noon' is neither Unix nanoseconds nor a date",
        ),
        (
            ("rosbag2", "{bag}", "--sensor", "radar"),
            "drive has no sensor 'radar'; it has: lidar, camera_front",
        ),
    ],
)
def test_mistakes(run: Run, bag: Path, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    """One line each, with what there is."""
    given = [argument.format(bag=bag) for argument in arguments]
    result = run("import", *given[:2], str(tmp_path / "out"), *given[2:], status=1)
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_scenes_of_a_recording_are_uploaded(
    run: Run, run_json: RunJson, scene: Path, kognic_sandbox: Sandbox, kognic_client: KognicIOClient
) -> None:
    """The platform receives the files that the recording makes, and accepts them."""
    run("check", str(scene), "--full")
    printed = run_json("scene", "create", str(scene), "--project", "sandbox-project")
    assert printed["status"] == "created"
    assert printed["files"] == 8
    stored = kognic_sandbox.control.stored_files(printed["scene_uuid"])
    for name, file in load_scene_file(scene).files.items():
        made: Any = file
        assert stored[name]["sha256"] == hashlib.sha256(made.load()).hexdigest()
    poses = kognic_client.scene.get_ego_poses(printed["scene_uuid"])
    assert poses is not None
    assert len(poses) == 4


def test_a_list_of_what_there_is(run: Run, run_json: RunJson, bag: Path) -> None:
    """Sensors with rates, topics with their uses, coordinate frames and poses; nothing is written."""
    printed = run("import", "rosbag2", str(bag), "--list").stdout
    (front,) = (line.split() for line in printed.splitlines() if line.startswith("camera_front"))
    assert front[1:5] == ["camera", "/camera/front/image_raw", "4", "10.00"]
    assert front[5].startswith("2023-11-14T22:13:20.00")
    assert "  map\n    base_link\n      camera_optical\n      lidar\n" in printed
    (contents,) = run_json("import", "rosbag2", str(bag), "--list")
    lidar, camera = contents["sensors"]
    assert (lidar["name"], lidar["kind"], lidar["count"], lidar["is_placed"]) == ("lidar", "lidar", 4, True)
    assert (lidar["start_ns"], lidar["end_ns"], lidar["rate_hz"]) == (START, START + 300_000_000, 10.0)
    assert (camera["lens"], camera["type"]) == ("pinhole 80x40", "sensor_msgs/msg/Image")
    uses = {topic["name"]: (topic["count"], topic["use"]) for topic in contents["topics"]}
    assert uses["/tf"] == (52, "transforms")
    assert uses["/status"] == (1, "")
    assert contents["coordinate_frames"]["camera_optical"] == "base_link"
    assert contents["poses"]["rate_hz"] == 100.0
    assert list(bag.parent.iterdir()) == [bag]
    assert "Missing argument 'OUT'" in run("import", "rosbag2", str(bag), status=2).stderr


def test_a_list_of_nothing_to_import(run: Run, run_json: RunJson, tmp_path: Path) -> None:
    """Topics are listed even if none can be imported, with the reason."""
    with ros2_bag(tmp_path / "talk") as writer:
        writer.write("/chatter", START, writer.make.text("hello"))
    (contents,) = run_json("import", "rosbag2", str(tmp_path / "talk"), "--list")
    assert contents["sensors"] == []
    assert "no topic with images or point clouds" in contents["problem"]
    assert contents["topics"] == [{"name": "/chatter", "type": "std_msgs/msg/String", "count": 1, "use": ""}]
    assert "no topic with images" in run("import", "rosbag2", str(tmp_path / "talk"), "--list").stderr


def test_notes_are_printed_once(run: Run, bag: Path, tmp_path: Path) -> None:
    """Scenes of one recording share most of them."""
    result = run("import", "rosbag2", str(bag), str(tmp_path / "out"), "--split-every", "0.1")
    assert len(result.stdout.splitlines()) == 12
    lines = result.stderr.splitlines()
    assert len(lines) == len(set(lines))


def test_times_to_split_at_that_are_outside(run: Run, bag: Path, tmp_path: Path) -> None:
    """Each is reported with the times of the frames: seconds for nanoseconds are an easy mistake."""
    at = f"1700000000,{START + 100_000_000}"
    result = run("import", "rosbag2", str(bag), str(tmp_path / "out"), "--split-at", at)
    assert "the time to split at, 1970-01-01T00:00:01.700000000Z, is not between its frames" in result.stderr
    assert f"from {START} (2023-11-14T22:13:20.000000000Z) to {START + 300_000_000}" in result.stderr
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["drive-000", "drive-001"]


@pytest.mark.slow
def test_scenes_of_a_recording_share_a_calibration(
    run: Run, bag: Path, tmp_path: Path, kognic_client: KognicIOClient
) -> None:
    """However it is split: the platform gets one."""
    out = tmp_path / "out"
    run("import", "rosbag2", str(bag), str(out), "--split-every", "0.2")
    run("import", "rosbag2", str(bag), str(out), "--external-id", "again", "--every", "2")
    documents = [json.loads(path.read_text()) for path in sorted(out.rglob("calibration.json"))]
    (name,) = {document["external_id"] for document in documents}
    assert len(documents) == 3
    assert name.startswith("drive-")
    run("bulk", "run", str(out), "--journal", str(tmp_path / "run.journal"))
    found = kognic_client.calibration.get_calibrations()
    assert [entry.external_id for entry in found if "drive" in entry.external_id] == [name]


@pytest.mark.slow
def test_bulk_runs_take_imported_scenes(run: Run, scene: Path, tmp_path: Path, bag: Path) -> None:
    """A folder of imported scenes is one run."""
    run(
        "import", "rosbag2", str(bag), str(scene.parents[1]), "--external-id", "other", "--split-every", "0.2"
    )
    result = run("bulk", "run", str(scene.parents[1]), "--journal", str(tmp_path / "run.journal"))
    assert "3 " in result.output


def test_previews_show_imported_scenes(run: Run, scene: Path, tmp_path: Path) -> None:
    """Images and clouds that are made on the fly are drawn."""
    run("preview", str(scene), "--output", str(tmp_path / "pictures"))
    assert len(list((tmp_path / "pictures").rglob("*.png"))) == 8


def test_the_viewer_takes_imported_scenes(scene: Path) -> None:
    """Points with their times, images as they are made, poses and the calibration."""
    source = source_of(scene)
    frame = source.frame(1)
    (cloud,) = frame.clouds
    (picture,) = frame.pictures
    assert (cloud.lidar, cloud.total, cloud.message) == ("lidar", 11, "")
    assert (picture.camera, picture.width, picture.height) == ("camera_front", 80, 40)
    assert picture.content is not None
    assert [lidar.name for lidar in source.scene.lidars] == ["lidar"]


def test_a_ros1_bag(run_json: RunJson, tmp_path: Path) -> None:
    """The other ROS."""
    with ros1_bag(tmp_path / "old.bag") as writer:
        write_drive(writer, frames=2)
    (printed,) = run_json(
        "import", "rosbag1", str(tmp_path / "old.bag"), str(tmp_path / "out"), "--materialize"
    )
    assert (printed["external_id"], printed["frames"]) == ("old", 2)
    assert len(list((tmp_path / "out" / "old" / "lidar").iterdir())) == 2
