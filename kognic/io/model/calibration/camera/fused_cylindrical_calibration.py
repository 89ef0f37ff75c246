"""The module of `FusedCylindricalCalibration` in the official package."""

from kognic.io.model.calibration.camera.standard import (
    CutAngles,
    FusedCylindricalCalibration,
)

__all__ = ["CutAngles", "FusedCylindricalCalibration"]
