"""asyncio, which takes long to import and which most transfers never need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.base_clients.cloud_storage.event_loop.running import LoopThread

__all__ = ["LoopThread"]

__getattr__, __dir__ = attach(
    __name__, {"LoopThread": "kognic.base_clients.cloud_storage.event_loop.running"}
)
