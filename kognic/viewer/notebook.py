"""`show`: a scene in a notebook, as the interactive viewer."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

import attrs

from kognic.viewer.frames import frame_bytes, scene_bytes
from kognic.viewer.load import source_of
from kognic.viewer.page import write_page
from kognic.viewer.scene import SourceOptions
from kognic.viewer.stills.options import choose_frames

if TYPE_CHECKING:
    from kognic.io.model.calibration import SensorCalibration


@attrs.frozen
class Shown:
    """A page that notebooks display; `html` is the page itself."""

    html: str = attrs.field(repr=False)
    height: int

    def _repr_html_(self) -> str:
        # A frame of its own: styles and keys of the page do not reach the notebook.
        return (
            f'<iframe srcdoc="{escape(self.html)}" width="100%" height="{self.height}" '
            'style="border: 0" sandbox="allow-scripts"></iframe>'
        )


def show(
    scene: Any,
    *,
    calibration: SensorCalibration | None = None,
    compare: SensorCalibration | None = None,
    annotations: Sequence[tuple[str, Any]] = (),
    motion_compensation: bool = True,
    frames: str | Sequence[int] | None = None,
    # Pixels: about the width of a notebook's cells.
    image_width: int = 960,
    # Half of the other pages' points, because the notebook's file holds every frame.
    max_points: int = 100_000,
    # Pixels: leaves room for the cell above on a full HD screen.
    height: int = 720,
) -> Shown:
    """Show a scene in a notebook.

    Args:
        scene: One of the seven scene classes, a `SceneRequest`, a `SceneFile`, or the path of a scene file or
            of a folder that holds one.
        calibration: Used instead of the scene file's.
        compare: Another calibration to compare with.
        annotations: OpenLABEL documents with their names, shown beside the scene file's pre-annotation.
        motion_compensation: Whether the scene will be sent with motion compensation; a scene file says so
            itself.
        frames: As in `PreviewOptions`; None takes five, spread over the scene.
        image_width: Wider images are scaled down, pixels.
        max_points: Points per frame.
        height: Of the view in the notebook, pixels.

    Raises:
        SceneFileError, TypeError, ValueError, ImportError: See `kognic.viewer.load.source_of`.
        ViewerMissingError: This installation was built without the viewer.
    """
    whole = source_of(
        scene,
        calibration=calibration,
        compare=compare,
        annotations=annotations,
        motion_compensation=motion_compensation,
    )
    chosen = choose_frames(frames, len(whole.view.frames))
    options = SourceOptions(frames=chosen, image_width=image_width, max_points=max_points)
    source = whole.with_options(options)
    file = BytesIO()
    packets = (frame_bytes(source.frame(index), source.scene) for index in range(len(chosen)))
    write_page(file, title=source.scene.title, scene=scene_bytes(source.scene), frames=packets)
    return Shown(file.getvalue().decode(), height)
