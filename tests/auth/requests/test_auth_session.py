"""Tokens over real sockets: fetched late, renewed once, replaced when refused, shared by threads."""

from __future__ import annotations

import json
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from kognic._core.failures import in_words
from kognic.auth.credentials import ApiCredentials
from kognic.auth.errors import (
    CredentialsError,
    ExpiredCredentialsError,
    InsecureUrlError,
    NoCredentialsError,
    TokenConnectionError,
    TokenResponseError,
    TokenTimeoutError,
)
from kognic.auth.requests.auth_session import RequestsAuthSession
from tests.auth.auth_server import CLIENT_ID, CLIENT_SECRET, TOKEN_PATH, Answer, AuthServer, Clock, jwt

THREADS = 32


@pytest.fixture
def make(server: AuthServer) -> Iterator[Callable[..., RequestsAuthSession]]:
    """Makes sessions for the server, and closes them."""
    made: list[RequestsAuthSession] = []

    def make(**options: Any) -> RequestsAuthSession:
        made.append(
            RequestsAuthSession(**{"auth": (CLIENT_ID, CLIENT_SECRET), "host": server.url, **options})
        )
        return made[-1]

    yield make
    for session in made:
        session.close()


Make = Callable[..., RequestsAuthSession]


def test_construction_is_offline_and_the_token_is_fetched_once(server: AuthServer, make: Make) -> None:
    """Nothing is sent until the first call; later calls present the same token."""
    session = make()
    assert (server.received, session.token, session.access_token, session.claims) == ([], None, None, None)
    assert session.expires_at is None

    for _ in range(3):
        assert session.request("GET", f"{server.url}/v1/projects").status_code == 200

    assert len(server.token_requests) == 1
    assert {r.bearer for r in server.api_requests} == {session.access_token}


def test_token_request_is_the_documented_one(server: AuthServer, make: Make) -> None:
    """Fields and headers of the client-credentials grant; scopes are joined by one blank."""
    make(scopes=["api:read", "api:write"]).ensure_token()

    (request,) = server.token_requests
    assert request.method == "POST"
    assert request.form == {
        "grant_type": "client_credentials",
        "scope": "api:read api:write",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    assert b"scope=api%3Aread+api%3Awrite" in request.body
    assert request.headers["content-type"] == "application/x-www-form-urlencoded;charset=UTF-8"
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"] == requests.utils.default_user_agent()


@pytest.mark.parametrize(
    ("given", "in_file", "sent"),
    [
        (None, ["a", "b"], "a b"),
        (["c"], ["a"], "c"),
        ([], ["a"], None),
        (None, None, None),
        ("d e", None, "d e"),
    ],
)
def test_scopes_first_match_wins(
    server: AuthServer, make: Make, credentials: dict[str, Any], given: Any, in_file: Any, sent: str | None
) -> None:
    """Explicit scopes, then those of the credentials; an empty list means none at all."""
    auth = credentials if in_file is None else {**credentials, "scopes": in_file}

    make(auth=auth, scopes=given).ensure_token()

    assert server.token_requests[0].form.get("scope") == sent


@pytest.mark.parametrize("secret", ["a b&c=d", "ünï/+%", "'\"<>\\", "x" * 500])
def test_secrets_of_any_characters_arrive_as_they_are(server: AuthServer, make: Make, secret: str) -> None:
    """Form encoding is undone by the server."""
    server.client_ids["ü&id"] = secret

    make(auth=("ü&id", secret)).ensure_token()

    assert server.token_requests[0].form["client_secret"] == secret


def test_session_fetches_a_token_and_oauth_session_does_not(server: AuthServer, make: Make) -> None:
    """Both are the same requests session."""
    from authlib.integrations.requests_client import OAuth2Session

    session = make()
    oauth = session.oauth_session
    assert isinstance(oauth, OAuth2Session)
    assert server.received == []

    assert session.session is oauth
    assert len(server.token_requests) == 1
    assert session.session.get(f"{server.url}/v1/projects").ok
    assert oauth.token == session.token


def test_views_of_the_token(server: AuthServer, make: Make, clock: Clock) -> None:
    """Claims and expiry are read from what the server answered."""
    session = make()
    token = session.ensure_token()

    assert session.claims == {"sub": "user-1", "number": 1}
    assert session.access_token == token["access_token"]
    assert token["expires_at"] == int(clock.now) + 3600
    assert session.expires_at == datetime.fromtimestamp(token["expires_at"], tz=UTC)


def test_token_is_renewed_a_minute_before_it_expires(server: AuthServer, make: Make, clock: Clock) -> None:
    """Until a minute before, the token is kept; then the next call brings a new one."""
    session = make()
    session.request("GET", f"{server.url}/a")
    clock.advance(3600 - 61)
    session.request("GET", f"{server.url}/a")
    assert len(server.token_requests) == 1

    clock.advance(2)
    session.request("GET", f"{server.url}/a")

    assert len(server.token_requests) == 2
    assert [r.bearer for r in server.api_requests].count(session.access_token) == 1


def test_ensure_token_does_not_look_at_the_expiry(server: AuthServer, make: Make, clock: Clock) -> None:
    """As documented; calls do."""
    session = make()
    first = session.ensure_token()
    clock.advance(10_000)

    assert session.ensure_token() == first


def test_refresh_token_is_used_and_kept(server: AuthServer, make: Make, clock: Clock) -> None:
    """A refresh answer without a refresh token keeps the old one."""
    server.refresh_lifetime = 1e6
    session = make(scopes=["s"])
    session.request("GET", f"{server.url}/a")
    clock.advance(3600)
    server.script(
        TOKEN_PATH, lambda _: Answer(200, {k: v for k, v in server.issue().items() if k != "refresh_token"})
    )
    session.request("GET", f"{server.url}/a")

    form = server.token_requests[1].form
    assert (form["grant_type"], form["refresh_token"]) == ("refresh_token", "refresh-token-1")
    assert (form["scope"], form["client_id"], form["client_secret"]) == ("s", CLIENT_ID, CLIENT_SECRET)
    assert session.token is not None
    assert session.token["refresh_token"] == "refresh-token-1"


@pytest.mark.parametrize("error", ["invalid_token", "invalid_grant"])
def test_expired_refresh_token_falls_back_to_credentials(
    server: AuthServer, make: Make, clock: Clock, error: str
) -> None:
    """The call does not notice."""
    server.refresh_lifetime = 60
    session = make()
    session.request("GET", f"{server.url}/a")
    clock.advance(3600)
    server.script(TOKEN_PATH, Answer(401, {"error": error, "error_description": "expired"}))

    assert session.request("GET", f"{server.url}/a").status_code == 200

    assert [r.form["grant_type"] for r in server.token_requests] == [
        "client_credentials",
        "refresh_token",
        "client_credentials",
    ]


def test_other_refresh_errors_propagate(server: AuthServer, make: Make, clock: Clock) -> None:
    """Credentials that were withdrawn are not tried again."""
    from authlib.integrations.base_client import OAuthError

    server.refresh_lifetime = 1e6
    session = make()
    session.request("GET", f"{server.url}/a")
    clock.advance(3600)
    server.client_ids.clear()

    with pytest.raises(OAuthError) as caught:
        session.request("GET", f"{server.url}/a")
    assert str(caught.value) == "invalid_client: Unknown client client-4711"


@pytest.mark.slow
def test_many_threads_cause_one_token_request_per_expiry(
    server: AuthServer, make: Make, clock: Clock
) -> None:
    """32 threads meet an expired token at the same moment, ten times: ten renewals, no failed call."""
    session = make()
    rounds = 10

    def expire() -> None:
        clock.advance(4000)

    gate = threading.Barrier(THREADS, action=expire)

    def work(_: int) -> list[int]:
        statuses = []
        for _ in range(rounds):
            gate.wait(30)
            statuses += [session.request("GET", f"{server.url}/a").status_code for _ in range(2)]
        return statuses

    with ThreadPoolExecutor(THREADS) as pool:
        statuses = [s for result in pool.map(work, range(THREADS)) for s in result]

    assert statuses == [200] * (THREADS * rounds * 2)
    assert len(server.token_requests) == rounds


def test_many_threads_replace_a_revoked_token_once(server: AuthServer, make: Make) -> None:
    """32 threads are refused with the same token: one new token, every call repeated once, none fails."""
    session = make()
    rounds = 5
    gate = threading.Barrier(THREADS, action=server.revoke_all)

    def work(_: int) -> list[int]:
        statuses = []
        for _ in range(rounds):
            gate.wait(30)
            statuses.append(session.request("POST", f"{server.url}/a", json={"x": 1}).status_code)
        return statuses

    session.ensure_token()
    with ThreadPoolExecutor(THREADS) as pool:
        statuses = [s for result in pool.map(work, range(THREADS)) for s in result]

    assert statuses == [200] * (THREADS * rounds)
    assert len(server.token_requests) == 1 + rounds


def test_short_lived_tokens_are_used_for_most_of_their_life(
    server: AuthServer, make: Make, clock: Clock
) -> None:
    """A token that lives shorter than the leeway is not renewed before every call."""
    server.lifetime = 20
    session = make()
    for _ in range(18):
        assert session.request("GET", f"{server.url}/a").ok
        clock.advance(1)
    assert len(server.token_requests) == 1

    session.request("GET", f"{server.url}/a")

    assert len(server.token_requests) == 2


def test_calls_go_on_with_a_token_that_works_while_one_thread_renews_it(
    server: AuthServer, make: Make, clock: Clock
) -> None:
    """Nobody waits for the token endpoint before there is need."""
    session = make()
    session.request("GET", f"{server.url}/a")
    clock.advance(3600 - 30)
    asked, may_answer = threading.Event(), threading.Event()

    def slowly(_: object) -> None:
        asked.set()
        may_answer.wait(30)

    server.script(TOKEN_PATH, slowly)
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(session.request, "GET", f"{server.url}/a")
        assert asked.wait(30)
        assert session.request("GET", f"{server.url}/b").status_code == 200
        may_answer.set()
        assert renewing.result().status_code == 200

    by_path = {r.path: r.bearer for r in server.api_requests}
    assert by_path["/a"] != by_path["/b"]


def test_renewal_that_fails_for_a_moment_is_put_off(
    server: AuthServer, make: Make, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """While the old token works, an auth server that is down costs no call, and is not asked for each."""
    session = make()
    session.request("GET", f"{server.url}/a")
    clock.advance(3600 - 30)
    server.script(TOKEN_PATH, *[Answer(503, {"message": "down"})] * 4)

    assert [session.request("GET", f"{server.url}/a").status_code for _ in range(3)] == [200] * 3
    assert len(server.token_requests) == 5
    assert "still works and will be renewed later" in caplog.text

    clock.advance(11)
    session.request("GET", f"{server.url}/a")
    assert len(server.token_requests) == 6
    assert session.claims == {"sub": "user-1", "number": 2}


def test_a_refused_token_is_replaced_and_the_call_made_once_more(server: AuthServer, make: Make) -> None:
    """A 401 in the middle of a run does not surface."""
    session = make()
    session.request("GET", f"{server.url}/a")
    server.revoke_all()

    response = session.request("PUT", f"{server.url}/a", data=b"content", headers={"X-Dryrun": ""})

    assert response.json()["data"] == {"method": "PUT", "body": "content"}
    assert [r.status_code for r in response.history] == [401]
    refused, repeated = server.api_requests[-2:]
    assert refused.bearer != repeated.bearer == session.access_token
    assert (refused.body, refused.headers["x-dryrun"]) == (repeated.body, repeated.headers["x-dryrun"])


def test_a_second_refusal_is_the_answer(server: AuthServer, make: Make) -> None:
    """Once is enough: a user without access must learn it."""
    server.script("/a", *[Answer(401, {"message": "never"})] * 4)
    session = make()

    for _ in range(2):
        response = session.request("GET", f"{server.url}/a")
        assert (response.status_code, response.json()) == (401, {"message": "never"})

    assert len(server.api_requests) == 4


def test_without_credentials_nothing_is_sent(server: AuthServer) -> None:
    """The error says what was looked at."""
    with pytest.raises(NoCredentialsError, match="KOGNIC_CREDENTIALS is not set"):
        RequestsAuthSession(host=server.url)
    assert server.received == []


def test_expired_credentials_are_refused_at_construction(
    server: AuthServer, credentials: dict[str, Any], tmp_path: Path
) -> None:
    """With the time and the source."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    auth = ApiCredentials(CLIENT_ID, CLIENT_SECRET, "", 0, "", expires=yesterday)
    with pytest.raises(ExpiredCredentialsError, match=r"Credentials expired at .* \(ApiCredentials\)"):
        RequestsAuthSession(auth=auth, host=server.url)

    RequestsAuthSession(auth={**credentials, "expires": "2999-01-01T00:00:00"}, host=server.url)
    with pytest.raises(ValueError, match="Credentials expired at 2020-01-01T00:00:00\\+00:00"):
        RequestsAuthSession(auth={**credentials, "expires": "2020-01-01T00:00:00"}, host=server.url)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"auth": ("a", "b"), "client_id": "a", "client_secret": "b"},
            ValueError,
            "either auth or client_id",
        ),
        (
            {"auth": ("a", "b"), "host": "auth.app.kognic.com"},
            ValueError,
            "host is 'auth.app.kognic.com', must be",
        ),
        ({"auth": ("a", "b"), "host": None}, ValueError, "host is None, must be a URL"),
        (
            {"auth": ("a", "b"), "host": "http://example.com"},
            InsecureUrlError,
            "plain http .* set KOGNIC_ALLOW_HTTP=1",
        ),
        ({"auth": ("a", "b"), "verify": ""}, ValueError, "verify is '', must be True, False or the path"),
        ({"auth": ("a", "b"), "verify": 0}, ValueError, "verify is 0"),
        ({"auth": ("a", "b"), "scopes": [1]}, ValueError, "scopes is \\[1\\], must be a list of texts"),
        ({"auth": ("a", "b"), "initial_token": {"token": "x"}}, ValueError, "no 'access_token'"),
        ({"auth": ("a", "b"), "clientid": "x"}, TypeError, "has no argument 'clientid'"),
    ],
)
def test_bad_arguments_are_refused_at_construction(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    """Where the mistake is, and by name."""
    with pytest.raises(error, match=message):
        RequestsAuthSession(**arguments)


def test_client_id_and_secret_can_be_given_in_place_of_auth(server: AuthServer) -> None:
    """Both together; one alone is ignored, and the system is asked."""
    session = RequestsAuthSession(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, host=server.url)
    assert session.ensure_token()["access_token"]
    with pytest.raises(NoCredentialsError):
        RequestsAuthSession(client_id=CLIENT_ID, host=server.url)
    session.close()


def test_initial_token_is_used_while_it_lasts(server: AuthServer, make: Make, clock: Clock) -> None:
    """A cached token saves a request; its expiry is checked like that of a new one."""
    token = server.issue()
    session = make(initial_token={**token, "expires_at": int(clock.now) + 3600})
    assert session.request("GET", f"{server.url}/a").ok
    assert server.token_requests == []

    clock.advance(3600)
    assert session.request("GET", f"{server.url}/a").ok
    assert len(server.token_requests) == 1


def test_on_token_updated_hears_of_every_new_token(server: AuthServer, make: Make) -> None:
    """Also of those that replace a refused one."""
    heard: list[dict[str, Any]] = []
    session = make(on_token_updated=heard.append)
    session.request("GET", f"{server.url}/a")
    server.revoke_all()
    session.request("GET", f"{server.url}/a")

    assert [t["access_token"] for t in heard] == [jwt({"sub": "user-1", "number": n}) for n in (1, 2)]


def test_invalidate_token_makes_the_next_call_fetch_one(server: AuthServer, make: Make) -> None:
    """And `token` is None in between."""
    session = make()
    session.ensure_token()
    session.invalidate_token()
    assert session.token is None

    session.request("GET", f"{server.url}/a")

    assert len(server.token_requests) == 2


@pytest.mark.parametrize("status", [502, 503, 504])
def test_token_request_is_repeated_after_gateway_errors(server: AuthServer, make: Make, status: int) -> None:
    """Three times, then it surfaces as the HTTP error that it is."""
    server.script(TOKEN_PATH, *[Answer(status)] * 3)
    assert make().ensure_token()["access_token"]

    last = Answer(status, {"message": "down"}, {"Retry-After": "7"})
    server.script(TOKEN_PATH, *[Answer(status)] * 3, last)
    with pytest.raises(
        requests.HTTPError, match=f"^{status} Server Error: .* for url: {server.url}"
    ) as caught:
        make().ensure_token()

    error = caught.value
    assert isinstance(error, TokenResponseError)
    assert (error.status_code, error.response.status_code, error.transient, error.retry_after) == (
        status,
        status,
        True,
        7,
    )
    assert len(server.token_requests) == 8


def test_token_request_is_repeated_after_a_broken_connection(server: AuthServer, make: Make) -> None:
    """Three times, then it surfaces as a connection error that says nothing was sent to the platform."""
    server.script(TOKEN_PATH, *[Answer(drop=True)] * 3)
    assert make().ensure_token()["access_token"]

    server.script(TOKEN_PATH, *[Answer(drop=True)] * 4)
    with pytest.raises(requests.ConnectionError, match="No access token from") as caught:
        make().request("POST", f"{server.url}/a")

    assert isinstance(caught.value, TokenConnectionError)
    assert caught.value.transient
    assert server.api_requests == []


def test_token_request_has_a_time_limit(server: AuthServer, make: Make) -> None:
    """An auth server that accepts and says nothing does not hold a run for ever."""
    finish = threading.Event()

    def silent(_: object) -> None:
        finish.wait(30)

    server.script(TOKEN_PATH, *[silent] * 4)
    with pytest.raises(requests.Timeout, match="No access token") as caught:
        make(timeout=0.02).ensure_token()
    finish.set()

    assert isinstance(caught.value, TokenTimeoutError)


def test_rate_limit_is_never_taken_for_a_token(
    server: AuthServer, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the body holds; it is logged and not repeated."""
    body = {"access_token": "not-a-token", "expires_in": 3600}
    server.script(TOKEN_PATH, Answer(429, body, {"Retry-After": "3"}))
    session = make()

    with pytest.raises(requests.HTTPError, match="429 Client Error: Too Many Requests") as caught:
        session.request("GET", f"{server.url}/a")

    assert isinstance(caught.value, TokenResponseError)
    assert (caught.value.transient, caught.value.retry_after) == (True, 3)
    assert session.token is None
    assert len(server.received) == 1
    assert "429" in caplog.text


def test_oauth_errors_stay_authlib_errors(server: AuthServer, make: Make) -> None:
    """With the official text, and also as an error of this project."""
    from authlib.integrations.base_client import OAuthError

    from kognic.auth.errors import KognicError, TokenRefusedError

    session = make(auth=(CLIENT_ID, "wrong"))
    with pytest.raises(OAuthError) as caught:
        session.request("GET", f"{server.url}/a")

    error = caught.value
    assert str(error) == "invalid_client: Unknown client client-4711"
    assert isinstance(error, TokenRefusedError)
    assert isinstance(error, KognicError)
    assert (error.error, error.description, error.status_code, error.transient) == (
        "invalid_client",
        "Unknown client client-4711",
        401,
        False,
    )
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.error, copy.status_code) == (str(error), "invalid_client", 401)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            Answer(400, ["list", "shaped"]),
            "^400 Client Error: Bad Request .*\nGot error in response: .*'list', 'shaped'",
        ),
        (Answer(401, {"message": "no"}), "401 Client Error: Unauthorized .*\nGot error in response: 'no'"),
        (Answer(500, b"<html>oops</html>"), "500 Server Error"),
        (Answer(200, b"<html>captive portal</html>"), "200 OK, but the answer is not a JSON object"),
        (Answer(200, b"[1]"), "200 OK, but the answer is not a JSON object"),
        (Answer(200, {"token": "x"}), "the answer holds no access_token"),
        (Answer(200, {"access_token": 5}), "the answer holds no access_token"),
        (Answer(200, {"access_token": "a\r\nX: y"}), "its access_token cannot be sent in a header"),
        (Answer(200, {"access_token": "a", "token_type": "mac"}), "its token_type is not 'bearer'"),
        (Answer(200, b'{"access_token": "' + b"a" * 2_000_000 + b'"}'), "an answer of more than 1 MiB"),
        (Answer(302, b"", {"Location": "/elsewhere"}), "302 Unexpected Answer: Found"),
    ],
)
def test_answers_that_are_no_token(server: AuthServer, make: Make, answer: Answer, message: str) -> None:
    """Each is a requests.HTTPError that says what came instead; none is taken for a token."""
    server.script(TOKEN_PATH, answer)
    session = make()

    with pytest.raises(requests.HTTPError, match=message) as caught:
        session.request("GET", f"{server.url}/a")

    assert caught.value.response.status_code == answer.status
    assert session.token is None
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("answer", "passes"),
    [
        (Answer(200, b"<html>We will be back soon</html>"), True),
        (Answer(200, {"access_token": 5}), False),
        (Answer(404, b"<html>oops</html>"), False),
    ],
)
def test_a_page_of_a_gateway_passes(server: AuthServer, make: Make, answer: Answer, passes: bool) -> None:
    """It hides the endpoint for some time; other answers are the endpoint's own, and do not change."""
    server.script(TOKEN_PATH, answer)
    with pytest.raises(TokenResponseError) as caught:
        make().ensure_token()
    assert caught.value.transient is passes


@pytest.mark.parametrize("shape", [["a", "list"], {"an": "object"}, 17, True])
def test_error_of_any_shape_is_an_oauth_error(server: AuthServer, make: Make, shape: Any) -> None:
    """An `error` that is not text crashes nothing."""
    from authlib.integrations.base_client import OAuthError

    server.script(TOKEN_PATH, Answer(400, {"error": shape, "error_description": shape}))
    with pytest.raises(OAuthError) as caught:
        make().ensure_token()
    assert str(caught.value) == f"{shape}: {shape}"


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"expires_in": "3600"}, 3600),
        ({"expires_in": 0}, 0),
        ({"expires_in": 3600, "expires_at": 1_800_000_100}, 100),
        ({"expires_at": "1800000100"}, 100),
        ({"expires_in": "soon"}, None),
        ({"expires_in": None}, None),
        ({"expires_in": 1e400}, None),
        ({}, None),
    ],
)
def test_expiry_is_taken_in_every_form(
    server: AuthServer,
    make: Make,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    fields: Any,
    left: int | None,
) -> None:
    """Numbers and numeric text; a token that does not say is used for ever, with a word about it."""
    server.script(TOKEN_PATH, Answer(200, {"access_token": jwt({}), "token_type": "bEaReR", **fields}))

    token = make().ensure_token()

    assert token.get("expires_at") == (None if left is None else int(clock.now) + left)
    assert ("did not say when the token expires" in caplog.text) == (left is None)


def test_a_copy_in_another_process_works(server: AuthServer, make: Make) -> None:
    """Pickling keeps credentials, settings and token; connections are the copy's own."""
    session = make(scopes=["s"], timeout=7)
    session.request("GET", f"{server.url}/a")

    copy = pickle.loads(pickle.dumps(session))

    assert (copy.client_id, copy.host, copy.scopes, copy.token) == (
        CLIENT_ID,
        server.url,
        ["s"],
        session.token,
    )
    assert copy.request("GET", f"{server.url}/a").ok
    assert copy.oauth_session is not session.oauth_session
    server.revoke_all()
    assert copy.request("GET", f"{server.url}/a").ok
    copy.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_neither_hangs_nor_shares_connections(server: AuthServer, make: Make) -> None:
    """Even when the fork happens while another thread renews the token."""
    session = make()
    session.request("GET", f"{server.url}/a")
    session.invalidate_token()
    asked, may_answer = threading.Event(), threading.Event()

    def slowly(_: object) -> None:
        asked.set()
        may_answer.wait(30)

    server.script(TOKEN_PATH, slowly)
    renewing = threading.Thread(target=session.ensure_token)
    renewing.start()
    assert asked.wait(30)
    connections = session.oauth_session.adapters["http://"]
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            fresh = session.oauth_session.adapters["http://"] is not connections
            os._exit(0 if session.request("GET", f"{server.url}/child").ok and fresh else 1)
        except BaseException:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    may_answer.set()
    renewing.join()

    assert os.waitstatus_to_exitcode(status) == 0
    assert session.request("GET", f"{server.url}/a").ok


def test_closed_session_opens_anew(server: AuthServer, make: Make) -> None:
    """As sessions of requests do; the context manager closes."""
    with make() as session:
        session.request("GET", f"{server.url}/a")
    assert session.request("GET", f"{server.url}/a").ok


def test_retry_after_as_a_date(server: AuthServer, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """In seconds from now; anything else counts as absent."""
    monkeypatch.setattr("kognic.auth._token_response.time.time", lambda: 1_800_000_000.0)
    for header, seconds in (
        ("Fri, 15 Jan 2027 08:01:00 GMT", 60),
        ("Fri, 15 Jan 2021 08:01:00 GMT", 0),
        ("soon", None),
        ("", None),
    ):
        server.script(TOKEN_PATH, Answer(429, None, {"Retry-After": header}))
        with pytest.raises(TokenResponseError) as caught:
            make().ensure_token()
        assert caught.value.retry_after == seconds


def test_fixed_session_alone(server: AuthServer, clock: Clock) -> None:
    """Authlib's way of making a session works with ours."""
    from kognic.auth.requests.auth_session import _FixedSession

    url = f"{server.url}{TOKEN_PATH}"
    with _FixedSession(CLIENT_ID, CLIENT_SECRET, token_endpoint=url, scope="s") as session:
        assert session.token is None
        assert session.get(f"{server.url}/a").ok
        clock.advance(4000)
        assert session.ensure_active_token()
        assert session.ensure_token() == session.token
        session.invalidate_token()
        assert (
            session.fetch_token(url, grant_type="client_credentials")["access_token"]
            == session.token["access_token"]
        )
        assert session.get(f"{server.url}/a", withhold_token=True).status_code == 401
    assert [r.form["scope"] for r in server.token_requests] == ["s"] * 3
    with _FixedSession(CLIENT_ID, CLIENT_SECRET, token_endpoint=url, token=server.issue()) as session:
        session.get(f"{server.url}/a")
    assert len(server.token_requests) == 3


def test_credentials_errors_are_value_errors(server: AuthServer, tmp_path: Path) -> None:
    """What users catch today still catches."""
    with pytest.raises(FileNotFoundError) as missing:
        RequestsAuthSession(auth=tmp_path / "missing.json", host=server.url)
    assert isinstance(missing.value, CredentialsError)
    assert isinstance(missing.value, ValueError)


def test_rejected_credentials_are_named_with_their_source(
    server: AuthServer,
    make: Make,
    credentials: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A user with three credentials files has to know which one; the class shown can be imported."""
    from kognic.auth.errors import TokenRefusedError

    path = tmp_path / "bad.json"
    path.write_text(json.dumps({**credentials, "clientSecret": "not the secret"}))
    with pytest.raises(TokenRefusedError) as caught:
        make(auth=str(path)).request("GET", f"{server.url}/a")
    error = caught.value
    assert (error.source, f"{type(error).__module__}.{type(error).__qualname__}") == (
        str(path),
        "kognic.auth.errors.TokenRefusedError",
    )
    shown = "".join(traceback.format_exception(error))
    assert f"The credentials are from {path}; 'kognic auth check' tests credentials" in shown
    assert in_words(error).endswith(f"The credentials are from {path}; 'kognic auth check' tests them")
    assert "tenacity" not in shown
    assert "During handling of" not in shown
    assert pickle.loads(pickle.dumps(error)).source == str(path)

    monkeypatch.setenv("KOGNIC_CREDENTIALS", str(path))
    with pytest.raises(TokenRefusedError) as caught:
        make(auth=None).request("GET", f"{server.url}/a")
    assert caught.value.source == f"{path} (from KOGNIC_CREDENTIALS)"
