"""The cameras of a scene as objectives: what was recorded, put together under an assumption about the rig.

The assumption is the calibration as given, or one of its variants: another pose, a mirrored image, other axes
of a lidar. `hypotheses` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from kognic._core.camera_errors import CameraError
from kognic.scenes.calibration.evidence import Evidence, FrameEvidence, Picture
from kognic.scenes.calibration.features import ImageMaps, RayColumns, Rays, describe_image
from kognic.scenes.calibration.objective import (
    FEWEST_POINTS,
    Change,
    Lens,
    Objective,
    Shot,
    groups_of,
)
from kognic.scenes.calibration.search import FINE_POINTS, REACH_DEG
from kognic.scenes.geometry.optics import Optics
from kognic.scenes.geometry.poses import FloatArray, Rigid
from kognic.scenes.geometry.projection import can_project, is_camera, kind_of, optics_of
from kognic.scenes.geometry.shutter import RollingShutter

if TYPE_CHECKING:
    from kognic.io.model.calibration import BaseCalibration

# Points so far outside the view may come into it while rotations are searched, degrees.
_MARGIN_DEG = REACH_DEG + 2.0
# Clouds are thinned to so many points around the view before anything is computed; what it costs is bounded.
_MOST_POINTS = 60_000
# Half-width of the central difference.
_VELOCITY_STEP_NS = 10_000_000
# Frames add less and less; more of them share this many points per frame.
_MOST_FULL_FRAMES = 2


@attrs.frozen(kw_only=True, eq=False)
class Variant:
    """An assumption about how a camera was recorded; None and False mean as given.

    Attributes:
        pose: Motion from the camera to the reference system.
        lens: The lens, of another camera.
        points: Matrix that the points of every lidar are multiplied by in its own system, shape (3, 3).
        lidars: Motion from lidars to the reference system, by name; points of others are left out. With
            those, which lidar a point is of would explain the image wherever one lidar's points are moved to.
        mirrored, upside_down: The image is flipped left to right, top to bottom.
    """

    pose: Rigid | None = None
    lens: Lens | None = None
    points: FloatArray | None = None
    lidars: Mapping[str, Rigid] | None = None
    mirrored: bool = False
    upside_down: bool = False

    @property
    def only_flips(self) -> bool:
        """Whether the images are flipped, and nothing else is assumed: points are described as before."""
        others = (self.pose, self.lens, self.points, self.lidars)
        return (self.mirrored or self.upside_down) and all(other is None for other in others)


AS_GIVEN = Variant()


class Observations:
    """What some frames of scenes with one calibration tell of its cameras.

    Args:
        evidence: Of each scene.
        sensors: Sensor name to calibration.
    """

    def __init__(self, evidence: Sequence[Evidence], sensors: Mapping[str, BaseCalibration]) -> None:
        self.evidence = evidence
        self.sensors = sensors
        self.lidars = lidar_poses(sensors)
        self._maps: dict[tuple[int, int], ImageMaps] = {}
        self._last: tuple[Any, tuple[FloatArray, FloatArray, FloatArray | None]] | None = None
        self._unflipped: tuple[Any, Objective | None] | None = None

    @cached_property
    def lenses(self) -> dict[str, Lens]:
        """Every camera that has images and can be projected with."""
        pictured = {
            picture.camera: picture.image.size
            for one in self.evidence
            for frame in one.frames
            for picture in frame.pictures
        }
        found = {}
        for name in pictured:
            lens = lens_of(self.sensors.get(name))
            # Images of another size are for the rule image-size.
            if lens is not None and lens.size == pictured[name]:
                found[name] = lens
        return found

    @cached_property
    def poses(self) -> dict[str, Rigid]:
        """Motion from each of these cameras to the reference system."""
        return {name: Rigid.of_sensor(self.sensors[name]) for name in self.lenses}

    def in_view(self, camera: str) -> tuple[int, float]:
        """Number of points that appear in the image, and their share of all; means over the images."""
        lens, pose = self.lenses[camera], self.poses[camera].inverse()
        counts, shares = [], []
        for one in self.evidence:
            for frame, picture in _pairs(one, camera):
                points, _ = one.reference_points(frame, self.lidars, picture.time_ns)
                if len(points):
                    inside = lens.pixels(pose.apply(points), Change())[2]
                    counts.append(int(inside.sum()))
                    shares.append(float(inside.mean()))
        return (round(float(np.mean(counts))), float(np.mean(shares))) if shares else (0, 0.0)

    def objective(
        self,
        camera: str,
        variant: Variant = AS_GIVEN,
        *,
        limit: int = FINE_POINTS,
        images: int | None = None,
        refinable: bool = True,
    ) -> Objective | None:
        """The objective of a camera under an assumption; None when too few points are in view.

        Args:
            camera: One of `lenses`.
            variant: The assumption.
            limit: Most points in view per image.
            images: Use no more than so many images, the first that have enough points.
            refinable: It can be refined, which about doubles the cost of describing the points.
        """
        if variant.only_flips:
            return self._flipped(camera, variant, limit=limit, images=images, refinable=refinable)
        lens = variant.lens or self.lenses[camera]
        pose = variant.pose or self.poses[camera]
        shots: list[Shot] = []
        for one in self.evidence:
            for frame, picture in _pairs(one, camera):
                if images is not None and len(shots) >= images:
                    break
                shot = self._shot(one, frame, picture, lens, pose, variant, len(shots), refinable)
                if shot is not None:
                    shots.append(shot)
        if not shots:
            return None
        return Objective(lens, shots).thinned(limit * min(len(shots), _MOST_FULL_FRAMES))

    def _flipped(self, camera: str, variant: Variant, **asked: Any) -> Objective | None:
        """The objective with flipped images; the last one without is kept, as flips are tried in a row."""
        key = camera, asked
        if self._unflipped is None or self._unflipped[0] != key:
            self._unflipped = key, self.objective(camera, **asked)
        plain = self._unflipped[1]
        if plain is None:
            return None
        flips = {"mirrored": variant.mirrored, "upside_down": variant.upside_down}
        return Objective(plain.lens, [shot.with_maps(shot.maps.flipped(**flips)) for shot in plain.shots])

    def _shot(
        self,
        one: Evidence,
        frame: FrameEvidence,
        picture: Picture,
        lens: Lens,
        pose: Rigid,
        variant: Variant,
        index: int,
        refinable: bool,
    ) -> Shot | None:
        time = picture.time_ns
        reference, intensity, speed = self._moved(one, frame, time, variant)
        points = pose.inverse().apply(reference)
        inside = lens.pixels(points, Change())[2]
        if int(inside.sum()) < FEWEST_POINTS:
            return None
        near = _near_view(points, inside)
        velocity, delay = None, None
        if speed is not None:
            velocity = (speed @ pose.rotation)[near]
        elif time is not None and one.trajectory is None:
            delay = one.delays(frame, variant.lidars or self.lidars, time)
        points, inside = points[near], inside[near]
        if velocity is not None:
            points = _at_row_times(points, velocity, picture, lens)
        maps = self._described(picture, lens, variant)
        rays = Rays(points, reference[near, 2], intensity[near], lens.matrix[0] / maps.scale)
        group = groups_of(points, inside, index)
        forward = pose.rotation[0]

        def shot(found: RayColumns, fine: Shot | None) -> Shot:
            kept = found.index
            return Shot(
                maps,
                points[kept],
                found.columns,
                None if velocity is None else velocity[kept],
                group[kept],
                forward,
                None if delay is None else delay[near][kept],
                fine,
            )

        return shot(rays.to_search(), shot(rays.to_refine(), None) if refinable else None)

    def _moved(
        self, one: Evidence, frame: FrameEvidence, time: int | None, variant: Variant
    ) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        """Points in the reference system at the time of an image, intensities, and how the points move.

        The last are kept for poses and lenses to be tried with, and given up for those of another image.
        """
        key = id(frame), time
        is_plain = variant.points is None and variant.lidars is None
        if is_plain and self._last is not None and self._last[0] == key:
            return self._last[1]
        lidars = variant.lidars or self.lidars
        frame = _transformed(frame, variant.points)
        reference, intensity = one.reference_points(frame, lidars, time)
        speed = None
        if time is not None and one.trajectory is not None:
            speed = _velocity(one, frame, lidars, time)
        if is_plain:
            self._last = key, (reference, intensity, speed)
        return reference, intensity, speed

    def _described(self, picture: Picture, lens: Lens, variant: Variant) -> ImageMaps:
        key = id(picture), round(lens.matrix[0])
        if key not in self._maps:
            self._maps[key] = describe_image(picture.image, lens.matrix[0])
        maps = self._maps[key]
        if variant.mirrored or variant.upside_down:
            maps = maps.flipped(mirrored=variant.mirrored, upside_down=variant.upside_down)
        return maps


def lens_of(calibration: BaseCalibration | None) -> Lens | None:
    """A camera without its pose; None for what cannot be projected with, which other rules report."""
    if calibration is None or not is_camera(calibration) or not can_project(calibration):
        return None
    camera: Any = calibration
    width, height = camera.image_width, camera.image_height
    if width <= 0 or height <= 0:
        return None
    try:
        Rigid.of_sensor(calibration)
        optics = optics_of(calibration)
    except (CameraError, ValueError, ImportError):
        return None  # reported by quaternion-value, distortion-value or custom-module
    matrix = getattr(camera, "camera_matrix", None)
    if matrix is None:
        # A custom camera shows its focal length only by what it does: two rays a hundredth of a radian apart.
        with np.errstate(all="ignore"):
            u, _, _ = optics(np.array([0.0, 0.01]), np.zeros(2), np.ones(2))
        focal = float(abs(u[1] - u[0]) / 0.01)
        focal = focal if np.isfinite(focal) and focal > 1 else width / 2
        return Lens(optics, (width, height), (focal, focal, width / 2 - 0.5, height / 2 - 0.5))
    if matrix.fx <= 0 or matrix.fy <= 0:
        return None
    return Lens(optics, (width, height), (matrix.fx, matrix.fy, matrix.cx, matrix.cy), _straight(camera))


def _straight(camera: Any) -> Optics | None:
    """A pinhole camera without its distortion; None for others, and without any."""
    if kind_of(camera) != "pinhole":
        return None
    given = camera.distortion_coefficients
    if not any(attrs.astuple(given)):
        return None
    nothing = {field.name: 0.0 for field in attrs.fields(type(given))}
    return optics_of(attrs.evolve(camera, distortion_coefficients=type(given)(**nothing)))


def lidar_poses(sensors: Mapping[str, BaseCalibration]) -> dict[str, Rigid]:
    """Motion from each lidar to the reference system; those without one are reported by quaternion-value."""
    poses = {}
    for name, sensor in sensors.items():
        if not is_camera(sensor):
            try:
                poses[name] = Rigid.of_sensor(sensor)
            except ValueError:
                continue
    return poses


def _pairs(one: Evidence, camera: str) -> list[tuple[FrameEvidence, Picture]]:
    """The frames that have points, and the images of a camera in them."""
    return [
        (frame, picture)
        for frame in one.frames
        for picture in frame.pictures
        if picture.camera == camera and frame.clouds
    ]


def _transformed(frame: FrameEvidence, matrix: FloatArray | None) -> FrameEvidence:
    if matrix is None:
        return frame
    clouds = tuple(
        attrs.evolve(cloud, points=attrs.evolve(cloud.points, xyz=cloud.points.xyz @ matrix.T))
        for cloud in frame.clouds
    )
    return attrs.evolve(frame, clouds=clouds)


def _near_view(points: FloatArray, inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Points in view and around it, as far as a search can bring them in, thinned if there are very many."""
    distance = np.sqrt(np.einsum("ij,ij->i", points, points))
    rays = points / np.maximum(distance, 1e-6)[:, None]
    centre = rays[inside].mean(axis=0)
    length = float(np.linalg.norm(centre))
    if length < 1e-3:  # all around: there is no outside
        near = np.flatnonzero(distance > 0.1)  # metres; see below
    else:
        cosine = rays @ (centre / length)
        widest = np.arccos(np.clip(cosine[inside].min(), -1, 1)) + np.radians(_MARGIN_DEG)
        # Nearer points are inside the sensor, and errors of its position turn them out of view.
        near = np.flatnonzero((cosine > np.cos(min(widest, np.pi))) & (distance > 0.1))
    if len(near) > _MOST_POINTS:
        near = np.sort(np.random.default_rng(0).choice(near, _MOST_POINTS, replace=False))
    return near


def _velocity(evidence: Evidence, frame: FrameEvidence, lidars: Mapping[str, Rigid], time: int) -> FloatArray:
    """How points move in the reference system, m/s, at the time of an image."""
    after, _ = evidence.reference_points(frame, lidars, time + _VELOCITY_STEP_NS)
    before, _ = evidence.reference_points(frame, lidars, time - _VELOCITY_STEP_NS)
    return (after - before) / (2 * _VELOCITY_STEP_NS * 1e-9)


def _at_row_times(points: FloatArray, velocity: FloatArray, picture: Picture, lens: Lens) -> FloatArray:
    """Points of the middle of the exposure where they are when the row that shows them is exposed."""
    if picture.shutter is None or picture.shutter[0] == picture.shutter[1]:
        return points
    shutter = RollingShutter(
        duration_s=(picture.shutter[1] - picture.shutter[0]) * 1e-9,
        velocity=velocity,
        is_reversed=picture.reversed_shutter,
    )
    return shutter.moved(points, lambda moved: lens.pixels(moved, Change())[1], lens.size[1])
