"""Rolling shutters: each row of an image is exposed at a time of its own.

A point that moves relative to the camera is shown by the row that is exposed when the point is on it. Where
that is follows from a fixed point: the row gives the time, the time gives the place, the place gives the row.
A row's time moves a point by a small part of the image, so a few rounds are exact to a hundredth of a pixel.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
import numpy.typing as npt

from kognic.scenes.geometry.poses import FloatArray

# Each round shrinks the error by the rows that a point moves while one row is read, so that most images take
# two or three. 0.005 rows are far below the pixel that a feature is found to.
_MOST_ROUNDS, _EXACT_ROWS = 8, 0.005


@attrs.frozen(kw_only=True, eq=False)
class RollingShutter:
    """How an image was read out, and how points move meanwhile.

    Attributes:
        duration_s: From the exposure of the first row to that of the last, seconds.
        velocity: Of the points in the system that they are given in, relative to the camera, m/s, shape (3,)
            or (N, 3).
        is_reversed: The bottom row was exposed first.
    """

    duration_s: float
    velocity: npt.ArrayLike
    is_reversed: bool = False

    def times(self, rows: FloatArray, height: int) -> FloatArray:
        """Return when rows were exposed, seconds from the middle of the exposure of the image.

        Args:
            rows: Pixels, the first row's centre at 0; those outside count as the nearest inside, and NaN as
                the middle.
            height: Of the image, pixels.
        """
        share = np.nan_to_num((rows + 0.5) / height, nan=0.5, posinf=1.0, neginf=0.0)
        times = (np.clip(share, 0, 1) - 0.5) * self.duration_s
        return -times if self.is_reversed else times

    def moved(
        self, points: FloatArray, rows_of: Callable[[FloatArray], FloatArray], height: int
    ) -> FloatArray:
        """Move points to where they are when the row that shows them is exposed.

        Args:
            points: In the middle of the exposure, metres, shape (N, 3).
            rows_of: Rows of points, pixels, shape (N,).
            height: Of the image, pixels.
        """
        velocity = np.asarray(self.velocity, dtype=np.float64)
        moved, rows = points, rows_of(points)
        for _ in range(_MOST_ROUNDS):
            moved = points + velocity * self.times(rows, height)[:, None]
            before, rows = rows, rows_of(moved)
            with np.errstate(invalid="ignore"):
                change = np.abs(rows - before)
            if not np.any(change > _EXACT_ROWS):
                break
        return moved
