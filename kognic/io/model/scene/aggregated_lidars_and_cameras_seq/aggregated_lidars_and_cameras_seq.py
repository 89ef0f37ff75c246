"""The module of `AggregatedLidarsAndCamerasSequence` in the official package."""

from kognic.io.model.scene.aggregated_lidars_and_cameras_seq import AggregatedLidarsAndCamerasSequence

__all__ = ["AggregatedLidarsAndCamerasSequence"]
