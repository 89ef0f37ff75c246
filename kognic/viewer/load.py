"""From what a user names, a scene file or a scene object, to what the viewer shows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kognic._core.extras import needs_extra
from kognic.scenes.scene_file import SceneFile
from kognic.scenes.scene_search import one_scene_file
from kognic.scenes.scene_view import view_of

try:
    from kognic.viewer.scene import SceneSource, SourceOptions
except ImportError as exc:
    raise ImportError(needs_extra("the viewer needs more", "checks", exc)) from exc

if TYPE_CHECKING:
    from kognic.io.model.calibration import SensorCalibration


def source_of(
    scene: Any,
    *,
    calibration: SensorCalibration | None = None,
    compare: SensorCalibration | None = None,
    annotations: Sequence[tuple[str, Any]] = (),
    motion_compensation: bool = True,
    options: SourceOptions | None = None,
) -> SceneSource:
    """Return what the viewer shows of a scene.

    Args:
        scene: One of the seven scene classes, a `SceneRequest`, a `SceneFile`, or the path of a scene file or
            of a folder that holds one.
        calibration: Used instead of the scene file's.
        compare: Another calibration to compare with.
        annotations: OpenLABEL documents with their names, shown beside the scene file's pre-annotation.
        motion_compensation: Whether the scene will be sent with motion compensation; a scene file says so
            itself.
        options: What is shown.

    Raises:
        SceneFileError: The scene file cannot be used.
        TypeError: `scene` is not a scene.
        ValueError: The options name a frame or camera that the scene does not have.
        ImportError: A library is missing; the message says how to install it.
    """
    documents = list(annotations)
    if isinstance(scene, str | os.PathLike):
        scene = one_scene_file(scene)
    if isinstance(scene, SceneFile):
        calibration = calibration or scene.calibration
        if scene.pre_annotation is not None:
            documents.insert(0, ("pre-annotation", scene.pre_annotation))
        view = scene.view()
    else:
        view = view_of(scene, motion_compensation=motion_compensation)
    return SceneSource(view, calibration, compare=compare, documents=documents, options=options)
