"""A session that stays closed."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from kognic.base_clients.errors import ClientClosedError
from kognic.base_clients.http.closable_session import ClosableSession


class Session:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        self.asked.append((method, url, kwargs))
        return requests.Response()

    def close(self) -> None:
        self.asked.append(("closed",))


def test_requests_are_handed_on_until_it_is_closed() -> None:
    """The session below is neither asked any more nor closed: it has an owner."""
    below = Session()
    session = ClosableSession(below)
    session.request("GET", "http://h", params={"a": 1})
    session.close()
    session.close()

    with pytest.raises(ClientClosedError, match=r"The client is closed\. Make a new one"):
        session.request("GET", "http://h")
    assert below.asked == [("GET", "http://h", {"params": {"a": 1}})]
    assert session.is_closed
