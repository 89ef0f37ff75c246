"""The module of `PrincipalPointDistortionCalibration` in the official package."""

from kognic.io.model.calibration.camera.standard import (
    DistortionCenter,
    LensProjectionCoefficients,
    PrincipalPoint,
    PrincipalPointDistortionCalibration,
    PrincipalPointDistortionCoefficients,
)

__all__ = [
    "DistortionCenter",
    "LensProjectionCoefficients",
    "PrincipalPoint",
    "PrincipalPointDistortionCalibration",
    "PrincipalPointDistortionCoefficients",
]
