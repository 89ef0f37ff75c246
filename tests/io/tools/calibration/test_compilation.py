"""Compiling custom cameras, with programs in place of the compilers that note how they were called."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kognic.io.tools.calibration.compilation import compile_to_wasm
from kognic.io.tools.calibration.exceptions import (
    CompilationError,
    CompilationOutputError,
    FunctionNotFoundError,
    FunctionSignatureError,
)
from tests.io.tools.calibration.test_validation import module

COMPILER = """#!{python}
import json, os, pathlib, sys
here = pathlib.Path(__file__)
here.with_suffix(".call").write_text(json.dumps([sys.argv[1:], os.environ.get("RUSTFLAGS")]))
{code}
"""
WRITE = """
if "--version" in sys.argv:
    print("rustc 1.85.0 (4d91de4e4 2025-02-17)")
else:
    output = sys.argv[sys.argv.index("-o") + 1]
    pathlib.Path(output).write_bytes(pathlib.Path({wasm!r}).read_bytes())
"""
Install = Callable[[str, str], Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a compiler where it is found first; returns the note of how it was called."""
    folder = tmp_path / "bin of a user"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("RUSTFLAGS", raising=False)

    def write(name: str, code: str) -> Path:
        path = folder / name
        path.write_text(COMPILER.format(python=sys.executable, code=code))
        path.chmod(0o755)
        return path.with_suffix(".call")

    return write


@pytest.fixture
def wasm(tmp_path: Path) -> Path:
    """What the compilers write."""
    path = tmp_path / "result"
    path.write_bytes(module())
    return path


@pytest.mark.parametrize(("suffix", "compiler"), [(".rs", "rustc"), (".c", "emcc"), (".cpp", "emcc")])
def test_single_file(install: Install, tmp_path: Path, wasm: Path, suffix: str, compiler: str) -> None:
    """Names with blanks and quotes arrive as they are: no shell is between."""
    call = install(compiler, WRITE.format(wasm=str(wasm)))
    source = tmp_path / f"my 'camera' $(touch pwned){suffix}"
    source.write_text("source")
    output = tmp_path / "out.wasm"

    assert compile_to_wasm(input_path=source, output_wasm=output) == wasm.read_bytes()

    assert output.read_bytes() == wasm.read_bytes()
    arguments, _ = json.loads(call.read_text())
    assert str(source) in arguments
    assert not list(Path().glob("pwned"))


def test_cargo(install: Install, tmp_path: Path, wasm: Path) -> None:
    """Cargo says what it has built and where; the flags are set for it alone."""
    manifest = tmp_path / "some-folder" / "Cargo.toml"
    manifest.parent.mkdir()
    manifest.write_text('[package]\nname = "other-name"\n')
    built = tmp_path / "elsewhere" / "other_name.wasm"
    built.parent.mkdir()
    built.write_bytes(wasm.read_bytes())
    messages = [
        {"reason": "compiler-artifact", "manifest_path": "/dependency/Cargo.toml", "filenames": ["/d.wasm"]},
        {"reason": "compiler-artifact", "manifest_path": str(manifest), "filenames": [str(built)]},
        {"reason": "build-finished", "success": True},
    ]
    call = install("cargo", "".join(f"print({json.dumps(message)!r})\n" for message in messages))

    assert compile_to_wasm(input_path=manifest) == wasm.read_bytes()

    arguments, flags = json.loads(call.read_text())
    assert f"--manifest-path={manifest}" in arguments
    assert flags == "-C target-feature=+multivalue"
    assert "RUSTFLAGS" not in os.environ
    install("cargo", "")
    with pytest.raises(CompilationError, match=r'needs crate-type = \["cdylib"\]'):
        compile_to_wasm(input_path=manifest)


def test_result_is_validated(install: Install, tmp_path: Path, wasm: Path) -> None:
    """Unless told otherwise; a signature that new compilers break is explained."""
    source = tmp_path / "camera.rs"
    source.write_text("source")
    install("rustc", WRITE.format(wasm=str(wasm)))
    wasm.write_bytes(module(export="project"))
    with pytest.raises(FunctionNotFoundError):
        compile_to_wasm(input_path=source)
    assert compile_to_wasm(input_path=source, skip_validation=True) == wasm.read_bytes()

    wasm.write_bytes(module(shape="(param f64 f64 f64) (result f64)", body="(local.get 0)"))
    with pytest.raises(FunctionSignatureError, match=r"this is Rust 1\.85: use Rust older than 1\.82"):
        compile_to_wasm(input_path=source)


def test_what_cannot_be_compiled(install: Install, tmp_path: Path) -> None:
    """Each with its own error and the way out; nothing is written."""
    source = tmp_path / "camera.rs"
    with pytest.raises(FileNotFoundError, match=r"camera\.rs"):
        compile_to_wasm(input_path=source)
    source.write_text("source")
    with pytest.raises(CompilationOutputError, match=r"must end in \.wasm"):
        compile_to_wasm(input_path=source, output_wasm=tmp_path / "camera.bin")
    with pytest.raises(CompilationError, match=r"rustc is not installed; use Rust older than 1\.82"):
        compile_to_wasm(input_path=source)
    install("rustc", "sys.exit('error: expected item, found `source`')")
    with pytest.raises(CompilationError, match="expected item, found `source`"):
        compile_to_wasm(input_path=source, output_wasm=tmp_path / "camera.wasm")
    assert not (tmp_path / "camera.wasm").exists()
    (tmp_path / "camera.py").write_text("source")
    with pytest.raises(CompilationError, match=r"does not end in \.rs, \.c, \.cc or \.cpp"):
        compile_to_wasm(input_path=tmp_path / "camera.py")
