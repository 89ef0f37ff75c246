"""The colours that pages, pictures and recordings share; the bundle of the viewer imports the same file.

`lidars` are those of M. Okabe and K. Ito, "Color Universal Design", 2008, ordered so that neighbours are far
apart; `more` continues them, generated so that neighbours differ by at least 15 (CIEDE2000) for people with
protanopia, deuteranopia and tritanopia, too.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

PALETTE: dict[str, Any] = json.loads(
    resources.files("kognic.viewer").joinpath("palette.json").read_text("utf-8")
)
