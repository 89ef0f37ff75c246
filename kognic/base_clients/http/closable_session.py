"""A session that clients of several services share, until their owner closes it."""

from __future__ import annotations

from typing import Any

import requests

from kognic.base_clients.errors import ClientClosedError
from kognic.base_clients.http.client import Session


class ClosableSession:
    """Hands requests on to a session, and refuses them once it is closed.

    A closed `requests.Session` would quietly open new connections.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.is_closed = False

    def close(self) -> None:
        """Refuse further requests; whoever made the session closes its connections."""
        self.is_closed = True

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """Send one request."""
        if self.is_closed:
            raise ClientClosedError(
                "The client is closed. Make a new one, or do the work inside its `with` block"
            )
        return self._session.request(method, url, **kwargs)
