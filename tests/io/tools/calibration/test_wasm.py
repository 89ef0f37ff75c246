"""Custom cameras from strangers: what is refused, what is stopped, and that many points go through."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import wasmtime

from kognic._core.camera_errors import (
    CameraError,
    FunctionNotFoundError,
    FunctionSignatureError,
    LoadingError,
    ProjectionError,
)
from kognic.io.tools.calibration.wasm import FUEL, FUNCTION, MEMORY_LIMIT, CameraModule
from tests.scenes.geometry.conftest import PINHOLE_WAT

SIGNATURE = "(param f64 f64 f64) (result f64 f64)"


def binary(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(text))


def module(body: str, before: str = "", signature: str = SIGNATURE) -> bytes:
    """A module whose function has a body."""
    return binary(f'(module {before} (func (export "{FUNCTION}") {signature} {body}))')


def doubles(values: Any) -> bytes:
    return np.asarray(values, "<f8").tobytes()


def test_project_runs_the_function_on_every_point() -> None:
    """Pixels replace x and y, z stays; numbers of points around the block size work."""
    camera = CameraModule(module("(local.get 1) (f64.add (local.get 0) (local.get 2))"))

    for count in (0, 1, 8191, 8192, 8193, 20_000):
        points = np.random.default_rng(count).normal(size=(count, 3))
        done = np.frombuffer(camera.project(doubles(points)), "<f8").reshape(-1, 3)
        expected = np.column_stack([points[:, 1], points[:, 0] + points[:, 2], points[:, 2]])
        assert np.array_equal(done, expected)


def test_project_point() -> None:
    """One point, as the command line projects it."""
    camera = CameraModule(binary(PINHOLE_WAT))

    assert camera.project_point(1.0, -2.0, 4.0) == (1210.0, 104.0)
    assert np.isnan(camera.project_point(1.0, -2.0, -4.0)).all()


def test_module_is_shared_between_threads() -> None:
    """Threads take turns: each gets the pixels of its own points."""
    camera = CameraModule(binary(PINHOLE_WAT))

    def first_pixel(x: float) -> float:
        return camera.project_point(x, 0.0, 1.0)[0]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(first_pixel, range(200)))
    assert found == [960 + 1000.0 * x for x in range(200)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not WebAssembly"),
        (b"(module)", r"is not WebAssembly \(it starts with 28 6d 6f 64\)"),
        (b"\0asm\1\0\0\0\xff", "cannot be loaded"),
        (binary('(module (import "env" "abort" (func)))'), "imports env.abort; compile it"),
        (binary("(module (func $f unreachable) (start $f))"), "cannot be instantiated: .*unreachable"),
        (binary("(module (func $f (loop $l (br $l))) (start $f))"), "cannot be instantiated: .*fuel"),
        (binary(f"(module (memory {MEMORY_LIMIT // 65536 + 1}))"), "cannot be instantiated: .*memory"),
        (binary("(module (table 20000 funcref))"), "cannot be instantiated: .*table"),
    ],
    ids=["empty", "text", "damaged", "imports", "trap", "endless", "memory", "table"],
)
def test_unloadable_module(content: bytes, message: str) -> None:
    """A module that is none, wants something or takes too much is refused with the reason."""
    with pytest.raises(LoadingError, match=message):
        CameraModule(content)


@pytest.mark.parametrize(
    "text", ["(module)", f'(module (memory (export "{FUNCTION}") 1))'], ids=["absent", "no function"]
)
def test_function_not_found(text: str) -> None:
    """The export is missing, or is something else."""
    with pytest.raises(FunctionNotFoundError, match=f"does not export a function {FUNCTION}"):
        CameraModule(binary(text))


@pytest.mark.parametrize(
    ("signature", "body", "shown"),
    [
        ("(param f64 f64) (result f64 f64)", "(local.get 0) (local.get 1)", r"\(f64, f64\) -> \(f64, f64\)"),
        ("(param f64 f64 f64) (result f64)", "(local.get 0)", r"\(f64, f64, f64\) -> \(f64\)"),
        (
            "(param f32 f32 f32) (result f64 f64)",
            "(f64.const 0) (f64.const 0)",
            r"\(f32, f32, f32\) -> \(f64, f64\)",
        ),
    ],
)
def test_signature(signature: str, body: str, shown: str) -> None:
    """Three doubles in, two out; the message shows both signatures."""
    with pytest.raises(FunctionSignatureError, match=f"{shown}, must be"):
        CameraModule(module(body, signature=signature))


def test_trap_is_an_error() -> None:
    """A function that traps for some points says why."""
    camera = CameraModule(
        module("(if (f64.lt (local.get 2) (f64.const 0)) (then unreachable)) (local.get 0) (local.get 1)")
    )

    assert camera.project_point(1, 2, 3) == (1, 2)
    with pytest.raises(ProjectionError, match=f"{FUNCTION} failed: .*unreachable"):
        camera.project_point(1, 2, -3)


def test_endless_loop_runs_out_of_fuel() -> None:
    """A loop without end is stopped; the module can be used again afterwards."""
    camera = CameraModule(
        module(
            "(loop $on (br_if $on (f64.lt (local.get 2) (f64.const 0)))) (local.get 0) (local.get 1)",
        )
    )

    with pytest.raises(ProjectionError, match="fuel"):
        camera.project_point(1, 2, -3)
    assert camera.project_point(1, 2, 3) == (1, 2)


def test_fuel_is_enough_for_real_cameras() -> None:
    """A function of thousands of instructions per point is run over a whole block."""
    loop = """
      (local $n i32)
      (loop $on (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if $on (i32.lt_u (local.get $n) (i32.const 2000))))
      (local.get 0) (local.get 1)"""
    camera = CameraModule(module(loop))

    assert FUEL < 8192 * 2000  # one budget for all points would not do
    assert len(camera.project(bytes(8192 * 24))) == 8192 * 24


def test_memory_cannot_grow_past_the_limit() -> None:
    """Growing beyond the limit is refused to the module, as WebAssembly has it: with -1."""
    pages = MEMORY_LIMIT // 65536
    grow = f"(f64.convert_i32_s (memory.grow (i32.const {pages}))) (f64.const 0)"

    assert CameraModule(module(grow, "(memory 1)")).project_point(0, 0, 0)[0] == -1


def test_modules_do_not_share_state() -> None:
    """Two loaded cameras have memories of their own."""
    count = """
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
      (f64.convert_i32_u (i32.load (i32.const 0))) (f64.const 0)"""
    content = module(count, "(memory 1)")
    first, second = CameraModule(content), CameraModule(content)

    assert [first.project_point(0, 0, 0)[0] for _ in range(3)] == [1, 2, 3]
    assert second.project_point(0, 0, 0)[0] == 1


@pytest.mark.usefixtures("without_wasmtime")
def test_without_wasmtime() -> None:
    """The message says what to install."""
    with pytest.raises(ImportError, match=r'pip install "kognic-client\[wasm\]"'):
        CameraModule(binary(PINHOLE_WAT))


def test_every_error_is_a_camera_error() -> None:
    """One class catches them all."""
    for error in (LoadingError, FunctionNotFoundError, FunctionSignatureError, ProjectionError):
        assert issubclass(error, CameraError)
        assert issubclass(error, ValueError)
