"""Folders as people have them, and the scenes that they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kognic.scenes.drafting.draft import Draft, draft_scene
from kognic.scenes.drafting.names import read_names
from kognic.scenes.drafting.writing import yaml_of
from kognic.scenes.scene_file import load_scene_file

START = 1_533_151_603_512_404_000


def folder_of(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "my drive"
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x,y,z\n" if name.endswith(".csv") else b"x")
    return folder


def written(folder: Path, draft: Draft) -> Any:
    """What the file of a draft holds; its structure passes the check but for what has to be filled in."""
    path = folder / "scene.yaml"
    path.write_text(yaml_of(draft, folder, path), "utf-8")
    report = load_scene_file(path).check(groups=("structure",))
    assert [one for one in report.errors if one.value != "FILL-IN"] == [], report.to_table()
    return yaml.safe_load(path.read_text("utf-8"))


def two(*names: str) -> list[str]:
    return [name.format(number) for name in names for number in range(2)]


@pytest.mark.parametrize(
    ("names", "scene_type", "sensors"),
    [
        (["a.png"], "cameras", {"a": 1}),
        (["front.jpg", "left.jpg"], "cameras", {"front": 1, "left": 1}),
        (["cam1.png", "cam2.png"], "cameras", {"cam1": 1, "cam2": 1}),
        (["000123.pcd"], "lidars", {"lidar": 1}),
        (["cloud.csv", "front.webp"], "lidars_and_cameras", {"cloud": 1, "front": 1}),
        (two("{:03}.png"), "cameras_sequence", {"camera": 2}),
        (two("frame{}.png"), "cameras_sequence", {"frame": 2}),
        (two("lidar/{:06}.laz"), "lidars_sequence", {"lidar": 2}),
        # A folder for each sensor, as in KITTI.
        (
            two("image_02/data/{:010}.png", "image_03/data/{:010}.png", "velodyne_points/data/{:010}.pcd"),
            "lidars_and_cameras_sequence",
            {"image_02": 2, "image_03": 2, "velodyne_points": 2},
        ),
        (
            two("images/front/{:03}.png", "lidars/top/{:03}.pcd"),
            "lidars_and_cameras_sequence",
            {"front": 2, "top": 2},
        ),
        # All in one folder.
        (two("front_{:03}.png", "{:03}_left.png"), "cameras_sequence", {"front": 2, "left": 2}),
        (two("cam0_{:04}.png", "cam1_{:04}.png"), "cameras_sequence", {"cam0": 2, "cam1": 2}),
        # A folder for each frame.
        (two("{:03}/front.png", "{:03}/roof.pcd"), "lidars_and_cameras_sequence", {"front": 2, "roof": 2}),
        # The same name for a camera and a lidar.
        (
            two("front/{}.png", "front/{}.pcd"),
            "lidars_and_cameras_sequence",
            {"front_camera": 2, "front_lidar": 2},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)  # fmt: skip
def test_layouts(tmp_path: Path, names: list[str], scene_type: str, sensors: dict[str, int]) -> None:
    """Sensors by folder or by name, frames by number; each file is used once."""
    folder = folder_of(tmp_path, *names)
    draft = draft_scene(folder)
    assert (draft.type, draft.sensors, draft.left_out) == (scene_type, sensors, [])

    scene = written(folder, draft)
    frames = scene.get("frames") or [scene["frame"]]
    used = [
        file["filename"]
        for frame in frames
        for kind in ("images", "point_clouds")
        for file in frame.get(kind, ())
    ]
    assert sorted(used) == sorted(names)
    assert scene["external_id"] == "my drive"


def test_times_in_names(tmp_path: Path) -> None:
    """Unix times in any unit become timestamps; the nearest image belongs to a sweep, others are left out."""
    sweeps = [f"lidar/{(START + index * 100_000_000) // 1000}.pcd" for index in range(3)]
    images = [f"cam/{index}_{(START + index * 100_000_000) / 1e9 + 0.01:.6f}.jpg" for index in range(3)]
    folder = folder_of(
        tmp_path, *sweeps, *images, f"cam/3_{START / 1e9 + 5:.6f}.jpg", "overview.png", "notes.txt"
    )
    draft = draft_scene(folder)

    scene = written(folder, draft)
    assert [frame["unix_timestamp"] for frame in scene["frames"]] == [
        START + index * 100_000_000 for index in range(3)
    ]
    assert [frame["relative_timestamp"] for frame in scene["frames"]] == [0, 100, 200]
    assert [frame["images"][0]["filename"] for frame in scene["frames"]] == images
    assert len(draft.left_out) == 3
    assert any("farther than 52 ms" in text for text in draft.left_out)
    assert "overview.png: no number in its name says which frame it belongs to" in draft.left_out


def test_numbers_that_differ(tmp_path: Path) -> None:
    """Without a common number, files belong together by their order."""
    folder = folder_of(tmp_path, "front/10.png", "front/20.png", "lidar/7.pcd", "lidar/8.pcd")
    draft = draft_scene(folder)
    assert [(frame.images[0].path, frame.clouds[0].path) for frame in draft.frames] == [
        ("front/10.png", "lidar/7.pcd"),
        ("front/20.png", "lidar/8.pcd"),
    ]
    assert any("by their order" in guess for guess in draft.guesses)


def test_order_is_that_of_numbers(tmp_path: Path) -> None:
    draft = draft_scene(folder_of(tmp_path, *(f"frame_{number}.png" for number in (10, 9, 100))))
    assert [frame.images[0].path for frame in draft.frames] == [
        "frame_9.png",
        "frame_10.png",
        "frame_100.png",
    ]


def test_what_lies_beside(tmp_path: Path) -> None:
    """Documents are recognised by their content; sensors take the names of the calibration."""
    folder = folder_of(tmp_path, *two("images/front_wide/{:03}.png", "lidar/{:03}.pcd"), "poses.csv")
    (folder / "poses.csv").write_text("t,x,y,z,qw,qx,qy,qz\n")
    pose = {"position": {"x": 0, "y": 0, "z": 0}, "rotation_quaternion": {"w": 1, "x": 0, "y": 0, "z": 0}}
    camera = {
        **pose, "calibration_type": "pinhole", "image_width": 2, "image_height": 2,
        "camera_matrix": {"fx": 1, "fy": 1, "cx": 1, "cy": 1},
        "distortion_coefficients": dict.fromkeys(("k1", "k2", "p1", "p2", "k3"), 0),
    }  # fmt: skip
    sensors = {"FRONT-WIDE": camera, "TOP": {**pose, "calibration_type": "lidar"}}
    (folder / "rig.yaml").write_text(yaml.safe_dump({"external_id": "rig", "sensors": sensors}))
    (folder / "imu.json").write_text(json.dumps([{**pose, "timestamp": START}]))
    (folder / "boxes.json").write_text(json.dumps({"openlabel": {}}))
    draft = draft_scene(folder)

    assert (draft.calibration, draft.pre_annotation, draft.imu_data) == ("rig.yaml", "boxes.json", None)
    assert set(draft.sensors) == {"FRONT-WIDE", "TOP"}
    assert draft.left_out == [
        "poses.csv: not part of a scene",
        "imu.json: IMU data, but the scene cannot use it: frames have no Unix times",
    ]
    assert written(folder, draft)["calibration"] == "rig.yaml"


def test_an_invalid_calibration_is_named(tmp_path: Path) -> None:
    """With the reason; it is neither used nor passed over."""
    folder = folder_of(tmp_path, "a.png", "b.pcd")
    pose = {"position": {"x": 0, "y": 0, "z": 0}, "rotation_quaternion": {"w": 1, "x": 0, "y": 0, "z": 0}}
    camera = {**pose, "calibration_type": "pinhole", "image_width": 2, "image_height": 2}
    (folder / "rig.json").write_text(json.dumps({"external_id": "rig", "calibration": {"a": camera}}))
    (folder / "notes.json").write_text("{}")

    left_out = draft_scene(folder).left_out

    assert left_out[0] == "notes.json: not part of a scene"
    assert left_out[1].startswith("rig.json: an invalid calibration: ")
    assert "camera_matrix" in left_out[1]


def test_a_document_that_is_cut_off_is_named(tmp_path: Path) -> None:
    """With the line; it may be the calibration."""
    folder = folder_of(tmp_path, "a.png", "b.pcd")
    (folder / "calib.json").write_text('{\n "external_id": ')
    assert draft_scene(folder).left_out == ["calib.json: line 2: is not JSON: Expecting value"]


@pytest.mark.parametrize(
    ("calibrated", "expected"),
    [
        # Words such as `cam` name the kind.
        (["cam_front", "CAM_LEFT"], {"cam_front", "CAM_LEFT"}),
        (["front_wide_camera", "left_wide_camera"], {"front_wide_camera", "left_wide_camera"}),
        # Two are meant as well as each other.
        (["front_near", "front_far", "cam_left", "cam_rear"], {"front", "cam_left"}),
        # One name for two sensors.
        (["front_left", "rear", "roof"], {"front", "left"}),
    ],
)
def test_names_of_the_calibration(tmp_path: Path, calibrated: list[str], expected: set[str]) -> None:
    """The one that is like the sensor's is taken, and said to be a guess; else the candidates are listed."""
    folder = folder_of(tmp_path, *two("front/{:03}.png", "left/{:03}.png"))
    pose = {"position": {"x": 0, "y": 0, "z": 0}, "rotation_quaternion": {"w": 1, "x": 0, "y": 0, "z": 0}}
    camera = {**pose, "calibration_type": "cylindrical", "image_width": 2, "image_height": 2,
              "camera_matrix": {"fx": 1, "fy": 1, "cx": 1, "cy": 1}}  # fmt: skip
    rig = {"external_id": "rig", "sensors": dict.fromkeys(calibrated, camera)}
    (folder / "rig.json").write_text(json.dumps(rig))
    draft = draft_scene(folder)
    assert set(draft.sensors) == expected
    for name in ("front", "left"):
        text = " ".join(draft.to_fill_in if name in expected else draft.guesses)
        assert (f"sensor_name {name}: the calibration has no such camera" if name in expected
                else f"{name} is called ") in text  # fmt: skip


def test_a_draft_does_not_pass_the_check(tmp_path: Path) -> None:
    """What only a person knows has to be filled in first."""
    folder = folder_of(tmp_path, "a.png", "b.pcd")
    path = tmp_path / "scene.yaml"
    path.write_text(yaml_of(draft_scene(folder), folder, path))

    found = load_scene_file(path).check(groups=("structure",)).errors
    assert [(one.code, one.value) for one in found] == [("scene-calibration-missing", "FILL-IN")]


def test_a_calibration_that_is_missing(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a.png", "b.pcd")
    draft = draft_scene(folder)
    assert draft.to_fill_in[0].startswith("calibration_id: the UUID")
    assert written(folder, draft)["calibration_id"] == "FILL-IN"


def test_names_of_strangers(tmp_path: Path) -> None:
    """Whatever a file is called, the YAML is valid and names that file."""
    names = [
        "# no.png",
        "yes/on.png",
        'q"uote\\.png',
        "two\nlines.png",
        "überbau.png",
        "{a: b}.png",
        "0x10.png",
    ]
    folder = folder_of(tmp_path, *names)
    scene = written(folder, draft_scene(folder))
    assert sorted(image["filename"] for image in scene["frame"]["images"]) == sorted(names)


def test_index_beside_a_time() -> None:
    """Both say when; a number in a folder says which sensor."""
    found = read_names([f"cam{cam}/{index:03}_{START + index}.png" for cam in (1, 2) for index in range(3)])
    assert {named.sensor for named in found} == {("cam1",), ("cam2",)}
    assert {len(named.moment) for named in found} == {2}


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds neither images"):
        draft_scene(folder_of(tmp_path, "notes.txt"))
    with pytest.raises(NotADirectoryError, match="is not a folder"):
        draft_scene(tmp_path / "missing")
