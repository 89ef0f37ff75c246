"""Failed transfers as errors of httpx, for programs that have imported it.

The official client moves files with httpx, so programs catch `httpx.HTTPError` around uploads and downloads.
This client does not need httpx; but if the program has imported it, an error of a transfer also is the httpx
error of its kind. `except` looks at the real base classes, so the class of the error is extended when it
leaves the client.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from kognic.base_clients.errors import ApiError, ConnectionFailedError, RequestTimeoutError, UploadError

# The names are those of httpx; what comes first fits first.
_KINDS = (
    (ApiError, "HTTPStatusError"),
    (RequestTimeoutError, "TimeoutException"),
    (ConnectionFailedError, "TransportError"),
)


def also_of_httpx(error: BaseException) -> None:
    """Extend the class of a failed transfer by that of httpx, if the program has imported httpx."""
    httpx = sys.modules.get("httpx")
    if httpx is None:
        return
    cause = error.cause if isinstance(error, UploadError) else error
    for ours, name in _KINDS:
        theirs = getattr(httpx, name, None)
        if isinstance(cause, ours) and isinstance(theirs, type) and not isinstance(error, theirs):
            error.__class__ = _extended(type(error), theirs)  # type: ignore[arg-type]
            return


@functools.cache
def _extended(kind: type[BaseException], theirs: type[BaseException]) -> type[BaseException]:
    def get(self: BaseException) -> Any:
        return vars(self).get("request")

    def put(self: BaseException, request: Any) -> None:
        vars(self)["request"] = request

    # httpx keeps the request behind a property that raises without one; requests keeps a plain attribute.
    members = {
        "request": property(get, put),
        "__doc__": kind.__doc__,
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "portable_class": getattr(kind, "portable_class", None) or kind,
    }
    return type(kind.__name__, (kind, theirs), members)
