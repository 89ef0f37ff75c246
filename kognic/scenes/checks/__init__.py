"""Offline checks of scenes, before the upload and without credentials.

Rules on the structure of a scene, its files, the geometry of its sensors, and OpenLABEL pre-annotations. The
checks take scene objects; `kognic.scenes.scene_file` reads scene files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic._core.findings import Finding, Rule, Severity
    from kognic.scenes.checks.check import check_calibration, check_document, check_scene
    from kognic.scenes.checks.report import Report
    from kognic.scenes.checks.rules import GROUPS, RULES
else:
    _HERE = "kognic.scenes.checks"
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Finding": "kognic._core.findings",
            "GROUPS": f"{_HERE}.rules",
            "RULES": f"{_HERE}.rules",
            "Report": f"{_HERE}.report",
            "Rule": "kognic._core.findings",
            "Severity": "kognic._core.findings",
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
