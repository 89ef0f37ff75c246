"""The platform's API: one class per resource, and the table of all operations.

`kognic.io.client.KognicIOClient` creates the resources; nothing here opens a connection.
"""

from __future__ import annotations

__all__: list[str] = []
