"""What says the same is put together."""

from __future__ import annotations

from kognic.scenes.checks import Report
from kognic.scenes.checks.reporting.grouping import grouped, in_total, in_words
from kognic.scenes.checks.rules import broken


def test_grouped_by_rule_and_sensor(report: Report) -> None:
    """Two hundred findings of one rule at one sensor are one group, with the first of them in front."""
    groups = {group.first.code: group for group in grouped(report)}
    assert list(groups) == ["file-missing", "image-size", "cloud-flat", "camera-consistent"]
    assert (groups["image-size"].count, groups["image-size"].others) == (200, "and 199 more")
    assert groups["image-size"].first.frame == "0"
    assert groups["file-missing"].others == ""


def test_problems_of_a_scene_file_are_grouped_by_message() -> None:
    """Each is shown, and one that is repeated in every frame once; very many different ones are cut short."""
    two = [broken("scene-file", text) for text in ("'fx' is missing", "unknown key 'focal_x'")]
    assert [group.count for group in grouped([*two, *two])] == [2, 2]
    many = [broken("scene-file", f"unknown key '{number}'") for number in range(100)]
    assert [group.count for group in grouped(many)] == [*(20 * [1]), 80]


def test_counts_in_words(report: Report, nothing: Report) -> None:
    assert in_words(report) == "201 errors, 1 warning"
    assert in_words(nothing) == "no errors, no warnings"
    assert in_total([report, nothing]) == "2 scenes, 201 errors, 1 warning"
    assert in_total([nothing]) == "1 scene, no errors, no warnings"
