"""Inputs: scenes placed in a request, to be annotated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.resources.input.input import InputResource
else:
    __getattr__, __dir__ = attach(__name__, {"InputResource": "kognic.io.resources.input.input"})

__all__ = ["InputResource"]
