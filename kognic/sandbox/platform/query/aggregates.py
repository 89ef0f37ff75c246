"""Aggregates of the query service: `{name: {function: {"field": field}}}`.

`value_count`, `sum`, `avg`, `min`, `max` and `cardinality` give `{"value": number}`; `terms` gives
`{"buckets": [{"key": value, "docCount": number}]}`, the most frequent first.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kognic.sandbox.platform.query.language import field_value


class AggregateError(ValueError):
    """An aggregate is not one of those known, or not well-formed."""


def _terms(values: Sequence[Any]) -> dict[str, Any]:
    counts = Counter(json.dumps(value, sort_keys=True) for value in values)
    return {"buckets": [{"key": json.loads(key), "docCount": count} for key, count in counts.most_common()]}


def _number(function: Callable[[list[Any]], Any]) -> Callable[[Sequence[Any]], dict[str, Any]]:
    def compute(values: Sequence[Any]) -> dict[str, Any]:
        numbers = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
        return {"value": function(numbers) if numbers else None}

    return compute


FUNCTIONS: dict[str, Callable[[Sequence[Any]], dict[str, Any]]] = {
    "avg": _number(lambda numbers: sum(numbers) / len(numbers)),
    "cardinality": lambda values: {"value": len({json.dumps(one, sort_keys=True) for one in values})},
    "max": _number(max),
    "min": _number(min),
    "sum": _number(sum),
    "terms": _terms,
    "value_count": lambda values: {"value": len(values)},
}


def compute(aggregates: Mapping[str, Any], items: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Compute the aggregates over the items that have the field.

    Raises:
        AggregateError: One is not well-formed; the message names it.
    """
    chosen = {name: _choose(name, wanted) for name, wanted in aggregates.items()}
    rows = list(items) if chosen else []
    return {
        name: FUNCTIONS[function]([value for row in rows if (value := field_value(row, field)) is not None])
        for name, (function, field) in chosen.items()
    }


def _choose(name: str, wanted: Any) -> tuple[str, str]:
    if isinstance(wanted, dict) and len(wanted) == 1:
        ((function, options),) = wanted.items()
        field = options.get("field") if isinstance(options, dict) else None
        if function in FUNCTIONS and isinstance(field, str):
            return function, field
    known = ", ".join(sorted(FUNCTIONS))
    raise AggregateError(f'aggregate {name} must be {{function: {{"field": field}}}}, functions are {known}')
