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


def test_what_is_printed(run: Run, run_json: RunJson, bag: Path, tmp_path: Path) -> None:
    """Results go to standard output, what was converted and left out to standard error."""
    result = run("import", "rosbag2", str(bag), str(tmp_path / "out"), "--tolerance", "20")
    path = tmp_path / "out" / "drive" / "scene.json"
    assert result.stdout.splitlines()[:2] == [
        f"{path}: lidars_and_cameras_sequence, 4 frames",
        "  lidar 4, camera_front 4",
    ]
    assert "frames: one per capture of lidar; others are the nearest within 20 ms" in result.stderr
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
