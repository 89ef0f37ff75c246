"""Which calls reached the platform: for tests that count round trips, and for people who wonder.

Secrets stay out: neither credentials nor the query of signed URLs is remembered.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from kognic.sandbox.platform.storage.store import PREFIX

FAULT_KEY = "kognic.sandbox.fault"
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
        status: Status of the answer; 0 while there is none, and when the connection was cut before one.
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
        """Return JSON values."""
        return asdict(self)


@dataclass
class Record:
    """A call under way. Remembered when it arrives: its caller may hang up before there is an answer."""

    _call: RecordedCall
    _scope: Mapping[str, Any] = field(repr=False)

    def finish(self, status: int, size: int) -> None:
        """Tell how the call was answered; `status` is 0 when there will be no answer."""
        self._call = replace(self.call, status=status, size=size)
        self._scope = {}

    @property
    def call(self) -> RecordedCall:
        """The call as far as it has come."""
        return replace(self._call, fault=self._scope.get(FAULT_KEY, self._call.fault))


class Recorder:
    """The last calls in the order of their arrival, oldest first."""

    def __init__(self, limit: int) -> None:
        self._records: deque[Record] = deque(maxlen=limit)
        self._connections: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()

    def add(self, scope: Mapping[str, Any], route: str) -> Record:
        """Remember a call that has arrived."""
        path = (scope.get("raw_path") or b"").decode("latin-1")
        is_secret = path.startswith(PREFIX)
        call = RecordedCall(
            method=scope["method"],
            path=path,
            query="" if is_secret else scope["query_string"].decode("latin-1"),
            headers=_headers(scope["headers"]),
            route=route,
            status=0,
            size=0,
            connection=self._connection(scope.get("client")),
        )
        record = Record(call, scope)
        self._records.append(record)
        return record

    def calls(self) -> list[RecordedCall]:
        """Return the recorded calls, oldest first."""
        return [record.call for record in list(self._records)]

    def clear(self) -> None:
        """Forget the recorded calls."""
        self._records.clear()

    def _connection(self, peer: tuple[str, int] | None) -> int:
        with self._lock:
            return self._connections.setdefault(
                (peer[0], peer[1]) if peer else ("", 0), len(self._connections) + 1
            )


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    decoded = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in pairs)
    return {name: value for name, value in decoded if name not in SECRET_HEADERS}
