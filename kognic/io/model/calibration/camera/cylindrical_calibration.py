"""The module of `CylindricalCalibration` in the official package."""

from kognic.io.model.calibration.camera.standard import (
    CylindricalCalibration,
)

__all__ = ["CylindricalCalibration"]
