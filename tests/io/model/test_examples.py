"""The protocol's JSON examples (transcribed in `examples.json`), made from models and read into them."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from kognic.io.model import IMUData, SensorCalibration
from kognic.io.model.ego.validated_imu_data import ValidatedIMUData, ValidateIMUDataRequest
from kognic.io.model.pre_annotation.openlabel import to_openlabel
from kognic.io.model.review.review import ReviewRequest
from kognic.io.model.scene.scene_request import (
    EgoVehiclePose,
    Frame,
    ImageResource,
    LocalFile,
    Resource,
    SceneRequest,
    SensorResource,
    SensorSpecification,
)

EXAMPLES: dict[str, Any] = json.loads(Path(__file__).with_name("examples.json").read_text("utf-8"))
SCENES = {
    "cameras": ("cameras", "Cameras"),
    "cameras-sequence": ("cameras_sequence", "CamerasSequence"),
    "lidars": ("lidars", "Lidars"),
    "lidars-sequence": ("lidars_sequence", "LidarsSequence"),
    "lidars-and-cameras": ("lidars_and_cameras", "LidarsAndCameras"),
    "lidars-and-cameras-sequence": ("lidars_and_cameras_sequence", "LidarsAndCamerasSequence"),
    "aggregated-lidars-and-cameras-sequence": (
        "aggregated_lidars_and_cameras_seq",
        "AggregatedLidarsAndCamerasSequence",
    ),
}


@pytest.mark.shared
def test_the_transcription_is_complete(shared_folder: Path) -> None:
    """Every example of the protocol, unchanged."""
    text = (shared_folder / "protocol" / "models.md").read_text("utf-8")
    found = re.findall(r"<!-- example:([\w-]+) -->\s*```json\n(.*?)\n```", text, re.DOTALL)

    assert {name: json.loads(example) for name, example in found} == EXAMPLES


@pytest.mark.parametrize("name", SCENES)
def test_scenes(name: str) -> None:
    """A body is the scene and what the client adds to it."""
    module, cls = SCENES[name]
    body = EXAMPLES[name]
    scene = getattr(importlib.import_module(f"kognic.io.model.scene.{module}"), cls).from_json(body)
    added = {key: body[key] for key in ("internalId", "featureFlags", "imuData") if key in body}

    assert {**scene.to_dict(), **added} == body


def test_calibrations() -> None:
    """Every type, in snake case, as it is sent and as it comes back."""
    example = EXAMPLES["calibration"]
    calibration = SensorCalibration.from_json(example)

    assert calibration.to_dict() == example
    types = {sensor: type(c).__name__ for sensor, c in calibration.calibration.items()}
    assert types == {
        "ROOF": "LidarCalibration",
        "C_PIN": "PinholeCalibration",
        "C_FISH": "FisheyeCalibration",
        "C_KAN": "KannalaCalibration",
        "C_PPD": "PrincipalPointDistortionCalibration",
        "C_FC": "FusedCylindricalCalibration",
        "C_CYL": "CylindricalCalibration",
        "C_PPF": "PrincipalPointFisheyeCalibration",
        "C_WASM": "CustomCameraCalibration",
    }


def test_imu_data() -> None:
    """The request to validate it, and the content of its upload."""
    request = ValidateIMUDataRequest.from_json(EXAMPLES["imu-request"])
    validated = ValidatedIMUData(resource_id="r", imu_data=request.imu_data)

    assert request.to_dict() == EXAMPLES["imu-request"]
    assert validated.serialize_imu_data() == EXAMPLES["imu-upload"]
    assert [IMUData.from_json(entry) for entry in EXAMPLES["imu-upload"]] == request.imu_data


def test_scene_request() -> None:
    """Local and external files, shutter times, a pose, metadata, a specification."""
    start = 1700000000000000000
    frames = [
        Frame(
            "0",
            start,
            [ImageResource(None, LocalFile("pier/f0.jpg"), "FRONT", start, start + 8_000_000, False)],
            [SensorResource("s3://example-bucket/pier/r0.las", None, "ROOF")],
            EgoVehiclePose(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
            {"lane": 2},
        ),
        Frame("1", start + 500_000_000, [ImageResource(None, LocalFile("pier/f1.jpg"), "FRONT")]),
    ]
    request = SceneRequest(
        workspace_id="9f2f0c0e-1b1a-4f0b-9a7f-2f3f4f5f6f70",
        external_id="pier-0001",
        frames=frames,
        sensor_specification=SensorSpecification({"FRONT": "Front camera"}, ["FRONT"]),
        calibration_id="0d1f6a52-6b1e-4a57-9a26-3c7a2f1f4e10",
        metadata={"region": "EU"},
        imudata_resource=Resource("s3://example-bucket/pier/imu.json", None),
        should_motion_compensate=False,
        postpone_external_resource_import=False,
    )

    assert request.to_dict() == EXAMPLES["scene-request"]
    assert json.loads(request.to_json()) == EXAMPLES["scene-request"]
    assert set(request.get_files()) == {"pier/f0.jpg", "pier/f1.jpg"}


def test_review() -> None:
    """Feedback with everything."""
    assert ReviewRequest.from_json(EXAMPLES["review"]).to_dict() == EXAMPLES["review"]


def test_pre_annotation() -> None:
    """The OpenLABEL document becomes a model and is the same again."""
    document = EXAMPLES["pre-annotation"]["preAnnotation"]

    assert to_openlabel(document).model_dump(mode="json", exclude_none=True) == document
