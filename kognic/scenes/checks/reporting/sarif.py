"""Reports as SARIF 2.1.0 (OASIS), which code hosts and editors show.

A finding lies in its file if it has one, and the scene file is a related location; else it lies
in the scene file. Paths are written as they were given, relative ones relative to where the check ran.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kognic._core.findings import Finding, Severity
from kognic._core.version import __version__
from kognic.scenes.checks.reporting.as_json import dumps
from kognic.scenes.checks.rules import REPORTED_RULES

if TYPE_CHECKING:
    from kognic.scenes.checks.outcome import Outcome

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def to_sarif(reports: Sequence[Outcome]) -> str:
    """Put reports into one SARIF log with one run."""
    rules = list(REPORTED_RULES.values())
    index = {rule.code: position for position, rule in enumerate(rules)}
    driver = {
        "name": "kognic check",
        "version": __version__,
        "rules": [
            {
                "id": rule.code,
                "shortDescription": {"text": rule.title},
                "helpUri": rule.docs_url,
                "defaultConfiguration": {"level": _LEVELS[rule.severity]},
                "properties": {"group": rule.group},
            }
            for rule in rules
        ],
    }
    results = [_result(report, finding, index) for report in reports for finding in report.findings]
    run = {"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(report: Outcome, finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    text = f"{finding.message}; {finding.hint}" if finding.hint else finding.message
    location: dict[str, Any] = {"logicalLocations": _logical(report.name, finding)}
    file = _file(report.source, finding)
    if file is not None:
        location["physicalLocation"] = _physical(file)
    result = {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"kognicCheck/v1": _fingerprint(report, finding)},
        "properties": {"scene": report.name, **_properties(finding)},
    }
    if report.source is not None and file != Path(report.source):
        result["relatedLocations"] = [{"physicalLocation": _physical(Path(report.source))}]
    return result


def _logical(scene: str, finding: Finding) -> list[dict[str, str]]:
    places = [{"name": scene, "kind": "module"}]
    if finding.field:
        places.append({"fullyQualifiedName": finding.field, "kind": "member"})
    return places


def _file(source: str | None, finding: Finding) -> Path | None:
    if finding.file is None:
        return None if source is None else Path(source)
    return Path(finding.file) if source is None else Path(source).parent / finding.file


def _physical(path: Path) -> dict[str, Any]:
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    return {"artifactLocation": {"uri": uri}}


def _fingerprint(report: Outcome, finding: Finding) -> str:
    """The same for the same trouble in another run, whatever numbers it has there."""
    parts = (report.name, finding.code, finding.frame, finding.sensor, finding.file, finding.field)
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]


def _properties(finding: Finding) -> dict[str, Any]:
    known = finding.to_dict()
    return {key: known[key] for key in ("frame", "sensor", "value", "confidence") if key in known}
