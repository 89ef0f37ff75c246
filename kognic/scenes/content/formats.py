"""The format of a point cloud: as it is named, by its suffix, or by its first bytes."""

from __future__ import annotations

from kognic._core.scene_errors import ContentError, ContentIssue
from kognic.scenes.content.las_clouds import MAGIC
from kognic.scenes.content.source import Source

FORMATS = ("csv", "las", "laz", "pcd")


def detect_format(source: Source, format: str | None = None) -> str:
    """Return the format a file is meant to have: as told, by its suffix, or by its content.

    Raises:
        ContentError: The suffix is not that of a point cloud.
    """
    kind = (format or source.suffix).lower().lstrip(".")
    if not kind:
        return sniff(source) or "csv"
    if kind not in FORMATS:
        issue = ContentIssue(
            code="cloud-format",
            problem=f"{kind!r} is not a format for point clouds",
            hint=f"convert it to {', '.join(FORMATS)}",
            value=kind,
        )
        raise ContentError([issue], name=source.name)
    return kind


def sniff(source: Source) -> str | None:
    """Return the format the first bytes show; None for text, which may be CSV."""
    head = source.head(2048)
    if head.startswith(MAGIC):
        return "las"
    if head.startswith(b"# .PCD") or (b"\nDATA " in head and b"FIELDS" in head):
        return "pcd"
    return None
