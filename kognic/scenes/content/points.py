"""The points of a cloud as arrays: plain data, which readers of every format return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@attrs.frozen(kw_only=True, eq=False)
class PointArrays:
    """The points of a cloud, in file order.

    Attributes:
        xyz: Coordinates in the sensor's own frame, metres; float64, shape (N, 3).
        intensity: Numbers as in the file, shape (N,); None without the column.
        timestamps: Numbers as in the file, shape (N,), nanoseconds since the Unix epoch in a good file:
            unsigned integers from CSV and PCD, floats from LAS; None without the column.
    """

    xyz: npt.NDArray[np.float64]
    intensity: npt.NDArray[Any] | None = None
    timestamps: npt.NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.xyz)
