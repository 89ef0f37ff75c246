"""Calibrations of sensors."""
