"""Annotations to export: each of a scene of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from kognic.io.client import KognicIOClient
from kognic.io.model.scene.cameras import Cameras, Frame
from kognic.io.model.scene.resources import Image
from kognic.io.resources.scene.file_data import FileData
from kognic.sandbox import Sandbox

PROJECT, TYPE = "sandbox-project", "objects"
Deliver = Callable[..., str]


def document(number: int, **metadata: Any) -> dict[str, Any]:
    """A small OpenLABEL document that differs from that of every other number."""
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0", **metadata},
            "objects": {str(uuid.UUID(int=number)): {"name": f"object {number}", "type": "Car"}},
            "frames": {"0": {"frame_properties": {"timestamp": 0, "external_id": "0"}, "objects": {}}},
        }
    }


@pytest.fixture
def deliver(kognic_client: KognicIOClient, kognic_sandbox: Sandbox) -> Deliver:
    """Delivers an annotation of a scene of its own; returns the UUID of the input."""

    def make(number: int, **options: Any) -> str:
        data = FileData(data=b"never looked at", format=FileData.Format.JPG)
        image = Image(filename=f"{number}.jpg", sensor_name="C", file_data=data)
        scene = Cameras(external_id=f"scene-{number}", frame=Frame(images=[image]))
        with kognic_sandbox.control.held():
            made = kognic_client.cameras.create(scene)
            found = kognic_client.input.create_from_scene(made.scene_uuid, project=PROJECT)
        assert found is not None
        kognic_sandbox.control.deliver_annotation(found.uuid, document(number), **options)
        return found.uuid

    return make
