"""Good files of formats that describe whole rigs: in the form in which their tools publish them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from tests.scenes.calibration.convert.sources import RADTAN, camera_info, quaternion

# OpenCalib's example of a lidar on a roof and a camera that looks forward.
OPENCALIB_K = [[2117.31, 0, 924.681], [0, 2113.29, 656.457], [0, 0, 1.0]]
OPENCALIB_D = [-0.102933, -0.040925, 0.00057951, -0.00419933, 0.429959]
OPENCALIB_T = [
    [0.00382471, -0.999992, -0.00070554, -0.0125114],
    [-0.0132276, 0.000654817, -0.999912, -0.379526],
    [0.999905, 0.00383377, -0.0132251, -0.551037],
    [0, 0, 0, 1],
]


def opencalib_matrix(rows: Any) -> dict[str, Any]:
    return {"rows": len(rows), "cols": len(rows[0]), "type": 6, "continuous": True, "data": rows}


def opencalib_document(kind: str, name: str, target: str, param: dict[str, Any]) -> dict[str, Any]:
    key = f"{name}-to-{target}-{kind}" if kind == "extrinsic" else f"{name}-{kind}"
    device = "relational" if kind == "extrinsic" else "camera"
    return {
        key: {
            "sensor_name": name,
            "target_sensor_name": target,
            "device_type": device,
            "param_type": kind,
            "param": param,
        }
    }


def opencalib(folder: Path) -> Path:
    """The two documents of the example; the path is that of the lens."""
    lens = {
        "img_dist_w": 1920,
        "img_dist_h": 1200,
        "cam_K": opencalib_matrix(OPENCALIB_K),
        "cam_dist": opencalib_matrix([OPENCALIB_D]),
    }
    place = {"time_lag": 0, "sensor_calib": opencalib_matrix(OPENCALIB_T)}
    lidar = "top_center_lidar"
    (folder / "top_center_lidar-to-center_camera-extrinsic.json").write_text(
        json.dumps(opencalib_document("extrinsic", lidar, "center_camera", place))
    )
    path = folder / "center_camera-intrinsic.json"
    path.write_text(json.dumps(opencalib_document("intrinsic", "center_camera", "center_camera", lens)))
    return path


def pose(*values: float) -> dict[str, float]:
    """A pose of Autoware: metres, and radians about fixed axes."""
    return dict(zip(("x", "y", "z", "roll", "pitch", "yaw"), values, strict=True))


# Autoware's sample: a kit on the roof, a camera and a lidar on the kit, another lidar at the rear.
SENSORS = {
    "base_link": {
        "sensor_kit_base_link": pose(0.9, 0.0, 2.0, -0.001, 0.015, -0.0364),
        "velodyne_rear_base_link": pose(-0.358, 0.0, 1.631, -0.02, 0.7281317, 3.141592),
    }
}
KIT = {
    "sensor_kit_base_link": {
        "camera0/camera_link": pose(0.10731, 0.56343, -0.27697, -0.025, 0.315, 1.035),
        "camera1/camera_link": pose(-0.10731, -0.56343, -0.27697, -0.025, 0.32, -2.12),
        "velodyne_top_base_link": pose(0.0, 0.0, 0.0, 0.0, 0.0, 1.575),
        "gnss_link": pose(-0.1, 0.0, -0.2, 0.0, 0.0, 0.0),
    }
}


def frame(x: float, y: float, z: float, roll: float, pitch: float, yaw: float) -> Any:
    """The motion of a frame into its parent, shape (4, 4), with OpenCV's rotations about one axis each."""
    matrix = np.eye(4)
    about = [cv2.Rodrigues(np.array(axis))[0] for axis in ([roll, 0, 0], [0, pitch, 0], [0, 0, yaw])]
    matrix[:3, :3], matrix[:3, 3] = about[2] @ about[1] @ about[0], (x, y, z)
    return matrix


# From a point of an optical frame (x right, y down, z forward) to its body (x forward, y left, z up).
BODY_FROM_OPTICAL = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])


def autoware(folder: Path) -> Path:
    """Both files, and the camera info of one camera in a folder of its own, as individual_params has it."""
    (folder / "camera0").mkdir(exist_ok=True)
    info = camera_info(camera_name="camera0")
    (folder / "camera0" / "camera_info.yaml").write_text(yaml.safe_dump(info))
    (folder / "sensors_calibration.yaml").write_text(yaml.safe_dump(SENSORS))
    path = folder / "sensor_kit_calibration.yaml"
    path.write_text(yaml.safe_dump(KIT))
    return path


def transform(parent: str, child: str, matrix: Any) -> dict[str, Any]:
    """A `TransformStamped` of ROS; quaternions are x, y, z, w there."""
    w, x, y, z = quaternion(cv2.Rodrigues(matrix[:3, :3])[0].ravel() + 1e-15)
    return {
        "header": {"stamp": {"sec": 0, "nanosec": 0}, "frame_id": parent},
        "child_frame_id": child,
        "transform": {
            "translation": dict(zip("xyz", map(float, matrix[:3, 3]), strict=True)),
            "rotation": {"x": float(x), "y": float(y), "z": float(z), "w": float(w)},
        },
    }


ROOF = frame(1.0, 0.0, 1.9, 0.01, 0.02, -0.03)
FRONT = frame(0.4, 0.1, -0.1, 0.0, 0.05, 0.02)
TOP = frame(0.0, 0.0, 0.2, 0.0, 0.0, 0.5)


def camera_info_of(folder: Path, **values: Any) -> Path:
    """An echoed message whose header names the frame of its camera."""
    content = {
        "header": {"stamp": {"sec": 1, "nanosec": 2}, "frame_id": "front_optical"},
        "height": 720,
        "width": 1280,
        "distortion_model": "plumb_bob",
        "d": RADTAN,
        "k": [812.5, 0.0, 639.25, 0.0, 809.75, 361.5, 0.0, 0.0, 1.0],
        **values,
    }
    path = folder / "front_camera_info.yaml"
    path.write_text(yaml.safe_dump(content) + "---\n")
    return path


def tf(folder: Path) -> Path:
    """`ros2 topic echo /tf_static` with the chain of a roof rack, and a camera info beside it."""
    camera_info_of(folder)
    messages = [
        transform("base_link", "roof", ROOF),
        transform("roof", "front_optical", FRONT @ BODY_FROM_OPTICAL),
        transform("roof", "lidar_top", TOP),
    ]
    path = folder / "tf_static.yaml"
    path.write_text(
        yaml.safe_dump({"transforms": messages[:2]}) + "---\n" + yaml.safe_dump({"transforms": messages[2:]})
    )
    return path


def urdf(folder: Path) -> Path:
    """The same rack as a robot description, with what such files hold besides."""
    camera_info_of(folder)
    path = folder / "car.urdf"
    path.write_text(
        """<?xml version="1.0"?>
<robot name="car">
  <link name="base_link"><visual><origin xyz="0 0 1"/><geometry><box size="4 2 1"/></geometry></visual></link>
  <link name="roof"/><link name="front"/><link name="front_optical"/><link name="lidar_top"/>
  <link name="wheel"/>
  <joint name="roof_joint" type="fixed">
    <parent link="base_link"/><child link="roof"/><origin xyz="1.0 0.0 1.9" rpy="0.01 0.02 -0.03"/>
  </joint>
  <joint name="front_joint" type="fixed">
    <parent link="roof"/><child link="front"/><origin xyz="0.4 0.1 -0.1" rpy="0 0.05 0.02"/>
  </joint>
  <joint name="optical_joint" type="fixed">
    <parent link="front"/><child link="front_optical"/>
    <origin rpy="-1.5707963267948966 0 -1.5707963267948966"/>
  </joint>
  <joint name="lidar_joint" type="fixed">
    <parent link="roof"/><child link="lidar_top"/><origin xyz="0 0 0.2" rpy="0 0 0.5"/>
  </joint>
  <joint name="wheel_joint" type="continuous">
    <parent link="base_link"/><child link="wheel"/><axis xyz="0 1 0"/>
  </joint>
</robot>
"""
    )
    return path


# Waymo: a camera that looks forward and 0.05 radians to the left, in Waymo's camera axes (x forward).
WAYMO_CAMERA = frame(1.54, -0.02, 2.11, 0.004, -0.01, 0.05)
WAYMO_LASER = frame(1.43, 0.0, 2.184, 0.0, 0.0, 2.59)
WAYMO_INTRINSIC = [2055.5, 2055.1, 939.6, 641.1, 0.0321, -0.3216, 0.0008, -0.0005, 0.0]


def waymo(folder: Path) -> Path:
    """A segment's context, as protocol buffers print it."""
    content = {
        "context": {
            "name": "10017090168044687777_6380_000_6400_000",
            "cameraCalibrations": [
                {
                    "name": "FRONT",
                    "intrinsic": WAYMO_INTRINSIC,
                    "extrinsic": {"transform": WAYMO_CAMERA.ravel().tolist()},
                    "width": 1920,
                    "height": 1280,
                    "rollingShutterDirection": "LEFT_TO_RIGHT",
                }
            ],
            "laserCalibrations": [
                {
                    "name": "TOP",
                    "beamInclinations": [-0.3, -0.2, 0.0],
                    "beamInclinationMin": -0.31,
                    "beamInclinationMax": 0.04,
                    "extrinsic": {"transform": WAYMO_LASER.ravel().tolist()},
                }
            ],
        }
    }
    path = folder / "segment.json"
    path.write_text(json.dumps(content))
    return path


# PandaSet's static calibration: from each sensor to main_pandar64.
PANDASET = {
    "main_pandar64": ([1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
    "front_gt": (
        [0.021475754959146356, -0.002060907279494794, 0.01134678181520767, 0.9997028534282365],
        [-0.000451117754, -0.605646431446, -0.301525235176],
    ),
    "front_camera": (
        [0.016213200031258722, 0.0030578899383849464, 0.7114721800418571, -0.7025205466606356],
        [0.0002585796504896516, -0.03907777167811011, -0.0440125762408362],
    ),
}
PANDASET_K = [1970.0131, 0.0, 970.0002, 0.0, 1970.0091, 483.2988, 0.0, 0.0, 1.0]


def pandaset(folder: Path) -> Path:
    content: dict[str, Any] = {}
    for name, (turn, place) in PANDASET.items():
        pose = {
            "rotation": dict(zip("wxyz", turn, strict=True)),
            "translation": dict(zip("xyz", place, strict=True)),
        }
        content[name] = {"extrinsic": {"transform": pose}}
    content["front_camera"]["intrinsic"] = {"K": PANDASET_K, "D": [-0.5894, 0.66, 0.0011, -0.001, -1.0088]}
    path = folder / "static_extrinsic_calibration.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


OCAM_INVERSE = [325.4, 192.7, 0.9, 20.1, 11.3, -1.6, 4.9, 2.8]


def ocam(folder: Path) -> Path:
    """OCamCalib's result for a lens of some 180 degrees, with eight coefficients."""
    path = folder / "calib_results.txt"
    path.write_text(
        "#polynomial coefficients for the DIRECT mapping function (ocam_model.ss in MATLAB).\n\n"
        "5 -208.6 0.0 0.00131 -3.1e-06 9.2e-09 \n\n"
        "#polynomial coefficients for the inverse mapping function (ocam_model.invpol in MATLAB).\n\n"
        f"{len(OCAM_INVERSE)} {' '.join(map(str, OCAM_INVERSE))} \n\n"
        '#center: "row" and "column", starting from 0 (C convention)\n\n'
        "239.4 378.9\n\n"
        '#affine parameters "c", "d", "e"\n\n'
        "1.0003 0.0002 -0.0001\n\n"
        '#image size: "height" and "width"\n\n'
        "480 752\n"
    )
    return path
