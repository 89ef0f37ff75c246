"""Synthetic rigs with a known truth: cameras of every model, standing, moving, with rolling shutters.

What a rig records comes as `Evidence`, as if it had been read from files, with the right calibration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from benchmarks.calibration.world import Hits, Street
from kognic.io.model.calibration import (
    CameraMatrix,
    CylindricalCalibration,
    DistortionCoefficients,
    FisheyeCalibration,
    KannalaCalibration,
    LidarCalibration,
    PinholeCalibration,
    Position,
    RotationQuaternion,
)
from kognic.io.model.calibration.camera.standard import (
    KannalaDistortionCoefficients,
    UndistortionCoefficients,
)
from kognic.scenes.calibration.evidence import Cloud, Evidence, FrameEvidence, Picture
from kognic.scenes.calibration.features import ImagePixels
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from kognic.scenes.geometry.optics import Optics
from kognic.scenes.geometry.poses import FloatArray, Rigid, quaternion_of, rotate_about, rotation_matrix
from kognic.scenes.geometry.projection import optics_of

START_NS = 1_772_000_000_000_000_000
FRAME_NS, SWEEP_NS = 500_000_000, 100_000_000
LIDAR = "lidar"
_FORWARD = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
_NEWTON_STEPS, _NEWTON_DEG = 12, 1e-4


@attrs.frozen(kw_only=True)
class Rig:
    """A vehicle with a lidar on its roof and one camera, in a street.

    Attributes:
        model: `pinhole`, `distorted`, `fisheye`, `kannala` or `cylinder`.
        yaw_deg: Where the camera looks, to the left of forward.
        speed: Of the vehicle, m/s.
        yaw_rate_deg: How fast it turns to the left, degrees per second.
        shutter_ms: From the first row to the last.
        reversed_shutter: The bottom row is first.
        rows: Of the lidar.
        frames: How many are recorded.
        frame_ns: Time between them.
        world: Kind of street, see `Street.random`.
        seed: Of the street.
    """

    model: str = "pinhole"
    yaw_deg: float = 0.0
    speed: float = 0.0
    yaw_rate_deg: float = 0.0
    shutter_ms: float = 0.0
    reversed_shutter: bool = False
    rows: int = 40
    frames: int = 1
    frame_ns: int = FRAME_NS
    world: str = "town"
    seed: int = 0
    size: tuple[int, int] = (480, 300)

    @property
    def name(self) -> str:
        """Of the camera."""
        return f"{self.model}-{self.yaw_deg:+.0f}"

    def sensors(self) -> Mapping[str, Any]:
        """The right calibration."""
        looking = rotate_about([0, 0, 1], self.yaw_deg) @ rotate_about([0, 1, 0], 4) @ _FORWARD
        camera = _camera(self.model, self.size, _placed(looking, (1.4, 0.3, 1.5)))
        return {LIDAR: LidarCalibration(**_placed(np.eye(3), (0.9, 0.0, 1.9))), self.name: camera}

    def record(self) -> Evidence:
        """Drive, and record."""
        street = Street.random(self.seed, self.world)
        sensors = self.sensors()
        frames = []
        path = self._path()
        for index in range(self.frames):
            now = START_NS + index * self.frame_ns
            cloud = self._sweep(street, path, now, Rigid.of_sensor(sensors[LIDAR]), index)
            picture = self._picture(street, path, now - 20_000_000, sensors[self.name], index)
            frames.append(FrameEvidence(str(index), now, (Cloud(LIDAR, cloud),), (picture,)))
        return Evidence(frames=tuple(frames), trajectory=path, is_compensated=True, one_lidar=False)

    def _path(self) -> Trajectory:
        """Where the vehicle is, a hundred times a second: a circle, or a line."""
        times = np.arange(-60, self.frames * self.frame_ns // 10_000_000 + 60)
        seconds = times * 0.01
        yaw = np.radians(self.yaw_rate_deg) * seconds
        positions = np.zeros((len(times), 3))
        steps = 0.01 * self.speed * np.column_stack([np.cos(yaw), np.sin(yaw)])
        positions[1:, :2] = np.cumsum((steps[1:] + steps[:-1]) / 2, axis=0)
        positions -= positions[60]
        quaternions = np.column_stack([np.cos(yaw / 2), 0 * yaw, 0 * yaw, np.sin(yaw / 2)])
        return Trajectory(START_NS + times * 10_000_000, positions, quaternions)

    def _sweep(self, street: Street, path: Trajectory, now: int, pose: Rigid, index: int) -> PointArrays:
        rng = np.random.default_rng(1000 * self.seed + index)
        azimuth = np.radians(np.arange(-180, 180, 0.4))
        elevation = np.radians(np.linspace(-24, 6, self.rows))
        a, e = (grid.ravel() for grid in np.meshgrid(azimuth, elevation))
        own = np.column_stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
        times = now + ((a / (2 * np.pi) - 0.5) * SWEEP_NS).astype(np.int64)
        hits = _seen(street, path, times, pose, own)
        kept = np.isfinite(hits.distance) & (hits.distance < 90) & (rng.random(len(own)) < 0.9)
        distance = hits.distance[kept] + rng.normal(0, 0.02, int(kept.sum()))
        intensity = np.clip(hits.reflectivity[kept] + rng.normal(0, 4, len(distance)), 0, 255).round()
        return PointArrays(xyz=own[kept] * distance[:, None], intensity=intensity, timestamps=times[kept])

    def _picture(self, street: Street, path: Trajectory, middle: int, camera: Any, index: int) -> Picture:
        width, height = self.size
        rng = np.random.default_rng(77 + 1000 * self.seed + index)
        half = round(self.shutter_ms * 1e6 / 2)
        rows, columns = np.mgrid[0:height, 0:width]
        share = (rows.ravel() + 0.5) / height - 0.5
        times = middle + (share * 2 * half * (-1 if self.reversed_shutter else 1)).astype(np.int64)
        rays, known = unproject(optics_of(camera), camera, columns.ravel(), rows.ravel())
        hits = _seen(street, path, times, Rigid.of_sensor(camera), rays)
        colour = np.where(known[:, None], hits.colour, 0) ** (1 / 1.6)
        noisy = colour + rng.normal(0, 0.015, colour.shape)
        pixels = (np.clip(noisy, 0, 1) * 255).astype(np.uint8).reshape(height, width, 3)
        return Picture(
            self.name,
            ImagePixels(pixels, self.size),
            (middle - half, middle + half),
            self.reversed_shutter,
        )


def record_together(rigs: Sequence[Rig]) -> tuple[Evidence, Mapping[str, Any]]:
    """Record with the cameras of all rigs on one vehicle, and return its calibration as well.

    Args:
        rigs: Equal but for model, direction and size of their cameras.
    """
    drives = [rig.record() for rig in rigs]
    sensors = {name: sensor for rig in rigs for name, sensor in rig.sensors().items()}
    frames = tuple(
        attrs.evolve(same[0], pictures=tuple(picture for frame in same for picture in frame.pictures))
        for same in zip(*(drive.frames for drive in drives), strict=True)
    )
    return attrs.evolve(drives[0], frames=frames), sensors


def unproject(
    optics: Optics, camera: Any, u: FloatArray, v: FloatArray
) -> tuple[FloatArray, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Rays that a camera shows at pixels, by Newton's method on its formula.

    Returns:
        Unit vectors in the camera's system, shape (N, 3), and whether one was found, shape (N,).
    """
    matrix = camera.camera_matrix
    stretch = 1 + getattr(camera, "xi", 0.0)
    across, down = (u - matrix.cx) / matrix.fx * stretch, (v - matrix.cy) / matrix.fy * stretch
    if camera.calibration_type.value == "pinhole":
        across, down = np.arctan(across), np.arctan(down * np.cos(np.arctan(across)))

    def pixels(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray, Any]:
        return optics(np.sin(a) * np.cos(b), np.sin(b), np.cos(a) * np.cos(b))

    step = np.radians(_NEWTON_DEG)
    with np.errstate(all="ignore"):
        for _ in range(_NEWTON_STEPS):
            at_u, at_v, _ = pixels(across, down)
            right_u, right_v, _ = pixels(across + step, down)
            low_u, low_v, _ = pixels(across, down + step)
            a, b = (right_u - at_u) / step, (low_u - at_u) / step
            c, d = (right_v - at_v) / step, (low_v - at_v) / step
            determinant = a * d - b * c
            off_u, off_v = u - at_u, v - at_v
            across = across + np.clip(np.nan_to_num((d * off_u - b * off_v) / determinant), -0.3, 0.3)
            down = down + np.clip(np.nan_to_num((a * off_v - c * off_u) / determinant), -0.3, 0.3)
        at_u, at_v, valid = pixels(across, down)
    found = valid & (np.hypot(at_u - u, at_v - v) < 0.01)
    rays = np.column_stack([np.sin(across) * np.cos(down), np.sin(down), np.cos(across) * np.cos(down)])
    return rays, found


def _seen(street: Street, path: Trajectory, times: Any, pose: Rigid, rays: FloatArray) -> Hits:
    """What rays of a sensor meet, each from where the vehicle is at its time."""
    positions, quaternions = path.at(times)
    unique, inverse = np.unique(np.round(quaternions, 9), axis=0, return_inverse=True)
    rotations = np.array([rotation_matrix(q) for q in unique])[inverse.ravel()]
    origin = positions + np.einsum("nij,j->ni", rotations, pose.position)
    direction = np.einsum("nij,nj->ni", rotations, rays @ pose.rotation.T)
    return street.cast(origin, direction)


def _placed(rotation: FloatArray, position: tuple[float, float, float]) -> dict[str, Any]:
    w, x, y, z = map(float, quaternion_of(rotation))
    px, py, pz = position
    return {
        "position": Position(x=px, y=py, z=pz),
        "rotation_quaternion": RotationQuaternion(w=w, x=x, y=y, z=z),
    }


def _camera(model: str, size: tuple[int, int], placed: dict[str, Any]) -> Any:
    width, height = size
    cx, cy = width / 2 - 0.5, height / 2 - 0.5

    def common(focal: float) -> dict[str, Any]:
        matrix = CameraMatrix(fx=focal, fy=focal, cx=cx, cy=cy)
        return {"camera_matrix": matrix, "image_width": width, "image_height": height, **placed}

    straight = DistortionCoefficients(k1=0.0, k2=0.0, p1=0.0, p2=0.0, k3=0.0)
    if model == "pinhole":
        return PinholeCalibration(**common(0.72 * width), distortion_coefficients=straight)
    if model == "distorted":
        bent = DistortionCoefficients(k1=-0.28, k2=0.09, p1=0.0006, p2=-0.0004, k3=-0.012)
        return PinholeCalibration(**common(0.66 * width), distortion_coefficients=bent)
    if model == "fisheye":
        bent = DistortionCoefficients(k1=-0.05, k2=0.01, p1=0.0, p2=0.0, k3=0.0)
        return FisheyeCalibration(**common(0.9 * width), distortion_coefficients=bent, xi=1.2)
    if model == "kannala":
        forward = KannalaDistortionCoefficients(k1=-0.02, k2=0.004, p1=-0.001, p2=0.0001)
        backward = UndistortionCoefficients(l1=0.02, l2=-0.003, l3=0.0005, l4=0.0)
        return KannalaCalibration(
            **common(0.42 * width), distortion_coefficients=forward, undistortion_coefficients=backward
        )
    if model == "cylinder":
        return CylindricalCalibration(**common(0.4 * width))
    raise ValueError(f"there is no camera model {model!r}")
