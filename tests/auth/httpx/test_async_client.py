"""The asynchronous session: the same tokens, the same rules, on httpx."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import sys
import threading
import traceback
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from kognic.auth.errors import (
    InsecureUrlError,
    KognicError,
    NoCredentialsError,
    TokenError,
    TokenRefusedError,
)
from kognic.auth.httpx import HttpxAuthAsyncClient
from tests.auth.auth_server import CLIENT_ID, CLIENT_SECRET, TOKEN_PATH, Answer, AuthServer, Clock

PAIR = (CLIENT_ID, CLIENT_SECRET)


@pytest.fixture
async def client(server: AuthServer) -> AsyncIterator[HttpxAuthAsyncClient]:
    """A client of the server."""
    async with HttpxAuthAsyncClient(auth=PAIR, host=server.url) as client:
        yield client


async def test_session_signs(server: AuthServer, client: HttpxAuthAsyncClient) -> None:
    """Construction is offline; awaiting the session fetches the first token."""
    assert (server.received, client.token, client.claims, client.expires_at) == ([], None, None, None)

    session = await client.session
    assert isinstance(session, httpx.AsyncClient)
    assert session is await client.session
    response = await session.get(f"{server.url}/a")

    assert response.json()["data"]["method"] == "GET"
    assert len(server.token_requests) == 1
    assert server.api_requests[0].bearer == client.access_token
    assert client.claims == {"sub": "user-1", "number": 1}
    assert server.api_requests[0].headers["user-agent"] == f"python-httpx/{httpx.__version__}"


async def test_token_request_is_that_of_the_synchronous_session(server: AuthServer) -> None:
    """The same form, credentials included, and headers."""
    async with HttpxAuthAsyncClient(auth=PAIR, host=server.url, scopes=["a", "b"]) as client:
        assert (await client.ensure_token())["access_token"]
    (request,) = server.token_requests
    assert request.form == {
        "grant_type": "client_credentials",
        "scope": "a b",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    assert request.headers["content-type"] == "application/x-www-form-urlencoded;charset=UTF-8"
    assert request.headers["accept"] == "application/json"
    assert "authorization" not in request.headers


@pytest.mark.slow
async def test_many_coroutines_cause_one_token_request_per_expiry(
    server: AuthServer, client: HttpxAuthAsyncClient, clock: Clock
) -> None:
    """Expired or revoked."""
    session = await client.session

    async def call() -> int:
        return (await session.get(f"{server.url}/a")).status_code

    for number in range(2, 6):
        if number % 2:
            server.revoke_all()
        else:
            clock.advance(4000)
        assert await asyncio.gather(*[call() for _ in range(32)]) == [200] * 32
        assert len(server.token_requests) == number


async def test_refresh_token_and_fallback(
    server: AuthServer, client: HttpxAuthAsyncClient, clock: Clock
) -> None:
    """As documented for both libraries."""
    server.refresh_lifetime = 5000
    session = await client.session
    clock.advance(4000)
    server.script(
        TOKEN_PATH, lambda _: Answer(200, {k: v for k, v in server.issue().items() if k != "refresh_token"})
    )
    await session.get(f"{server.url}/a")
    assert client.token is not None
    assert client.token["refresh_token"] == "refresh-token-1"
    clock.advance(4000)
    assert (await session.get(f"{server.url}/a")).status_code == 200
    assert [r.form["grant_type"] for r in server.token_requests] == [
        *("client_credentials", "refresh_token", "refresh_token", "client_credentials"),
    ]


async def test_other_refresh_errors_propagate(
    server: AuthServer, client: HttpxAuthAsyncClient, clock: Clock
) -> None:
    """As OAuth errors of Authlib."""
    from authlib.integrations.base_client import OAuthError

    server.refresh_lifetime = 1e6
    session = await client.session
    clock.advance(4000)
    server.client_ids.clear()
    with pytest.raises(OAuthError, match="invalid_client: Unknown client") as caught:
        await session.get(f"{server.url}/a")
    assert isinstance(caught.value, TokenRefusedError)


async def test_renewal_that_fails_for_a_moment_is_put_off(
    server: AuthServer, client: HttpxAuthAsyncClient, clock: Clock
) -> None:
    """While the old token works."""
    session = await client.session
    clock.advance(3600 - 30)
    server.script(TOKEN_PATH, *[Answer(503)] * 4)
    for _ in range(3):
        assert (await session.get(f"{server.url}/a")).status_code == 200
    assert len(server.token_requests) == 5


async def test_refused_token_is_replaced_once(server: AuthServer, client: HttpxAuthAsyncClient) -> None:
    """With the body that is in memory; a second refusal is the answer."""
    session = await client.session
    server.revoke_all()
    response = await session.post(f"{server.url}/a", json={"x": 1})
    assert response.json()["data"]["method"] == "POST"
    assert [json.loads(r.body) for r in server.api_requests] == [{"x": 1}] * 2

    server.script("/a", *[Answer(401)] * 2)
    assert (await session.get(f"{server.url}/a")).status_code == 401


async def test_generators_are_not_sent_again(server: AuthServer, client: HttpxAuthAsyncClient) -> None:
    """The refusal is the answer; the next call has a new token."""

    async def body() -> AsyncIterator[bytes]:
        yield b"content"

    session = await client.session
    server.revoke_all()
    assert (await session.post(f"{server.url}/a", content=body())).status_code == 401
    assert [r.body for r in server.api_requests] == [b"content"]
    assert (await session.get(f"{server.url}/a")).status_code == 200
    assert len(server.token_requests) == 2


async def test_redirect_to_another_host_loses_the_token(
    server: AuthServer, client: HttpxAuthAsyncClient, clock: Clock
) -> None:
    """And its refusal causes no new token."""
    with AuthServer(clock) as other:
        server.script("/a", Answer(302, None, {"Location": f"{other.url}/steal"}))
        session = await client.session
        response = await session.get(f"{server.url}/a", follow_redirects=True)
        assert response.status_code == 401
        assert "authorization" not in other.received[0].headers
        assert len(server.token_requests) == 1


async def test_token_endpoint_is_not_followed_elsewhere(server: AuthServer, clock: Clock) -> None:
    """Even by a client that follows redirects."""
    with AuthServer(clock) as other:
        server.script(TOKEN_PATH, Answer(307, None, {"Location": f"{other.url}{TOKEN_PATH}"}))
        async with HttpxAuthAsyncClient(auth=PAIR, host=server.url, follow_redirects=True) as client:
            with pytest.raises(httpx.HTTPStatusError, match="307"):
                await client.session
        assert other.received == []


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_token_request_is_repeated(
    server: AuthServer, client: HttpxAuthAsyncClient, status: int
) -> None:
    """After gateway errors and broken connections, three times."""
    server.script(TOKEN_PATH, Answer(status), Answer(drop=True), Answer(status))
    await client.ensure_token()
    client.invalidate_token()

    server.script(TOKEN_PATH, *[Answer(status, {"message": "down"})] * 4)
    with pytest.raises(httpx.HTTPStatusError, match=f"^{status} Server Error: .*\n.*'down'") as caught:
        await client.ensure_token()
    assert isinstance(caught.value, TokenError)
    assert (caught.value.status_code, caught.value.transient) == (status, True)
    assert len(server.token_requests) == 8


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(429, {"access_token": "x"}), "429 Client Error"),
        (Answer(400, ["list"]), "400 Client Error"),
        (Answer(200, b"<html>"), "the answer is not a JSON object"),
        (Answer(200, b'{"access_token": "' + b"a" * 2_000_000 + b'"}'), "more than 1 MiB"),
    ],
)
async def test_answers_that_are_no_token(
    server: AuthServer, client: HttpxAuthAsyncClient, answer: Answer, message: str
) -> None:
    """Are httpx.HTTPStatusError, and never taken for one."""
    server.script(TOKEN_PATH, answer)
    with pytest.raises(httpx.HTTPStatusError, match=message) as caught:
        await client.session
    assert caught.value.response.status_code == answer.status
    assert client.token is None


async def test_unreachable_auth_server(clock: Clock) -> None:
    """Is a transport error that says it is about the token."""
    with AuthServer(clock) as gone:
        url = gone.url
    async with HttpxAuthAsyncClient(auth=PAIR, host=url) as client:
        with pytest.raises(httpx.TransportError, match=f"No access token from {url}") as caught:
            await client.session
    assert isinstance(caught.value, TokenError)
    assert caught.value.transient


async def test_silent_auth_server(server: AuthServer) -> None:
    """Is a time-out."""
    finish = threading.Event()
    server.script(TOKEN_PATH, *[lambda _: finish.wait(30) and None] * 4)
    async with HttpxAuthAsyncClient(auth=PAIR, host=server.url, timeout=0.02) as client:
        with pytest.raises(httpx.TimeoutException, match="No access token") as caught:
            await client.session
    finish.set()
    assert isinstance(caught.value, KognicError)


def test_httpx_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the pip command."""
    for name in [n for n in sys.modules if n.startswith("kognic.auth.httpx")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ImportError, match=r'pip install "kognic-client\[httpx\]"'):
        _ = importlib.import_module("kognic.auth.httpx").BaseAsyncApiClient


async def test_bad_arguments(credentials: dict[str, Any]) -> None:
    """Are refused at construction, like those of the synchronous session."""
    with pytest.raises(NoCredentialsError):
        HttpxAuthAsyncClient()
    with pytest.raises(ValueError, match="Credentials expired"):
        HttpxAuthAsyncClient(auth={**credentials, "expires": "2020-01-01T00:00:00Z"})
    with pytest.raises(InsecureUrlError):
        HttpxAuthAsyncClient(auth=PAIR, host="http://example.com")
    with pytest.raises(ValueError, match="host is 'x'"):
        HttpxAuthAsyncClient(auth=PAIR, host="x")


async def test_plain_http_to_another_machine_is_refused(client: HttpxAuthAsyncClient) -> None:
    """Before it is sent."""
    session = await client.session
    with pytest.raises(InsecureUrlError):
        await session.get("http://example.com/x")


async def test_closed_client_opens_anew(server: AuthServer, client: HttpxAuthAsyncClient) -> None:
    """The token is kept."""
    await client.session
    await client.close()
    await client.close()
    assert (await (await client.session).get(f"{server.url}/a")).status_code == 200
    assert len(server.token_requests) == 1


def test_synchronous_use_is_refused(server: AuthServer) -> None:
    """With the right place to look."""
    client = HttpxAuthAsyncClient(auth=PAIR, host=server.url)
    auth = client._http().auth
    with httpx.Client(auth=auth) as http, pytest.raises(RuntimeError, match=r"use kognic\.auth\.requests"):
        http.get(server.url)


async def test_no_secret_is_shown(
    server: AuthServer, client: HttpxAuthAsyncClient, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """By reprs, logs at every level, errors and their frames."""
    caplog.set_level(logging.DEBUG)
    server.refresh_lifetime = 1e6
    session = await client.session
    await session.get(f"{server.url}/a?X-Goog-Signature=0123456789abcdef")
    token = dict(await client.ensure_token())
    secrets = [CLIENT_SECRET, token["access_token"], token["refresh_token"], "0123456789abcdef"]
    clock.advance(4000)

    def echo(request: Any) -> Answer:
        return Answer(400, {"error": "bad", "error_description": str(request.form)})

    for script in ([echo], [Answer(drop=True)] * 4, [Answer(500, {"message": str(token)})]):
        server.script(TOKEN_PATH, *script)
        with pytest.raises(KognicError) as caught:
            await session.get(f"{server.url}/b")
        trace = caught.value.__traceback__
        while trace is not None and "kognic/auth" not in trace.tb_frame.f_code.co_filename:
            trace = trace.tb_next
        error = caught.value.with_traceback(trace)
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        shown = "".join(report.format()) + repr(vars(error)) + repr(error)
        for secret in secrets:
            assert secret not in shown
    server.script("/b", Answer(drop=True))
    clock.advance(-4000)
    with pytest.raises(httpx.TransportError) as broken:
        await session.get(f"{server.url}/b")
    assert "httpcore" not in "".join(traceback.format_tb(broken.value.__traceback__))

    things = [client, vars(client), client.token, session, vars(session)]
    text = caplog.text + "".join(f"{thing!r}" for thing in things)
    for secret in secrets:
        assert secret not in text
