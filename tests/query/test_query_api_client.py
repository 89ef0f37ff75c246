"""Searching, over real sockets."""

from __future__ import annotations

import inspect
import threading
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from kognic.auth.env_config import Environment
from kognic.base_clients.errors import ClientClosedError, ConnectionFailedError, RequestTimeoutError
from kognic.base_clients.http.retry import RetryPolicy
from kognic.query.query_api_client import QueryApiClient
from kognic.query.query_model import QueryException, QueryResponse, StreamingQueryResponse
from kognic.sandbox import Sandbox
from kognic.sandbox.control import Control

METHODS = {"query_judgements": "judgements", "query_kpi_data_entries": "kpi"}


@pytest.fixture
def control(kognic_sandbox: Sandbox) -> Control:
    control = kognic_sandbox.control
    for kind in METHODS.values():
        control.add_query_items(kind, [{"id": n, "kind": kind} for n in range(5)])
    return control


@pytest.fixture
def client(kognic_sandbox: Sandbox, control: Control) -> Iterator[QueryApiClient]:
    with make_client(kognic_sandbox.url, kognic_sandbox.credentials) as client:
        yield client


def make_client(url: str, auth: Any, **options: Any) -> QueryApiClient:
    retry = RetryPolicy(lookup_window=0, first_wait=0, max_wait=0, max_attempts=3)
    return QueryApiClient(**{"auth": auth, "host": url, "auth_host": url, "retry": retry, **options})


@pytest.mark.parametrize("method", METHODS)
def test_signatures(method: str) -> None:
    """Names, order and defaults as documented."""
    parameters = inspect.signature(getattr(QueryApiClient, method)).parameters

    assert {name: each.default for name, each in list(parameters.items())[1:]} == {
        "query_filter": None,
        "limit": -1,
        "includes": None,
        "excludes": None,
        "aggregates": None,
        "stream": False,
    }
    assert list(parameters) == [
        "self", "query_filter", "limit", "includes", "excludes", "aggregates", "stream",
    ]  # fmt: skip
    assert list(inspect.signature(QueryApiClient).parameters)[:3] == ["auth", "host", "auth_host"]


def test_constructing_is_offline(kognic_sandbox: Sandbox) -> None:
    """The token is fetched with the first query."""
    with make_client(kognic_sandbox.url, kognic_sandbox.credentials) as client:
        assert client.host == kognic_sandbox.url
        assert repr(client) == f"QueryApiClient(host='{kognic_sandbox.url}')"
    assert kognic_sandbox.control.calls() == []


@pytest.mark.parametrize(("method", "kind"), METHODS.items())
def test_whole_answers(method: str, kind: str, client: QueryApiClient, control: Control) -> None:
    """Items, and the numbers in the response's head."""
    found = getattr(client, method)(limit=3)

    assert isinstance(found, QueryResponse)
    assert found.items() == [{"id": n, "kind": kind} for n in range(3)]
    assert (found.head, found.total_hits, found.returned_hits) == ({"id": 0, "kind": kind}, 5, 3)
    assert found.took >= 0
    assert found.aggregates == {}
    assert found.status_code == found.raw_response.status_code == 200
    assert found.json["totalHits"] == 5
    assert repr(found) == "QueryResponse(3 of 5 items)"
    assert control.calls()[-1].headers["user-agent"].startswith("kognic-query/")


@pytest.mark.parametrize(("method", "kind"), METHODS.items())
def test_streamed_answers(method: str, kind: str, client: QueryApiClient, control: Control) -> None:
    """All items, one by one."""
    found = getattr(client, method)(stream=True, limit=None)

    assert isinstance(found, StreamingQueryResponse)
    assert [item["id"] for item in found.items()] == list(range(5))
    assert control.calls()[-1].query == "stream=true"


def test_nothing_found(client: QueryApiClient) -> None:
    """No items, no head, whole or streamed."""
    assert client.query_judgements("id = 77").items() == []
    assert client.query_judgements("id = 77").head is None
    assert list(client.query_judgements("id = 77", stream=True).items()) == []


@pytest.mark.parametrize("stream", [False, True])
def test_fields(stream: bool, client: QueryApiClient) -> None:
    """One field or several, to return or to leave out."""

    def first(**fields: Any) -> Any:
        return next(iter(client.query_judgements(stream=stream, **fields).items()))

    assert first(includes="id") == first(excludes=["kind"]) == {"id": 0}
    assert first(includes=["id", "kind"]) == {"id": 0, "kind": "judgements"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"limit": "5"}, "Limit must be int, is '5'"),
        ({"limit": 2.0}, r"Limit must be int, is 2\.0"),
        ({"limit": True}, "Limit must be int, is True"),
        ({"limit": 10_001}, "Use stream to get more than 10000 items: limit is 10001"),
        ({"stream": True, "aggregates": {"a": {}}}, "Cannot use aggregates in streaming mode: a"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_arguments(
    method: str, arguments: dict[str, Any], message: str, client: QueryApiClient, control: Control
) -> None:
    """What cannot be answered is refused before anything is sent."""
    with pytest.raises(ValueError, match=message):
        getattr(client, method)(**arguments)
    assert control.calls() == []


@pytest.mark.parametrize("limit", [10_000, 0, -1, None])
def test_limits_that_are_fine(limit: int | None, client: QueryApiClient) -> None:
    """The largest one, none, and the platform's own."""
    assert len(client.query_judgements(limit=limit).items()) <= 5


def test_more_than_ten_thousand_in_a_stream(client: QueryApiClient) -> None:
    """A stream has no limit of its own."""
    assert len(list(client.query_judgements(limit=10_001, stream=True, aggregates={}).items())) == 5


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_refused_queries(method: str, stream: bool, client: QueryApiClient) -> None:
    """Code and body, in an error that users catch as RuntimeError."""
    with pytest.raises(QueryException, match=r"Got 400 error \{.*message") as info:
        getattr(client, method)("= = =", stream=stream)
    assert isinstance(info.value, RuntimeError)
    assert info.value.status_code == 400


@pytest.mark.parametrize("stream", [False, True])
def test_transient_failures_are_retried(stream: bool, client: QueryApiClient, control: Control) -> None:
    """A query changes nothing, so it is retried."""
    with control.fault("status", "POST /v1/search/*", status=503, times=2):
        assert len(list(client.query_judgements(stream=stream).items())) == 5
    with control.fault("status", "POST /v1/search/*"), pytest.raises(QueryException, match="Got 503 error"):
        client.query_judgements(stream=stream)


def test_no_connection(client: QueryApiClient, control: Control) -> None:
    """An outage is an error of the requests family."""
    with (
        control.fault("reset", "POST /v1/search/*"),
        pytest.raises(ConnectionFailedError, match="the connection broke"),
    ):
        client.query_judgements()


def test_closed(client: QueryApiClient) -> None:
    """A closed client says so; closing again is fine."""
    client.close()
    client.close()
    with pytest.raises(ClientClosedError, match="The client is closed"):
        client.query_judgements()


def test_environment(kognic_sandbox: Sandbox, control: Control) -> None:
    """One name, or object, for service, auth server and credentials."""
    environment = Environment(
        "e", "h", kognic_sandbox.url, credentials=str(kognic_sandbox.credentials_file), url=kognic_sandbox.url
    )
    with QueryApiClient(environment=environment) as client:
        assert client.query_judgements().total_hits == 5


def test_session_of_the_callers(kognic_sandbox: Sandbox, control: Control) -> None:
    """Used as it is; not together with credentials."""
    with kognic_sandbox.client() as other:
        assert other._own_session is not None
        with QueryApiClient(session=other._own_session, host=kognic_sandbox.url) as client:
            assert client.query_kpi_data_entries().total_hits == 5
        assert other.project.get_projects()
    with pytest.raises(ValueError, match="both auth and session are given"):
        QueryApiClient(auth=("a", "b"), session=other._own_session)


# A server that answers what the sandbox would not.


class _Handler(BaseHTTPRequestHandler):
    body = b""
    announced: int | None = None
    delay = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body) if self.announced is None else self.announced))
        self.end_headers()
        self.wfile.write(self.body)
        if self.announced is not None:
            self.delay.wait(10)

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""


class _Session:
    """A session without tokens."""

    def __init__(self) -> None:
        import requests

        self._session = requests.Session()
        self.request = self._session.request
        self.close = self._session.close


@pytest.fixture
def server() -> Iterator[type[_Handler]]:
    handler = type("Handler", (_Handler,), {"delay": threading.Event()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        http.daemon_threads = True
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        handler.url = f"http://127.0.0.1:{http.server_port}"  # type: ignore[attr-defined]
        yield handler
        handler.delay.set()
        http.shutdown()
        thread.join()


def stub(server: type[_Handler], body: bytes, **options: Any) -> QueryApiClient:
    server.body = body
    return make_client(server.url, None, session=_Session(), **options)  # type: ignore[attr-defined]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"items": {}}', b"", b"[" * 100_000])
def test_unreadable_answers(body: bytes, server: type[_Handler]) -> None:
    """What is no answer to a query is shown."""
    with (
        stub(server, body) as client,
        pytest.raises(QueryException, match="The query was answered with 200, but"),
    ):
        client.query_judgements()


def test_answers_without_numbers(server: type[_Handler]) -> None:
    """Items are returned; a missing field raises an error at access."""
    with stub(server, b'{"items": [{"id": 1}], "took": "long"}') as client:
        found = client.query_judgements()

    assert found.head == {"id": 1}
    with pytest.raises(QueryException, match="where took is 'long', must be an integer"):
        _ = found.took


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'[\n{"id": 1},\n{"id": \n]\n', "Line 3 of the stream cannot be read"),
        (b'[\n{"id": 1},\n{"id": 2} {"id": 3}\n]\n', "Line 3 of the stream cannot be read"),
        (b'[\n{"id": 1},\n{"id": "\xff"}\n]\n', "Line 3 of the stream cannot be read"),
        (b'[\n{"id": 1},\n<html>\n]\n', "Line 3 of the stream cannot be read: b'<html>'"),
        (b'[\n{"id": 1},\n{"id": 2}\n', "The stream ended after 3 lines without its closing bracket"),
    ],
)
def test_unreadable_streams(body: bytes, message: str, server: type[_Handler]) -> None:
    """The items read so far are correct, and an error reports that the stream is incomplete."""
    with stub(server, body) as client:
        items = client.query_judgements(stream=True).items()
        assert next(items) == {"id": 1}
        with pytest.raises(QueryException, match=message):
            list(items)


def test_a_stream_that_stops(server: type[_Handler]) -> None:
    """A stream that says nothing any more is given up after the time-out."""
    server.announced = 1000
    with stub(server, b'[\n{"id": 1},\n', timeout=0.2) as client:
        items = client.query_judgements(stream=True).items()
        assert next(items) == {"id": 1}
        with pytest.raises(RequestTimeoutError, match=r"no answer within 0\.2 s"):
            next(items)


def test_streams_are_read_in_constant_memory(server: type[_Handler]) -> None:
    """Thirty megabytes of items take no more memory than a few items."""
    line = b'{"id": 123456, "text": "' + b"x" * 10_000 + b'"},\n'
    with stub(server, b"[\n" + line * 3000 + b'{"id": 0}\n]\n') as client:
        stream = client.query_judgements(stream=True)
        tracemalloc.start()
        count = sum(1 for _ in stream.items())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert count == 3001
    assert peak < 3_000_000


def test_streams_are_read_once(client: QueryApiClient) -> None:
    """Asking for the items again is an error, and not an empty stream; the rest can be given up."""
    found = client.query_judgements(stream=True)
    assert repr(found) == "StreamingQueryResponse(unread)"
    next(found.items())

    with pytest.raises(QueryException, match="The items of a stream can be read once"):
        found.items()
    assert repr(found) == "StreamingQueryResponse(read)"
    found.close()


def test_default_hosts() -> None:
    """The module names the hosts that it uses, as the official one does."""
    from kognic.query import query_api_client

    assert query_api_client.DEFAULT_HOST == "https://query.app.kognic.com"
    assert query_api_client.DEFAULT_AUTH_HOST == "https://auth.app.kognic.com"
