"""How well points and images agree, as a function of what may be wrong in a calibration.

What the lidar knows of a point and what the image shows at its pixel (`features`) are independent when the
calibration is wrong, beyond what the position in the image alone explains: roads are below, skies above. So a
polynomial in the pixel position is taken out of both sides, and the objective is how many nats the one side
says about the other if both were Gaussian: -n log det(I - R R') over the canonical correlations R (Wilks'
statistic; T. W. Anderson, "An Introduction to Multivariate Statistical Analysis", chapter 9), less its mean
by chance. It needs no common unit, no edges sharper than the distance between points, and no training.

Neighbouring points are not independent, so the number is not a likelihood: only differences of it, against
how they vary from one part of the images to another, have a meaning. For that the points belong to groups,
and the objective can be computed without any one of them (`Objective.without_groups`).
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from kognic.scenes.calibration.features import Float32Array, ImageMaps
from kognic.scenes.geometry.optics import Optics
from kognic.scenes.geometry.poses import FloatArray, rotation_of

FEWEST_POINTS = 120
"""Fewer points in view say nothing."""
# Degree of the polynomial in the pixel that is taken out, so that the sky being up says nothing. A choice: a
# lower one leaves the light of a scene in, a higher one takes objects out.
_POWER = 3
# Keeps the inverse of the scatter calm where columns nearly repeat each other; columns have deviation 1.
_RIDGE = 0.01
# Powers of the position repeat each other more than features do, and are exact, so that less is needed.
_POSITION_RIDGE = 1e-5
# OpenBLAS wakes its threads for a product of n columns with themselves over k rows from n (n + 1) k = 2^19 on
# (interface/syrk.c), and they wait for each other longer than they work: ten times the processor time of one.
# Products are taken in parts of half of that.
_MOST_PRODUCTS = 2**18
# Columns and rows of the view, left out one at a time (jackknife): fewer give no spread, more are no longer
# independent.
_TILES = (4, 3)
# Columns that an image has, see `ImageMaps`.
_SHOWN = 6
# Frames beyond the third share groups: 36 are enough for a standard deviation, and each costs a fit.
_MOST_FRAME_GROUPS = 3

Vector = tuple[float, float, float]
NONE: Vector = (0.0, 0.0, 0.0)


@attrs.frozen(kw_only=True)
class Change:
    """What is changed in a calibration before points are projected.

    Attributes:
        rotation: Rotation vector in the camera's system, degrees; points are rotated by it.
        position: Motion of the camera in its own system, metres.
        time_s: How much later than stated the image was taken, seconds.
        advance: How far the vehicle moved forward from the points to the image, metres, where the scene does
            not say how it moves.
        speed: Of the vehicle, forward, m/s, where the scene does not say how it moves, but when points and
            images were taken.
        log_focal: Natural logarithm of the factor to the focal length.
        k1: What is added to the radial distortion, over the square of focal lengths.
        centre: What is added to the principal point, pixels.
    """

    rotation: Vector = NONE
    position: Vector = NONE
    time_s: float = 0.0
    advance: float = 0.0
    speed: float = 0.0
    log_focal: float = 0.0
    k1: float = 0.0
    centre: tuple[float, float] = (0.0, 0.0)


@attrs.frozen(eq=False)
class Lens:
    """A camera without its pose.

    Attributes:
        optics: Points to pixels.
        size: Width and height, pixels.
        matrix: Focal lengths and principal point, pixels (fx, fy, cx, cy): around them `Change` acts.
        straight: The same without distortion; None for what is not a pinhole camera with distortion.
        also: Points have to be in view with this as well: two lenses are compared on what both show.
    """

    optics: Optics
    size: tuple[int, int]
    matrix: tuple[float, float, float, float]
    straight: Optics | None = None
    also: Optics | None = None

    def pixels(
        self, points: FloatArray, change: Change
    ) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
        """Columns, rows and whether they lie in the image, of points in the camera's system, shape (N, 3)."""
        u, v, inside, _ = self.compared(points, change)
        return u, v, inside

    def compared(
        self, points: FloatArray, change: Change
    ) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """As `pixels`, and whether points lie in the image with the lens as given."""
        x, y, z = np.ascontiguousarray(points.T)
        with np.errstate(all="ignore"):
            u, v, valid = self.optics(x, y, z)
            if self.also is not None:
                other_u, other_v, other = self.also(x, y, z)
                valid = valid & other & self._in_image(other_u, other_v)
            given = valid & self._in_image(u, v)
            if not (change.log_focal or change.k1 or any(change.centre)):
                return u, v, given, given
            u, v, unfolded = self._changed(u, v, change)
            return u, v, valid & unfolded & self._in_image(u, v), given

    def _in_image(self, u: FloatArray, v: FloatArray) -> npt.NDArray[np.bool_]:
        width, height = self.size
        # Centres of pixels have whole numbers, so an image begins at -0.5.
        return (u >= -0.5) & (u < width - 0.5) & (v >= -0.5) & (v < height - 0.5)

    def _changed(
        self, u: FloatArray, v: FloatArray, change: Change
    ) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
        fx, fy, cx, cy = self.matrix
        across, down = (u - cx) / fx, (v - cy) / fy
        square = across * across + down * down
        factor = np.exp(change.log_focal) * (1 + change.k1 * square)
        return (
            cx + change.centre[0] + fx * factor * across,
            cy + change.centre[1] + fy * factor * down,
            1 + 3 * change.k1 * square > 0,  # farther out the radius would shrink again
        )


@attrs.frozen(eq=False)
class Shot:
    """One image, and the points around the camera's view at its time.

    Attributes:
        maps: The image.
        points: In the camera's system as given, metres, shape (N, 3).
        columns: What the lidar knows of each point, float32, shape (N, p).
        velocity: How points move in the camera's system, m/s, shape (N, 3); None when that is not known.
        group: Part of the data that each point belongs to, shape (N,), from 0.
        forward: Where the reference system's x points, in the camera's system, shape (3,).
        delay: How much later than each point the image was taken, seconds, shape (N,); None when that is not
            known, or the motion is.
        fine: The same image with the points and columns to refine with, see `Objective.refined`.
    """

    maps: ImageMaps
    points: FloatArray
    columns: Float32Array
    velocity: FloatArray | None
    group: npt.NDArray[np.intp]
    forward: FloatArray
    delay: FloatArray | None = None
    fine: Shot | None = None

    def __len__(self) -> int:
        return len(self.points)

    def only(self, index: npt.NDArray[np.intp]) -> Shot:
        """With some of the points."""
        return Shot(
            self.maps,
            self.points[index],
            self.columns[index],
            None if self.velocity is None else self.velocity[index],
            self.group[index],
            self.forward,
            None if self.delay is None else self.delay[index],
            self.fine,
        )

    def sampled(self, share: float) -> Shot:
        """With a share of the points, always the same ones."""
        fine = None if self.fine is None else self.fine.sampled(share)
        count = round(share * len(self))
        if count >= len(self):
            return attrs.evolve(self, fine=fine)
        chosen = np.random.default_rng(0).choice(len(self), count, replace=False)
        return attrs.evolve(self.only(np.sort(chosen)), fine=fine)

    def with_maps(self, maps: ImageMaps) -> Shot:
        """With another description of the image."""
        return attrs.evolve(self, maps=maps, fine=None if self.fine is None else self.fine.with_maps(maps))

    def changed(self, change: Change) -> FloatArray:
        """Where points are in the camera's system after a change."""
        points = self.points
        if change.time_s and self.velocity is not None:
            points = points + self.velocity * change.time_s
        if change.advance:
            points = points - self.forward * change.advance
        if change.speed and self.delay is not None:
            points = points - self.forward * (change.speed * self.delay)[:, None]
        if any(change.position):
            points = points - np.asarray(change.position)
        return np.asarray(points @ rotation_of(change.rotation).T) if any(change.rotation) else points


@attrs.frozen(eq=False)
class Tally:
    """Sums over points in view, from which the objective follows.

    Attributes:
        scatter: Products of all columns, shape (groups, columns, columns).
        count: Points, shape (groups,).
        as_given: Points that the lens as given shows, where the lens is changed.
    """

    scatter: FloatArray
    count: FloatArray
    as_given: int

    @property
    def share(self) -> float:
        """Part of the points in view with the lens as given that a change of the lens leaves in view.

        Lenses are compared on the points that both show, by what each says per point: one that draws the
        image together shows more, which would count for it whether they fit or not.
        """
        return float(self.count.sum()) / self.as_given if self.as_given else 1.0


class Objective:
    """The agreement of all images of one camera with the points of their frames.

    Args:
        lens: The camera.
        shots: Its images; at least one.
    """

    def __init__(self, lens: Lens, shots: Sequence[Shot]) -> None:
        self.lens = lens
        self.shots = list(shots)
        self.groups = max((int(shot.group.max(initial=0)) for shot in shots), default=0) + 1
        self._terms = (_POWER + 1) * (_POWER + 2) // 2
        self._known = self.shots[0].columns.shape[1]
        width = self._terms + self._known + _SHOWN
        self._ridge = np.diag([_POSITION_RIDGE] * self._terms + [_RIDGE] * (width - self._terms))
        self._shown = np.r_[0 : self._terms, self._terms + self._known : width]

    def value(self, change: Change | None = None) -> float:
        """The objective, nats; 0 by chance if points were independent, and with too few points in view."""
        tally = self.tally(change or Change(), grouped=False)
        return float(self._information(tally.scatter, tally.count, tally.share)[0])

    def without_groups(self, change: Change) -> FloatArray:
        """The objective of all points, then without each group; shape (1 + groups,)."""
        tally = self.tally(change, grouped=True)
        scatter, count = tally.scatter.sum(axis=0), tally.count.sum()
        return self._information(
            np.concatenate([scatter[None], scatter - tally.scatter]),
            np.concatenate([[count], count - tally.count]),
            tally.share,
        )

    def broad(self, change: Change) -> float:
        """The objective without the eighth of the groups that adds most to it.

        A chance agreement mostly comes from one place, such as a wall on a fence; a right calibration fits
        all over the image.
        """
        values = self.without_groups(change)
        adds = np.sort(values[0] - values[1:])[::-1]
        return float(values[0] - np.maximum(adds[: -(-self.groups // 8)], 0).sum())

    def in_view(self, change: Change | None = None) -> float:
        """Points in view per image, mean."""
        counts = [
            int(self.lens.pixels(shot.changed(change or Change()), change or Change())[2].sum())
            for shot in self.shots
        ]
        return float(np.mean(counts)) if counts else 0.0

    def displacement(self, change: Change | None = None, lens: Lens | None = None) -> float:
        """How far a change, or another lens, moves 95 % of the points in view at most, pixels."""
        asked, other = change or Change(), lens or self.lens
        moved = [np.empty(0)]
        for shot in self.shots:
            u, v, inside = self.lens.pixels(shot.points, Change())
            there_u, there_v, also = other.pixels(shot.changed(asked), asked)
            moved.append(np.hypot(u - there_u, v - there_v)[inside & also])
        distances = np.concatenate(moved)
        return float(np.percentile(distances, 95)) if len(distances) else 0.0

    def thinned(self, limit: int, maps: Sequence[ImageMaps] | None = None) -> Objective:
        """The same with at most so many points in view in all, always the same ones.

        Args:
            limit: Points in view.
            maps: Other descriptions of the images.
        """
        seen = self.in_view() * len(self.shots)
        share = min(1.0, limit / max(seen, 1))
        shots = []
        for shot, described in zip(self.shots, maps or [s.maps for s in self.shots], strict=True):
            shots.append(shot.sampled(share).with_maps(described))
        return Objective(self.lens, shots)

    def refined(self) -> Objective:
        """The same with finer columns, and with points up to the edges of what is near.

        It has a narrower, truer maximum, to be used near it only.
        """
        return Objective(self.lens, [shot.fine or shot for shot in self.shots])

    def tally(self, change: Change, *, grouped: bool) -> Tally:
        """Sum up the points in view, by groups if asked."""
        width = self._terms + self._known + _SHOWN
        length = _MOST_PRODUCTS // (width * (width + 1))
        groups = self.groups if grouped else 1
        scatter, count, as_given = np.zeros((groups, width, width)), np.zeros(groups), 0
        for shot in self.shots:
            u, v, inside, given = self.lens.compared(shot.changed(change), change)
            if change.k1 or change.log_focal:
                inside = inside & given
                as_given += int(given.sum())
            seen = np.flatnonzero(inside)
            if not len(seen):
                continue
            if grouped:
                seen = seen[np.argsort(shot.group[seen], kind="stable")]
            rows = self._rows(shot, seen, u[seen], v[seen])
            ends = [0, len(seen)]
            if grouped:
                ends = list(np.searchsorted(shot.group[seen], np.arange(groups + 1)))
            for group in range(groups):
                count[group] += ends[group + 1] - ends[group]
                for start in range(ends[group], ends[group + 1], length):
                    block = rows[:, start : min(start + length, ends[group + 1])]
                    scatter[group] += block @ block.T
        return Tally(scatter, count, as_given)

    def _rows(self, shot: Shot, seen: npt.NDArray[np.intp], u: FloatArray, v: FloatArray) -> Float32Array:
        """Position terms, the lidar's columns and the image's, of each point; shape (columns, N)."""
        rows = np.empty((self._terms + self._known + _SHOWN, len(seen)), np.float32)
        width, height = self.lens.size
        x = ((2 * u + 1) / width - 1).astype(np.float32)
        y = ((2 * v + 1) / height - 1).astype(np.float32)
        rows[0] = 1
        at, start = 1, 0
        for degree in range(1, _POWER + 1):  # each degree is the one before, times x, and its last times y
            np.multiply(rows[start : start + degree], x, out=rows[at : at + degree])
            np.multiply(rows[start + degree - 1], y, out=rows[at + degree])
            start, at = at, at + degree + 1
        rows[at : at + self._known] = shot.columns[seen].T
        rows[at + self._known :] = shot.maps.at(u, v).T
        return rows

    def _information(self, scatter: FloatArray, count: FloatArray, share: float) -> FloatArray:
        """The objective from sums, shape (N, columns, columns) and (N,), and `Tally.share`.

        The columns without what the position explains have the Schur complement for their scatter, whose
        determinant is the product of the last pivots of a Cholesky decomposition.
        """
        terms, known = self._terms, self._known
        whole = scatter + np.maximum(count, 1.0)[:, None, None] * self._ridge
        joint, apart = _log_pivots(whole), _log_pivots(whole[:, self._shown[:, None], self._shown])
        # Of the lidar's columns alone, the pivots are the same as in the whole.
        nats = apart[:, terms:].sum(axis=1) - joint[:, terms + known :].sum(axis=1)
        found = count / share * nats - known * _SHOWN
        return np.where(count < FEWEST_POINTS, 0.0, found)


def _log_pivots(matrices: FloatArray) -> FloatArray:
    """Logarithms of the pivots of positive definite matrices, shape (N, columns)."""
    return np.asarray(2 * np.log(np.diagonal(np.linalg.cholesky(matrices), axis1=1, axis2=2)))


def groups_of(points: FloatArray, inside: npt.NDArray[np.bool_], frame: int) -> npt.NDArray[np.intp]:
    """Divide the points of a frame into parts of the view that hold about equally many points in view.

    Args:
        points: In the camera's system, metres, shape (N, 3).
        inside: Which are in view.
        frame: Index of the frame; up to three frames have parts of their own, later ones share them.
    """
    across = np.arctan2(points[:, 0], points[:, 2])
    down = np.arctan2(points[:, 1], np.hypot(points[:, 0], points[:, 2]))
    columns, rows = _TILES
    known = inside if inside.any() else np.ones(len(points), dtype=bool)
    column = _parts(across, across[known], columns)
    group = np.zeros(len(points), dtype=np.intp)
    for index in range(columns):
        here = column == index
        base = here & known if (here & known).any() else known
        group[here] = index * rows + _parts(down[here], down[base], rows)
    return group + (frame % _MOST_FRAME_GROUPS) * columns * rows


def _parts(values: FloatArray, of: FloatArray, count: int) -> npt.NDArray[np.intp]:
    limits = np.quantile(of, np.arange(1, count) / count)
    return np.searchsorted(limits, values).astype(np.intp)
