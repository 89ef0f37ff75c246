"""The environments of the official packages, one of each per test session."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.interop.environments import OFFICIAL_IO, OFFICIAL_QUERY, ROOT, Environment, official
from tests.interop.sensor_files import write_sensor_files


@pytest.fixture(scope="session")
def official_io() -> Environment:
    """kognic-io 2.19.0 with what it pins."""
    return official(OFFICIAL_IO)


@pytest.fixture(scope="session")
def official_query() -> Environment:
    """kognic-query 3.0.1, which cannot be installed beside kognic-io 2.19.0."""
    return official(OFFICIAL_QUERY)


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the path of both clients: the scripts with their helpers, and nothing of this project."""
    folder = tmp_path_factory.mktemp("scripts")
    for package in ("wire", "interop/scripts"):
        shutil.copytree(ROOT / "tests" / package, folder / "tests" / package)
    return folder


@pytest.fixture
def sensor_files(tmp_path: Path) -> Path:
    """A folder with small images and point clouds of the documented formats."""
    return write_sensor_files(tmp_path / "work")
