"""The bird's-eye view: points, cuboids, the vehicle and its path, what the cameras see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs
import numpy as np
import numpy.typing as npt
from PIL import Image

from kognic.scenes.geometry.poses import FloatArray
from kognic.viewer.stills.annotations import Drawn
from kognic.viewer.stills.colours import height_colours
from kognic.viewer.stills.overlay import CameraPicture, fitting_radius
from kognic.viewer.stills.raster import draw_points
from kognic.viewer.stills.rig import sector
from kognic.viewer.stills.shapes import Line, Shape, Text
from kognic.viewer.stills.stage import Lens, Stage

NAME = "birds-eye"
# Pixels: at 60 m of reach, 7.5 pixels a metre, so that a person is seen.
SIZE = 900
_GROUND, _GRID, _FAINT, _PATH, _VIEW = "#14171c", "#3a414b", "#7d8794", "#ffd54f", "#6f8794"
# Metres; round, so that views of neighbouring frames and scenes have the same scale.
_RANGES = (5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 150.0, 200.0)
# An arrow, ahead and to the left, as shares of the reach.
_ARROW = np.array([[0.05, 0.0], [-0.03, 0.025], [-0.015, 0.0], [-0.03, -0.025]])
# Length of the sectors that cameras see, as a share of the reach. A choice: longer ones hide the points.
_FIELD = 0.45
# More than that are closer than a pixel, and only make the file larger.
_MOST_WAYPOINTS = 400


@attrs.frozen(kw_only=True, eq=False)
class TopView:
    """From the reference system, metres, to the bird's-eye view, pixels.

    Attributes:
        reach: Metres from the middle to each side.
        forward: Unit vector that points up in the picture, shape (2,).
    """

    reach: float
    forward: FloatArray

    @classmethod
    def of(cls, stage: Stage, reach: float | None, forward: FloatArray) -> TopView:
        """Return the view of a frame; without `reach` one that holds nearly all points."""
        return cls(reach=reach or _fitting(stage), forward=forward)

    @property
    def pixels_per_metre(self) -> float:
        return SIZE / (2 * self.reach)

    def placed(self, ahead_and_left: FloatArray) -> FloatArray:
        """Place points, given as ahead and to the left, in the reference system, shape (N, 2)."""
        left = np.array([-self.forward[1], self.forward[0]])
        return np.asarray(ahead_and_left[:, :1] * self.forward + ahead_and_left[:, 1:] * left)

    def pixels(self, points: npt.ArrayLike) -> FloatArray:
        """Columns and rows of points, shape (N, 2) or (N, 3)."""
        xy = np.asarray(points, dtype=float)[:, :2]
        ahead = xy @ self.forward
        left = xy @ np.array([-self.forward[1], self.forward[0]])
        return np.asarray(SIZE / 2 - np.column_stack([left, ahead]) * self.pixels_per_metre - 0.5)


def draw_birds_eye(stage: Stage, view: TopView, lenses: Mapping[str, Lens]) -> CameraPicture:
    """Draw a frame in bird's-eye view, the vehicle in the middle, its front upwards.

    Args:
        stage: The frame.
        view: How far it reaches.
        lenses: Cameras whose fields of view are drawn.
    """
    points = stage.points
    layer = None
    if len(points):
        inside = (np.abs(points[:, :2]).max(axis=1) <= view.reach).sum()
        layer = draw_points(
            (SIZE, SIZE),
            view.pixels(points),
            height_colours(points[:, 2]),
            -points[:, 2],
            radius=fitting_radius(int(inside), (SIZE, SIZE)),
        )
    shapes: list[Shape] = [*_rings(view)]
    for name, lens in lenses.items():
        shapes += _field_of_view(name, lens, view)
    shapes += _way(stage.path, view)
    arrow = view.pixels(view.placed(_ARROW * view.reach))
    shapes.append(Line(parts=[arrow], colour=_PATH, closed=True, fill=0.9, layer="scene"))
    for item in stage.solids:
        shapes += _footprint(item, view)
    return CameraPicture(
        sensor=NAME,
        image=Image.new("RGB", (SIZE, SIZE), _GROUND),
        points=layer,
        shapes=shapes,
        num_points=stage.num_points,
        notes=(),
    )


def _fitting(stage: Stage) -> float:
    """A round distance within which nearly all points and objects are."""
    middles = [item.cuboid.pose.position for item in stage.solids if item.cuboid is not None]
    far = [
        float(np.percentile(np.abs(places[:, :2]).max(axis=1), share))
        for places, share in ((stage.points, 92), (np.array(middles).reshape(-1, 3), 90))
        if len(places)
    ]
    return next((reach for reach in _RANGES if reach >= max(far, default=60.0)), _RANGES[-1])


def _rings(view: TopView) -> Iterator[Shape]:
    """Circles at round distances, the axes, and what they are."""
    # Four rings at most, else their labels run into each other.
    step = next(step for step in (1, 2, 5, 10, 20, 50) if view.reach / step <= 4 or step == 50)
    turn = np.linspace(0, 2 * np.pi, 73)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    for radius in np.arange(step, view.reach * 1.42, step):
        yield Line(parts=[view.pixels(circle * radius)], colour=_GRID, width=1, layer="scene")
        if radius < view.reach:
            x, y = view.pixels(view.placed(np.array([[-radius, -radius]]) * np.sqrt(0.5)))[0]
            yield Text(
                at=(float(x), float(y) + 4), text=f"{radius:g} m", colour=_FAINT, size=19, layer="scene"
            )
    for name, axis in (("x", np.array([1.0, 0.0])), ("y", np.array([0.0, 1.0]))):
        ends = view.pixels(np.array([[0.0, 0.0], axis * view.reach * 0.12]))
        yield Line(parts=[ends], colour=_FAINT, width=1.5, layer="scene")
        tip = view.pixels(axis[None] * view.reach * 0.145)[0]
        yield Text(at=(float(tip[0]), float(tip[1]) + 4), text=name, colour=_FAINT, size=19, layer="scene")


def _field_of_view(name: str, lens: Lens, view: TopView) -> Iterator[Shape]:
    seen = sector(lens)
    if seen is None:
        return
    rim = seen.origin + seen.directions * view.reach * _FIELD
    outline = view.pixels(np.vstack([seen.origin, rim]))
    yield Line(parts=[outline], colour=_VIEW, width=1, closed=True, fill=0.06, title=name, layer="scene")
    middle = seen.origin + seen.directions[len(seen.directions) // 2] * view.reach * (_FIELD + 0.04)
    x, y = view.pixels(middle[None])[0]
    yield Text(at=(float(x), float(y) + 4), text=name, colour=_VIEW, size=19, layer="scene")


def _way(path: FloatArray, view: TopView) -> Iterator[Shape]:
    if len(path) > 1:
        step = -(-len(path) // _MOST_WAYPOINTS)
        chosen = np.vstack([path[::step], path[-1:]])
        yield Line(
            parts=[view.pixels(chosen)], colour=_PATH, width=2, title="way of the vehicle", layer="scene"
        )


def _footprint(item: Drawn, view: TopView) -> Iterator[Shape]:
    """Draw a cuboid with a line from its middle to its front; other geometry as it is."""
    if item.cuboid is None:
        if item.points is not None:
            points = view.pixels(item.points)
            yield Line(parts=[points], colour=item.colour, closed=item.closed, title=item.title)
        return
    corners = item.cuboid.corners
    lower, upper = corners[:4], corners[4:]
    outline = view.pixels((lower + upper) / 2)
    if (outline.max(axis=0) < 0).any() or (outline.min(axis=0) > SIZE).any():
        return
    title = f"{item.title}, {np.linalg.norm(item.cuboid.pose.position[:2]):.1f} m away"
    yield Line(parts=[outline], colour=item.colour, closed=True, fill=0.2, title=title)
    front = (outline[2] + outline[3]) / 2
    heading = np.array([outline.mean(axis=0), front + (front - outline.mean(axis=0)) * 0.3])
    yield Line(parts=[heading], colour=item.colour)
    x, y = outline[:, 0].mean(), outline[:, 1].min()
    yield Text(at=(float(x), float(y) - 4), text=item.label, colour=item.colour, size=19)
