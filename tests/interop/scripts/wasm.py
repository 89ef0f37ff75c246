"""Custom camera modules: what passes validation, and which error tells what is wrong with the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.interop.scripts.session import Session

GOOD = """
(module (func (export "project_point_to_image") (param f64 f64 f64) (result f64 f64)
  (f64.div (local.get 0) (local.get 2)) (f64.div (local.get 1) (local.get 2))))
"""
OUTSIDE = """
(module (func (export "project_point_to_image") (param f64 f64 f64) (result f64 f64)
  (f64.const nan) (f64.const nan)))
"""
WRONG = {
    "other name": '(module (func (export "project") (param f64 f64 f64) (result f64 f64)'
    " (local.get 0) (local.get 1)))",
    "two parameters": '(module (func (export "project_point_to_image") (param f64 f64) (result f64 f64)'
    " (local.get 0) (local.get 1)))",
    "one result": '(module (func (export "project_point_to_image") (param f64 f64 f64) (result f64)'
    " (local.get 0)))",
    "single precision": '(module (func (export "project_point_to_image") (param f32 f32 f32) (result f32 f32)'
    " (local.get 0) (local.get 1)))",
    "not a function": '(module (memory (export "project_point_to_image") 1))',
    "trap": '(module (func (export "project_point_to_image") (param f64 f64 f64) (result f64 f64)'
    " unreachable))",
    "import": '(module (import "a" "b" (func)) (func (export "project_point_to_image")'
    " (param f64 f64 f64) (result f64 f64) (local.get 0) (local.get 1)))",
}


def run(s: Session) -> None:
    import wasmtime

    from kognic.io.tools.calibration import compilation, validation

    def case(x: float, y: float, u: float, v: float) -> Any:
        from kognic.io.model.calibration.camera import custom_camera_calibration as custom

        point = custom.Point3d(x=x, y=y, z=4.0)
        return custom.TestCase(point3d=point, point2d=custom.Point2d(x=u, y=v))

    def binary(text: str) -> bytes:
        return bytes(wasmtime.wat2wasm(text))

    check = validation.validate_wasm_binary
    nan = float("nan")
    s.call("good", check, binary(GOOD), [case(2.0, 1.0, 0.5, 0.25)])
    s.call("within the tolerance", check, binary(GOOD), [case(2.0, 1.0, 0.5 + 9e-6, 0.25)])
    s.call("outside the view", check, binary(OUTSIDE), [case(1.0, 1.0, nan, nan)])
    s.fails("beyond the tolerance", check, binary(GOOD), [case(2.0, 1.0, 0.5 + 2e-5, 0.25)])
    s.fails("inside, expected outside", check, binary(GOOD), [case(2.0, 1.0, nan, nan)])
    s.fails("second case", check, binary(GOOD), [case(2.0, 1.0, 0.5, 0.25), case(2.0, 1.0, 1.0, 1.0)])
    for name, text in WRONG.items():
        error(s, name, check, binary(text), [])
    error(s, "not a module", check, b"nothing of the kind", [])
    error(s, "empty", check, b"", [])

    Path("good.wasm").write_bytes(binary(GOOD))
    s.call("file", validation.validate_wasm_file, Path("good.wasm"), [case(4.0, 8.0, 1.0, 2.0)])
    s.fails("wrong file", validation.validate_wasm_file, Path("good.wasm"), [case(4.0, 8.0, 1.0, 1.0)])
    whole = calibration(binary(GOOD), [case(4.0, 8.0, 1.0, 2.0)])
    s.call("calibration", validation.validate_custom_camera_calibration, whole)
    wrong = calibration(binary(GOOD), [case(4.0, 8.0, 7.0, 7.0)])
    s.fails("wrong calibration", validation.validate_custom_camera_calibration, wrong)
    s.note("constants", [validation.FUNCTION_NAME, validation.TOLERANCE, list(validation.BASE_POINT)])

    translate = compilation.compile_to_wasm
    Path("camera.txt").write_text("no source", "utf-8")
    Path("camera.rs").write_text("no source", "utf-8")
    error(s, "no source", translate, input_path=Path("nowhere.rs"))
    error(s, "no wasm", translate, input_path=Path("camera.rs"), output_wasm=Path("camera.out"))
    error(s, "no language", translate, input_path=Path("camera.txt"))


def error(s: Session, name: str, function: Any, *args: Any, **kwargs: Any) -> None:
    """Keep the class of what is raised; its text is that of the WebAssembly library or the compiler."""
    try:
        s.note(name, function(*args, **kwargs))
    except Exception as raised:  # whatever it is, it is compared
        s.note(name, type(raised).__name__)


def calibration(module: bytes, cases: list[Any]) -> Any:
    from kognic.io.model.calibration import CustomCameraCalibration, Position, RotationQuaternion

    return CustomCameraCalibration.from_bytes(
        module,
        position=Position(x=0.0, y=0.0, z=0.0),
        rotation_quaternion=RotationQuaternion(w=1.0, x=0.0, y=0.0, z=0.0),
        image_height=480,
        image_width=640,
        test_cases=cases,
    )
