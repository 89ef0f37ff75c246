"""Real recordings, described by files, arrive on the platform byte for byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kognic.io.client import KognicIOClient
from kognic.pipelines.scene_upload import SceneFileUpload
from kognic.sandbox import Sandbox
from kognic.scenes.scene_file import load_scene_file

pytestmark = pytest.mark.shared

# Folder of the samples, and the format in which its point clouds are sent.
DRIVES = [
    ("kitti_frame", "csv"),
    ("kitti_frame", "las"),
    ("nuscenes_frame", "las"),
    ("pandaset_sequence", "pcd"),
    ("pandaset_sequence", "las"),
    ("av2_lidar_sequence", "csv"),
    ("fisheye_frame", "pcd"),
    ("distorted_pinhole_frame", "csv"),
]


def calibration(folder: Path) -> dict[str, Any]:
    """The calibration of a sample in the form of the platform."""
    content = json.loads((folder / "calibration.json").read_text())
    return {
        "external_id": folder.name,
        "sensors": {name: sensor(values) for name, values in content["sensors"].items()},
    }


def sensor(values: dict[str, Any]) -> dict[str, Any]:
    pose = {"position": values["position"], "rotation_quaternion": values["rotation"]}
    if values["kind"] == "lidar":
        return {"calibration_type": "lidar", **pose}
    camera = {
        **pose,
        "calibration_type": values["model"],
        "camera_matrix": values["camera_matrix"],
        "image_width": values["image_width"],
        "image_height": values["image_height"],
        "field_of_view": values["field_of_view_deg"],
    }
    lens = values["distortion"]
    if values["model"] == "pinhole":
        return {**camera, "distortion_coefficients": lens}
    kannala = {"k1": lens["k1"], "k2": lens["k2"], "p1": lens["k3"], "p2": lens["k4"]}
    return {
        **camera,
        "distortion_coefficients": kannala,
        "undistortion_coefficients": {key: values["undistortion"][key] for key in ("l1", "l2", "l3", "l4")},
    }


def describe(folder: Path, cloud_format: str) -> dict[str, Any]:
    """A description of a sample, whose files are below `data/`."""
    manifest = json.loads((folder / "manifest.json").read_text())
    is_sequence = manifest["kind"] == "sequence"
    has_images = any(frame.get("images") for frame in manifest["frames"])
    frames = [frame_of(frame, cloud_format, is_sequence) for frame in manifest["frames"]]
    described: dict[str, Any] = {
        "type": ("lidars_and_cameras" if has_images else "lidars") + ("_sequence" if is_sequence else ""),
        "external_id": f"{folder.name}-{cloud_format}",
        "metadata": {"source": folder.name},
    }
    if has_images:
        described["calibration"] = calibration(folder)
    return {**described, "frames": frames} if is_sequence else {**described, "frame": frames[0]}


def frame_of(frame: dict[str, Any], cloud_format: str, is_sequence: bool) -> dict[str, Any]:
    described: dict[str, Any] = {
        "unix_timestamp": frame["timestamp_ns"],
        "point_clouds": [
            {"sensor_name": name, "filename": f"data/{lidar['files'][cloud_format]}"}
            for name, lidar in frame["lidars"].items()
        ],
    }
    if frame.get("images"):
        described["images"] = [
            {"sensor_name": name, "filename": f"data/{image['file']}"}
            for name, image in frame["images"].items()
        ]
    if is_sequence:
        described |= {"frame_id": frame["frame_id"], "relative_timestamp": frame["relative_ms"]}
        described["ego_vehicle_pose"] = frame["ego_pose"]
    return described


def digests(paths: dict[str, Path]) -> Iterator[tuple[str, str]]:
    for name, path in paths.items():
        yield name, hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(("name", "cloud_format"), DRIVES)
def test_real_drives_arrive(
    name: str,
    cloud_format: str,
    samples: Path,
    tmp_path: Path,
    kognic_client: KognicIOClient,
    kognic_sandbox: Sandbox,
) -> None:
    """Description, upload and processing of public recordings; every stored byte is compared."""
    (tmp_path / "data").symlink_to(samples / name)
    path = tmp_path / "scene.json"
    path.write_text(json.dumps(describe(samples / name, cloud_format)))
    scene_file = load_scene_file(path)
    upload = SceneFileUpload(client=kognic_client, scene_file=scene_file, poll_interval=0.05)
    upload.run()

    assert upload.scene is not None
    assert upload.scene_uuid is not None
    stored = kognic_sandbox.control.stored_files(upload.scene_uuid)
    sizes = {resource: file["size"] for resource, file in stored.items()}
    assert sizes == {file: path.stat().st_size for file, path in scene_file.files.items()}
    assert {resource: file["sha256"] for resource, file in stored.items()} == dict(digests(scene_file.files))
    summary = kognic_client.scene.get_scene_summary(upload.scene_uuid)
    assert summary.scene_type.value == scene_file.description.type
    if scene_file.calibration is not None:
        assert upload.calibration is not None
        kept = kognic_client.calibration.get_calibration(upload.calibration.id)
        assert kept.calibration == scene_file.calibration.calibration


@pytest.mark.slow
def test_every_format_of_the_vendors_examples(
    samples: Path, tmp_path: Path, kognic_client: KognicIOClient, kognic_sandbox: Sandbox
) -> None:
    """PNG, JPG, WebP and AVIF; CSV with and without further columns, LAS and PCD."""
    (tmp_path / "data").symlink_to(samples / "kognic_examples")
    names = [str(path.relative_to(tmp_path)) for path in sorted((tmp_path / "data").rglob("*.*"))]
    images = [name for name in names if name.endswith((".png", ".jpg", ".webp", ".avif"))]
    clouds = [name for name in names if name.endswith((".csv", ".las", ".pcd"))]
    assert {Path(name).suffix for name in images} == {".png", ".jpg", ".webp", ".avif"}
    assert {Path(name).suffix for name in clouds} == {".csv", ".las", ".pcd"}
    chunks = [("cameras", "images", images[start : start + 9]) for start in range(0, len(images), 9)]
    chunks += [("lidars", "point_clouds", clouds[start : start + 20]) for start in range(0, len(clouds), 20)]
    for number, (scene_type, key, files) in enumerate(chunks):
        entries = [{"sensor_name": f"S{index}", "filename": name} for index, name in enumerate(files)]
        document = {"type": scene_type, "external_id": f"vendor-{number}", "frame": {key: entries}}
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(document))
        scene_file = load_scene_file(path)
        upload = SceneFileUpload(client=kognic_client, scene_file=scene_file, poll_interval=0.05)
        upload.run()
        assert upload.scene_uuid is not None
        stored = kognic_sandbox.control.stored_files(upload.scene_uuid)
        assert sorted(file["sha256"] for file in stored.values()) == sorted(
            dict(digests(scene_file.files)).values()
        )
