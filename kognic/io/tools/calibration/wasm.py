"""Run the WebAssembly module of a custom camera, safely and for many points at once.

The contract is one exported function `project_point_to_image(f64, f64, f64) -> (f64, f64)`. Calling it from
Python costs microseconds per point, so a second, tiny module loops over an array in its own memory and calls
the camera's function directly. Modules come from strangers: they get no imports, little memory and a budget
of instructions (wasmtime's fuel).
"""

from __future__ import annotations

import sys
import threading
from array import array
from typing import TYPE_CHECKING, Any

from kognic._core.camera_errors import (
    FunctionNotFoundError,
    FunctionSignatureError,
    LoadingError,
    ProjectionError,
)
from kognic._core.extras import needs_extra

if TYPE_CHECKING:
    import wasmtime

FUNCTION = "project_point_to_image"
# A compiled projection takes a few 64 KiB pages; a module with a table of its own still fits, one that leaks
# does not.
MEMORY_LIMIT = 64 * 2**20
# A camera model needs hundreds of instructions per point; an endless loop must end within a second.
FUEL, FUEL_PER_POINT = 1_000_000, 20_000
# Points per call: 192 KiB of coordinates, so that three pages of memory are enough, and the cost of a call is
# spread.
_BLOCK = 8192
# Bytes per point: three float64.
_STRIDE = 24
# Three coordinates in, two pixels out, eight bytes each; out overwrites in. 64 KiB per page.
_LOOP = f"""
(module
  (import "camera" "{FUNCTION}" (func $project (param f64 f64 f64) (result f64 f64)))
  (memory (export "memory") {(_BLOCK * _STRIDE) // 65536})
  (func (export "run") (param $count i32)
    (local $at i32) (local $end i32) (local $u f64) (local $v f64)
    (local.set $end (i32.mul (local.get $count) (i32.const 24)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (call $project
          (f64.load (local.get $at))
          (f64.load offset=8 (local.get $at))
          (f64.load offset=16 (local.get $at)))
        (local.set $v)
        (local.set $u)
        (f64.store (local.get $at) (local.get $u))
        (f64.store offset=8 (local.get $at) (local.get $v))
        (local.set $at (i32.add (local.get $at) (i32.const 24)))
        (br $next)))))
"""


class CameraModule:
    """A loaded custom camera. Not to be shared between threads while it runs.

    Args:
        wasm: The binary.

    Raises:
        LoadingError, FunctionNotFoundError, FunctionSignatureError: As documented there, in this order.
        ImportError: wasmtime is not installed.
    """

    def __init__(self, wasm: bytes) -> None:
        engine = _Engine.get()
        self._error, self._trap = engine.errors
        self._store = engine.new_store()
        instance = self._load(engine, wasm)
        function = instance.exports(self._store).get(FUNCTION)
        if not isinstance(function, engine.wasmtime.Func):
            raise FunctionNotFoundError(f"the module does not export a function {FUNCTION}")
        self._check_signature(function)
        loop = engine.wasmtime.Instance(self._store, engine.loop, [function]).exports(self._store)
        self._run: Any = loop["run"]
        memory: Any = loop["memory"]
        self._memory = memory
        self._lock = threading.Lock()

    def project(self, points: bytes | memoryview) -> bytearray:
        """Project points of the camera system to pixels.

        Args:
            points: Little-endian doubles `x, y, z` of each point, metres.

        Returns:
            As many doubles: column and row of each point in pixels, and its unchanged `z`.

        Raises:
            ProjectionError: The function trapped or ran out of its budget.
        """
        done = bytearray()
        with self._lock:
            for start in range(0, len(points), _BLOCK * _STRIDE):
                part = points[start : start + _BLOCK * _STRIDE]
                count = len(part) // _STRIDE
                self._memory.write(self._store, part, 0)
                self._store.set_fuel(FUEL + FUEL_PER_POINT * count)
                try:
                    self._run(self._store, count)
                except (self._trap, self._error) as exc:
                    raise ProjectionError(f"{FUNCTION} failed: {_first_line(exc)}") from exc
                done += self._memory.read(self._store, 0, len(part))
        return done

    def project_point(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Project one point of the camera system, metres, to a column and a row, pixels.

        Raises:
            ProjectionError: The function trapped or ran out of its budget.
        """
        values = array("d", [x, y, z])
        if sys.byteorder == "big":
            values.byteswap()
        done = array("d", bytes(self.project(values.tobytes())))
        if sys.byteorder == "big":
            done.byteswap()
        return done[0], done[1]

    def _load(self, engine: _Engine, wasm: bytes) -> wasmtime.Instance:
        if not wasm.startswith(b"\0asm"):  # wasmtime would take the text form as well, the platform does not
            raise LoadingError(f"the module is not WebAssembly (it starts with {wasm[:4].hex(' ')})")
        try:
            module = engine.wasmtime.Module(engine.engine, wasm)
        except self._error as exc:
            raise LoadingError(f"the module cannot be loaded: {_first_line(exc)}") from exc
        if module.imports:
            wanted = ", ".join(f"{item.module}.{item.name}" for item in module.imports)
            raise LoadingError(f"the module imports {wanted}; compile it so that it imports nothing")
        try:
            instance: wasmtime.Instance = engine.wasmtime.Instance(self._store, module, [])
            return instance
        except (self._trap, self._error) as exc:
            raise LoadingError(f"the module cannot be instantiated: {_first_line(exc)}") from exc

    def _check_signature(self, function: wasmtime.Func) -> None:
        kind = function.type(self._store)
        params, results = [str(t) for t in kind.params], [str(t) for t in kind.results]
        if params != ["f64"] * 3 or results != ["f64"] * 2:
            raise FunctionSignatureError(
                f"{FUNCTION} is ({', '.join(params)}) -> ({', '.join(results)}), "
                "must be (f64, f64, f64) -> (f64, f64); compile with multi-value results"
            )


class _Engine:
    """What is compiled once per process."""

    _instance: _Engine | None = None
    _lock = threading.Lock()

    def __init__(self) -> None:
        try:
            import wasmtime
        except ImportError as exc:
            raise ImportError(needs_extra("custom cameras need wasmtime", "wasm")) from exc
        self.wasmtime = wasmtime
        self.errors = (wasmtime.WasmtimeError, wasmtime.Trap)
        config = wasmtime.Config()
        config.consume_fuel = True
        self.engine = wasmtime.Engine(config)
        self.loop = wasmtime.Module(self.engine, _LOOP)

    @classmethod
    def get(cls) -> _Engine:
        with cls._lock:
            if cls._instance is None:
                cls._instance = cls()
            return cls._instance

    def new_store(self) -> wasmtime.Store:
        store = self.wasmtime.Store(self.engine)
        store.set_limits(memory_size=MEMORY_LIMIT, instances=2, tables=8, memories=4, table_elements=10_000)
        store.set_fuel(FUEL)
        return store


def _first_line(exc: BaseException) -> str:
    """The reason in a message of wasmtime, which is mostly a list of addresses."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    traps = [line for line in lines if "wasm trap" in line]
    return (traps or lines or [type(exc).__name__])[0]
