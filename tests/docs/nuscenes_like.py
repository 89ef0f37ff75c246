"""Writes the sample drive as a data set in nuScenes' tables, for the page of recipes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from kognic.scenes.content.arrays import read_points


def _pose(token: str, pose: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """Nuscenes writes positions as x, y, z and quaternions as w, x, y, z."""
    rotation = pose.get("rotation") or pose["rotation_quaternion"]
    return {
        "token": token,
        "translation": [pose["position"][axis] for axis in "xyz"],
        "rotation": [rotation[part] for part in "wxyz"],
        **rest,
    }


def write_nuscenes_like(drive: Path, folder: Path) -> None:
    """One scene with the lidar and the front camera of a sample drive, and one labelled car.

    Its vehicle frame is that of the lidar, and its pictures count as rectified.
    """
    scene = json.loads((drive / "scene.json").read_text())
    rig = json.loads((drive / "calibration.json").read_text())["calibration"]
    camera = rig["FRONT"]["camera_matrix"]
    matrix = [[camera["fx"], 0, camera["cx"]], [0, camera["fy"], camera["cy"]], [0, 0, 1]]
    tables: dict[str, list[dict[str, Any]]] = {
        "scene": [{"token": "scene", "name": "scene-0001"}],
        "sensor": [
            {"token": "lidar", "channel": "LIDAR_TOP", "modality": "lidar"},
            {"token": "front", "channel": "CAM_FRONT", "modality": "camera"},
        ],
        "calibrated_sensor": [
            _pose("lidar", rig["lidar"], sensor_token="lidar", camera_intrinsic=[]),
            _pose("front", rig["FRONT"], sensor_token="front", camera_intrinsic=matrix),
        ],
        "category": [{"token": "car", "name": "vehicle.car"}],
        "instance": [{"token": "instance", "category_token": "car"}],
        "attribute": [], "sample": [], "ego_pose": [], "sample_data": [], "sample_annotation": [],
    }  # fmt: skip
    for channel in ("LIDAR_TOP", "CAM_FRONT"):
        (folder / "samples" / channel).mkdir(parents=True)
    for number, frame in enumerate(scene["frames"]):
        token, time = f"sample-{number}", frame["unix_timestamp"] // 1000
        points = read_points(drive / frame["point_clouds"][0]["filename"])
        rows = np.column_stack([points.xyz, points.intensity, np.zeros(len(points))])
        sweep, picture = f"samples/LIDAR_TOP/{number}.pcd.bin", f"samples/CAM_FRONT/{number}.png"
        rows.astype("<f4").tofile(folder / sweep)
        shutil.copyfile(drive / frame["images"][0]["filename"], folder / picture)
        tables["sample"].append({"token": token, "timestamp": time, "scene_token": "scene"})
        tables["ego_pose"].append(_pose(token, frame["ego_vehicle_pose"], timestamp=time))
        for sensor, file, size in (("lidar", sweep, {}), ("front", picture, {"width": 960, "height": 540})):
            tables["sample_data"].append(
                {"token": f"{sensor}-{number}", "sample_token": token, "ego_pose_token": token,
                 "calibrated_sensor_token": sensor, "filename": file, "timestamp": time,
                 "is_key_frame": True, **size}
            )  # fmt: skip
        tables["sample_annotation"].append(
            {"token": f"box-{number}", "sample_token": token, "instance_token": "instance",
             "attribute_tokens": [], "translation": [12.0, 2.0, 0.8], "size": [1.9, 4.5, 1.6],
             "rotation": [1, 0, 0, 0], "num_lidar_pts": 10, "num_radar_pts": 0, "visibility_token": "4",
             "prev": "", "next": ""}
        )  # fmt: skip
    (folder / "v1.0-mini").mkdir()
    for name, rows in tables.items():
        (folder / "v1.0-mini" / f"{name}.json").write_text(json.dumps(rows))
