"""Which calls reached the platform: for tests that count round trips, and for people who wonder.

Secrets stay out: neither credentials nor the query of signed URLs is remembered.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kognic.sandbox.platform.storage import PREFIX

SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-sandbox-control"})


@dataclass(frozen=True)
class RecordedCall:
    """One call as it arrived, and how it was answered.

    Attributes:
        method: `GET`, `POST`, ...
        path: Path as sent, percent-encoded.
        query: Query as sent; empty for signed URLs, whose query is a secret.
        headers: Lower-case header names, without secrets.
        route: Template of the route that took it; empty when there was none.
        status: Status of the answer; 0 when the connection was cut before one.
        size: Bytes of the body that were read.
        connection: Number of the connection it came on, counted per sandbox.
        fault: Kind of the fault that was injected; empty when there was none.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    route: str
    status: int
    size: int
    connection: int
    fault: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Recorder:
    """The last calls, oldest first."""

    def __init__(self, limit: int) -> None:
        self._calls: deque[RecordedCall] = deque(maxlen=limit)
        self._connections: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()

    def add(self, scope: Mapping[str, Any], route: str, status: int, size: int) -> None:
        """Remember a call; `status` is 0 when there will be no answer."""
        path = (scope.get("raw_path") or b"").decode("latin-1")
        is_secret = path.startswith(PREFIX)
        call = RecordedCall(
            method=scope["method"],
            path=path,
            query="" if is_secret else scope["query_string"].decode("latin-1"),
            headers=_headers(scope["headers"]),
            route=route,
            status=status,
            size=size,
            connection=self._connection(scope.get("client")),
            fault=scope.get("kognic.sandbox.fault", ""),
        )
        self._calls.append(call)

    def calls(self) -> list[RecordedCall]:
        return list(self._calls)

    def clear(self) -> None:
        self._calls.clear()

    def _connection(self, peer: tuple[str, int] | None) -> int:
        with self._lock:
            return self._connections.setdefault(
                (peer[0], peer[1]) if peer else ("", 0), len(self._connections) + 1
            )


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    decoded = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in pairs)
    return {name: value for name, value in decoded if name not in SECRET_HEADERS}
