"""Cameras that the platform's models cannot express, as custom cameras: their formula as WebAssembly.

The formula is written once, on symbols, and assembled to the one function that the platform calls. These
models need arithmetic and square roots, which WebAssembly has (an arctangent is made of them), so that the
modules are a few hundred bytes and compute what the formula says to the last bit.

Sources:
    rational: OpenCV's `projectPoints` with 8, 12 or 14 coefficients (rational, thin prism, tilted).
    double sphere: V. Usenko, N. Demmel, D. Cremers, "The Double Sphere Camera Model", 2018.
    eucm: B. Khomutenko, G. Garcia, P. Martinet, "An Enhanced Unified Camera Model", 2016.
    omnidirectional: C. Mei, P. Rives, 2007, with the rational distortion of OpenCV behind it.
    ocam: D. Scaramuzza, A. Martinelli, R. Siegwart, "A Toolbox for Easily Calibrating Omnidirectional
        Cameras", 2006, and `world2cam` of OCamCalib.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kognic._core.camera_errors import ConversionError
from kognic._core.extras import needs_extra
from kognic.io.model.calibration import CustomCameraCalibration
from kognic.io.model.calibration.camera.custom_camera_calibration import Point2d, Point3d, TestCase
from kognic.io.tools.calibration.wasm import CameraModule
from kognic.scenes.calibration.convert.values import Size, number, numbers
from kognic.scenes.calibration.convert.values import image_size as checked_size
from kognic.scenes.geometry.poses import FloatArray

# The numbers of coefficients that OpenCV's calib3d accepts.
OPENCV_COUNTS = (4, 5, 8, 12, 14)
# As many as OpenCV's longest model has; those that a shorter one lacks are 0.
_COEFFICIENTS = 14
# How far out a distortion is followed to find where it folds, in focal lengths; 84 degrees from the axis.
_FARTHEST, _STEPS = 10.0, 20_001
_TEST_CASES = 24


class Symbol:
    """A number of the formula that is not known before the module runs: WebAssembly's text for it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __add__(self, other: Symbol | float) -> Symbol:
        return _binary("add", self, other)

    def __sub__(self, other: Symbol | float) -> Symbol:
        return _binary("sub", self, other)

    def __mul__(self, other: Symbol | float) -> Symbol:
        return _binary("mul", self, other)

    def __truediv__(self, other: Symbol | float) -> Symbol:
        return _binary("div", self, other)

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: float) -> Symbol:
        return _binary("sub", other, self)

    def sqrt(self) -> Symbol:
        """Return the square root."""
        return Symbol(f"(f64.sqrt {self.text})")


def _text(value: Symbol | float) -> str:
    return value.text if isinstance(value, Symbol) else f"(f64.const {float(value)!r})"


def _binary(operation: str, first: Symbol | float, second: Symbol | float) -> Symbol:
    return Symbol(f"(f64.{operation} {_text(first)} {_text(second)})")


class _Program:
    """Collects the steps of a formula."""

    def __init__(self) -> None:
        self.x, self.y, self.z = (Symbol(f"(local.get ${name})") for name in "xyz")
        self._locals: list[str] = []
        self._steps: list[str] = []

    def keep(self, value: Symbol) -> Symbol:
        """Compute a value once."""
        name = f"$v{len(self._locals)}"
        self._locals.append(name)
        self._steps.append(f"(local.set {name} {value.text})")
        return Symbol(f"(local.get {name})")

    def require_above(self, value: Symbol, limit: Symbol | float) -> None:
        """Give no pixel unless a value is above a limit."""
        nothing = "(return (f64.const nan) (f64.const nan))"
        self._steps.append(f"(if (i32.eqz (f64.gt {value.text} {_text(limit)})) (then {nothing}))")

    def module(self, u: Symbol, v: Symbol) -> bytes:
        """The binary of the module.

        Raises:
            ImportError: wasmtime, which assembles it, is not installed.
        """
        try:
            import wasmtime
        except ImportError as exc:
            raise ImportError(
                needs_extra("this camera becomes a custom camera, which needs wasmtime", "wasm")
            ) from exc
        text = (
            '(module (func (export "project_point_to_image") (param $x f64) (param $y f64) (param $z f64)'
            f" (result f64 f64) {' '.join(f'(local {name} f64)' for name in self._locals)}"
            f" {' '.join(self._steps)} {u.text} {v.text}))"
        )
        return bytes(wasmtime.wat2wasm(text))


def rational_module(matrix: FloatArray, distortion: Sequence[float], xi: float | None = None) -> bytes:
    """Return a pinhole, or with `xi` an omnidirectional camera, with OpenCV's distortion.

    Args:
        matrix: Camera matrix, shape (3, 3).
        distortion: Up to 14 coefficients `k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4, tau_x, tau_y`.
        xi: Of the unified model.
    """
    d = [*map(float, distortion), *[0.0] * (_COEFFICIENTS - len(distortion))]
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4, tau_x, tau_y = d
    program = _Program()
    x, y, z = program.x, program.y, program.z
    if xi is None:
        program.require_above(z, 0.0)
        bottom = z
    else:
        distance = program.keep((x * x + y * y + z * z).sqrt())
        program.require_above(z, distance * (-xi if xi <= 1 else -1 / xi))
        bottom = program.keep(z + xi * distance)
    a, b = program.keep(x / bottom), program.keep(y / bottom)
    s = program.keep(a * a + b * b)
    limit = _fold(d)
    if math.isfinite(limit):
        program.require_above(limit - s, 0.0)
    top = 1.0 + s * (k1 + s * (k2 + s * k3))
    radial = program.keep(top / (1.0 + s * (k4 + s * (k5 + s * k6))))
    product = program.keep(2.0 * (a * b))
    u = program.keep(a * radial + p1 * product + p2 * (s + 2.0 * (a * a)) + s * (s1 + s * s2))
    v = program.keep(b * radial + p1 * (s + 2.0 * (b * b)) + p2 * product + s * (s3 + s * s4))
    if tau_x or tau_y:
        t = _tilt(tau_x, tau_y)
        w = program.keep(t[2, 0] * u + t[2, 1] * v + float(t[2, 2]))
        u, v = (program.keep((float(row[0]) * u + float(row[1]) * v + float(row[2])) / w) for row in t[:2])
    return program.module(
        float(matrix[0, 0]) * u + float(matrix[0, 2]), float(matrix[1, 1]) * v + float(matrix[1, 2])
    )


def double_sphere_module(matrix: FloatArray, xi: float, alpha: float) -> bytes:
    """Return a double sphere camera; `alpha` from 0 to 1, `xi` the distance of the two spheres."""
    program = _Program()
    x, y, z = program.x, program.y, program.z
    square = program.keep(x * x + y * y)
    first = program.keep((square + z * z).sqrt())
    w1 = _ratio(alpha)
    program.require_above(z, first * (-(w1 + xi) / math.sqrt(2 * w1 * xi + xi * xi + 1)))
    shifted = program.keep(z + xi * first)
    second = (square + shifted * shifted).sqrt()
    return _scaled(program, matrix, alpha * second + (1 - alpha) * shifted)


def eucm_module(matrix: FloatArray, alpha: float, beta: float) -> bytes:
    """Return a camera of the enhanced unified model; `alpha` from 0 to 1, `beta` above 0."""
    program = _Program()
    x, y, z = program.x, program.y, program.z
    distance = program.keep((beta * (x * x + y * y) + z * z).sqrt())
    program.require_above(z, distance * -_ratio(alpha))
    return _scaled(program, matrix, alpha * distance + (1 - alpha) * z)


def ocam_module(
    inverse: Sequence[float], centre: tuple[float, float], affine: tuple[float, float, float], limit: float
) -> bytes:
    """Return a camera of Scaramuzza's polynomial model (OCamCalib), `world2cam`.

    Its axes are x down, y to the right and z backward, and pixels are rows and columns.

    Args:
        inverse: Coefficients of the radius in pixels as a polynomial of the angle `atan(z / r)`, radians; any
            number of them.
        centre: Row and column.
        affine: `c`, `d`, `e`.
        limit: The angle from which the polynomial folds; infinite if it never does.
    """
    program = _Program()
    x, y, z = program.y, program.x, program.keep(-1.0 * program.z)
    # Far below any point, so that the axis itself has a direction.
    radius = program.keep((x * x + y * y).sqrt() + 1e-30)
    angle = _arctangent(program, z, radius)
    if math.isfinite(limit):
        program.require_above(limit - angle, 0.0)
    rho: Symbol | float = float(inverse[-1])
    for coefficient in reversed(inverse[:-1]):
        rho = rho * angle + float(coefficient)
    rho = program.keep(rho + 0.0 * angle)
    down, right = program.keep(x / radius * rho), program.keep(y / radius * rho)
    c, d, e = affine
    return program.module(e * down + right + centre[1], c * down + d * right + centre[0])


def _arctangent(program: _Program, top: Symbol, bottom: Symbol) -> Symbol:
    """`atan(top / bottom)` for `bottom` above 0, to the last bits of a double, which WebAssembly lacks.

    The angle is halved four times by `tan(a / 2) = t / (1 + sqrt(1 + t^2))`; the series of what is left, at
    most 0.1, ends where its terms are below 1e-19.
    """
    t = program.keep(top / (bottom + (top * top + bottom * bottom).sqrt()))
    for _ in range(3):
        t = program.keep(t / (1.0 + (1.0 + t * t).sqrt()))
    square = program.keep(t * t)
    series: Symbol | float = 0.0
    for power in range(19, 0, -2):
        series = (1.0 if power % 4 == 1 else -1.0) / power + square * series
    return program.keep(16.0 * (t * series))


def custom_camera(
    wasm: bytes, matrix: FloatArray, image_size: Size, *, placement: dict[str, Any]
) -> CustomCameraCalibration:
    """Return a custom camera of a module, with test cases all over the image.

    Args:
        wasm: The module.
        matrix: Camera matrix, shape (3, 3); where its test cases lie.
        image_size: Width and height, pixels.
        placement: `position` and `rotation_quaternion`.

    Raises:
        ConversionError: The module gives no pixel in the image.
    """
    width, height = checked_size(*image_size)
    module = CameraModule(wasm)
    cases = []
    for index in range(4 * _TEST_CASES):  # on a spiral, so that they are all over
        angle, share = index * 2.399963, math.sqrt((index + 0.5) / (4 * _TEST_CASES))
        x = share * math.cos(angle) * width / (2 * float(matrix[0, 0]))
        y = share * math.sin(angle) * height / (2 * float(matrix[1, 1]))
        point = (10 * x, 10 * y, 10.0)
        u, v = module.project_point(*point)
        # Centres of pixels have whole numbers, so an image begins at -0.5.
        if -0.5 <= u < width - 0.5 and -0.5 <= v < height - 0.5:
            x, y, z = point
            cases.append(TestCase(point3d=Point3d(x=x, y=y, z=z), point2d=Point2d(x=u, y=v)))
    if not cases:
        raise ConversionError("the camera gives no pixel inside its image; check the coefficients")
    return CustomCameraCalibration.from_bytes(
        wasm, image_width=width, image_height=height, test_cases=cases[:_TEST_CASES], **placement
    )


def _scaled(program: _Program, matrix: FloatArray, bottom: Symbol) -> bytes:
    bottom = program.keep(bottom)
    return program.module(
        float(matrix[0, 0]) * (program.x / bottom) + float(matrix[0, 2]),
        float(matrix[1, 1]) * (program.y / bottom) + float(matrix[1, 2]),
    )


def _ratio(alpha: float) -> float:
    """Cosine, on the side away from the axis, beyond which two rays share a pixel."""
    # Usenko et al., "The Double Sphere Camera Model" (2018), w1: both branches meet at 0.5.
    return alpha / (1 - alpha) if alpha <= 0.5 else (1 - alpha) / alpha


def _fold(d: Sequence[float]) -> float:
    """Square of the radius from which the radial distortion brings points back; infinite if it never does."""
    k1, k2, _, _, k3, k4, k5, k6 = d[:8]
    radius = np.linspace(0, _FARTHEST, _STEPS)
    s = radius * radius
    with np.errstate(all="ignore"):
        bottom = 1 + s * (k4 + s * (k5 + s * k6))
        distorted = radius * (1 + s * (k1 + s * (k2 + s * k3))) / bottom
    falling = np.flatnonzero((np.diff(distorted) <= 0) | (bottom[1:] <= 0))
    return float(s[falling[0]]) if len(falling) else math.inf


def _tilt(tau_x: float, tau_y: float) -> FloatArray:
    """OpenCV's `computeTiltProjectionMatrix`: the homography of a sensor tilted against the lens."""
    cx, sx, cy, sy = math.cos(tau_x), math.sin(tau_x), math.cos(tau_y), math.sin(tau_y)
    about_x = np.array([[1, 0, 0], [0, cx, sx], [0, -sx, cx]])
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    r = about_y @ about_x
    return np.asarray(np.array([[r[2, 2], 0, -r[0, 2]], [0, r[2, 2], -r[1, 2]], [0, 0, 1]]) @ r)


def checked_matrix(matrix: npt.ArrayLike) -> FloatArray:
    """Return a camera matrix without skew.

    Raises:
        ConversionError: It is none.
    """
    k = numbers(matrix, "the camera matrix", (9,)).reshape(3, 3)
    if k[0, 0] < 1 or k[1, 1] < 1 or abs(k[0, 1]) > 1e-6 * k[0, 0]:
        raise ConversionError(
            f"the camera matrix is {k.tolist()}, must be [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]"
        )
    return k


def checked_share(value: object, name: str) -> float:
    """Return a parameter from 0 to 1.

    Raises:
        ConversionError: It is outside.
    """
    found = number(value, name)
    if not 0 <= found <= 1:
        raise ConversionError(f"{name} is {found:g}, must be 0 to 1")
    return found
