"""Every way of breaking a recording is found under its own name, and recordings as they are raise no alarm.

The shares are printed at the end of the run.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kognic._core.findings import Finding
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.checks import Report
from kognic.scenes.scene_file import load_scene_file
from tests.scenes.checks.mutations.content import ALL, DRIVE
from tests.scenes.checks.mutations.mutation import Mutation, Subject
from tests.scenes.conftest import SAMPLES, Samples, together

HERE = Path(__file__).parent
RECORDINGS = [*(name for name in ALL if name != DRIVE), DRIVE]
Load = Callable[[str, Path], Subject]


def mutations() -> Iterator[Any]:
    """Each mutation on each recording that carries it."""
    for path in sorted(HERE.glob("*.py")):
        module = importlib.import_module(f"tests.scenes.checks.mutations.{path.stem}")
        for mutation in getattr(module, "MUTATIONS", ()):
            for sample in mutation.samples:
                slow = [pytest.mark.slow] if mutation.is_slow else []
                yield pytest.param(
                    mutation, sample, id=f"{mutation.name}-{sample}", marks=[*marks(sample), *slow]
                )


def marks(sample: str) -> Any:
    return [] if sample == DRIVE else [pytest.mark.shared]


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The description of a generated drive of four frames; only read."""
    folder = tmp_path_factory.mktemp("drive")
    return write_sample_drive(folder, scene_type="lidars_and_cameras_sequence", frames=4).scene_file


@pytest.fixture
def load(request: pytest.FixtureRequest, drive: Path) -> Load:
    """Makes fresh copies of recordings; skips those that are absent."""

    def make(sample: str, folder: Path) -> Subject:
        if sample == DRIVE:
            file = load_scene_file(drive)
            assert file.calibration is not None
            return Subject(
                sample=sample, scene=file.scene("calibration"), calibration=file.calibration,
                motion_compensation=True, pre_annotation=file.pre_annotation, folder=folder,
            )  # fmt: skip
        recordings: Samples = request.getfixturevalue("recordings")
        return Subject.load(recordings, sample, folder)

    return make


@pytest.mark.parametrize(("mutation", "sample"), list(mutations()))
def test_mutation_is_found(
    mutation: Mutation, sample: str, load: Load, tmp_path: Path, record_property: Callable[[str, Any], None]
) -> None:
    """With its own code, at the sensor that was broken; where the data cannot tell, nobody is cleared."""
    subject = load(sample, tmp_path)
    mutation.apply(subject)
    findings = subject.check(*mutation.groups)
    is_found = mutation.is_found(findings)
    record_property("mutation", "found" if is_found else "silent" if sample in mutation.silent else "missed")
    if sample in mutation.silent and not is_found:
        cleared = {finding.sensor for finding in findings if finding.code == "camera-consistent"}
        assert mutation.sensor not in cleared if mutation.sensor else not cleared
        return
    assert is_found, sorted({finding.code for finding in findings})


def alarms(findings: Iterable[Finding], record_property: Callable[[str, Any], None]) -> list[str]:
    """Errors and warnings, as text; counted for the summary."""
    found = [finding for finding in findings if finding.severity.value != "info"]
    record_property("unbroken", "alarm" if found else "quiet")
    return [f"{finding.location}: {finding.message}" for finding in found]


@pytest.mark.parametrize("sample", [pytest.param(name, marks=marks(name)) for name in RECORDINGS])
def test_good_recordings_raise_no_alarm(
    sample: str, load: Load, tmp_path: Path, record_property: Callable[[str, Any], None]
) -> None:
    """Neither error nor warning, all files read to the last point."""
    subject = load(sample, tmp_path)
    subject.options.update(full=True)
    assert not alarms(subject.check("structure", "files", "openlabel"), record_property)


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("sample", [pytest.param(name, marks=together(name)) for name in RECORDINGS[:-1]])
def test_good_geometry_raises_no_alarm(
    sample: str, geometry_of: Callable[[str], Report], record_property: Callable[[str, Any], None]
) -> None:
    """Neither error nor warning; one frame for each camera."""
    assert not alarms(geometry_of(sample), record_property)


@pytest.mark.slow
def test_good_geometry_of_the_drive(
    load: Load, tmp_path: Path, record_property: Callable[[str, Any], None]
) -> None:
    """The same of the generated drive."""
    subject = load(DRIVE, tmp_path)
    subject.options.update(full=True, max_frames=1)
    assert not alarms(subject.check("geometry"), record_property)


def test_there_are_enough() -> None:
    """The names are unique, and the recordings exist; `test_rules` sees that no rule goes untried."""
    given = [param.values for param in mutations()]
    names = {mutation.name for mutation, _ in given}
    assert len(names) >= 60
    assert len({(mutation.name, sample) for mutation, sample in given}) == len(given)
    assert {sample for _, sample in given} <= set(RECORDINGS)
    assert SAMPLES.name == "samples"
