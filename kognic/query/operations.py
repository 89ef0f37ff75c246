"""The operations of the query service; all others are in `kognic.io.resources.operations`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kognic.base_clients.http.operations import Effect, Operation

QUERY_JUDGEMENTS = Operation("POST", "v1/search/judgements/query", Effect.READ)
QUERY_KPI_DATA_ENTRIES = Operation("POST", "v1/search/kpi/query", Effect.READ)

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {"QUERY_JUDGEMENTS": QUERY_JUDGEMENTS, "QUERY_KPI_DATA_ENTRIES": QUERY_KPI_DATA_ENTRIES}
)
"""Both by name."""
