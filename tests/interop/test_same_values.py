"""The same script gives the same values with the official client and with this one.

Each run has a sandbox of its own. What the scripts do is their business; here their outcomes are compared,
and the bytes that the sandbox has stored.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.driver import Run, Worker, with_uuids_of
from tests.interop.endpoints import ENDPOINTS
from tests.interop.environments import Environment, ours
from tests.interop.expected_differences import EXPECTED, NOT_UPLOADED, OWN
from tests.interop.sensor_files import write_sensor_files
from tests.wire.comparison import Finding, differences
from tests.wire.intended_differences import Intended

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.xdist_group("interop")]

SCRIPTS = (
    "scene_types",
    "scene_requests",
    "calibrations",
    "projects",
    "pre_annotations",
    "inputs",
    "work",
    "bulk",
    "utility",
    "wasm",
    "auth",
    "query",
)
Both = Callable[[str], tuple[Run, Run]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small images and point clouds of the documented formats."""
    return write_sensor_files(tmp_path_factory.mktemp("sensors") / "work")


@pytest.fixture(scope="module")
def both(official_io: Environment, official_query: Environment, scripts: Path, files: Path) -> Iterator[Both]:
    """What the official client and this one make of a script; each script is run once."""
    done: dict[str, tuple[Run, Run]] = {}
    with (
        Worker(official_io, scripts, files) as io,
        Worker(official_query, scripts, files) as query,
        Worker(ours(), scripts, files) as own,
    ):

        def run(script: str) -> tuple[Run, Run]:
            if script not in done:
                done[script] = ((query if script == "query" else io).run(script), own.run(script))
            return done[script]

        yield run


def findings(script: str, both: Both) -> list[Finding]:
    """Everything in which the notes of the two clients differ."""
    official, found = both(script)
    notes = with_uuids_of(found.notes, official.notes)
    return [Finding(script, *f) for f in differences(official.notes, notes)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_same_values(script: str, both: Both) -> None:
    """Every note of the script is equal for both clients, or a difference that is expected."""
    unexpected = [f for f in findings(script, both) if not any(entry.covers(f) for entry in EXPECTED)]

    assert not unexpected, "\n" + "\n".join(map(str, unexpected))


@pytest.mark.parametrize("script", ["scene_types", "scene_requests", "bulk"])
def test_same_bytes(script: str, both: Both, files: Path) -> None:
    """The sandbox has stored the same files of every scene, and they are the files that were given."""
    official, found = both(script)
    given = {hashlib.sha256(path.read_bytes()).hexdigest() for path in files.iterdir()}

    assert found.stored
    for scene, stored in found.stored.items():
        expected = Counter() if scene in NOT_UPLOADED else hashes(stored)
        assert hashes(official.stored[scene]) == expected, scene
        assert {f["sha256"] for name, f in stored.items() if not name.startswith("imu/")} <= given, scene


def hashes(stored: dict[str, dict[str, str]]) -> Counter[tuple[str, str]]:
    """Kind of file and hash of everything that is stored; IMU data has a name made by the platform."""
    return Counter((name.partition("/")[0], file["sha256"]) for name, file in stored.items())


def test_every_endpoint_is_driven(both: Both) -> None:
    """Together the scripts have every documented endpoint answer both clients."""
    for client in (0, 1):
        answered = frozenset[str]().union(*(both(script)[client].successes for script in SCRIPTS))

        assert [endpoint for endpoint in ENDPOINTS if endpoint not in answered] == []


@pytest.mark.parametrize("entry", OWN, ids=lambda entry: entry.reason[:60])
def test_expected_difference_occurs(entry: Intended, both: Both) -> None:
    """The list holds nothing in which the clients agree."""
    scripts = [script for script in SCRIPTS if script in entry.cases]

    assert any(entry.covers(f) for script in scripts for f in findings(script, both))
