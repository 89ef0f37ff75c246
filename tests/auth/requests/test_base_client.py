"""Clients of single services: what they raise, repeat, share and announce."""

from __future__ import annotations

import gc
import json
import logging
import threading
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests

from kognic.auth import __version__
from kognic.auth._user_agent import get_user_agent
from kognic.auth.errors import CredentialsError, HttpStatusError, KognicError, NoCredentialsError
from kognic.auth.internal.token_cache import FileTokenCache
from kognic.auth.requests import BaseApiClient
from kognic.auth.requests.base_client import _provider_pool, create_session, make_token_provider
from tests.auth.auth_server import CLIENT_ID, CLIENT_SECRET, Answer, AuthServer, Clock

PAIR = (CLIENT_ID, CLIENT_SECRET)


class OrdersClient(BaseApiClient):
    """A user's own client."""


def client(server: AuthServer, **options: Any) -> OrdersClient:
    return OrdersClient(**{"auth": PAIR, "auth_host": server.url, **options})


def test_calls_are_signed_and_answers_plain(server: AuthServer) -> None:
    """With full URLs; the session is made once, offline."""
    with client(server) as orders:
        session = orders.session
        assert session is orders.session
        assert server.received == []

        response = session.post(f"{server.url}/v1/orders", json={"a": 1})

    assert type(response) is requests.Response
    assert response.json()["data"]["body"] == '{"a": 1}'
    assert server.api_requests[0].bearer


def test_user_agent_of_calls_and_of_token_requests(server: AuthServer) -> None:
    """The name of the class, another one, or none; token requests have the library's own."""
    library = f"requests/{requests.__version__}"
    for name, agent in (
        ("auto", get_user_agent(library, "OrdersClient")),
        ("mine", get_user_agent(library, "mine")),
        (None, f"kognic-auth/{__version__} {agent_python()} {library}"),
    ):
        server.received.clear()
        client(server, client_name=name, auth=(CLIENT_ID, CLIENT_SECRET)).session.get(f"{server.url}/a")
        assert server.api_requests[0].headers["user-agent"] == agent
    server.received.clear()
    client(server, scopes=["fresh"]).session.get(f"{server.url}/a")
    assert server.token_requests[0].headers["user-agent"] == requests.utils.default_user_agent()


def agent_python() -> str:
    return get_user_agent("x").split(" ")[1]


def test_relative_urls_are_refused(server: AuthServer) -> None:
    """Nothing is sent."""
    with pytest.raises(ValueError, match="The URL is '/v1/x', must be a full one"):
        client(server).session.get("/v1/x")
    assert server.received == []


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (
            Answer(404, {"message": "no such order"}),
            "404 Client Error: Not Found for url: {url}\nGot error in response: 'no such order'",
        ),
        (
            Answer(400, {"detail": "x"}),
            '400 Client Error: Bad Request for url: {url}\nGot error in response: \'{{"detail": "x"}}\'',
        ),
        (
            Answer(500, b"<html>"),
            "500 Server Error: Internal Server Error for url: {url}\nGot error in response: '<html>'",
        ),
        (Answer(304), "304 Unexpected Answer: Not Modified for url: {url}\nGot error in response: ''"),
    ],
)
def test_what_is_not_a_success_is_raised(server: AuthServer, answer: Answer, text: str) -> None:
    """Two lines: status and URL; what the platform says."""
    server.script("/a", answer)
    with pytest.raises(requests.HTTPError) as caught:
        client(server).session.post(f"{server.url}/a")
    error = caught.value
    assert isinstance(error, HttpStatusError)
    assert isinstance(error, KognicError)
    assert str(error) == text.format(url=f"{server.url}/a")
    assert (error.status_code, error.response.status_code) == (answer.status, answer.status)
    assert "Authorization" not in error.response.request.headers


def test_long_and_streamed_error_bodies_are_cut(server: AuthServer) -> None:
    """Nobody needs megabytes of an error."""
    server.script("/a", *[Answer(500, b"x" * 3_000_000)] * 2)
    for stream in (False, True):
        with pytest.raises(HttpStatusError) as caught:
            client(server).session.post(f"{server.url}/a", stream=stream)
        assert str(caught.value).endswith("x" * 500 + "...'")
    assert len(caught.value.response.content) < 100_000


@pytest.mark.parametrize("method", ["get", "put", "delete", "head", "options"])
@pytest.mark.parametrize("trouble", [Answer(502), Answer(503), Answer(504), Answer(drop=True)])
def test_idempotent_calls_are_repeated(server: AuthServer, method: str, trouble: Answer) -> None:
    """Three times."""
    server.script("/a", *[trouble] * 3)
    assert client(server).session.request(method, f"{server.url}/a").status_code == 200
    assert len(server.api_requests) == 4


@pytest.mark.parametrize("method", ["post", "patch"])
def test_others_are_not(server: AuthServer, method: str) -> None:
    """They might do a thing twice."""
    server.script("/a", Answer(503, {"message": "down"}), Answer(drop=True))
    session = client(server).session
    with pytest.raises(requests.HTTPError, match="503"):
        session.request(method, f"{server.url}/a")
    with pytest.raises(requests.ConnectionError):
        session.request(method, f"{server.url}/a")
    assert len(server.api_requests) == 2


def test_retries_run_out(server: AuthServer) -> None:
    """As a RetryError for statuses, as documented."""
    server.script("/a", *[Answer(503)] * 4)
    with pytest.raises(requests.exceptions.RetryError):
        client(server).session.get(f"{server.url}/a")
    server.script("/a", *[Answer(drop=True)] * 4)
    with pytest.raises(requests.ConnectionError):
        client(server).session.get(f"{server.url}/a")


@pytest.mark.parametrize("status", [500, 429, 501])
def test_other_statuses_are_not_repeated(server: AuthServer, status: int) -> None:
    """Only those that a gateway answers."""
    server.script("/a", Answer(status))
    with pytest.raises(HttpStatusError):
        client(server).session.get(f"{server.url}/a")
    assert len(server.api_requests) == 1


def test_generators_are_not_repeated_empty(server: AuthServer) -> None:
    """Bodies that cannot be repeated are not retried; a stream is retried from its beginning."""
    server.script("/a", Answer(503, {"message": "down"}))
    session = client(server).session
    with pytest.raises(HttpStatusError, match="503"):
        session.put(f"{server.url}/a", data=(b for b in [b"content"]))
    assert [r.body for r in server.api_requests] == [b"content"]

    server.received.clear()
    server.script("/a", Answer(503))
    session.put(f"{server.url}/a", data=BytesIO(b"content"))
    assert [r.body for r in server.api_requests] == [b"content", b"content"]


def test_retry_after_is_honoured_but_not_for_ever(
    server: AuthServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour is cut to a minute."""
    slept: list[float] = []
    monkeypatch.setattr("kognic.auth.requests._api_session.sleep", slept.append)
    server.script("/a", Answer(503, None, {"Retry-After": "2"}), Answer(503, None, {"Retry-After": "3600"}))
    client(server).session.get(f"{server.url}/a")
    assert slept == [2, 60]


def test_refused_token_is_replaced(server: AuthServer) -> None:
    """A rejected token is renewed, and the request is retried once."""
    session = client(server).session
    session.get(f"{server.url}/a")
    server.revoke_all()
    assert session.get(f"{server.url}/a").status_code == 200
    assert len(server.token_requests) == 2


def test_json_bodies_pass_through_the_serializer(server: AuthServer) -> None:
    """The default refuses what JSON is not for; a user's own may turn objects into values."""
    session = client(server).session
    with pytest.raises(ValueError, match="The body is of type str"):
        session.post(f"{server.url}/a", json="text")
    with pytest.raises(TypeError, match="body is of type set"):
        session.post(f"{server.url}/a", json={1})
    assert server.received == []

    own = client(server, json_serializer=lambda body: sorted(body))
    assert own.session.post(f"{server.url}/a", json={2, 1}).json()["data"]["body"] == "[1, 2]"
    assert session.post(f"{server.url}/a", json=[]).json()["data"]["body"] == "[]"


def test_sunset(server: AuthServer, caplog: pytest.LogCaptureFixture) -> None:
    """Of successes and failures; a user's handler, the default, or none."""
    header = {"sunset-date": "2019-02-03T04:05:06Z"}
    heard: list[tuple[Any, ...]] = []
    server.script("/a", *[Answer(200, {}, header), Answer(404, {}, header)])
    session = client(server, sunset_handler=lambda *call: heard.append(call)).session
    session.get(f"{server.url}/a?q=1")
    with pytest.raises(HttpStatusError):
        session.delete(f"{server.url}/a")
    date = datetime(2019, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert heard == [(date, "GET", f"{server.url}/a"), (date, "DELETE", f"{server.url}/a")]

    server.script("/a", *[Answer(200, {}, header)] * 2)
    client(server, sunset_handler=None).session.get(f"{server.url}/a")
    assert "will end" not in caplog.text
    client(server).session.get(f"{server.url}/a")
    assert "will end on 2019-02-03" in caplog.text


class TestSharing:
    """Clients with equal credentials share their tokens."""

    def test_shared(self, server: AuthServer, credentials: dict[str, Any]) -> None:
        """However the credentials are given."""
        clients = [
            client(server),
            client(server, auth=credentials),
            BaseApiClient(auth=PAIR, auth_host=server.url),
        ]
        for one in clients:
            one.session.get(f"{server.url}/a")
        assert len(server.token_requests) == 1

    @pytest.mark.parametrize(
        "other",
        [
            {"scopes": ["api:read"]},
            {"auth": (CLIENT_ID, "another-secret")},
            {"auth_token_endpoint": "/other/token"},
            {"token_cache": True},
            {"verify": False},
        ],
    )
    def test_not_shared(self, server: AuthServer, other: dict[str, Any], tmp_path: Path) -> None:
        """What makes tokens different, the secret and the scopes of the credentials included."""
        if "token_cache" in other:
            other = {"token_cache": FileTokenCache(tmp_path / "t.json")}
        one, two = client(server), client(server, **other)
        assert one._provider is not two._provider

    def test_scopes_of_the_credentials_count(self, server: AuthServer, credentials: dict[str, Any]) -> None:
        """They are sent, and tell providers apart."""
        one = client(server, auth={**credentials, "scopes": ["a"]})
        two = client(server, auth={**credentials, "scopes": ["b"]})
        for each in (one, two):
            each.session.get(f"{server.url}/a")
        assert [r.form["scope"] for r in server.token_requests] == ["a", "b"]

    def test_expiry_of_the_credentials_counts(self, server: AuthServer, credentials: dict[str, Any]) -> None:
        """Also when another client with the same id has a provider already."""
        keep = client(server)
        with pytest.raises(ValueError, match="Credentials expired at 2020"):
            client(server, auth={**credentials, "expires": "2020-01-01T00:00:00Z"})
        assert keep.session

    def test_providers_are_held_weakly(self, server: AuthServer) -> None:
        """By the clients alone."""
        gc.collect()
        before = len(_provider_pool)
        one = client(server, scopes=["weak"])
        assert len(_provider_pool) == before + 1
        del one
        gc.collect()
        assert len(_provider_pool) == before

    def test_threads_make_one_provider(self, server: AuthServer) -> None:
        """And one session."""
        gate, made = threading.Barrier(8), []

        def work() -> None:
            gate.wait(30)
            made.append(client(server, scopes=["threads"]))
            made[-1].session.get(f"{server.url}/a")

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(c._provider) for c in made}) == 1
        assert len(server.token_requests) == 1


def test_credentials_given_are_checked_at_once_others_when_needed(server: AuthServer, tmp_path: Path) -> None:
    """A client without any can be made where there are none, and says so when it is used."""
    with pytest.raises(FileNotFoundError) as caught:
        BaseApiClient(auth=tmp_path / "missing.json")
    assert isinstance(caught.value, CredentialsError)

    nobody = BaseApiClient(auth_host=server.url)
    with pytest.raises(NoCredentialsError):
        _ = nobody.session


def test_token_provider_of_ones_own(server: AuthServer) -> None:
    """In place of credentials."""
    provider = make_token_provider(auth=PAIR, auth_host=server.url)
    one = BaseApiClient(token_provider=provider)
    two = create_session(token_provider=provider)
    one.session.get(f"{server.url}/a")
    two.get(f"{server.url}/a")
    assert len(server.token_requests) == 1


def test_create_session_with_a_token_from_before(server: AuthServer) -> None:
    """And a callback for new ones."""
    heard: list[dict[str, Any]] = []
    session = create_session(
        auth=PAIR,
        auth_host=server.url,
        initial_token=server.issue(),
        on_token_updated=heard.append,
        client_name="x",
    )
    session.get(f"{server.url}/a")
    assert server.token_requests == []
    server.revoke_all()
    session.get(f"{server.url}/a")
    assert [t["access_token"] for t in heard] == [server.api_requests[-1].bearer]


class TestTokenCache:
    """A provider with a cache."""

    def test_token_is_kept_and_found(self, server: AuthServer, tmp_path: Path, clock: Clock) -> None:
        """By another provider, until thirty seconds before it expires."""
        cache = FileTokenCache(tmp_path / "tokens.json")
        first = make_token_provider(auth=PAIR, auth_host=f"{server.url}/", token_cache=cache)
        first.ensure_token()
        again = make_token_provider(auth=PAIR, auth_host=server.url, token_cache=FileTokenCache(cache.path))
        assert again.request("GET", f"{server.url}/a").ok
        assert len(server.token_requests) == 1
        assert list(json.loads(cache.path.read_text())) == [f"{server.url}:{CLIENT_ID}"]

    def test_refused_token_is_replaced_in_the_cache(self, server: AuthServer, tmp_path: Path) -> None:
        """So that the next run has the new one."""
        cache = FileTokenCache(tmp_path / "tokens.json")
        make_token_provider(auth=PAIR, auth_host=server.url, token_cache=cache).ensure_token()
        server.revoke_all()
        provider = make_token_provider(auth=PAIR, auth_host=server.url, token_cache=cache)
        assert provider.request("GET", f"{server.url}/a").ok
        kept = cache.load(server.url, CLIENT_ID)
        assert kept is not None
        assert kept["access_token"] == provider.access_token

    def test_scopes_of_the_credentials_enter_the_key(
        self, server: AuthServer, tmp_path: Path, credentials: dict[str, Any]
    ) -> None:
        """A token for fewer scopes is not taken for one of more."""
        cache = FileTokenCache(tmp_path / "tokens.json")
        for scopes in (["a"], ["a", "b"], []):
            auth = {**credentials, "scopes": scopes}
            make_token_provider(auth=auth, auth_host=server.url, token_cache=cache).ensure_token()
        assert len(server.token_requests) == 3
        make_token_provider(
            auth=credentials, auth_host=server.url, token_cache=cache, scopes=["a"]
        ).ensure_token()
        assert len(server.token_requests) == 3

    def test_cache_that_cannot_be_written_costs_nothing(
        self, server: AuthServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """But a word."""
        (tmp_path / "file").write_text("")
        cache = FileTokenCache(tmp_path / "file" / "tokens.json")
        client(server, token_cache=cache).session.get(f"{server.url}/a")
        assert [r.levelno for r in caplog.records if "token cache" in r.getMessage()].count(
            logging.WARNING
        ) == 1


class TestFromEnv:
    """Environments by name."""

    @pytest.fixture
    def file(self, server: AuthServer, tmp_path: Path, credentials: dict[str, Any]) -> Path:
        (tmp_path / "c.json").write_text(json.dumps({**credentials, "scopes": ["from-file"]}))
        environments = {
            "here": {"host": "127.0.0.1", "auth_server": server.url, "credentials": str(tmp_path / "c.json")},
            "scoped": {"url": server.url, "credentials": str(tmp_path / "c.json"), "scopes": ["from-env"]},
        }
        path = tmp_path / "environments.json"
        path.write_text(json.dumps({"environments": environments}))
        return path

    @pytest.mark.parametrize(
        ("name", "given", "scope"),
        [
            ("here", {}, "from-file"),
            ("scoped", {}, "from-env"),
            ("scoped", {"scopes": ["given"]}, "given"),
            ("scoped", {"scopes": []}, None),
            ("scoped", {"auth": PAIR}, "from-env"),
        ],
    )
    def test_from_env(
        self, server: AuthServer, file: Path, name: str, given: dict[str, Any], scope: str | None
    ) -> None:
        """Auth server, credentials and scopes come from the file, unless given."""
        orders = OrdersClient.from_env(name, env_config_path=file, **given)
        assert type(orders) is OrdersClient
        orders.session.get(f"{server.url}/a")
        assert server.token_requests[0].form.get("scope") == scope
        assert server.token_requests[0].form["client_id"] == CLIENT_ID

    def test_unknown_name(self, file: Path) -> None:
        """Named, with the file."""
        with pytest.raises(ValueError, match=f"Unknown environment 'x'; '{file}' has: here, scoped"):
            BaseApiClient.from_env("x", env_config_path=str(file))
