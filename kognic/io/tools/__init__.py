"""What is built on top of the client: scene descriptions, bulk creation, export, calibration tools."""
