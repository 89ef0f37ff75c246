"""Scenes on disk, offline: scene files, content readers, geometry, calibration, checks."""
