"""Metadata of scenes and frames."""

from __future__ import annotations

from typing import Any

import pytest

from kognic.scenes.checks.structure.metadata import check_metadata
from kognic.scenes.scene_view import view_of
from tests.scenes.checks.cases import Case, Cases
from tests.scenes.checks.scenes import good_scene

CASES = Cases()


@CASES.breaks("metadata-value", place="metadata.route")
def _nested(scene: Any) -> None:
    scene.metadata.route = {"from": "A", "to": "B"}


@CASES.breaks("metadata-value", place="frames[1].metadata.lux")
def _not_a_number(scene: Any) -> None:
    scene.frames[1].metadata.lux = float("nan")


@CASES.breaks("metadata-region", place="metadata.region")
def _number_for_a_region(scene: Any) -> None:
    scene.metadata.region = 49


@pytest.mark.parametrize("case", CASES, ids=CASES.ids())
def test_check_metadata(case: Case) -> None:
    case.verify(list(check_metadata(view_of(case.apply(good_scene())))))


def test_all_flat_values_are_fine() -> None:
    scene = good_scene()
    scene.metadata.model_copy(update={"a": "", "b": 0, "c": -1.5, "d": True})
    assert list(check_metadata(view_of(scene))) == []
