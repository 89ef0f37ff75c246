"""Streaming search: judgements and KPI entries, in one answer and as a stream."""

from __future__ import annotations

from typing import Any

from tests.interop.scripts.session import Session


def run(s: Session) -> None:
    from kognic.query.query_api_client import QueryApiClient
    from kognic.query.query_model import QueryException

    client = QueryApiClient(auth=s.credentials, host=s.url, auth_host=s.url)
    items = [{"id": n, "requestId": n % 3, "text": f'ärlig, "{n}"', "nested": {"a": [n]}} for n in range(25)]
    s.control("add_query_items", kind="judgements", items=items)
    s.control("add_query_items", kind="kpi", items=items[:5])

    for name, query in {"judgements": client.query_judgements, "kpi": client.query_kpi_data_entries}.items():
        s.note(name, answer(query()))
        s.note(f"{name} limited", answer(query(limit=3)))
        s.note(f"{name} streamed", list(query(stream=True).items()))
        s.note(f"{name} some fields", answer(query(includes=["id", "nested"], excludes=["nested"])))
        s.note(f"{name} streamed, limited", [item["id"] for item in query(limit=2, stream=True).items()])
    s.fails("limit is text", client.query_judgements, limit="10")
    s.fails("limit is too high", client.query_judgements, limit=10001)
    s.fails("aggregates of a stream", client.query_judgements, aggregates={"a": {"terms": {}}}, stream=True)
    s.fails("not a filter", client.query_judgements, query_filter="((")
    s.note("error class", issubclass(QueryException, RuntimeError))


def answer(response: Any) -> dict[str, Any]:
    """What a whole answer holds."""
    return {
        "items": list(response.items()),
        "total": response.total_hits,
        "returned": response.returned_hits,
        "head": response.head,
        "aggregates": response.aggregates,
        "status": response.status_code,
    }
