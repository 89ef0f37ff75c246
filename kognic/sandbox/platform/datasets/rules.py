"""What the dataset service asks of a prediction."""

from __future__ import annotations

from typing import Any

from kognic.sandbox.platform.errors import ValidationFailedError
from kognic.sandbox.platform.pre_annotations import rules as openlabel_rules
from kognic.sandbox.platform.pre_annotations.rules import Geometry, geometries_of
from kognic.sandbox.platform.scenes import specification
from kognic.sandbox.platform.tables import Scene

KINDS = frozenset({"cuboid", "bbox", "image"})
LIDAR_STREAM = "@lidar"
BITMAP = "segmentation_bitmap"
# Segmentation bitmaps have 8-bit grey levels.
MAX_CLASSES = 256


def check(document: Any, scene: Scene) -> dict[str, Any]:
    """Check a prediction against its scene; returns it without its empty parts.

    Raises:
        ValidationFailedError: The document is not OpenLABEL, or breaks a rule.
    """
    clean = openlabel_rules.parse(document)
    openlabel: dict[str, Any] = clean["openlabel"]
    _check_times(openlabel, scene)
    spec: specification.SceneSpec = scene.specification  # type: ignore[assignment]
    streams = {*specification.cameras(spec), LIDAR_STREAM}
    for name in openlabel.get("streams") or {}:
        if name not in streams:
            raise ValidationFailedError(f"stream {name} is neither a camera of the scene nor {LIDAR_STREAM}")
    for geometry in geometries_of(openlabel):
        _check_geometry(geometry, openlabel, streams)
    return clean


def _check_times(openlabel: dict[str, Any], scene: Scene) -> None:
    known = [frame["relative_ms"] for frame in scene.specification["frames"]]
    for key, frame in (openlabel.get("frames") or {}).items():
        time = (frame.get("frame_properties") or {}).get("timestamp", 0)
        if int(time) not in known:
            raise ValidationFailedError(
                f"timestamp {time} of frame {key} is not that of a frame of the scene"
            )


def _check_geometry(geometry: Geometry, openlabel: dict[str, Any], streams: set[str]) -> None:
    if geometry.kind not in KINDS:
        raise ValidationFailedError(f"{geometry.place}: predictions hold {', '.join(sorted(KINDS))} only")
    stream = geometry.stream
    if stream is not None and stream not in streams:
        raise ValidationFailedError(
            f"{geometry.place}: stream {stream} is neither a camera nor {LIDAR_STREAM}"
        )
    confidence = geometry.attribute("num", "confidence")
    if confidence is not None and not 0 <= confidence <= 1:
        raise ValidationFailedError(f"{geometry.place}: confidence is {confidence}, must be 0 to 1")
    if geometry.kind == "image":
        _check_bitmap(geometry, openlabel)


def _check_bitmap(geometry: Geometry, openlabel: dict[str, Any]) -> None:
    owner = (openlabel.get("objects") or {}).get(geometry.object_id) or {}
    if owner.get("type") != BITMAP:
        raise ValidationFailedError(f"{geometry.place}: the object's type must be {BITMAP}")
    if geometry.item["mime_type"] != "image/png" or geometry.item["encoding"] != "base64":
        raise ValidationFailedError(f"{geometry.place} must be image/png in base64")
    for name, ontology in (openlabel.get("ontologies") or {}).items():
        classes = ontology.get("classifications") if isinstance(ontology, dict) else None
        if classes is not None and len(classes) > MAX_CLASSES:
            raise ValidationFailedError(f"ontology {name} has {len(classes)} classes, at most {MAX_CLASSES}")
