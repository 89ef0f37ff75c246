"""Labels of public data sets, and the transforms that belong to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def kitti_camera_from_lidar(raw: Path) -> np.ndarray:
    """R0_rect Tr_velo_to_cam of frame 000002."""
    text = (raw / "kitti_object/training/calib/000002.txt").read_text()
    values = {
        line.split(":")[0]: np.array(line.split(":")[1].split(), float)
        for line in text.splitlines()
        if ":" in line
    }
    rectification, pose = np.eye(4), np.eye(4)
    rectification[:3, :3] = values["R0_rect"].reshape(3, 3)
    pose[:3] = values["Tr_velo_to_cam"].reshape(3, 4)
    return rectification @ pose


@pytest.fixture(scope="session")
def kitti_projection(raw: Path) -> np.ndarray:
    """P2 of frame 000002."""
    text = (raw / "kitti_object/training/calib/000002.txt").read_text()
    line = next(line for line in text.splitlines() if line.startswith("P2:"))
    return np.array(line.split()[1:], float).reshape(3, 4)
