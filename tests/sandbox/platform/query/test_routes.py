"""The query service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.protocol import Api, cuboid_document

JUDGEMENTS = "/v1/search/judgements/query"
KPI = "/v1/search/kpi/query"
ALL: dict[str, Any] = {"queryFilter": "", "fields": {"includes": [], "excludes": []}}


@pytest.fixture
def items(api: Api) -> list[dict[str, Any]]:
    """Twelve items."""
    made = [
        {"id": i, "kind": "abc"[i % 3], "user": {"id": i % 2, "email": f"{i}@x"}, "value": i / 2}
        for i in range(12)
    ]
    api.sandbox.control.add_query_items("judgements", made)
    return made


def query(api: Api, path: str = JUDGEMENTS, **body: Any) -> dict[str, Any]:
    answer = api.send("POST", path, json={**ALL, **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_answer(api: Api, items: list[dict[str, Any]]) -> None:
    """Items and counts, without envelope."""
    answer = query(api)

    assert answer == {"items": items, "totalHits": 12, "returnedHits": 12, "took": answer["took"]}
    assert isinstance(answer["took"], int)
    assert query(api, KPI)["items"] == []


def test_filter_and_limit(api: Api, items: list[dict[str, Any]]) -> None:
    """totalHits counts all that match, returnedHits those answered."""
    answer = query(api, queryFilter="kind = 'a' and user.id = 0", limit=1)

    assert [item["id"] for item in answer["items"]] == [0]
    assert (answer["totalHits"], answer["returnedHits"]) == (2, 1)
    assert query(api, limit=0)["items"] == []
    assert len(query(api, limit=-1)["items"]) == 12


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"includes": ["id"], "excludes": []}, {"id": 3}),
        ({"includes": "user.id", "excludes": []}, {"user": {"id": 1}}),
        ({"includes": ["user"], "excludes": ["user.email"]}, {"user": {"id": 1}}),
        ({"includes": [], "excludes": ["user", "value"]}, {"id": 3, "kind": "a"}),
        ({"includes": ["none"], "excludes": []}, {}),
    ],
)
def test_fields(
    api: Api, items: list[dict[str, Any]], fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Which fields are answered."""
    assert query(api, queryFilter="id = 3", fields=fields)["items"] == [expected]


def test_aggregates(api: Api, items: list[dict[str, Any]]) -> None:
    """Computed over all that match, whatever the limit."""
    wanted = {
        name: {name: {"field": "value"}}
        for name in ("sum", "avg", "min", "max", "value_count", "cardinality")
    }
    wanted["kinds"] = {"terms": {"field": "kind"}}
    wanted["nothing"] = {"avg": {"field": "missing"}}

    aggregates = query(api, queryFilter="id < 10", limit=1, aggregates=wanted)["aggregates"]

    assert aggregates == {
        "sum": {"value": 22.5},
        "avg": {"value": 2.25},
        "min": {"value": 0.0},
        "max": {"value": 4.5},
        "value_count": {"value": 10},
        "cardinality": {"value": 10},
        "kinds": {
            "buckets": [
                {"key": "a", "docCount": 4},
                {"key": "b", "docCount": 3},
                {"key": "c", "docCount": 3},
            ]
        },
        "nothing": {"value": None},
    }


@pytest.mark.slow
def test_stream(api: Api) -> None:
    """One item per line, more than fit a page, in a body that is also one JSON array."""
    made = [{"id": i, "text": "ü\n{"} for i in range(1234)]
    api.sandbox.control.add_query_items("kpi", made)

    answer = api.send("POST", f"{KPI}?stream=true", json=ALL, stream=True)
    lines = answer.content.splitlines()

    assert answer.headers.get("Transfer-Encoding") == "chunked"
    assert json.loads(answer.content) == made
    found = [json.loads(line.rstrip(b",")) for line in lines if line.startswith(b"{")]
    assert found == made
    assert (lines[0], lines[-1]) == (b"[", b"]")


def test_stream_filters_and_limits(api: Api, items: list[dict[str, Any]]) -> None:
    """A stream obeys filter, fields and limit; nothing found is an empty array."""
    body = {"queryFilter": "id >= 5", "fields": {"includes": ["id"]}, "limit": 2}

    assert api.send("POST", f"{JUDGEMENTS}?stream=true", json=body).json() == [{"id": 5}, {"id": 6}]
    assert api.send("POST", f"{JUDGEMENTS}?stream=true", json={"queryFilter": "id > 99"}).json() == []


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("", {"queryFilter": "id ="}, "Invalid query filter: expected a value"),
        ("", {"limit": 10_001}, "limit is 10001, must be 0 to 10000"),
        ("", {"limit": "5"}, "limit"),
        ("", {"aggregates": {"a": {"median": {"field": "id"}}}}, "aggregate a must be"),
        ("", {"aggregates": {"a": 1}}, "aggregate a must be"),
        ("?stream=true", {"aggregates": {"a": {"sum": {"field": "id"}}}}, "Aggregates cannot be streamed"),
        ("?stream=maybe", {}, "stream is maybe"),
    ],
)
def test_refused(api: Api, path: str, body: dict[str, Any], message: str) -> None:
    """What cannot be understood is refused."""
    assert message in api.refuse("POST", f"{JUDGEMENTS}{path}", 400, json={**ALL, **body})


def test_completed_tasks_are_found(api: Api) -> None:
    """Every completed task is a judgement."""
    placed = api.place()
    judgement = api.sandbox.control.complete_task(placed["uuid"], cuboid_document())

    [item] = query(api, queryFilter=f"requestInputUuid = '{placed['uuid']}'")["items"]

    assert (item["judgementId"], item["taskType"]) == (judgement, "annotate")
    assert item["sceneUuid"] == placed["sceneUuid"]


def test_reading_needs_no_write_scope(api: Api) -> None:
    """A query is a read, although it is posted."""
    api.login(scope="api:read")

    assert query(api)["items"] == []
