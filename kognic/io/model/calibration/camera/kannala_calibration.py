"""The module of `KannalaCalibration` in the official package."""

from kognic.io.model.calibration.camera.standard import (
    KannalaCalibration,
    KannalaDistortionCoefficients,
    UndistortionCoefficients,
)

__all__ = ["KannalaCalibration", "KannalaDistortionCoefficients", "UndistortionCoefficients"]
