"""What the lidar says about each camera's calibration: an estimate, a cause if there is one, a severity.

The rotation of each camera is estimated (`estimate`) from all frames of all scenes that share the
calibration. If a rotation within 20 degrees stands out, that is the answer: the calibration is consistent
with a rotation error below a bound, or it is off. If none stands out, the classic mistakes are tried, each
against the best small correction (`causes`).

Most thresholds are set with `make calibration-report`, which also prints what they detect and how often they
are wrong, on sites that were left out when they were set.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from kognic._core.findings import Finding, Severity
from kognic._core.wording import counted
from kognic.scenes.calibration.answer import Answer, bound_deg, is_outdone, stands_out
from kognic.scenes.calibration.causes import LidarCause, Trial, find_lidar_cause, height_of, try_mistakes
from kognic.scenes.calibration.decide import TOLERANCES, Decision, Tried, contrast_in_motion, decide
from kognic.scenes.calibration.directions import RECTIFIED, Direction, estimate_directions, moves
from kognic.scenes.calibration.estimate import (
    TOLERANCE_DEG,
    RotationEstimate,
    estimate_rotation,
    excess,
    refine,
)
from kognic.scenes.calibration.evidence import Evidence
from kognic.scenes.calibration.objective import FEWEST_POINTS, Change, Vector
from kognic.scenes.calibration.observe import Observations
from kognic.scenes.calibration.shared import SHARED, SharedNumber, estimate_shared, is_wrong
from kognic.scenes.calibration.thresholds import THRESHOLDS
from kognic.scenes.checks.rules import broken
from kognic.scenes.geometry.poses import FloatArray, Rigid, quaternion_of, rotation_of

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration

MAX_ERROR_DEG = 2.0
"""From this rotation error on a finding is an error; `--max-error-deg` changes it."""
_CODES = {
    "focal_length": "focal-length-estimate",
    "k1": "distortion-estimate",
    RECTIFIED: "images-rectified",
    "time_offset": "image-time",
    "vehicle_motion": "image-time",
    "vehicle_speed": "image-time",
}
_WITHIN = {
    "focal_length": "focal length right to {:.0f} %",
    "time_offset": "image time right to {:.0f} ms",
    "vehicle_motion": "the vehicle moved less than {:.1f} m between points and image",
    "vehicle_speed": "the vehicle, whose motion is not stated, is slower than {:.0f} m/s",
}
CameraProgress = Callable[[str, int, int], None]
"""Called before each camera with its name, its number from 1 on, and how many there are."""
# Cameras that tell about another one: one alone may be mistaken itself.
_COMPANY = 2
# A choice: what rests on one recording is never certain.
_MOST_CONFIDENT = 0.99


@attrs.frozen(kw_only=True)
class Bar:
    """The error that a team accepts.

    Attributes:
        max_error_deg: Rotation error, degrees, from which a finding is an error.
        max_error_px: The same as a displacement in the image, pixels; None leaves it to the angle.
    """

    max_error_deg: float = MAX_ERROR_DEG
    max_error_px: float | None = None


@attrs.frozen(kw_only=True)
class CameraVerdict:
    """What the lidar says of one camera's calibration, or the cameras of a lidar's.

    Attributes:
        sensor: The camera; a lidar only when a mistake about it explains why cameras do not fit.
        verdict: `consistent`, `undecided`, or the code of the rule that is broken.
        confidence: How sure that is, 0 to 0.99.
        share_in_view: Share of all points that appear in the image.
        points_in_view: Their number, mean over the images.
        images: How many images the verdict is based on.
        score: How far the best agreement of points and image is above chance, standard deviations.
        explanation: The verdict as a sentence.
        hint: What to do about it; empty where there is nothing to do.
        severity: Of the finding.
        rotation_error_deg: Angle of the rotation error, degrees; None where it could not be estimated.
        rotation_deviation_deg: Its standard deviation, degrees.
        rotation_bound_deg: The rotation error is below this in 95 of 100 cases.
        pixel_error, pixel_bound: The same as displacements, pixels: 95 % of the points move less.
        correction_deg: Rotation vector about the camera's own x, y, z axes that corrects the pose, degrees:
            `R_corrected = R_given @ R(correction)`.
        correction_bound_deg: Once corrected, the rotation is off by less than this in 95 of 100 cases.
        rotation_quaternion: The corrected rotation, `w, x, y, z`; None where that bound is above one degree.
        not_observable: What the data does not tell about: `pitch` (x), `yaw` (y), `roll` (z), and the numbers
            in `directions` to which it sets no limit.
        directions: Estimates of other numbers than the rotation.
        other: For a swapped camera: the camera whose calibration it seems to have.
    """

    sensor: str
    verdict: str
    confidence: float
    share_in_view: float
    points_in_view: int
    score: float
    explanation: str
    images: int = 0
    hint: str = ""
    severity: Severity = Severity.INFO
    rotation_error_deg: float | None = None
    rotation_deviation_deg: float | None = None
    rotation_bound_deg: float | None = None
    pixel_error: float | None = None
    pixel_bound: float | None = None
    correction_deg: Vector | None = None
    correction_bound_deg: float | None = None
    rotation_quaternion: dict[str, float] | None = None
    not_observable: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = ()
    other: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The verdict as plain JSON values."""
        values = attrs.asdict(self)
        values["severity"] = self.severity.value
        # JSON knows lists, and no infinity.
        for key in ("correction_deg", "not_observable"):
            values[key] = None if values[key] is None else list(values[key])
        values["directions"] = [
            {key: _finite(value) for key, value in direction.items()} for direction in values["directions"]
        ]
        return values


def judge_cameras(
    evidence: Evidence | Sequence[Evidence],
    sensors: Mapping[str, BaseCalibration],
    bar: Bar | None = None,
    progress: CameraProgress | None = None,
) -> list[CameraVerdict]:
    """Judge every camera that can be projected with and has images.

    When most of them do not fit, the lidars are tried as well; one that was used with a classic mistake which
    explains the cameras has a verdict after theirs.

    Args:
        evidence: Points and images of some frames of a scene, or of each scene that shares the calibration.
        sensors: Sensor name to calibration.
        bar: The error that is accepted.
        progress: Called before each camera with its name, its number from 1 on, and how many there are.
    """
    seen = Observations([evidence] if isinstance(evidence, Evidence) else evidence, sensors)
    judges, verdicts = [], []
    for number, name in enumerate(seen.lenses, start=1):
        if progress is not None:
            progress(name, number, len(seen.lenses))
        judges.append(_Judge(seen, name, bar or Bar()))
        verdicts.append(judges[-1].verdict())
    shared = _shared(judges)
    if shared is not None:
        return [judge.with_shared(v, shared) for judge, v in zip(judges, verdicts, strict=True)]
    blamed = _blame_lidars(seen, judges, verdicts)
    return blamed if blamed is not None else _beside_others(judges, verdicts)


def _shared(judges: Sequence[_Judge]) -> SharedNumber | None:
    """The number that is wrong of all cameras together."""
    known = [(j.camera, j.objective, j.estimate) for j in judges]
    objectives = {camera: objective for camera, objective, _ in known if objective is not None}
    estimates = {camera: estimate for camera, _, estimate in known if estimate is not None}
    tried = [estimate_shared(objectives, estimates, name) for name in SHARED]
    wrong = [one for one in tried if one is not None and is_wrong(one)]
    return max(wrong, key=lambda one: one.direction.alone_ratio, default=None)


def findings_of(verdicts: Sequence[CameraVerdict]) -> Iterator[Finding]:
    """The verdicts as findings."""
    for verdict in verdicts:
        code = verdict.verdict
        yield broken(
            f"camera-{code}" if code in ("consistent", "undecided") else code,
            verdict.explanation,
            verdict.hint,
            severity=verdict.severity,
            sensor=verdict.sensor,
            value=_value(verdict),
            confidence=round(verdict.confidence, 2),
        )


def _value(verdict: CameraVerdict) -> float:
    """The rotation error of a finding that is about one, else the score."""
    if verdict.rotation_error_deg is not None:
        return round(verdict.rotation_error_deg, 2)
    return round(verdict.score, 2)


class _Judge:
    """One camera."""

    def __init__(self, seen: Observations, camera: str, bar: Bar) -> None:
        self.seen = seen
        self.camera = camera
        self._bar = bar
        self.objective = seen.objective(camera)
        self._told: tuple[Direction, ...] = ()
        self.estimate: RotationEstimate | None = None
        if self.objective is not None:
            self.estimate = estimate_rotation(self.objective)

    @cached_property
    def decision(self) -> Decision:
        """What is said about the camera."""
        return decide(self)

    @cached_property
    def _in_view(self) -> tuple[int, float]:
        return self.seen.in_view(self.camera)

    @property
    def fits(self) -> bool:
        """Whether a small correction, or none, stands out."""
        return self.decision.answer in (Answer.CONSISTENT, Answer.OFF)

    def verdict(self) -> CameraVerdict:
        decision, estimate = self.decision, self.estimate
        if decision.cause is not None:
            return self._mistake(decision, decision.cause)
        if decision.direction is not None:
            return self._other_number(decision.direction)
        if estimate is None:
            return self._too_few()
        return self._rotation(estimate) if self.fits else self._no_fit(estimate)

    # What `decide` asks for.

    def directions(self) -> tuple[Direction, ...]:
        return () if self.estimate is None else self._directions(self.estimate)

    def directions_near(self) -> tuple[Direction, ...]:
        return self._near

    @cached_property
    def _near(self) -> tuple[Direction, ...]:
        if self.estimate is None or self.objective is None:
            return ()
        landscape = self.estimate.landscape
        return self._directions(refine(self.objective, attrs.evolve(landscape, peaks=(landscape.given,))))

    def tried(self) -> list[Tried]:
        return [
            Tried(
                code=trial.hypothesis.code,
                index=index,
                height=trial.height,
                leaves_little=trial.leaves_little,
            )
            for index, trial in enumerate(self._trials)
        ]

    @cached_property
    def _trials(self) -> list[Trial]:
        return try_mistakes(self.seen, self.camera)

    def _directions(self, estimate: RotationEstimate) -> tuple[Direction, ...]:
        objective = self.objective
        assert objective is not None
        self._told = estimate_directions(objective, estimate, TOLERANCES)
        return self._told

    def _common(self, **values: Any) -> CameraVerdict:
        estimate = self.estimate
        points, share = self._in_view
        given: dict[str, Any] = {
            "sensor": self.camera,
            "share_in_view": share,
            "points_in_view": points,
            "images": 0 if estimate is None else estimate.images,
            "score": 0.0 if estimate is None else estimate.landscape.contrast,
            "confidence": 0.0,
        }
        return CameraVerdict(**{**given, **values})

    def _too_few(self) -> CameraVerdict:
        _, share = self._in_view
        if share == 0:
            return self._common(
                verdict="camera-no-points",
                severity=Severity.WARNING,
                confidence=0.8,
                explanation="no point of the lidar appears in the image",
                hint="check the camera's pose, and whether the lidar covers what the camera sees",
            )
        return self._common(
            verdict="undecided",
            explanation=f"fewer than {FEWEST_POINTS} points of the lidar appear in the image, too few to "
            "estimate the calibration",
        )

    @property
    def is_strange(self) -> bool:
        """Whether many points are in view, and the calibration as given is little above chance."""
        decision, estimate = self.decision, self.estimate
        return (
            estimate is not None
            and decision.answer is Answer.UNDECIDED
            and decision.cause is None
            and decision.direction is None
            and estimate.landscape.given_contrast < THRESHOLDS.strange
            and estimate.in_view * estimate.images >= THRESHOLDS.strange_points
        )

    def beside_others(self, fitting: int) -> CameraVerdict:
        """The verdict of a strange camera, where other cameras tell more."""
        assert self.estimate is not None
        others = f"{counted(fitting, 'other camera')} fit" if fitting else "no other camera fits"
        return self._unfit(self.estimate, f"; {others}")

    def _unfit(self, estimate: RotationEstimate, others: str = "") -> CameraVerdict:
        landscape = estimate.landscape
        if is_outdone(estimate):
            times = landscape.contrast / max(landscape.given_contrast, 1.0)
            sizes = " or ".join(f"{np.linalg.norm(peak.rotation):.0f}" for peak in landscape.peaks[:2])
            what = (
                f"fit it {times:.1f} times as well when they are rotated by {sizes} degrees, but not clearly "
                "enough to say which of these is right"
            )
        else:
            what = "do not fit it, and no rotation within 20 degrees stands out that makes them fit"
        return self._common(
            verdict="camera-does-not-fit",
            severity=Severity.WARNING,
            confidence=min(0.9, 0.6 + max(THRESHOLDS.unfit - landscape.given_contrast, 0) / 10),
            explanation=f"{round(estimate.in_view)} points of the lidar appear in the image and {what} "
            f"{_agreement(estimate)}{others}",
            hint="check the rotation of the camera, and that images, point clouds and calibration are of the "
            "same drive and time",
        )

    def _no_fit(self, estimate: RotationEstimate) -> CameraVerdict:
        if self.decision.answer is Answer.UNFIT:
            return self._unfit(estimate)
        if stands_out(estimate):
            return self._common(
                verdict="undecided",
                explanation=f"the data limits the rotation error only to {bound_deg(estimate):.0f} degrees "
                f"({_images(estimate)})",
            )
        return self._common(
            verdict="undecided",
            explanation="the data does not determine the calibration: points and image agree about as well "
            f"at different rotations {_agreement(estimate)}",
        )

    def _other_number(self, found: Direction) -> CameraVerdict:
        """A number besides the rotation is wrong."""
        what, hint = _in_words(found)
        return self._common(
            verdict=_CODES[found.name],
            severity=Severity.WARNING,
            confidence=_sure(5 * (found.ratio - THRESHOLDS.direction_ratio)),
            explanation=f"{what}; points and image then agree {found.ratio:.1f} times as well",
            hint=hint,
            directions=self._told,
        )

    def with_shared(self, verdict: CameraVerdict, shared: SharedNumber) -> CameraVerdict:
        """The verdict, where a number that all cameras have in common is wrong.

        It replaces the verdicts of the cameras whose errors it explains; others keep theirs.
        """
        found = shared.direction
        is_explained = self.camera in shared.better and not self.decision.sure
        if self.decision.answer is Answer.CONSISTENT and self.camera not in shared.level:
            is_explained = False
        if not is_explained:
            return verdict
        what, hint = _in_words(found)
        self._told = (*(d for d in self._told if d.name != found.name), found)
        return self._common(
            verdict=_CODES[found.name],
            severity=Severity.WARNING,
            confidence=_sure(found.alone_gain - THRESHOLDS.shared_gain + 1),
            explanation=f"{what}; {counted(len(shared.better), 'camera')} together say so, and points and "
            f"images then agree {found.ratio:.1f} times as well",
            hint=hint,
            directions=self._told,
        )

    def _rotation(self, estimate: RotationEstimate) -> CameraVerdict:
        """What the estimated rotation means."""
        bound = bound_deg(estimate)
        per_degree = self._pixels_per_degree()
        axes = zip(("pitch", "yaw", "roll"), estimate.observable, strict=True)
        blind = tuple(axis for axis, is_known in axes if not is_known)
        common: dict[str, Any] = {
            "rotation_error_deg": estimate.size_deg,
            "rotation_deviation_deg": estimate.deviation(),
            "rotation_bound_deg": bound,
            "pixel_error": self._displacement(estimate.supported),
            "pixel_bound": bound * per_degree,
            "correction_deg": estimate.correction,
            "correction_bound_deg": estimate.correction_bound,
            "rotation_quaternion": self._corrected(estimate.correction) if estimate.is_certain else None,
            "not_observable": blind,
            "directions": self._told,
        }
        if self.decision.answer is Answer.OFF:
            return self._off(estimate, common)
        landscape, least = estimate.landscape, THRESHOLDS
        limits, unlimited = self._limits()
        common["not_observable"] = (*blind, *unlimited)
        unseen = [*blind, *map(self._spoken, unlimited)]
        also = "".join(f"; {text}" for text in limits)
        also += f"; not observable: {', '.join(unseen)}" if unseen else ""
        return self._common(
            verdict="consistent",
            confidence=_sure(min(landscape.contrast - least.contrast, 4 * (landscape.lead - least.lead))),
            explanation=f"consistent with a rotation error below {bound:.1f} degrees, "
            f"{bound * per_degree:.0f} px ({_images(estimate)}){also}",
            **common,
        )

    def _limits(self) -> tuple[list[str], list[str]]:
        """What other numbers are right within, in words, and those to which the data sets no limit."""
        known, unknown = [], []
        for direction in self._told:
            if direction.name == RECTIFIED:
                continue
            if not math.isfinite(direction.bound):
                unknown.append(direction.name)
            elif direction.name == "k1":
                moved = max(self._moved(Change(k1=limit)) for limit in (direction.low, direction.high))
                known.append(f"lens distortion right to {moved:.0f} px")
            else:
                known.append(_WITHIN[direction.name].format(direction.bound))
        return known, unknown

    def _spoken(self, name: str) -> str:
        """A direction in words."""
        if name == "time_offset":
            stands = self.objective is not None and not moves(self.objective)
            return "image time (points hardly move)" if stands else "image time"
        return "lens distortion" if name == "k1" else name.replace("_", " ")

    def _off(self, estimate: RotationEstimate, common: dict[str, Any]) -> CameraVerdict:
        x, y, z = estimate.correction
        outside = estimate.outside
        if estimate.is_certain:
            uncertain = ""
            remedy = f"or set rotation_quaternion to {_pasted(common['rotation_quaternion'])}"
        else:
            uncertain = f"; this correction is uncertain by {estimate.correction_bound:.1f} degrees"
            remedy = "or check more frames of the drive together to get a correction that can be used"
        return self._common(
            verdict="camera-misaligned",
            severity=self._severity(estimate, common),
            confidence=_sure(
                min(outside - THRESHOLDS.excess, 2 * (estimate.gain - THRESHOLDS.gain_of_far)) + 1
            ),
            explanation=f"rotation error of {estimate.size_deg:.1f} degrees (standard deviation "
            f"{estimate.deviation():.1f}), {common['pixel_error']:.0f} px: rotating the camera by {x:+z.2f}, "
            f"{y:+z.2f}, {z:+z.2f} degrees about its own x, y, z axes fits better{uncertain}",
            hint=f"calibrate the rotation again, {remedy}; if the vehicle moves, check the times of image "
            "and points as well",
            **common,
        )

    def _severity(self, estimate: RotationEstimate, common: dict[str, Any]) -> Severity:
        """An error if the rotation is beyond the accepted error beyond doubt."""
        limits = [self._bar.max_error_deg]
        if self._bar.max_error_px is not None:
            limits.append(self._bar.max_error_px * estimate.size_deg / max(common["pixel_error"], 1e-9))
        limit = max(min(limits), TOLERANCE_DEG)
        is_error = excess(estimate.rotation, estimate.covariance, limit) >= THRESHOLDS.excess
        return Severity.ERROR if is_error else Severity.WARNING

    def _corrected(self, correction: Vector) -> dict[str, float]:
        return _quaternion(self.seen.poses[self.camera].rotation @ rotation_of(correction))

    def _displacement(self, rotation: Vector) -> float:
        return self._moved(Change(rotation=rotation))

    def _moved(self, change: Change) -> float:
        assert self.objective is not None
        return self.objective.displacement(change)

    def _pixels_per_degree(self) -> float:
        return max(self._displacement((1.0, 0.0, 0.0)), self._displacement((0.0, 1.0, 0.0)))

    def _mistake(self, decision: Decision, cause: Tried) -> CameraVerdict:
        """A classic mistake explains the data."""
        hypothesis, height = self._trials[cause.index].hypothesis, cause.height
        rival = None if decision.rival is None else self._trials[decision.rival.index].hypothesis
        small = 0.0 if self.estimate is None else height_of(self.estimate.landscape)
        pose = hypothesis.pose if hypothesis.other is None else None
        also = f", or {rival.mistake}" if rival is not None else ""
        return self._common(
            verdict=hypothesis.code,
            severity=Severity.ERROR if decision.sure else Severity.WARNING,
            confidence=_sure(min(height - THRESHOLDS.cause_contrast, 4 if decision.sure else 1)),
            explanation=f"{hypothesis.mistake}{also} (agreement {height:.1f} standard deviations above "
            f"chance with that undone, {small:.1f} with any rotation within 20 degrees)",
            hint=_hint(hypothesis.hint, pose),
            other=hypothesis.other,
            score=height,
            rotation_quaternion=None if pose is None else _quaternion(pose.rotation),
        )


def _agreement(estimate: RotationEstimate) -> str:
    landscape = estimate.landscape
    return (
        f"(agreement {landscape.given_contrast:.1f} standard deviations above chance as given, "
        f"{landscape.contrast:.1f} at the best rotation, {landscape.lead:.1f} times the next best)"
    )


def _images(estimate: RotationEstimate) -> str:
    return counted(estimate.images, "image")


def _beside_others(judges: Sequence[_Judge], verdicts: Sequence[CameraVerdict]) -> list[CameraVerdict]:
    """Cameras that alone say too little do not fit where others tell more about the same points.

    With two cameras that fit, points and scene are right and have structure; with none that fits and most
    that do not, what is wrong is the same for all.
    """
    fitting = sum(judge.fits and not judge.decision.direction for judge in judges)
    unfit = sum(judge.decision.answer is Answer.UNFIT for judge in judges)
    if fitting < _COMPANY and (fitting or unfit < _COMPANY or 2 * unfit < len(judges)):
        return list(verdicts)
    return [
        judge.beside_others(fitting) if judge.is_strange else verdict
        for judge, verdict in zip(judges, verdicts, strict=True)
    ]


def _blame_lidars(
    seen: Observations, judges: Sequence[_Judge], verdicts: Sequence[CameraVerdict]
) -> list[CameraVerdict] | None:
    """Blame a lidar for what most cameras have in common; None if that explains nothing."""
    cause = _lidar_cause(seen, judges, verdicts)
    if cause is None:
        return None
    mistake, pose = cause.hypothesis.mistake, cause.hypothesis.pose
    cleared = [
        CameraVerdict(
            sensor=verdict.sensor,
            verdict="undecided",
            confidence=0.0,
            share_in_view=verdict.share_in_view,
            points_in_view=verdict.points_in_view,
            images=verdict.images,
            score=verdict.score,
            explanation=f"the points of {cause.lidar} are wrong ({mistake}); with that corrected the "
            f"agreement is {cause.heights[verdict.sensor]:.1f} standard deviations above chance",
        )
        for verdict in verdicts
    ]
    blamed = CameraVerdict(
        sensor=cause.lidar,
        verdict=cause.hypothesis.code,
        severity=Severity.ERROR if cause.fitting >= 2 else Severity.WARNING,
        confidence=_sure(cause.height - THRESHOLDS.cause_contrast),
        share_in_view=float(np.mean([v.share_in_view for v in verdicts])),
        points_in_view=round(float(np.mean([v.points_in_view for v in verdicts]))),
        images=sum(v.images for v in verdicts),
        score=cause.height,
        explanation=f"{mistake} (mean agreement of the cameras {cause.height:.1f} standard deviations above "
        f"chance with that undone, {cause.given:.1f} as given)",
        hint=_hint(cause.hypothesis.hint, pose),
        rotation_quaternion=None if pose is None else _quaternion(pose.rotation),
    )
    return [*cleared, blamed]


def _lidar_cause(
    seen: Observations, judges: Sequence[_Judge], verdicts: Sequence[CameraVerdict]
) -> LidarCause | None:
    """The mistake about a lidar that explains most cameras by far better than a motion, or one of theirs."""
    doubtful = sum(not judge.fits for judge in judges)
    explained = sum(verdict.severity is Severity.ERROR for verdict in verdicts)
    # One camera with an explanation of its own is the simpler case; two are not.
    if 2 * doubtful <= len(judges) or (len(judges) == 1 and explained):
        return None
    cause = find_lidar_cause(
        seen, {j.camera: None if j.estimate is None else j.estimate.landscape for j in judges}
    )
    if cause is None:
        return None
    in_motion = float(np.mean([contrast_in_motion(judge) for judge in judges]))
    return cause if cause.height >= THRESHOLDS.cause_lead * in_motion else None


def _quaternion(rotation: FloatArray) -> dict[str, float]:
    return {key: float(value) for key, value in zip("wxyz", quaternion_of(rotation), strict=True)}


def _pasted(values: Mapping[str, float]) -> str:
    """Numbers by name, as they are pasted into a calibration file."""
    return "{" + ", ".join(f"{key}: {value:.6f}" for key, value in values.items()) + "}"


def _hint(text: str, pose: Rigid | None) -> str:
    """A hint, with the pose that would be right if there is one."""
    if pose is None:
        return text
    position = dict(zip("xyz", map(float, pose.position), strict=True))
    rotation = _pasted(_quaternion(pose.rotation))
    return f"{text}; corrected: position {_pasted(position)}, rotation_quaternion {rotation}"


def _in_words(direction: Direction) -> tuple[str, str]:
    """What a direction found means, and what to do."""
    value, deviation = direction.correction, direction.deviation
    if direction.name == "focal_length":
        return (
            f"the focal length is off by {value:+.1f} % (standard deviation {deviation:.1f})",
            "check that camera_matrix is of images of this size, or calibrate the intrinsics again",
        )
    if direction.name == RECTIFIED:
        hint = (
            "rectified images need distortion coefficients of 0, and the camera matrix of the rectification"
        )
        return (
            "the images seem to be rectified already: their lens distortion has been removed",
            f"{hint}; if they are raw, calibrate the lens again",
        )
    if direction.name == "k1":
        hint = "check whether the images are rectified: rectified images need distortion coefficients of 0, "
        return (
            f"the lens distortion does not fit: {value:+.2f} on k1 is better (deviation {deviation:.2f})",
            hint + "others the coefficients of the lens",
        )
    if direction.name == "vehicle_motion":
        way = "forward" if value > 0 else "backward"
        what = (
            f"the vehicle moved {abs(value):.1f} m {way} (standard deviation {deviation:.1f}) between points "
        )
        hint = "give IMU data or ego poses, and the shutter times of the images"
        return what + "and image, and the scene does not say how it moves", hint
    if direction.name == "vehicle_speed":
        way = "forward" if value > 0 else "backward"
        what = f"the vehicle moves {way} at about {abs(value):.0f} m/s (standard deviation {deviation:.0f})"
        return f"{what}, and the scene does not say so", "give IMU data or ego poses"
    hint = (
        "check the shutter times of the images, the times of the points, and that images and clouds are of "
    )
    later = "later" if value > 0 else "earlier"
    return (
        f"the images were taken {abs(value):.0f} ms {later} than stated (standard deviation {deviation:.0f})",
        hint + "the same frame",
    )


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _sure(value: float) -> float:
    """A number around 0 as a confidence, which never is certainty."""
    return min(_MOST_CONFIDENT, float(1 / (1 + np.exp(-value))))
