"""A scene as a recording for the Rerun viewer: points, poses, boxes, images and what is projected into them.

Rerun knows no camera but the undistorted pinhole. So points and edges are projected here and recorded as 2D
geometry over the image as it was taken; only pinhole cameras are also recorded as such, which places their
images in space.

    world                       right-handed, z up; its origin is the first frame that is shown
    world/path                  where the vehicle drives
    world/reference             the calibration's reference system, moving
    world/reference/points      boxes, lines: in space
    world/reference/FRONT       a camera
    world/reference/FRONT/image, points, boxes, shapes      of a pinhole camera
    images/FRONT/image, ...                                 of any other
"""

from __future__ import annotations

import importlib
import secrets
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from kognic._core.extras import needs_extra
from kognic._core.scene_errors import ContentError
from kognic.scenes.content.source import Source
from kognic.scenes.geometry.poses import Rigid, quaternion_of
from kognic.scenes.geometry.projection import project_with
from kognic.scenes.scene_view import FileView, FrameView
from kognic.viewer.stills.colours import height_colours, rgb
from kognic.viewer.stills.drawing import Drawing, FrameDrawing
from kognic.viewer.stills.overlay import open_image
from kognic.viewer.stills.rig import edge_rays
from kognic.viewer.stills.stage import Lens, Shot, Stage
from kognic.viewer.stills.wireframe import project_lines


class _Library:
    """A module of Rerun's SDK, imported at its first use: pages and pictures do without the extra."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        try:
            return getattr(importlib.import_module(self._name), attribute)
        except ImportError as exc:
            raise ImportError(needs_extra("recordings need more", "rerun", exc)) from exc


rr: Any = _Library("rerun")
rrb: Any = _Library("rerun.blueprint")
APPLICATION = "kognic-preview"
# Wider than any image: Rerun gets them in full size.
_WIDEST = 1 << 20
_VIEWABLE = {b"\xff\xd8": "image/jpeg", b"\x89P": "image/png"}
_FAN_M = 2.0
EntityPath = list[str]
Entry = tuple[EntityPath, Any]


class RecordingTarget:
    """One `.rrd` file."""

    needs_drawing = True

    def __init__(self, drawing: Drawing, path: Path) -> None:
        self.files: list[Path] = []
        self._drawing = drawing
        self._path = path
        self._origin: np.ndarray[Any, Any] | None = None

    def __enter__(self) -> RecordingTarget:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}.part")
        self._stream = rr.RecordingStream(APPLICATION)
        self._stream.save(self._temporary, default_blueprint=self._blueprint())
        self._stream.send_recording_name(self._drawing.view.external_id)
        self._log(["world"], rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
        return self

    def render(self, position: int, drawn: FrameDrawing | None) -> tuple[Stage, list[Entry]]:
        """Everything of a frame but its place in the world."""
        del position
        assert drawn is not None
        stage = drawn.stage
        entries: list[Entry] = [*_space(stage)]
        for shot in stage.shots:
            entries += self._camera(stage, shot)
        return stage, entries

    def add(self, rendered: object) -> list[str]:
        """Record a frame."""
        assert isinstance(rendered, tuple)
        stage, entries = rendered
        self._set_time(stage.index, stage.frame)
        self._place(stage)
        for path, entry in entries:
            self._log(path, entry)
        return []

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.flush()
        self._stream.disconnect()
        if error is not None:
            self._temporary.unlink(missing_ok=True)
            return
        self._temporary.replace(self._path)
        self.files.append(self._path)

    def _log(self, path: EntityPath, entry: Any, *, static: bool = False) -> None:
        self._stream.log([*path], entry, static=static)

    def _set_time(self, index: int, frame: FrameView) -> None:
        self._stream.set_time("frame", sequence=index)
        if frame.unix_ns is not None:
            self._stream.set_time("time", timestamp=np.datetime64(frame.unix_ns, "ns"))
        elif frame.relative_ms is not None:
            self._stream.set_time("time", duration=frame.relative_ms / 1000)

    def _place(self, stage: Stage) -> None:
        """Where the vehicle is; the world's origin moves near it, as viewers calculate in 32 bits."""
        if stage.to_world is None:
            return
        if self._origin is None:
            self._origin = stage.to_world.position
            way = stage.to_world.apply(stage.path) - self._origin
            self._log(["world", "path"], rr.LineStrips3D([way], colors=[(255, 213, 79)]), static=True)
        placed = Rigid(stage.to_world.rotation, stage.to_world.position - self._origin)
        self._log(["world", "reference"], _transform(placed))

    def _camera(self, stage: Stage, shot: Shot) -> Iterator[Entry]:
        home = _home(shot.sensor, shot.lens)
        image = _image(shot.file)
        if image is not None:
            yield [*home, "image"], image
        shapes = [item for item in shot.shapes if len(item.outline()) > 1]
        if shapes:
            lines = [item.outline() + 0.5 for item in shapes]
            colours, labels = [rgb(item.colour) for item in shapes], [item.label for item in shapes]
            yield [*home, "shapes"], rr.LineStrips2D(lines, colors=colours, labels=labels)
        single = [item for item in shot.shapes if item.kind == "point2d"]
        if single:
            places = np.vstack([item.outline() for item in single]) + 0.5
            colours, labels = [rgb(item.colour) for item in single], [item.label for item in single]
            yield [*home, "keypoints"], rr.Points2D(places, colors=colours, labels=labels)
        if shot.lens is None:
            return
        yield from self._pose(shot.sensor, shot, shot.lens)
        yield from self._projected(home, stage, shot, shot.lens)

    def _pose(self, name: str, shot: Shot, lens: Lens) -> Iterator[Entry]:
        # Where the camera was when it took the image, seen from the vehicle at the frame's time.
        yield ["world", "reference", name], _transform(shot.motion.inverse())
        if lens.pinhole is not None:
            fx, fy, cx, cy = lens.pinhole
            yield (
                ["world", "reference", name],
                rr.Pinhole(
                    resolution=lens.size,
                    focal_length=(fx, fy),
                    principal_point=(cx + 0.5, cy + 0.5),
                    camera_xyz=rr.ViewCoordinates.RDF,
                    image_plane_distance=_FAN_M,
                ),
            )
        elif (rays := edge_rays(lens)) is not None:
            fan = np.vstack([np.zeros(3), rays * _FAN_M, np.zeros(3)])
            yield ["world", "reference", name, "view"], rr.LineStrips3D([fan], labels=[name])

    def _projected(self, home: EntityPath, stage: Stage, shot: Shot, lens: Lens) -> Iterator[Entry]:
        seen = project_with(stage.points, shot.motion, lens.to_pixels, lens.size)
        pixels, depth = seen.pixels[seen.visible], seen.depth[seen.visible]
        colours = self._drawing.scale.colours(depth)
        # Rerun names pixels by their upper left corner.
        yield [*home, "points"], rr.Points2D(pixels + 0.5, colors=colours, radii=rr.Radius.ui_points(2.0))
        parts, colours_of_parts = [], []
        for item in stage.solids:
            for visible in project_lines(item.edges(), shot.motion, lens.to_pixels, lens.size):
                parts += [part + 0.5 for part in visible]
                colours_of_parts += [rgb(item.colour)] * len(visible)
        yield [*home, "boxes"], rr.LineStrips2D(parts, colors=colours_of_parts)

    def _blueprint(self) -> Any:
        lenses = self._drawing.scene.lenses
        images = [
            rrb.Spatial2DView(origin="/" + "/".join(_escaped(_home(name, lenses.get(name)))), name=name)
            for row in self._drawing.rows
            for name in row
        ]
        space = rrb.Spatial3DView(origin="/world", name="scene")
        whole = rrb.Horizontal(space, rrb.Grid(*images)) if images else space
        return rrb.Blueprint(whole, collapse_panels=True)


def _home(name: str, lens: Lens | None) -> EntityPath:
    """Where the 2D geometry of a camera is."""
    return ["world", "reference", name] if lens is not None and lens.pinhole is not None else ["images", name]


def _escaped(path: EntityPath) -> list[str]:
    return [rr.escape_entity_path_part(part) for part in path]


def _transform(motion: Rigid) -> Any:
    w, x, y, z = quaternion_of(motion.rotation)
    return rr.Transform3D(translation=motion.position, quaternion=rr.Quaternion(xyzw=[x, y, z, w]))


def _space(stage: Stage) -> Iterator[Entry]:
    """Points, boxes and lines in the reference system."""
    base = ["world", "reference"]
    colours = height_colours(stage.points[:, 2])
    yield [*base, "points"], rr.Points3D(stage.points, colors=colours, radii=rr.Radius.ui_points(1.5))
    boxes = [(item, item.cuboid) for item in stage.solids if item.cuboid is not None]
    turns = [np.roll(quaternion_of(cuboid.pose.rotation), -1) for _, cuboid in boxes]
    yield (
        [*base, "boxes"],
        rr.Boxes3D(
            centers=[cuboid.pose.position for _, cuboid in boxes],
            half_sizes=[cuboid.size / 2 for _, cuboid in boxes],
            quaternions=[rr.Quaternion(xyzw=turn) for turn in turns],
            colors=[rgb(item.colour) for item, _ in boxes],
            labels=[item.label for item, _ in boxes],
        ),
    )
    lines = [item for item in stage.solids if item.cuboid is None]
    if lines:
        strips = [item.outline() for item in lines]
        yield [*base, "lines"], rr.LineStrips3D(strips, colors=[rgb(item.colour) for item in lines])


def _image(file: FileView) -> Any | None:
    """The image as it is if the viewer can show it, else as JPEG; None when it cannot be opened."""
    if file.content is None or file.remote:
        return None
    try:
        source = Source.of(file.content)
    except ContentError:
        return None
    kind = _VIEWABLE.get(source.head(2))
    if kind is not None:
        return rr.EncodedImage(contents=source.slice(0, source.size), media_type=kind)
    picture, _, problem = open_image(file, _WIDEST, (1, 1))
    if problem:
        return None
    content = BytesIO()
    picture.save(content, "JPEG", quality=92)
    return rr.EncodedImage(contents=content.getvalue(), media_type="image/jpeg")
