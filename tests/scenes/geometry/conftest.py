"""Cameras with random but possible numbers, and modules of custom cameras assembled from text."""

from __future__ import annotations

from typing import Any

import numpy as np
import wasmtime

from kognic.io.model.calibration import (
    CameraMatrix,
    CustomCameraCalibration,
    CylindricalCalibration,
    DistortionCoefficients,
    FisheyeCalibration,
    FusedCylindricalCalibration,
    KannalaCalibration,
    LidarCalibration,
    PinholeCalibration,
    Position,
    PrincipalPointDistortionCalibration,
    PrincipalPointFisheyeCalibration,
    RotationQuaternion,
)
from kognic.io.model.calibration.camera.standard import (
    CutAngles,
    DistortionCenter,
    KannalaDistortionCoefficients,
    PrincipalPoint,
    PrincipalPointDistortionCoefficients,
    PrincipalPointFisheyeCoefficients,
    UndistortionCoefficients,
)
from kognic.scenes.geometry.poses import quaternion_of, rotation_matrix

WIDTH, HEIGHT = 1920, 1208
NO_DISTORTION = {"k1": 0.0, "k2": 0.0, "p1": 0.0, "p2": 0.0, "k3": 0.0}

# A pinhole without distortion, 1000 pixels of focal length, as text. What it is given it must not see fails.
PINHOLE_WAT = """
(module
  (func (export "project_point_to_image") (param $x f64) (param $y f64) (param $z f64) (result f64 f64)
    (if (f64.le (local.get $z) (f64.const 0)) (then (return (f64.const nan) (f64.const nan))))
    (f64.add (f64.const 960) (f64.div (f64.mul (f64.const 1000) (local.get $x)) (local.get $z)))
    (f64.add (f64.const 604) (f64.div (f64.mul (f64.const 1000) (local.get $y)) (local.get $z)))))
"""


def placed(quaternion: Any = (1, 0, 0, 0), position: Any = (0, 0, 0)) -> dict[str, Any]:
    """Where a sensor is."""
    w, x, y, z = map(float, quaternion)
    return {
        "position": Position(**dict(zip("xyz", map(float, position), strict=True))),
        "rotation_quaternion": RotationQuaternion(w=w, x=x, y=y, z=z),
    }


def anywhere(rng: np.random.Generator) -> dict[str, Any]:
    """A random place within three metres, turned at random."""
    return placed(quaternion_of(rotation_matrix(rng.normal(size=4))), rng.uniform(-3, 3, 3))


def matrix(fx: float = 1000, fy: float = 1000, cx: float = 960, cy: float = 604) -> CameraMatrix:
    return CameraMatrix(fx=fx, fy=fy, cx=cx, cy=cy)


def _common(values: dict[str, Any]) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        **placed(),
        "image_width": WIDTH,
        "image_height": HEIGHT,
        "camera_matrix": matrix(),
    }
    return {**defaults, **values}


def pinhole(distortion: dict[str, float] | None = None, **values: Any) -> PinholeCalibration:
    lens = DistortionCoefficients(**{**NO_DISTORTION, **(distortion or {})})
    return PinholeCalibration(distortion_coefficients=lens, **_common(values))


def fisheye(xi: float = 1.2, distortion: dict[str, float] | None = None, **values: Any) -> FisheyeCalibration:
    lens = DistortionCoefficients(**{**NO_DISTORTION, **(distortion or {})})
    return FisheyeCalibration(distortion_coefficients=lens, xi=xi, **_common(values))


def kannala(
    forward: tuple[float, ...] = (0, 0, 0, 0), inverse: tuple[float, ...] = (0, 0, 0, 0), **values: Any
) -> KannalaCalibration:
    values = {"camera_matrix": matrix(500, 500), **values}
    return KannalaCalibration(
        distortion_coefficients=KannalaDistortionCoefficients(
            **dict(zip(("k1", "k2", "p1", "p2"), map(float, forward), strict=True))
        ),
        undistortion_coefficients=UndistortionCoefficients(
            **dict(zip(("l1", "l2", "l3", "l4"), map(float, inverse), strict=True))
        ),
        **_common(values),
    )


def cylindrical(**values: Any) -> CylindricalCalibration:
    return CylindricalCalibration(**_common(values))


def fused_cylindrical(
    upper: float = 20, lower: float = -30, angles: dict[str, float] | None = None, **values: Any
) -> FusedCylindricalCalibration:
    cut = CutAngles(upper=upper, lower=lower)
    return FusedCylindricalCalibration(cut_angles_degree=cut, **(angles or {}), **_common(values))


def principal_point_distortion(k1: float = 0.1, **values: Any) -> PrincipalPointDistortionCalibration:
    return PrincipalPointDistortionCalibration(
        principal_point_distortion_coefficients=PrincipalPointDistortionCoefficients(k1=k1, k2=0.0),
        distortion_center=DistortionCenter(x=0.0, y=0.0),
        principal_point=PrincipalPoint(x=960.0, y=604.0),
        **_common(values),
    )


def principal_point_fisheye(alpha_l: float = 1.0, **values: Any) -> PrincipalPointFisheyeCalibration:
    return PrincipalPointFisheyeCalibration(
        principal_point_fisheye_coefficients=PrincipalPointFisheyeCoefficients(
            alpha_l=alpha_l, alpha_r=1.0, beta_u=1.0, beta_l=1.0
        ),
        **_common(values),
    )


def custom(text: str = PINHOLE_WAT, **values: Any) -> CustomCameraCalibration:
    """A custom camera of a module in WebAssembly's text form."""
    common = {**placed(), "image_width": WIDTH, "image_height": HEIGHT, **values}
    return CustomCameraCalibration.from_bytes(bytes(wasmtime.wat2wasm(text)), **common)


def lidar(**values: Any) -> LidarCalibration:
    return LidarCalibration(**{**placed(), **values})
