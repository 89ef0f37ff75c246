"""Colours for distances, heights and kinds of objects.

Distances use Turbo (A. Mikhailov, "Turbo, An Improved Rainbow Colormap for Visualization", 2019) in the
polynomial form of R. Du: red is near, blue is far, on a logarithmic scale, because what is near matters more.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np
import numpy.typing as npt

from kognic.viewer.palette import PALETTE

Colours = npt.NDArray[np.uint8]

# Polynomial approximation of Google's Turbo colour map, by Ruofei Du (2019).
_RED = (0.13572138, 4.61539260, -42.66032258, 132.13108234, -152.94239396, 59.28637943)
# Du (2019), as above.
_GREEN = (0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604)
# Du (2019), as above.
_BLUE = (0.10667330, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973)
# Both ends of Turbo look like shadows.
_NEAR_SHARE, _FAR_SHARE = 0.93, 0.06
# Share of the legend that the text of a tick takes: ticks closer than that overlap.
_ROOM = 0.1
# Round numbers for the ends of a scale, metres.
_NICE = (0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500)
# Grey-blue to almost white, for intensities: apart from the colours of objects, and seen on the dark ground.
_LOW, _HIGH = np.array([74, 100, 152]), np.array([236, 240, 246])
# Bright, and apart from each other for most kinds of colour blindness (P. Tol's "bright" and "vibrant").
_KINDS: list[str] = PALETTE["kinds"]


def turbo(share: npt.ArrayLike) -> Colours:
    """Colour numbers from 0 (dark blue) to 1 (dark red), shape (N, 3)."""
    x = np.clip(np.asarray(share, dtype=float), 0, 1)
    columns = [np.polynomial.polynomial.polyval(x, terms) for terms in (_RED, _GREEN, _BLUE)]
    return np.asarray(np.clip(np.stack(columns, axis=-1), 0, 1) * 255 + 0.5, dtype=np.uint8)


@attrs.frozen
class DepthScale:
    """Colours of distances; beyond its ends they stay as they are there.

    Attributes:
        near, far: The ends, metres.
    """

    near: float
    far: float

    @classmethod
    def fitting(cls, depth: npt.ArrayLike) -> DepthScale:
        """Return the scale that suits most of some distances; 2 to 80 m for none."""
        values = np.asarray(depth, dtype=float)
        if not len(values):
            return cls(2, 80)
        low, high = np.percentile(values, (2, 96))
        near = max((nice for nice in _NICE if nice <= low), default=_NICE[0])
        far = min((nice for nice in _NICE if nice >= high and nice > near), default=2 * max(high, near))
        return cls(float(near), float(far))

    def share(self, depth: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return where distances lie between the ends, 0 to 1, logarithmic."""
        values = np.maximum(np.asarray(depth, dtype=float), 1e-9)
        return np.asarray(np.clip(np.log(values / self.near) / np.log(self.far / self.near), 0, 1))

    def colours(self, depth: npt.ArrayLike) -> Colours:
        """Colour distances, red to blue, shape (N, 3)."""
        return turbo(_NEAR_SHARE + (_FAR_SHARE - _NEAR_SHARE) * self.share(depth))

    def ticks(self) -> list[float]:
        """Round distances to name on a legend: the ends, and what lies between with room around it."""
        chosen = [self.near]
        for nice in _NICE:
            last, here, end = self.share([chosen[-1], nice, self.far])
            if self.near < nice < self.far and here - last > _ROOM and end - here > 2.2 * _ROOM:
                chosen.append(float(nice))
        return [*chosen, self.far]


def height_colours(height: npt.ArrayLike) -> Colours:
    """Colour heights from dark blue (low) to nearly white (high) over most of them, shape (N, 3)."""
    values = np.asarray(height, dtype=float)
    if not len(values):
        return np.empty((0, 3), dtype=np.uint8)
    low, high = np.percentile(values, (5, 97))
    share = np.clip((values - low) / max(high - low, 0.1), 0, 1)[:, None]
    return np.asarray(_LOW + share * (_HIGH - _LOW), dtype=np.uint8)


def kind_colours(kinds: Iterable[str]) -> dict[str, str]:
    """Choose a colour for each kind of object as `#rrggbb`, the same for the same set of kinds."""
    return {kind: _KINDS[index % len(_KINDS)] for index, kind in enumerate(sorted(set(kinds)))}


def rgb(colour: str) -> tuple[int, int, int]:
    """Return a colour `#rrggbb` as numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
