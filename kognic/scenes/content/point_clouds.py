"""Point clouds: which format, which columns, how many points, and whether the platform can use them.

Each format has a module of its own; this one chooses among them.
"""

from __future__ import annotations

from kognic._core.scene_errors import ContentError, ContentIssue
from kognic.scenes.content.arrays import add_statistics, read_points
from kognic.scenes.content.csv_clouds import survey_csv
from kognic.scenes.content.facts import PointCloudFacts
from kognic.scenes.content.formats import FORMATS, detect_format, sniff
from kognic.scenes.content.las_clouds import survey_las
from kognic.scenes.content.pcd_clouds import survey_pcd
from kognic.scenes.content.source import Content, Source

__all__ = ["FORMATS", "inspect_point_cloud", "survey_point_cloud"]

_SURVEYS = {"csv": survey_csv, "las": survey_las, "laz": survey_las, "pcd": survey_pcd}


def inspect_point_cloud(source: Content, format: str | None = None, *, full: bool = False) -> PointCloudFacts:
    """Read a point cloud and tell what it is.

    Args:
        source: Path of the file, or its content.
        format: `csv`, `las`, `laz` or `pcd`, the format it is meant to be; None goes by the file's suffix,
            and by the content where there is none.
        full: Read every point; otherwise the header, and of CSV the first rows.

    Raises:
        ContentError: The file is missing, empty, cut off, damaged, or of a form the platform refuses.
        ImportError: `full` without the extra `checks`.
    """
    opened = Source.of(source)
    facts, issues = survey_point_cloud(opened, format, full=full)
    if facts is None or issues:
        raise ContentError(issues, name=opened.name)
    return facts


def survey_point_cloud(
    source: Content | Source, format: str | None = None, *, full: bool = False
) -> tuple[PointCloudFacts | None, list[ContentIssue]]:
    """Inspect a point cloud like `inspect_point_cloud`, but return the issues instead of raising them.

    Raises:
        ContentError: The file is missing, empty, or of no known format.
    """
    opened = source if isinstance(source, Source) else Source.of(source)
    kind = detect_format(opened, format)
    mismatch = _mismatch(opened, kind)
    if mismatch is not None:
        return None, [mismatch]
    facts, issues = _SURVEYS[kind](opened)
    if facts is None or issues or not full:
        return facts, issues
    try:
        return add_statistics(facts, read_points(opened, kind)), []
    except ContentError as exc:
        return facts, list(exc.issues)


def _mismatch(source: Source, kind: str) -> ContentIssue | None:
    found = sniff(source)
    meant = "las" if kind == "laz" else kind
    if found is None or found == meant:
        return None
    return ContentIssue(
        code="cloud-format-mismatch",
        problem=f"the content is {found}, the format is given as {kind}",
        hint=f"name the file .{found}",
        value=found,
    )
