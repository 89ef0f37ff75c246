"""One request as a value: everything that an attempt needs, decided before the first one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from kognic._core.redaction import redact_url
from kognic.base_clients.http.operations import Effect

Params = Mapping[str, Any]
Timeout = float | tuple[float | None, float | None] | None


@attrs.frozen(kw_only=True)
class Request:
    """One request to the platform.

    Attributes:
        method: HTTP method, upper case.
        url: The full address without the query.
        effect: What it changes on the platform.
        params: The query as text.
        headers: All headers but those of the session.
        body: JSON as bytes, or what requests takes as `data`.
        timeout: As in requests.
        options: Other keywords of `requests.Session.request`.
        shown: The address without secrets.
        name: Method and address for logs and messages.
    """

    method: str
    url: str
    effect: Effect
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: Any = attrs.field(default=None, repr=False)
    timeout: Timeout = None
    options: Mapping[str, Any] = attrs.field(factory=dict, repr=False)

    shown: str = attrs.field(
        init=False, default=attrs.Factory(lambda request: redact_url(request.url), takes_self=True)
    )
    name: str = attrs.field(
        init=False,
        default=attrs.Factory(lambda request: f"{request.method} {request.shown}", takes_self=True),
    )

    @property
    def step(self) -> float | None:
        """Seconds that the headers of the answer, or one read of its body, may take."""
        if isinstance(self.timeout, tuple):
            return self.timeout[1]
        return self.timeout

    def seconds(self, left: float | None) -> Timeout:
        """Return the timeout of an attempt that has so many seconds left."""
        if left is None or not isinstance(self.timeout, (int, float)):
            return self.timeout
        # A timeout of zero would mean "do not block" to the socket.
        return min(self.timeout, max(left, 0.1))

    def keywords(self, timeout: Timeout) -> dict[str, Any]:
        """Return the arguments of `requests.Session.request` after method and URL."""
        # requests follows the redirects of a GET; of a write it would make a GET.
        follows = {} if self.method == "GET" else {"allow_redirects": False}
        return {
            "params": list(self.params),
            "headers": dict(self.headers),
            "data": self.body,
            "timeout": timeout,
            "stream": True,
            **follows,
            **self.options,
        }

    def moved(self) -> Request:
        """Return the same request for an address that an answer named, which holds its own query."""
        return attrs.evolve(self, params=())
