"""What an estimated rotation says about a calibration, by thresholds that are measured, not felt."""

from __future__ import annotations

import math
from enum import Enum

import numpy as np

from kognic.scenes.calibration.estimate import RotationEstimate
from kognic.scenes.calibration.thresholds import THRESHOLDS, Thresholds

# Two standard deviations: a bound that holds in 95 of 100 cases, if errors are Gaussian.
_BOUND = 2.0
# Chance never came near these multiples of the thresholds on images of other places.
_CLEAR_CONTRAST, _CLEAR_LEAD = 1.75, 1.5
# Beyond so many degrees from the truth, a calibration seldom fits by itself: at 5 degrees 16 of the 264
# shifted cases of the report do, at 10 degrees 2.
_LARGE_DEG = 7.0
LEFT_OVER_DEG = 3.5
"""Beyond, a rotation is not a small correction any more; a mistake undone leaves none that is larger."""


class Answer(str, Enum):
    """What an estimate says."""

    CONSISTENT = "consistent"
    OFF = "off"
    UNFIT = "unfit"
    UNDECIDED = "undecided"


def answer(estimate: RotationEstimate, thresholds: Thresholds = THRESHOLDS) -> Answer:
    """Return what an estimate says about a calibration."""
    landscape = estimate.landscape
    if stands_out(estimate, thresholds):
        outside = estimate.outside
        gain = thresholds.gain if outside < thresholds.far else thresholds.gain_of_far
        if outside >= thresholds.excess and estimate.gain >= gain and estimate.agreed:
            return Answer.UNDECIDED if _is_rivalled(estimate, thresholds) else Answer.OFF
        return Answer.CONSISTENT if bound_deg(estimate) <= thresholds.largest_bound_deg else Answer.UNDECIDED
    many = estimate.in_view >= thresholds.unfit_points
    if many and (landscape.given_contrast < thresholds.unfit or is_outdone(estimate, thresholds)):
        return Answer.UNFIT
    return Answer.UNDECIDED


def stands_out(estimate: RotationEstimate, thresholds: Thresholds = THRESHOLDS) -> bool:
    """Whether the best rotation is above chance and above the next best."""
    few = estimate.in_view * estimate.images < thresholds.few_points
    lead = thresholds.lead_of_few if few else thresholds.lead
    return estimate.landscape.contrast >= thresholds.contrast and estimate.landscape.lead >= lead


def is_outdone(estimate: RotationEstimate, thresholds: Thresholds = THRESHOLDS) -> bool:
    """Whether other rotations fit so much better than the calibration as given that one of them is right.

    Which one need not be known: maxima of about the same height rule out what is far below all of them.
    """
    landscape = estimate.landscape
    return (
        estimate.outside >= thresholds.excess
        and landscape.contrast >= thresholds.contrast
        and landscape.contrast >= thresholds.outdone * landscape.given_contrast
    )


def is_clear(estimate: RotationEstimate, thresholds: Thresholds = THRESHOLDS) -> bool:
    """Whether the best rotation stands out so far that no other explanation is tried."""
    landscape = estimate.landscape
    return (
        landscape.contrast >= _CLEAR_CONTRAST * thresholds.contrast
        and landscape.lead >= _CLEAR_LEAD * thresholds.lead
    )


def _is_rivalled(estimate: RotationEstimate, thresholds: Thresholds) -> bool:
    """Whether the calibration as given fits as well, though not as far above chance, as a large rotation.

    Kerb, wall and roof above each other fit each other's places, too: then only a far better fit is believed.
    """
    landscape = estimate.landscape
    return (
        float(np.linalg.norm(estimate.rotation)) > _LARGE_DEG
        and landscape.given_contrast >= thresholds.contrast
        and landscape.contrast < _CLEAR_LEAD * thresholds.lead * landscape.given_contrast
    )


def bound_deg(estimate: RotationEstimate) -> float:
    """Return what the rotation error is below in 95 of 100 cases, over the axes that are observable."""
    told = [axis for axis in range(3) if estimate.observable[axis]] or [0, 1, 2]
    part = np.asarray(estimate.rotation)[told]
    widest = float(np.linalg.eigvalsh(estimate.covariance[np.ix_(told, told)])[-1])
    # The truth may be on the far side of the estimate, so the two add up.
    return float(np.linalg.norm(part)) + _BOUND * math.sqrt(widest)
