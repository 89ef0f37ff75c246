"""Scenes as people look at them: one interactive page, still pictures, and what both are made of.

`document` says what a page holds, `packing` and `frames` turn it into bytes, `page` writes the HTML around
them. These four need attrs, NumPy, Pillow and the standard library only, and read no scene: `scene` fills a
document from a scene on disk, the sandbox from its own tables. The page itself is written in TypeScript
(`web/`) and bundled into `static/` when the package is built. `stills` draws pictures, `server` serves one
scene, `show` displays it in a notebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic._core.viewer_errors import ViewerMissingError
    from kognic.viewer.notebook import show

__all__ = ["ViewerMissingError", "show"]

__getattr__, __dir__ = attach(
    __name__, {"ViewerMissingError": "kognic._core.viewer_errors", "show": "kognic.viewer.notebook"}
)
