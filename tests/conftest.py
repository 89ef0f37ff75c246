"""Fixtures for every test: where ../shared is. Those of the sandbox come from the package's own plugin."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from kognic.io.tools.calibration import wasm
from kognic.sandbox import Sandbox
from tests.fault_proxy import FaultProxy
from tests.memory_folder import use_memory
from tests.sandbox.protocol import Api

# For the workers of xdist, and the commands that tests start: each worker has about one core, and OpenBLAS's
# threads would spend as much processor time again on waiting for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
use_memory()

SHARED = Path(__file__).resolve().parents[2] / "shared"

# A loaded machine is no reason for a property to fail.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# `make fuzz`: the properties that take what their profile gives them are tried this often.
settings.register_profile("fuzz", settings.get_profile("project"), max_examples=2000)
# `make quick`
settings.register_profile("quick", settings.get_profile("project"), max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "project"))


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder with recorded exchanges and sample drives beside the repository."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is absent")
    return SHARED


@pytest.fixture(scope="session")
def samples(shared_folder: Path) -> Path:
    """Real sensor data."""
    return shared_folder / "samples"


@pytest.fixture
def without_wasmtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were not installed, whatever earlier tests have loaded."""
    monkeypatch.setattr(wasm._Engine, "_instance", None)
    monkeypatch.setitem(sys.modules, "wasmtime", None)


@pytest.fixture
def api(kognic_sandbox: Sandbox) -> Iterator[Api]:
    """Calls of a logged-in user over plain HTTP, without the client."""
    api = Api(kognic_sandbox, kognic_sandbox.credentials)
    api.login()
    with api.session:
        yield api


@pytest.fixture
def proxy(kognic_sandbox: Sandbox) -> Iterator[FaultProxy]:
    """A proxy in front of the sandbox, which harms nothing as long as it has no rules."""
    with FaultProxy(kognic_sandbox.url) as proxy:
        yield proxy


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without collecting garbage, of which there is none: it takes a fifth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name cases of long texts and files by their kind: some have megabytes."""
    return f"long {type(val).__name__}" if isinstance(val, str | bytes) and len(val) > 200 else None


def pytest_collection_finish() -> None:
    """Leave the thousands of collected tests out of every later garbage collection, which they make slow."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what the mutations of `tests/scenes/checks` have shown."""
    from tests.scenes.checks.mutations import summary

    stats = terminalreporter.stats
    reports = [r for name in ("passed", "failed") for r in stats.get(name, ()) if r.when == "call"]
    for line in summary.lines(reports):
        terminalreporter.write_line(line)
