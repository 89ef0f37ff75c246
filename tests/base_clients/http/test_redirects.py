"""The one follower of redirects."""

from __future__ import annotations

import pytest
import requests

from kognic.base_clients.http.redirects import Moved, follow, full_address, moved

HERE = "https://host/a/b?x=1"


@pytest.mark.parametrize(
    ("method", "status", "location", "target"),
    [
        ("GET", 302, "/c", "https://host/c"),
        ("GET", 308, "https://other/c?sig=1", "https://other/c?sig=1"),
        ("PUT", 307, "c", "https://host/a/c"),
        ("PUT", 302, "/c", None),
        ("PUT", 303, "/c", None),
        ("GET", 200, "/c", None),
        ("GET", 302, None, None),
        ("GET", 302, "http://host/c", None),
        ("GET", 302, "ftp://host/c", None),
        ("GET", 302, "https://host:99999999/c", None),
        ("GET", 302, "http://[broken", None),
    ],
)
def test_what_is_followed(method: str, status: int, location: str | None, target: str | None) -> None:
    """Never from TLS to plain text, never to no HTTP address, a write only where it stays the same."""
    assert moved(method, status, location, HERE) == (None if target is None else Moved(target))


@pytest.mark.parametrize("location", ["https://other/c", "https://host:8443/c", "http://host/c"])
def test_a_token_stays_at_its_origin(location: str) -> None:
    assert moved("POST", 307, location, HERE, same_origin=True) is None
    assert moved("POST", 307, "https://host:443/c", HERE, same_origin=True) == Moved("https://host:443/c")


def test_following_ends() -> None:
    sent: list[str] = []

    def send(url: str) -> str | Moved:
        sent.append(url)
        return "there" if url == "3" else Moved(str(int(url) + 1))

    assert follow(send, "0", name="GET 0") == "there"
    assert sent == ["0", "1", "2", "3"]
    with pytest.raises(requests.TooManyRedirects, match="GET 4: more than 5 redirects"):
        follow(send, "4", name="GET 4")


def test_the_address_is_a_secret() -> None:
    """It may hold a signature, and tracebacks show local variables."""
    assert "sig" not in repr(Moved("https://h/?sig=1"))
    assert full_address(HERE, "?y=2") == "https://host/a/b?y=2"
