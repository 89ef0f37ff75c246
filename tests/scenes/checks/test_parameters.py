"""Each rule on calibrations taken alone: broken by one change, kept without it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from kognic._core.findings import Finding, Severity
from kognic.io.model.calibration import LidarFieldOfView
from kognic.io.model.calibration.camera.custom_camera_calibration import Point2d, Point3d, TestCase
from kognic.scenes.checks.parameters import check_calibration
from kognic.scenes.checks.rules import RULES
from tests.scenes.geometry import conftest as make

NAN = math.nan
# Tried with points and drives: test_units.py and the tests of verdicts.
VERDICTS = {
    "ego-motion",
    "ego-pose-system",
    "lidar-misaligned",
    "lidar-time",
    "calibration-unit",
    "cloud-unit",
    "camera-no-points",
    "pose-inverted",
    "quaternion-order",
    "cameras-swapped",
    "axes-convention",
    "angle-unit",
    "euler-order",
    "image-mirrored",
    "image-upside-down",
    "lidar-mirrored",
    "lidar-axes",
    "lidar-yaw",
    "camera-misaligned",
    "camera-does-not-fit",
    "focal-length-estimate",
    "distortion-estimate",
    "images-rectified",
    "image-time",
    "camera-consistent",
    "camera-undecided",
}


def case(x: float, y: float, z: float, u: float, v: float) -> TestCase:
    return TestCase(point3d=Point3d(x=x, y=y, z=z), point2d=Point2d(x=u, y=v))


RIGHT_CASE = case(1, 2, 4, 1210, 1104)
# A polynomial of the angle and its inverse, fitted with numpy.polyfit on 0 to 80 degrees.
FORWARD, INVERSE = (0.03, -0.004, 0.0, 0.0), (-0.029955, 0.006408, -0.000906, 0.000083)

# Code, a calibration that breaks the rule, one that keeps it, the field to be named.
CASES: list[tuple[str, Callable[[], Any], Callable[[], Any], str | None]] = [
    (
        "quaternion-value",
        lambda: make.pinhole(**make.placed((0, 0, 0, 0))),
        make.pinhole,
        "rotation_quaternion",
    ),
    (
        "quaternion-value",
        lambda: make.lidar(**make.placed((NAN, 0, 0, 1))),
        make.lidar,
        "rotation_quaternion",
    ),
    (
        "quaternion-length",
        lambda: make.lidar(**make.placed((0.7, 0, 0, 0.7))),
        lambda: make.lidar(**make.placed((0.7071, 0, 0, 0.7071))),
        "rotation_quaternion",
    ),
    (
        "position-value",
        lambda: make.lidar(**make.placed(position=(0, NAN, 0))),
        make.lidar,
        "position",
    ),
    (
        "position-unit",
        lambda: make.lidar(**make.placed(position=(1500, 0, 2000))),
        lambda: make.lidar(**make.placed(position=(1.5, 0, 2))),
        "position",
    ),
    (
        "image-size-value",
        lambda: make.pinhole(image_width=0),
        make.pinhole,
        "image_width",
    ),
    (
        "camera-matrix-value",
        lambda: make.pinhole(camera_matrix=make.matrix(fx=-1000)),
        make.pinhole,
        "camera_matrix",
    ),
    (
        "camera-matrix-value",
        lambda: make.kannala(camera_matrix=make.matrix(cy=NAN)),
        make.kannala,
        "camera_matrix",
    ),
    (
        "focal-length",  # normalised by the width
        lambda: make.pinhole(camera_matrix=make.matrix(0.52, 0.52)),
        make.pinhole,
        "camera_matrix.fx",
    ),
    (
        "focal-length",  # in millimetres, hidden by a distortion that folds
        lambda: make.pinhole({"k1": -0.2}, camera_matrix=make.matrix(6, 6)),
        lambda: make.pinhole({"k1": -0.2}),
        "camera_matrix.fx",
    ),
    (
        "focal-length",
        lambda: make.pinhole(camera_matrix=make.matrix(900_000, 900_000)),
        make.fisheye,
        "camera_matrix.fx",
    ),
    (
        "focal-ratio",
        lambda: make.pinhole(camera_matrix=make.matrix(1000, 500)),
        lambda: make.cylindrical(camera_matrix=make.matrix(1000, 500)),
        "camera_matrix",
    ),
    (
        "principal-point",  # the matrix of the image at half the size
        lambda: make.pinhole(camera_matrix=make.matrix(500, 500, 480, 302)),
        make.pinhole,
        "camera_matrix",
    ),
    (
        "principal-point-swapped",
        lambda: make.pinhole(camera_matrix=make.matrix(cx=604, cy=960)),
        make.pinhole,
        "camera_matrix",
    ),
    (
        "field-of-view",
        lambda: make.pinhole(field_of_view=40.0),
        lambda: make.pinhole(field_of_view=87.7),
        "field_of_view",
    ),
    (
        "field-of-view-unit",
        lambda: make.pinhole(field_of_view=math.radians(87.7)),
        lambda: make.pinhole(field_of_view=62.3),  # the vertical one
        "field_of_view",
    ),
    (
        "distortion-value",
        lambda: make.pinhole({"k2": NAN}),
        lambda: make.pinhole({"k2": 0.1}),
        "distortion_coefficients.k2",
    ),
    (
        "distortion-value",
        lambda: make.fisheye(NAN),
        make.fisheye,
        "xi",
    ),
    (
        "distortion-value",
        lambda: make.fused_cylindrical(upper=NAN),
        make.fused_cylindrical,
        "cut_angles_degree.upper",
    ),
    (
        "distortion-value",
        lambda: make.principal_point_distortion(k1=math.inf),
        make.principal_point_distortion,
        "principal_point_distortion_coefficients.k1",
    ),
    (
        "distortion-value",
        lambda: make.principal_point_fisheye(alpha_l=NAN),
        make.principal_point_fisheye,
        "principal_point_fisheye_coefficients.alpha_l",
    ),
    (
        "distortion-order",  # k1, k2, k3, p1, p2
        lambda: make.pinhole({"k1": -0.3, "k2": 0.12, "p1": -0.08}),
        lambda: make.pinhole({"k1": -0.3, "k2": 0.12, "k3": -0.02}),
        "distortion_coefficients",
    ),
    (
        "distortion-folds",  # the sign of k1 for an image that reaches far out
        lambda: make.pinhole({"k1": -0.6}),
        lambda: make.pinhole({"k1": 0.6}),
        "distortion_coefficients",
    ),
    (
        "distortion-folds",
        lambda: make.kannala((-0.3, 0, 0, 0)),
        lambda: make.kannala(FORWARD, INVERSE),
        "distortion_coefficients",
    ),
    (
        "undistortion",  # the coefficients of the other direction
        lambda: make.kannala(FORWARD, FORWARD),
        lambda: make.kannala(FORWARD, INVERSE),
        "undistortion_coefficients",
    ),
    ("fisheye-xi", lambda: make.fisheye(-1.0), make.fisheye, "xi"),
    (
        "lidar-field-of-view",
        lambda: make.lidar(field_of_view=LidarFieldOfView(start_angle_deg=-1.05, stop_angle_deg=1.05)),
        lambda: make.lidar(field_of_view=LidarFieldOfView(start_angle_deg=-60, stop_angle_deg=60)),
        "field_of_view",
    ),
    (
        "lidar-field-of-view",
        lambda: make.lidar(
            field_of_view=LidarFieldOfView(start_angle_deg=0, stop_angle_deg=360, depth=200_000)
        ),
        lambda: make.lidar(field_of_view=LidarFieldOfView(start_angle_deg=0, stop_angle_deg=360, depth=200)),
        "field_of_view",
    ),
    (
        "cut-angles",
        lambda: make.fused_cylindrical(math.radians(20), math.radians(-30)),
        make.fused_cylindrical,
        "cut_angles_degree",
    ),
    (
        "cut-angles",
        lambda: make.fused_cylindrical(angles={"horizontal_fov_degree": 5000.0}),
        lambda: make.fused_cylindrical(angles={"horizontal_fov_degree": 120.0}),
        "horizontal_fov_degree",
    ),
    (
        "custom-module",
        lambda: make.custom("(module)"),
        make.custom,
        "wasm_base64",
    ),
    (
        "custom-module",
        lambda: attrs.evolve(make.custom(), wasm_base64="no base64!"),
        make.custom,
        "wasm_base64",
    ),
    (
        "custom-test-case",
        lambda: make.custom(test_cases=[RIGHT_CASE, case(1, 2, 4, 1210, 1100)]),
        lambda: make.custom(test_cases=[RIGHT_CASE]),
        "test_cases[1]",
    ),
    (
        "custom-test-nan",
        lambda: make.custom(test_cases=[RIGHT_CASE, case(0, 0, -1, NAN, NAN)]),
        lambda: make.custom(test_cases=[RIGHT_CASE]),
        "test_cases[1].point2d",
    ),
    (
        "custom-test-none",
        make.custom,
        lambda: make.custom(test_cases=[RIGHT_CASE]),
        "test_cases",
    ),
    (
        "custom-image",  # z points backward in the module
        lambda: make.custom(make.PINHOLE_WAT.replace("f64.le", "f64.ge"), test_cases=[]),
        lambda: make.custom(test_cases=[RIGHT_CASE]),
        "image_width",
    ),
    ("projection-unavailable", make.principal_point_distortion, make.pinhole, None),
    ("projection-unavailable", make.fused_cylindrical, make.cylindrical, None),
    ("projection-unavailable", make.principal_point_fisheye, make.fisheye, None),
]


def found(*sensors: Any) -> list[Finding]:
    return list(check_calibration({f"sensor{index}": sensor for index, sensor in enumerate(sensors)}))


@pytest.mark.parametrize(
    ("code", "broken", "kept", "field"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)]
)
def test_rule(code: str, broken: Callable[[], Any], kept: Callable[[], Any], field: str | None) -> None:
    """One change breaks one rule, at its sensor and field, with a hint; without it nothing is wrong."""
    findings = [f for f in found(broken()) if f.code == code]

    assert [(f.sensor, f.field) for f in findings] == [("sensor0", field)]
    assert findings[0].severity is RULES[code].severity
    assert findings[0].hint or findings[0].severity is Severity.INFO
    assert [f for f in found(kept()) if f.severity is not Severity.INFO or f.code == code] == []


def test_every_rule_has_a_case() -> None:
    """Rules on calibrations are all tried here; the verdicts on cameras are tried with their points."""
    tried = {code for code, *_ in CASES} | {"sensor-pose-duplicate"}

    assert tried == {code for code, rule in RULES.items() if rule.group == "geometry"} - VERDICTS


def test_equal_poses() -> None:
    """Two cameras in one place looking one way; a lidar there or a camera turned a little is fine."""
    camera, turned = make.pinhole(), make.pinhole(**make.placed((0.9999, 0.0141, 0, 0)))

    findings = [f for f in found(camera, make.fisheye()) if f.code == "sensor-pose-duplicate"]

    assert [(f.sensor, f.severity) for f in findings] == [("sensor1", Severity.WARNING)]
    assert "has the pose of sensor0" in findings[0].message
    assert found(camera, turned, make.lidar()) == []


def test_equal_poses_with_a_broken_quaternion() -> None:
    """A pose that is none is reported as such and compared with nothing."""
    broken = make.pinhole(**make.placed((0, 0, 0, 0)))

    assert [f.code for f in found(broken, broken)] == ["quaternion-value", "quaternion-value"]


def test_unpublished_models_have_their_parameters_checked() -> None:
    """Matrix, size and numbers of cameras that cannot project are checked, and a note says so."""
    for maker in (make.principal_point_distortion, make.fused_cylindrical, make.principal_point_fisheye):
        findings = found(maker(camera_matrix=make.matrix(fx=1000, fy=1000, cx=100, cy=604)))
        codes = {f.code for f in findings}

        assert codes == {"principal-point", "projection-unavailable"}
        assert any("does not publish how" in f.message for f in findings)


@pytest.mark.usefixtures("without_wasmtime")
def test_custom_camera_without_wasmtime() -> None:
    """Without the extra the module is not run, which is said and is no error."""
    camera = make.custom(test_cases=[RIGHT_CASE])

    findings = found(camera)

    assert [(f.code, f.severity) for f in findings] == [("projection-unavailable", Severity.INFO)]
    assert "kognic-client[wasm]" in findings[0].message


def test_custom_camera_that_traps() -> None:
    """A module that cannot be run to its end is named with the reason."""
    trap = make.PINHOLE_WAT.replace("(return (f64.const nan) (f64.const nan))", "unreachable")

    findings = found(make.custom(trap, test_cases=[case(0, 0, -1, 0, 0)]))

    assert [f.code for f in findings] == ["custom-module"]
    assert "unreachable" in findings[0].message
    assert findings[0].value == "ProjectionError"


def test_no_sensors() -> None:
    """Nothing to check, nothing found."""
    assert found() == []
