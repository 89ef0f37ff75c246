"""The audit of dependencies never takes "could not look" for "nothing found"."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

verdict: Any = runpy.run_path(str(Path(__file__).resolve().parents[2] / ".ci" / "audit.py"))["verdict"]

GOOD = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "c", "skip_reason": "Dependency not found on PyPI"}


def test_nothing_found() -> None:
    """Packages without known vulnerabilities, and a package that PyPI does not know, which is reported."""
    assert verdict({"dependencies": [GOOD, UNKNOWN]}, "", lenient=True) == (
        0,
        "audit: 1 packages looked up, 1 unknown, 0 vulnerabilities",
    )


def test_found() -> None:
    """A vulnerability is named with its hint, and fails also a lenient audit."""
    status, words = verdict({"dependencies": [GOOD, BAD]}, "", lenient=True)

    assert status == 1
    assert words.splitlines()[0] == "audit: b 2: PYSEC-1, fixed in 3"


@pytest.mark.parametrize(
    ("report", "trouble", "why"),
    [
        ({"dependencies": [UNKNOWN]}, "", "Dependency not found on PyPI"),
        ({"dependencies": []}, "", "pip-audit gave no report"),
        (None, "connection refused", "connection refused"),
    ],
)
def test_not_possible(report: Any, trouble: str, why: str) -> None:
    """Without advisories it says so."""
    words = f"audit: NOT DONE, no advisories could be had: {why}"

    assert verdict(report, trouble, lenient=False) == (2, words)
    assert verdict(report, trouble, lenient=True) == (0, words)
