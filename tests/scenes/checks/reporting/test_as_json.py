"""Reports as JSON: programs rely on the names."""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from kognic.scenes.checks import GROUPS, RULES, Report
from kognic.scenes.checks.reporting.as_json import to_json

TEXT = {"type": "string", "minLength": 1}
COUNTS = {
    "type": "object",
    "properties": {name: {"type": "integer", "minimum": 0} for name in ("error", "warning", "info")},
    "required": ["error", "warning", "info"],
    "additionalProperties": False,
}
FINDING = {
    "type": "object",
    "properties": {
        "code": {"enum": list(RULES)},
        "docs_url": {"type": "string", "pattern": "/rules.html#[a-z0-9-]+$"},
        "severity": {"enum": ["error", "warning", "info"]},
        **dict.fromkeys(("message", "hint", "frame", "sensor", "file", "field"), TEXT),
        "value": {"type": ["string", "number", "boolean"]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["code", "severity", "message"],
    "additionalProperties": False,
}
CAMERA = {
    "type": "object",
    "required": [
        "sensor",
        "verdict",
        "confidence",
        "share_in_view",
        "points_in_view",
        "score",
        "explanation",
    ],
}
SCENE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "source": {"type": ["string", "null"]},
        "counts": COUNTS,
        "facts": {"type": "object"},
        "cameras": {"type": "array", "items": CAMERA},
        "findings": {"type": "array", "items": FINDING},
    },
    "required": ["name", "source", "counts", "facts", "cameras", "findings"],
    "additionalProperties": False,
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "schema_version": {"const": 1},
        "counts": COUNTS,
        "scenes": {"type": "array", "items": SCENE},
    },
    "required": ["schema_version", "counts", "scenes"],
    "additionalProperties": False,
}


def refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def test_names_are_those_promised(report: Report, nothing: Report) -> None:
    """A change here breaks programs and needs another `schema_version`."""
    document = json.loads(to_json([report, nothing]), parse_constant=refuse)
    jsonschema.validate(document, SCHEMA)
    assert document["counts"] == {"error": 201, "warning": 1, "info": 1}
    assert [scene["source"] for scene in document["scenes"]] == ["drives/one/scene.json", None]


def test_values_that_json_cannot_express(report: Report) -> None:
    """NaN and tuples travel as text."""
    values = {finding.code: finding.to_dict().get("value") for finding in report}
    assert (values["cloud-flat"], values["image-size"]) == ("nan", "(199, 2)")
    assert json.loads(report.to_json(), parse_constant=refuse) == report.to_dict()


def test_groups_are_those_of_the_rules() -> None:
    assert {rule.group for rule in RULES.values()} == set(GROUPS)
