"""OpenCalib, Autoware, tf, URDF, Waymo, PandaSet and OCamCalib, against OpenCV and published formulas."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from kognic._core.camera_errors import ConversionError
from kognic._core.scene_errors import DocumentError
from kognic.io.model.calibration import CustomCameraCalibration, LidarCalibration
from kognic.scenes.calibration.convert import convert, convert_calibration
from kognic.scenes.geometry import project
from tests.scenes.calibration.convert import rigs
from tests.scenes.calibration.convert.sources import RADTAN, camera_info


def ahead(into: Any) -> Any:
    """Points in front of a camera, in the system that `into` maps into the camera, shape (300, 3)."""
    rng = np.random.default_rng(3)
    depth = rng.uniform(3, 40, 300)
    points = np.column_stack(
        [rng.uniform(-0.4, 0.4, 300) * depth, rng.uniform(-0.3, 0.3, 300) * depth, depth]
    )
    return (np.linalg.inv(into) @ np.column_stack([points, np.ones(300)]).T).T[:, :3]


def opencv_pixels(points: Any, into: Any, matrix: Any, distortion: Any) -> Any:
    rvec = cv2.Rodrigues(np.ascontiguousarray(into[:3, :3]))[0]
    found = cv2.projectPoints(
        points, rvec, into[:3, 3].copy(), np.array(matrix, dtype=float), np.array(distortion)
    )
    return found[0][:, 0]


def test_opencalib(tmp_path: Path) -> None:
    """The published example: the extrinsic maps the lidar into the camera."""
    path = rigs.opencalib(tmp_path)
    into = np.array(rigs.OPENCALIB_T)
    into[:3, :3] = np.linalg.svd(into[:3, :3])[0] @ np.linalg.svd(into[:3, :3])[2]  # has six digits

    found = convert(path, "opencalib")
    sensors = found.calibration.calibration

    assert list(sensors) == ["center_camera", "top_center_lidar"]
    assert isinstance(sensors["top_center_lidar"], LidarCalibration)
    points = ahead(into)
    expected = opencv_pixels(points, into, rigs.OPENCALIB_K, rigs.OPENCALIB_D)
    assert np.abs(project(points, sensors["center_camera"]).pixels - expected).max() < 0.02
    assert "center_camera: center_camera -> top_center_lidar" in found.notes
    assert (sensors["center_camera"].image_width, sensors["center_camera"].image_height) == (1920, 1200)
    folder = convert_calibration(tmp_path, "opencalib").calibration
    assert folder == sensors


def test_opencalib_without_device_type(tmp_path: Path) -> None:
    """A lens shows that the sensor is a camera; parameters that are no object are those of no camera."""
    path = rigs.opencalib(tmp_path)
    expected = convert_calibration(path, "opencalib").calibration
    text = path.read_text().replace('"device_type": "camera"', '"sensor_type": "camera"')
    path.write_text(text)
    gnss = {"sensor_name": "gnss", "target_sensor_name": "gnss", "param_type": "intrinsic", "param": 5}
    (tmp_path / "gnss.json").write_text(json.dumps({"gnss-intrinsic": gnss}))

    found = convert(path, "opencalib")

    assert found.calibration.calibration == expected
    assert any("gnss: the intrinsics of a sensor" in note for note in found.notes)


def test_opencalib_that_contradicts_itself(tmp_path: Path) -> None:
    """Two ways to one pose that differ, delays, lenses of OCamCalib, and cameras without a lens."""
    path = rigs.opencalib(tmp_path)
    other = np.array(rigs.OPENCALIB_T)
    other[0, 3] += 0.5
    place = {"time_lag": 0, "sensor_calib": rigs.opencalib_matrix(other.tolist())}
    document = rigs.opencalib_document("extrinsic", "top_center_lidar", "center_camera", place)
    (tmp_path / "z.json").write_text(json.dumps(document))
    with pytest.raises(ConversionError, match=r"contradict each other by .* and 0\.5 m"):
        convert_calibration(path, "opencalib")

    (tmp_path / "z.json").write_text(json.dumps(document).replace('"time_lag": 0', '"time_lag": 0.03'))
    with pytest.raises(ConversionError, match=r"time_lag is 0\.03, which a calibration cannot express"):
        convert_calibration(path, "opencalib")

    (tmp_path / "z.json").write_text(json.dumps(document).replace("center_camera", "left_camera"))
    with pytest.raises(ConversionError, match="there is no intrinsic of left_camera"):
        convert_calibration(tmp_path, "opencalib")
    (tmp_path / "z.json").unlink()

    text = path.read_text()
    path.write_text(text.replace("2117.31", "0.9997"))
    with pytest.raises(ConversionError, match="OCamCalib's inverse polynomial"):
        convert_calibration(path, "opencalib")


def test_autoware(tmp_path: Path, assert_placed: Any) -> None:
    """Chains from base_link; a camera link is a body, whose optical frame Autoware's URDF turns."""
    path = rigs.autoware(tmp_path)
    kit = rigs.frame(**rigs.SENSORS["base_link"]["sensor_kit_base_link"])
    link = rigs.frame(**rigs.KIT["sensor_kit_base_link"]["camera0/camera_link"])

    found = convert(path, "autoware")
    sensors = found.calibration.calibration

    assert set(sensors) == {"camera0", "velodyne_top", "velodyne_rear"}
    assert_placed(sensors["camera0"], kit @ link @ rigs.BODY_FROM_OPTICAL)
    assert_placed(
        sensors["velodyne_top"],
        kit @ rigs.frame(**rigs.KIT["sensor_kit_base_link"]["velodyne_top_base_link"]),
    )
    assert_placed(
        sensors["velodyne_rear"], rigs.frame(**rigs.SENSORS["base_link"]["velodyne_rear_base_link"])
    )
    notes = "\n".join(found.notes)
    assert "camera0: base_link -> sensor_kit_base_link -> camera0/camera_link" in notes
    assert "camera1/camera_link: left out, as there is no camera info of it" in notes
    assert "velodyne_top: velodyne_top_base_link is the base of its housing" in notes
    named = convert_calibration(
        tmp_path, "autoware", names={"velodyne_top_base_link": "lidar", "camera0": "FRONT"}
    )
    assert set(named.calibration) == {"FRONT", "lidar"}


def test_autoware_names_what_is_wrong(tmp_path: Path) -> None:
    path = rigs.autoware(tmp_path)
    with pytest.raises(ConversionError, match="there is no camera info of it; pass --camera-info camera1"):
        convert_calibration(path, "autoware", names={"camera1/camera_link": "LEFT"})
    with pytest.raises(ConversionError, match="there is no frame 'map'; there are base_link, camera0"):
        convert_calibration(path, "autoware", reference="map")
    (tmp_path / "sensors_calibration.yaml").write_text(
        yaml.safe_dump(
            {
                "base_link": {
                    "velodyne_top_base_link": dict.fromkeys("xyz", 0) | {"roll": 0, "pitch": 0, "yaw": 0}
                }
            }
        )
    )
    with pytest.raises(ConversionError, match="the frame velodyne_top_base_link is placed twice"):
        convert_calibration(path, "autoware")


def test_cameras_of_autoware_that_share_a_name(tmp_path: Path) -> None:
    """A copied camera info keeps its camera_name: no camera is lost, each is named after its frame."""
    path = rigs.autoware(tmp_path)
    (tmp_path / "camera1").mkdir()
    (tmp_path / "camera1" / "camera_info.yaml").write_text(
        (tmp_path / "camera0" / "camera_info.yaml").read_text().replace("camera0", "front")
    )
    first = tmp_path / "camera0" / "camera_info.yaml"
    first.write_text(first.read_text().replace("camera0", "front"))

    found = convert(path, "autoware")

    assert {"camera0", "camera1"} <= set(found.calibration.calibration)
    assert any("camera1: named after its frame" in note for note in found.notes)
    (tmp_path / "camera1" / "second_camera_info.yaml").write_text(first.read_text())
    with pytest.raises(ConversionError, match="are both of the frame camera1/camera_link"):
        convert(path, "autoware")


def test_autoware_in_degrees(tmp_path: Path) -> None:
    """No angle is more than a whole turn, unless it is in degrees."""
    path = rigs.autoware(tmp_path)
    lidar = {"velodyne_rear_base_link": dict.fromkeys("xyz", 0) | {"roll": 0, "pitch": 0, "yaw": 180.0}}
    (tmp_path / "sensors_calibration.yaml").write_text(yaml.safe_dump({"base_link": lidar}))

    with pytest.raises(ConversionError, match="yaw is 180, must be radians; it looks like degrees"):
        convert_calibration(path, "autoware")


def test_frames_in_a_circle(tmp_path: Path) -> None:
    """Each frame is placed once, but none is the first."""
    names = ("base_link", "roof", "lidar_top")
    path = tmp_path / "tf.yaml"
    circle = [rigs.transform(*pair, rigs.ROOF) for pair in pairwise((*names, names[0]))]
    path.write_text(yaml.safe_dump({"transforms": circle}))

    with pytest.raises(ConversionError, match="base_link and lidar_top are each above the other"):
        convert_calibration(path, "tf")


@pytest.mark.parametrize("format", ["tf", "urdf"])
def test_trees_of_frames(format: str, tmp_path: Path, assert_placed: Any) -> None:
    """The same rack as messages and as a robot description."""
    path = rigs.tf(tmp_path) if format == "tf" else rigs.urdf(tmp_path)

    found = convert(path, format)
    sensors = found.calibration.calibration

    camera = next(sensor for name, sensor in sensors.items() if name != "lidar_top")
    assert_placed(camera, rigs.ROOF @ rigs.FRONT @ rigs.BODY_FROM_OPTICAL)
    assert_placed(sensors["lidar_top"], rigs.ROOF @ rigs.TOP)
    into = np.linalg.inv(rigs.ROOF @ rigs.FRONT @ rigs.BODY_FROM_OPTICAL)
    points = ahead(into)
    expected = opencv_pixels(points, into, [[812.5, 0, 639.25], [0, 809.75, 361.5], [0, 0, 1]], RADTAN)
    assert project(points, camera).pixels == pytest.approx(expected, abs=1e-6)
    chain = (
        "base_link -> roof -> front -> front_optical"
        if format == "urdf"
        else "base_link -> roof -> front_optical"
    )
    assert any(chain in note for note in found.notes)
    reference = convert_calibration(path, format, reference="lidar_top").calibration["lidar_top"]
    assert_placed(reference, np.eye(4))


def test_camera_info_by_frame(tmp_path: Path, assert_placed: Any) -> None:
    """A camera info that names no frame is assigned by hand; a body gets its optical frame."""
    path = rigs.urdf(tmp_path)
    (tmp_path / "front_camera_info.yaml").unlink()
    info = tmp_path / "wide.yml"
    info.write_text(yaml.safe_dump(camera_info(camera_name="wide")))

    found = convert_calibration(path, "urdf", camera_infos={"front": [info]})

    assert_placed(found.calibration["wide"], rigs.ROOF @ rigs.FRONT @ rigs.BODY_FROM_OPTICAL)
    with pytest.raises(ConversionError, match="no frame has the name of the camera 'wide'"):
        convert_calibration(path, "urdf", camera_infos={"": [info]})


def test_trees_name_what_is_wrong(tmp_path: Path) -> None:
    """Joints that move, macros that are not expanded, other XML, frames that are placed twice."""
    path = rigs.urdf(tmp_path)
    text = path.read_text()
    for old, new, message in (
        ('"front_joint" type="fixed"', '"front_joint" type="revolute"', "the joint 'front_joint' between"),
        ('rpy="0 0 0.5"', 'rpy="0 0 ${pi}"', "expand xacro first"),
        ('<child link="lidar_top"/>', '<child link="front"/>', "the frame front is placed twice"),
        ('rpy="0 0 0.5"', 'rpy="0 0 28.6"', "rpy is 28.6, must be radians"),
        ("<joint", '<xacro:lidar xmlns:xacro="http://www.ros.org/wiki/xacro"/><joint', "holds <xacro:lidar>"),
        ('rpy="0 0 0.5"', 'rpy="0 0"', "rpy is '0 0', must be three numbers"),
        ('<child link="lidar_top"/>', "", "joint lidar_joint: has no child link"),
    ):
        path.write_text(text.replace(old, new, 1))
        with pytest.raises(ConversionError, match=message.replace("$", r"\$")):
            convert_calibration(path, "urdf")
    path.write_text("<opencv_storage/>")
    with pytest.raises(ConversionError, match="a URDF begins with <robot>"):
        convert_calibration(path, "urdf")
    path.write_text("<robot/>")
    with pytest.raises(ConversionError, match="holds no joints"):
        convert_calibration(path, "urdf")
    path.write_text("<robot>")
    with pytest.raises(DocumentError, match=r"car\.urdf: is not XML"):
        convert_calibration(path, "urdf")


def test_waymo(tmp_path: Path, assert_placed: Any) -> None:
    """The usual recipe: the inverse extrinsic, then (x, y, z) to (-y, -z, x), then OpenCV's pinhole."""
    found = convert(rigs.waymo(tmp_path), "waymo")
    sensors = found.calibration.calibration

    assert list(sensors) == ["camera_FRONT", "lidar_TOP"]
    into = np.array([[0.0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]]) @ np.linalg.inv(
        rigs.WAYMO_CAMERA
    )
    fu, fv, cu, cv, *distortion = rigs.WAYMO_INTRINSIC
    points = ahead(into)
    expected = opencv_pixels(points, into, [[fu, 0, cu], [0, fv, cv], [0, 0, 1]], distortion)
    assert project(points, sensors["camera_FRONT"]).pixels == pytest.approx(expected, abs=1e-6)
    assert_placed(sensors["lidar_TOP"], rigs.WAYMO_LASER)
    assert any("rolling_shutter_direction" in note for note in found.notes)


def test_waymo_numbers_of_names(tmp_path: Path) -> None:
    """Names are those of the enumeration, also as numbers; intrinsics may be a record."""
    path = rigs.waymo(tmp_path)
    content = json.loads(path.read_text())["context"]
    camera = content["cameraCalibrations"][0]
    keys = ("f_u", "f_v", "c_u", "c_v", "k_1", "k_2", "p_1", "p_2", "k_3")
    camera |= {"name": 5, "intrinsic": dict(zip(keys, rigs.WAYMO_INTRINSIC, strict=True))}
    path.write_text(json.dumps(content))
    before = convert_calibration(rigs.waymo(tmp_path / ".."), "waymo").calibration["camera_FRONT"]

    assert convert_calibration(path, "waymo").calibration["camera_SIDE_RIGHT"] == before
    camera["name"] = 12
    path.write_text(json.dumps(content))
    with pytest.raises(ConversionError, match="name is 12, must be one of FRONT, FRONT_LEFT"):
        convert_calibration(path, "waymo")


def test_pandaset_static(tmp_path: Path, assert_placed: Any) -> None:
    """Poses from each sensor to the lidar; images are undistorted, and their size is that of a picture."""
    path = rigs.pandaset(tmp_path)
    with pytest.raises(ConversionError, match=r"front_camera: .*does not hold the size of the images"):
        convert_calibration(path, "pandaset")

    found = convert(path, "pandaset", image_size={"front_camera": (1920, 1080)})
    sensors = found.calibration.calibration

    assert list(sensors) == sorted(rigs.PANDASET)
    w, x, y, z = rigs.PANDASET["front_camera"][0]
    axis = np.array([x, y, z]) / np.linalg.norm([x, y, z])
    pose = np.eye(4)
    pose[:3, :3] = cv2.Rodrigues(2 * np.arctan2(np.linalg.norm([x, y, z]), w) * axis)[0]
    pose[:3, 3] = rigs.PANDASET["front_camera"][1]
    assert_placed(sensors["front_camera"], pose)
    assert "front_camera: D is left out, as the published images are undistorted" in found.notes


@pytest.mark.shared
def test_pandaset_sequence(samples: Path, assert_placed: Any) -> None:
    """Cameras against the lidar, from the poses of a real sequence; sizes of its images."""
    sensors = convert_calibration(samples / "raw" / "pandaset" / "002", "pandaset").calibration
    described = json.loads((samples / "pandaset_sequence" / "calibration.json").read_text())["sensors"]

    assert sum(isinstance(sensor, LidarCalibration) for sensor in sensors.values()) == 2
    for name, sensor in sensors.items():
        if not isinstance(sensor, LidarCalibration):
            matrix = described[name]["camera_matrix"]
            assert (sensor.image_width, sensor.image_height) == (1920, 1080)
            assert (sensor.camera_matrix.fx, sensor.camera_matrix.cy) == (matrix["fx"], matrix["cy"])
    front, back = (
        np.array(list(described[name]["position"].values())) for name in ("front_camera", "back_camera")
    )
    distance = np.linalg.norm(front - back)
    one, other = (sensors[name].position for name in ("front_camera", "back_camera"))
    found = np.linalg.norm([one.x - other.x, one.y - other.y, one.z - other.z])
    assert found == pytest.approx(distance, abs=0.05)


def test_ocam(tmp_path: Path) -> None:
    """`world2cam` of OCamCalib in NumPy, also behind the image plane: x down, y right, z backward."""
    camera = convert_calibration(rigs.ocam(tmp_path), "ocam").calibration["calib_results"]
    rng = np.random.default_rng(5)
    angle, turn = rng.uniform(0.0, 1.75, 3000), rng.uniform(-np.pi, np.pi, 3000)
    rays = np.column_stack([np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.cos(angle)])
    points = rays * rng.uniform(0.5, 60, (3000, 1))

    found = project(points, camera, frame="camera").pixels

    x, y, z = points[:, 1], points[:, 0], -points[:, 2]
    norm = np.hypot(x, y)
    rho = np.polyval(rigs.OCAM_INVERSE[::-1], np.arctan(z / norm))
    row = 1.0003 * x / norm * rho + 0.0002 * y / norm * rho + 239.4
    column = -0.0001 * x / norm * rho + y / norm * rho + 378.9
    assert isinstance(camera, CustomCameraCalibration)
    assert (camera.image_width, camera.image_height) == (752, 480)
    assert found == pytest.approx(np.column_stack([column, row]), abs=1e-6)


def test_ocam_names_what_is_wrong(tmp_path: Path) -> None:
    path = rigs.ocam(tmp_path)
    text = path.read_text()
    for old, new, message in (
        ("8 325.4", "9 325.4", "the inverse polynomial says that it has 9 coefficients, and has 8"),
        ("480 752", "480", "the image size holds 1 numbers, must hold 2"),
        ("239.4 378.9", "", "holds 4 lines of numbers; calib_results.txt has 5"),
        ("239.4", "wide", "the centre is 'wide'"),
        ("5 -208.6", "5 0.0", "begins with 0, must be a focal length in pixels"),
    ):
        path.write_text(text.replace(old, new))
        with pytest.raises(ConversionError, match=message):
            convert_calibration(path, "ocam")
