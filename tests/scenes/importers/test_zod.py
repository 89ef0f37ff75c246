"""ZOD against the facts of the samples."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic._core.scene_errors import RecordingError
from kognic.scenes.importers.arrays import date_to_ns, ns_to_date
from kognic.scenes.importers.calibrations import camera_of
from kognic.scenes.importers.writing import import_recordings
from kognic.scenes.importers.zod import open_zod, read_oxts
from tests.scenes.importers.conftest import visible


@pytest.mark.shared
def test_frame(raw: Path, facts: Any, pixels: Any) -> None:
    """Kannala coefficients and their inverse as they are, point times, poses."""
    known = facts("zod/single_frames/000000/facts.json")
    (recording,) = open_zod(raw / "zod")
    sensors = {sensor.name: sensor for sensor in recording.sensors()}
    (frame,) = recording.frames()
    sweep, image = frame.captures["velodyne"], frame.captures["FC"]

    assert frame.time_ns == known["key_time_ns"] == 1_644_845_012_140_954_000
    assert image.time_ns == known["key_time_ns"]
    assert sweep.time_ns == 1_644_845_012_123_612_000
    cloud: Any = recording.read(sweep)
    assert len(cloud) == known["points"]
    assert cloud.xyz[known["point_row"]] == pytest.approx(known["point_lidar"], abs=1e-6)
    stored = np.load(raw / "zod/single_frames/000000" / sweep.reference)
    assert cloud.timestamps.astype(np.int64).tolist() == (sweep.time_ns + stored["timestamp"] * 1000).tolist()
    assert cloud.intensity.tolist() == stored["intensity"].tolist()
    assert not recording.compensated

    camera: Any = camera_of(sensors["FC"].optics, None)
    assert (camera.image_width, camera.image_height) == tuple(known["image"])
    k = camera.distortion_coefficients
    assert (k.k1, k.k2, k.p1, k.p2) == (-0.0540096, -0.0784275, 0.0959641, -0.0515253)
    u = camera.undistortion_coefficients
    assert (u.l1, u.l2, u.l3, u.l4) == (0.0167318, 0.3618561, -0.6668469, 0.4535521)
    assert sensors["FC"].pose.position == pytest.approx(known["camera_position_in_ego"])
    # The lidar has x right and y forward.
    assert sensors["velodyne"].pose.rotation[:, 1] == pytest.approx([1, 0, 0])

    found = pixels(recording, sweep, image, motion=False)
    assert found[known["point_row"]] == pytest.approx(known["uv_no_motion"], abs=0.05)
    # The makers of the sample counted points beyond the angle at which this lens' polynomial turns back, too.
    assert visible(found) < known["points_in_image"]
    assert _inside(sensors, cloud) == pytest.approx(known["points_in_image"], abs=2)

    trajectory = recording.trajectory()
    assert trajectory is not None
    assert len(trajectory.times) == known["ego_poses"]
    assert np.diff(trajectory.times).mean() == pytest.approx(1e9 / known["rate_hz"], rel=1e-6)
    expected = np.array(known["ego_pose_at_key"])
    pose = trajectory.pose_at(known["key_time_ns"])
    assert pose.rotation == pytest.approx(expected[:3, :3], abs=1e-6)
    assert pose.position == pytest.approx(expected[:3, 3], abs=1e-5)


def _inside(sensors: Any, cloud: Any) -> int:
    """Points in the image by the bare formula of Kannala and Brandt."""
    optics = sensors["FC"].optics
    x, y, z = (sensors["FC"].pose.inverse() @ sensors["velodyne"].pose).apply(cloud.xyz).T
    radius = np.hypot(x, y)
    angle = np.arctan2(radius, z)
    k = np.array([1.0, *optics.distortion])
    scale = (angle[:, None] ** np.arange(1, 10, 2) @ k) / radius
    u = optics.matrix[0, 0] * scale * x + optics.matrix[0, 2]
    v = optics.matrix[1, 1] * scale * y + optics.matrix[1, 2]
    width, height = optics.size
    return int(((z > 0.3) & (u >= 0) & (u < width) & (v >= 0) & (v < height)).sum())


@pytest.mark.shared
def test_oxts_has_the_same_poses(raw: Path) -> None:
    """GPS seconds and leap seconds lead to the Unix times of `ego_motion.json`."""
    (recording,) = open_zod(raw / "zod/single_frames/000000")
    trajectory, oxts = recording.trajectory(), read_oxts(raw / "zod/single_frames/000000/oxts.hdf5")
    assert trajectory is not None
    assert oxts is not None
    # A double of GPS seconds has steps of 240 ns.
    assert np.abs(oxts.times - trajectory.times).max() <= 500
    assert oxts.positions == pytest.approx(trajectory.positions)
    assert oxts.quaternions == pytest.approx(trajectory.quaternions)


@pytest.mark.shared
def test_labels(raw: Path, facts: Any) -> None:
    """An unclear object has a box in the image and none in the cloud."""
    (recording,) = open_zod(raw / "zod", id="000000")
    labels = list(recording.labels())

    assert len(labels) == facts("zod/single_frames/000000/facts.json")["objects"]
    car, person = labels
    assert (car.category, car.size, car.centre) == ("Vehicle", (4.5, 1.9, 1.5), (0.5, 12.0, -1.1))
    assert car.boxes["FC"] == (900.5, 640.25, 1100.5, 760.75)
    assert (person.category, person.centre, person.attributes["unclear"]) == ("Pedestrian", None, True)


@pytest.mark.shared
def test_labels_of_sequences(raw: Path, tmp_path: Path) -> None:
    """A sequence has labels at its key time: the scene has them in the frame of the sweep nearest to it; a
    sweep without points is left out."""
    frame = raw / "zod" / "single_frames" / "000000"
    sequence = tmp_path / "sequences" / "000000"
    shutil.copytree(frame, sequence)
    info = json.loads((frame / "info.json").read_text())
    key = date_to_ns(info["keyframe_time"])
    (sweep,) = info["lidar_frames"]["velodyne"]
    (image,) = info["camera_frames"]["front_blur"]
    points = np.load(frame / sweep["filepath"].split("000000/", 1)[1])
    sweeps, images = [], []
    for step in (-1, 0, 1, 2):
        time = ns_to_date(key + step * 100_000_000 + 5_000_000)
        path = f"sequences/000000/lidar_velodyne/{step}.npy"
        np.save(tmp_path / path, points[: 0 if step == 2 else None])
        sweeps.append({"filepath": path, "time": time})
        images.append({**image, "time": ns_to_date(key + step * 100_000_000)})
    info["lidar_frames"]["velodyne"], info["camera_frames"]["front_blur"] = sweeps, images
    (sequence / "info.json").write_text(json.dumps(info))

    (written,) = import_recordings("zod", str(tmp_path), tmp_path / "out")
    assert (written.frames, written.labelled) == (3, 2)
    document = json.loads((written.path.parent / "pre_annotation.json").read_text())["openlabel"]
    labelled = [
        entry["frame_properties"]["external_id"]
        for entry in document["frames"].values()
        if entry.get("objects")
    ]
    assert labelled == [str(key + 5_000_000)]
    (cuboid,) = [
        data["cuboid"][0]["val"]
        for entry in document["frames"].values()
        for data in [entry["objects"][name]["object_data"] for name in entry.get("objects", {})]
        if "cuboid" in data
    ]
    # The lidar is the scene's reference system, and the box is given in it.
    assert cuboid[:3] == pytest.approx([0.5, 12.0, -1.1], abs=1e-9)
    assert "lidar_velodyne/2.npy" in " ".join(str(skip) for skip in written.skipped)
    assert "the sweep has no points" in " ".join(str(skip) for skip in written.skipped)


def test_damaged_frames(tmp_path: Path) -> None:
    """A folder without ZOD, an info file that is no JSON, a camera that the calibration lacks."""
    with pytest.raises(RecordingError, match="no ZOD data with id 000001"):
        list(open_zod(tmp_path, id="000001"))
    frame = tmp_path / "single_frames" / "000001"
    frame.mkdir(parents=True)
    (frame / "info.json").write_text("{")
    (frame / "calibration.json").write_text("{}")
    (recording,) = open_zod(tmp_path)
    with pytest.raises(RecordingError, match="has no FC"):
        recording.sensors()
    with pytest.raises(RecordingError, match=r"info.json: is not JSON"):
        recording.frames()
