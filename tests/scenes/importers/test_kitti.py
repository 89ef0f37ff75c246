"""KITTI against the facts of the samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kognic._core.scene_errors import RecordingError
from kognic.scenes.geometry.poses import Rigid, quaternion_of, rotation_matrix
from kognic.scenes.importers.building import ImportOptions
from kognic.scenes.importers.kitti import open_object, open_odometry, open_raw
from kognic.scenes.importers.writing import import_recordings
from kognic.scenes.scene_file import load_scene_file
from tests.scenes.importers.conftest import visible


@pytest.mark.shared
def test_object_frame(raw: Path, facts: Any, pixels: Any) -> None:
    """Points, camera, projection and labels of the object benchmark are those of the sample's facts."""
    known = facts("kitti_object/facts.json")
    (recording,) = open_object(raw / "kitti_object")
    (frame,) = recording.frames()
    sweep, image = frame.captures["velodyne"], frame.captures["image_2"]

    cloud: Any = recording.read(sweep)
    assert frame.name == "000002"
    assert frame.time_ns is None
    assert len(cloud) == known["points"] == 126_891
    assert cloud.xyz[known["point_index"]] == pytest.approx(known["point_xyz_r"][:3], abs=1e-6)
    assert cloud.intensity[known["point_index"]] == round(known["point_xyz_r"][3] * 255)
    assert recording.read(image) == raw / "kitti_object/training/image_2/000002.png"

    camera = {sensor.name: sensor for sensor in recording.sensors_of(frame)}["image_2"]
    assert camera.optics.matrix[0, 0] == known["P2_fx"]
    expected = np.array(known["T_cam2_from_velo"])
    assert camera.pose.inverse().rotation == pytest.approx(expected[:3, :3], abs=2e-6)
    assert camera.pose.inverse().position == pytest.approx(expected[:3, 3], abs=2e-6)

    found = pixels(recording, sweep, image, motion=False, sizes={"image_2": tuple(known["image_size"])})
    assert found[known["point_index"]] == pytest.approx(known["point_uv"], abs=0.05)
    assert visible(found) == pytest.approx(known["points_in_image_2"], abs=3)


@pytest.mark.shared
def test_object_labels(raw: Path, facts: Any) -> None:
    """Labels become boxes in the lidar's system that hold the points they were drawn around."""
    (recording,) = open_object(raw / "kitti_object")
    (frame,) = recording.frames()
    labels = list(recording.labels())
    cloud: Any = recording.read(frame.captures["velodyne"])

    assert [label.category for label in labels] == ["Misc", "Car"]
    inside = []
    for label, text in zip(labels, facts("kitti_object/facts.json")["labels"], strict=True):
        words = text.split()
        assert label.size == (float(words[10]), float(words[9]), float(words[8]))
        assert label.boxes["image_2"] == tuple(map(float, words[4:8]))
        assert label.centre is not None
        box = Rigid(rotation_matrix(label.rotation), np.array(label.centre)).inverse()
        inside.append(
            int((np.abs(box.apply(cloud.xyz)) <= np.array(label.size) / 2 + 0.05).all(axis=1).sum())
        )
        # The box stands upright in the lidar's system, as far as the road does.
        assert rotation_matrix(label.rotation)[2, 2] > 0.99
    # Counted by the makers of the samples with their own code, 5 cm around the boxes included.
    assert inside == [1405, 82]


@pytest.mark.shared
def test_raw_drive(raw: Path, facts: Any, pixels: Any) -> None:
    """Times to the nanosecond, poses by the development kit's rule, rectified cameras without distortion."""
    folder = "kitti_raw/2011_09_26/2011_09_26_drive_9001_sync"
    known = facts(f"{folder}/facts.json")
    (recording,) = open_raw(raw / folder)
    sensors = {sensor.name: sensor for sensor in recording.sensors()}
    frames = list(recording.frames())
    sweeps = list(recording.captures("velodyne"))
    images = list(recording.captures("image_02"))

    assert list(sensors) == ["velodyne", "image_02"]
    assert [len(recording.read(sweep)) for sweep in sweeps] == known["points"]  # type: ignore[arg-type]
    times = known["times_ns"]
    assert [sweep.time_ns for sweep in sweeps] == times["velodyne_points/timestamps.txt"]
    assert [sweep.start_ns for sweep in sweeps] == times["velodyne_points/timestamps_start.txt"]
    assert [sweep.end_ns for sweep in sweeps] == times["velodyne_points/timestamps_end.txt"]
    assert [image.time_ns for image in images] == times["image_02/timestamps.txt"]
    assert [frame.time_ns for frame in frames] == times["velodyne_points/timestamps.txt"]
    assert [dict(frame.captures) for frame in frames] == [
        {"velodyne": sweep, "image_02": image} for sweep, image in zip(sweeps, images, strict=True)
    ]

    trajectory = recording.trajectory()
    assert trajectory is not None
    assert trajectory.times.tolist() == times["oxts/timestamps.txt"]
    assert trajectory.positions == pytest.approx(
        np.array([[0, 0, 0], [-1.2398, -0.7502, 0], [-2.3702, -1.4342, 0]]), abs=1e-4
    )
    w, _, _, z = trajectory.quaternions[0]
    assert 2 * np.arctan2(z, w) == pytest.approx(-2.6087, abs=2e-3)

    assert sensors["velodyne"].pose.rotation == pytest.approx(
        np.array(known["imu_from_velo"])[:3, :3], abs=2e-6
    )
    assert sensors["velodyne"].pose.position == pytest.approx(
        np.array(known["imu_from_velo"])[:3, 3], abs=2e-6
    )
    camera = sensors["image_02"]
    velo_from_camera = sensors["velodyne"].pose.inverse() @ camera.pose
    # pykitti leaves P[1, 3] and P[2, 3] out, which places the camera 2.7 mm apart.
    assert velo_from_camera.position == pytest.approx(np.array(known["velo_from_cam2"])[:3, 3], abs=3e-3)
    assert camera.optics.distortion == ()
    assert camera.optics.size == (1242, 375)
    assert camera.optics.matrix[0, 0] == known["P_rect_02_fx"]

    found = pixels(recording, sweeps[0], images[0], motion=False)
    assert found[known["point_index"]] == pytest.approx(known["point_uv"], abs=0.05)
    assert visible(found) == pytest.approx(known["points_in_image"], abs=2)


@pytest.mark.shared
def test_raw_drive_without_files(raw: Path) -> None:
    """A truncated download is reported, and its tracklets can still be read."""
    (recording,) = open_raw(raw / "kitti_raw/2011_09_26/2011_09_26_drive_0001_sync")

    with pytest.raises(RecordingError, match="the download is not complete"):
        recording.sensors()
    for name in ("velodyne", "image_02"):
        assert len(recording._times(name)) == 108  # type: ignore[attr-defined]
    labels = list(recording.labels())
    assert len({label.track for label in labels}) == 15
    first = labels[0]
    assert (first.category, first.frame) == ("Car", "0000000000")
    assert first.size == (4.3293562, 1.7057118, 2.1672349)
    assert first.centre == pytest.approx((25.212516, 8.603392, -1.792157 + 2.1672349 / 2), abs=1e-6)


@pytest.mark.shared
def test_raw_date_folder(raw: Path) -> None:
    """A date folder holds drives; one can be chosen."""
    source = raw / "kitti_raw/2011_09_26"
    assert [drive.name for drive in open_raw(source)] == [
        "2011_09_26_drive_0001_sync",
        "2011_09_26_drive_9001_sync",
    ]
    assert [drive.name for drive in open_raw(source, drive="2011_09_26_drive_9001_sync")] == [
        "2011_09_26_drive_9001_sync"
    ]
    with pytest.raises(RecordingError, match="no KITTI raw drive 2011_09_26_drive_0002_sync"):
        list(open_raw(source, drive="2011_09_26_drive_0002_sync"))


def test_odometry(tmp_path: Path) -> None:
    """Poses of camera 0 become poses of the lidar, and times keep their digits."""
    folder = tmp_path / "sequences" / "00"
    (folder / "velodyne").mkdir(parents=True)
    (folder / "image_2").mkdir()
    np.array([[1, 2, 3, 0.5]], "<f4").tofile(folder / "velodyne" / "000000.bin")
    (folder / "image_2" / "000000.png").write_bytes(b"png")
    (folder / "times.txt").write_text("0.000000e+00\n1.037359e-01\n")
    to_camera = "0 -1 0 0.1 0 0 -1 0.2 1 0 0 0.3"
    (folder / "calib.txt").write_text(f"P2: 700 0 600 70 0 700 180 0 0 0 1 0\nTr: {to_camera}\n")
    (tmp_path / "poses").mkdir()
    (tmp_path / "poses" / "00.txt").write_text("1 0 0 0 0 1 0 0 0 0 1 0\n1 0 0 0 0 1 0 0 0 0 1 5\n")

    (recording,) = open_odometry(tmp_path, sequence="00")
    trajectory = recording.trajectory()
    assert trajectory is not None
    assert trajectory.times.tolist() == [0, 103_735_900]
    # The world is where the lidar starts; the camera moved 5 m along its z, which is the lidar's x.
    assert trajectory.pose_at(0).matrix == pytest.approx(np.eye(4), abs=1e-9)
    step = trajectory.pose_at(0).inverse() @ trajectory.pose_at(103_735_900)
    assert step.position == pytest.approx([5, 0, 0], abs=1e-9)
    frames = list(recording.frames())
    assert [sorted(frame.captures) for frame in frames] == [["image_2", "velodyne"]]
    assert [str(skip) for skip in recording.skipped] == [
        "velodyne/000001.bin at 103735900: times.txt has a time for it, the file is missing",
        "image_2/000001.png at 103735900: times.txt has a time for it, the file is missing",
    ]
    cloud: Any = recording.read(frames[0].captures["velodyne"])
    assert cloud.xyz.tolist() == [[1, 2, 3]]
    assert cloud.intensity.tolist() == [128]
    camera = recording.sensors()[1]
    # P[0, 3] = 70 with a focal length of 700 px: the camera is 0.1 m to the left of camera 0.
    assert camera.pose.position == pytest.approx([-0.3, 0.1 + 0.1, 0.2], abs=1e-9)


ODOMETRY_PIXEL = (716.612548, 183.365722)
"""Where camera 2 sees (5, 0, 30) of the first camera 0 from the third pose: P2 and the poses, by hand."""


def write_odometry(root: Path, frames: int = 3) -> None:
    """A sequence as the readme of the odometry kit describes it, with the numbers of sequence 04: each
    sweep has the point (5, 0, 30) of the first camera 0."""
    folder = root / "sequences" / "04"
    (folder / "velodyne").mkdir(parents=True)
    (folder / "image_2").mkdir()
    (root / "poses").mkdir()
    projection = [[707.0912, 0, 601.8873, 46.88783], [0, 707.0912, 183.1104, 0], [0, 0, 1, 0]]
    to_camera = np.array(
        [
            [-1.857739385241e-03, -9.999659513510e-01, -8.039975204516e-03, -4.784029760483e-03],
            [-6.481465826011e-03, 8.051860151134e-03, -9.999466081774e-01, -7.337429464231e-02],
            [9.999773098287e-01, -1.805528627661e-03, -6.496203536139e-03, -3.339968064433e-01],
        ]
    )
    names = [f"P{number}" for number in range(4)]
    lines = [f"{name}: {' '.join(map(str, np.ravel(projection)))}" for name in names]
    lines += [f"Tr: {' '.join(map(str, to_camera.ravel()))}", ""]
    (folder / "calib.txt").write_text("\n".join(lines))
    (folder / "times.txt").write_text("".join(f"{index * 0.10381:.6e}\n" for index in range(frames)))
    poses = []
    for index in range(frames):
        angle = 0.01 * index
        c, s = np.cos(angle), np.sin(angle)
        pose = np.array([[c, 0, s, 0.01 * index], [0, 1, 0, -0.005 * index], [-s, 0, c, 1.2 * index]])
        poses.append(" ".join(f"{value:.6e}" for value in pose.ravel()))
        to_world = np.vstack([pose, [0, 0, 0, 1]]) @ np.vstack([to_camera, [0, 0, 0, 1]])
        x, y, z, _ = np.linalg.inv(to_world) @ [5, 0, 30, 1]
        np.array([[x, y, z, 0.5]], "<f4").tofile(folder / "velodyne" / f"{index:06d}.bin")
        picture = Image.new("RGB", (1226, 370), (90, 90, 90 + index))
        picture.save(folder / "image_2" / f"{index:06d}.png")
    (root / "poses" / "04.txt").write_text("\n".join(poses))


@pytest.mark.parametrize("form", ["sequence", "aggregated"])
def test_odometry_scenes(tmp_path: Path, form: Any, pixels: Any) -> None:
    """Times from 0 keep their poses, and points fall on the pixels that P and the poses give."""
    write_odometry(tmp_path)
    (written,) = import_recordings(
        "kitti-odometry", str(tmp_path), tmp_path / "out", options=ImportOptions(form=form)
    )
    assert list(written.skipped) == []
    assert "Unix timestamps, IMU data and shutter times: left out" in written.notes[-1]
    frames = json.loads(written.path.read_text())["frames"]
    positions = [frame["ego_vehicle_pose"]["position"] for frame in frames]
    # Forward is the lidar's x.
    assert [position["x"] for position in positions] == pytest.approx([0, 1.2, 2.4], abs=0.04)
    assert not load_scene_file(written.path).check(full=True).errors
    (recording,) = open_odometry(tmp_path)
    *_, last = recording.frames() or ()
    sweep, image = last.captures["velodyne"], last.captures["image_2"]
    found = pixels(recording, sweep, image, motion=False, sizes={"image_2": (1226, 370)})
    assert found[0] == pytest.approx(ODOMETRY_PIXEL, abs=0.01)


def test_empty_files(tmp_path: Path) -> None:
    """A download that stopped leaves files without content: they are reported and left out."""
    write_odometry(tmp_path)
    folder = tmp_path / "sequences" / "04"
    (folder / "velodyne" / "000001.bin").write_bytes(b"")
    (written,) = import_recordings("kitti-odometry", str(tmp_path), tmp_path / "out")
    assert [str(skip) for skip in written.skipped] == [
        "velodyne/000001.bin at 103810000: times.txt has a time for it, the file is empty"
    ]


def test_damaged_files(tmp_path: Path) -> None:
    """A sweep that is cut off, a pointer to a file that was not fetched, a calibration without a line."""
    folder = tmp_path / "training"
    for name in ("calib", "velodyne", "label_2"):
        (folder / name).mkdir(parents=True)
    (folder / "calib" / "000000.txt").write_text("P2: 1 2 3\n")
    (recording,) = open_object(tmp_path)
    with pytest.raises(RecordingError, match=r"000000.txt: the calibration has no R_rect with nine numbers"):
        recording.sensors()
    text = "R0_rect: 1 0 0 0 1 0 0 0 1\nTr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0\n"
    (folder / "calib" / "000000.txt").write_text(text)
    (folder / "velodyne" / "000000.bin").write_bytes(bytes(30))
    (folder / "label_2" / "000000.txt").write_text("Car 0 0 0 1 2 3\n")
    (frame,) = next(open_object(tmp_path)).frames() or []
    with pytest.raises(RecordingError, match=r"000000.bin: 30 bytes are no whole number of points"):
        recording.read(frame.captures["velodyne"])
    (folder / "velodyne" / "000000.bin").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(RecordingError, match="Git LFS pointer"):
        recording.read(frame.captures["velodyne"])
    with pytest.raises(RecordingError, match="line 1 has 7 words, a KITTI label has 15"):
        list(next(open_object(tmp_path)).labels())
    with pytest.raises(RecordingError, match="no KITTI object data"):
        list(open_object(tmp_path / "elsewhere"))


def test_label_rotation_is_a_turn_about_the_vertical(tmp_path: Path) -> None:
    """rotation_y 0 heads along the camera's x, which is the lidar's -y."""
    folder = tmp_path / "training"
    for name in ("calib", "label_2"):
        (folder / name).mkdir(parents=True)
    text = "R0_rect: 1 0 0 0 1 0 0 0 1\nTr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0\n"
    (folder / "calib" / "000000.txt").write_text(text)
    (folder / "label_2" / "000000.txt").write_text(
        "Car 0 1 0 1 2 3 4 1.5 1.8 4 2 1.7 10 0\nDontCare -1 -1 -10 1 2 3 4 -1 -1 -1 -1000 -1000 -1000 -10\n"
    )
    (label,) = next(open_object(tmp_path)).labels()
    assert rotation_matrix(label.rotation)[:, 0] == pytest.approx([0, -1, 0], abs=1e-9)
    assert label.centre == pytest.approx((10, -2, -1.7 + 0.75), abs=1e-9)
    assert quaternion_of(rotation_matrix(label.rotation))[0] == pytest.approx(np.sqrt(0.5))


@pytest.mark.shared
def test_dates_with_incomplete_drives(raw: Path, tmp_path: Path) -> None:
    """The folder of the dates is taken; a drive that is not complete does not keep the others back."""
    scenes = import_recordings("kitti-raw", str(raw / "kitti_raw"), tmp_path / "out")
    written = next(scenes)
    assert (written.external_id, written.frames) == ("2011_09_26_drive_9001_sync", 3)
    with pytest.raises(
        RecordingError, match=r"1 of 2 recordings were not imported: .*drive_0001_sync: no ve"
    ):
        next(scenes)


def test_copies_of_the_data_set(tmp_path: Path) -> None:
    """Smaller copies have JPEG; a download may have `testing` only, which has no labels."""
    write_odometry(tmp_path / "odometry")
    for path in (tmp_path / "odometry" / "sequences" / "04" / "image_2").iterdir():
        Image.open(path).save(path.with_suffix(".jpg"))
        path.unlink()
    (written,) = import_recordings("kitti-odometry", str(tmp_path / "odometry"), tmp_path / "a")
    assert written.sensors == {"velodyne": 3, "image_2": 3}
    folder = tmp_path / "object" / "testing"
    for name in ("calib", "velodyne", "image_2"):
        (folder / name).mkdir(parents=True)
    lines = ["P2: 700 0 600 70 0 700 180 0 0 0 1 0", "R0_rect: 1 0 0 0 1 0 0 0 1"]
    text = "\n".join([*lines, "Tr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0", ""])
    (folder / "calib" / "000000.txt").write_text(text)
    np.ones((5, 4), "<f4").tofile(folder / "velodyne" / "000000.bin")
    Image.new("RGB", (1200, 360)).save(folder / "image_2" / "000000.jpg")
    (written,) = import_recordings("kitti-object", str(tmp_path / "object"), tmp_path / "b")
    assert written.external_id == "kitti-object-testing"
    assert (written.sensors, written.labelled) == ({"velodyne": 1, "image_2": 1}, None)
    assert load_scene_file(written.path).check(full=True).errors == ()


def test_object_frames_without_a_file(tmp_path: Path) -> None:
    """What the calibrations promise and is missing is reported; without calibrations there are no frames."""
    folder = tmp_path / "training"
    for name in ("calib", "velodyne"):
        (folder / name).mkdir(parents=True)
    with pytest.raises(RecordingError, match=r"no KITTI object data; .* calib with a file per frame"):
        list(open_object(tmp_path))
    lines = ["P2: 700 0 600 70 0 700 180 0 0 0 1 0", "R0_rect: 1 0 0 0 1 0 0 0 1"]
    text = "\n".join([*lines, "Tr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0", ""])
    for number in range(2):
        (folder / "calib" / f"{number:06d}.txt").write_text(text)
    np.ones((5, 4), "<f4").tofile(folder / "velodyne" / "000001.bin")
    (recording,) = open_object(tmp_path)
    assert [frame.name for frame in recording.frames() or ()] == ["000001"]
    assert [str(skip) for skip in recording.skipped] == [
        "velodyne/000000.bin: calib/000000.txt belongs to it, the file is missing"
    ]
