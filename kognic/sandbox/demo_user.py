"""The user's part of the demo: a program with a credentials file and a scene file, and nothing else.

It runs in a process of its own, finds the platform by the environment (KOGNIC_ENVIRONMENT), tells what it
does on standard error and prints what the platform told it on standard output, as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from kognic._core.errors import KognicError
from kognic.io.client import KognicIOClient
from kognic.pipelines.scene_upload import SceneFileUpload
from kognic.scenes.scene_file import load_scene_file


def main(arguments: Sequence[str]) -> None:
    """Upload the scene, place it in a project, read everything back."""
    credentials, scene_path, project = arguments
    scene_file = load_scene_file(scene_path)
    with KognicIOClient(auth=credentials) as client:
        upload = SceneFileUpload(client=client, scene_file=scene_file, tell=_tell, poll_interval=0.1)
        # The demo creates its input itself, below.
        upload.project = upload.batch = None
        upload.run()
        assert upload.scene_uuid is not None
        created = client.input.create_from_scene(upload.scene_uuid, upload.pre_annotation_id, project=project)
        assert created is not None
        _tell(f"input in {project}: created ({created.uuid})")
        print(json.dumps(_read_back(client, upload, project)))  # noqa: T201


def _read_back(client: KognicIOClient, upload: SceneFileUpload, project: str) -> dict[str, Any]:
    assert upload.scene_uuid is not None
    (scene,) = client.scene.get_scenes_by_uuids([upload.scene_uuid])
    summary = client.scene.get_scene_summary(upload.scene_uuid)
    poses = client.scene.get_ego_poses(upload.scene_uuid)
    inputs = client.input.query_inputs(project=project, scene_uuids=[upload.scene_uuid])
    calibration = pre_annotation = None
    if scene.calibration_id is not None:
        calibration = client.calibration.get_calibration(scene.calibration_id).calibration
    if upload.pre_annotation_id is not None:
        content = client.pre_annotation.get_with_content(upload.pre_annotation_id).content
        pre_annotation = content.model_dump(mode="json", exclude_none=True)
    return {
        "scene_uuid": scene.uuid,
        "status": scene.status.value,
        "external_id": scene.external_id,
        "scene_type": scene.scene_type,
        "view_link": scene.view_link,
        "frame_relative_times": summary.frame_relative_times,
        "lidars": sorted(summary.lidars or []),
        "cameras": sorted(summary.cameras or []),
        "is_motion_compensated": summary.is_motion_compensated,
        "metadata": summary.metadata,
        "ego_poses": {frame: pose.to_dict() for frame, pose in (poses or {}).items()},
        "pre_annotation": pre_annotation,
        "inputs": [found.uuid for found in inputs],
        "calibration_matches": (
            None
            if upload.scene_file.calibration is None
            else calibration == upload.scene_file.calibration.calibration
        ),
    }


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KognicError as exc:
        sys.exit(f"{type(exc).__name__}: {exc}")
