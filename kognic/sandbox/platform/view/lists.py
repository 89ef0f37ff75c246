"""The pages of lists, and the overview. Plain HTML, a hundred rows a page, sorted and narrowed by links."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, or_, select
from starlette.responses import Response

from kognic.sandbox.platform.calls import Call
from kognic.sandbox.platform.errors import ForbiddenError
from kognic.sandbox.platform.tables import Scene
from kognic.sandbox.platform.view import tables, visit
from kognic.sandbox.platform.view.rendering import page
from kognic.sandbox.platform.view.steps import first_steps
from kognic.sandbox.platform.view.tables import TABLES, Cell, Table, code, number

PAGE_SIZE = 100
RECENT = 10


@dataclass(frozen=True)
class Heading:
    """The head of a column; `href` sorts by it, `sign` says how it is sorted."""

    title: str
    href: str = ""
    sign: str = ""


def overview(call: Call) -> Response:
    """Return what is here: how many of each kind, the latest scenes, what failed."""
    counts = {
        name: call.session.scalar(select(func.count()).select_from(table.query(call).subquery())) or 0
        for name, table in TABLES.items()
    }
    scenes = tables.SCENES.query(call).order_by(Scene.number.desc())
    return page(
        "overview.html",
        counts=counts,
        columns=[column.title for column in tables.SCENES.columns],
        recent=_rows(call, tables.SCENES, scenes.limit(RECENT)),
        failed=_rows(call, tables.SCENES, scenes.where(Scene.status == "failed").limit(RECENT)),
        steps=first_steps(call.platform),
        root=str(call.platform.settings.root),
    )


def page_of(table: Table) -> Callable[[Call], Response]:
    """Return the page of a list."""

    def show(call: Call) -> Response:
        query = _narrowed(call, table)
        total = call.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
        chosen = _page_number(call, total)
        query = _sorted(call, table, query).limit(PAGE_SIZE).offset((chosen - 1) * PAGE_SIZE)
        return page(
            "list.html",
            kind=table.name,
            headings=[_heading(call, column) for column in table.columns],
            rows=_rows(call, table, query),
            statuses=_statuses(call, table),
            **_form(call, table.filters, total, chosen),
        )

    return show


def calls(call: Call) -> Response:
    """Return the calls that have arrived of late, newest first."""
    _require_owner(call)
    recorded = [
        [
            Cell(str(one.status or "no answer"), kind="" if 200 <= one.status < 400 else "bad"),
            Cell(one.method),
            code(f"{one.path}?{one.query}" if one.query else one.path),
            code(one.route),
            number(one.size),
            number(one.connection),
            Cell(one.fault, kind="bad"),
        ]
        for one in reversed(call.platform.recorder.calls())
        if _has_text(call, (one.method, one.path, one.query, one.route, one.fault))
        and call.query.get("status") in (None, "", str(one.status))
    ]
    titles = ("Status", "Method", "Path", "Route", "Bytes read", "Connection", "Fault")
    found = sorted({str(one.status) for one in call.platform.recorder.calls()})
    return _plain_list(call, "calls", titles, recorded, found)


def faults(call: Call) -> Response:
    """Return the active rules, and the number of requests that each was applied to."""
    _require_owner(call)
    shown = ("number", "kind", "route", "probability", "matched", "hits", "times", "status", "after")
    rules = [
        [code(str(rule[name])) if name == "route" else Cell(str(rule[name])) for name in shown]
        for rule in call.platform.faults.describe()
        if _has_text(call, (rule["kind"], rule["route"]))
    ]
    return _plain_list(call, "faults", [name.capitalize() for name in shown], rules, [])


def _require_owner(call: Call) -> None:
    if not visit.is_owner(call):
        raise ForbiddenError("Calls and faults are shown to the sandbox's own user only.")


def _plain_list(
    call: Call, kind: str, titles: Sequence[str], rows: list[list[Cell]], statuses: list[str]
) -> Response:
    chosen = _page_number(call, len(rows))
    return page(
        "list.html",
        kind=kind,
        headings=[Heading(title) for title in titles],
        rows=rows[(chosen - 1) * PAGE_SIZE : chosen * PAGE_SIZE],
        statuses=statuses,
        **_form(call, (), len(rows), chosen),
    )


def _has_text(call: Call, values: Sequence[str]) -> bool:
    wanted = call.query.get("q", "").casefold()
    return not wanted or any(wanted in value.casefold() for value in values)


def _narrowed(call: Call, table: Table) -> Any:
    query = table.query(call)
    for name, column in table.filters.items():
        if value := call.query.get(name):
            query = query.where(column == value)
    if table.status is not None and (value := call.query.get("status")):
        query = query.where(table.status == value)
    if text := call.query.get("q"):
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in table.search)))
    return query


def _sorted(call: Call, table: Table, query: Any) -> Any:
    name = call.query.get("sort", "")
    chosen = next((column for column in table.columns if column.name == name.removeprefix("-")), None)
    if chosen is None or chosen.order is None:
        return query.order_by(table.number.desc())
    order = chosen.order.desc() if name.startswith("-") else chosen.order.asc()
    return query.order_by(order, table.number.desc())


def _rows(call: Call, table: Table, query: Any) -> list[list[Cell]]:
    return [[column.cell(row) for column in table.columns] for row in call.session.execute(query)]


def _heading(call: Call, column: tables.Column) -> Heading:
    if column.order is None:
        return Heading(column.title)
    current = call.query.get("sort", "")
    signs = {column.name: "ascending", f"-{column.name}": "descending"}
    target = f"-{column.name}" if current == column.name else column.name
    return Heading(column.title, _address(call, sort=target, page=None), signs.get(current, ""))


def _statuses(call: Call, table: Table) -> list[str]:
    if table.status is None:
        return []
    query = table.query(call).with_only_columns(table.status).distinct().order_by(None)
    return sorted(call.session.scalars(query))


def _page_number(call: Call, total: int) -> int:
    text = call.query.get("page", "1")
    wanted = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 1
    return max(1, min(wanted, math.ceil(total / PAGE_SIZE)))


def _form(call: Call, filters: Sequence[str] | Any, total: int, chosen: int) -> dict[str, Any]:
    """What the form above a list and the links below it need."""
    narrowed = {name: call.query[name] for name in filters if call.query.get(name)}
    return {
        "q": call.query.get("q", ""),
        "status": call.query.get("status", ""),
        "sort": call.query.get("sort", ""),
        "narrowed": narrowed,
        "total": total,
        "first": min(total, (chosen - 1) * PAGE_SIZE + 1),
        "last": min(total, chosen * PAGE_SIZE),
        "before": _address(call, page=chosen - 1) if chosen > 1 else "",
        "after": _address(call, page=chosen + 1) if chosen * PAGE_SIZE < total else "",
    }


def _address(call: Call, **changes: object) -> str:
    """The query of this page with some parameters changed; None takes one away."""
    values = {**dict(call.query), **changes}
    return "?" + urlencode({name: value for name, value in values.items() if value not in (None, "")})
