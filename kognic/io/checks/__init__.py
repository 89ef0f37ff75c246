"""Is a scene right? Answered offline, without credentials, before a byte is sent.

Rules on the structure of a scene, on its files, on the geometry of its sensors, and on OpenLABEL
pre-annotations. Here scenes are objects; files that describe scenes are read by `kognic.io.tools`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic.auth._lazy import attach

if TYPE_CHECKING:
    from kognic.io.checks.check import check_calibration, check_document, check_scene
    from kognic.io.checks.findings import Finding, Rule, Severity
    from kognic.io.checks.report import Report
    from kognic.io.checks.rules import GROUPS, RULES
else:
    _HERE = "kognic.io.checks"
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Finding": f"{_HERE}.findings",
            "GROUPS": f"{_HERE}.rules",
            "RULES": f"{_HERE}.rules",
            "Report": f"{_HERE}.report",
            "Rule": f"{_HERE}.findings",
            "Severity": f"{_HERE}.findings",
            "check_calibration": f"{_HERE}.check",
            "check_document": f"{_HERE}.check",
            "check_scene": f"{_HERE}.check",
        },
    )

__all__ = [
    "GROUPS",
    "RULES",
    "Finding",
    "Report",
    "Rule",
    "Severity",
    "check_calibration",
    "check_document",
    "check_scene",
]
