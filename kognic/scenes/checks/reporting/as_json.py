"""Reports as JSON: stable names, so that programs can rely on them; `schema_version` grows if they change."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kognic._core.findings import Severity

if TYPE_CHECKING:
    from kognic.scenes.checks.outcome import Outcome

SCHEMA_VERSION = 1


def to_json(reports: Sequence[Outcome]) -> str:
    """Put reports into one JSON document."""
    counts = Counter(finding.severity for report in reports for finding in report)
    return dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "counts": {severity.value: counts[severity] for severity in Severity},
            "scenes": [to_dict(report) for report in reports],
        }
    )


def to_dict(report: Outcome) -> dict[str, Any]:
    """Return one report as plain JSON values."""
    counts = Counter(finding.severity for finding in report)
    return {
        "name": report.name,
        "source": report.source,
        "counts": {severity.value: counts[severity] for severity in Severity},
        "facts": dict(report.facts),
        "cameras": [camera.to_dict() for camera in report.cameras],
        "findings": [finding.to_dict() for finding in report.findings],
    }


def dumps(value: Any) -> str:
    """Return the text of some JSON; a number that JSON cannot express becomes null."""
    return json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
