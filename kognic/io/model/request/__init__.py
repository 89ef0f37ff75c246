"""Requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.request.request import InputProgressCounts, Request
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "InputProgressCounts": "kognic.io.model.request.request",
            "Request": "kognic.io.model.request.request",
        },
    )

__all__ = [
    "InputProgressCounts",
    "Request",
]
