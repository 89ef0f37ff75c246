"""Reports, findings and rules as values."""

from __future__ import annotations

import re

import pytest

from kognic._core.docs_links import rule_url
from kognic.scenes.checks import GROUPS, RULES, Finding, Report, Rule, Severity
from kognic.scenes.checks.rules import broken


def finding(code: str, **values: object) -> Finding:
    return broken(code, "wrong", **values)  # type: ignore[arg-type]


@pytest.fixture
def report() -> Report:
    """An info, two warnings of one rule, an error; in this order."""
    codes = ("sensor-dropout", "imu-rate", "imu-rate", "imu-order")
    return Report(name="drive", findings=[finding(code) for code in codes])


def test_severity_rank() -> None:
    """Errors come first."""
    assert sorted(Severity, key=lambda severity: severity.rank) == [
        Severity.ERROR,
        Severity.WARNING,
        Severity.INFO,
    ]
    assert (Severity.ERROR.rank, Severity.INFO.rank) == (0, 2)


def test_report_sorts_and_counts(report: Report) -> None:
    """Worst first, within a severity as found."""
    assert [f.code for f in report] == ["imu-order", "imu-rate", "imu-rate", "sensor-dropout"]
    assert report.codes == {"imu-rate": 2, "imu-order": 1, "sensor-dropout": 1}
    assert [len(report), len(report.errors), len(report.warnings)] == [4, 1, 2]
    assert (report.worst, report.summary()) == (Severity.ERROR, "1 error, 2 warnings")


def test_report_without_rules(report: Report) -> None:
    left = report.without(["imu-order", "imu-rate"])
    assert (left.worst, list(left.codes)) == (Severity.INFO, ["sensor-dropout"])
    assert left.without(["sensor-dropout"]).worst is None


@pytest.mark.parametrize(
    ("codes", "statuses"),
    [
        (["imu-order"], (1, 1, 1)),
        (["imu-rate"], (0, 1, 1)),
        (["sensor-dropout"], (0, 0, 1)),
        ([], (0, 0, 0)),
    ],
)
def test_exit_status(codes: list[str], statuses: tuple[int, int, int]) -> None:
    """1 when something is as bad as asked for, or worse."""
    report = Report(name="drive", findings=[finding(code) for code in codes])
    assert tuple(report.exit_status(fail_on=severity) for severity in Severity) == statuses
    assert report.exit_status() == statuses[0]


def test_finding_says_where() -> None:
    """All that is known of the place, or the scene as a whole."""
    here = finding("image-size", frame="3", sensor="FRONT", file="a.png", field="frames[3].images[0]")
    assert here.location == "frame 3, sensor FRONT, a.png, frames[3].images[0]"
    assert finding("image-size", frame="").location == "frame "
    assert finding("image-size").location == "scene"
    assert finding("image-size").to_dict() == {
        "code": "image-size",
        "severity": "error",
        "message": "wrong",
        "docs_url": rule_url("image-size"),
    }


def test_broken_takes_the_severity_of_the_rule() -> None:
    assert finding("imu-rate").severity is Severity.WARNING
    assert finding("imu-rate", severity=Severity.ERROR).severity is Severity.ERROR
    with pytest.raises(KeyError):
        finding("no-such-rule")


def test_rules_are_well_formed() -> None:
    """Codes can be typed, titles are sentences without a full stop."""
    for code, rule in RULES.items():
        assert isinstance(rule, Rule)
        assert rule.code == code
        assert rule.group in GROUPS
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
        assert re.fullmatch(r"[A-Za-z0-9].*[^.]", rule.title)
