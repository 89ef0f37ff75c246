"""What every requests session of this package does: time limits, proxies, pooling, no leaks.

A `GuardedSession` retries nothing (unless its adapter does), runs under the watchdog, sends the token to no
host but the one that was called, and raises errors whose tracebacks hold no request.
"""

from __future__ import annotations

import os
import re
import time
import weakref
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar, merge_cookies
from requests.sessions import merge_hooks
from requests.structures import CaseInsensitiveDict

from kognic._core import http_heads, watchdog
from kognic._core.connections import WatchedAdapter
from kognic._core.http_heads import Fields
from kognic._core.redaction import forget_library_frames, protect_library_logs, without_passwords
from kognic.auth._defaults import DEFAULT_POOL_SIZE, DEFAULT_TIMEOUT
from kognic.auth.requests.bearer_auth import KognicBearerAuth

Timeout = float | tuple[float | None, float | None] | None
Verify = bool | str | os.PathLike[str] | None

# Hosts that connections are kept to; a platform has nine.
HOSTS_KEPT = 16
# requests reads the whole environment, and on some systems the settings of the machine, for every request,
# which takes as long as half of the rest. What it found is used again for this long, unless one of the
# variables that it heeds has changed.
SETTINGS_KEPT = 5.0
_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUEST_METHOD")
_VARIABLES = (*_NAMES, *(name.upper() for name in _NAMES[:4]), "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_KEPT_NAMES = tuple(os.environ.encodekey(name) for name in _VARIABLES)
# Addresses that requests leaves as they are: no user, no port that may be none, no escapes, no `.` or `..`.
_PLAIN_URL = re.compile(
    r"https?://[a-z0-9][a-z0-9.-]*(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}))?(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+/?"
)
_NO_HOOKS: dict[str, list[Any]] = {"response": []}


class GuardedSession(requests.Session):
    """A requests session with its defaults set once, and without leaks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timeout: Timeout = DEFAULT_TIMEOUT
        self._verify: bool | str | None = None
        self._pool_size = DEFAULT_POOL_SIZE
        self._own_adapters: list[HTTPAdapter] = []
        self._settings: dict[Any, tuple[float, Any]] = {}

    def configure(
        self,
        *,
        proxies: Mapping[str, str] | None = None,
        verify: Verify = None,
        timeout: Timeout = DEFAULT_TIMEOUT,
        pool_size: int = DEFAULT_POOL_SIZE,
    ) -> None:
        """Set what constructors cannot take.

        Args:
            proxies: As requests takes them; None for those of the environment.
            verify: CA bundle, or False for no verification at all; None for that of the environment.
            timeout: Seconds to connect and between packets, or a pair of them; None for no limit.
            pool_size: Connections kept open to each host.
        """
        if proxies:
            self.proxies.update(without_passwords(proxies))
        self._verify = checked_verify(verify)
        if self._verify is not None:
            self.verify = self._verify
        self._timeout = timeout
        self._pool_size = pool_size
        self._mount()
        protect_library_logs()
        _sessions.add(self)

    def request(  # type: ignore[override]  # other arguments pass through
        self, method: str, url: str, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send as `requests.Session.request`, with the session's settings before those of the environment."""
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self._timeout
        # Of session and environment, requests lets the environment win.
        if kwargs.get("verify") is None and self._verify is not None:
            kwargs["verify"] = self._verify
        if not kwargs.get("proxies") and self.proxies:
            kwargs["proxies"] = dict(self.proxies)
        try:
            guard = watchdog.current()
            if guard is not None:
                return self._request(guard, method, url, *args, **kwargs)
            with watchdog.guarded(None, step_of(kwargs["timeout"])) as guard:
                return self._request(guard, method, url, *args, **kwargs)
        except Exception as exc:  # every error passes on; frames below hold the request in the clear
            forget_library_frames(exc)
            _forget_token(exc)
            raise

    def _request(
        self, guard: watchdog.Guard, method: str, url: str, *args: Any, **kwargs: Any
    ) -> requests.Response:
        response = None
        try:
            response = super().request(method, url, *args, **kwargs)
        except requests.ConnectionError:
            # A connection that the watchdog has shut looks as if the other side had.
            if not guard.fired:
                raise
        if response is None or guard.fired:
            raise requests.ReadTimeout(f"no complete answer in time: {guard.fired}")
        return response

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """As in requests, which spends a third of a small call on merging what most calls do not have."""
        query, auth = _encoded(request.params), request.auth or self.auth
        fields = _merged(self.headers, request.headers)
        if fields is None or not auth or query is None or self.params or not _is_simple(request):
            return super().prepare_request(request)
        prepared = requests.PreparedRequest()
        prepared.method, prepared.headers = (request.method or "").upper(), fields
        _add_address(prepared, request.url or "", query)
        self._add_cookies(prepared)
        _add_body(prepared, request.data)
        if type(auth) is KognicBearerAuth:
            auth(prepared)
        else:
            prepared.prepare_auth(auth, request.url or "")
        if request.hooks != _NO_HOOKS or self.hooks != _NO_HOOKS:
            prepared.prepare_hooks(merge_hooks(request.hooks, self.hooks))  # type: ignore[no-untyped-call]
        return prepared

    def _add_cookies(self, prepared: Any) -> None:
        if next(iter(self.cookies), None) is None:
            prepared._cookies = RequestsCookieJar()
        else:
            prepared.prepare_cookies(merge_cookies(RequestsCookieJar(), self.cookies))  # type: ignore[no-untyped-call]

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """As in requests; the environment is not read anew for every request."""
        now = time.monotonic()
        key = (
            *url.split("/", 3)[:3], verify, stream, cert, self.trust_env, self.verify, self.stream, self.cert,
            *(proxies or {}).items(), None, *self.proxies.items(), None, *_environment(),
        )  # fmt: skip
        known = self._settings.get(key)
        if known is None or now - known[0] > SETTINGS_KEPT:
            if len(self._settings) >= HOSTS_KEPT:
                self._settings.clear()
            found: Any = super().merge_environment_settings(url, proxies, stream, verify, cert)
            known = self._settings[key] = now, found
        return {**known[1], "proxies": known[1]["proxies"].copy()}

    def resolve_redirects(self, resp: Any, *args: Any, **kwargs: Any) -> Any:
        """As in requests, which takes the address apart before it looks for a redirect."""
        return super().resolve_redirects(resp, *args, **kwargs) if resp.is_redirect else iter(())

    @property
    def step(self) -> float | None:
        """Seconds that each step of an exchange may take."""
        return step_of(self._timeout)

    def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
        """Drop the token where a redirect leaves the host; put nothing from .netrc in its place."""
        before, after = response.request.url, prepared_request.url
        leaves: bool = self.should_strip_auth(before, after)  # type: ignore[no-untyped-call]
        if leaves and "Authorization" in prepared_request.headers:
            del prepared_request.headers["Authorization"]

    def _make_adapter(self) -> HTTPAdapter:
        """Create an adapter that keeps connections and retries nothing; the callers decide about retries."""
        return WatchedAdapter(pool_connections=HOSTS_KEPT, pool_maxsize=self._pool_size, max_retries=0)

    def _mount(self, prefixes: Iterable[str] = ("https://", "http://")) -> None:
        self._own_adapters = []
        for prefix in prefixes:
            self._own_adapters.append(self._make_adapter())
            self.mount(prefix, self._own_adapters[-1])

    def after_fork(self) -> None:
        """Use connections of this process's own: on a shared one, two processes mix up their answers."""
        self._mount([prefix for prefix, adapter in self.adapters.items() if adapter in self._own_adapters])


def _is_simple(request: requests.Request) -> bool:
    """Whether a request has no cookies of its own, and bytes for a body, if any."""
    other = request.files or request.json is not None or request.cookies
    return not other and (not request.data or isinstance(request.data, bytes))


def _merged(ours: Any, given: Any) -> Fields | None:
    """The headers of session and request; None unless all are plain."""
    if type(ours) is not CaseInsensitiveDict or not isinstance(given or {}, (dict, CaseInsensitiveDict)):
        return None
    fields = Fields.copied(ours)
    if given:
        fields.merge(given)
    pairs = fields.pairs()
    names = tuple([name for name, _ in pairs])
    plain = http_heads.are_plain_names(names) and http_heads.are_plain_values([value for _, value in pairs])
    # What is None takes a header of the session away; such headers are not plain.
    return fields if plain else None


def _add_address(prepared: requests.PreparedRequest, url: str, query: str) -> None:
    if _PLAIN_URL.fullmatch(url):
        prepared.url = f"{url}?{query}" if query else url
    else:
        prepared.prepare_url(url, query)


def _add_body(prepared: Any, data: Any) -> None:
    prepared.body = data or None
    if data:
        prepared.headers["Content-Length"] = str(len(data))
    elif prepared.method not in ("GET", "HEAD"):
        prepared.headers.setdefault("Content-Length", "0")


def _environment() -> list[Any]:
    """The variables that requests heeds, as the environment keeps them: to decode them takes a while."""
    kept = getattr(os.environ, "_data", None)
    if isinstance(kept, dict):
        return [kept.get(name) for name in _KEPT_NAMES]
    return [os.environ.get(name) for name in _VARIABLES]


def _encoded(params: Any) -> str | None:
    """A query of texts as requests encodes it; None for anything else than a list of pairs."""
    if not params:
        return ""
    plain = isinstance(params, list) and all(
        isinstance(pair, tuple) and len(pair) == 2 and type(pair[0]) is type(pair[1]) is str
        for pair in params
    )
    return urlencode(params) if plain else None


def step_of(timeout: Timeout) -> float | None:
    """Return the time for one step, given a timeout of requests: the time to wait for more of an answer."""
    return timeout[1] if isinstance(timeout, tuple) else timeout


def _forget_token(error: Exception) -> None:
    request = getattr(error, "request", None)
    if isinstance(request, requests.PreparedRequest) and request.headers is not None:
        request.headers.pop("Authorization", None)


_sessions: weakref.WeakSet[GuardedSession] = weakref.WeakSet()


def _after_fork() -> None:
    for session in list(_sessions):
        session.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def checked_verify(verify: object) -> bool | str | None:
    """Return the value for requests, which would take an empty text or a 0 for "do not verify".

    Raises:
        ValueError: It is neither a truth value nor a path.
    """
    if verify is None or isinstance(verify, bool):
        return verify
    if isinstance(verify, (str, os.PathLike)) and os.fspath(verify):
        return str(os.fspath(verify))
    raise ValueError(f"verify is {verify!r}, must be True, False or the path of a CA bundle")
