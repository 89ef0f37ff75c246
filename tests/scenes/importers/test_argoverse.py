"""Argoverse 2 against the facts of the samples."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import feather

from kognic._core.scene_errors import RecordingError
from kognic.scenes.geometry.poses import rotation_matrix
from kognic.scenes.importers.argoverse import open_argoverse2, read_feather
from kognic.scenes.importers.recording import Recording
from tests.scenes.importers.conftest import visible

LOG = "av2/sensor/val/7fab2350-7eaf-3b7e-a39d-6937a4c1bede"


@pytest.mark.shared
def test_log(raw: Path, facts: Any, pixels: Any) -> None:
    """Two lidars out of one table, exact times, poses, and the pixels of the official package."""
    known = facts(f"{LOG}/facts.json")
    (recording,) = open_argoverse2(raw / "av2")
    sensors = {sensor.name: sensor for sensor in recording.sensors()}
    sweeps = {name: list(recording.captures(name)) for name in ("up_lidar", "down_lidar")}

    assert recording.name == known["log"]
    assert list(sensors) == ["up_lidar", "down_lidar", "ring_front_center", "ring_rear_left"]
    table = read_feather(raw / LOG / "calibration/egovehicle_SE3_sensor.feather")
    assert sorted(table["sensor_name"].to_pylist()) == sorted(known["sensors"])
    for index, count in enumerate(known["points"]):
        clouds: list[Any] = [recording.read(sweeps[name][index]) for name in sweeps]
        assert sum(map(len, clouds)) == count
        table = read_feather(raw / LOG / sweeps["up_lidar"][index].reference)
        assert {
            name: str(table[name].type).replace("halffloat", "float16") for name in table.column_names
        } == known["lidar_columns"]
        offsets = np.concatenate([cloud.timestamps for cloud in clouds]).astype(np.int64)
        assert (
            np.sort(offsets - sweeps["up_lidar"][index].time_ns).tolist()
            == np.sort(table["offset_ns"].to_numpy()).tolist()
        )

    trajectory = recording.trajectory()
    assert trajectory is not None
    assert len(trajectory.times) == known["ego_poses"]
    first = known["first_pose"]
    at = trajectory.times.tolist().index(first["timestamp_ns"])
    assert trajectory.positions[at] == pytest.approx([first[f"t{axis}_m"] for axis in "xyz"])
    assert trajectory.quaternions[at] == pytest.approx([first[f"q{axis}"] for axis in "wxyz"])
    # A pose exists at every capture.
    for name in sensors:
        assert {capture.time_ns for capture in recording.captures(name)} <= set(trajectory.times.tolist())

    for name, entries in known["cameras"].items():
        images = list(recording.captures(name))
        assert [image.time_ns for image in images] == [entry["timestamp_ns"] for entry in entries]
        assert sensors[name].optics.distortion == ()
        for image, entry in zip(images, entries, strict=True):
            assert sensors[name].optics.size == tuple(entry["size"])
            assert sensors[name].optics.matrix[0, 0] == pytest.approx(entry["fx"])
            _check_pixels(recording, sensors, sweeps, image, entry, pixels)


def _check_pixels(recording: Any, sensors: Any, sweeps: Any, image: Any, entry: Any, pixels: Any) -> None:
    times = [sweep.time_ns for sweep in sweeps["up_lidar"]]
    index = int(np.argmin([abs(time - image.time_ns) for time in times]))
    both = [sweeps[name][index] for name in sweeps]
    ego = np.concatenate([sensors[s.sensor].pose.apply(recording.read(s).xyz) for s in both])
    found = np.concatenate([pixels(recording, sweep, image, motion=True) for sweep in both])
    row = int(np.argmin(np.linalg.norm(ego - entry["point"], axis=1)))
    assert ego[row] == pytest.approx(entry["point"], abs=1e-9)
    assert found[row] == pytest.approx(entry["uv"], abs=0.05)
    assert visible(found) == pytest.approx(entry["points_in_image"], abs=5)


@pytest.mark.shared
def test_what_the_tables_hold(raw: Path) -> None:
    """Distortion that the official package ignores, and so does the import, which says so; sweep times."""
    table = read_feather(raw / LOG / "calibration/intrinsics.feather")
    assert len(table) == 9
    for name in ("k1", "k2", "k3"):
        assert all(table[name].to_numpy())
    for sweep in sorted((raw / LOG / "sensors/lidar").glob("*.feather")):
        offsets = read_feather(sweep)["offset_ns"].to_numpy()
        assert (offsets.min(), offsets.max()) == (2_654_000, 106_085_816)

    (recording,) = open_argoverse2(raw / LOG)

    assert any(
        note.startswith("cameras: the distortion coefficients k1, k2, k3 are ignored")
        for note in recording.notes
    )


@pytest.mark.shared
def test_lasers_belong_to_their_lidar(raw: Path) -> None:
    """The elevation of a laser is constant in the system of its own lidar, and not in that of the other."""
    (recording,) = open_argoverse2(raw / LOG)
    sensors = {sensor.name: sensor for sensor in recording.sensors()}
    for name, other in (("up_lidar", "down_lidar"), ("down_lidar", "up_lidar")):
        sweep = next(iter(recording.captures(name)))
        lasers = read_feather(raw / LOG / sweep.reference)["laser_number"].to_numpy()
        lasers = lasers[lasers < 32] if name == "up_lidar" else lasers[lasers >= 32]
        own = recording.read(sweep).xyz  # type: ignore[union-attr]
        foreign = (sensors[other].pose.inverse() @ sensors[name].pose).apply(own)
        assert _spread(own, lasers) < 0.07 < 0.12 < _spread(foreign, lasers)


def _spread(xyz: np.ndarray, lasers: np.ndarray) -> float:
    """Median over lasers of the spread (half the middle 68 percent) of elevations, degrees; 10 to 60 m."""
    distance = np.linalg.norm(xyz, axis=1)
    elevation = np.degrees(np.arcsin(xyz[:, 2] / distance))
    near = (distance > 10) & (distance < 60)
    spreads = []
    for laser in np.unique(lasers):
        mine = elevation[near & (lasers == laser)]
        if len(mine) > 50:
            low, high = np.percentile(mine, [16, 84])
            spreads.append((high - low) / 2)
    return float(np.median(spreads))


@pytest.mark.shared
def test_labels(raw: Path, facts: Any) -> None:
    """Boxes are in the vehicle's system at their time."""
    known = facts(f"{LOG}/facts.json")
    (recording,) = open_argoverse2(raw / LOG)
    labels = list(recording.labels())

    assert len(labels) == known["annotations"]
    assert len({label.time_ns for label in labels}) == known["annotation_timestamps"]
    counts = Counter(label.category for label in labels)
    assert {name: counts[name] for name in known["categories"]} == known["categories"]
    sweep = next(iter(recording.captures("up_lidar")))
    assert sum(label.time_ns == sweep.time_ns for label in labels) == known["annotations_at_first_sweep"]
    first, label = known["first_annotation"], labels[0]
    assert label.track == first["track_uuid"]
    assert label.centre == pytest.approx([first[f"t{axis}_m"] for axis in "xyz"])
    assert label.size == pytest.approx([first[f"{name}_m"] for name in ("length", "width", "height")])
    assert rotation_matrix(label.rotation) == pytest.approx(rotation_matrix([first[f"q{a}"] for a in "wxyz"]))


def test_damaged_table(tmp_path: Path) -> None:
    """A Feather file that is cut off names itself."""
    (tmp_path / "calibration").mkdir()
    (tmp_path / "city_SE3_egovehicle.feather").write_bytes(b"ARROW1\0\0 cut")
    (recording,) = open_argoverse2(tmp_path)
    with pytest.raises(
        RecordingError, match=r"city_SE3_egovehicle.feather: is not a Feather file, or is truncated"
    ):
        recording.trajectory()
    with pytest.raises(RecordingError, match=r"egovehicle_SE3_sensor.feather: cannot be read: No such file"):
        recording.sensors()
    with pytest.raises(RecordingError, match="no Argoverse 2 log"):
        list(open_argoverse2(tmp_path / "calibration"))


def test_generated_log(tmp_path: Path) -> None:
    """Poses out of order and twice, files whose names are no times."""
    feather = pytest.importorskip("pyarrow.feather")
    pa = pytest.importorskip("pyarrow")
    one, zero = [1.0] * 3, [0.0] * 3
    (tmp_path / "calibration").mkdir()
    (tmp_path / "sensors" / "cameras" / "cam").mkdir(parents=True)
    pose = {
        "qw": one,
        "qx": zero,
        "qy": zero,
        "qz": zero,
        "tx_m": [3.0, 1.0, 1.0],
        "ty_m": zero,
        "tz_m": zero,
    }
    feather.write_feather(
        pa.table({"timestamp_ns": [30, 10, 10], **pose}), tmp_path / "city_SE3_egovehicle.feather"
    )
    for name in ("12.jpg", "9.jpg", "readme.txt"):
        (tmp_path / "sensors" / "cameras" / "cam" / name).write_bytes(b"x")
    (recording,) = open_argoverse2(tmp_path)
    trajectory = recording.trajectory()
    assert trajectory is not None
    assert trajectory.times.tolist() == [10, 30]
    assert trajectory.positions[:, 0].tolist() == [1, 3]
    assert [capture.time_ns for capture in recording.captures("cam")] == [9, 12]
    assert [str(skip) for skip in recording.skipped] == [
        "cam/readme.txt: the name is not a time in nanoseconds"
    ]


@pytest.mark.shared
def test_empty_sweeps(raw: Path, tmp_path: Path) -> None:
    """A sweep without points and a file without bytes are left out by name and time."""
    (source,) = (raw / "av2" / "sensor" / "val").iterdir()
    log = tmp_path / source.name
    shutil.copytree(source, log)
    first, second = sorted((log / "sensors" / "lidar").iterdir())
    feather.write_feather(feather.read_table(first).slice(0, 0), first)
    second.write_bytes(b"")
    (recording,) = open_argoverse2(log)
    assert list(recording.captures("up_lidar")) == []
    assert [str(skip) for skip in recording.skipped] == [
        f"up_lidar/{first.name} at {first.stem}: the sweep has no points",
        f"up_lidar/{second.name} at {second.stem}: the file is empty",
    ]


@pytest.mark.shared
def test_sweeps_without_a_column(raw: Path, tmp_path: Path) -> None:
    """The error names the column that is missing, and those that there are."""
    from pyarrow import feather

    shutil.copytree(raw / "av2", tmp_path / "av2")
    (recording,) = open_argoverse2(tmp_path / "av2")
    capture = next(iter(recording.captures("up_lidar")))
    path = next((tmp_path / "av2").rglob(Path(capture.reference).name))
    feather.write_feather(feather.read_table(path).drop_columns(["offset_ns"]), path)
    with pytest.raises(RecordingError, match=r"the sweep has no column offset_ns; it has x, y, z, intensity"):
        recording.read(capture)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "column", "read"),
    [
        ("egovehicle_SE3_sensor.feather", "qw", lambda recording: recording.sensors()),
        ("intrinsics.feather", "fx_px", lambda recording: recording.sensors()),
        ("city_SE3_egovehicle.feather", "tx_m", lambda recording: recording.trajectory()),
        ("annotations.feather", "category", lambda recording: list(recording.labels())),
    ],
)
def test_tables_without_a_column(
    name: str, column: str, read: Callable[[Recording], object], raw: Path, tmp_path: Path
) -> None:
    """The error names the file."""
    shutil.copytree(raw / "av2", tmp_path / "av2")
    path = next((tmp_path / "av2").rglob(name))
    feather.write_feather(feather.read_table(path).drop_columns([column]), path)
    (recording,) = open_argoverse2(tmp_path / "av2")
    with pytest.raises(RecordingError, match=rf"{name} has no column {column}; it has "):
        read(recording)
