"""What an estimated rotation says about a calibration, by thresholds that are measured, not felt."""

from __future__ import annotations

import math
from enum import Enum

import attrs
import numpy as np

from kognic.scenes.calibration.estimate import RotationEstimate
from kognic.scenes.calibration.objective import Vector
from kognic.scenes.geometry.poses import FloatArray

TOLERANCE_DEG = 0.5
"""Rotation errors up to this are not reported: published calibrations are no better."""
# Two standard deviations: a bound that holds in 95 of 100 cases, if errors are Gaussian.
_BOUND = 2.0


class Answer(str, Enum):
    """What an estimate says."""

    CONSISTENT = "consistent"
    OFF = "off"
    UNFIT = "unfit"
    UNDECIDED = "undecided"


@attrs.frozen(kw_only=True)
class Thresholds:
    """From where on an estimate says something; `make calibration-report` measures what they do.

    Attributes:
        contrast, lead: A rotation stands out: above chance, in deviations of chance, and relative to the next
            best. Images of another place reach one of them, rarely both.
        few_points, lead_of_few: With fewer points in view in all, chance reaches further.
        excess, gain: A rotation error is reported: how many standard deviations it is outside the tolerance,
            and how many it fits better than the calibration as given.
        far, gain_of_far: So many deviations outside the tolerance, it need not fit better by as much.
        unfit: A calibration is said not to fit below this contrast of its own,
        unfit_points: with so many points in view.
        largest_bound_deg: A bound above this says nothing.
    """

    contrast: float = 8.0
    lead: float = 1.35
    few_points: int = 1000
    lead_of_few: float = 1.6
    excess: float = 2.5
    gain: float = 1.5
    far: float = 7.0
    gain_of_far: float = 1.0
    unfit: float = 2.5
    unfit_points: int = 500
    largest_bound_deg: float = 5.0


def answer(estimate: RotationEstimate, thresholds: Thresholds = Thresholds()) -> Answer:
    """What an estimate says about a calibration."""
    landscape = estimate.landscape
    if stands_out(estimate, thresholds):
        outside = excess(estimate.rotation, estimate.covariance, TOLERANCE_DEG)
        gain = thresholds.gain if outside < thresholds.far else thresholds.gain_of_far
        if outside >= thresholds.excess and estimate.gain >= gain:
            return Answer.OFF
        return Answer.CONSISTENT if bound_deg(estimate) <= thresholds.largest_bound_deg else Answer.UNDECIDED
    if landscape.given_contrast < thresholds.unfit and estimate.in_view >= thresholds.unfit_points:
        return Answer.UNFIT
    return Answer.UNDECIDED


def stands_out(estimate: RotationEstimate, thresholds: Thresholds = Thresholds()) -> bool:
    """Whether the best rotation is above chance and above the next best."""
    few = estimate.in_view * estimate.images < thresholds.few_points
    lead = thresholds.lead_of_few if few else thresholds.lead
    return estimate.landscape.contrast >= thresholds.contrast and estimate.landscape.lead >= lead


def bound_deg(estimate: RotationEstimate) -> float:
    """What the rotation error is below in 95 of 100 cases, over the axes that are observable."""
    told = [axis for axis in range(3) if estimate.observable[axis]] or [0, 1, 2]
    part = np.asarray(estimate.rotation)[told]
    widest = float(np.linalg.eigvalsh(estimate.covariance[np.ix_(told, told)])[-1])
    return float(np.hypot(np.linalg.norm(part), _BOUND * math.sqrt(widest)))


def excess(rotation: Vector, covariance: FloatArray, tolerance: float) -> float:
    """How far an estimate is outside a tolerance, in standard deviations.

    It is the Mahalanobis distance to the nearest rotation within the tolerance, so that a direction that is
    known well counts although others are not.

    Args:
        rotation: Rotation vector, degrees.
        covariance: Square degrees, shape (3, 3).
        tolerance: Degrees.
    """
    at = np.asarray(rotation)
    if np.linalg.norm(at) <= tolerance:
        return 0.0
    precision = np.linalg.inv(covariance)
    low, high = 0.0, 1e6
    nearest = at
    for _ in range(80):  # the Lagrange multiplier by bisection
        middle = (low + high) / 2
        nearest = np.linalg.solve(precision + middle * np.eye(3), precision @ at)
        low, high = (middle, high) if np.linalg.norm(nearest) > tolerance else (low, middle)
    apart = at - nearest
    return float(np.sqrt(apart @ precision @ apart))
