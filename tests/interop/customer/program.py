"""A program as a customer writes it: scenes kept as JSON, two projects, pre-annotations, results, clean-up.

Uses the documented API of kognic-io 2.19.0 only, and waits by itself wherever the platform takes its time. It
prints what it found as JSON, without anything that differs from run to run.

    python program.py URL CREDENTIALS WORKSPACE FOLDER
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from kognic.io.client import KognicIOClient
from kognic.io.model import (
    CameraMatrix,
    DistortionCoefficients,
    Image,
    LidarCalibration,
    PinholeCalibration,
    PointCloud,
    Position,
    RotationQuaternion,
    SceneInvalidatedReason,
    SensorCalibration,
)
from kognic.io.model.scene.lidars_and_cameras_sequence import Frame, LidarsAndCamerasSequence
from kognic.openlabel.models import OpenLabelAnnotation

PROJECTS = ("first-project", "second-project")
PATIENCE = 60


def main(url: str, credentials: str, workspace: str, folder: str) -> None:
    """Run everything and print the results."""
    client = KognicIOClient(
        auth=credentials,
        host=url,
        auth_host=url,
        order_execution_api_host=url,
        annotation_integration_api_host=url,
        workspace_api_host=url,
        project_management_api_host=url,
        write_workspace_id=workspace,
    )
    results: dict[str, object] = {}
    calibration = client.calibration.create_calibration(rig())
    kept = Path(folder) / "scenes.json"
    kept.write_text(json.dumps([save(scene(n, calibration.id, Path(folder))) for n in range(2)]))
    scenes = [load(saved) for saved in json.loads(kept.read_text())]
    results["reloaded"] = [one.external_id for one in scenes]

    uuids = [client.lidars_and_cameras_sequence.create(one).scene_uuid for one in scenes]
    ready = [wait_for_scene(client, uuid) for uuid in uuids]
    results["scenes"] = [(one.external_id, one.status.value, one.scene_type) for one in ready]

    inputs = []
    for uuid in uuids:
        for project in PROJECTS:
            document = OpenLabelAnnotation.model_validate(pre_annotation())
            name = f"for-{project}"
            made = client.pre_annotation.create(uuid, document, False, external_id=name)
            status = wait_for_pre_annotation(client, made.id)
            placed = client.input.create_from_scene(uuid, made.id, project=project)
            inputs.append((project, placed.uuid, placed.scene_external_id, status))
    results["inputs"] = sorted((project, scene_id, status) for project, _, scene_id, status in inputs)

    client.project.create_batch(PROJECTS[0], "week-2")
    late = place_in_new_batch(client, uuids[0])
    results["new batch"] = late.scene_external_id

    print("DELIVER " + json.dumps([uuid for _, uuid, _, _ in inputs]), flush=True)
    sys.stdin.readline()
    found = {}
    for project in PROJECTS:
        for annotation in client.annotation.get_project_annotations(project, "signs"):
            found.setdefault(project, []).append(sorted(annotation.content["openlabel"]))
    results["annotations"] = found

    for project in PROJECTS:
        for placed in client.input.query_inputs(project=project):
            client.input.delete_input(placed.uuid)
        results[f"left in {project}"] = len(client.input.query_inputs(project=project))
    client.scene.invalidate_scenes(uuids, SceneInvalidatedReason.DUPLICATE)
    results["cleaned"] = sorted(one.status.value for one in client.scene.get_scenes_by_uuids(uuids))
    print("RESULT " + json.dumps(results, sort_keys=True), flush=True)


def rig() -> SensorCalibration:
    """A lidar and a camera."""
    at = {"position": Position(x=0, y=0, z=1), "rotation_quaternion": RotationQuaternion(w=1, x=0, y=0, z=0)}
    camera = PinholeCalibration(
        image_width=16,
        image_height=12,
        camera_matrix=CameraMatrix(fx=10, fy=10, cx=8, cy=6),
        distortion_coefficients=DistortionCoefficients(k1=0, k2=0, p1=0, p2=0, k3=0),
        **at,
    )
    return SensorCalibration(external_id="rig", calibration={"lidar": LidarCalibration(**at), "CAM": camera})


def scene(number: int, calibration_id: str, folder: Path) -> LidarsAndCamerasSequence:
    """Two frames of files on disk."""
    frames = [
        Frame(
            frame_id=str(index),
            relative_timestamp=100 * index,
            point_clouds=[PointCloud(filename=str(folder / f"cloud-{index}.csv"), sensor_name="lidar")],
            images=[Image(filename=str(folder / f"image-{index}.jpg"), sensor_name="CAM")],
        )
        for index in range(2)
    ]
    return LidarsAndCamerasSequence(
        external_id=f"drive-{number}", frames=frames, calibration_id=calibration_id
    )


def save(one: LidarsAndCamerasSequence) -> dict:
    """A scene as JSON values."""
    return one.model_dump(mode="json")


def load(saved: dict) -> LidarsAndCamerasSequence:
    """The scene that was saved."""
    return LidarsAndCamerasSequence.model_validate(saved)


def wait_for_scene(client: KognicIOClient, uuid: str):
    """Poll: a new scene is unknown for a while."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            (found,) = client.scene.get_scenes_by_uuids([uuid])
        except Exception as error:  # 404 until the platform knows it
            if "404" not in str(error) and getattr(error, "response", None) is None:
                raise
        else:
            if found.status.value in ("created", "failed"):
                return found
        time.sleep(0.05)
    raise TimeoutError(uuid)


def wait_for_pre_annotation(client: KognicIOClient, uuid: str) -> str:
    """Poll until it can be used."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for found in client.pre_annotation.list(ids=[uuid]):
            status = str(found["status"]).lower().replace("_", "-")
            if status in ("available", "indexed", "failed"):
                return status
        time.sleep(0.05)
    raise TimeoutError(uuid)


def place_in_new_batch(client: KognicIOClient, uuid: str):
    """The request of a new batch appears seconds later."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return client.input.create_from_scene(uuid, project=PROJECTS[0], batch="week-2")
        except RuntimeError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def pre_annotation() -> dict:
    """A document with one frame."""
    frames = {"0": {"frame_properties": {"timestamp": 0}, "objects": {}}}
    return {"openlabel": {"metadata": {"schema_version": "1.0.0"}, "frames": frames}}


if __name__ == "__main__":
    main(*sys.argv[1:])
