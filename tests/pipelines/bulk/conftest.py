"""Scenes for bulk runs: small real images, each with bytes of its own."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture

from kognic.io.model.scene.cameras import Cameras, Frame
from kognic.io.model.scene.resources import Image


def picture(number: int) -> bytes:
    """A small PNG that differs from that of every other number."""
    file = BytesIO()
    Picture.new("RGB", (16, 9), (number % 256, number // 256 % 256, 7)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def make_scene(tmp_path: Path) -> Callable[..., Cameras]:
    """Makes a scene of some images that lie on disk."""

    def make(number: int, images: int = 2, external_id: str | None = None) -> Cameras:
        resources = []
        for camera in range(images):
            path = tmp_path / f"s{number}-c{camera}.png"
            path.write_bytes(picture(number * 100 + camera))
            resources.append(Image(filename=str(path), sensor_name=f"C{camera}"))
        return Cameras(external_id=external_id or f"scene-{number}", frame=Frame(images=resources))

    return make


@pytest.fixture
def document() -> dict[str, Any]:
    """A pre-annotation of a scene that `make_scene` made: one box in the first camera."""
    return {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0"},
            "streams": {"C0": {"type": "camera"}},
            "objects": {"6f9619ff-8b86-4d01-b42d-00cf4fc964ff": {"name": "car", "type": "Car"}},
            "frames": {
                "0": {
                    "frame_properties": {"timestamp": 0, "streams": {"C0": {}}},
                    "objects": {
                        "6f9619ff-8b86-4d01-b42d-00cf4fc964ff": {
                            "object_data": {
                                "bbox": [
                                    {
                                        "name": "b",
                                        "val": [4.0, 4.0, 2.0, 2.0],
                                        "attributes": {"text": [{"name": "stream", "val": "C0"}]},
                                    }
                                ]
                            }
                        }
                    },
                }
            },
        }
    }
