"""Sample data: a generated drive with scene file, calibration, IMU data and pre-annotation."""
