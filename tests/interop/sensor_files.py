"""Small files of the documented formats, the same bytes in every run."""

from __future__ import annotations

from pathlib import Path

import laspy
import numpy as np
from PIL import Image

START = 1_700_000_000_000_000_000


def write_sensor_files(folder: Path) -> Path:
    """Write images (64 x 48) and point clouds into a new folder."""
    folder.mkdir()
    ramp = np.arange(64 * 48 * 3, dtype=np.uint32).reshape(48, 64, 3)
    for seed, name in enumerate(("front.jpg", "front2.jpg", "left.png", "left.webp")):
        Image.fromarray(((ramp * (seed + 3)) % 251).astype(np.uint8)).save(folder / name)
    points = np.linspace(-5.0, 5.0, 3 * 12).reshape(12, 3)
    _write_csv(folder / "top.csv", points)
    _write_pcd(folder / "rear.pcd", points)
    _write_las(folder / "top2.las", points)
    return folder


def _write_csv(path: Path, points: np.ndarray) -> None:
    rows = [f"{START + i},{x:.3f},{y:.3f},{z:.3f},{i}" for i, (x, y, z) in enumerate(points)]
    path.write_text("\n".join(["ts_gps,x,y,z,intensity", *rows]) + "\n", "utf-8")


def _write_pcd(path: Path, points: np.ndarray) -> None:
    header = (
        "VERSION .7\nFIELDS x y z intensity timestamp\nSIZE 4 4 4 4 8\nTYPE F F F U U\nCOUNT 1 1 1 1 1\n"
        f"WIDTH {len(points)}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {len(points)}\nDATA ascii\n"
    )
    rows = [f"{x:.3f} {y:.3f} {z:.3f} {i} {START + i}" for i, (x, y, z) in enumerate(points)]
    path.write_text(header + "\n".join(rows) + "\n", "utf-8")


def _write_las(path: Path, points: np.ndarray) -> None:
    header = laspy.LasHeader(version="1.2", point_format=3)
    header.scales = np.array([0.001, 0.001, 0.001])
    header.creation_date = None
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = points.T
    cloud.write(str(path))
