"""Fixtures for every test: where ../shared is. Those of the sandbox come from the package's own plugin."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


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
