"""Is each camera's calibration right? A verdict from the lidar points of a few frames.

The given calibration and every classic mistake (`hypotheses`) are scored (`scoring`). A mistake is named
only if the given calibration scores like chance and the corrected one clearly does not. A small rotation is
reported only if it fits much better and is larger than what unknown motion between lidar and camera explains.

The numbers below were set on real recordings of five data sets, in which right calibrations score 6.4 and
more, wrong ones 5.1 and less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from kognic._core.findings import Finding, Severity
from kognic.scenes.calibration.evidence import Evidence
from kognic.scenes.calibration.hypotheses import Hypothesis, hypotheses
from kognic.scenes.calibration.lidars import best_lidar_mistake
from kognic.scenes.calibration.rig import cameras_of, lidar_poses
from kognic.scenes.calibration.scoring import FEWEST_POINTS, Angles, Camera, Trial, Turned
from kognic.scenes.checks.rules import broken
from kognic.scenes.geometry.poses import Rigid, angle_between_deg

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration

CONVINCING = 6.0
"""From this score on points and image agree beyond doubt."""
CHANCE = 4.0
"""Up to this score a calibration may as well be any other."""
_DOUBTFUL = CHANCE + 1
_MARGIN, _NEAR_MARGIN = 3.0, 6.0
_NEAR_MARGIN_TO_TURN = 4.0
_SAME_DEG, _NEAR_DEG, _SAME_M = 0.5, 10.0, 0.5
# How far off a rotation must be, degrees, and how much its correction must gain, before it is reported.
# Unknown motion between lidar and image looks like a turn of up to two degrees, but gains little.
_TURNS = ((1.5, 20.0), (2.6, 2.5))
_TURNS_WITH_MOTION = ((1.5, 5.0), (2.0, 2.5))
# How far the fit of a turn must stand out among others, and how much it must be better than without.
_AGAINST_UNDECIDED, _AGAINST_CONFIRMED = (1.6, 1.3), (2.0, 1.5)


@attrs.frozen(kw_only=True)
class CameraVerdict:
    """What the lidar says of one camera's calibration, or the cameras of a lidar's.

    Attributes:
        sensor: The camera; a lidar only when its pose explains why cameras do not fit.
        verdict: `confirmed`, `undecided`, or the code of the rule that is broken.
        confidence: How sure that is, 0 to 1.
        share_in_view: Share of all points that appear in the image.
        points_in_view: Their number, mean over the frames looked at.
        score: How far the agreement of points and image is above chance, standard deviations; for a lidar,
            the mean over the cameras.
        explanation: The verdict as a sentence, and after a semicolon the hint.
        turn_deg: For a misaligned camera: the rotation about its x, y and z that fits best, degrees.
        other: For a swapped camera: the camera whose calibration it seems to have.
    """

    sensor: str
    verdict: str
    confidence: float
    share_in_view: float
    points_in_view: int
    score: float
    explanation: str
    turn_deg: Angles | None = None
    other: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The verdict as plain JSON values."""
        return attrs.asdict(self)


def judge_cameras(evidence: Evidence, sensors: Mapping[str, BaseCalibration]) -> list[CameraVerdict]:
    """Judge every camera that can be projected with and has images.

    When most of them do not fit, the lidars are tried as well; one whose pose holds a classic mistake that
    explains the cameras has a verdict after theirs.

    Args:
        evidence: Points and images of some frames.
        sensors: Sensor name to calibration.
    """
    cameras = cameras_of(evidence, sensors, lidar_poses(sensors))
    poses = {name: Rigid.of_sensor(sensors[name]) for name in cameras}
    verdicts = [
        _judge(camera, camera.try_pose(poses[name]), poses, cameras, knows_motion=evidence.knows_motion(name))
        for name, camera in cameras.items()
    ]
    return _settle_lidars(_settle_swaps(verdicts, cameras, poses), evidence, sensors)


def findings_of(verdicts: Sequence[CameraVerdict]) -> Iterator[Finding]:
    """The verdicts as findings; a classic mistake recognised beyond doubt is an error."""
    for verdict in verdicts:
        if verdict.verdict in ("confirmed", "undecided"):
            code, severity = f"camera-{verdict.verdict}", None
        else:
            code = verdict.verdict
            is_mistake = code not in ("camera-misaligned", "camera-no-points")
            severity = Severity.ERROR if is_mistake and verdict.confidence >= 0.9 else None
        problem, _, hint = verdict.explanation.partition("; ")
        yield broken(
            code,
            problem,
            hint,
            severity=severity,
            sensor=verdict.sensor,
            value=round(verdict.score, 2),
            confidence=round(verdict.confidence, 3),
        )


def _judge(
    camera: Camera,
    given: Trial,
    poses: Mapping[str, Rigid],
    cameras: Mapping[str, Camera],
    *,
    knows_motion: bool,
) -> CameraVerdict:
    verdict = _plain_verdict(camera, given)
    turned = _best_turn(camera, given)
    is_turned = turned is not None and _is_convincing(turned, given, knows_motion=knows_motion)
    if given.score < _DOUBTFUL:
        best = _best_mistake(camera, given, turned, poses, cameras)
        # A small turn is the simpler explanation when both fit.
        if best is not None and (turned is None or not is_turned or best[1].score > turned.trial.score + 1):
            hypothesis, trial = best
            return attrs.evolve(
                verdict,
                verdict=hypothesis.code,
                confidence=_logistic(trial.score - max(given.score, 0) - 2),
                explanation=f"{hypothesis.mistake} (agreement {given.score:.1f} as given, "
                f"{trial.score:.1f} corrected); {hypothesis.hint}",
                other=hypothesis.other,
            )
    if turned is None or not is_turned:
        return verdict
    x, y, z = turned.found.angles
    return attrs.evolve(
        verdict,
        verdict="camera-misaligned",
        confidence=min(
            _logistic(turned.trial.score - given.score - 1),
            _logistic(4 * (turned.found.distinctness - _AGAINST_UNDECIDED[0])),
        ),
        explanation=f"a turn of {x:+.1f}, {y:+.1f}, {z:+.1f} degrees about the camera's x, y, z fits better "
        f"(agreement {given.score:.1f} as given, {turned.trial.score:.1f} turned); "
        "calibrate the rotation again; if the vehicle moves, see the times of image and points",
        turn_deg=turned.found.angles,
    )


def _plain_verdict(camera: Camera, given: Trial) -> CameraVerdict:
    """The verdict on the given pose alone."""
    if given.count == 0:
        code, confidence = "camera-no-points", 0.8
        text = "no point of the lidar appears in the image; see the camera's pose, or whether it looks "
        text += "where the lidar does not"
    elif given.count < FEWEST_POINTS:
        code, confidence = "undecided", 0.0
        text = f"{given.count} of the lidar's points appear in the image, too few to judge by"
    elif given.score < CONVINCING:
        code, confidence = "undecided", 0.0
        text = f"points and image do not tell (score {given.score:.1f}; {CONVINCING:g} would confirm it)"
    else:
        code, confidence = "confirmed", _logistic(given.score - CHANCE)
        text = f"points and image agree (score {given.score:.1f}, chance is below {CHANCE:g})"
    return CameraVerdict(
        sensor=camera.name,
        verdict=code,
        confidence=confidence,
        share_in_view=given.share,
        points_in_view=given.count,
        score=given.score,
        explanation=text,
    )


@attrs.frozen(eq=False)
class _BestTurn:
    """The small rotation that fits best, and its score."""

    found: Turned
    trial: Trial


def _best_turn(camera: Camera, given: Trial) -> _BestTurn | None:
    if given.count < FEWEST_POINTS:
        return None
    found = camera.search(given.pose)
    return _BestTurn(found, camera.try_pose(found.pose))


def _is_convincing(turn: _BestTurn, given: Trial, *, knows_motion: bool) -> bool:
    """Whether a small rotation fits clearly better than none, and stands out among others."""
    found, trial = turn.found, turn.trial
    distinct, better = _AGAINST_CONFIRMED if given.score >= CONVINCING else _AGAINST_UNDECIDED
    if found.distinctness < distinct or found.fit <= better * found.plain_fit or trial.score < CONVINCING:
        return False
    size, gain = float(np.linalg.norm(found.angles)), trial.score - given.score
    limits = _TURNS_WITH_MOTION if knows_motion else _TURNS
    return any(size >= smallest and gain >= needed for smallest, needed in limits)


def _best_mistake(
    camera: Camera,
    given: Trial,
    turned: _BestTurn | None,
    poses: Mapping[str, Rigid],
    cameras: Mapping[str, Camera],
) -> tuple[Hypothesis, Trial] | None:
    """The classic mistake that explains the data, if one does."""
    found: list[tuple[Hypothesis, Trial]] = []
    # With nothing in view the given pose is out of the question already.
    least = CONVINCING if given.count >= FEWEST_POINTS else CHANCE + 0.5
    for hypothesis in hypotheses(camera.name, poses, camera.quaternion):
        distance = angle_between_deg(hypothesis.pose.rotation, given.pose.rotation)
        moved = float(np.linalg.norm(hypothesis.pose.position - given.pose.position))
        if distance < _SAME_DEG and moved < _SAME_M and hypothesis.other is None:
            continue
        other = cameras.get(hypothesis.other or "")
        trial = camera.try_pose(hypothesis.pose, None if other is None else other.optics)
        needed = max(least, given.score + _MARGIN)
        if distance < _NEAR_DEG and moved < _SAME_M:
            # So near, a mistake undone helps as any turn does that happens to go the right way.
            turn_score = -np.inf if turned is None else turned.trial.score
            needed = max(least, given.score + _NEAR_MARGIN, turn_score + _NEAR_MARGIN_TO_TURN)
        if trial.score >= needed:
            found.append((hypothesis, trial))
    return max(found, key=lambda item: item[1].score, default=None)


def _settle_swaps(
    verdicts: Sequence[CameraVerdict], cameras: Mapping[str, Camera], poses: Mapping[str, Rigid]
) -> list[CameraVerdict]:
    """Name pairs of cameras that fit each other's calibration together, though neither may alone."""
    settled = {verdict.sensor: verdict for verdict in verdicts}
    doubtful = [verdict.sensor for verdict in verdicts if verdict.score < _DOUBTFUL]
    for first, second in combinations(doubtful, 2):
        trials = (
            cameras[first].try_pose(poses[second], cameras[second].optics),
            cameras[second].try_pose(poses[first], cameras[first].optics),
        )
        given = settled[first].score + settled[second].score
        together = trials[0].score + trials[1].score
        if together < max(1.5 * CONVINCING, given + 2 * _MARGIN) or min(t.score for t in trials) < 2:
            continue
        for name, other, trial in ((first, second, trials[0]), (second, first, trials[1])):
            settled[name] = attrs.evolve(
                settled[name],
                verdict="cameras-swapped",
                confidence=_logistic(together - given - _MARGIN),
                explanation=f"the camera has the calibration of {other} and the other way round (agreement "
                f"{settled[name].score:.1f} as given, {trial.score:.1f} exchanged); "
                f"exchange {first} and {second}, in the calibration or in the scene",
                other=other,
                turn_deg=None,
            )
    return [settled[verdict.sensor] for verdict in verdicts]


def _settle_lidars(
    verdicts: Sequence[CameraVerdict], evidence: Evidence, sensors: Mapping[str, BaseCalibration]
) -> list[CameraVerdict]:
    """Blame a lidar for what most cameras have in common."""
    doubtful = [verdict for verdict in verdicts if verdict.score < _DOUBTFUL]
    unexplained = sum(verdict.verdict in ("undecided", "camera-no-points") for verdict in doubtful)
    # One camera with an explanation of its own is the simpler case; two are not.
    if 2 * len(doubtful) <= len(verdicts) or (len(verdicts) == 1 and not unexplained):
        return list(verdicts)
    found = best_lidar_mistake(evidence, sensors)
    if found is None:
        return list(verdicts)
    given = float(np.mean([verdict.score for verdict in verdicts]))
    convinced = [trial for trial in found.trials.values() if trial.score >= CONVINCING]
    if 2 * len(convinced) <= len(verdicts) or found.score < max(CONVINCING, given + _MARGIN):
        return list(verdicts)
    cleared = [
        attrs.evolve(
            verdict,
            verdict="undecided",
            confidence=0.0,
            explanation=f"the pose of {found.lidar} is wrong; with it corrected points and image score "
            f"{found.trials[verdict.sensor].score:.1f}",
            turn_deg=None,
            other=None,
        )
        for verdict in verdicts
    ]
    blamed = CameraVerdict(
        sensor=found.lidar,
        verdict=found.hypothesis.code,
        confidence=_logistic(found.score - max(given, 0) - 2),
        share_in_view=float(np.mean([verdict.share_in_view for verdict in verdicts])),
        points_in_view=round(float(np.mean([verdict.points_in_view for verdict in verdicts]))),
        score=given,
        explanation=f"{found.hypothesis.mistake} (mean agreement of the cameras {given:.1f} as given, "
        f"{found.score:.1f} corrected); {found.hypothesis.hint}",
    )
    return [*cleared, blamed]


def _logistic(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))
