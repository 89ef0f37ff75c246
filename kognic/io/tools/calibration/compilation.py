"""Compile a custom camera from Rust, C or C++ to the WebAssembly module that the platform runs.

The compilers are called directly, never through a shell, and see a copy of the environment. The name of what
Cargo builds is taken from what Cargo says it built.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from kognic._core.standard_classes import keep_class
from kognic.io.tools.calibration.exceptions import (
    CompilationError,
    CompilationOutputError,
    FunctionSignatureError,
)
from kognic.io.tools.calibration.validation import FUNCTION_NAME, validate_wasm_binary

WASM_TARGET = "wasm32-wasip1"
MULTIVALUE = "-C target-feature=+multivalue"
# Since this version Rust passes two results through memory, whatever the target features say.
FIRST_UNSUITABLE_RUST = (1, 82)
_RUST_CURE = (
    f"use Rust older than {'.'.join(map(str, FIRST_UNSUITABLE_RUST))}: "
    f"rustup toolchain install 1.81.0 --target {WASM_TARGET}, then set RUSTUP_TOOLCHAIN=1.81.0"
)

_log = logging.getLogger(__name__)


def compile_to_wasm(
    *,
    input_path: str | os.PathLike[str],
    output_wasm: str | os.PathLike[str] | None = None,
    skip_validation: bool = False,
) -> bytes:
    """Compile a custom camera.

    Args:
        input_path: `Cargo.toml` of a library, or a single `.rs`, `.c`, `.cc` or `.cpp` file.
        output_wasm: Where to write the module, ending in `.wasm`; an existing file is overwritten.
        skip_validation: Do not check the result (without test cases, see `validate_wasm_binary`).

    Returns:
        The module.

    Raises:
        FileNotFoundError: The source does not exist.
        CompilationOutputError: `output_wasm` does not end in `.wasm`.
        CompilationError: The compiler is missing or fails, or the source is of another kind.
        LoadingError, FunctionNotFoundError, FunctionSignatureError, ProjectionError: The result is not a
            camera.
    """
    source = Path(input_path)
    if not source.is_file():
        raise FileNotFoundError(f"there is no source file {source}")
    output = None if output_wasm is None else Path(output_wasm)
    if output is not None and output.suffix != ".wasm":
        raise CompilationOutputError(f"the output {output} must end in .wasm")
    with tempfile.TemporaryDirectory() as folder:
        wasm = _compile(source, Path(folder) / "camera.wasm")
    if not skip_validation:
        _validate(wasm, source)
    if output is not None:
        if output.exists():
            _log.warning("Overwriting %s", output)
        output.write_bytes(wasm)
    return wasm


def _compile(source: Path, output: Path) -> bytes:
    if source.name == "Cargo.toml":
        return _cargo(source).read_bytes()
    if source.suffix == ".rs":
        _run(_rustc_command(source, output), hint=_RUST_CURE)
    elif source.suffix in (".c", ".cc", ".cpp"):
        _run(_emcc_command(source, output), hint="install Emscripten and activate its environment")
    else:
        raise CompilationError(f"{source} is no Cargo.toml and does not end in .rs, .c, .cc or .cpp")
    return output.read_bytes()


def _rustc_command(source: Path, output: Path) -> list[str]:
    return [
        "rustc",
        "--crate-type=cdylib",
        "-Copt-level=3",
        "-Cstrip=symbols",
        f"--target={WASM_TARGET}",
        "-Ctarget-feature=+multivalue",
        str(source),
        "-o",
        str(output),
    ]


def _emcc_command(source: Path, output: Path) -> list[str]:
    return [
        "emcc",
        "-mmultivalue",
        "-Xclang",
        "-target-abi",
        "-Xclang",
        "experimental-mv",
        "-Oz",
        "-sSTANDALONE_WASM",
        f'-sEXPORTED_FUNCTIONS=["_{FUNCTION_NAME}"]',
        "-Wl,--no-entry",
        str(source),
        "-o",
        str(output),
    ]


def _cargo(manifest: Path) -> Path:
    """Build a library; Cargo reports where the module is, wherever its target folder may be."""
    command = [
        "cargo",
        "build",
        "--release",
        f"--target={WASM_TARGET}",
        f"--manifest-path={manifest}",
        "--message-format=json-render-diagnostics",
    ]
    environment = {"RUSTFLAGS": MULTIVALUE, **os.environ}
    built = _modules_built(_run(command, environment=environment, hint=_RUST_CURE), manifest)
    if not built:
        raise CompilationError(
            f'{manifest} builds no WebAssembly module; its [lib] section needs crate-type = ["cdylib"]'
        )
    return built[-1]


def _modules_built(messages: str, manifest: Path) -> list[Path]:
    """The modules of the package itself, not those of its dependencies."""
    found = []
    for line in messages.splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("reason") != "compiler-artifact":
            continue
        if Path(message.get("manifest_path", "")).resolve() == manifest.resolve():
            found += [Path(name) for name in message["filenames"] if name.endswith(".wasm")]
    return found


def _run(command: Sequence[str], *, hint: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a compiler and return what it printed."""
    _log.info("Running %s", " ".join(command))
    program = shutil.which(command[0])
    if program is None:
        missing = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), command[0])
        raise keep_class(CompilationError(f"{command[0]} is not installed; {hint}"), missing) from missing
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, no shell  # nosec B603
            [program, *command[1:]],
            check=True,
            capture_output=True,
            text=True,
            errors="replace",
            env=None if environment is None else dict(environment),
        )
    except (OSError, subprocess.CalledProcessError) as exc:
        output = (getattr(exc, "stderr", None) or "").strip()
        reason = output or str(exc)
        hint = f"; rustup target add {WASM_TARGET}" if f"`{WASM_TARGET}` target may not" in output else ""
        raise keep_class(CompilationError(f"{command[0]} failed{hint}:\n{reason}"), exc) from exc
    if done.stderr.strip():
        _log.info("%s", done.stderr.strip())
    return done.stdout


def _validate(wasm: bytes, source: Path) -> None:
    try:
        validate_wasm_binary(wasm, [])
    except FunctionSignatureError as exc:
        version = _rust_version() if source.suffix in (".rs", ".toml") else None
        if version is None or version < FIRST_UNSUITABLE_RUST:
            raise
        found = ".".join(map(str, version))
        raise FunctionSignatureError(f"{exc}; this is Rust {found}: {_RUST_CURE}") from exc


def _rust_version() -> tuple[int, int] | None:
    try:
        text = _run(["rustc", "--version"], hint="install Rust")
    except CompilationError:
        return None
    match = re.search(r"rustc (\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else None
