"""Modules of custom cameras: what passes, and which error tells what is wrong with the others."""

from __future__ import annotations

import logging
import math
from pathlib import Path

import pytest
import wasmtime

from kognic.io.model.calibration.camera.custom_camera_calibration import (
    CustomCameraCalibration,
    Point2d,
    Point3d,
    TestCase,
)
from kognic.io.model.calibration.common import Position, RotationQuaternion
from kognic.io.tools.calibration.exceptions import (
    FunctionNotFoundError,
    FunctionSignatureError,
    LoadingError,
    ProjectionError,
    ProjectionValidationError,
)
from kognic.io.tools.calibration.validation import (
    validate_custom_camera_calibration,
    validate_wasm_binary,
    validate_wasm_file,
)

NAME = "project_point_to_image"
BODY = "(f64.div (local.get 0) (local.get 2)) (f64.div (local.get 1) (local.get 2))"


def module(
    export: str = NAME, shape: str = "(param f64 f64 f64) (result f64 f64)", body: str = BODY
) -> bytes:
    """A module with one function."""
    return bytes(wasmtime.wat2wasm(f'(module (func (export "{export}") {shape} {body}))'))


def case(u: float, v: float) -> TestCase:
    """What the module above makes of (2, 1, 4) is (0.5, 0.25)."""
    return TestCase(point3d=Point3d(x=2, y=1, z=4), point2d=Point2d(x=u, y=v))


def test_within_the_tolerance() -> None:
    """Less than 1e-5 pixels; outside the field of view both coordinates are not numbers."""
    validate_wasm_binary(module(), [case(0.5, 0.25), case(0.5 + 9e-6, 0.25)])
    outside = module(body="(f64.const nan) (f64.const nan)")
    validate_wasm_binary(outside, [case(math.nan, math.nan)])


@pytest.mark.parametrize(("u", "v"), [(0.5 + 2e-5, 0.25), (0.5, 1.0), (math.nan, math.nan)])
def test_another_pixel(u: float, v: float) -> None:
    """The words are those that users know."""
    with pytest.raises(ProjectionValidationError) as caught:
        validate_wasm_binary(module(), [case(0.5, 0.25), case(u, v)])
    assert str(caught.value) == f"Expected ({u}, {v}), but got (0.5, 0.25) for point (2.0, 1.0, 4.0)"


@pytest.mark.parametrize(
    ("wasm", "error"),
    [
        (b"nothing of the kind", LoadingError),
        (b"", LoadingError),
        (module(export="project"), FunctionNotFoundError),
        (module(shape="(param f64 f64 f64) (result f64)", body="(local.get 0)"), FunctionSignatureError),
        (
            module(shape="(param f32 f32 f32) (result f32 f32)", body="(local.get 0) (local.get 1)"),
            FunctionSignatureError,
        ),
        (module(body="unreachable"), ProjectionError),
    ],
)
def test_not_a_camera(wasm: bytes, error: type[Exception]) -> None:
    """In the order of the platform's checks."""
    with pytest.raises(error):
        validate_wasm_binary(wasm, [])


def test_file_and_calibration(tmp_path: Path) -> None:
    """The same rules for a file, and for a calibration with its own test cases."""
    path = tmp_path / "camera.wasm"
    path.write_bytes(module())
    validate_wasm_file(path, [case(0.5, 0.25)])
    calibration = CustomCameraCalibration.from_file(
        path,
        position=Position(x=0, y=0, z=0),
        rotation_quaternion=RotationQuaternion(w=1, x=0, y=0, z=0),
        image_height=1,
        image_width=1,
        test_cases=[case(1.0, 1.0)],
    )
    with pytest.raises(ProjectionValidationError, match=r"Expected \(1.0, 1.0\)"):
        validate_custom_camera_calibration(calibration)
    calibration.wasm_base64 = "no Base64!"
    with pytest.raises(LoadingError, match="is not Base64"):
        validate_custom_camera_calibration(calibration)


def test_a_large_module_is_only_mentioned(caplog: pytest.LogCaptureFixture) -> None:
    """More than 1000 bytes are allowed."""
    data = "x" * 2000
    text = f'(module (memory 1) (data (i32.const 0) "{data}") (func (export "{NAME}")'
    text += f" (param f64 f64 f64) (result f64 f64) {BODY}))"
    with caplog.at_level(logging.WARNING):
        validate_wasm_binary(bytes(wasmtime.wat2wasm(text)), [])
    assert "more than the usual 1000" in caplog.text
