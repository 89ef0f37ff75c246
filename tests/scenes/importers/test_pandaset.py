"""PandaSet against the facts of the samples."""

from __future__ import annotations

import base64
import gzip
import json
import os
import pickle
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kognic._core.scene_errors import RecordingError
from kognic.scenes.geometry.poses import Rigid, rotation_matrix
from kognic.scenes.importers.pandaset import open_pandaset, read_frame
from tests.scenes.importers.conftest import visible


@pytest.mark.shared
def test_sequence(raw: Path, facts: Any, pixels: Any) -> None:
    """World points come back from the pose frame; a frame's own poses give the data set's pixels."""
    known = facts("pandaset/002/facts.json")
    (recording,) = open_pandaset(raw / "pandaset")
    frames = list(recording.frames())
    frame = frames[0]
    lidar_pose = known["lidar_pose_0"]
    pose = Rigid(
        rotation_matrix([lidar_pose["heading"][axis] for axis in "wxyz"]),
        np.array([lidar_pose["position"][axis] for axis in "xyz"]),
    )

    assert recording.name == "pandaset-002"
    assert len(frames) == known["frames"]
    assert [frame.time_ns for frame in frames] == [1557539956500022000, 1557539956600033000]
    clouds: dict[str, Any] = {
        name: recording.read(frame.captures[name]) for name in ("pandar64", "pandar_gt")
    }
    assert [len(cloud) for cloud in clouds.values()] == list(known["points_per_device"].values())
    assert sum(map(len, clouds.values())) == known["points_0"]
    times = np.concatenate([cloud.timestamps for cloud in clouds.values()])
    low, high = known["point_time_min_max"]
    assert int(times.min()) == pytest.approx(int(low * 1e9), abs=300)
    assert int(times.max()) == pytest.approx(int(high * 1e9), abs=300)
    first = known["point_0"]
    assert pose.apply(clouds["pandar64"].xyz[:1])[0] == pytest.approx(
        [first[axis] for axis in "xyz"], abs=1e-9
    )
    assert clouds["pandar64"].intensity[0] == first["i"]

    table = read_frame(raw / "pandaset/002/lidar/00.pkl.gz")
    assert {name: str(kind) for name, kind in table.dtypes.items()} == known["columns"]
    world = table[["x", "y", "z"]].to_numpy()
    rows = {"pandar64": np.flatnonzero(table["d"] == 0), "pandar_gt": np.flatnonzero(table["d"] == 1)}
    sensors = recording.sensors_of(frame)
    places = {sensor.name: sensor.pose for sensor in sensors}
    for name, camera in known["cameras"].items():
        expected = np.array(camera["camera_in_lidar_pose_frame_at_00"])
        assert places[name].rotation == pytest.approx(expected[:3, :3], abs=2e-6)
        assert places[name].position == pytest.approx(expected[:3, 3], abs=2e-6)
        image = frame.captures[name]
        assert image.time_ns == round(camera["times_s"][0] * 1e6) * 1000
        found = np.full((len(table), 2), np.nan)
        for lidar, mine in rows.items():
            found[mine] = pixels(
                recording,
                frame.captures[lidar],
                image,
                motion=False,
                sensors=sensors,
                sizes={name: tuple(camera["size"])},
            )
        assert world[camera["row"]] == pytest.approx(camera["point_world"])
        assert found[camera["row"]] == pytest.approx(camera["uv"], abs=0.05)
        assert visible(found) == pytest.approx(camera["points_in_image"], abs=5)


@pytest.mark.shared
def test_gps_is_left_alone(raw: Path, facts: Any) -> None:
    """It agrees with the poses: the vehicle moves less than 3 cm between the frames. The notes say so."""
    folder = raw / "pandaset/002"
    gps = json.loads((folder / "meta/gps.json").read_text())
    assert len(gps) == facts("pandaset/002/facts.json")["frames"] == 2
    # Metres per degree of latitude and of longitude at 37.8 degrees north.
    north = (gps[1]["lat"] - gps[0]["lat"]) * 110_990
    east = (gps[1]["long"] - gps[0]["long"]) * 88_070

    (recording,) = open_pandaset(folder)

    trajectory = recording.trajectory()
    assert trajectory is not None
    moved = np.linalg.norm(trajectory.positions[1] - trajectory.positions[0])
    assert moved == pytest.approx(np.hypot(north, east), abs=0.03)
    assert any("meta/gps.json is not used" in note for note in recording.notes)


@pytest.mark.shared
def test_the_rig_of_a_sequence(raw: Path) -> None:
    """The pose frame has x right and y forward: the front camera looks along +y in it."""
    (recording,) = open_pandaset(raw / "pandaset/002")
    places = {sensor.name: sensor.pose for sensor in recording.sensors()}

    assert places["front_camera"].rotation[:, 2] == pytest.approx([0, 1, 0], abs=0.05)
    assert places["back_camera"].rotation[:, 2] == pytest.approx([0, -1, 0], abs=0.05)
    assert places["right_camera"].rotation[:, 2] == pytest.approx([1, 0, 0], abs=0.05)
    # At a standstill the pose of one frame says nearly the same.
    (frame, _) = recording.frames()
    for sensor in recording.sensors_of(frame):
        assert places[sensor.name].position == pytest.approx(sensor.pose.position, abs=0.01)


@pytest.mark.shared
def test_cuboids(raw: Path, facts: Any) -> None:
    """yaw 0 heads along +y; an object that both lidars saw is one label."""
    known = facts("pandaset/002/facts.json")
    table = read_frame(raw / "pandaset/002/annotations/cuboids/00.pkl.gz")
    assert len(table) == known["cuboids_0"]
    assert table["label"].value_counts().to_dict() == known["cuboid_labels"]
    siblings = (table["cuboids.sibling_id"] != "-") & (table["cuboids.sibling_id"] != "")
    assert int(siblings.sum()) == known["cuboids_with_sibling"]

    (recording,) = open_pandaset(raw / "pandaset/002")
    labels = [label for label in recording.labels() if label.frame == "00"]
    pairs = sum(
        sensor == 1 and sibling in set(table["uuid"])
        for sensor, sibling in zip(table["cuboids.sensor_id"], table["cuboids.sibling_id"], strict=True)
    )
    assert len(labels) == known["cuboids_0"] - pairs
    assert Counter(label.category for label in labels)["Pedestrian"] <= known["cuboid_labels"]["Pedestrian"]
    first, label = known["first_cuboid"], labels[0]
    assert label.track == first["uuid"]
    assert label.size == (first["dimensions.y"], first["dimensions.x"], first["dimensions.z"])
    heading = rotation_matrix(label.rotation)[:, 0]
    assert np.arctan2(-heading[0], heading[1]) == pytest.approx(first["yaw"])
    assert label.attributes == {"object_motion": "Parked", "stationary": True}


def test_pickles_that_do_something_else(tmp_path: Path) -> None:
    """A pickle that names a function is refused before it runs."""

    class Trap:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "00.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps(Trap())))
    with pytest.raises(RecordingError, match=r"00.pkl.gz: .*refers to (posix|nt).mkdir"):
        read_frame(path)
    assert not (tmp_path / "ran").exists()
    path.write_bytes(gzip.compress(pickle.dumps([1, 2])))
    with pytest.raises(RecordingError, match="holds list, not a data frame"):
        read_frame(path)
    path.write_bytes(gzip.compress(pickle.dumps([1, 2]))[:20])
    with pytest.raises(RecordingError, match="is not a pickled data frame, or is corrupt"):
        read_frame(path)


# `DataFrame[d == 0]` of five points, whose index is an Int64Index: pandas 1.5.3, NumPy 1.26.4, protocol 4.
POINTS_OF_PANDAS_1 = (
    "H4sICDzHC2sC/3N1Yi5wNC5wa2wAdVPNb9MwFE/apnwzTWhQiQkmTuNATsCGBBQYII2ITuI+WU7iNtEcN4odrUVMgsPKJnzb48Qf"
    "xhWJf4IDEjw7rUjXYcl+/njP7/d7Hx9bX781HTv0ck5FTKUfDQvm9wuaMdAXXlJFX9v9Cdz9BAewrlskGxSgb9XVU6FYISiXfkYF"
    "HbBCgr78gg+jvbfVGc319akF4Wko/5mAXiKlyNNojzMSGhujvCLKLB9Xv2clVyktCjrGX0nBoqGQqigjZRQ9qwj6HP5tVU4gcA5h"
    "yw3hM7yD9cANvKA5gWRJe7Ea54aJbvQ34fioem9q9zH0er03f3DYJXAUhMdbI2du/OpWsvNs/t6ZntdO3f/ozr+vLsifv2+vfHnw"
    "/fmrK2tW8qeVBHSvz4dlirQFxseTPI2YJYZcXAM7aJg1uZRcTZYN3eTajKxryXZ0I61RTFbPIthx/jMMgOQO+mrXvU1gF9Pfmc97"
    "zEZM+iGVWC0XiWD7ZNvcIdhkQ3uzva2bGGsJFgG3Dy3cnbmMfDiVka4BbNy7I9Auptt9jzPFqXDGwEzIWsIUaq+cmNA80jfPQorV"
    "woo0QrDbQj28XwOYPFnE1sTDvVqg3Kls1QO1U3lkZsHuwBrDxjFkZ01EMqaoZb+LyaRKYXscgG6TPqcDu71BOR/uSxKXOaaaKkY4"
    "DRn2xpEsQ/8v/+4se6YDAAA="
)
# Two cuboids with a categorical label: pandas 1.5.3, NumPy 1.26.4, protocol 2.
CUBOIDS_OF_PANDAS_1 = (
    "H4sICDzHC2sC/2N1YmNhdC5wMi5wa2wAjVX5d9REHN/d0paGQ0AFFO9zUVmteFRFF0pFIXapg2hUME6S6SY0m+wnmdgusgpqu1TA"
    "+wLv+1bUX/A93/M99g/Tmdnstrvge2bey0y+M9/vfD7fK4dzdpUGDo0LdhixwmREK0wbo5zuUCtkNh5Bto5c3liSyWTMSjlCX5eG"
    "F3AWBdSPCxUa0DKLYm3UD+2p8daXhiX59nnT96x4QUEzk6Dq2VM+My2poaHfDpJKtdYyXEl87tEoojXNjJgdBjGPEptrGGid0oRN"
    "tYtBPTOLpbZphw6zY40FcqFhyMgKyBY0Y0DMPuVeMIxlc1hOsKKBlQQX5PWsGLk5rEpNOrxWFZqrjZzUHMaa+aMNXEhwUV7vU9YO"
    "4eJSqbTrH/Gol57hWGvNu0NKI5vBOlfcsJ7gEo5LLds0rcQTNALT1GLfs4XtDXqfvkTPNnAZweV6roErCK50+90BV9G4yhXYria4"
    "RmIblNiudVtwJkdwnYRzPcENbThbcOM5cPIKzjGxe/bU2ZOd8Wdx8WdzvphRT/N0ushs/b+CczZW9QqaZ4rNE83jnfFXERulX24i"
    "uJnjFqtNdpMkWyC4VZGdxW0pVW8Ew5Lq7QSbBVX3XJJ3KJIj4mwuBdWfzgPpPJjOS9N5KJ21dMadEtFdBHdzjFgyEPcQ3LsQiPsk"
    "ti0E90tsORmIB9zN7Uubf3ePNoheee9AUV66lWAbx6jlbhCZsFYfamA7wZiE8CDBjgUID0kIDxPslBD6JIRdqYN2j0CXDnqEYFw6"
    "qCcpixwla34/dudVllBMpKXwqCqFCRpNMQekpKSbsMfdwzge64Rlr7z3cYIn1L2zMFrE12cWnmXpvLztzSclsacInubYp7y5n+AZ"
    "t7+79FW9iro3q7WZheIvjW2T8lFqC1QazK720lIp2JSzchh5NvW17YvWeHbXmX17V5QaoARWl6aq5TidFiuNtYrcFp3NqYPlDZkS"
    "7QtYjMme/uawGWHHojHTzIBNmzulREP5v4+lJ9w6vFbfdERDxYG2f6ekf32CikqtWQTuuAhWmDf6xNHtNEJVQZpgDhM9z6MBIOIT"
    "WcpUINoy4lIyB06QGDLNw8hhkQjoc/NJJ4bT8o4Zglp6x8F2aQ3jeZk5hwjq58kcUVovdNpZJosXZVgPExzheMmq4+UGXpFpKytC"
    "tLBZgjkZ6wbBUQ7B4dW8W3YF7WN5t8P2uERyguA1iWTlLF5XbN9oOSZJPAdvGv2qQVvMx1vKCTU6jbeVE2Iu+nYY0KiGd4xlKlAV"
    "FlEziQXhd9WRahh78kxhBu91C2p4v1twEB8YMmUdr8KCWEhioXSyV1TDqV7RQXyo8p9yERAr4SLSoXWA2dyshNIyPjLWSHCJFXpO"
    "XIg9y/eCsinIfWysXrwhDIaRlH8iQvqp5apIfkbwuXv+fIpoUGYake80q76o48u80FNOE+6JOL7SM8qbMQ+r+FrPpR+sim/0rLD/"
    "LcF3bA7fE/zQ+o2LCsCPxlCameqnj5/Ut1lhnKp0/Xk/flF3SM4xfq3jtOoe5qRPyzF+q+N3Y53c9v1wOjadpCp+cKKKTBXIGH8c"
    "jROr8C8lHzIYYAgAAA=="
)


def test_pickles_of_old_pandas(tmp_path: Path) -> None:
    """Classes have moved since: integer indexes, NumPy's core, the names of modules in old protocols."""
    path = tmp_path / "00.pkl.gz"
    path.write_bytes(base64.b64decode(POINTS_OF_PANDAS_1))
    points = read_frame(path)
    assert points["x"].tolist() == [0.0, 1.5, 6.0]
    assert points.index.tolist() == [0, 1, 4]
    assert points["t"].to_numpy()[0] == 1557539924.49981
    path.write_bytes(base64.b64decode(CUBOIDS_OF_PANDAS_1))
    cuboids = read_frame(path).to_dict("list")
    assert (cuboids["label"], cuboids["uuid"]) == (["Car", "Pedestrian"], ["a", "b"])
    assert cuboids["position.x"] == [1.0, 2.0]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_of_every_protocol(protocol: int, tmp_path: Path) -> None:
    """Those of the installed versions, of numbers, text, truth values and missing values."""
    columns = {"x": [1.5, 2.5], "d": [0, 1], "label": ["Car", None], "stationary": [True, False]}
    path = tmp_path / "00.pkl"
    path.write_bytes(pickle.dumps(pd.DataFrame(columns), protocol))

    read = read_frame(path)
    assert {name: read[name].tolist() for name in ("x", "d", "stationary")} == {
        name: columns[name] for name in ("x", "d", "stationary")
    }
    assert read["label"].tolist()[0] == "Car"


def test_generated_sequence(tmp_path: Path) -> None:
    """A vehicle that moves while its camera waits: the camera's place is the same at every frame."""
    folder = tmp_path / "001"
    camera = folder / "camera" / "front_camera"
    (folder / "lidar").mkdir(parents=True)
    camera.mkdir(parents=True)
    unturned = {"w": 1.0, "x": 0.0, "y": 0.0, "z": 0.0}
    times = [100.0, 100.1, 100.2]
    (folder / "lidar" / "timestamps.json").write_text(json.dumps(times))
    (camera / "timestamps.json").write_text(json.dumps([time - 0.05 for time in times]))
    (camera / "intrinsics.json").write_text(json.dumps({"fx": 1000, "fy": 1000, "cx": 960, "cy": 540}))
    # 20 m/s along y; the camera is 2 m in front of the lidar.
    poses = [{"position": {"x": 0, "y": 20 * (t - 100), "z": 0}, "heading": unturned} for t in times]
    (folder / "lidar" / "poses.json").write_text(json.dumps(poses))
    shots = [{"position": {"x": 0, "y": 20 * (t - 100.05) + 2, "z": 0}, "heading": unturned} for t in times]
    (camera / "poses.json").write_text(json.dumps(shots))
    columns = {
        "x": [0.0, 1.0],
        "y": [0.0, 3.0],
        "z": [0.0, 0.0],
        "i": [7.0, 300.0],
        "t": [100.05, 100.1],
        "d": [0, 1],
    }
    pd.DataFrame(columns).to_pickle(folder / "lidar" / "01.pkl.gz")
    (camera / "01.jpg").write_bytes(b"jpg")

    (recording,) = open_pandaset(tmp_path)
    place = {sensor.name: sensor.pose for sensor in recording.sensors()}["front_camera"]
    assert place.position == pytest.approx([0, 2, 0], abs=1e-9)
    (frame,) = recording.frames()
    cloud: Any = recording.read(frame.captures["pandar_gt"])
    assert cloud.xyz == pytest.approx(np.array([[1, 1, 0]]))
    assert cloud.intensity.tolist() == [255]
    assert cloud.timestamps.tolist() == [100_100_000_000]
    missing = [str(skip) for skip in recording.skipped]
    assert missing[0].startswith("lidar/00.pkl.gz at 100000000000: timestamps.json has a time for it")


@pytest.mark.shared
def test_fewer_poses_than_frames(raw: Path, tmp_path: Path) -> None:
    """Frames without a pose are left out by number and time; a file that is missing is named once."""
    folder = tmp_path / "002"
    shutil.copytree(raw / "pandaset" / "002", folder, ignore=shutil.ignore_patterns("semseg"))
    path = folder / "lidar" / "poses.json"
    path.write_text(json.dumps(json.loads(path.read_text())[:1]))
    (recording,) = open_pandaset(folder)
    assert len(list(recording.frames() or ())) == 1
    assert "lidar/poses.json at" in str(recording.skipped[0])
    assert "1 poses for 2 times; the frames without a pose are left out" in str(recording.skipped[0])
    path.unlink()
    (recording,) = open_pandaset(folder)
    with pytest.raises(RecordingError, match=r"^[^:]*poses.json: cannot be read: No such file or directory$"):
        recording.sensors()
