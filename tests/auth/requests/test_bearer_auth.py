"""`KognicBearerAuth` as the `auth` of any requests session, with any provider."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
import requests

from kognic._core.errors import InsecureUrlError
from kognic.auth.requests import KognicBearerAuth, RequestsAuthSession
from tests.auth.auth_server import CLIENT_ID, CLIENT_SECRET, Answer, AuthServer


class Provider:
    """The least that a provider is."""

    def __init__(self) -> None:
        self.made = 0
        self.current: dict[str, Any] | None = None

    def ensure_token(self) -> dict[str, Any]:
        if self.current is None:
            self.made += 1
            self.current = {"access_token": f"token-{self.made}"}
        return self.current

    def invalidate_token(self) -> None:
        self.current = None


@pytest.fixture
def http(server: AuthServer) -> Iterator[requests.Session]:
    """A plain session, signed for the server."""
    provider = RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url)
    with requests.Session() as http, provider:
        http.auth = KognicBearerAuth(provider)
        yield http


def refuse_first(server: AuthServer, path: str = "/a", **headers: str) -> None:
    server.script(path, Answer(401, {"message": "no"}, headers))


@pytest.mark.parametrize(
    "body",
    [
        {"data": b"content"},
        {"data": "content"},
        {"data": {"form": "1"}},
        {"json": {"a": [1, 2]}},
        {"files": {"f": ("name", b"content")}},
        {"data": BytesIO(b"content")},
        {"data": [b"con", b"tent"].__iter__},
        {},
    ],
    ids=["bytes", "text", "form", "json", "files", "stream", "restartable", "none"],
)
def test_bodies_that_can_be_sent_again_are(server: AuthServer, http: requests.Session, body: Any) -> None:
    """The repeated call carries the same body as the refused one."""

    class Restartable:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"con", b"tent"])

    if callable(body.get("data")):
        body = {"data": Restartable()}
    refuse_first(server)

    response = http.post(f"{server.url}/a", **body)

    assert response.status_code == 200
    refused, repeated = server.api_requests
    assert refused.body == repeated.body
    assert bool(repeated.body) == bool(body)
    assert refused.headers.get("content-type") == repeated.headers.get("content-type")


def test_a_stream_is_sent_again_from_where_it_began(server: AuthServer, http: requests.Session) -> None:
    """Not from its very beginning."""
    stream = BytesIO(b"header content")
    stream.seek(7)
    refuse_first(server)

    http.put(f"{server.url}/a", data=stream)

    assert [r.body for r in server.api_requests] == [b"content", b"content"]


def test_generators_are_not_sent_again(server: AuthServer, http: requests.Session) -> None:
    """The refusal is the answer, never a call with an empty body; the next call has a new token."""
    refuse_first(server)

    response = http.post(f"{server.url}/a", data=(part for part in [b"con", b"tent"]))

    assert (response.status_code, response.history) == (401, [])
    assert [r.body for r in server.api_requests] == [b"content"]
    assert http.get(f"{server.url}/a").status_code == 200
    assert len(server.token_requests) == 2
    assert server.api_requests[0].bearer != server.api_requests[1].bearer


def test_streamed_answers_are_replaced_too(server: AuthServer, http: requests.Session) -> None:
    """A long refusal is not read to its end."""
    server.script("/a", Answer(401, b"x" * 5_000_000))

    with http.get(f"{server.url}/a", stream=True) as response:
        assert response.json()["data"]["method"] == "GET"
        assert response.elapsed.total_seconds() > 0


def test_cookies_of_the_refusal_are_sent_along(server: AuthServer, http: requests.Session) -> None:
    """Gateways set one with their 401."""
    refuse_first(server, **{"Set-Cookie": "gateway=7"})

    http.get(f"{server.url}/a")

    assert server.api_requests[1].headers["cookie"] == "gateway=7"
    assert http.cookies["gateway"] == "7"


def test_redirect_within_the_host_keeps_the_token(server: AuthServer, http: requests.Session) -> None:
    """Also the new one, when the old one was refused on the way."""
    refuse_first(server)
    server.script("/a", Answer(307, None, {"Location": "/b"}))

    assert http.get(f"{server.url}/a").status_code == 200

    refused, redirected, final = server.api_requests
    assert refused.bearer != redirected.bearer == final.bearer
    assert len(server.token_requests) == 2


def test_redirect_to_another_host_loses_the_token(server: AuthServer, clock: Any) -> None:
    """Another port is another host; its refusal causes neither a new token nor a repeated call."""
    with AuthServer(clock) as other:
        session = RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url)
        server.script("/a", Answer(302, None, {"Location": f"{other.url}/steal"}))

        response = session.request("GET", f"{server.url}/a")

        assert response.status_code == 401
        (arrived,) = other.received
        assert "authorization" not in arrived.headers
        assert len(server.token_requests) == 1
        session.close()


def test_netrc_replaces_no_token(server: AuthServer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's .netrc is for other programs: requests would take it on redirects."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret-of-netrc\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.script("/a", Answer(302, None, {"Location": "/b"}))

    with RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url) as session:
        assert session.request("GET", f"{server.url}/a").status_code == 200

    assert all(r.headers["authorization"].startswith("Bearer ") for r in server.api_requests)


@pytest.mark.parametrize("url", ["http://example.com/x", "http://10.0.0.1/x", "HTTP://localhost.example.com"])
def test_plain_http_to_another_machine_is_refused(
    server: AuthServer, http: requests.Session, url: str
) -> None:
    """Before any token is fetched."""
    with pytest.raises(InsecureUrlError, match=r"KOGNIC_ALLOW_HTTP=1"):
        http.get(url)
    assert server.received == []


@pytest.mark.parametrize("how", ["argument", "variable"])
def test_plain_http_can_be_allowed(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For networks that are trusted."""
    if how == "variable":
        monkeypatch.setenv("KOGNIC_ALLOW_HTTP", "1")
    provider = Provider()
    auth = KognicBearerAuth(provider, allow_http=True if how == "argument" else None)

    request = requests.Request("GET", "http://platform.internal/x", auth=auth).prepare()

    assert request.headers["Authorization"] == "Bearer token-1"


def test_any_provider_will_do(server: AuthServer) -> None:
    """One that has `ensure_token` and `invalidate_token`: a refused token is invalidated once."""
    provider = Provider()
    server.script("/a", Answer(401), Answer(200, {}), Answer(401))

    auth = KognicBearerAuth(provider)
    assert requests.get(f"{server.url}/a", auth=auth, timeout=10).status_code == 200
    assert [r.bearer for r in server.received] == ["token-1", "token-2"]

    response = requests.post(f"{server.url}/a", auth=auth, data=iter([b"x"]), timeout=10)
    assert response.status_code == 401
    assert provider.current is None
