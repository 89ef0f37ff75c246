"""`HttpClient` over real sockets: what goes out, what comes back, what is raised."""

from __future__ import annotations

import gzip
import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest
import requests

from kognic._core.version import __version__
from kognic.auth.errors import TokenError
from kognic.auth.requests.auth_session import RequestsAuthSession
from kognic.base_clients import errors
from kognic.base_clients.http import bodies
from kognic.base_clients.http.client import HttpClient
from kognic.base_clients.http.operations import Effect, Operation
from kognic.base_clients.http.retry import RetryPolicy
from kognic.base_clients.models import PaginatedResponse
from tests.base_clients.conftest import FakeTime
from tests.base_clients.scripted_server import (
    Exchange,
    ScriptedServer,
    Step,
    answer,
    hang_up,
    reset_after_reading,
    reset_unread,
    silent,
    truncated,
)

READ = Operation("GET", "v1/things", Effect.READ)
QUERY = Operation("POST", "v1/things/query", Effect.READ)
CREATE = Operation("POST", "v1/things", Effect.LOOKED_UP)
ONCE = Operation("POST", "v1/things", Effect.UNREPEATABLE)
CHANGE = Operation("PATCH", "v1/things/{thing}", Effect.IDEMPOTENT)
REMOVE = Operation("DELETE", "v1/things/{thing}", Effect.IDEMPOTENT)


def dripping(fake_time: FakeTime, status: int) -> Step:
    """Answers so slowly that the deadline passes after the first byte."""

    def step(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.answer(status, b"[", length=1000)
        fake_time.time += 301
        exchange.sock.sendall(b" ")
        silent(exchange)

    return step


class TestRequest:
    """What goes out."""

    def test_start_of_a_call(self, http: HttpClient, fake_time: FakeTime) -> None:
        """What creations are compared with, by the client's own clock."""
        before = http.call_start()
        fake_time.time += 7

        assert http.call_start().moment - before.moment == 7

    def test_headers(self, http: HttpClient, server: ScriptedServer) -> None:
        http.call(READ)
        headers = server.requests[0].headers

        assert headers == {
            "host": f"127.0.0.1:{server.port}",
            "user-agent": f"kognic-http_client/{__version__}",
            "accept-encoding": "gzip",
            "accept": "application/json",
            "connection": "keep-alive",
        }

    def test_client_name_and_organization(self, server: ScriptedServer) -> None:
        with requests.Session() as session:
            client = HttpClient(
                server.url, client_organization_id=7, session=session, client_name="kognic-io/1.2"
            )
            client.call(READ)
        headers = server.requests[0].headers

        assert headers["user-agent"] == f"kognic-http_client/{__version__} kognic-io/1.2"
        assert headers["x-organization-id"] == "7"

    def test_json_body(self, http: HttpClient, server: ScriptedServer) -> None:
        """None is left out of objects, and stays in arrays."""
        http.call(CREATE, json={"a": None, "b": [{"c": None}], "d": {"e": None}})
        request = server.requests[0]

        assert request.json == {"b": [{"c": None}], "d": {}}
        assert request.headers["content-type"] == "application/json"
        assert request.headers["content-length"] == str(len(request.body))

    def test_patch_keeps_null(self, http: HttpClient, server: ScriptedServer) -> None:
        http.call(CHANGE, {"thing": "a"}, json={"assignedUserId": None})
        assert server.requests[0].json == {"assignedUserId": None}

    def test_empty_object_is_a_body(self, http: HttpClient, server: ScriptedServer) -> None:
        http.call(CREATE, json={})
        assert server.requests[0].json == {}

    def test_post_without_body(self, http: HttpClient, server: ScriptedServer) -> None:
        """As for commit and publish: a length of 0, no content type."""
        http.call(CREATE, discard_response=True)
        headers = server.requests[0].headers

        assert headers["content-length"] == "0"
        assert "content-type" not in headers

    def test_dry_run_header_is_present_and_empty(self, http: HttpClient, server: ScriptedServer) -> None:
        http.call(CREATE, json={}, dryrun=True)
        http.post("v1/things", json={}, dryrun=True)
        http.call(CREATE, json={})

        assert [request.headers.get("x-dryrun") for request in server.requests] == ["", "", None]

    def test_query(self, http: HttpClient, server: ScriptedServer) -> None:
        params = {"workspaceId": "w", "none": None, "yes": True, "statuses": ["a", "b"], "text": "ä&="}
        http.call(READ, params=params)

        assert server.requests[0].query == "workspaceId=w&yes=true&statuses=a&statuses=b&text=%C3%A4%26%3D"

    def test_identifiers_stay_one_segment(self, http: HttpClient, server: ScriptedServer) -> None:
        http.call(REMOVE, {"thing": "a/b?c#d é"})
        assert server.requests[0].target == "/v1/things/a%2Fb%3Fc%23d%20%C3%A9"

    @pytest.mark.parametrize("suffix", ["", "/", "/prefix", "/prefix/"])
    def test_base_url_keeps_its_prefix(self, suffix: str, server: ScriptedServer) -> None:
        with requests.Session() as session:
            client = HttpClient(server.url + suffix, session=session)
            client.call(READ)
            client.get("/v1/things")
            client.delete("v1/things")

        assert {request.target for request in server.requests} == {f"{suffix.rstrip('/')}/v1/things"}

    def test_verbs(self, http: HttpClient, server: ScriptedServer) -> None:
        """The five verbs that users of the official client call."""
        http.put("v1/a", data={"x": 1, "y": None})
        http.put("v1/a", json={"x": None})
        http.patch("v1/a", json=[1])
        http.delete("v1/a", json={"x": 1}, discard_response=True)
        http.get("v1/a?cursorId=3", params={"x": None, "y": 1}, headers={"X-Extra": "1"})

        assert [(r.method, r.body) for r in server.requests] == [
            ("PUT", b"x=1"),
            ("PUT", b'{"x": null}'),
            ("PATCH", b"[1]"),
            ("DELETE", b'{"x": 1}'),
            ("GET", b""),
        ]
        assert server.requests[0].headers["content-type"] == "application/x-www-form-urlencoded"
        assert server.requests[4].query == "cursorId=3&y=1"
        assert server.requests[4].headers["x-extra"] == "1"

    def test_nan_is_refused_before_sending(self, http: HttpClient, server: ScriptedServer) -> None:
        with pytest.raises(requests.exceptions.InvalidJSONError, match=r"frames\[0\].t is nan"):
            http.call(CREATE, json={"frames": [{"t": float("nan")}]})
        assert server.requests == []

    def test_connections_are_reused(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", answer(404), answer(204), answer(200, b"x" * 100_000))
        with pytest.raises(errors.NotFoundError):
            http.call(READ)
        http.call(READ, discard_response=True)
        http.call(READ, discard_response=True)
        http.call(READ)

        assert server.connections == 1


class TestAnswer:
    """What comes back."""

    @pytest.mark.parametrize(
        ("body", "value"),
        [
            ({"data": {"a": 1}}, {"a": 1}),
            ({"data": []}, []),
            ({"data": 0}, 0),
            ({"a": 1}, {"a": 1}),
            ([1, 2], [1, 2]),
            (5, 5),
            (True, True),
            ({"uuid": 1, "metadata": {"a": 1}}, {"uuid": 1, "metadata": {"a": 1}}),
            ({"data": [1], "metadata": {"nextCursorId": 5}}, [1]),
        ],
    )
    def test_envelope(self, body: Any, value: Any, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", answer(200, body))
        assert http.call(READ) == value

    def test_page_of_a_verb(self, http: HttpClient, server: ScriptedServer) -> None:
        """`get` and `post` return pages whole, as the official client does."""
        server.on("/v1/things", answer(200, {"data": [1], "metadata": {"nextCursorId": "c"}}))
        page = http.get("v1/things")

        assert isinstance(page, PaginatedResponse)
        assert (page.data, page.metadata.next_cursor_id) == ([1], "c")

    @pytest.mark.parametrize("status", [200, 201, 204])
    def test_discarded_answers_need_no_body(
        self, status: int, http: HttpClient, server: ScriptedServer
    ) -> None:
        server.on("/v1/things", answer(status))
        assert http.call(CREATE, discard_response=True) is None

    def test_discarded_answers_are_not_read_to_a_far_end(
        self, http: HttpClient, server: ScriptedServer
    ) -> None:
        """Nor do they have to be complete: the status has said all that matters."""
        server.on("/v1/things", answer(200, b"x" * (8 << 20)), truncated(b"x"))
        assert http.call(ONCE, discard_response=True) is None
        assert http.call(ONCE, discard_response=True) is None
        assert http.call(READ) == {}

    @pytest.mark.parametrize("effect", [Effect.IDEMPOTENT, Effect.UNREPEATABLE])
    def test_a_web_page_is_no_success(self, effect: Effect, http: HttpClient, server: ScriptedServer) -> None:
        """Not even where the answer does not matter: a gateway has given it, not the platform."""
        server.on("/v1/things", answer(200, b"<html>Please log in</html>", Content_Type="text/html"))
        server.default = answer(200, b"", Content_Type="text/html")
        operation = Operation("POST", "v1/things", effect)

        if effect is Effect.IDEMPOTENT:
            assert http.call(operation, discard_response=True) is None
            assert len(server.requests) == 2
        else:
            with pytest.raises(errors.AmbiguousWriteError, match="the answer is a web page"):
                http.call(operation, discard_response=True)

    @pytest.mark.parametrize("status", [200, 500])
    def test_slow_answers_end_at_the_deadline(
        self, status: int, http: HttpClient, server: ScriptedServer, fake_time: FakeTime
    ) -> None:
        """Also those that give a byte now and then, so that no time-out between two pieces strikes."""
        server.default = dripping(fake_time, status)
        with pytest.raises((errors.RequestTimeoutError, errors.ServerError)) as caught:
            http.call(READ)
        assert len(server.requests) == 1
        if status == 200:
            assert "the answer did not end within the deadline" in str(caught.value)

    def test_slow_answers_that_do_not_matter(
        self, http: HttpClient, server: ScriptedServer, fake_time: FakeTime
    ) -> None:
        server.default = dripping(fake_time, 200)
        assert http.call(CHANGE, {"thing": "1"}, discard_response=True) is None

    def test_compressed_answers(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", answer(200, gzip.compress(b'{"data": 7}'), Content_Encoding="gzip"))
        assert http.call(READ) == 7

    def test_integers_are_exact(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", answer(200, b'{"data": 1648200140000500001}'))
        assert http.call(READ) == 1648200140000500001

    def test_too_large_answers_are_refused(
        self, http: HttpClient, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A compressed bomb, too: what counts is its size when unpacked."""
        monkeypatch.setattr(bodies.read_whole, "__defaults__", (1 << 20,))
        server.on("/v1/things", answer(200, gzip.compress(b"0" * (1 << 22)), Content_Encoding="gzip"))

        with pytest.raises(errors.ResponseTooLargeError, match="larger than 1048576 bytes"):
            http.call(READ)

    def test_cookies_and_odd_headers_do_no_harm(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", answer(200, {"data": 1}, Set_Cookie="a=b", Content_Type="text/plain"))
        assert http.call(READ) == 1


class TestErrors:
    """What is raised."""

    def test_not_found(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", answer(404, {"message": "No such thing"}, X_Request_Id="r-7"))

        with pytest.raises(requests.HTTPError) as raised:
            http.call(READ)
        error = raised.value
        assert isinstance(error, errors.NotFoundError)
        assert str(error) == (
            f"404 Client Error: Not Found for url: {server.url}/v1/things\n"
            "Got error in response: 'No such thing'"
        )
        assert error.response.status_code == 404
        assert (error.request_id, error.method) == ("r-7", "GET")

    def test_bad_request(self, http: HttpClient, server: ScriptedServer) -> None:
        """Also a RuntimeError with the explanation alone, as users catch it."""
        server.on("/v1/things", answer(400, {"message": "Batch batch-1 exists already"}))

        with pytest.raises(RuntimeError, match=r"^Batch batch-1 exists already$") as raised:
            http.call(CREATE, json={})
        assert raised.value.__cause__.response.json() == {"message": "Batch batch-1 exists already"}  # type: ignore[union-attr]

    def test_a_list_as_error_body(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", answer(403, ["a", "b"]))
        with pytest.raises(errors.PermissionDeniedError, match=r"response: '\['a', 'b'\]'"):
            http.call(READ)

    def test_a_huge_error_body_is_cut(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", answer(404, b"x" * (3 << 20)))
        with pytest.raises(errors.NotFoundError) as raised:
            http.call(READ)
        assert len(raised.value.message) == 503

    def test_success_without_json(self, http: HttpClient, server: ScriptedServer) -> None:
        server.default = answer(200, b"")
        with pytest.raises(requests.exceptions.JSONDecodeError, match="the body is not JSON"):
            http.call(READ)

    def test_error_holds_no_token(self, server: ScriptedServer) -> None:
        server.on("/v1/things", answer(401))
        with requests.Session() as session:
            session.headers["Authorization"] = "Bearer secret"
            with pytest.raises(errors.AuthenticationError) as raised:
                HttpClient(server.url, session=session).call(READ)

        assert server.requests[0].headers["authorization"] == "Bearer secret"
        assert "Authorization" not in raised.value.response.request.headers

    def test_nobody_listens(self, fake_time: FakeTime) -> None:
        with socket.socket() as unused, requests.Session() as session:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            client = HttpClient(url, session=session, clock=fake_time.clock, max_retries=2)
            with pytest.raises(requests.ConnectionError, match=r"refused.*tried 3 times") as raised:
                client.call(ONCE)

        assert isinstance(raised.value, errors.ConnectionFailedError)
        assert not raised.value.sent

    def test_unknown_host(self, fake_time: FakeTime) -> None:
        with requests.Session() as session:
            client = HttpClient(
                "http://nowhere.invalid", session=session, clock=fake_time.clock, retry=RetryPolicy.none()
            )
            with pytest.raises(
                errors.ConnectionFailedError, match=r"no connection to nowhere.invalid"
            ) as raised:
                client.call(READ)
        assert not raised.value.sent

    def test_no_answer_in_time(self, server: ScriptedServer) -> None:
        server.default = silent
        with requests.Session() as session:
            client = HttpClient(server.url, session=session, timeout=0.05, retry=RetryPolicy.none())
            with pytest.raises(requests.Timeout, match=r"no answer within 0.05 s") as raised:
                client.call(READ)
        assert isinstance(raised.value, errors.RequestTimeoutError)
        assert raised.value.sent


HTML = answer(200, b"<html>Bad gateway</html>", Content_Type="text/html")
TRANSIENT = {
    "429": answer(429, Retry_After="1"),
    "500": answer(500),
    "502": answer(502, b"<html>"),
    "503": answer(503, {"message": "busy"}),
    "504": answer(504),
    "reset": reset_after_reading,
    "hang-up": hang_up,
    "truncated": truncated(b'{"data": 1}'),
    "html": HTML,
}
NOTHING_DONE = {"429", "503"}


class TestRetries:
    """Faults on real sockets; the table of decisions is in test_retry."""

    @pytest.mark.parametrize("fault", TRANSIENT)
    @pytest.mark.parametrize("operation", [READ, QUERY])
    def test_reads_survive(
        self, fault: str, operation: Operation, http: HttpClient, server: ScriptedServer
    ) -> None:
        # A page of a gateway gets one more attempt, everything else more.
        times = 1 if fault == "html" else 2
        server.on(f"/{operation.template}", *[TRANSIENT[fault]] * times)
        server.default = answer(200, {"data": "ok"})

        assert http.call(operation) == "ok"
        assert len(server.requests) == times + 1

    def test_reads_survive_a_reset_before_anything_was_read(
        self, http: HttpClient, server: ScriptedServer
    ) -> None:
        server.on("/v1/things", reset_unread)
        assert http.call(READ) == {}

    @pytest.mark.parametrize("fault", TRANSIENT)
    def test_creation_that_cannot_be_looked_up(
        self, fault: str, http: HttpClient, server: ScriptedServer
    ) -> None:
        """Repeated only when nothing can have been made."""
        server.on("/v1/things", TRANSIENT[fault])
        server.default = answer(200, {"data": "made"})

        if fault in NOTHING_DONE:
            assert http.call(ONCE, json={}) == "made"
        else:
            with pytest.raises(errors.AmbiguousWriteError, match="may or may not have been carried out"):
                http.call(ONCE, json={})
            assert len(server.requests) == 1

    @pytest.mark.parametrize("fault", TRANSIENT)
    def test_creation_that_was_carried_out(
        self, fault: str, http: HttpClient, server: ScriptedServer
    ) -> None:
        """It is found by its key instead of being made twice."""
        server.on("/v1/things", TRANSIENT[fault])
        server.default = answer(200, {"data": "made again"})

        found = http.call(CREATE, json={}, lookup=lambda: "found")
        assert found == ("made again" if fault in NOTHING_DONE else "found")
        assert len(server.requests) == (2 if fault in NOTHING_DONE else 1)

    @pytest.mark.parametrize("fault", TRANSIENT)
    def test_dry_runs_make_nothing_and_are_repeated(
        self, fault: str, http: HttpClient, server: ScriptedServer
    ) -> None:
        server.on("/v1/things", TRANSIENT[fault])
        assert http.call(ONCE, json={}, dryrun=True) == {}

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501, 505, 508, 510, 511])
    def test_permanent_errors_are_not_repeated(
        self, status: int, http: HttpClient, server: ScriptedServer
    ) -> None:
        server.default = answer(status)
        with pytest.raises(errors.ApiError):
            http.call(READ)
        assert len(server.requests) == 1

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "post"])
    def test_verbs_are_repeated_by_what_they_do(
        self, method: str, http: HttpClient, server: ScriptedServer
    ) -> None:
        server.on("/v1/things", answer(502))
        if method == "post":
            with pytest.raises(errors.AmbiguousWriteError):
                http.post("v1/things")
            server.on("/v1/things", answer(502))
            http.post("v1/things", effect=Effect.READ)
        else:
            getattr(http, method)("v1/things")

    def test_retry_after_is_honoured(
        self, http: HttpClient, server: ScriptedServer, fake_time: FakeTime
    ) -> None:
        server.on("/v1/things", answer(503, Retry_After="40"))
        http.call(READ)
        assert 40 <= fake_time.sleeps[0] <= 41

    def test_max_retries(self, server: ScriptedServer, fake_time: FakeTime) -> None:
        server.default = answer(500)
        with requests.Session() as session:
            client = HttpClient(server.url, session=session, max_retries=2, clock=fake_time.clock)
            with pytest.raises(errors.ServerError) as raised:
                client.call(READ)
        assert len(server.requests) == 3
        assert raised.value.attempts == 3

    def test_official_policy_makes_objects_twice(self, server: ScriptedServer, fake_time: FakeTime) -> None:
        """What a user gets who asks for it."""
        server.on("/v1/things", reset_after_reading, answer(501))
        with requests.Session() as session:
            client = HttpClient(
                server.url, session=session, retry=RetryPolicy.official(), clock=fake_time.clock
            )
            client.call(ONCE, json={})
        assert [request.complete for request in server.requests] == [True, True, True]

    def test_a_lookup_may_use_the_same_client(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", reset_after_reading, answer(200, {"data": ["x"]}))
        assert http.call(CREATE, json={}, lookup=lambda: http.call(READ)[0]) == "x"


class TestRedirects:
    def test_reads_follow(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", answer(302, Location="/v2/things"))
        server.on("/v2/things", answer(200, {"data": 2}))
        assert http.call(READ) == 2

    @pytest.mark.parametrize("operation", [READ, CREATE])
    @pytest.mark.parametrize("location", ["http://[broken", "https://h:99999999/", "ftp://h/"])
    def test_no_address(
        self, location: str, operation: Operation, http: HttpClient, server: ScriptedServer
    ) -> None:
        server.default = answer(307, Location=f"{location}?sig=s3cr3t")
        with pytest.raises(errors.KognicError, match=r"redirect(ed)? to") as caught:
            http.call(operation)
        assert "s3cr3t" not in str(caught.value)
        assert len(server.requests) == 1

    @pytest.mark.parametrize("status", [301, 302, 303])
    def test_writes_do_not_become_reads(self, status: int, http: HttpClient, server: ScriptedServer) -> None:
        """requests would turn a POST into a GET, whose success would hide that nothing was made."""
        server.on("/v1/things", answer(status, Location="/v2/things"))
        with pytest.raises(errors.ApiError, match=r"redirected to .*/v2/things.*set the host"):
            http.call(CREATE, json={})
        assert len(server.requests) == 1

    @pytest.mark.parametrize("status", [307, 308])
    def test_writes_follow_within_the_host(
        self, status: int, http: HttpClient, server: ScriptedServer
    ) -> None:
        server.on("/v1/things", answer(status, Location="/v2/things?x=1"))
        http.call(CREATE, json={"a": 1}, params={"w": 1})

        assert server.requests[1].target == "/v2/things?x=1"
        assert server.requests[1].json == {"a": 1}

    def test_writes_do_not_leave_the_host(
        self, http: HttpClient, server: ScriptedServer, make_server: Callable[..., ScriptedServer]
    ) -> None:
        other = make_server()
        server.on("/v1/things", answer(307, Location=f"{other.url}/v1/things"))
        with pytest.raises(errors.ApiError, match="redirected to"):
            http.call(CREATE, json={"a": 1})
        assert other.requests == []

    def test_endless_redirects_end(self, http: HttpClient, server: ScriptedServer) -> None:
        server.default = answer(307, Location="/v1/things")
        with pytest.raises(requests.TooManyRedirects, match="more than 5 redirects"):
            http.call(CREATE)
        assert len(server.requests) == 6
        server.default = answer(302, Location="/v1/things")
        with pytest.raises(requests.TooManyRedirects):
            http.call(READ)


def page(items: list[Any], cursor: Any = None, **more: Any) -> Any:
    return answer(200, {"data": items, "metadata": {"nextCursorId": cursor}, **more})


class TestPages:
    def test_cursor(self, http: HttpClient, server: ScriptedServer) -> None:
        """Query and body are repeated, the cursor is added and escaped."""
        server.on("/v1/things/query", page([1, 2], "a&b"), page([], 7), page([3]))
        items = list(http.pages(QUERY, params={"w": "x"}, json={"a": 1, "b": None}))

        assert items == [1, 2, 3]
        assert [request.query for request in server.requests] == [
            "w=x",
            "cursorId=a%26b&w=x",
            "cursorId=7&w=x",
        ]
        assert all(request.json == {"a": 1} for request in server.requests)

    def test_pages_are_lazy(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", page([1, 2], 1), page([3]))
        items = http.pages(READ)
        assert server.requests == []
        assert [next(items), next(items)] == [1, 2]
        assert len(server.requests) == 1
        assert list(items) == [3]

    def test_page_lists(self, http: HttpClient, server: ScriptedServer) -> None:
        """The same pages whole, each fetched when it is asked for."""
        server.on("/v1/things", page([1, 2], 1), page([3]))
        lists = http.page_lists(READ)
        assert server.requests == []
        assert next(lists) == [1, 2]
        assert len(server.requests) == 1
        assert list(lists) == [[3]]

    def test_a_list_without_pages(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", answer(200, {"data": [1]}), answer(200, [2]))
        assert list(http.pages(READ)) == [1]
        assert list(http.pages(READ)) == [2]

    def test_a_failed_page_is_fetched_again(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", page([1], 1), reset_after_reading, page([2]))
        assert list(http.pages(READ)) == [1, 2]

    def test_a_cursor_that_leads_to_itself(self, http: HttpClient, server: ScriptedServer) -> None:
        server.default = page([1], 5)
        with pytest.raises(errors.ModelValidationError, match="page 5 says that its next page is 5, which"):
            list(http.pages(READ))
        assert len(server.requests) == 2

    def test_cursors_that_go_in_a_circle(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", page([], "a"), page([], "b"), page([], "a"), page([], "b"))
        with pytest.raises(errors.ModelValidationError, match="page 'b' says that its next page is 'a'"):
            list(http.pages(READ))
        assert len(server.requests) == 3

    def test_a_next_page_that_never_holds_anything(self, http: HttpClient, server: ScriptedServer) -> None:
        server.default = answer(200, {"data": [], "hasNext": True})
        with pytest.raises(errors.ModelValidationError, match="the page at 0 is empty, but says that more"):
            list(http.offset_pages(READ, limit=5))

    def test_the_same_rows_again(self, http: HttpClient, server: ScriptedServer) -> None:
        """A platform that takes no notice of the offset."""
        server.default = answer(200, {"data": [1, 2]})
        with pytest.raises(errors.ModelValidationError, match="the rows at 2 are those before them again"):
            list(http.rows(READ))

    def test_what_is_no_page(self, http: HttpClient, server: ScriptedServer) -> None:
        server.default = answer(200, {"data": {"a": 1}})
        for items in (http.pages(READ), http.rows(READ), http.offset_pages(READ, limit=5)):
            with pytest.raises(errors.ModelValidationError, match="must hold a list"):
                list(items)

    def test_offset(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on(
            "/v1/things",
            answer(200, {"data": [1, 2], "hasNext": True}),
            answer(200, {"data": [3], "hasNext": False}),
        )
        assert list(http.offset_pages(READ, params={"w": 1}, limit=2)) == [1, 2, 3]
        assert [request.query for request in server.requests] == [
            "offset=0&limit=2&w=1",
            "offset=2&limit=2&w=1",
        ]

    def test_rows(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things", *(answer(200, {"data": rows}) for rows in ([1, 2], [3], [])))
        assert list(http.rows(READ)) == [1, 2, 3]
        assert [request.query for request in server.requests] == ["offset=0", "offset=2", "offset=3"]


class TestStream:
    def test_open_stream(self, http: HttpClient, server: ScriptedServer) -> None:
        """The response itself; its lines close it."""
        server.on("/v1/things/query", answer(200, b"a\nb\n"))
        response = http.open_stream(QUERY, params={"stream": True})
        assert response.status_code == 200
        assert server.requests[0].query == "stream=true"
        assert list(http.lines(response)) == [b"a", b"b"]
        assert response.raw.closed

    def test_fetch(self, http: HttpClient, server: ScriptedServer) -> None:
        """The response with its body, which was read again after it broke off."""
        server.on("/v1/things/query", truncated(b'{"items"'), answer(200, {"items": []}))
        response = http.fetch(QUERY, json={"a": None})
        assert response.json() == {"items": []}
        assert [request.json for request in server.requests] == [{}, {}]

    def test_lines(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things/query", answer(200, b'[\n{"a": 1},\n{"a": 2}\n]\n'))
        assert list(http.stream(QUERY, json={})) == [b"[", b'{"a": 1},', b'{"a": 2}', b"]"]

    def test_compressed(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things/query", answer(200, gzip.compress(b"a\nb\n" * 9999), Content_Encoding="gzip"))
        assert list(http.stream(QUERY)) == [b"a", b"b"] * 9999

    def test_errors_come_with_the_call(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things/query", answer(404, {"message": "no"}))
        with pytest.raises(errors.NotFoundError):
            http.stream(QUERY)

    def test_started_again_until_it_has_begun(self, http: HttpClient, server: ScriptedServer) -> None:
        server.on("/v1/things/query", answer(503), reset_after_reading, answer(200, b"a\n"))
        assert list(http.stream(QUERY)) == [b"a"]

    def test_a_stream_that_breaks_says_so(self, http: HttpClient, server: ScriptedServer) -> None:
        """Never a silent end: what came before is yielded, then an error."""
        server.on("/v1/things/query", truncated(b"a\nb\nc"))
        lines = http.stream(QUERY)
        assert [next(lines), next(lines)] == [b"a", b"b"]
        with pytest.raises(errors.ConnectionFailedError, match="the connection broke"):
            next(lines)


def test_log_lines(http: HttpClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "kognic")
    server.on("/v1/things", answer(503))
    http.call(READ, params={"w": 1})

    text = caplog.text
    assert f"GET {server.url}/v1/things: 503 in" in text
    assert "attempt 1 of 11 failed" in text
    assert f"GET {server.url}/v1/things: 200 in" in text


def test_close_closes_only_what_it_made(server: ScriptedServer) -> None:
    """A session that was handed over stays open for others."""
    with requests.Session() as session:
        client = HttpClient(server.url, session=session)
        client.call(READ)
        client.close()
        client.call(READ)
    assert server.connections == 1
    assert repr(client) == f"HttpClient('{server.url}')"


class TestToken:
    """Calls that need a token first."""

    def test_the_token_request_is_retried_in_one_place(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Four requests for a token, not four for each of eleven attempts; the call itself is never sent."""
        monkeypatch.setattr("kognic.auth._token_flow.RETRY_WAITS", (0.0, 0.0, 0.0))
        server.default = answer(503)
        with RequestsAuthSession(auth=("id", "secret"), host=server.url) as session:
            client = HttpClient(server.url, session=session)
            with pytest.raises(TokenError) as raised:
                client.call(ONCE, json={})
        assert raised.value.transient
        assert [request.path for request in server.requests] == ["/v1/auth/oauth/token"] * 4

    def test_a_refused_token_is_final(self, server: ScriptedServer, fake_time: FakeTime) -> None:
        server.on("/v1/auth/oauth/token", answer(401, {"error": "invalid_client", "error_description": "x"}))
        with RequestsAuthSession(auth=("id", "secret"), host=server.url) as session:
            client = HttpClient(server.url, session=session, clock=fake_time.clock)
            with pytest.raises(TokenError, match="invalid_client"):
                client.call(READ)
        assert len(server.requests) == 1

    def test_own_session(self, server: ScriptedServer) -> None:
        """Without a session a client makes one from credentials, and closes it."""
        token = answer(200, {"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 3600})
        server.on("/v1/auth/oauth/token", token)
        client = HttpClient(server.url, ("id", "secret"), server.url)
        assert server.requests == []
        assert client.get("v1/things") == {}
        client.close()
        assert server.of("/v1/things")[0].headers["authorization"] == "Bearer a.b.c"
