"""Poses, and the base class of all calibrations."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from importlib import import_module
from typing import Any

import attrs

from kognic.base_clients.serialization import BaseSerializer
from kognic.base_clients.serialization.problems import InvalidKind


@attrs.define(kw_only=True)
class Position(BaseSerializer):
    """A point or translation, metres."""

    x: float
    y: float
    z: float


@attrs.define(kw_only=True)
class RotationQuaternion(BaseSerializer):
    """A rotation, scalar first; need not have unit length."""

    w: float
    x: float
    y: float
    z: float


class CalibrationType(str, Enum):
    """The type tag of a calibration."""

    PINHOLE = "pinhole"
    FISHEYE = "fisheye"
    KANNALA = "kannala"
    LIDAR = "lidar"
    PRINCIPALPOINTDIST = "principal_point_distortion"
    FUSEDCYLINDRICAL = "fused_cylindrical"
    CYLINDRICAL = "cylindrical"
    PRINCIPALPOINTFISHEYE = "principal_point_fisheye"
    CUSTOM = "custom"


_CAMERA = "kognic.io.model.calibration.camera"
CALIBRATION_CLASSES: Mapping[str, tuple[str, str]] = {
    "lidar": ("kognic.io.model.calibration.lidar.lidar_calibration", "LidarCalibration"),
    "pinhole": (f"{_CAMERA}.standard", "PinholeCalibration"),
    "fisheye": (f"{_CAMERA}.standard", "FisheyeCalibration"),
    "kannala": (f"{_CAMERA}.standard", "KannalaCalibration"),
    "principal_point_distortion": (f"{_CAMERA}.standard", "PrincipalPointDistortionCalibration"),
    "fused_cylindrical": (f"{_CAMERA}.standard", "FusedCylindricalCalibration"),
    "cylindrical": (f"{_CAMERA}.standard", "CylindricalCalibration"),
    "principal_point_fisheye": (f"{_CAMERA}.standard", "PrincipalPointFisheyeCalibration"),
    "custom": (f"{_CAMERA}.custom_camera_calibration", "CustomCameraCalibration"),
}


@attrs.define(kw_only=True)
class BaseCalibration(BaseSerializer):
    """Base class of all calibrations.

    Attributes:
        calibration_type: The kind of sensor and optics; each class presets its own.
        position: Position of the sensor in reference coordinates, metres.
        rotation_quaternion: Rotation from sensor to reference coordinates.
    """

    calibration_type: CalibrationType
    position: Position
    rotation_quaternion: RotationQuaternion

    @classmethod
    def _class_of(cls, value: Mapping[str, Any]) -> type[BaseCalibration]:
        """The class of a calibration that is given as a dict."""
        tag = value.get("calibration_type", value.get("calibrationType"))
        found = CALIBRATION_CLASSES.get(getattr(tag, "value", tag) if isinstance(tag, str) else "")
        if found is None:
            known = ", ".join(CALIBRATION_CLASSES)
            state = "is missing" if tag is None else f"{tag!r} is unknown"
            raise InvalidKind(f"{state}; it must be one of {known}", "calibration_type")
        calibration: type[BaseCalibration] = getattr(import_module(found[0]), found[1])
        return calibration
