"""Search in what has been annotated: `QueryApiClient`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach
from kognic._core.version import __version__

if TYPE_CHECKING:
    from kognic.query.query_api_client import QueryApiClient
    from kognic.query.query_model import QueryException, QueryResponse, StreamingQueryResponse
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "QueryApiClient": "kognic.query.query_api_client",
            "QueryException": "kognic.query.query_model",
            "QueryResponse": "kognic.query.query_model",
            "StreamingQueryResponse": "kognic.query.query_model",
        },
    )

__all__ = ["QueryApiClient", "QueryException", "QueryResponse", "StreamingQueryResponse", "__version__"]
