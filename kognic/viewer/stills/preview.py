"""`preview_scene`: from a scene to pictures, a page, a recording."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from kognic._core.extras import needs_extra
from kognic.scenes.scene_file import SceneFile, load_scene_file
from kognic.scenes.scene_view import view_of
from kognic.viewer.stills.options import PreviewOptions, choose_frames

try:
    from kognic.viewer.stills.drawing import Drawing, notes_of
    from kognic.viewer.stills.recording import RecordingTarget
    from kognic.viewer.stills.targets import PageTarget, Target, folder_target
except ImportError as exc:
    raise ImportError(needs_extra("previews need more", "checks", exc)) from exc

if TYPE_CHECKING:
    from kognic.io.model.calibration import SensorCalibration

T = TypeVar("T")
Progress = Callable[[int, int], None]
PAGE_SUFFIXES = (".html", ".htm")


@attrs.frozen(kw_only=True)
class Preview:
    """What was written.

    Attributes:
        files: Pictures, page, recording.
        frames: Names of the frames that are shown.
        notes: What could not be shown, and why.
    """

    files: tuple[Path, ...]
    frames: tuple[str, ...]
    notes: tuple[str, ...]


def preview_scene(
    scene: Any,
    output: str | os.PathLike[str] | None = None,
    *,
    calibration: SensorCalibration | None = None,
    pre_annotation: Any = None,
    motion_compensation: bool = True,
    options: PreviewOptions | None = None,
    rerun: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Preview:
    """Draw images with lidar points and pre-annotations over them, and a bird's-eye view.

    Everything goes through the true camera models, so that edges bend as the lens bends them. Points and
    cuboids are moved to the time of each image as far as IMU data or ego poses tell. Files take their names
    when they are complete; if something fails, none of them appears.

    Args:
        scene: One of the seven scene classes, a `SceneRequest`, a `SceneFile`, or the path of a scene
            file.
        output: A file that ends in `.html` for one interactive page that works offline, else a folder for PNG
            files, `frame-0000/FRONT.png` and so on. May be None with `rerun`.
        calibration: The calibration of its sensors, instead of that of a scene file. Without one
            images are shown as they are, with 2D geometry.
        pre_annotation: Its OpenLABEL document, decoded or as `OpenLabelAnnotation`, instead of that of a
            scene file.
        motion_compensation: Whether the scene will be sent with motion compensation (feature flags); a scene
            file says so itself.
        options: Which frames and cameras, and how they are drawn.
        rerun: Where to write a recording for the Rerun viewer (`.rrd`; extra `rerun`).
        progress: Called with the number of frames that are done, and of all.

    Raises:
        SceneFileError: The scene file cannot be used.
        TypeError: `scene` is not a scene.
        ValueError: An option names a frame or camera that the scene does not have, or there is no output.
        ImportError: A library is missing; the message says how to install it.
        ViewerMissingError: A page needs the viewer, and this installation was built without it.
        OSError: A file cannot be written.
    """
    if output is None and rerun is None:
        raise ValueError("output is None; pass a folder, a file that ends in .html, or a file for rerun")
    drawing = open_drawing(
        scene,
        calibration=calibration,
        pre_annotation=pre_annotation,
        motion_compensation=motion_compensation,
        options=options,
    )
    chosen = drawing.chosen
    with ExitStack() as stack:
        targets = [stack.enter_context(target) for target in _targets(drawing, output, rerun)]
        notes = _fill(targets, drawing, with_pictures=_is_folder(output), progress=progress)
    return Preview(
        files=tuple(file for target in targets for file in target.files),
        frames=tuple(drawing.scene.title(index) for index in chosen),
        notes=tuple(dict.fromkeys([*drawing.scene.notes, *notes])),
    )


def open_drawing(
    scene: Any,
    *,
    calibration: SensorCalibration | None = None,
    pre_annotation: Any = None,
    motion_compensation: bool = True,
    options: PreviewOptions | None = None,
) -> Drawing:
    """Return what draws the pictures of a scene, frame by frame.

    Arguments and errors are those of `preview_scene`.
    """
    options = options or PreviewOptions()
    if isinstance(scene, str | os.PathLike):
        scene = load_scene_file(scene)
    if isinstance(scene, SceneFile):
        calibration = calibration or scene.calibration
        pre_annotation = scene.pre_annotation if pre_annotation is None else pre_annotation
        view = scene.view()
    else:
        view = view_of(scene, motion_compensation=motion_compensation)
    chosen = choose_frames(options.frames, len(view.frames))
    return Drawing(view, calibration, pre_annotation, options, chosen)


def _fill(
    targets: Sequence[Target], drawing: Drawing, *, with_pictures: bool, progress: Progress | None
) -> list[str]:
    """Draw the frames and add them to all targets; returns what a reader has to know."""
    chosen, notes = drawing.chosen, list[str]()
    needs_drawing = any(target.needs_drawing for target in targets)

    def render(position: int) -> tuple[list[str], list[object]]:
        drawn = drawing.draw(chosen[position], with_pictures=with_pictures) if needs_drawing else None
        said = [] if drawn is None else notes_of(drawn)
        return said, [target.render(position, drawn) for target in targets]

    rendered = _in_order(render, range(len(chosen)), drawing.options.workers)
    for done, (said, parts) in enumerate(rendered, start=1):
        notes += said
        for target, part in zip(targets, parts, strict=True):
            notes += target.add(part)
        if progress is not None:
            progress(done, len(chosen))
    return notes


def _is_folder(output: str | os.PathLike[str] | None) -> bool:
    return output is not None and Path(output).suffix.lower() not in PAGE_SUFFIXES


def _targets(
    drawing: Drawing, output: str | os.PathLike[str] | None, rerun: str | os.PathLike[str] | None
) -> Iterator[Target]:
    if output is not None:
        path = Path(output).expanduser()
        yield folder_target(path) if _is_folder(path) else PageTarget(drawing.source, path, drawing.still)
    if rerun is not None:
        yield RecordingTarget(drawing, Path(rerun).expanduser())


def _in_order(work: Callable[[int], T], items: Sequence[int], workers: int | None) -> Iterator[T]:
    """Work on threads, the results in order, few of them ahead."""
    count = min(workers or os.cpu_count() or 1, len(items))
    with ThreadPoolExecutor(count) as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
