"""Tools on top of the client: bulk creation, export, scene descriptions, calibrations."""
