"""Objectives under an assumption: what is shared between assumptions is the same as if it was made anew."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from kognic.scenes.calibration.evidence import Evidence
from kognic.scenes.calibration.objective import Change
from kognic.scenes.calibration.observe import Observations, Variant
from kognic.scenes.calibration.search import glance
from tests.scenes.geometry import conftest as make
from tests.scenes.geometry import scenes


@pytest.fixture(scope="module")
def sensors() -> dict[str, Any]:
    return {"lidar": make.lidar(**make.placed((1, 0, 0, 0), (0.9, 0.1, 1.8))), "front": scenes.camera(5)}


@pytest.fixture(scope="module")
def evidence(sensors: dict[str, Any]) -> Evidence:
    return scenes.evidence(sensors)


def flipped(evidence: Evidence, *axes: int) -> Evidence:
    (frame,) = evidence.frames
    pictures = tuple(
        attrs.evolve(
            p, image=attrs.evolve(p.image, pixels=np.ascontiguousarray(np.flip(p.image.pixels, axes)))
        )
        for p in frame.pictures
    )
    return attrs.evolve(evidence, frames=(attrs.evolve(frame, pictures=pictures),))


@pytest.mark.slow
@pytest.mark.parametrize(("mirrored", "upside_down", "axes"), [(True, False, [1]), (True, True, [0, 1])])
def test_flips_are_those_of_the_pixels(
    mirrored: bool, upside_down: bool, axes: list[int], evidence: Evidence, sensors: dict[str, Any]
) -> None:
    """Describing an image and flipping that is the same as describing the flipped image, blurs included."""
    flips = Variant(mirrored=mirrored, upside_down=upside_down)
    found = Observations([evidence], sensors).objective("front", flips)
    expected = Observations([flipped(evidence, *axes)], sensors).objective("front")
    assert found is not None
    assert expected is not None

    for change in (Change(), Change(rotation=(1.0, -2.0, 3.0))):
        assert found.value(change) == pytest.approx(expected.value(change), rel=1e-3)
    for one, other in zip(found.shots, expected.shots, strict=True):
        height, width = other.maps.maps.shape[:2]
        v, u = np.indices((height, width)).reshape(2, -1) * other.maps.scale
        assert np.abs(one.maps.softened.at(u, v) - other.maps.softened.at(u, v)).max() < 1e-3


def test_glance_ranks_the_right_assumption_first(evidence: Evidence, sensors: dict[str, Any]) -> None:
    """Of a mirrored image as it is, mirrored again, and turned upside down."""
    seen = Observations([flipped(evidence, 1)], sensors)
    heights = []
    for variant in (Variant(mirrored=True), Variant(), Variant(upside_down=True)):
        objective = seen.objective("front", variant)
        assert objective is not None
        heights.append(glance(objective))

    assert heights[0] > 2 * max(heights[1:])


@pytest.mark.parametrize(
    "variant", [Variant(), Variant(mirrored=True), Variant(points=np.diag([1.0, -1, 1]))]
)
def test_first_images_only(variant: Variant, evidence: Evidence, sensors: dict[str, Any]) -> None:
    """A look at one of two images sees the points of that one."""
    twice = attrs.evolve(evidence, frames=evidence.frames * 2)
    seen = Observations([twice], sensors)

    whole, first = seen.objective("front", variant), seen.objective("front", variant, images=1)

    assert whole is not None
    assert first is not None
    assert (len(whole.shots), len(first.shots)) == (2, 1)
