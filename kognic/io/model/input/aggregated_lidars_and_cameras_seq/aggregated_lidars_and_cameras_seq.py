"""Deprecated: use `kognic.io.model.scene.aggregated_lidars_and_cameras_seq`."""

from kognic.io.model.input.aggregated_lidars_and_cameras_seq import AggregatedLidarsAndCamerasSequence

__all__ = ["AggregatedLidarsAndCamerasSequence"]
