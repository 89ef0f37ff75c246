"""Calibrations: names, types, what is refused. Their JSON is in test_examples."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.base_clients.errors import ModelTypeError, ModelValidationError
from kognic.io.model import (
    BaseCalibration,
    CalibrationType,
    CameraMatrix,
    CustomCameraCalibration,
    DistortionCoefficients,
    FusedCylindricalCalibration,
    LidarCalibration,
    LidarFieldOfView,
    PinholeCalibration,
    Position,
    RotationQuaternion,
    SensorCalibration,
    SensorCalibrationEntry,
)
from kognic.io.model.calibration.camera.custom_camera_calibration import Point2d, Point3d, TestCase
from kognic.io.model.calibration.camera.fused_cylindrical_calibration import CutAngles
from kognic.io.model.calibration.camera.principal_point_distortion_calibration import (
    LensProjectionCoefficients,
)

POSE: dict[str, Any] = {
    "position": Position(x=0.0, y=0.0, z=0.0),
    "rotation_quaternion": RotationQuaternion(w=1.0, x=0.0, y=0.0, z=0.0),
}
SIZE: dict[str, Any] = {"image_height": 480, "image_width": 640}
MATRIX = CameraMatrix(fx=100.0, fy=100.0, cx=50.0, cy=25.0)
WASM = b"\0asm\1\0\0\0"


def entry(**fields: Any) -> SensorCalibrationEntry:
    return SensorCalibrationEntry.from_json(
        {"id": "1", "externalId": "e", "created": "2021-03-04T05:06:07.089Z", **fields}
    )


def test_one_calibration_has_wire_names() -> None:
    """Which are never sent: within a set of calibrations names stay as they are."""
    lidar = LidarCalibration(
        **POSE, field_of_view=LidarFieldOfView(start_angle_deg=315.0, stop_angle_deg=45.0)
    )

    assert lidar.to_dict()["fieldOfView"] == {"startAngleDeg": 315.0, "stopAngleDeg": 45.0}
    sent = SensorCalibration(external_id="e", calibration={"my lidar": lidar}).to_dict()
    assert sent["externalId"] == "e"
    assert sent["calibration"]["my lidar"]["field_of_view"] == {
        "start_angle_deg": 315.0,
        "stop_angle_deg": 45.0,
    }
    assert json.loads(json.dumps(sent))["calibration"]["my lidar"]["calibration_type"] == "lidar"


def test_coercions() -> None:
    """Numbers as text, whole numbers as floats, dicts, either name."""
    camera = PinholeCalibration(  # type: ignore[call-arg]
        calibration_type="pinhole",  # type: ignore[arg-type]
        position={"x": 1, "y": "2.5", "z": True},  # type: ignore[arg-type]
        rotationQuaternion={"w": 1, "x": 0, "y": 0, "z": 0},
        cameraMatrix={"fx": 100, "fy": "100", "cx": 50, "cy": 25.0},
        distortion_coefficients={"k1": 0, "k2": 0, "p1": 0, "p2": 0, "k3": 0},  # type: ignore[arg-type]
        image_height="480",  # type: ignore[arg-type]
        image_width=640.0,  # type: ignore[arg-type]
        field_of_view="90",  # type: ignore[arg-type]
    )

    assert camera == PinholeCalibration(
        position=Position(x=1.0, y=2.5, z=1.0),
        rotation_quaternion=POSE["rotation_quaternion"],
        camera_matrix=MATRIX,
        distortion_coefficients=DistortionCoefficients(k1=0.0, k2=0.0, p1=0.0, p2=0.0, k3=0.0),
        field_of_view=90.0,
        **SIZE,
    )
    assert camera.calibration_type is CalibrationType.PINHOLE
    assert type(camera.image_width) is int


def test_defaults_of_fused_cylinders() -> None:
    """The three angles that have one."""
    camera = FusedCylindricalCalibration(
        **POSE, **SIZE, camera_matrix=MATRIX, cut_angles_degree=CutAngles(upper=-40.0, lower=30.0)
    )

    angles = (camera.vertical_fov_degree, camera.horizontal_fov_degree, camera.max_altitude_angle_degree)
    assert angles == (72.5, 93, 90.0)


def test_lens_coefficients() -> None:
    """In order."""
    lens = LensProjectionCoefficients(c1=1.0, c2=2.0, c3=3.0, c4=4.0, c5=5.0, c6=6.0)

    assert lens.get_coefficients() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


@pytest.mark.parametrize("calibration", [{}, None])
def test_entries_without_calibrations(calibration: Any) -> None:
    """Absent, empty and null are the same."""
    assert entry().calibration == entry(calibration=calibration).calibration == {}


def test_entries() -> None:
    """The class is chosen by the tag, in either spelling."""
    lidar = LidarCalibration(**POSE)

    assert entry(calibration={"L": lidar.to_dict(by_alias=False)}).calibration == {"L": lidar}
    assert entry(calibration={"L": lidar.to_dict()}).calibration == {"L": lidar}
    assert entry().created.tzinfo is not None
    assert BaseCalibration.from_json(lidar.to_dict()) == lidar


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ({"calibration_type": "sonar"}, "'sonar' is unknown"),
        ({}, "is missing"),
        ({"calibration_type": 3}, "3 is unknown"),
    ],
)
def test_unknown_types(tag: dict[str, Any], text: str) -> None:
    """A TypeError, as documented, and a validation error, with the types that there are."""
    with pytest.raises(
        TypeError, match=rf"calibration\['my cam'\]\.calibration_type {text}; it must be one of"
    ) as wrong:
        entry(calibration={"my cam": {**tag, "position": {}}})

    assert isinstance(wrong.value, ModelTypeError)
    assert isinstance(wrong.value, ModelValidationError)
    assert wrong.value.path == "calibration['my cam'].calibration_type"
    with pytest.raises(TypeError, match="calibration_type"):
        SensorCalibration(external_id="e", calibration={"my cam": {**tag}})  # type: ignore[dict-item]


def test_errors_lead_to_the_sensor() -> None:
    """And to the field of its calibration."""
    lidar = LidarCalibration(**POSE).to_dict(by_alias=False)
    lidar["position"]["x"] = "far"
    with pytest.raises(
        ModelValidationError,
        match=r"^SensorCalibration\.calibration\.ROOF\.position\.x must be a number, is 'far'",
    ):
        SensorCalibration(external_id="e", calibration={"ROOF": lidar})  # type: ignore[dict-item]
    with pytest.raises(ModelValidationError, match=r"calibration\.ROOF must be a BaseCalibration or a dict"):
        SensorCalibration(external_id="e", calibration={"ROOF": Position(x=0, y=0, z=0)})  # type: ignore[dict-item]


def test_custom_cameras(tmp_path: Path) -> None:
    """From bytes, from a file, and back."""
    path = tmp_path / "camera.wasm"
    path.write_bytes(WASM)
    cases = [TestCase(point3d=Point3d(x=3.0, y=1.0, z=4.0), point2d=Point2d(x=0.5, y=0.25))]

    camera = CustomCameraCalibration.from_file(str(path), **POSE, **SIZE, test_cases=cases)

    assert camera == CustomCameraCalibration.from_bytes(WASM, **POSE, **SIZE, test_cases=cases)
    assert camera == CustomCameraCalibration.from_file(path, **POSE, **SIZE, test_cases=[cases[0].to_dict()])
    assert camera.get_wasm_bytes() == WASM
    assert camera.to_dict(by_alias=False)["test_cases"] == [
        {"point3d": {"x": 3.0, "y": 1.0, "z": 4.0}, "point2d": {"x": 0.5, "y": 0.25}}
    ]
    without = CustomCameraCalibration.from_bytes(WASM, **POSE, **SIZE)
    assert without.to_dict(by_alias=False)["test_cases"] == []
    assert camera.wasm_base64 not in repr(camera)


def test_custom_cameras_that_cannot_be() -> None:
    """Too many points, a file that is not there, text that is not Base64."""
    point = TestCase(point3d=Point3d(x=3.0, y=1.0, z=4.0), point2d=Point2d(x=0.5, y=0.25))
    CustomCameraCalibration.from_bytes(WASM, **POSE, **SIZE, test_cases=[point] * 100)
    with pytest.raises(ModelValidationError, match=r"test_cases has 101 entries, may have 100"):
        CustomCameraCalibration.from_bytes(WASM, **POSE, **SIZE, test_cases=[point] * 101)
    with pytest.raises(FileNotFoundError):
        CustomCameraCalibration.from_file("nowhere.wasm", **POSE, **SIZE)
    with pytest.raises(ValueError, match=r"wasm_base64 is not Base64 .*; use from_file\(\)"):
        CustomCameraCalibration(wasm_base64="%", **POSE, **SIZE).get_wasm_bytes()


def test_points_out_of_view() -> None:
    """NaN in both coordinates can be said."""
    point = Point2d(x=math.nan, y=float("nan"))

    assert math.isnan(point.x)
    assert math.isnan(point.to_dict()["y"])


@given(st.binary(max_size=200))
def test_any_module_survives(module: bytes) -> None:
    """Encoding loses nothing."""
    assert CustomCameraCalibration.from_bytes(module, **POSE, **SIZE).get_wasm_bytes() == module


@given(st.dictionaries(st.text(max_size=10), st.tuples(*[st.floats(allow_nan=False)] * 7), max_size=4))
def test_any_calibration_survives_json(rig: dict[str, tuple[float, ...]]) -> None:
    """Whatever the sensors are called and wherever they are."""
    calibration = SensorCalibration(
        external_id="e",
        calibration={
            name: LidarCalibration(
                position=Position(x=v[0], y=v[1], z=v[2]),
                rotation_quaternion=RotationQuaternion(w=v[3], x=v[4], y=v[5], z=v[6]),
            )
            for name, v in rig.items()
        },
    )

    assert SensorCalibration.from_json(json.loads(json.dumps(calibration.to_dict()))) == calibration
