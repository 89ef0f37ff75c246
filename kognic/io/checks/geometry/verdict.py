"""Is each camera's calibration right? A verdict from the lidar points of a few frames.

The given calibration and every classic mistake (`hypotheses`) are tried. Each is scored by how much better
points agree with the image at its own place than with the image shifted around or mirrored, which fit no
calibration; the score counts standard deviations. A mistake is named only if the given calibration scores
like chance and the corrected one clearly does not. A small rotation is reported only if it fits much better
and is larger than what unknown motion between lidar and camera explains.

Numbers below were set on real recordings of five data sets: right calibrations score 6.6 and more, wrong ones
5.1 and less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from kognic.io.checks.findings import Finding, Severity
from kognic.io.checks.geometry.alignment import ImageFeatures, Scale, SeenPoints, agreement, describe_points
from kognic.io.checks.geometry.errors import CameraError
from kognic.io.checks.geometry.evidence import Evidence, FrameEvidence, Picture
from kognic.io.checks.geometry.hypotheses import Hypothesis, hypotheses
from kognic.io.checks.geometry.optics import Optics
from kognic.io.checks.geometry.poses import FloatArray, Rigid, angle_between_deg, rotate_about
from kognic.io.checks.geometry.projection import can_project, is_camera, optics_of, project_with
from kognic.io.checks.rules import broken

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration

CONVINCING = 6.0
"""From this score on points and image agree beyond doubt."""
CHANCE = 4.0
"""Up to this score a calibration may as well be any other."""
_MARGIN, _NEAR_MARGIN = 3.0, 6.0
_MOST_POINTS = 6000
"""Points per camera, over all frames; more cost time and tell little."""
_FEWEST_POINTS = 120
_SAME_DEG, _NEAR_DEG, _SAME_M = 0.5, 3.0, 0.5
_SHIFTS = tuple(
    (share / 8, mirrored) for mirrored in (False, True) for share in range(8) if share or mirrored
)
_NARROW_DEG, _WIDE_DEG = 4, 7
# How far off a rotation must be, degrees, before it is reported: what the score gains decides. Unknown motion
# between lidar and image looks like a turn of up to two degrees, but gains little.
_TURNS = ((1.5, 12.0), (2.6, 2.5))
_TURNS_WITH_MOTION = ((1.5, 5.0), (2.0, 2.5))


@attrs.frozen(kw_only=True)
class CameraVerdict:
    """What the lidar says of one camera's calibration.

    Attributes:
        sensor: The camera.
        verdict: `confirmed`, `undecided`, or the code of the rule that is broken.
        confidence: How sure that is, 0 to 1.
        share_in_view: Share of all points that appear in the image.
        points_in_view: Their number, mean over the frames looked at.
        score: How far the agreement of points and image is above chance, standard deviations.
        explanation: The verdict as a sentence.
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
    turn_deg: tuple[float, float, float] | None = None
    other: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The verdict as plain JSON values."""
        return attrs.asdict(self)


@attrs.frozen(eq=False)
class _Shot:
    """One image, and the points of its frame in the reference system at its time."""

    features: ImageFeatures
    points: FloatArray
    intensity: FloatArray


@attrs.frozen(eq=False)
class _Trial:
    """How well a pose fits; share and number of points in view are means over the frames."""

    pose: Rigid
    score: float
    share: float
    count: int


@attrs.frozen(eq=False)
class _Turned:
    """A small rotation, degrees about the camera's x, y and z, and how well the camera fits with it."""

    angles: tuple[float, float, float]
    trial: _Trial


class _Camera:
    """One camera with everything to score poses against."""

    def __init__(self, name: str, calibration: Any, shots: Sequence[_Shot]) -> None:
        self.name = name
        self.shots = shots
        self.limit = _MOST_POINTS // max(len(shots), 1)
        self.size = (calibration.image_width, calibration.image_height)
        self.optics: Optics = optics_of(calibration)
        rotation = calibration.rotation_quaternion
        self.quaternion = np.array([rotation.w, rotation.x, rotation.y, rotation.z])

    def try_pose(self, pose: Rigid) -> _Trial:
        """Score a pose over all shots."""
        found, shares, counts = [], [], []
        for shot in self.shots:
            seen, count = self._seen(shot, pose)
            counts.append(count)
            shares.append(count / len(shot.points))
            if seen is not None:
                found.append([_with_shifts(seen[scale], shot.features, scale) for scale in Scale])
        score = 0.0
        if found:
            # Frames are averaged before they are compared with chance: its spread shrinks with them.
            mean = np.mean(np.array(found), axis=0)
            chance = mean[:, 1:]
            score = float(((mean[:, 0] - chance.mean(axis=1)) / (chance.std(axis=1) + 0.003)).sum())
        return _Trial(pose, score, float(np.mean(shares)), round(float(np.mean(counts))))

    def search(self, pose: Rigid, reach_deg: int) -> tuple[tuple[float, float, float], float, float, Rigid]:
        """The small rotation that fits best on the fine scale.

        Args:
            pose: Where the camera is taken to be.
            reach_deg: How far to turn it each way.

        Returns:
            Its angles about x, y, z in degrees, its agreement, that of no rotation, and the pose with it.
        """
        prepared = [item for shot in self.shots if (item := self._prepare(shot, pose)) is not None]
        if not prepared:
            return (0.0, 0.0, 0.0), 0.0, 0.0, pose

        def fit(pitch: float, yaw: float, roll: float) -> float:
            turn = _turn(pitch, yaw, roll)
            return float(np.mean([self._agreement_turned(item, turn) for item in prepared]))

        pitches, yaws = np.arange(1.0 - reach_deg, reach_deg), np.arange(-reach_deg, reach_deg + 1.0)
        landscape = {(p, y, 0.0): fit(p, y, 0.0) for p, y in product(pitches, yaws)}
        best = max(landscape, key=lambda angles: landscape[angles])
        for step in (1.0, 0.5):
            around = [(best[0] + a, best[1] + b, best[2] + c) for a, b, c in _neighbours(step)]
            for angles in around:
                if angles not in landscape:
                    landscape[angles] = fit(*angles)
            best = max(landscape, key=lambda angles: landscape[angles])
        turned = Rigid(pose.rotation @ _turn(*best).T, pose.position)
        angles = (float(best[0]), float(best[1]), float(best[2]))
        return angles, landscape[best], landscape[0.0, 0.0, 0.0], turned

    def _prepare(self, shot: _Shot, pose: Rigid) -> tuple[_Shot, SeenPoints, FloatArray] | None:
        seen, _ = self._seen(shot, pose)
        if not seen:
            return None
        points = seen[Scale.FINE]
        rays = pose.inverse().apply(shot.points[self._chosen(shot, pose)])
        return shot, points, rays

    def _agreement_turned(self, item: tuple[_Shot, SeenPoints, FloatArray], turn: FloatArray) -> float:
        shot, points, rays = item
        pixels = project_with(rays @ turn.T, Rigid.identity(), self.optics, self.size).pixels
        return agreement(points, shot.features, Scale.FINE, pixels / shot.features.scale)

    def _chosen(self, shot: _Shot, pose: Rigid) -> np.ndarray[Any, np.dtype[np.intp]]:
        visible = np.flatnonzero(project_with(shot.points, pose.inverse(), self.optics, self.size).visible)
        if len(visible) > self.limit:
            visible = np.sort(np.random.default_rng(0).choice(visible, self.limit, replace=False))
        return visible

    def _seen(self, shot: _Shot, pose: Rigid) -> tuple[dict[Scale, SeenPoints] | None, int]:
        projection = project_with(shot.points, pose.inverse(), self.optics, self.size)
        total = int(np.count_nonzero(projection.visible))
        if total < _FEWEST_POINTS:
            return None, total
        chosen = self._chosen(shot, pose)
        pixels = projection.pixels[chosen] / shot.features.scale
        described = {
            scale: describe_points(
                pixels,
                projection.depth[chosen],
                shot.points[chosen, 2],
                shot.intensity[chosen],
                shot.features.size,
                scale,
            )
            for scale in Scale
        }
        return described, total


def judge_cameras(evidence: Evidence, sensors: Mapping[str, BaseCalibration]) -> list[CameraVerdict]:
    """Judge every camera that can be projected with and has images.

    Args:
        evidence: Points and images of some frames.
        sensors: Sensor name to calibration.
    """
    cameras = _cameras(evidence, sensors)
    poses = {name: Rigid.of_sensor(sensors[name]) for name in cameras}
    given = {name: camera.try_pose(poses[name]) for name, camera in cameras.items()}
    verdicts = [_judge(camera, given[name], poses, evidence) for name, camera in cameras.items()]
    return _settle_swaps(verdicts, cameras, poses)


def findings_of(verdicts: Sequence[CameraVerdict]) -> Iterator[Finding]:
    """The verdicts as findings."""
    for verdict in verdicts:
        if verdict.verdict in ("confirmed", "undecided"):
            code, severity = f"camera-{verdict.verdict}", None
        else:
            code = verdict.verdict
            is_mistake = code not in ("camera-misaligned", "camera-no-points")
            severity = Severity.ERROR if is_mistake and verdict.confidence >= 0.9 else None
        problem, _, cure = verdict.explanation.partition("; ")
        yield broken(
            code,
            problem,
            cure,
            severity=severity,
            sensor=verdict.sensor,
            value=round(verdict.score, 2),
            confidence=round(verdict.confidence, 3),
        )


def _cameras(evidence: Evidence, sensors: Mapping[str, BaseCalibration]) -> dict[str, _Camera]:
    lidars: dict[str, Rigid] = {}
    for name, sensor in sensors.items():
        if not is_camera(sensor):
            try:
                lidars[name] = Rigid.of_sensor(sensor)
            except ValueError:
                continue  # reported by quaternion-value
    shots: dict[str, list[_Shot]] = {}
    for frame in evidence.frames:
        for picture in frame.pictures:
            points, intensity = _points_for(evidence, frame, picture, lidars)
            if len(points):
                shots.setdefault(picture.camera, []).append(_Shot(picture.features, points, intensity))
    cameras = {}
    for name, taken in shots.items():
        camera = sensors.get(name)
        if camera is None or not is_camera(camera) or not can_project(camera):
            continue
        try:
            Rigid.of_sensor(camera)
            cameras[name] = _Camera(name, camera, taken)
        except (CameraError, ValueError, ImportError):
            continue  # reported by quaternion-value or custom-module
    return cameras


def _points_for(
    evidence: Evidence, frame: FrameEvidence, picture: Picture, lidars: Mapping[str, Rigid]
) -> tuple[FloatArray, FloatArray]:
    return evidence.reference_points(frame, lidars, picture.time_ns)


def _judge(camera: _Camera, given: _Trial, poses: Mapping[str, Rigid], evidence: Evidence) -> CameraVerdict:
    def verdict(code: str, confidence: float, explanation: str, **more: Any) -> CameraVerdict:
        return CameraVerdict(
            sensor=camera.name,
            verdict=code,
            confidence=confidence,
            share_in_view=given.share,
            points_in_view=given.count,
            score=given.score,
            explanation=explanation,
            **more,
        )

    turned = _best_turn(camera, given, evidence)
    if given.score < CHANCE + 1:
        best = _best_mistake(camera, given, poses)
        # A small turn is the simpler explanation when both fit.
        if best is not None and (turned is None or best[1].score > turned.trial.score + 1):
            hypothesis, trial = best
            text = f"{hypothesis.mistake} (agreement {given.score:.1f} as given, {trial.score:.1f} corrected)"
            confidence = _logistic(trial.score - max(given.score, 0) - 2)
            return verdict(hypothesis.code, confidence, f"{text}; {hypothesis.cure}", other=hypothesis.other)
    if given.count < _FEWEST_POINTS:
        if given.count == 0:
            cure = "see the camera's pose, or whether it looks where the lidar does not"
            return verdict("camera-no-points", 0.8, f"no point of the lidar appears in the image; {cure}")
        text = f"{given.count} of the lidar's points appear in the image, too few to judge by"
        return verdict("undecided", 0.0, text)
    if turned is not None:
        x, y, z = turned.angles
        text = (
            f"a turn of {x:+.1f}, {y:+.1f}, {z:+.1f} degrees about the camera's x, y, z fits better "
            f"(agreement {given.score:.1f} as given, {turned.trial.score:.1f} turned)"
        )
        cure = (
            "calibrate the camera's rotation again; if the vehicle moves, see the times of image and points"
        )
        confidence = _logistic(turned.trial.score - given.score - 1)
        return verdict("camera-misaligned", confidence, f"{text}; {cure}", turn_deg=turned.angles)
    if given.score >= CONVINCING:
        text = f"points and image agree (score {given.score:.1f}, chance is below {CHANCE:g})"
        return verdict("confirmed", _logistic(given.score - CHANCE), text)
    text = f"points and image do not tell (score {given.score:.1f}; {CONVINCING:g} would confirm it)"
    return verdict("undecided", 0.0, text)


def _best_turn(camera: _Camera, given: _Trial, evidence: Evidence) -> _Turned | None:
    """The small rotation that fits clearly better than none, if one does."""
    if given.count < _FEWEST_POINTS:
        return None
    reach = _NARROW_DEG if given.score >= CONVINCING else _WIDE_DEG
    angles, best_fit, plain_fit, pose = camera.search(given.pose, reach)
    size = float(np.linalg.norm(angles))
    limits = _TURNS if evidence.trajectory is None else _TURNS_WITH_MOTION
    if size < limits[0][0] or best_fit <= 1.3 * plain_fit:
        return None
    trial = camera.try_pose(pose)
    gain = trial.score - given.score
    if trial.score >= CONVINCING and any(size >= turn and gain >= needed for turn, needed in limits):
        return _Turned(angles, trial)
    return None


def _best_mistake(
    camera: _Camera, given: _Trial, poses: Mapping[str, Rigid]
) -> tuple[Hypothesis, _Trial] | None:
    """The classic mistake that explains the data, if one does."""
    found: list[tuple[Hypothesis, _Trial]] = []
    for hypothesis in hypotheses(camera.name, poses, camera.quaternion):
        distance = angle_between_deg(hypothesis.pose.rotation, given.pose.rotation)
        moved = float(np.linalg.norm(hypothesis.pose.position - given.pose.position))
        if distance < _SAME_DEG and moved < _SAME_M:
            continue
        is_near = distance < _NEAR_DEG and moved < _SAME_M
        trial = camera.try_pose(hypothesis.pose)
        margin = _NEAR_MARGIN if is_near else _MARGIN
        needed = CONVINCING if given.count >= _FEWEST_POINTS else CHANCE + 0.5
        if trial.score >= needed and trial.score >= given.score + margin:
            found.append((hypothesis, trial))
    return max(found, key=lambda item: item[1].score, default=None)


def _settle_swaps(
    verdicts: Sequence[CameraVerdict], cameras: Mapping[str, _Camera], poses: Mapping[str, Rigid]
) -> list[CameraVerdict]:
    """Name pairs of cameras that fit each other's calibration together, though neither may alone."""
    settled = {verdict.sensor: verdict for verdict in verdicts}
    open_ones = [v.sensor for v in verdicts if v.score < CHANCE + 1]
    for first, second in combinations(open_ones, 2):
        trials = (cameras[first].try_pose(poses[second]), cameras[second].try_pose(poses[first]))
        given = settled[first].score + settled[second].score
        together = trials[0].score + trials[1].score
        if together < 1.5 * CONVINCING or together < given + 2 * _MARGIN or min(t.score for t in trials) < 2:
            continue
        for name, other, trial in ((first, second, trials[0]), (second, first, trials[1])):
            settled[name] = attrs.evolve(
                settled[name],
                verdict="cameras-swapped",
                confidence=_logistic(together - given - _MARGIN),
                explanation=(
                    f"the camera has the calibration of {other} and the other way round (agreement "
                    f"{settled[name].score:.1f} as given, {trial.score:.1f} exchanged); "
                    f"exchange {first} and {second}, in the calibration or in the scene"
                ),
                other=other,
                turn_deg=None,
            )
    return [settled[verdict.sensor] for verdict in verdicts]


def _with_shifts(points: SeenPoints, image: ImageFeatures, scale: Scale) -> list[float]:
    """Agreement with the image at its own place, then at shifted and mirrored ones."""
    width = image.size[0]
    found = [agreement(points, image, scale)]
    for share, mirrored in _SHIFTS:
        columns = points.pixels[:, 0]
        columns = width - 1e-6 - columns if mirrored else columns
        shifted = np.column_stack([(columns - share * width) % width, points.pixels[:, 1]])
        found.append(agreement(points, image, scale, shifted))
    return found


def _turn(pitch: float, yaw: float, roll: float) -> FloatArray:
    """Rotation of points in the camera system about x, then y, then z, degrees."""
    return np.asarray(
        rotate_about([0, 0, 1], roll) @ rotate_about([0, 1, 0], yaw) @ rotate_about([1, 0, 0], pitch)
    )


def _neighbours(step: float) -> Iterator[tuple[float, float, float]]:
    yield from product((-step, 0.0, step), (-step, 0.0, step), (-2 * step, 0.0, 2 * step))


def _logistic(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))
