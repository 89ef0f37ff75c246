"""Asynchronous clients of single services."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from kognic._core.errors import KognicError
from kognic.auth._user_agent import get_user_agent
from kognic.auth.httpx import BaseAsyncApiClient, HttpxAuthAsyncClient
from tests.auth.auth_server import CLIENT_ID, CLIENT_SECRET, Answer, AuthServer

PAIR = (CLIENT_ID, CLIENT_SECRET)


class OrdersClient(BaseAsyncApiClient):
    """A user's own client."""


@pytest.fixture
async def session(server: AuthServer) -> AsyncIterator[httpx.AsyncClient]:
    """The session of a client."""
    async with OrdersClient(auth=PAIR, auth_host=server.url) as client:
        yield await client.session


async def test_calls_are_signed(server: AuthServer, session: httpx.AsyncClient) -> None:
    """With the client's name in the user agent."""
    assert issubclass(OrdersClient, HttpxAuthAsyncClient)
    response = await session.post(f"{server.url}/a", json={"x": [1]})
    assert json.loads(response.json()["data"]["body"]) == {"x": [1]}
    agent = get_user_agent(f"python-httpx/{httpx.__version__}", "OrdersClient")
    assert server.api_requests[0].headers["user-agent"] == agent


@pytest.mark.parametrize(
    ("options", "agent"),
    [
        ({"client_name": None}, get_user_agent(f"python-httpx/{httpx.__version__}")),
        ({"client_name": "mine"}, get_user_agent(f"python-httpx/{httpx.__version__}", "mine")),
        ({"headers": {"User-Agent": "own", "X-More": "1"}}, "own"),
    ],
)
async def test_user_agent(server: AuthServer, options: dict[str, Any], agent: str) -> None:
    """None, another, or the user's own headers."""
    async with BaseAsyncApiClient(auth=PAIR, auth_host=server.url, **options) as client:
        await (await client.session).get(f"{server.url}/a")
    assert server.api_requests[0].headers["user-agent"] == agent


async def test_what_is_not_a_success_is_raised(server: AuthServer, session: httpx.AsyncClient) -> None:
    """As httpx.HTTPStatusError with two lines; streamed answers too."""
    server.script("/a", *[Answer(404, {"message": "no such order"})] * 2, Answer(500, b"x" * 2_000_000))
    with pytest.raises(httpx.HTTPStatusError) as caught:
        await session.post(f"{server.url}/a")
    assert str(caught.value) == (
        f"404 Client Error: Not Found for url: {server.url}/a\nGot error in response: 'no such order'"
    )
    assert isinstance(caught.value, KognicError)
    assert caught.value.response.status_code == 404
    assert "authorization" not in caught.value.response.request.headers
    with pytest.raises(httpx.HTTPStatusError, match="no such order"):
        async with session.stream("POST", f"{server.url}/a"):
            pass
    with pytest.raises(httpx.HTTPStatusError, match=r"x{500}\.\.\.'$") as long:
        async with session.stream("POST", f"{server.url}/a"):
            pass
    assert len(long.value.response.content) < 200_000


@pytest.mark.parametrize("trouble", [Answer(502), Answer(503), Answer(504), Answer(drop=True)])
async def test_idempotent_calls_are_repeated(
    server: AuthServer, session: httpx.AsyncClient, trouble: Answer
) -> None:
    """Three times, unless their body is a generator."""
    for method in ("get", "put", "delete", "head", "options"):
        server.received.clear()
        server.script("/a", *[trouble] * 3)
        assert (await session.request(method, f"{server.url}/a")).status_code == 200
        assert len(server.api_requests) == 4

    async def body() -> AsyncIterator[bytes]:
        yield b"content"

    server.received.clear()
    server.script("/a", trouble)
    with pytest.raises((httpx.HTTPStatusError, httpx.TransportError)):
        await session.put(f"{server.url}/a", content=body())
    assert [r.body for r in server.api_requests] == [b"content"]


async def test_retries_run_out(server: AuthServer, session: httpx.AsyncClient) -> None:
    """With what the last attempt gave."""
    server.script("/a", *[Answer(503)] * 4)
    with pytest.raises(httpx.HTTPStatusError, match="503"):
        await session.get(f"{server.url}/a")
    server.script("/a", *[Answer(drop=True)] * 4)
    with pytest.raises(httpx.TransportError):
        await session.get(f"{server.url}/a")
    assert len(server.api_requests) == 8


@pytest.mark.parametrize("method", ["post", "patch"])
async def test_others_are_not_repeated(server: AuthServer, session: httpx.AsyncClient, method: str) -> None:
    """They might do a thing twice."""
    server.script("/a", Answer(503))
    with pytest.raises(httpx.HTTPStatusError):
        await session.request(method, f"{server.url}/a")
    assert len(server.api_requests) == 1


async def test_refused_token_is_replaced(server: AuthServer, session: httpx.AsyncClient) -> None:
    """A rejected token is renewed, and the request is retried once."""
    server.revoke_all()
    assert (await session.get(f"{server.url}/a")).status_code == 200
    assert len(server.token_requests) == 2


async def test_relative_urls_need_a_base(server: AuthServer, session: httpx.AsyncClient) -> None:
    """Nothing is sent without."""
    with pytest.raises(ValueError, match="The URL is '/v1/x', must be a full one"):
        await session.get("/v1/x")
    async with BaseAsyncApiClient(auth=PAIR, auth_host=server.url, base_url=server.url) as client:
        assert (await (await client.session).get("/v1/x")).status_code == 200


async def test_json_bodies_pass_through_the_serializer(
    server: AuthServer, session: httpx.AsyncClient
) -> None:
    """The default refuses what JSON is not for."""
    with pytest.raises(ValueError, match="The body is of type str"):
        await session.post(f"{server.url}/a", json="text")
    async with OrdersClient(auth=PAIR, auth_host=server.url, json_serializer=sorted) as client:
        response = await (await client.session).post(f"{server.url}/a", json={2, 1})
    assert json.loads(response.json()["data"]["body"]) == [1, 2]


async def test_sunset(server: AuthServer, caplog: pytest.LogCaptureFixture) -> None:
    """A user's handler, the default, or none."""
    header = {"sunset-date": "2019-02-03T04:05:06Z"}
    heard: list[tuple[Any, ...]] = []
    server.script("/a", *[Answer(200, {}, header)] * 3)
    for handler in (lambda *call: heard.append(call), None):
        async with OrdersClient(auth=PAIR, auth_host=server.url, sunset_handler=handler) as client:
            await (await client.session).get(f"{server.url}/a?q=1")
    assert heard == [(datetime(2019, 2, 3, 4, 5, 6, tzinfo=UTC), "GET", f"{server.url}/a")]
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]
    async with OrdersClient(auth=PAIR, auth_host=server.url) as client:
        await (await client.session).get(f"{server.url}/a")
    assert "will end on 2019-02-03" in caplog.text


async def test_from_env(server: AuthServer, tmp_path: Path, credentials: dict[str, Any]) -> None:
    """Auth server, credentials and scopes of the environment."""
    (tmp_path / "c.json").write_text(json.dumps(credentials))
    here = {"url": server.url, "credentials": str(tmp_path / "c.json"), "scopes": ["s"]}
    (tmp_path / "e.json").write_text(json.dumps({"environments": {"here": here}}))
    async with OrdersClient.from_env("here", env_config_path=tmp_path / "e.json") as client:
        await client.session
    assert server.token_requests[0].form["scope"] == "s"
    with pytest.raises(ValueError, match="Unknown environment 'x'"):
        OrdersClient.from_env("x", env_config_path=tmp_path / "e.json")
