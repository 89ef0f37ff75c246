"""The replay notices what a client does otherwise: without that, its silence would prove nothing.

The client here is a few lines of urllib that do exactly what was recorded, and then something else.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.wire.comparison import NOTHING, differences
from tests.wire.intended_differences import Intended
from tests.wire.pictures import catch, picture, show
from tests.wire.replay import replay

SOURCE = """
def run(client, ctx):
    import json, urllib.request
    def call(method, path, body=None, token=True):
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        headers["User-Agent"] = "python-requests/1.2.3"
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token:
            headers["Authorization"] = "Bearer access-token-1"
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(ctx.base_url + path, content, headers, method=method)
        with urllib.request.urlopen(request) as response:
            return json.load(response)
    token = call("POST", "/v1/auth/oauth/token", {}, token=False)["access_token"]
    made = call("POST", "/v1/things?workspaceId=" + ctx.workspace_id, {"name": ctx.uuid("thing"), "n": 1})
    return {"token": token, "made": made, "seen": ctx.catch(int, "x")}
"""
HEADERS = {
    "accept": "application/json",
    "user-agent": "<http library>",
    "accept-encoding": "gzip",
    "content-type": "application/json",
    "framing": "content-length",
}
CASE: dict[str, Any] = {
    "case": "self",
    "source": ["CLIENT = None", *SOURCE.splitlines()],
    "requests": [
        {
            "method": "POST",
            "path": "/v1/auth/oauth/token",
            "headers": HEADERS,
            "json": {},
            "response": {"status": 200, "json": {"access_token": "<token 1>"}},
        },
        {
            "method": "POST",
            "path": "/v1/things",
            "query": [["workspaceId", "<workspace-1>"]],
            "headers": {**HEADERS, "authorization": "Bearer"},
            "token": 1,
            "json": {"name": "<thing>", "n": 1},
            "response": {"status": 200, "json": {"data": {"id": "<thing>", "url": "<base>/x"}}},
        },
    ],
    "outcome": {
        "result": {
            "token": "<token 1>",
            "made": {"data": {"id": "<thing>", "url": "<base>/x"}},
            "seen": {
                "raised": "ValueError",
                "mro": ["ValueError", "Exception", "BaseException"],
                "message": "invalid literal for int() with base 10: 'x'",
            },
        }
    },
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


def test_exact_replay_has_no_findings(files: Path) -> None:
    """A client that does what was recorded is found to do so."""
    assert replay(CASE, files) == []


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (["requests", 1, "json", "n"], 1.0, "request POST /v1/things?workspaceId=<workspace-1> json.n"),
        (["requests", 1, "json", "n"], True, "request POST /v1/things?workspaceId=<workspace-1> json.n"),
        (
            ["requests", 1, "json", "extra"],
            None,
            "request POST /v1/things?workspaceId=<workspace-1> json.extra",
        ),
        (
            ["requests", 1, "headers", "accept"],
            "*/*",
            "request POST /v1/things?workspaceId=<workspace-1> headers.accept",
        ),
        (
            ["requests", 1, "headers", "x-dryrun"],
            "",
            "request POST /v1/things?workspaceId=<workspace-1> headers.x-dryrun",
        ),
        (["requests", 1, "token"], 2, "request POST /v1/things?workspaceId=<workspace-1> token"),
        (["outcome", "result", "made", "data", "id"], "<other>", "outcome result.made.data.id"),
        (["outcome", "result", "seen", "message"], "no number", "outcome result.seen.message"),
        (["outcome", "result", "seen", "mro"], ["KeyError", "Exception"], "outcome result.seen except"),
        (["outcome", "warnings"], [["DeprecationWarning", "old"]], "outcome warnings"),
    ],
)
def test_a_change_is_found(files: Path, path: list[Any], value: Any, place: str) -> None:
    """Every part of a recording is compared: a change of it is the one finding, at its place."""
    case = copy.deepcopy(CASE)
    spot = case
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = value

    assert [f.place for f in replay(case, files)] == [place]


def test_missing_and_additional_requests_are_found(files: Path) -> None:
    """A request that was recorded and not sent is found, and one that was sent and not recorded."""
    case = copy.deepcopy(CASE)
    case["requests"].append({"method": "GET", "path": "/v1/more", "headers": {}, "response": {"status": 200}})

    (finding,) = replay(case, files)

    assert (finding.place, finding.recorded, finding.ours) == ("requests", "GET /v1/more", NOTHING)

    del case["requests"][1:]
    found = [f for f in replay(case, files) if f.place == "requests"]

    assert [f.ours for f in found] == ["POST /v1/things?workspaceId=<workspace-1>"]


def test_a_more_precise_error_is_the_same_error() -> None:
    """An error may be of a subclass, and may not lose a base that callers catch."""

    class PreciseError(KeyError, ValueError):
        pass

    recorded = picture(ValueError("x"))

    assert differences(recorded, picture(PreciseError("x")), "e") == [("e.message", "x", "'x'")]
    assert differences(recorded, picture(KeyError("x"), message=False), "e")[0] == (
        "e except",
        "ValueError",
        "KeyError",
    )


def test_pictures_show_what_callers_see() -> None:
    """Errors with a response show its status; sets and tuples are distinguished from lists."""
    assert show({1: {"b", "a"}, "t": (1, None)}) == {"1": {"set": ["a", "b"]}, "t": [1, None]}
    assert catch(int, "7") == 7
    assert catch(int, "x", message=False) == {
        "raised": "ValueError",
        "mro": ["ValueError", "Exception", "BaseException"],
    }


def test_intended_differences_are_matched_whole() -> None:
    """A pattern covers a finding only if case, place and both values fit."""
    case = copy.deepcopy(CASE)
    entry = Intended(reason="r", place="outcome *.n", cases=("self",), recorded="1", ours="2")
    finding = differences({"n": 1}, {"n": 2}, "outcome x")
    from tests.wire.comparison import Finding

    (found,) = [Finding(case["case"], *f) for f in finding]

    assert entry.covers(found)
    assert not Intended(reason="r", place="outcome n", recorded="1", ours="2").covers(found)
    assert not Intended(reason="r", place="*", recorded="1", ours="3").covers(found)
    assert not Intended(reason="r", place="*", cases=("other",)).covers(found)
