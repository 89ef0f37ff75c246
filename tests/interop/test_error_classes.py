"""What a program catches around calls of the official client it catches around those of this one.

A table of everything that a program can do wrong: the standard classes of the official client's error are
among those of ours. What differs on purpose is listed, and named in docs/migration.md.
"""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from tests.interop.driver import Worker
from tests.interop.environments import Environment, ours
from tests.interop.sensor_files import write_sensor_files

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.xdist_group("interop")]

# Refused before anything is sent: a size that no page has, and content that is none.
DIFFERENT = {"a page size out of range", "a callback that returns None"}


def standard_classes(note: Any) -> set[str]:
    """The standard classes of an error as it was noted; empty if nothing was raised."""
    classes = set(note.get("mro", ())) if isinstance(note, dict) else set()
    return {name for name in classes if hasattr(builtins, name)} - {"Exception", "BaseException", "object"}


def test_standard_classes_of_errors(official_io: Environment, scripts: Path, tmp_path: Path) -> None:
    notes = []
    for environment in (official_io, ours()):
        folder = write_sensor_files(tmp_path / environment.name)
        with Worker(environment, scripts, folder) as worker:
            notes.append(worker.run("error_classes").notes)
    official, found = notes

    assert official.keys() == found.keys()
    missing = {
        name: sorted(standard_classes(official[name]) - standard_classes(found[name])) for name in official
    }
    not_raised = {
        name for name in official if official[name] == {"raised": None} or "raised" not in found[name]
    }
    assert {name: classes for name, classes in missing.items() if classes}.keys() <= DIFFERENT
    assert not_raised <= DIFFERENT
    assert len(official) > 60
