"""Systems of coordinates, connected by rigid motions in either direction."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np

from kognic._core.camera_errors import ConversionError
from kognic.scenes.calibration.convert.build import placement
from kognic.scenes.geometry.poses import FloatArray, angle_between_deg

# How far two ways to one pose may lie apart: degrees, metres.
AGREEMENT = (0.5, 0.02)


def compare(one: FloatArray, other: FloatArray, what: str) -> None:
    """Raise an error if two poses, shape (4, 4), differ that should be equal.

    Raises:
        ConversionError: They differ by more than `AGREEMENT`.
    """
    angle = angle_between_deg(one[:3, :3], other[:3, :3])
    distance = float(np.linalg.norm(one[:3, 3] - other[:3, 3]))
    if angle > AGREEMENT[0] or distance > AGREEMENT[1]:
        raise ConversionError(
            f"{what} contradict each other by {angle:.2g} degrees and {distance:.2g} m; "
            "remove the one that is wrong"
        )


class Graph:
    """Systems by name; any of them can be the reference."""

    def __init__(self) -> None:
        self._into: dict[str, dict[str, FloatArray]] = {}
        self.pairs: list[tuple[str, str]] = []

    def add(self, source: str, target: str, into: FloatArray) -> None:
        """Connect two systems.

        Args:
            source: Where points come from.
            target: Where they get.
            into: `x_target = into x_source`, shape (4, 4).

        Raises:
            ConversionError: It is not a rigid motion, or contradicts another motion.
        """
        placement(into)
        chain = self.chain(source, target)
        if chain is not None:
            compare(self.motion(chain), into, f"{source} to {target} and {' -> '.join(chain)}")
        if target not in self._into.get(source, {}):
            self.pairs.append((source, target))
            self._into.setdefault(source, {})[target] = into
            self._into.setdefault(target, {})[source] = np.asarray(np.linalg.inv(into), dtype=np.float64)

    @property
    def nodes(self) -> list[str]:
        """All systems, in their order."""
        return list(self._into)

    def connected(self, one: str, other: str) -> bool:
        """Whether motions lead from one system to another."""
        return self.chain(one, other) is not None

    def chain(self, source: str, target: str) -> list[str] | None:
        """Return the systems on the shortest way; None if none leads there."""
        before: dict[str, str | None] = {source: None}
        queue = deque([source])
        while queue:
            name = queue.popleft()
            if name == target:
                chain = [name]
                while (step := before[chain[-1]]) is not None:
                    chain.append(step)
                return chain[::-1]
            for neighbour in self._into.get(name, {}):
                if neighbour not in before:
                    before[neighbour] = name
                    queue.append(neighbour)
        return None

    def motion(self, chain: list[str]) -> FloatArray:
        """Return the motion from the first system of a chain to its last, shape (4, 4)."""
        total = np.eye(4)
        for source, target in pairwise(chain):
            total = self._into[source][target] @ total
        return total
