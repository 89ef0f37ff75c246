"""Reports in the terminal."""

from __future__ import annotations

import click
import pytest

from kognic.scenes.calibration.verdict import CameraVerdict, findings_of
from kognic.scenes.checks import Report
from kognic.scenes.checks.reporting.table import to_table
from tests.scenes.checks.reporting.conftest import NASTY


def printed(report: Report, width: int, **options: bool) -> list[str]:
    return click.unstyle(to_table(report, width=width, **options)).splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_readable_at_usual_widths(report: Report, width: int) -> None:
    """No line is too long, and no rule, severity or number is broken into pieces."""
    lines = printed(report, width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for word in ("file-missing", "image-size", "cloud-flat", "camera-consistent", "201 errors, 1 warning"):
        assert word in text
    assert "and 199 more" in " ".join(text.split())
    assert text.count("the image is") == 1
    assert "2500 (25.0%)" in text


def test_sentences_of_cameras_are_printed_once() -> None:
    """In the findings, or beside the cameras if the findings are left out; columns are explained."""
    camera = CameraVerdict(
        sensor="FRONT", verdict="undecided", confidence=0.0, share_in_view=0.004, points_in_view=90,
        score=20.3, explanation="fewer than 120 points",
    )  # fmt: skip
    report = Report(name="drive", findings=[*findings_of([camera])], cameras=(camera,))
    for shown in ("\n".join(printed(report, 120)), "\n".join(printed(report, 120, show_info=False))):
        assert shown.count("fewer than 120 points") == 1
        assert "90 (0.4%)" in shown
        assert "confidence: how sure the verdict is" in shown
        assert "20.3" not in shown


def test_markup_in_names_is_text(report: Report) -> None:
    """What looks like the markup of the terminal library is printed as it stands."""
    assert f"drive {NASTY}" in " ".join(printed(report, 200)[0].split())


def test_infos_can_be_left_out(report: Report) -> None:
    assert "camera-consistent" not in "\n".join(printed(report, 120, show_info=False))


def test_nothing_found(nothing: Report) -> None:
    """One line; a single frame is not called frames."""
    (line,) = printed(nothing, 80)
    assert line == "fine: no errors, no warnings (1 frame)"


def test_report_has_its_table(nothing: Report) -> None:
    """`print(report.to_table())` shows the table."""
    assert click.unstyle(nothing.to_table(width=80)).startswith("fine: no errors")
