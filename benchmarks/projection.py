"""Points projected into an image per second, compared with OpenCV and with a minimum in plain NumPy.

`python -m benchmarks.projection` prints a table: millions of points per second of CPU time on one thread,
in the fastest of the rounds that the contenders run in turn. The minimum is what a pinhole camera needs in
NumPy: move the points to the camera, divide by the depth, scale to pixels, and find those in the image.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
from tabulate import tabulate

from kognic.io.model.calibration import (
    CameraMatrix,
    CylindricalCalibration,
    DistortionCoefficients,
    FisheyeCalibration,
    KannalaCalibration,
    PinholeCalibration,
    Position,
    RotationQuaternion,
)
from kognic.io.model.calibration.camera.standard import (
    KannalaDistortionCoefficients,
    UndistortionCoefficients,
)
from kognic.scenes.geometry import Rigid, project

SIZE = (1920, 1208)
STRAIGHT = DistortionCoefficients(k1=0.0, k2=0.0, p1=0.0, p2=0.0, k3=0.0)
BENT = DistortionCoefficients(k1=-0.3, k2=0.1, p1=0.001, p2=-0.001, k3=-0.01)
COMMON: dict[str, Any] = {
    "position": Position(x=1.5, y=0.2, z=1.6),
    "rotation_quaternion": RotationQuaternion(w=0.52, x=-0.48, y=0.5, z=-0.5),
    "image_width": SIZE[0],
    "image_height": SIZE[1],
    "camera_matrix": CameraMatrix(fx=1000.0, fy=1001.0, cx=955.0, cy=605.0),
}
ANGLES = KannalaDistortionCoefficients(k1=0.02, k2=-0.004, p1=0.0005, p2=0.0001)
CAMERAS: Mapping[str, Any] = {
    "pinhole": PinholeCalibration(distortion_coefficients=STRAIGHT, **COMMON),
    "pinhole, distorted": PinholeCalibration(distortion_coefficients=BENT, **COMMON),
    "fisheye": FisheyeCalibration(distortion_coefficients=BENT, xi=1.2, **COMMON),
    "kannala": KannalaCalibration(
        distortion_coefficients=ANGLES,
        undistortion_coefficients=UndistortionCoefficients(l1=0.0, l2=0.0, l3=0.0, l4=0.0),
        **COMMON,
    ),
    "cylindrical": CylindricalCalibration(**COMMON),
}
Work = Callable[[np.ndarray], Any]


def floor(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A pinhole without distortion, depth or care."""
    camera = CAMERAS["pinhole"]
    motion, m = Rigid.of_sensor(camera).inverse(), camera.camera_matrix
    pixels, visible = np.empty((len(points), 2)), np.empty(len(points), bool)
    for start in range(0, len(points), 8192):
        part = slice(start, start + 8192)
        x, y, z = motion.rotation @ points[part].T + motion.position[:, None]
        u, v = m.fx * (x / z) + m.cx, m.fy * (y / z) + m.cy
        pixels[part, 0], pixels[part, 1] = u, v
        visible[part] = (z > 0) & (u >= 0) & (u < SIZE[0]) & (v >= 0) & (v < SIZE[1])
    return pixels, visible


def opencv(camera: Any) -> Work | None:
    """The same with OpenCV, where it has the model. It neither tells what is visible nor how far it is."""
    motion, m = Rigid.of_sensor(camera).inverse(), camera.camera_matrix
    place = cv2.Rodrigues(motion.rotation)[0], motion.position.reshape(3, 1)
    matrix = np.array([[m.fx, 0, m.cx], [0, m.fy, m.cy], [0, 0, 1]])
    d = getattr(camera, "distortion_coefficients", None)
    if isinstance(camera, PinholeCalibration):
        lens = np.array([d.k1, d.k2, d.p1, d.p2, d.k3])
        return lambda points: cv2.projectPoints(points, *place, matrix, lens)
    if isinstance(camera, KannalaCalibration):
        lens = np.array([d.k1, d.k2, d.p1, d.p2])
        return lambda points: cv2.fisheye.projectPoints(points[None], *place, matrix, lens)
    if isinstance(camera, FisheyeCalibration):
        lens = np.array([d.k1, d.k2, d.p1, d.p2])
        return lambda points: cv2.omnidir.projectPoints(points[None], *place, matrix, camera.xi, lens)
    return None


def fastest(works: Mapping[str, Work], points: np.ndarray, rounds: int) -> dict[str, float]:
    """Millions of points per second of CPU time, of the fastest round; the contenders take turns."""
    seconds = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            start = time.process_time()
            work(points)
            seconds[name] = min(seconds[name], time.process_time() - start)
    return {name: len(points) / 1e6 / used for name, used in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    points = np.random.default_rng(0).uniform((1, -30, -3), (80, 30, 5), (arguments.points, 3))
    cv2.setNumThreads(1)
    works: dict[str, Work] = {"floor": floor}
    for name, camera in CAMERAS.items():
        works[name] = lambda given, camera=camera: project(given, camera)
        reference = opencv(camera)
        if reference is not None:
            works[f"{name}, OpenCV"] = reference
    found = fastest(works, points, arguments.rounds)
    rows = []
    for name in CAMERAS:
        other = found.get(f"{name}, OpenCV")
        rows.append(
            (
                name,
                f"{found[name]:.1f}",
                "-" if other is None else f"{other:.1f}",
                f"{found[name] / found['floor']:.0%}",
            )
        )
    rows.append(("floor: plain NumPy", f"{found['floor']:.1f}", "-", "100%"))
    print("million points per second of CPU time")
    print(tabulate(rows, headers=("camera", "kognic", "OpenCV", "of the floor")))


if __name__ == "__main__":
    main()
