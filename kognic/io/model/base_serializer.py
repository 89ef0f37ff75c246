"""A path of the official client; see `kognic.base_clients.serialization`."""

from kognic.base_clients.serialization import BaseSerializer

__all__ = ["BaseSerializer"]
