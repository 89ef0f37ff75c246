"""Virtual environments that hold the official packages, beside the one that the tests run in.

Made once below `.cache/interop` of the repository and used again by later runs; the name holds a hash of what
is installed. One process makes an environment while others wait for it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import filelock

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "interop"

OFFICIAL_IO = (
    "kognic-io[wasm]==2.19.0",
    "kognic-auth==4.5.2",
    "kognic-base-clients==2.6.0",
    "kognic-openlabel==2.2.0",
)
OFFICIAL_QUERY = ("kognic-query==3.0.1",)


@dataclasses.dataclass(frozen=True)
class Environment:
    """A Python to run scripts with."""

    name: str
    python: Path

    def script(self, name: str) -> Path:
        """A console script of the environment."""
        return self.python.with_name(name)

    def run(
        self,
        arguments: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run a command; nothing of this process's Python settings reaches it."""
        return subprocess.run(
            [str(a) for a in arguments],
            cwd=cwd,
            env={**clean_environment(cwd), **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def clean_environment(home: Path) -> dict[str, str]:
    """The variables of this process without those that change what Python or a client does."""
    hidden = ("KOGNIC_", "PYTHON", "XDG_", "PYTEST_", "COV_", "COVERAGE_", "VIRTUAL_ENV")
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(hidden) and not k.lower().endswith("_proxy")
    }
    return {**kept, "HOME": str(home), "PYTHONUTF8": "1"}


def ours() -> Environment:
    """The environment that the tests run in."""
    return Environment("ours", Path(sys.executable))


def official(requirements: Sequence[str], cache: Path = CACHE) -> Environment:
    """An environment with exactly these packages and what they need, made if it is not there yet.

    Raises:
        RuntimeError: It cannot be made; says what was tried and what the installer said.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256("\n".join((version, *requirements)).encode()).hexdigest()[:12]
    folder = cache / digest
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    cache.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{folder}.lock"):
        if not (folder / ".complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _create(folder, python, requirements)
            (folder / ".complete").write_text("\n".join(requirements) + "\n", "utf-8")
    return Environment("official", python)


def _create(folder: Path, python: Path, requirements: Sequence[str]) -> None:
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        _install([uv, "venv", "--quiet", "--python", sys.executable, folder])
        if requirements:
            _install([uv, "pip", "install", "--quiet", "--python", python, *requirements])
    else:
        _install([sys.executable, "-m", "venv", folder])
        if requirements:
            pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _install([*pip, *requirements])


def _install(command: Sequence[str | Path]) -> None:
    done = subprocess.run([str(a) for a in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shown = " ".join(str(a) for a in command)
        raise RuntimeError(
            f"The official packages cannot be installed, so there is nothing to compare with.\n"
            f"{shown}\nended with status {done.returncode}:\n{done.stderr.strip()}\n"
            f"These tests need a package index; leave them out with -m 'not interop'."
        )
