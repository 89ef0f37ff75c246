"""No secret is shown: not by a repr, an error, a traceback with local variables, or a log at any level."""

from __future__ import annotations

import copy
import dataclasses
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rich.pretty

from kognic.auth.credentials_parser import parse_credentials, resolve_any_credentials
from kognic.auth.errors import TokenRefusedError
from kognic.auth.requests import BaseApiClient, RequestsAuthSession
from kognic.auth.requests.base_client import create_session, make_token_provider
from tests.auth.auth_server import CLIENT_ID, CLIENT_SECRET, TOKEN_PATH, Answer, AuthServer, Clock, jwt

TOKENS = [jwt({"sub": "user-1", "number": n}) for n in range(1, 9)]
REFRESH_TOKENS = [f"refresh-token-{n}" for n in range(1, 9)]
CREDENTIALS_OF_NOBODY = {
    "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET, "email": "", "userId": 1, "issuer": "",
}  # fmt: skip
SECRETS = [CLIENT_SECRET, *TOKENS, *REFRESH_TOKENS]


def shown(error: BaseException) -> str:
    """Everything that an error reporter can see: messages, causes, all frames with their local variables."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(report.format()) + repr(error) + repr(vars(error)) + str(error.args)


def assert_no_secret(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text


@pytest.fixture
def session(server: AuthServer) -> Iterator[RequestsAuthSession]:
    """A session of credentials that no local variable of a test holds."""
    with RequestsAuthSession(auth=(CLIENT_ID, CLIENT_SECRET), host=server.url) as session:
        yield session


def test_reprs(server: AuthServer, session: RequestsAuthSession, credentials: dict[str, Any]) -> None:
    """Of credentials, tokens, sessions and signed requests."""
    server.refresh_lifetime = 1e6
    session.request("GET", f"{server.url}/a")
    response = session.request("GET", f"{server.url}/a")
    provider = make_token_provider(auth=credentials, auth_host=server.url)
    things = [
        parse_credentials(credentials),
        session,
        vars(session),
        vars(session.oauth_session),
        session.token,
        copy.copy(session.token),
        pickle.loads(pickle.dumps(session.token)),
        response.request.headers,
        provider,
        vars(BaseApiClient(auth=credentials)),
    ]
    for thing in things:
        assert_no_secret(f"{thing!r} {thing}")
    assert repr(session) == f"RequestsAuthSession(client_id='{CLIENT_ID}', host='{server.url}')"
    assert "client_secret='***'" in repr(parse_credentials(credentials))


def test_what_goes_through_attributes_and_items(server: AuthServer, session: RequestsAuthSession) -> None:
    """Rich tracebacks, `vars` and `dataclasses.asdict` do not ask for the repr of the whole."""
    server.refresh_lifetime = 1e6
    session.ensure_token()
    credentials = parse_credentials(CREDENTIALS_OF_NOBODY)
    assert_no_secret(rich.pretty.pretty_repr(session.token, max_string=80))
    assert_no_secret(str(dict(session.token or {})))
    assert_no_secret(f"{vars(credentials)} {dataclasses.asdict(credentials)}")
    assert credentials.client_secret == CLIENT_SECRET


def drop(server: AuthServer, path: str) -> None:
    server.script(path, *[Answer(drop=True)] * 4)


def broken_token_request(server: AuthServer) -> None:
    drop(server, TOKEN_PATH)


def broken_call(server: AuthServer) -> None:
    drop(server, "/a")


def echo(request: Any) -> Answer:
    form = request.form
    return Answer(
        400, {"error": "bad", "error_description": f"{form['client_secret']} {form.get('refresh_token')}"}
    )


def echoing_token_endpoint(server: AuthServer) -> None:
    server.script(TOKEN_PATH, echo)


def token_in_a_broken_answer(server: AuthServer) -> None:
    server.script(TOKEN_PATH, lambda _: Answer(200, {**server.issue(), "token_type": "mac"}))


def token_in_an_error(server: AuthServer) -> None:
    server.script(TOKEN_PATH, lambda _: Answer(500, {"message": f"failed after issuing {server.issue()}"}))


BROKEN = [
    broken_token_request,
    broken_call,
    echoing_token_endpoint,
    token_in_a_broken_answer,
    token_in_an_error,
]


@pytest.mark.parametrize("breaking", BROKEN)
@pytest.mark.parametrize("renewing", [False, True], ids=["first token", "renewal"])
def test_errors_of_calls(
    server: AuthServer,
    session: RequestsAuthSession,
    clock: Clock,
    breaking: Callable[[AuthServer], None],
    renewing: bool,
) -> None:
    """Whatever breaks, at the first token or at its renewal by refresh token."""
    if renewing:
        server.refresh_lifetime = 1e6
        session.request("GET", f"{server.url}/b")
        clock.advance(4000)
    breaking(server)

    with pytest.raises(Exception) as caught:
        session.request("POST", f"{server.url}/a", data=b"content")

    assert_no_secret(shown(caught.value))
    response = getattr(caught.value, "response", None)
    if response is not None:
        assert_no_secret(f"{response.text} {response.request.body} {dict(response.request.headers)}")
    assert_no_secret(repr(pickle.loads(pickle.dumps(caught.value))))


def test_errors_of_users_keep_their_frames(server: AuthServer, session: RequestsAuthSession) -> None:
    """Only the frames of libraries go: a generator that fails shows where."""

    def failing() -> Iterator[bytes]:
        yield b"content"
        raise RuntimeError("no more content")

    with pytest.raises(RuntimeError, match="no more content") as caught:
        session.request("POST", f"{server.url}/a", data=failing())

    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-1] == "failing"
    assert "urlopen" not in names
    assert_no_secret(shown(caught.value))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"issuer": None}, ValueError),
        ({"userId": "not-a-number"}, ValueError),
        ({"scopes": "text"}, ValueError),
        ({"expires": "2001-01-01T00:00:00Z"}, ValueError),
        ({"email": 5}, ValueError),
    ],
)
@pytest.mark.parametrize(
    "entry", [parse_credentials, resolve_any_credentials, "session", "client", "create", "provider"]
)
def test_errors_of_credentials(
    entry: Any, change: dict[str, Any], error: type[Exception], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A file or dict that is refused shows nothing of itself, at every way in."""
    import json

    def content() -> dict[str, Any]:
        return {**request.getfixturevalue("credentials"), **change}

    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(content()))
    entries: dict[Any, Callable[[Any], Any]] = {
        "session": lambda given: RequestsAuthSession(auth=given),
        "client": lambda given: BaseApiClient(auth=given),
        "create": lambda given: create_session(auth=given),
        "provider": lambda given: make_token_provider(auth=given),
    }
    for hidden in (lambda: path, content):
        trouble = error_of(entries.get(entry, entry), hidden)
        # Reading does not look at the expiry.
        assert isinstance(trouble, error) or (
            trouble is None and "expires" in change and not isinstance(entry, str)
        )
        if trouble is not None:
            assert_no_secret(shown(trouble))


def error_of(entry: Callable[[Any], Any], hidden: Callable[[], Any]) -> Exception | None:
    """What a call raises, without the frames of this file, whose local variables hold what was given."""
    try:
        entry(hidden())
    except Exception as exc:
        trace = exc.__traceback__
        while trace is not None and "kognic/auth" not in trace.tb_frame.f_code.co_filename:
            trace = trace.tb_next
        return exc.with_traceback(trace)
    return None


@pytest.mark.parametrize(
    "text", ["{", '{"clientSecret": "' + CLIENT_SECRET + '",}', '"' + CLIENT_SECRET + '"']
)
def test_errors_of_files_that_are_no_json(tmp_path: Path, text: str) -> None:
    """Line and column are named, the content is not."""
    path = tmp_path / "credentials.json"
    path.write_text(text)
    with pytest.raises(ValueError) as caught:
        RequestsAuthSession(auth=path)
    report = traceback.TracebackException.from_exception(
        caught.value, capture_locals=True, lookup_lines=False
    )
    frames = [f for f in report.stack if "kognic/auth" in f.filename]
    assert_no_secret("".join(report.format_exception_only()) + "".join(str(f.locals) for f in frames))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("given", [CLIENT_SECRET, f"{CLIENT_SECRET}.json.txt {{", '{"clientSecret": "x"}'])
def test_a_secret_given_as_a_path_is_not_shown(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake that happens where secrets come from variables."""
    with pytest.raises(ValueError, match="text without the form of a path") as caught:
        RequestsAuthSession(auth=given)
    assert given not in str(caught.value)
    monkeypatch.setenv("KOGNIC_CREDENTIALS", '{"clientSecret": "x-y-z"}')
    with pytest.raises(ValueError, match="KOGNIC_CREDENTIALS holds JSON text") as caught:
        RequestsAuthSession()
    assert "x-y-z" not in str(caught.value)


def test_logs_at_every_level(
    server: AuthServer, session: RequestsAuthSession, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Fetching, renewing, refusing and failing at DEBUG, the libraries' own lines included."""
    caplog.set_level(logging.DEBUG)
    server.refresh_lifetime = 1e6
    signed = "X-Goog-Signature=0123456789abcdef"
    session.request("GET", f"{server.url}/a?{signed}&X-Goog-Expires=60")
    clock.advance(4000)
    session.request("GET", f"{server.url}/a")
    server.revoke_all()
    session.request("GET", f"{server.url}/a")
    clock.advance(4000)
    server.script(TOKEN_PATH, *[Answer(drop=True)] * 3, echo)
    with pytest.raises(Exception):  # noqa: B017
        session.request("GET", f"{server.url}/a")

    assert "urllib3.connectionpool" in {r.name for r in caplog.records}
    assert "/a?***" in caplog.text
    assert "0123456789abcdef" not in caplog.text
    assert_no_secret(caplog.text)
    assert_no_secret(repr([vars(r) for r in caplog.records]))


@pytest.mark.parametrize(
    ("description", "shown"),
    [
        ("the client secret is wrong", "the client secret is wrong"),
        ("unknown secret 'wrong'", "unknown secret '***'"),
        ("got secret=wrong, key: wrong", "got secret=***, key: ***"),
    ],
)
def test_a_short_secret_is_masked_where_it_is_a_value(
    server: AuthServer, description: str, shown: str
) -> None:
    """The server's own words stay readable if one of them is the secret."""
    server.script(TOKEN_PATH, Answer(401, {"error": "invalid_client", "error_description": description}))
    with (
        RequestsAuthSession(auth=(CLIENT_ID, "wrong"), host=server.url) as session,
        pytest.raises(TokenRefusedError) as caught,
    ):
        session.ensure_token()
    assert str(caught.value) == f"invalid_client: {shown}"
