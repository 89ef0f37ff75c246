"""The module of `PrincipalPointFisheyeCalibration` in the official package."""

from kognic.io.model.calibration.camera.standard import (
    PrincipalPointFisheyeCalibration,
    PrincipalPointFisheyeCoefficients,
)

__all__ = ["PrincipalPointFisheyeCalibration", "PrincipalPointFisheyeCoefficients"]
