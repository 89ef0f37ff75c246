"""Compare what a client did with what was recorded.

The result is a list of findings, each with the place, what was recorded and what happened. Which findings are
meant to be is not decided here but in `intended_differences`. Standard library only.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.wire.stand_in import STORAGE

NOTHING = "(nothing)"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One difference between the recording and this run.

    Attributes:
        case: Name of the recorded case.
        place: Where: `request POST /v1/inputs json.metadata`, `outcome result[0].message`.
        recorded: What the recording has there, `(nothing)` if nothing.
        ours: What this run has there.
    """

    case: str
    place: str
    recorded: Any
    ours: Any

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        return f"{self.case}: {self.place}\n    recorded: {self.recorded!r}\n    ours:     {self.ours!r}"


def compare(case: dict[str, Any], received: list[dict[str, Any]], outcome: dict[str, Any]) -> list[Finding]:
    """All findings of one case, those of requests first."""
    recorded = [{k: v for k, v in r.items() if k != "response"} for r in case["requests"]]
    found = _compare_requests(_in_order(case["case"], recorded), _in_order(case["case"], received))
    found += [(f"outcome {place}".strip(), a, b) for place, a, b in differences(case["outcome"], outcome)]
    return [Finding(case["case"], *f) for f in found]


def _in_order(case: str, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The requests without the order that has no meaning."""
    if case.startswith("tools_create_inputs"):
        # The recorded client keeps the scenes that it waits for in a set.
        requests = [_with_sorted_scenes(r) for r in requests]
    return _uploads_by_target(requests)


def _with_sorted_scenes(request: dict[str, Any]) -> dict[str, Any]:
    scenes = request.get("json", {}).get("sceneUuids")
    return (
        request if scenes is None else {**request, "json": {**request["json"], "sceneUuids": sorted(scenes)}}
    )


def _uploads_by_target(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Uploads of one call run concurrently: sort each unbroken run of them by its target."""
    ordered: list[dict[str, Any]] = []
    run: list[dict[str, Any]] = []
    for request in [*requests, None]:
        if request is not None and request["method"] == "PUT" and request["path"].startswith(STORAGE):
            run.append(request)
            continue
        ordered += sorted(run, key=lambda r: r["path"])
        run = []
        if request is not None:
            ordered.append(request)
    return ordered


def title(request: dict[str, Any]) -> str:
    """Method, path and query in one line."""
    query = "&".join(
        f"{k}={v}" for k, v in request.get("query", []) if k not in {"signature", "expires", "upload_id"}
    )
    return f"{request['method']} {request['path']}" + (f"?{query}" if query else "")


def _compare_requests(
    recorded: list[dict[str, Any]], ours: list[dict[str, Any]]
) -> list[tuple[str, Any, Any]]:
    """Requests that were not sent, that were sent besides, that came in another order, or that differ."""
    found: list[tuple[str, Any, Any]] = []
    left = list(enumerate(ours))
    order = []
    for request in recorded:
        same = [(position, other) for position, other in left if title(other) == title(request)]
        if not same:
            found.append(("requests", title(request), NOTHING))
            continue
        nearest = min(same, key=lambda pair: len(differences(request, pair[1])))
        left.remove(nearest)
        order.append(nearest)
        found += [(f"request {title(request)} {p}", x, y) for p, x, y in differences(request, nearest[1])]
    found += [("requests", NOTHING, title(other)) for _, other in left]
    if order != sorted(order, key=lambda pair: pair[0]):
        in_time = [title(other) for _, other in sorted(order, key=lambda pair: pair[0])]
        found.append(("order of requests", [title(other) for _, other in order], in_time))
    return found


def differences(recorded: Any, ours: Any, place: str = "") -> list[tuple[str, Any, Any]]:
    """The leaves in which two JSON values differ; `1`, `1.0` and `true` are three values."""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        if "raised" in recorded and "raised" in ours:
            return _compare_errors(recorded, ours, place)
        return [
            leaf
            for key in [*recorded, *(k for k in ours if k not in recorded)]
            for leaf in differences(
                recorded.get(key, NOTHING), ours.get(key, NOTHING), f"{place}.{key}".strip(".")
            )
        ]
    if isinstance(recorded, list) and isinstance(ours, list) and len(recorded) == len(ours):
        return [
            leaf
            for i, (a, b) in enumerate(zip(recorded, ours, strict=True))
            for leaf in differences(a, b, f"{place}[{i}]")
        ]
    if type(recorded) is type(ours) and recorded == ours:
        return []
    return [(place, recorded, ours)]


def _compare_errors(recorded: dict[str, Any], ours: dict[str, Any], place: str) -> list[tuple[str, Any, Any]]:
    """An error may be of a more precise class, if all that catches the recorded one catches it too."""
    not_caught_as = [name for name in recorded["mro"] if name not in ours["mro"]]
    found = [(f"{place} except", ", ".join(not_caught_as), ours["raised"])] if not_caught_as else []
    classes = ("raised", "mro")
    return found + differences(
        {k: v for k, v in recorded.items() if k not in classes},
        {k: v for k, v in ours.items() if k not in classes},
        place,
    )
