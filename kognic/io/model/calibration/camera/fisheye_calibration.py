"""The module of `FisheyeCalibration` in the official package."""

from kognic.io.model.calibration.camera.standard import (
    FisheyeCalibration,
)

__all__ = ["FisheyeCalibration"]
