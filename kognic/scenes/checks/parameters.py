"""Rules on calibrations taken alone: are their numbers possible, and in the right unit and order?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, cast

import numpy as np

from kognic._core.camera_errors import CameraError
from kognic._core.findings import Finding
from kognic.scenes.checks.rules import broken
from kognic.scenes.geometry.camera_model import find_model
from kognic.scenes.geometry.extent import field_of_view_deg
from kognic.scenes.geometry.poses import Rigid, angle_between_deg
from kognic.scenes.geometry.projection import is_camera, kind_of, numbers_of, project

if TYPE_CHECKING:
    from kognic.io.model.calibration import (
        BaseCalibration,
        BaseStandardCameraCalibration,
        CustomCameraCalibration,
        FusedCylindricalCalibration,
        LidarCalibration,
    )

_FUSED = "fused_cylindrical"
# Longer than any road vehicle (road trains in the EU: 25.25 m): such a position is in another unit or
# system.
_FARTHEST_SENSOR_M = 30.0
# Rounding to four digits passes. The platform accepts other lengths, so this is a warning only.
_LENGTH_TOLERANCE = 1e-3
# How many focal lengths an image is wide: 11 at 160 degrees of a pinhole, 6 at 360 of a Kannala lens.
_MOST_FOCAL_LENGTHS = 12.0
# Below the 0.25 that the matrix of an image of half the size gives.
_LARGEST_OFF_CENTRE = 0.2


def check_calibration(sensors: Mapping[str, BaseCalibration]) -> Iterator[Finding]:
    """Find impossible or unlikely numbers in the calibrations of sensors, by name."""
    for name, sensor in sensors.items():
        yield from _check_pose(name, sensor)
        not_finite = list(_check_numbers(name, sensor))
        yield from not_finite
        if not_finite:
            continue  # nothing can be computed with them
        if not is_camera(sensor):
            yield from _check_lidar(name, cast("LidarCalibration", sensor))
            continue
        camera = cast("BaseStandardCameraCalibration", sensor)
        if camera.image_width <= 0 or camera.image_height <= 0:
            yield broken(
                "image-size-value",
                f"the image is {camera.image_width} x {camera.image_height} pixels",
                "use the size of the images",
                sensor=name,
                field="image_width",
                value=camera.image_width,
            )
        elif kind_of(sensor) == "custom":
            yield from _check_custom(name, cast("CustomCameraCalibration", sensor))
        else:
            yield from _check_camera(name, camera)
    yield from _equal_poses(sensors)


def _check_pose(name: str, sensor: BaseCalibration) -> Iterator[Finding]:
    q, p = sensor.rotation_quaternion, sensor.position
    quaternion, position = (q.w, q.x, q.y, q.z), (p.x, p.y, p.z)
    here = partial(broken, sensor=name)
    length = math.sqrt(sum(value * value for value in quaternion))
    # Shorter ones are zero but for rounding. `_LENGTH_TOLERANCE` judges the others.
    if not math.isfinite(length) or length < 1e-6:
        yield here(
            "quaternion-value",
            f"the quaternion (w, x, y, z) is {quaternion}",
            "use a unit quaternion; 1, 0, 0, 0 is the identity",
            field="rotation_quaternion",
            value=quaternion,
        )
    elif abs(length - 1) > _LENGTH_TOLERANCE:
        yield here(
            "quaternion-length",
            f"the quaternion (w, x, y, z) {quaternion} has length {length:.4g}",
            "normalise it, and check that these numbers are a quaternion",
            field="rotation_quaternion",
            value=length,
        )
    if not all(map(math.isfinite, position)):
        yield here(
            "position-value",
            f"the position is {position}",
            "use metres",
            field="position",
            value=position,
        )
    elif max(map(abs, position)) > _FARTHEST_SENSOR_M:
        yield here(
            "position-unit",
            f"the sensor is at {position} m, farther from the reference system than a vehicle is long",
            "use metres in the vehicle's system, not millimetres or world coordinates",
            field="position",
            value=max(position, key=abs),
        )


def _check_numbers(name: str, sensor: BaseCalibration) -> Iterator[Finding]:
    """Coefficients of any model are finite; the camera matrix has a rule of its own."""
    for place, number in numbers_of(sensor):
        if not place.startswith("camera_matrix.") and not math.isfinite(number):
            yield broken(
                "distortion-value",
                f"{place} is {number}",
                "calibrate again",
                sensor=name,
                field=place,
                value=number,
            )


def _check_lidar(name: str, sensor: LidarCalibration) -> Iterator[Finding]:
    view = sensor.field_of_view
    if view is None:
        return
    angles = (view.start_angle_deg, view.stop_angle_deg)
    depth = view.depth
    # Sweeps are written from 0, from -180, and past 360; nothing needs more than two turns. Depths: the
    # shortest and longest that lidars are sold for are metres and hundreds of metres.
    if any(abs(angle) > 720 for angle in angles) or (depth is not None and not 0.5 <= depth <= 2000):
        problem = f"the field of view is {angles[0]} to {angles[1]} degrees, {depth} m deep"
    elif any(angles) and max(map(abs, angles)) <= 2 * math.pi and any(a % 1 for a in angles):
        problem = f"the field of view is {angles[0]} to {angles[1]} degrees, which looks like radians"
    else:
        return
    yield broken(
        "lidar-field-of-view",
        problem,
        "use degrees and metres",
        sensor=name,
        field="field_of_view",
        value=angles[0],
    )


def _check_camera(name: str, camera: BaseStandardCameraCalibration) -> Iterator[Finding]:
    matrix = camera.camera_matrix
    numbers = (matrix.fx, matrix.fy, matrix.cx, matrix.cy)
    if not all(map(math.isfinite, numbers)) or matrix.fx <= 0 or matrix.fy <= 0:
        yield broken(
            "camera-matrix-value",
            f"fx, fy, cx, cy are {numbers}",
            "use positive focal lengths and the principal point, in pixels",
            sensor=name,
            field="camera_matrix",
            value=numbers,
        )
        return
    kind = kind_of(camera)
    model = find_model(kind)
    if kind != _FUSED and (model is None or model.has_square_pixels):
        yield from _check_ratio(name, camera)
    yield from _principal_point(name, camera)
    if model is None:
        yield broken(
            "projection-unavailable",
            f"the platform does not publish how {kind} cameras project: only their parameters are checked",
            sensor=name,
            value=kind,
        )
        if kind == _FUSED:
            yield from _check_fused(name, cast("FusedCylindricalCalibration", camera))
        return
    yield from _focal_length(name, camera, widest_deg=model.widest_deg)
    yield from model.check(name, camera)


def _check_ratio(name: str, camera: BaseStandardCameraCalibration) -> Iterator[Finding]:
    matrix = camera.camera_matrix
    ratio = matrix.fx / matrix.fy
    # A choice: 4:3 stretched to 16:9 gives 1.33 and is found; real sensors with oblong pixels (16:10 to 16:9
    # gives 1.11) pass.
    if not 0.8 <= ratio <= 1.25:
        yield broken(
            "focal-ratio",
            f"fx is {matrix.fx:g}, fy is {matrix.fy:g}; pixels are square in nearly all cameras",
            "check whether images are scaled by the same factor in width and height",
            sensor=name,
            field="camera_matrix",
            value=ratio,
        )


def _principal_point(name: str, camera: BaseStandardCameraCalibration) -> Iterator[Finding]:
    matrix, width, height = camera.camera_matrix, camera.image_width, camera.image_height
    off = _off_centre(matrix.cx, matrix.cy, width, height)
    # Exchanged, the point has to be clearly in the middle, not just less far away.
    if off > _LARGEST_OFF_CENTRE and _off_centre(matrix.cy, matrix.cx, width, height) < 0.1:
        yield broken(
            "principal-point-swapped",
            f"cx is {matrix.cx:g}, cy is {matrix.cy:g}, the image {width} x {height} pixels",
            "exchange cx and cy",
            sensor=name,
            field="camera_matrix",
            value=matrix.cx,
        )
    elif off > _LARGEST_OFF_CENTRE:
        yield broken(
            "principal-point",
            f"the principal point is ({matrix.cx:g}, {matrix.cy:g}), far from the middle of the "
            f"{width} x {height} pixels",
            "check that the camera matrix and the image size belong to the same (scaled, cropped) image",
            sensor=name,
            field="camera_matrix",
            value=matrix.cx,
        )


def _off_centre(cx: float, cy: float, width: int, height: int) -> float:
    """Distance from the middle, as a share of the size."""
    return max(abs(cx / width - 0.5), abs(cy / height - 0.5))


def _focal_length(
    name: str, camera: BaseStandardCameraCalibration, *, widest_deg: float
) -> Iterator[Finding]:
    found = field_of_view_deg(camera)
    # Distortion may hide a tiny focal length, because points are left out where it folds back.
    lengths = camera.image_width / camera.camera_matrix.fx * (1 + max(getattr(camera, "xi", 0.0), 0))
    if found is None or not 2 <= found <= widest_deg or lengths > _MOST_FOCAL_LENGTHS:
        is_tiny = lengths > _MOST_FOCAL_LENGTHS
        angle = "nothing" if found is None else f"{found:.3g} degrees"
        angle = f"{lengths:.3g} focal lengths" if is_tiny else angle
        yield broken(
            "focal-length",
            f"with fx = {camera.camera_matrix.fx:g} the {camera.image_width} pixels of a row span {angle}",
            "use the focal length in pixels of this image, not in millimetres or normalised",
            sensor=name,
            field="camera_matrix.fx",
            value=camera.camera_matrix.fx,
        )
        return
    given = camera.field_of_view
    if given is None:
        return
    known = [found, field_of_view_deg(camera, vertical=True) or found]
    known.append(math.hypot(*known))
    if any(abs(given - angle) <= max(5, 0.15 * angle) for angle in known):
        return
    in_degrees = math.degrees(given)
    is_radians = given < 2 * math.pi and any(abs(in_degrees - a) <= max(5, 0.15 * a) for a in known)
    yield broken(
        "field-of-view-unit" if is_radians else "field-of-view",
        f"field_of_view is {given:g}, the camera matrix and the image width span {found:.1f} degrees",
        "use degrees" if is_radians else "check which of the two is wrong, or omit field_of_view",
        sensor=name,
        field="field_of_view",
        value=given,
    )


def _check_fused(name: str, camera: FusedCylindricalCalibration) -> Iterator[Finding]:
    cut = camera.cut_angles_degree
    limits = {
        "cut_angles_degree.upper": (cut.upper, -90, 90),
        "cut_angles_degree.lower": (cut.lower, -90, 90),
        "vertical_fov_degree": (camera.vertical_fov_degree, 1, 180),
        "horizontal_fov_degree": (camera.horizontal_fov_degree, 1, 360),
        "max_altitude_angle_degree": (camera.max_altitude_angle_degree, 1, 90),
    }
    for place, (value, low, high) in limits.items():
        if not low <= value <= high:
            yield broken(
                "cut-angles",
                f"{place} is {value:g}, must be {low} to {high}",
                "use degrees",
                sensor=name,
                field=place,
                value=value,
            )
    if 0 < max(abs(cut.upper), abs(cut.lower)) <= math.pi / 2:
        yield broken(
            "cut-angles",
            f"the cut angles are {cut.upper:g} and {cut.lower:g} degrees, which looks like radians",
            "use degrees",
            sensor=name,
            field="cut_angles_degree",
            value=cut.upper,
        )


def _check_custom(name: str, camera: CustomCameraCalibration) -> Iterator[Finding]:
    for index, case in enumerate(camera.test_cases):
        if not (math.isfinite(case.point2d.x) and math.isfinite(case.point2d.y)):
            yield broken(
                "custom-test-nan",
                f"test case {index} expects ({case.point2d.x}, {case.point2d.y}), which JSON cannot express",
                "omit it, or return finite numbers for points outside the image",
                sensor=name,
                field=f"test_cases[{index}].point2d",
                value=case.point2d.x,
            )
    if not camera.test_cases:
        yield broken("custom-test-none", "there are no test cases", sensor=name, field="test_cases")
    try:
        yield from _run_custom(name, camera)
    except CameraError as exc:
        yield broken(
            "custom-module",
            str(exc),
            "compile the camera again with compile_to_wasm",
            sensor=name,
            field="wasm_base64",
            value=type(exc).__name__,
        )
    except ImportError as exc:
        yield broken("projection-unavailable", f"the module was not run: {exc}", sensor=name)


def _run_custom(name: str, camera: CustomCameraCalibration) -> Iterator[Finding]:
    cases = [(index, case) for index, case in enumerate(camera.test_cases) if math.isfinite(case.point2d.x)]
    points = np.array([[case.point3d.x, case.point3d.y, case.point3d.z] for _, case in cases]).reshape(-1, 3)
    pixels = project(points, camera, frame="camera").pixels
    for (index, case), (u, v) in zip(cases, pixels, strict=True):
        # Pixels: the difference from which the platform refuses a module.
        if not (abs(u - case.point2d.x) < 1e-5 and abs(v - case.point2d.y) < 1e-5):
            yield broken(
                "custom-test-case",
                f"test case {index} expects ({case.point2d.x}, {case.point2d.y}), "
                f"the module gives ({u}, {v})",
                "correct the test case or the module",
                sensor=name,
                field=f"test_cases[{index}]",
                value=float(u),
            )
    spread = np.linspace(-1.5, 1.5, 41)
    x, y = np.meshgrid(spread, spread)
    front = np.column_stack([x.ravel(), y.ravel(), np.ones(x.size)]) * 10
    if not project(front, camera, frame="camera").visible.any():
        yield broken(
            "custom-image",
            "no point in front of the camera falls into its "
            f"{camera.image_width} x {camera.image_height} pixels",
            "use the size of the image that the module was compiled for; z points forward",
            sensor=name,
            field="image_width",
            value=camera.image_width,
        )


def _equal_poses(sensors: Mapping[str, BaseCalibration]) -> Iterator[Finding]:
    placed = []
    for name, sensor in sensors.items():
        if is_camera(sensor):
            try:
                placed.append((name, Rigid.of_sensor(sensor)))
            except ValueError:
                continue  # quaternion-value says so
    for (first, a), (second, b) in combinations(placed, 2):
        if (
            # Equal but for rounding: two cameras cannot be in one place, and a rig that is measured never
            # repeats six digits.
            np.allclose(a.position, b.position, atol=1e-6)
            and angle_between_deg(a.rotation, b.rotation) < 1e-3
        ):
            yield broken(
                "sensor-pose-duplicate",
                f"the camera has the pose of {first}",
                "check whether a pose was copied; keep it if one image is a crop of the other",
                sensor=second,
                field="rotation_quaternion",
            )
