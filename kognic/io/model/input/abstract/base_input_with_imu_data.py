"""Deprecated: use `kognic.io.model.scene.abstract`."""

from kognic.io.model.input.abstract import BaseInputWithIMUData

__all__ = ["BaseInputWithIMUData"]
