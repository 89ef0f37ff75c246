"""All pictures of a frame, and what is the same for all frames of a preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from kognic.annotations.openlabel import Document, plain_document
from kognic.scenes.scene_view import SceneView
from kognic.viewer.pictures import STILL_LIMIT, webp
from kognic.viewer.scene import SceneSource, SourceOptions
from kognic.viewer.stills.annotations import Annotations
from kognic.viewer.stills.birds_eye import NAME as BIRDS_EYE
from kognic.viewer.stills.birds_eye import TopView, draw_birds_eye
from kognic.viewer.stills.colours import DepthScale
from kognic.viewer.stills.options import PreviewOptions
from kognic.viewer.stills.overlay import CameraPicture, draw_camera, visible_depths
from kognic.viewer.stills.rig import rows
from kognic.viewer.stills.stage import SceneStage, Stage

if TYPE_CHECKING:
    from kognic.io.model.calibration import SensorCalibration


@attrs.frozen(kw_only=True, eq=False)
class FrameDrawing:
    """A frame and its pictures by sensor; the bird's-eye view is called `birds-eye`."""

    stage: Stage
    pictures: Mapping[str, CameraPicture]


class Drawing:
    """Draws the frames of a scene alike.

    Args:
        view: The scene.
        calibration: Of its sensors.
        pre_annotation: Its OpenLABEL document.
        options: How to draw.
        chosen: Positions of the frames that will be drawn.

    Raises:
        ValueError: The scene has no camera that the options name.
        TypeError: The pre-annotation is not a document.
    """

    def __init__(
        self,
        view: SceneView,
        calibration: SensorCalibration | None,
        pre_annotation: Any,
        options: PreviewOptions,
        chosen: Sequence[int],
    ) -> None:
        sensors = None if calibration is None else calibration.calibration
        self.annotations = (
            None if pre_annotation is None else Annotations(Document.of(plain_document(pre_annotation)))
        )
        self.options = options
        self.view = view
        self._calibration, self._pre_annotation = calibration, pre_annotation
        self.chosen = chosen
        self.scene = SceneStage(
            view, sensors, self.annotations, cameras=options.cameras, max_points=options.max_points
        )
        first = self.scene.stage(chosen[0])
        depth = options.depth_range
        self.scale = DepthScale(*depth) if depth is not None else DepthScale.fitting(visible_depths(first))
        self.top = TopView.of(first, options.birds_eye_range, self.scene.forward)

    @property
    def rows(self) -> list[list[str]]:
        """Cameras as they are laid out."""
        return rows(self.scene.cameras, self.scene.lenses, self.scene.forward)

    @property
    def source(self) -> SceneSource:
        """The same frames for the interactive page."""
        options, given = self.options, self._pre_annotation
        return SceneSource(
            self.view,
            self._calibration,
            documents=[] if given is None else [("pre-annotation", given)],
            options=SourceOptions(
                frames=self.chosen,
                cameras=options.cameras,
                max_points=options.max_points,
                depth_range=options.depth_range,
                image_width=options.image_width,
                verdict=options.verdict,
            ),
        )

    def still(self) -> bytes:
        """Draw a small picture of the first frame, WebP; empty if there is nothing to draw."""
        drawn = self.draw(self.chosen[0])
        pictures = list(drawn.pictures.values())
        return webp(pictures[0].flat(), limit=STILL_LIMIT) if pictures else b""

    @property
    def has_birds_eye(self) -> bool:
        """Whether there is a bird's-eye view, and something to see in it."""
        return self.options.birds_eye and bool(self.view.lidar_names or self.scene.lenses)

    def draw(self, index: int, *, with_pictures: bool = True) -> FrameDrawing:
        """Read the frame at a position, and draw its pictures."""
        stage = self.scene.stage(index)
        pictures = {}
        if with_pictures:
            for shot in stage.shots:
                pictures[shot.sensor] = draw_camera(stage, shot, self.scale, width=self.options.image_width)
            if self.has_birds_eye:
                pictures[BIRDS_EYE] = draw_birds_eye(stage, self.top, self.scene.lenses)
        return FrameDrawing(stage=stage, pictures=pictures)


def notes_of(drawing: FrameDrawing) -> list[str]:
    """Return what a reader has to know of a frame: of the camera, or of the frame."""
    frame = [f"{drawing.stage.title}: {note}" for note in drawing.stage.notes]
    return [
        *frame,
        *(f"{name}: {note}" for name, picture in drawing.pictures.items() for note in picture.notes),
    ]
