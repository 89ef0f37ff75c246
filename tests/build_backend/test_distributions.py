"""What is in the source distribution and the wheel, and that every entry point leads somewhere."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable
from importlib.metadata import EntryPoint, distribution
from pathlib import Path, PurePosixPath

import pytest

from tests.build_backend.test_generated import files

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NOT_PACKAGED = ("tests/", "docs/", "web/", "build_backend/", "benchmarks/", ".ci/")


def declared() -> set[tuple[str, str, str]]:
    """Group, name and value of every entry point of pyproject.toml."""
    groups = {"console_scripts": PROJECT["scripts"], **PROJECT["entry-points"]}
    return {(group, name, value) for group, entries in groups.items() for name, value in entries.items()}


def tracked(*patterns: str) -> set[str]:
    """Files of the repository."""
    command = ["git", "ls-files", *patterns]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


@pytest.mark.parametrize("entry", sorted(declared()), ids=lambda entry: f"{entry[0]}:{entry[1]}")
def test_entry_points_can_be_loaded(entry: tuple[str, str, str]) -> None:
    """And this installation has each."""
    group, name, value = entry
    found: Iterable[EntryPoint] = distribution("kognic-client").entry_points.select(group=group, name=name)
    assert [one.value for one in found] == [value]
    assert EntryPoint(name=name, group=group, value=value).load() is not None


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], zipfile.ZipFile]:
    """Names in the source distribution of a clone, and the wheel that is built of that distribution."""
    folder = tmp_path_factory.mktemp("distributions")
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder / "source")], check=True)
    uv = Path(sys.executable).with_name("uv")
    subprocess.run(
        [uv, "build", "-q", "--out-dir", folder / "dist", folder / "source"],
        env={**os.environ, "KOGNIC_VIEWER": "skip"},
        check=True,
    )
    (archive,) = (folder / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as source:
        names = {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in source.getnames()}
    (wheel,) = (folder / "dist").glob("*.whl")
    return names, zipfile.ZipFile(wheel)


@pytest.mark.slow
def test_a_wheel_has_every_module_and_its_data(built: tuple[set[str], zipfile.ZipFile]) -> None:
    """Templates, style sheets, the schema, markers of typed packages, and what is generated; nothing else."""
    names = set(built[1].namelist())

    assert tracked("kognic") | set(files()) | {"pytest_kognic.py"} <= names
    assert "kognic/__init__.py" not in names
    assert not [name for name in names if name.startswith(NOT_PACKAGED)]


@pytest.mark.slow
def test_a_wheel_has_the_entry_points(built: tuple[set[str], zipfile.ZipFile]) -> None:
    (place,) = (name for name in built[1].namelist() if name.endswith(".dist-info/entry_points.txt"))
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(built[1].read(place).decode())

    assert {(group, name, parser[group][name]) for group in parser.sections() for name in parser[group]} == (
        declared()
    )


@pytest.mark.slow
def test_a_source_distribution_can_build_everything(built: tuple[set[str], zipfile.ZipFile]) -> None:
    """The package, the sources of the viewer, and what builds them; the wheel above came of it."""
    assert tracked("kognic", "web", "build_backend") <= built[0]
    assert {"pyproject.toml", "setup.cfg", "README.md", "LICENSE", "PKG-INFO"} <= built[0]
    assert not [name for name in built[0] if "node_modules" in name or name.endswith(".pyc")]
