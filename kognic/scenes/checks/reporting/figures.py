"""Pictures of a finding in a report. Who draws them is `kognic.viewer.figures`; `html` shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from kognic._core.findings import Finding


@attrs.frozen(kw_only=True)
class Figure:
    """Pictures of one finding.

    Attributes:
        pictures: WebP images with their captions.
        command: Opens the same view; empty where there is none.
        quaternion: Corrected `rotation_quaternion` of the camera, `w, x, y, z`; None without a correction.
        message: What could not be drawn and why; empty if everything was.
    """

    pictures: Sequence[tuple[str, bytes]] = ()
    command: str = ""
    quaternion: tuple[float, float, float, float] | None = None
    message: str = ""


FigureOf = Callable[["Finding"], Figure | None]
