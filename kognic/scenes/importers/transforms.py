"""The tree of coordinate frames of a robot (tf): where sensors sit, and how the vehicle moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
import numpy as np

from kognic._core.scene_errors import RecordingError
from kognic.scenes.geometry.motion import Trajectory, composed, poses_of
from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.importers.arrays import pose_of

# Names of REP 105 and of common simulators; the first that all sensors hang on is the vehicle.
EGO_FRAMES = ("base_link", "base_footprint", "base", "ego_vehicle", "vehicle", "body", "car", "chassis")
WORLD_FRAMES = ("map", "odom", "world", "earth", "global", "utm", "enu")
# Metres, and parts of a quaternion: recorders repeat a fixed transform with rounding only.
_SAME = 1e-9


@attrs.define(eq=False)
class _Edge:
    """All that was said about one frame: its parent, and where it is in it over time."""

    parent: str
    static: bool
    times: list[int] = attrs.field(factory=list)
    numbers: list[tuple[float, ...]] = attrs.field(factory=list)
    parents: set[str] = attrs.field(factory=set)

    @property
    def is_constant(self) -> bool:
        values = np.array(self.numbers)
        return self.static or bool((np.abs(values - values[0]) <= _SAME).all())

    def last(self) -> Rigid:
        values = self.numbers[-1]
        return pose_of(values[:3], values[3:])

    def trajectory(self) -> Trajectory | None:
        times, first = np.unique(np.array(self.times, dtype=np.int64), return_index=True)
        if len(times) < 2:
            return None
        values = np.array(self.numbers)[first]
        quaternions = values[:, 3:] / np.linalg.norm(values[:, 3:], axis=1, keepdims=True)
        return Trajectory(times, values[:, :3], quaternions)


class TransformTree:
    """Frames by name; `x_parent = R x_child + p` for each."""

    def __init__(self) -> None:
        self._edges: dict[str, _Edge] = {}

    def add(self, parent: str, child: str, time_ns: int, numbers: tuple[float, ...], *, static: bool) -> None:
        """Add what one message says.

        Args:
            parent: The frame above.
            child: The frame that is placed.
            time_ns: When; of no consequence for static ones.
            numbers: Position in metres and quaternion `w, x, y, z`.
            static: Whether it came from `/tf_static`.
        """
        parent, child = parent.lstrip("/"), child.lstrip("/")
        edge = self._edges.get(child)
        if edge is None or (static and edge.parent != parent):
            # As in tf2, the parent that was named last counts.
            edge = self._edges[child] = _Edge(parent, static, parents=set() if edge is None else edge.parents)
        edge.parents.add(parent)
        if edge.parent == parent and np.isfinite(numbers).all() and any(numbers[3:]):
            edge.times.append(time_ns)
            edge.numbers.append(numbers)

    @property
    def frames(self) -> list[str]:
        """All frames."""
        return sorted({*self._edges, *(parent for edge in self._edges.values() for parent in edge.parents)})

    @property
    def parents(self) -> dict[str, str]:
        """The frame above each, by name."""
        return {child: edge.parent for child, edge in sorted(self._edges.items())}

    def path(self, frame: str, *, rigid: bool = False) -> list[str]:
        """A frame and those above it; with `rigid`, only as far as nothing moves."""
        found = [frame.lstrip("/")]
        while (edge := self._edges.get(found[-1])) is not None and edge.numbers and edge.parent not in found:
            if rigid and (not edge.is_constant or edge.parent in WORLD_FRAMES):
                break
            found.append(edge.parent)
        return found

    def ego_frame(self, sensor_frames: Sequence[str]) -> str:
        """The frame of the vehicle: that which most sensors hang on without moving.

        Raises:
            RecordingError: No sensor is in the tree.
        """
        paths = [self.path(frame, rigid=True) for frame in sensor_frames]
        counts: dict[str, int] = {}
        for path in paths:
            for frame in path:
                counts[frame] = counts.get(frame, 0) + 1
        if not counts:
            raise RecordingError("no sensor to find the vehicle by")
        most = max(counts.values())
        shared = [frame for frame in counts if counts[frame] == most]
        for name in EGO_FRAMES:
            if name in shared:
                return name
        # The highest of them: what all the others hang on.
        return min(shared, key=lambda frame: len(self.path(frame, rigid=True)))

    def place(self, frame: str, ego: str, *, rigid: bool = True) -> Rigid | None:
        """Where a frame sits on the vehicle; None if nothing (with `rigid`, nothing fixed) leads there."""
        up, down = self.path(frame, rigid=rigid), self.path(ego, rigid=rigid)
        common = next((name for name in up if name in down), None)
        if common is None:
            return None
        return self._climb(ego, common).inverse() @ self._climb(frame, common)

    def _climb(self, frame: str, top: str) -> Rigid:
        """From a frame to one above it, each edge where it was last."""
        motion = Rigid.identity()
        frame = frame.lstrip("/")
        while frame != top:
            edge = self._edges[frame]
            motion = edge.last() @ motion
            frame = edge.parent
        return motion

    def trajectory(self, ego: str, world: str | None) -> tuple[Trajectory, str] | None:
        """How the vehicle moves in the world.

        Args:
            ego: Its frame.
            world: The frame that counts as the world; None takes the highest above the vehicle.

        Returns:
            The poses at the times of the edge that has most of them, and the name of the world; None if no
            edge above the vehicle moves.
        """
        path = self.path(ego)
        if world is not None:
            if world not in path:
                raise RecordingError(
                    f"no frame '{world}' above '{ego}'; there are: {', '.join(path[1:]) or 'none'}"
                )
            path = path[: path.index(world) + 1]
        moving: dict[str, Trajectory] = {
            frame: trajectory
            for frame in path[:-1]
            if not self._edges[frame].is_constant
            and (trajectory := self._edges[frame].trajectory()) is not None
        }
        if not moving:
            return None
        finest = max(moving.values(), key=lambda one: len(one.times))
        times = finest.times
        for other in moving.values():
            times = times[(times >= other.times[0]) & (times <= other.times[-1])]
        if len(times) < 2:
            return None
        poses = poses_of(Rigid.identity())
        for frame in path[:-1]:
            trajectory = moving.get(frame)
            step = poses_of(self._edges[frame].last()) if trajectory is None else trajectory.at(times)
            poses = composed(step, poses)
        return Trajectory(times, *poses), path[-1]

    def problems(self) -> list[tuple[str, str]]:
        """Frames with more than one parent, without a usable transform, or in a circle; what was done."""
        return [
            *(
                (child, f"its parent is {' and '.join(sorted(edge.parents))}; {edge.parent} is taken")
                for child, edge in self._edges.items()
                if len(edge.parents) > 1
            ),
            *(
                (child, f"no transform from it to {edge.parent} is finite with a rotation; none is taken")
                for child, edge in self._edges.items()
                if not edge.numbers
            ),
            *self._circles(),
        ]

    def _circles(self) -> Iterator[tuple[str, str]]:
        """Each circle of frames once, at its first by name."""
        for child in sorted(self._edges):
            chain = [child]
            while (edge := self._edges.get(chain[-1])) is not None and edge.parent not in chain:
                chain.append(edge.parent)
            if edge is not None and edge.parent == child and child == min(chain):
                yield child, f"its parents form a circle, which has no top: {' -> '.join([*chain, child])}"
