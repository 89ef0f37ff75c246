"""The query service: judgements and KPI data entries, as one answer or as a stream of lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic import Field
from sqlalchemy import select
from starlette.responses import Response, StreamingResponse

from kognic.sandbox.platform.calls import Api, Call, read
from kognic.sandbox.platform.envelope import Bare
from kognic.sandbox.platform.errors import InvalidError
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.query import aggregates
from kognic.sandbox.platform.query.language import FilterError, Predicate, compile_filter
from kognic.sandbox.platform.tables import QueryItem
from kognic.sandbox.platform.wire import Wire

DEFAULT_LIMIT = 1000
# The client refuses more without streaming; the platform's default is not public.
MAX_LIMIT = 10_000
# Rows read from the database at once: a stream starts soon, and holds few rows in memory.
CHUNK = 500


class Fields(Wire):
    """The fields to answer with; one name or several."""

    includes: list[str] | str = []
    excludes: list[str] | str = []


class Query(Wire):
    """A query: filter, fields, limit and aggregates."""

    query_filter: str = ""
    query_fields: Fields = Field(default=Fields(), alias="fields")
    limit: int | None = None
    aggregates: dict[str, Any] = {}


def _query(call: Call, kind: str) -> Bare | Response:
    body = call.parse(Query)
    try:
        predicate = compile_filter(body.query_filter)
    except FilterError as exc:
        raise InvalidError(f"Invalid query filter: {exc}") from None
    select_fields = _Selection(body.query_fields)
    if call.flag("stream"):
        if body.aggregates:
            raise InvalidError("Aggregates cannot be streamed")
        return StreamingResponse(
            _lines(call.platform, kind, predicate, select_fields, body.limit), media_type="application/json"
        )
    limit = DEFAULT_LIMIT if body.limit is None or body.limit == -1 else body.limit
    if not 0 <= limit <= MAX_LIMIT:
        raise InvalidError(f"limit is {limit}, must be 0 to {MAX_LIMIT}; stream the answer to get more")
    hits = [item for item in _items(call.platform, kind) if predicate(item)]
    items = [select_fields(item) for item in hits[:limit]]
    counts = {"totalHits": len(hits), "took": 1, "returnedHits": len(items)}
    answer: dict[str, Any] = {"items": items, **counts}
    if body.aggregates:
        try:
            answer["aggregates"] = aggregates.compute(body.aggregates, hits)
        except aggregates.AggregateError as exc:
            raise InvalidError(str(exc)) from None
    return Bare(answer)


class _Selection:
    """Which fields of an item are answered: those included, without those excluded. Dots go deeper."""

    def __init__(self, wanted: Fields) -> None:
        self._includes = [wanted.includes] if isinstance(wanted.includes, str) else wanted.includes
        self._excludes = [wanted.excludes] if isinstance(wanted.excludes, str) else wanted.excludes

    def __call__(self, item: dict[str, Any]) -> dict[str, Any]:
        return self._part(item, "")

    def _part(self, item: dict[str, Any], prefix: str) -> dict[str, Any]:
        kept = {}
        for name, value in item.items():
            path = f"{prefix}{name}"
            if any(_covers(excluded, path) for excluded in self._excludes):
                continue
            if isinstance(value, dict):
                inner = self._part(value, f"{path}.")
                if inner or self._is_included(path):
                    kept[name] = inner
            elif self._is_included(path):
                kept[name] = value
        return kept

    def _is_included(self, path: str) -> bool:
        return not self._includes or any(_covers(included, path) for included in self._includes)


def _covers(name: str, path: str) -> bool:
    return path == name or path.startswith(f"{name}.")


def _items(platform: Platform, kind: str) -> Iterator[dict[str, Any]]:
    """All items in order, a few hundred in memory at a time; no transaction stays open between them."""
    last = 0
    while True:
        with platform.database.read() as session:
            query = select(QueryItem).where(QueryItem.kind == kind, QueryItem.number > last)
            rows = list(session.scalars(query.order_by(QueryItem.number).limit(CHUNK)))
        for row in rows:
            yield row.item
        if len(rows) < CHUNK:
            return
        last = rows[-1].number


def _lines(
    platform: Platform, kind: str, predicate: Predicate, selection: _Selection, limit: int | None
) -> Iterator[str]:
    """A JSON array with one item on each line, so that both line readers and JSON readers are served."""
    hits = (selection(item) for item in _items(platform, kind) if predicate(item))
    yield "["
    separator = "\n"
    for item in islice(hits, None if limit is None or limit < 0 else limit):
        yield separator + json.dumps(item, ensure_ascii=False, separators=(",", ":"))
        separator = ",\n"
    yield "\n]\n"


def query_judgements(call: Call) -> Bare | Response:
    """Search judgements; streams if the caller asks for it."""
    return _query(call, "judgements")


def query_kpi_data_entries(call: Call) -> Bare | Response:
    """Search KPI data entries; streams if the caller asks for it."""
    return _query(call, "kpi")


APIS: tuple[Api, ...] = (
    read("POST", "/v1/search/judgements/query", query_judgements),
    read("POST", "/v1/search/kpi/query", query_kpi_data_entries),
)
