"""Names that customers use although they are private: seen in public code that drives the platform."""

from __future__ import annotations

import pytest

from kognic.io.client import KognicIOClient
from kognic.io.model import LidarCalibration, SensorCalibrationEntry
from kognic.io.resources.annotation.annotation import AnnotationResource
from kognic.io.resources.pre_annotation.pre_annotation import PreAnnotationResource
from kognic.sandbox import Sandbox
from kognic.sandbox.control import Control
from tests.io.resources.scenes import OPENLABEL, created_scene


@pytest.fixture
def client(kognic_client: KognicIOClient) -> KognicIOClient:
    return kognic_client


@pytest.fixture
def control(kognic_sandbox: Sandbox) -> Control:
    return kognic_sandbox.control


def test_calls_through_a_resource(client: KognicIOClient) -> None:
    """`client.scene._client.get` calls any path of the input service."""
    uuid = created_scene(client)

    assert client.scene._client.get(f"v2/scenes/{uuid}")["sceneUuid"] == uuid


def test_clients_of_services(client: KognicIOClient) -> None:
    """The clients of two services, and the session that signs their calls."""
    project = client.project.get_projects()[0]
    assert project.project == "sandbox-project"

    assert client._order_execution_client.host == client._project_management_client.host
    answer = client._auth_session.request("GET", f"{client._order_execution_client.host}/v1/projects")
    assert answer.json()["data"][0]["project"] == project.project


def test_parse_calibration() -> None:
    """The class of one sensor's calibration is picked by its type."""
    parsed = SensorCalibrationEntry._parse_calibration(
        {
            "calibration_type": "lidar",
            "position": {"x": 0, "y": 0, "z": 2},
            "rotation_quaternion": {"w": 1, "x": 0, "y": 0, "z": 0},
        }
    )

    assert isinstance(parsed, LidarCalibration)
    assert parsed.position.z == 2


def test_resources_are_constructed_by_hand(client: KognicIOClient, control: Control) -> None:
    """With the arguments of the official classes, in their order."""
    workspace, files = client.workspace_id, client._files
    input_service = client._http("input")
    annotations = AnnotationResource(input_service, files, workspace, client._http("annotation-integration"))
    pre_annotations = PreAnnotationResource(input_service, files, workspace)
    uuid = created_scene(client)

    created = pre_annotations.create(uuid, OPENLABEL, False, external_id="by-hand")
    placed = client.input.create_from_scene(uuid, created.id, project="sandbox-project")
    assert control.wait_until_idle()
    delivered = control.deliver_annotation(placed.uuid, OPENLABEL)
    assert annotations.get_annotation_by_id(delivered).input_uuid == placed.uuid
