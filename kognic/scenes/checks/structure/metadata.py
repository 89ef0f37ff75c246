"""Metadata of scenes and frames."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from kognic._core.findings import Finding
from kognic.scenes.checks.rules import broken
from kognic.scenes.scene_view import SceneView


def check_metadata(scene: SceneView) -> Iterator[Finding]:
    """Metadata of the scene and of its frames."""
    region = scene.metadata.get("region")
    if region is not None and not isinstance(region, str):
        yield broken(
            "metadata-region",
            f"the region is {region!r}",
            "use text, for example 'EU'",
            field="metadata.region",
            value=region,
        )
    yield from _values(scene.metadata, "metadata", None)
    for frame in scene.frames:
        yield from _values(frame.metadata, f"{frame.place}.metadata", frame.frame_id)


def _values(metadata: Mapping[str, Any], place: str, frame: str | None) -> Iterator[Finding]:
    for key, value in metadata.items():
        kind = None
        if not isinstance(value, str | int | float):
            kind = type(value).__name__
        elif isinstance(value, float) and not math.isfinite(value):
            kind = "no number that JSON can express"
        if kind is not None:
            yield broken(
                "metadata-value",
                f"the value of {key!r} is {value!r} ({kind})",
                "use text, a number or a flag; flatten nested values into separate entries",
                frame=frame,
                field=f"{place}.{key}",
                value=value,
            )
