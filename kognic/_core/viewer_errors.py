"""What goes wrong with the viewer itself."""

from __future__ import annotations

from kognic._core.errors import KognicError


class ViewerMissingError(KognicError):
    """This installation was built without the viewer's bundle."""


class PacketError(KognicError, ValueError):
    """Bytes that are no packet of the viewer, or only a part of one."""
