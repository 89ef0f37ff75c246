"""nuScenes and Argoverse 2: poses from the sensor to the vehicle, images without distortion."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic.io.model.calibration import LidarCalibration, PinholeCalibration
from kognic.io.tools.calibration.exceptions import ConversionError
from kognic.scenes.calibration.convert import (
    argoverse_sensors,
    convert_calibration,
    nuscenes_sensor,
)
from tests.scenes.calibration.convert.sources import (
    CAMERA,
    FORWARD,
    INTRINSICS,
    LIDAR,
    NUSCENES_K,
    PLACE,
    POSES,
    RADAR,
    SENSORS,
    TILTED,
    motion,
    pixels,
    record,
    tables,
    written,
)

SIZE = (1600, 900)


def test_nuscenes_camera_sees_as_opencv(points: Any, assert_same: Any, assert_placed: Any) -> None:
    """Points of the vehicle appear where OpenCV puts them with the inverse of the record's pose."""
    pose = motion(TILTED, PLACE)
    vehicle = points @ pose[:3, :3].T + pose[:3, 3]

    camera = nuscenes_sensor(CAMERA, SIZE)

    assert isinstance(camera, PinholeCalibration)
    assert_placed(camera, pose)
    expected = pixels("pinhole", vehicle, np.array(NUSCENES_K), [0.0] * 5, np.linalg.inv(pose))
    assert_same(camera, vehicle, expected)


def test_nuscenes_lidar_is_placed(assert_placed: Any) -> None:
    """An empty `camera_intrinsic` is a lidar; it needs no image size."""
    found = nuscenes_sensor(LIDAR)

    assert isinstance(found, LidarCalibration)
    assert_placed(found, motion([0, 0, -1.57], [0.94, 0, 1.84]))


def test_nuscenes_tables(tmp_path: Path) -> None:
    """One vehicle is converted under its channels' names, without radars, which the platform lacks."""
    found = convert_calibration(tables(tmp_path / "v1.0-mini"), "nuscenes", image_size=SIZE)

    assert list(found.calibration) == ["CAM_FRONT", "LIDAR_TOP"]
    assert found.external_id == "v1.0-mini"


def test_nuscenes_tables_of_several_vehicles(tmp_path: Path) -> None:
    """Of several vehicles the wanted sensors are named by their tokens."""
    other = record("c4", "s1", FORWARD, [1.5, 0, 1.5], NUSCENES_K)
    path = tables(tmp_path, [CAMERA, LIDAR, RADAR, other])
    with pytest.raises(
        ConversionError, match=r"calibrated_sensor\.json: describes several vehicles \(4 calib.* name"
    ):
        convert_calibration(path, "nuscenes", image_size=SIZE)

    found = convert_calibration(path, "nuscenes", image_size=SIZE, names={"c4": "FRONT", "c2": "TOP"})

    assert list(found.calibration) == ["FRONT", "TOP"]
    assert found.calibration["FRONT"].position.x == 1.5


NUSCENES_WRONG: dict[str, tuple[Any, str]] = {
    "no size": (CAMERA, r"does not hold the size of the images; pass image_size \(nuScenes: 1600, 900\)"),
    "not a rotation": ({"translation": [0, 0, 0]}, r"rotation is missing"),
    "no record": (5, r"is 5, must be an object with rotation"),
    "three numbers": ({**LIDAR, "rotation": [1, 0, 0]}, r"the quaternion holds 3 numbers, must hold 4"),
    "zero": ({**LIDAR, "rotation": [0, 0, 0, 0]}, r"\[0\.0, 0\.0, 0\.0, 0\.0\] has length 0, must have 1"),
    "long": ({**LIDAR, "rotation": [1, 1, 1, 1]}, r"has length 2, must have 1"),
    "text": ({**LIDAR, "translation": ["a", 0, 0]}, r"the translation\[0\] is 'a', must be a number"),
    "intrinsic": ({**LIDAR, "camera_intrinsic": 5}, r"does not hold the size"),
}


@pytest.mark.parametrize("case", NUSCENES_WRONG)
def test_wrong_nuscenes_records_are_named(case: str) -> None:
    """The message names key and value."""
    content, message = NUSCENES_WRONG[case]

    with pytest.raises(ConversionError, match=message):
        nuscenes_sensor(content)


def test_wrong_nuscenes_tables_are_named(tmp_path: Path) -> None:
    """Tokens without a record, radars, records without a sensor, and what is no table."""
    path = tables(tmp_path)
    for names, message in (
        ({"c9": "FRONT"}, r"there is no calibrated sensor with the token 'c9'"),
        ({"c3": "RADAR"}, r"RADAR: is a radar, which the platform does not have; omit it"),
        ({"c1": "A", "c2": "A"}, r"A: two sensors have this name"),
    ):
        with pytest.raises(ConversionError, match=message):
            convert_calibration(path, "nuscenes", image_size=SIZE, names=names)
    for records, sensors, message in (
        ([CAMERA], [], r"sensor\.json is not a list of records"),
        ({}, SENSORS, r"calibrated_sensor\.json is not a list of records"),
        ([CAMERA], SENSORS[1:], r"sensor\.json has no sensor with the token 's1'"),
        ([CAMERA], [{"token": "s1"}], r"channel is missing"),
        ([5], SENSORS, r"is 5, must be an object with token"),
    ):
        path = tables(tmp_path, records, sensors)
        with pytest.raises(ConversionError, match=message):
            convert_calibration(path, "nuscenes", image_size=SIZE)


def test_argoverse_camera_sees_as_published(points: Any, assert_same: Any) -> None:
    """Images are published undistorted: k1 to k3 of the table would bend them a second time."""
    pose = motion(TILTED, [1.63, -0.001, 1.43])
    vehicle = points @ pose[:3, :3].T + pose[:3, 3]
    k = np.array([[1773.5, 0, 775.8], [0, 1773.5, 1024.2], [0, 0, 1]])

    camera = argoverse_sensors(POSES, INTRINSICS)["ring_front_center"]

    assert_same(camera, vehicle, pixels("pinhole", vehicle, k, [0.0] * 5, np.linalg.inv(pose)))
    assert (camera.image_width, camera.image_height) == (1550, 2048)


def test_argoverse_sweeps_are_in_the_vehicle_system(assert_placed: Any) -> None:
    """Sweeps hold the points of both lidars in the vehicle's system, so there is one lidar, at its origin."""
    found = argoverse_sensors(POSES, INTRINSICS)

    assert list(found) == ["ring_front_center", "lidar"]
    assert_placed(found["lidar"], np.eye(4))
    assert list(argoverse_sensors(POSES, INTRINSICS, merged_lidar="top")) == ["ring_front_center", "top"]


def test_argoverse_lidars_apart(assert_placed: Any) -> None:
    """Without a merged lidar each one is where the table has it."""
    found = argoverse_sensors(POSES, INTRINSICS, merged_lidar=None)

    assert list(found) == ["ring_front_center", "up_lidar", "down_lidar"]
    assert_placed(found["down_lidar"], motion([-3.1, 0.3, 0], [1.355, 0, 1.565]))


@pytest.mark.parametrize("suffix", ["feather", "csv"])
def test_argoverse_folder(tmp_path: Path, suffix: str) -> None:
    """The folder of a log, or one of its tables, in Feather as published or as CSV, is named for the log."""
    folder = written(tmp_path, suffix)

    found = convert_calibration(folder, "argoverse", names={"ring_front_center": "FRONT"})

    assert found.external_id == "54bc6dbc-ebfb"
    assert list(found.calibration) == ["FRONT", "lidar"]
    assert found.calibration["FRONT"] == argoverse_sensors(POSES, INTRINSICS)["ring_front_center"]
    table = convert_calibration(folder / f"intrinsics.{suffix}", "argoverse")
    assert list(table.calibration) == ["ring_front_center", "lidar"]


def without(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != key} for row in rows]


ARGOVERSE_WRONG: dict[str, tuple[Any, Any, str]] = {
    "no name": (without(POSES, "sensor_name"), INTRINSICS, r"sensor_name is missing"),
    "no column": (without(POSES, "qw"), INTRINSICS, r"ring_front_center: qw is missing"),
    "no optics": (POSES, without(INTRINSICS, "fx_px"), r"ring_front_center: fx_px is missing"),
    "text": ([{**POSES[0], "tx_m": "near"}], INTRINSICS, r"the translation\[0\] is 'near', must be a number"),
    "null": ([{**POSES[0], "qw": None}], INTRINSICS, r"the quaternion\[0\] is None, must be a number"),
    "no pose": (POSES[1:], INTRINSICS, r"ring_front_center has intrinsics, but no row in egovehicle_SE3"),
    "empty": ([], [], r"the tables hold no sensors"),
}


@pytest.mark.parametrize("case", ARGOVERSE_WRONG)
def test_wrong_argoverse_tables_are_named(case: str) -> None:
    """The message names sensor, column and value."""
    poses, intrinsics, message = ARGOVERSE_WRONG[case]

    with pytest.raises(ConversionError, match=message):
        argoverse_sensors(poses, intrinsics)


def test_wrong_argoverse_folders_are_named(tmp_path: Path) -> None:
    """Missing tables, and files that are no Feather."""
    with pytest.raises(
        ConversionError, match=r"neither egovehicle_SE3_sensor\.feather nor .*\.csv in the folder"
    ):
        convert_calibration(tmp_path, "argoverse")
    (tmp_path / "egovehicle_SE3_sensor.feather").write_bytes(b"nothing")
    with pytest.raises(ConversionError, match=r"egovehicle_SE3_sensor\.feather: is not a Feather file"):
        convert_calibration(tmp_path, "argoverse")


def test_feather_without_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Feather cannot be read, the message says how to install what reads it."""
    folder = written(tmp_path, "feather")
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(
        ImportError, match=r'reading Feather needs pyarrow: pip install "kognic-client\[parquet\]"'
    ):
        convert_calibration(folder, "argoverse")


@pytest.mark.shared
def test_real_nuscenes_frame(samples: Path, assert_placed: Any) -> None:
    """Seven sensors of a real frame, written as nuScenes has them, come back as they are described."""
    described = json.loads((samples / "nuscenes_frame" / "calibration.json").read_text())
    for source in described["sensors"].values():
        position, q = (list(source[key].values()) for key in ("position", "rotation"))
        m = source.get("camera_matrix")
        intrinsic = [[m["fx"], 0, m["cx"]], [0, m["fy"], m["cy"]], [0, 0, 1]] if m else []

        found = nuscenes_sensor(
            {"translation": position, "rotation": q, "camera_intrinsic": intrinsic},
            (source["image_width"], source["image_height"]) if m else None,
        )

        axis = np.array(q[1:]) / np.linalg.norm(q[1:])
        assert_placed(found, motion(2 * np.arctan2(np.linalg.norm(q[1:]), q[0]) * axis, position))
        if m:
            assert found.camera_matrix.to_dict() == pytest.approx(m)
            assert found.field_of_view == pytest.approx(source["field_of_view_deg"], abs=0.2)


@pytest.mark.shared
def test_real_argoverse_sweep(samples: Path) -> None:
    """The published sweep's sensor is at the vehicle's origin, as the converter places it."""
    described = json.loads((samples / "av2_lidar_sequence" / "calibration.json").read_text())
    (source,) = described["sensors"].values()

    found = argoverse_sensors(POSES, INTRINSICS)["lidar"]

    assert found.position.to_dict() == source["position"]
    assert found.rotation_quaternion.to_dict() == source["rotation"]
