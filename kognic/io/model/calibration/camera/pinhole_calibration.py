"""The module of `PinholeCalibration` in the official package."""

from kognic.io.model.calibration.camera.standard import (
    PinholeCalibration,
)

__all__ = ["PinholeCalibration"]
