"""Workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.workspace.workspace import Workspace
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "Workspace": "kognic.io.model.workspace.workspace",
        },
    )

__all__ = [
    "Workspace",
]
