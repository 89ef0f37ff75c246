"""Pictures of scenes before you upload them: images with points and pre-annotations, and a bird's-eye view.

    from kognic.viewer.stills import preview_scene

    preview_scene("drive/scene.json", "preview.html")

`stage` puts a frame into one system, `overlay` and `birds_eye` draw it, `targets` write what was drawn. Needs
NumPy and Pillow (extra `checks`), for recordings the Rerun SDK (extra `rerun`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.viewer.stills.options import PreviewOptions
    from kognic.viewer.stills.preview import Preview, preview_scene

__all__ = ["Preview", "PreviewOptions", "preview_scene"]

_HERE = "kognic.viewer.stills"
__getattr__, __dir__ = attach(
    __name__,
    {
        "Preview": f"{_HERE}.preview",
        "PreviewOptions": f"{_HERE}.options",
        "preview_scene": f"{_HERE}.preview",
    },
)
