"""A street to be seen by lidars and cameras: boxes on a plane, with colours and patterns, cast by rays.

Not meant to look real, but to be as hard: facades repeat, cars are dark or bright whatever their distance,
poles are thin, the ground has lines that a lidar sees by their intensity only, and vegetation is noise.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from kognic.scenes.geometry.poses import FloatArray

SKY = np.array([0.70, 0.80, 0.92])
_FARTHEST_M = 150.0
# Share of the facades that stand, and how many cars, poles and bushes there are on each side.
_WORLDS = {"town": (0.8, 12, 10, 8), "suburb": (0.35, 8, 8, 24), "country": (0.0, 3, 24, 40)}


@attrs.frozen(eq=False)
class Hits:
    """What rays meet.

    Attributes:
        distance: Metres along the unit directions; infinite for the sky, shape (N,).
        colour: Red, green, blue, 0 to 1, shape (N, 3).
        reflectivity: What a lidar measures, 0 to 255, shape (N,).
    """

    distance: FloatArray
    colour: FloatArray
    reflectivity: FloatArray


@attrs.frozen(eq=False)
class Street:
    """Boxes and a ground plane.

    Attributes:
        centre, half, yaw: Of each box: metres, metres, radians; shapes (B, 3), (B, 3), (B,).
        colour: Shape (B, 3).
        pattern: Size of the squares of its pattern, metres; 0 for none, shape (B,).
        contrast: Of the pattern, shape (B,).
        reflectivity: 0 to 255, shape (B,).
        seed: Of the noise.
    """

    centre: FloatArray
    half: FloatArray
    yaw: FloatArray
    colour: FloatArray
    pattern: FloatArray
    contrast: FloatArray
    reflectivity: FloatArray
    seed: int

    @classmethod
    def random(cls, seed: int, world: str = "town") -> Street:
        """A street along x, 160 m long, with its vehicle lane at y = 0.

        Args:
            seed: Of all that is drawn.
            world: `town` with facades, `suburb` with houses far apart and many bushes, `country` with trees,
                poles and bushes only.
        """
        facades, cars, poles, bushes = _WORLDS[world]
        rng = np.random.default_rng(seed)
        rows: list[tuple[list[float], list[float], float, list[float], float, float, float]] = []

        def add(x: float, y: float, size: list[float], yaw: float, pattern: float, contrast: float) -> None:
            grey = rng.uniform(0.08, 0.9)
            colour = np.clip(grey + rng.normal(0, 0.08, 3), 0.02, 1).tolist()
            half = [size[0] / 2, size[1] / 2, size[2] / 2]
            rows.append(([x, y, half[2]], half, yaw, colour, pattern, contrast, rng.uniform(5, 160)))

        for side in (-1, 1):
            x = -80.0
            while x < 80:  # facades, with gaps
                width = rng.uniform(6, 18)
                if rng.random() < facades:
                    depth = rng.uniform(10, 18)
                    size = [width, 8.0, rng.uniform(4, 14)]
                    add(x + width / 2, side * depth, size, 0.0, rng.uniform(1.0, 3.0), 0.35)
                x += width + rng.uniform(0.5, 6)
            for _ in range(cars):  # parked and other cars
                size = [rng.uniform(3.8, 5), rng.uniform(1.7, 2), rng.uniform(1.4, 2)]
                add(rng.uniform(-60, 70), side * rng.uniform(3.2, 7), size, rng.normal(0, 0.15), 0.7, 0.25)
            for _ in range(poles):  # poles and trunks
                size = [rng.uniform(0.15, 0.4)] * 2 + [rng.uniform(3, 8)]
                add(rng.uniform(-50, 60), side * rng.uniform(4, 9), size, 0.0, 0.0, 0.0)
            for _ in range(bushes):  # bushes
                size = [rng.uniform(1, 3), rng.uniform(1, 2), rng.uniform(0.8, 2.5)]
                add(rng.uniform(-50, 60), side * rng.uniform(6, 10), size, rng.uniform(0, 3), 0.12, 0.5)
        centre, half, yaws, colour, pattern, contrast, reflectivity = (
            np.array(column, dtype=float) for column in zip(*rows, strict=True)
        )
        return cls(centre, half, yaws, colour, pattern, contrast, reflectivity, seed)

    def cast(self, origin: FloatArray, direction: FloatArray) -> Hits:
        """Follow rays.

        Args:
            origin: Metres, shape (N, 3); all within a few metres of each other.
            direction: Unit vectors, shape (N, 3).
        """
        count = len(direction)
        distance, box = np.full(count, np.inf), np.full(count, -1)
        with np.errstate(all="ignore"):
            ground = -origin[:, 2] / direction[:, 2]
        met = (ground > 0) & (ground < _FARTHEST_M)
        distance[met] = ground[met]
        azimuth = np.arctan2(direction[:, 1], direction[:, 0])
        order = np.argsort(azimuth, kind="stable")
        ordered = azimuth[order]
        middle, spread = origin.mean(axis=0), float(np.ptp(origin[:, :2], axis=0).max(initial=0))
        for index in range(len(self.centre)):
            for part in self._near(index, middle, spread, ordered):
                rays = order[part]
                found = self._meet(index, origin[rays], direction[rays])
                nearer = found < distance[rays]
                distance[rays[nearer]], box[rays[nearer]] = found[nearer], index
        return self._shaded(origin, direction, distance, box)

    def _near(self, index: int, middle: FloatArray, spread: float, ordered: FloatArray) -> list[slice]:
        """Rays, sorted by azimuth, that may meet a box."""
        offset = self.centre[index, :2] - middle[:2]
        away = float(np.hypot(*offset))
        radius = float(np.hypot(*self.half[index, :2])) + spread
        if away <= radius * 1.2:
            return [slice(0, len(ordered))]
        towards, width = np.arctan2(offset[1], offset[0]), np.arcsin(radius / away)
        return [
            slice(*np.searchsorted(ordered, [towards - width + turn, towards + width + turn]))
            for turn in (-2 * np.pi, 0, 2 * np.pi)
        ]

    def _meet(self, index: int, origin: FloatArray, direction: FloatArray) -> FloatArray:
        start, along = self._inside(index, origin, direction)
        with np.errstate(all="ignore"):
            first = (-self.half[index] - start) / along
            second = (self.half[index] - start) / along
        near = np.minimum(first, second).max(axis=1)
        far = np.maximum(first, second).min(axis=1)
        return np.where((near < far) & (near > 0.3), near, np.inf)

    def _inside(self, index: int, origin: FloatArray, direction: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Rays in the system of a box."""
        c, s = np.cos(self.yaw[index]), np.sin(self.yaw[index])
        back = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        return (origin - self.centre[index]) @ back.T, direction @ back.T

    def _shaded(
        self, origin: FloatArray, direction: FloatArray, distance: FloatArray, box: npt.NDArray[np.intp]
    ) -> Hits:
        colour = np.tile(SKY, (len(distance), 1))
        reflectivity = np.zeros(len(distance))
        known = np.where(np.isfinite(distance), distance, 0)
        at = origin + direction * known[:, None]
        ground = np.isfinite(distance) & (box < 0)
        line = (np.abs(np.abs(at[:, 1]) - 1.9) < 0.1) & (np.mod(at[:, 0], 9) < 4)
        noise = self._noise(at * 2.5) * 0.10 + self._noise(at * 0.4) * 0.10
        tone = np.where(line, 0.85, 0.32 + noise)
        colour[ground] = tone[ground, None] * np.array([1.0, 1.0, 1.03])
        reflectivity[ground] = np.where(line, 140, 12 + 60 * noise)[ground]
        for index in np.unique(box[box >= 0]):
            mine = np.flatnonzero(box == index)
            start, along = self._inside(int(index), origin[mine], direction[mine])
            place = start + along * distance[mine][:, None]
            face = np.argmax(np.abs(place) / self.half[index], axis=1)
            light = np.array([0.75, 1.0, 1.15])[face]
            value = np.ones(len(mine))
            if self.pattern[index] > 0:
                cells = np.floor(place / self.pattern[index] + 1000 * index)
                value = 1 + self.contrast[index] * (self._noise(cells) - 0.5) * 2
            colour[mine] = np.clip(self.colour[index] * (light * value)[:, None], 0, 1)
            reflectivity[mine] = np.clip(self.reflectivity[index] * (0.7 + 0.3 * value), 0, 255)
        return Hits(distance, np.clip(colour, 0, 1), reflectivity)

    def _noise(self, at: FloatArray) -> FloatArray:
        """A number from 0 to 1 for each whole place, always the same."""
        whole = np.floor(at).astype(np.int64)
        mixed = whole @ np.array([73856093, 19349663, 83492791]) + self.seed * 2654435761
        mixed = (mixed ^ (mixed >> 13)) * 1274126177
        return np.asarray(((mixed ^ (mixed >> 16)) & 0xFFFF) / 65535.0)
