"""The module of `BaseSerializer` in the official package."""

from kognic.base_clients.serialization import BaseSerializer

__all__ = ["BaseSerializer"]
