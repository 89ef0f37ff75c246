"""Reports as SARIF: valid, at the right place, recognised again in the next run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import jsonschema

from kognic.scenes.checks import RULES, Report
from kognic.scenes.checks.reporting.sarif import to_sarif


def thing(properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


# The part of the schema of SARIF 2.1.0 (OASIS, errata 01) that concerns what is written here.
TEXT = {"type": "string"}
BAG = {"type": "object"}
MESSAGE = thing({"text": TEXT}, ("text",))
LEVEL = {"enum": ["none", "note", "warning", "error"]}
URI = {"type": "string", "format": "uri-reference", "pattern": r"^[^\s<>\"{}|\\^`]+$"}
PHYSICAL = thing({"artifactLocation": thing({"uri": URI})}, ("artifactLocation",))
LOGICAL = thing({"name": TEXT, "fullyQualifiedName": TEXT, "kind": TEXT})
LOCATION = thing({"physicalLocation": PHYSICAL, "logicalLocations": {"type": "array", "items": LOGICAL}})
DESCRIPTOR = thing(
    {
        "id": TEXT,
        "shortDescription": MESSAGE,
        "helpUri": {"type": "string", "format": "uri"},
        "defaultConfiguration": thing({"level": LEVEL}),
        "properties": BAG,
    },
    ("id",),
)
DRIVER = thing(
    {"name": TEXT, "version": TEXT, "rules": {"type": "array", "items": DESCRIPTOR, "uniqueItems": True}},
    ("name",),
)
RESULT = thing(
    {
        "ruleId": {"enum": list(RULES)},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": {"type": "array", "items": LOCATION},
        "relatedLocations": {"type": "array", "items": LOCATION, "uniqueItems": True},
        "partialFingerprints": {"type": "object", "additionalProperties": TEXT},
        "properties": BAG,
    },
    ("message",),
)
RUN = thing(
    {
        "tool": thing({"driver": DRIVER}, ("driver",)),
        "results": {"type": "array", "items": RESULT},
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    },
    ("tool",),
)
LOG = thing(
    {"$schema": URI, "version": {"const": "2.1.0"}, "runs": {"type": "array", "items": RUN}},
    ("version", "runs"),
)


def results(*reports: Report) -> list[dict[str, Any]]:
    log = json.loads(to_sarif(reports))
    jsonschema.validate(log, LOG, format_checker=jsonschema.FormatChecker())
    (run,) = log["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return list(run["results"])


def test_is_valid(report: Report, nothing: Report) -> None:
    """One run for all scenes; the levels are those of the severities."""
    found = results(report, nothing)
    assert len(found) == len(report)
    levels = {result["ruleId"]: result["level"] for result in found}
    assert (levels["image-size"], levels["cloud-flat"], levels["camera-consistent"]) == (
        "error",
        "warning",
        "note",
    )
    assert len(json.loads(report.to_sarif())["runs"][0]["results"]) == len(report)


def test_place_is_the_file_or_the_description(report: Report) -> None:
    """Relative paths stay relative, so that a code host finds them in the repository."""
    found = {result["ruleId"]: result for result in results(report)}
    (location,) = found["image-size"]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "drives/one/images/199.png"
    (related,) = found["image-size"]["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "drives/one/scene.json"
    (location,) = found["cloud-flat"]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "drives/one/scene.json"
    assert "relatedLocations" not in found["cloud-flat"]
    absolute = attrs.evolve(report, source=str(Path("/drives/one/scene.json")))
    uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results(absolute)]
    assert all(uri.startswith("file:///drives/one/") for uri in uris)
    (location,) = results(attrs.evolve(report, source=None))[-2]["locations"]
    assert "physicalLocation" not in location


def test_fingerprints_tell_findings_apart(report: Report) -> None:
    """Each has its own, and the same in another run in which a number differs."""
    again = attrs.evolve(report, findings=[attrs.evolve(f, message="other", value=3) for f in report])
    first, second = (
        [result["partialFingerprints"]["kognicCheck/v1"] for result in results(each)]
        for each in (report, again)
    )
    assert first == second
    assert len(set(first)) == len(first)
