"""An image with what the lidar saw and what the pre-annotation says, drawn over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs
import numpy as np
from PIL import Image

from kognic.scenes.content.source import Source
from kognic.scenes.geometry.poses import FloatArray
from kognic.scenes.geometry.projection import Projection, project_with
from kognic.scenes.scene_view import FileView
from kognic.viewer.pictures import ERRORS, limited, not_shown, open_picture
from kognic.viewer.stills.annotations import Drawn
from kognic.viewer.stills.colours import DepthScale
from kognic.viewer.stills.raster import draw_points
from kognic.viewer.stills.shapes import Line, Shape, Text, paint, simplified
from kognic.viewer.stills.stage import Shot, Stage
from kognic.viewer.stills.wireframe import project_lines

# For cameras whose size nothing says; 16:9, as most.
_EMPTY_SIZE = (1280, 720)
_MOST_LABELS = 60
# Pixels: edges are seen over points, the cross on the front is finer than they are.
_EDGE, _FRONT = 1.8, 0.9
# Share of the image that points may cover. A choice: more hides the image below, less leaves points too small
# to see.
_COVERED = 0.1


@attrs.frozen(kw_only=True, eq=False)
class CameraPicture:
    """A picture in layers.

    Attributes:
        sensor: The camera, or `birds-eye`.
        image: What it took, RGB, scaled.
        points: The lidar's points, RGBA of the same size; None when there are none to show.
        shapes: Lines and texts, pixels of the scaled image.
        num_points: Points that appear in the image.
        notes: What a reader has to know.
        problem: Why the image is blank; empty if it is not.
    """

    sensor: str
    image: Image.Image
    points: Image.Image | None
    shapes: Sequence[Shape]
    num_points: int
    notes: Sequence[str]
    problem: str = ""

    def flat(self) -> Image.Image:
        """Draw all layers into one picture, RGB."""
        picture = self.image
        if self.points is not None:
            picture = picture.convert("RGBA")
            picture.alpha_composite(self.points)
            picture = picture.convert("RGB")
        return paint(picture, self.shapes)


def draw_camera(stage: Stage, shot: Shot, scale: DepthScale, *, width: int) -> CameraPicture:
    """Draw an image of a frame.

    Args:
        stage: The frame.
        shot: Its image.
        scale: Colours of distances.
        width: Images wider than this are scaled down, pixels.
    """
    notes = [shot.note] if shot.note else []
    given = shot.lens.size if shot.lens is not None else _EMPTY_SIZE
    image, original, problem = open_image(shot.file, width, given)
    if problem:
        notes.append(problem)
    elif shot.lens is not None and original != shot.lens.size:
        notes.append(
            "the image has {} x {} pixels, its calibration {} x {}".format(*original, *shot.lens.size)
        )
    factor = image.width / original[0]
    shapes: list[Shape] = []
    points, count = None, 0
    if shot.lens is not None:
        seen = project_with(stage.points, shot.motion, shot.lens.to_pixels, original)
        count = int(np.count_nonzero(seen.visible))
        points = _points_layer(seen, image.size, factor, scale) if count else None
        shapes += _solids(stage.solids, shot, original, factor)
    shapes += _flat_shapes(shot.shapes, factor)
    return CameraPicture(
        sensor=shot.sensor,
        image=image,
        points=points,
        shapes=[*shapes, *_labels(shapes, image.size)],
        num_points=count,
        notes=notes,
        problem=problem,
    )


def visible_depths(stage: Stage) -> FloatArray:
    """Distances from the cameras of all points that appear in images of a frame, metres."""
    depths = [np.empty(0)]
    for shot in stage.shots:
        if shot.lens is not None:
            seen = project_with(stage.points, shot.motion, shot.lens.to_pixels, shot.lens.size)
            depths.append(seen.depth[seen.visible])
    return np.concatenate(depths)


def _points_layer(seen: Projection, size: tuple[int, int], factor: float, scale: DepthScale) -> Image.Image:
    pixels, depth = _scaled(seen.pixels[seen.visible], factor), seen.depth[seen.visible]
    radius = fitting_radius(len(depth), size)
    return draw_points(size, pixels, scale.colours(depth), depth, radius=radius)


def fitting_radius(count: int, size: tuple[int, int]) -> float:
    """Radius of points, pixels: large enough to be seen, small enough to leave most of a picture free."""
    largest = max(1.0, 2.6 * size[0] / 1280)
    return float(np.clip(np.sqrt(_COVERED * size[0] * size[1] / (np.pi * max(count, 1))), 0.5, largest))


def _scaled(pixels: FloatArray, factor: float) -> FloatArray:
    """Pixels of the original image in the scaled one; whole numbers are the middle of a pixel in both."""
    return np.asarray((pixels + 0.5) * factor - 0.5)


def _solids(solids: Sequence[Drawn], shot: Shot, size: tuple[int, int], factor: float) -> Iterator[Line]:
    """Cuboids and lines in space through the lens; those far away first."""
    if shot.lens is None:
        return
    jobs: list[tuple[Drawn, float, list[FloatArray]]] = []
    for item in sorted(solids, key=lambda solid: -_distance(solid, shot)):
        jobs.append((item, _EDGE, item.edges()))
        if item.cuboid is not None:
            jobs.append((item, _FRONT, item.cuboid.front()))
    every_line = [line for *_, lines in jobs for line in lines]
    found = iter(project_lines(every_line, shot.motion, shot.lens.to_pixels, size))
    for item, line_width, lines in jobs:
        parts = [simplified(_scaled(part, factor)) for _ in lines for part in next(found)]
        if parts:
            is_edge = line_width == _EDGE
            yield Line(
                parts=parts,
                colour=item.colour,
                width=line_width,
                title=f"{item.title}, {_distance(item, shot):.1f} m away" if is_edge else "",
                label=item.label if is_edge else "",
                object_id=item.object_id,
            )


def _distance(item: Drawn, shot: Shot) -> float:
    """From the camera to the middle of an object, metres."""
    if item.cuboid is not None:
        middle = item.cuboid.pose.position
    else:
        middle = np.zeros(3) if item.points is None else item.points.mean(axis=0)
    return float(np.linalg.norm(shot.motion.apply(middle)))


def _flat_shapes(shapes: Sequence[Drawn], factor: float) -> Iterator[Line]:
    """2D geometry, as it is in the document."""
    for item in shapes:
        if item.points is None:
            continue
        parts = [_scaled(item.points, factor)]
        if item.kind == "point2d":
            parts = [parts[0] + np.array(arm) for arm in (((-5, 0), (5, 0)), ((0, -5), (0, 5)))]
        yield Line(
            parts=parts,
            colour=item.colour,
            closed=item.closed,
            fill=0.12 if item.closed else 0,
            title=item.title,
            label=item.label,
            object_id=item.object_id,
        )


def _labels(shapes: Sequence[Shape], size: tuple[int, int]) -> Iterator[Text]:
    """The name of each object above what is drawn of it; those of the nearest, where there are many."""
    named = {shape.object_id: shape for shape in shapes if isinstance(shape, Line) and shape.label}
    for shape in list(named.values())[-_MOST_LABELS:]:
        points = np.vstack(shape.parts)
        x, y = float(points[:, 0].mean()), float(points[:, 1].min())
        if 0 <= x < size[0] and y < size[1]:
            yield Text(at=(x, max(y - 4, 13)), text=shape.label, colour=shape.colour)


def open_image(
    file: FileView, width: int, empty: tuple[int, int]
) -> tuple[Image.Image, tuple[int, int], str]:
    """Open an image.

    Args:
        file: The image.
        width: A wider one is scaled down to it, pixels.
        empty: Size of the blank picture that stands for an image that cannot be opened.

    Returns:
        The image as RGB, its original size, and why it is blank if it is.
    """
    try:
        if file.content is None or file.remote:
            raise ValueError("its content is not on this machine")
        with Source.of(file.content).open() as stream:
            return *open_picture(stream, width), ""
    except ERRORS as exc:
        blank = Image.new("RGB", limited(empty, width), "#3a3f46")
        return blank, empty, not_shown(exc)
