"""The search for the rotation with the best objective."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import attrs
import numpy as np
import pytest

from kognic.scenes.calibration.objective import Change, Objective
from kognic.scenes.calibration.search import apart_deg, explore


@attrs.frozen
class Hills:
    """An objective made of hills: where each is, how high, how high without its best places, how wide."""

    hills: Sequence[tuple[tuple[float, float, float], float, float, float]]
    shots: tuple[Any, ...] = ()

    def thinned(self, limit: int, maps: object = None) -> Hills:
        return self

    def _at(self, change: Change, index: int) -> float:
        parts = [
            float(hill[index] * np.exp(-np.sum((np.subtract(change.rotation, hill[0]) / hill[3]) ** 2)))
            for hill in self.hills
        ]
        return max(parts)

    def value(self, change: Change) -> float:
        return self._at(change, 1)

    def broad(self, change: Change) -> float:
        return self._at(change, 2)


def test_a_chance_agreement_of_one_place_does_not_hide_the_broad_maximum_beside_it() -> None:
    """Neighbours less than three degrees apart are one maximum; of them the broadest counts."""
    right, beside, far = (0.2, 0.0, 0.1), (2.6, 0.0, 0.1), (-10.0, 7.5, 0.0)
    hills = Hills([(right, 1000.0, 800.0, 1.2), (beside, 1100.0, 100.0, 1.0), (far, 600.0, 500.0, 2.5)])

    found = explore(cast("Objective", hills))

    assert apart_deg(found.best.rotation, right) < 0.5
    assert found.best.value == pytest.approx(800, rel=0.05)
    assert found.lead == pytest.approx(800 / 500, rel=0.3)
