"""Custom cameras on the pages of the sandbox. The platform runs no modules; this package does it for it.

Modules are untrusted: `CameraModule` limits their memory and instructions.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from typing import Any

import attrs

from kognic._core.errors import KognicError
from kognic.io.model.calibration import CustomCameraCalibration, SensorCalibration
from kognic.scenes.geometry.optics import Optics
from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.geometry.projection import optics_of
from kognic.viewer.baking import Baker
from kognic.viewer.document import Frame, Picture, Scene

_MOST_COMPILED = 8
_COMPILED: dict[bytes, Optics] = {}
_LOCK = threading.Lock()


def bake(picture: Picture, entry: Mapping[str, Any], frame: Frame, scene: Scene) -> Picture:
    """Bake the pixels of a frame's points and shapes into the picture; a message if that is impossible.

    Args:
        picture: An image of the camera.
        entry: The camera in the calibration, as it was uploaded.
        frame: The frame; its clouds and shapes count.
        scene: The scene.
    """
    try:
        known = SensorCalibration.from_json({"externalId": "", "calibration": {picture.camera: dict(entry)}})
        camera = known.calibration[picture.camera]
        assert isinstance(camera, CustomCameraCalibration)
        return Baker(scene).baked(picture, Rigid.of_sensor(camera), _formula(camera), frame)
    except (KognicError, ImportError, ValueError) as exc:
        return attrs.evolve(picture, message=f"points cannot be projected: {exc}")


def _formula(camera: CustomCameraCalibration) -> Optics:
    """The formula of a camera; the modules that were used last stay compiled."""
    key = hashlib.sha256(camera.wasm_base64.encode()).digest()
    with _LOCK:
        found = _COMPILED.pop(key, None) or optics_of(camera)
        while len(_COMPILED) >= _MOST_COMPILED:
            del _COMPILED[next(iter(_COMPILED))]
        _COMPILED[key] = found
    return found
