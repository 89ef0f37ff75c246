"""Looks into uploaded files, with the rules that `kognic check` applies before they are sent."""

from __future__ import annotations

from pathlib import Path

from kognic._core.scene_errors import ContentError, ContentIssue
from kognic.scenes.content.images import SUFFIXES, survey_image
from kognic.scenes.content.point_clouds import FORMATS, survey_point_cloud


class UnreadableError(Exception):
    """A file is not what its place in the scene asks for."""


def check_image(path: Path, suffix: str) -> None:
    """Decode an image.

    Raises:
        UnreadableError: The suffix is not that of a supported image, or the content does not decode.
    """
    if suffix not in SUFFIXES:
        raise UnreadableError(f"images of format {suffix or 'unknown'} are not supported")
    try:
        _, issues = survey_image(path)
    except ContentError as exc:
        issues = list(exc.issues)
    _refuse(issues)


def check_point_cloud(path: Path, suffix: str, *, want_times: bool) -> tuple[int, int]:
    """Read a point cloud's header and, where point times are wanted, all of its points.

    Returns:
        First and last point time, ns; both 0 if the file has no times or none are wanted.

    Raises:
        UnreadableError: The suffix is not that of a supported cloud, or the content is not as documented.
    """
    if suffix not in FORMATS:
        raise UnreadableError(f"point clouds of format {suffix or 'unknown'} are not supported")
    try:
        facts, issues = survey_point_cloud(path, suffix, full=want_times)
    except ContentError as exc:
        facts, issues = None, list(exc.issues)
    _refuse(issues)
    return (facts.time_range_ns if facts else None) or (0, 0)


def _refuse(issues: list[ContentIssue]) -> None:
    if issues:
        raise UnreadableError("; ".join(issue.problem for issue in issues))
