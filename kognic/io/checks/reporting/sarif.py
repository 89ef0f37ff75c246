"""Reports as SARIF 2.1.0 (OASIS), which code hosts and editors show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kognic.auth._version import __version__
from kognic.io.checks.findings import Finding, Severity
from kognic.io.checks.rules import RULES

if TYPE_CHECKING:
    from kognic.io.checks.report import Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def to_sarif(reports: Sequence[Report]) -> str:
    """Put reports into one SARIF log with one run."""
    rules = list(RULES.values())
    index = {rule.code: position for position, rule in enumerate(rules)}
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "kognic check",
                        "version": __version__,
                        "rules": [
                            {
                                "id": rule.code,
                                "shortDescription": {"text": rule.title},
                                "defaultConfiguration": {"level": _LEVELS[rule.severity]},
                                "properties": {"group": rule.group},
                            }
                            for rule in rules
                        ],
                    }
                },
                "results": [
                    _result(report.name, finding, index) for report in reports for finding in report.findings
                ],
                "columnKind": "unicodeCodePoints",
            }
        ],
    }
    return json.dumps(log, indent=2, default=str)


def _result(scene: str, finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    text = f"{finding.message}; {finding.cure}" if finding.cure else finding.message
    logical = [{"name": scene, "kind": "module"}]
    if finding.field:
        logical.append({"fullyQualifiedName": finding.field, "kind": "member"})
    location: dict[str, Any] = {"logicalLocations": logical}
    if finding.file:
        location["physicalLocation"] = {"artifactLocation": {"uri": quote(finding.file)}}
    properties = {
        key: value
        for key, value in finding.to_dict().items()
        if key in ("frame", "sensor", "value", "confidence")
    }
    return {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [location],
        "properties": {"scene": scene, **properties},
    }
