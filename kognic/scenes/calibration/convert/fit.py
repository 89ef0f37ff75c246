"""Fit one of the platform's plain camera models to a camera that needs another one.

A custom camera carries its formula as a module. Where a plain model is wanted instead, its parameters are
fitted to the pixels of rays all over the image, and what remains is stated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import BaseCalibration
from kognic.io.model.calibration.camera.common import BaseCameraCalibration
from kognic.scenes.geometry.cameras.fisheye import fisheye_camera
from kognic.scenes.geometry.cameras.kannala import kannala_camera
from kognic.scenes.geometry.cameras.pinhole import pinhole_camera
from kognic.scenes.geometry.poses import FloatArray, Rigid
from kognic.scenes.geometry.projection import project

FITS = ("pinhole", "fisheye", "kannala")
# Rays: circles about the axis, and how many on each.
_RINGS, _AROUND = 100, 120
# Degrees from the axis: a pinhole ends before 90, where its tangent is infinite; the unified model covers
# lenses of 240 degrees, and Kannala's polynomial all but straight back.
_WIDEST_DEG = {"pinhole": 85.0, "fisheye": 120.0, "kannala": 175.0}
# Each ray gives two equations; ten parameters want several times as many.
_FEWEST = 40
# Levenberg-Marquardt ends when a step gains less than this share; 60 steps bound the time of a fit that
# creeps.
_STEPS, _TOLERANCE = 60, 1e-10
# A ray that the trial parameters give no pixel for counts as this far off, pixels.
_LOST = 1e4
Parameters = FloatArray


@attrs.frozen(kw_only=True)
class Residual:
    """How far a fitted camera is from the given one, in pixels over the image.

    Attributes:
        rms_px: Root of the mean square.
        p95_px: What 95 % of the rays stay below.
        max_px: The largest.
        share: Part of the image's pixels that the rays of the model's range reach, 0 to 1.
    """

    rms_px: float
    p95_px: float
    max_px: float
    share: float

    def __str__(self) -> str:
        """One phrase with all of it."""
        return (
            f"residual {self.rms_px:.3g} px rms, {self.p95_px:.3g} px at 95 %, {self.max_px:.3g} px at most, "
            f"over {self.share:.0%} of the image"
        )


def fit_camera(camera: BaseCameraCalibration, model: str) -> tuple[BaseCameraCalibration, Residual]:
    """Fit a plain camera model.

    Args:
        camera: The camera to imitate; it is projected with.
        model: `pinhole` (five coefficients), `fisheye` (unified model, five coefficients) or `kannala`.

    Returns:
        The camera of the plain model at the same place, and its residual.

    Raises:
        ConversionError: The model is not known, or too little of the image is in its range.
        ProjectionUnavailableError: Nobody can project with `camera`.
    """
    if model not in FITS:
        raise ConversionError(f"the model to fit is {model!r}; known are {', '.join(FITS)}")
    rays, pixels = _rays(camera, _WIDEST_DEG[model])
    if len(rays) < _FEWEST:
        raise ConversionError(f"{len(rays)} rays of a {model} camera fall into the image, too few to fit it")
    predict, start, build = _MODELS[model](rays, pixels, camera)
    found = _least_squares(predict, start, pixels)
    fitted = build(found, camera)
    off = np.linalg.norm(project(rays, fitted, frame="camera").pixels - pixels, axis=1)
    if not np.isfinite(off).all():
        lost = int((~np.isfinite(off)).sum())
        raise ConversionError(
            f"the fitted {model} camera gives no pixel for {lost} of {len(off)} rays in the image; fit "
            "another model"
        )
    return fitted, Residual(
        rms_px=float(np.sqrt(np.mean(off**2))),
        p95_px=float(np.quantile(off, 0.95)),
        max_px=float(off.max()),
        share=_share(pixels, camera),
    )


def fit_sensors(sensors: dict[str, BaseCalibration], model: str, note: Callable[[str], None]) -> None:
    """Replace custom cameras by fitted ones, in place; each gets a note with its residual.

    Raises:
        ConversionError: As for `fit_camera`.
    """
    for name, sensor in sensors.items():
        if isinstance(sensor, BaseCameraCalibration) and sensor.calibration_type.value != model:
            fitted, residual = fit_camera(sensor, model)
            sensors[name] = fitted
            note(f"{name}: fitted as {model}: {residual}")


def _rays(camera: BaseCameraCalibration, widest_deg: float) -> tuple[FloatArray, FloatArray]:
    """Rays of length 10 m all over the image, in the camera's system, and their pixels."""
    angles = np.radians(np.linspace(0.3, widest_deg, _RINGS))
    turns = np.linspace(0, 2 * np.pi, _AROUND, endpoint=False)
    a, t = (grid.ravel() for grid in np.meshgrid(angles, turns, indexing="ij"))
    rays = 10 * np.column_stack([np.sin(a) * np.cos(t), np.sin(a) * np.sin(t), np.cos(a)])
    found = project(rays, camera, frame="camera")
    rays, pixels = rays[found.visible], found.pixels[found.visible]
    return rays, pixels


def _share(pixels: FloatArray, camera: BaseCameraCalibration) -> float:
    cells = 24
    columns = np.clip((pixels[:, 0] + 0.5) / camera.image_width * cells, 0, cells - 1).astype(int)
    rows = np.clip((pixels[:, 1] + 0.5) / camera.image_height * cells, 0, cells - 1).astype(int)
    return len(np.unique(columns * cells + rows)) / cells**2


Model = tuple[
    Callable[[Parameters], FloatArray],
    Parameters,
    Callable[[Parameters, BaseCameraCalibration], BaseCameraCalibration],
]


def _brown_conrady(x: FloatArray, y: FloatArray, p: Parameters) -> FloatArray:
    """Pixels of normalised coordinates; `p` is fx, fy, cx, cy, k1, k2, p1, p2, k3."""
    fx, fy, cx, cy, k1, k2, p1, p2, k3 = p
    s = x * x + y * y
    radial = 1 + s * (k1 + s * (k2 + s * k3))
    u = x * radial + 2 * p1 * x * y + p2 * (s + 2 * x * x)
    v = y * radial + p1 * (s + 2 * y * y) + 2 * p2 * x * y
    return np.column_stack([fx * u + cx, fy * v + cy])


def _centre(camera: BaseCameraCalibration) -> tuple[float, float]:
    axis = project([[0.0, 0.0, 1.0]], camera, frame="camera").pixels[0]
    return float(axis[0]), float(axis[1])


def _focal(slopes: FloatArray, radii: FloatArray) -> float:
    """Focal length near the axis: pixels for one unit of radius."""
    near = slopes <= np.quantile(slopes, 0.1)
    return float(np.median(radii[near] / slopes[near]))


def _pinhole(rays: FloatArray, pixels: FloatArray, camera: BaseCameraCalibration) -> Model:
    x, y = rays[:, 0] / rays[:, 2], rays[:, 1] / rays[:, 2]
    cx, cy = _centre(camera)
    f = _focal(np.hypot(x, y), np.hypot(pixels[:, 0] - cx, pixels[:, 1] - cy))
    start = np.array([f, f, cx, cy, 0, 0, 0, 0, 0])
    return lambda p: _brown_conrady(x, y, p), start, _built_pinhole


def _built_pinhole(p: Parameters, camera: BaseCameraCalibration) -> BaseCameraCalibration:
    return pinhole_camera(
        _matrix(p), _size(camera), distortion=p[4:].tolist(), pose=Rigid.of_sensor(camera).matrix
    )


def _fisheye(rays: FloatArray, pixels: FloatArray, camera: BaseCameraCalibration) -> Model:
    x, y, z = (rays / np.linalg.norm(rays, axis=1)[:, None]).T
    cx, cy = _centre(camera)
    f = _focal(np.arctan2(np.hypot(x, y), z), np.hypot(pixels[:, 0] - cx, pixels[:, 1] - cy))
    start = np.array([2 * f, 2 * f, cx, cy, 0, 0, 0, 0, 0, 1.0])

    def predict(p: Parameters) -> FloatArray:
        bottom = z + p[9]
        with np.errstate(all="ignore"):
            found = _brown_conrady(x / bottom, y / bottom, p[:9])
        # Rays behind the projection's centre have no pixel, and a negative xi is no lens.
        found[(bottom <= 1e-6) | (p[9] < 0)] = np.nan
        return found

    return predict, start, _built_fisheye


def _built_fisheye(p: Parameters, camera: BaseCameraCalibration) -> BaseCameraCalibration:
    return fisheye_camera(
        _matrix(p),
        float(p[9]),
        _size(camera),
        distortion=p[4:9].tolist(),
        pose=Rigid.of_sensor(camera).matrix,
    )


def _kannala(rays: FloatArray, pixels: FloatArray, camera: BaseCameraCalibration) -> Model:
    x, y, z = rays.T
    r = np.hypot(x, y)
    angle = np.arctan2(r, z)
    cos, sin = x / r, y / r
    cx, cy = _centre(camera)
    f = _focal(angle, np.hypot(pixels[:, 0] - cx, pixels[:, 1] - cy))
    start = np.array([f, f, cx, cy, 0, 0, 0, 0])

    def predict(p: Parameters) -> FloatArray:
        s = angle * angle
        d = angle * (1 + s * (p[4] + s * (p[5] + s * (p[6] + s * p[7]))))
        return np.column_stack([p[0] * d * cos + p[2], p[1] * d * sin + p[3]])

    return predict, start, _built_kannala


def _built_kannala(p: Parameters, camera: BaseCameraCalibration) -> BaseCameraCalibration:
    return kannala_camera(
        _matrix(p), _size(camera), distortion=p[4:].tolist(), pose=Rigid.of_sensor(camera).matrix
    )


def _matrix(p: Parameters) -> list[list[float]]:
    return [[float(p[0]), 0, float(p[2])], [0, float(p[1]), float(p[3])], [0, 0, 1]]


def _size(camera: BaseCameraCalibration) -> tuple[int, int]:
    return camera.image_width, camera.image_height


_MODELS: dict[str, Callable[[FloatArray, FloatArray, BaseCameraCalibration], Model]] = {
    "pinhole": _pinhole,
    "fisheye": _fisheye,
    "kannala": _kannala,
}


def _least_squares(predict: Callable[[Parameters], FloatArray], start: Parameters, pixels: FloatArray) -> Any:
    """Levenberg and Marquardt's damped least squares, with a Jacobian by differences."""

    def error(p: Parameters) -> FloatArray:
        return np.nan_to_num((predict(p) - pixels).ravel(), nan=_LOST, posinf=_LOST, neginf=-_LOST)

    p, damping = start.copy(), 1e-3
    residual = error(p)
    cost = float(residual @ residual)
    for _ in range(_STEPS):
        steps = 1e-6 * np.maximum(np.abs(p), 1e-2)
        jacobian = np.column_stack(
            [
                (error(p + step * unit) - residual) / step
                for step, unit in zip(steps, np.eye(len(p)), strict=True)
            ]
        )
        scale = np.linalg.norm(jacobian, axis=0)
        scale[scale == 0] = 1
        jacobian /= scale
        normal, gradient = jacobian.T @ jacobian, jacobian.T @ residual
        for _ in range(12):
            trial = p - np.linalg.solve(normal + damping * np.eye(len(p)), gradient) / scale
            trial_residual = error(trial)
            trial_cost = float(trial_residual @ trial_residual)
            if trial_cost < cost:
                break
            damping *= 8
        else:
            return p
        gain = cost - trial_cost
        p, residual, cost, damping = trial, trial_residual, trial_cost, max(damping / 8, 1e-12)
        if gain <= _TOLERANCE * max(cost, 1e-12):
            break
    return p
