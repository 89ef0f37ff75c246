"""Errors of the viewer."""

from __future__ import annotations

from kognic._core.errors import KognicError


class ViewerMissingError(KognicError):
    """This installation was built without the viewer's bundle."""


class PacketError(KognicError, ValueError):
    """The data is not a packet of the viewer, or is incomplete."""
