"""One call's way to a service of the platform and back: address, headers, retries, errors, envelope, pages.

It knows no resource; `operations` says what a call does, `attempts` repeats it where that is safe, the
session (`kognic.auth.requests.RequestsAuthSession`) signs it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin, urlsplit

import requests

from kognic._core.clock import SYSTEM, Clock
from kognic._core.redaction import redact, redact_url
from kognic._core.urls import checked_base_url
from kognic._core.version import __version__
from kognic.auth import DEFAULT_HOST
from kognic.base_clients.errors import ConnectionFailedError, api_error
from kognic.base_clients.http import bodies, envelope, paging
from kognic.base_clients.http.attempts import Attempts
from kognic.base_clients.http.limits import SharedLimits
from kognic.base_clients.http.operations import Effect, Operation
from kognic.base_clients.http.retry import RetryPolicy
from kognic.base_clients.http.transport_errors import is_transport_error, translate
from kognic.base_clients.util import filter_none

if TYPE_CHECKING:
    from kognic.auth.requests.auth_session import RequestsAuthSession
    from kognic.base_clients.models import PaginatedResponse

logger = logging.getLogger(__name__)

USER_AGENT = f"kognic-http_client/{__version__}"
MAX_REDIRECTS = 5
VERB_EFFECTS = {
    "GET": Effect.READ,
    "PUT": Effect.IDEMPOTENT,
    "PATCH": Effect.IDEMPOTENT,
    "DELETE": Effect.IDEMPOTENT,
    "POST": Effect.UNREPEATABLE,
}

Params = Mapping[str, Any]
PathValues = Mapping[str, object]
Late = Callable[[], bool]
"""Whether the deadline of a call has passed."""
Finish = Callable[[requests.Response, str, Late], Any]
"""Makes the result of a successful answer; given also what the call is, for messages."""


class Session(Protocol):
    """What a client sends through: a `RequestsAuthSession`, or anything shaped like a `requests.Session`."""

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """Send one request."""
        ...


class HttpClient:
    """Calls one service of the platform. Thread-safe.

    A call that failed is repeated when that is safe: reads and idempotent calls after every transient
    failure, creations only when nothing can have been made (see `RetryPolicy`).

    Args:
        host: Base URL; a path in it is kept, a slash at its end is not.
        auth: Credentials in any form that `kognic.auth` knows; not used when a session is given.
        auth_host: Where tokens come from.
        client_organization_id: Sent with every call; for Kognic's own staff.
        timeout: Seconds to connect, and seconds between two pieces of an answer.
        max_retries: Attempts after the first one, when no `retry` is given.
        session: Shared by the clients of all services; this client closes it only if it made it.
        retry: When to try again.
        client_name: Added to the user agent, such as `kognic-io/1.0`.
        proxies: As in requests; instead of the environment's.
        verify: As in requests: a CA bundle; instead of the environment's.
        limits: Retry budget and pauses, shared with other clients of one user.
        clock: Time, replaced by tests.
    """

    def __init__(
        self,
        host: str,
        auth: Any = None,
        auth_host: str | None = DEFAULT_HOST,
        client_organization_id: int | None = None,
        timeout: float = 60,
        max_retries: int = 10,
        session: Session | None = None,
        *,
        retry: RetryPolicy | None = None,
        client_name: str | None = None,
        proxies: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        limits: SharedLimits | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self.host = checked_base_url(host, "host")
        self.timeout = timeout
        self.max_retries = max_retries
        self.retry = retry if retry is not None else RetryPolicy(max_attempts=max_retries + 1)
        self.limits = limits if limits is not None else SharedLimits(self.retry.budget)
        self.dryrun_header = {"X-Dryrun": ""}
        self.headers = {
            "Accept-Encoding": "gzip",
            "Accept": "application/json",
            "User-Agent": f"{USER_AGENT} {client_name}" if client_name else USER_AGENT,
        }
        if client_organization_id is not None:
            self.headers["X-Organization-Id"] = str(client_organization_id)
        self._clock = clock
        self._own: RequestsAuthSession | None = None
        try:
            if session is None:
                session = self._own = _own_session(auth, auth_host, proxies, verify)
        finally:
            # A traceback that shows local variables must not show credentials.
            del auth
        self.session: Session = session

    def __repr__(self) -> str:
        return f"HttpClient({redact_url(self.host)!r})"

    def close(self) -> None:
        """Close the session if it is this client's own."""
        if self._own is not None:
            self._own.close()

    # Operations: what resources call.

    def call(
        self,
        operation: Operation,
        path: PathValues | None = None,
        *,
        params: Params | None = None,
        json: Any = None,
        dryrun: bool = False,
        discard_response: bool = False,
        lookup: Callable[[], Any | None] | None = None,
    ) -> Any:
        """Perform an operation.

        Args:
            operation: What to call.
            path: Values of the template's names.
            params: Query; None values are left out, lists repeat the key, booleans are lower case.
            json: Body. Keys that are None are left out of a POST, but not of a PATCH, where null has a
                meaning.
            dryrun: Have the platform validate only; nothing is made, so that it is repeated like a read.
            discard_response: The answer's body does not matter, and need not be JSON.
            lookup: Finds what a `LOOKED_UP` creation makes, after a failure that leaves open whether it was
                made. Its result is the call's; None says that it is certainly not there.

        Returns:
            The unwrapped `data` of the answer, None if it is discarded.

        Raises:
            ApiError: The platform answered with an error; see `kognic.base_clients.errors` for its
                subclasses.
            ConnectionFailedError: No answer.
            RequestTimeoutError: No answer in time.
            AmbiguousWriteError: A creation may or may not have been carried out.
            ResponseDecodeError: The answer is not JSON.
            RequestBodyError: The body cannot be JSON; nothing was sent.
        """
        document = self._document(
            operation.method,
            operation.path(**(path or {})),
            Effect.READ if dryrun else operation.effect,
            params=params,
            body=_body(operation.method, json),
            headers=self.dryrun_header if dryrun else None,
            discard=discard_response,
            lookup=lookup,
        )
        return envelope.unwrap(document)

    def pages(
        self,
        operation: Operation,
        path: PathValues | None = None,
        *,
        params: Params | None = None,
        json: Any = None,
    ) -> Iterator[Any]:
        """Iterate over the items of a list that is paged by cursor.

        A page is fetched when the one before it has been consumed, so an error may surface mid-iteration.

        Raises:
            ModelValidationError: An answer is not a page, or its cursor leads back to itself.
        """
        return chain.from_iterable(self.page_lists(operation, path, params=params, json=json))

    def page_lists(
        self,
        operation: Operation,
        path: PathValues | None = None,
        *,
        params: Params | None = None,
        json: Any = None,
    ) -> Iterator[list[Any]]:
        """A whole page at a time, for who fetches something else for each item; otherwise like `pages`."""
        return paging.by_cursor(self._page_fetcher(operation, path, params, json))

    def offset_pages(
        self,
        operation: Operation,
        path: PathValues | None = None,
        *,
        params: Params | None = None,
        limit: int,
    ) -> Iterator[Any]:
        """Iterate over the items of a list that is paged by `offset` and `limit` while `hasNext` is true.

        Raises:
            ModelValidationError: An answer is not a page.
        """
        return paging.by_offset(self._page_fetcher(operation, path, params), limit)

    def rows(
        self, operation: Operation, path: PathValues | None = None, *, params: Params | None = None
    ) -> Iterator[Any]:
        """Iterate over the rows of a list whose pages start at `offset` and end with an empty one.

        Raises:
            ModelValidationError: An answer is not a page.
        """
        return paging.by_rows(self._page_fetcher(operation, path, params))

    def _page_fetcher(
        self,
        operation: Operation,
        path: PathValues | None,
        params: Params | None,
        json: Any = None,
    ) -> paging.Fetch:
        endpoint, body = operation.path(**(path or {})), _body(operation.method, json)

        def fetch(place: Params) -> Any:
            query = {**place, **(params or {})}
            return self._document(operation.method, endpoint, operation.effect, params=query, body=body)

        return fetch

    def stream(
        self,
        operation: Operation,
        path: PathValues | None = None,
        *,
        params: Params | None = None,
        json: Any = None,
    ) -> Iterator[bytes]:
        """Perform an operation at once and iterate over the lines of its answer, in constant memory.

        Raises:
            ConnectionFailedError: The stream broke; what was yielded before is right, but not all.
        """
        return self.lines(self.open_stream(operation, path, params=params, json=json))

    def fetch(
        self,
        operation: Operation,
        path: PathValues | None = None,
        *,
        params: Params | None = None,
        json: Any = None,
    ) -> requests.Response:
        """Perform an operation and return the response, body read; for who needs more than `data`."""

        def finish(response: requests.Response, what: str, late: Late) -> requests.Response:
            bodies.read_whole(response, what=what, late=late)
            return response

        endpoint, body = operation.path(**(path or {})), _body(operation.method, json)
        response: requests.Response = self._perform(
            operation.method, endpoint, operation.effect, finish, None, params=params, body=body
        )
        return response

    def open_stream(
        self,
        operation: Operation,
        path: PathValues | None = None,
        *,
        params: Params | None = None,
        json: Any = None,
    ) -> requests.Response:
        """Perform an operation and return the response with its body unread; the caller closes it."""
        endpoint, body = operation.path(**(path or {})), _body(operation.method, json)
        return self._response(operation.method, endpoint, operation.effect, params=params, body=body)

    def lines(self, response: requests.Response) -> Iterator[bytes]:
        """Iterate over the lines of a response from `open_stream`; closes it at the end.

        Raises:
            ConnectionFailedError: The stream broke.
            RequestTimeoutError: Nothing came for `timeout` seconds.
        """
        method, url = str(response.request.method), redact_url(response.url)
        try:
            yield from bodies.split_lines(bodies.as_they_come(response))
        except Exception as error:
            # Also a transport error that the consumer of the lines threw in would pass here; it is no worse
            # for it.
            if not is_transport_error(error):
                raise
            raise translate(error, method=method, url=url, seconds=self.timeout) from error
        finally:
            response.close()

    # The five verbs: what users of the official client call.

    def get(self, endpoint: str, **kwargs: Any) -> Any:
        """GET; the unwrapped JSON, or a `PaginatedResponse`. `kwargs` go to requests."""
        return self._verb("GET", endpoint, **kwargs)

    def post(
        self,
        endpoint: str,
        data: Any = None,
        json: Any = None,
        dryrun: bool = False,
        discard_response: bool = False,
        **kwargs: Any,
    ) -> Any:
        """POST; keys of `json` that are None are left out.

        It counts as a creation that cannot be looked up, unless `effect=` (an `Effect`) says otherwise.
        """
        return self._verb(
            "POST", endpoint, data=data, json=json, dryrun=dryrun, discard_response=discard_response, **kwargs
        )

    def put(self, endpoint: str, data: Any = None, **kwargs: Any) -> Any:
        """PUT; `data` is form-encoded, `json` sent as it is."""
        return self._verb("PUT", endpoint, data=data, **kwargs)

    def patch(self, endpoint: str, data: Any = None, discard_response: bool = False, **kwargs: Any) -> Any:
        """PATCH; `data` is form-encoded, `json` sent as it is, null included."""
        return self._verb("PATCH", endpoint, data=data, discard_response=discard_response, **kwargs)

    def delete(
        self, endpoint: str, dryrun: bool = False, discard_response: bool = False, **kwargs: Any
    ) -> Any:
        """DELETE; may carry `json`."""
        return self._verb("DELETE", endpoint, dryrun=dryrun, discard_response=discard_response, **kwargs)

    def _verb(
        self,
        method: str,
        endpoint: str,
        *,
        params: Params | None = None,
        data: Any = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        dryrun: bool = False,
        discard_response: bool = False,
        effect: Effect | None = None,
        **kwargs: Any,
    ) -> Any:
        document = self._document(
            method,
            endpoint,
            Effect.READ if dryrun else effect or VERB_EFFECTS[method],
            params=params,
            body=_body(method, json),
            headers={**(self.dryrun_header if dryrun else {}), **(headers or {})},
            discard=discard_response,
            data=filter_none(data),
            **kwargs,
        )
        return _page(document) if envelope.is_page(document) else envelope.unwrap(document)

    # The engine.

    def _document(
        self,
        method: str,
        endpoint: str,
        effect: Effect,
        *,
        discard: bool = False,
        lookup: Callable[[], Any | None] | None = None,
        **request: Any,
    ) -> Any:
        """The decoded JSON of an answer, or None; what `lookup` found is given as it is."""

        def finish(response: requests.Response, what: str, late: Late) -> Any:
            if discard:
                bodies.discard(response, what=what, late=late)
                return None
            bodies.read_whole(response, what=what, late=late)
            return bodies.decode(response, what=what)

        return self._perform(method, endpoint, effect, finish, lookup, **request)

    def _response(self, method: str, endpoint: str, effect: Effect, **request: Any) -> requests.Response:
        response: requests.Response = self._perform(
            method, endpoint, effect, lambda response, *_: response, None, **request
        )
        return response

    def _perform(
        self,
        method: str,
        endpoint: str,
        effect: Effect,
        finish: Finish,
        lookup: Callable[[], Any | None] | None,
        *,
        params: Params | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> Any:
        url = f"{self.host}/{endpoint.lstrip('/')}"
        sent = {**self.headers, **(headers or {})}
        if body is not None:
            kwargs["data"], sent["Content-Type"] = body, "application/json"
        kwargs |= {"params": envelope.query(params), "headers": sent, "stream": True}
        timeout = kwargs.pop("timeout", self.timeout)

        def attempt(left: float | None) -> Any:
            seconds = (
                timeout
                if left is None or not isinstance(timeout, (int, float))
                else min(timeout, max(left, 0.1))
            )
            end = None if left is None else self._clock.now() + left
            late = bodies.in_time if end is None else lambda: self._clock.now() > end
            return self._exchange(method, url, finish, late, timeout=seconds, **kwargs)

        attempts = Attempts(
            attempt,
            policy=self.retry,
            effect=effect,
            limits=self.limits,
            name=f"{method} {redact_url(url)}",
            lookup=lookup,
            clock=self._clock,
        )
        return attempts.run()

    def _exchange(self, method: str, url: str, finish: Finish, late: Late, **kwargs: Any) -> Any:
        """Send once and finish the answer, or raise one of our errors."""
        shown = redact_url(url)
        started = self._clock.now()
        try:
            response = self._follow(method, url, **kwargs)
            milliseconds = (self._clock.now() - started) * 1e3
            logger.debug("%s %s: %d in %.0f ms", method, shown, response.status_code, milliseconds)
            if not response.ok or response.is_redirect:
                bodies.read_whole(response, bodies.MAX_ERROR, what=shown, cut=True, late=late)
                target = _redirect_target(response)
                raise api_error(response, method=method, url=redact_url(response.url), message=target)
            return finish(response, f"{method} {shown}", late)
        except Exception as error:
            # Whatever the session raises: only broken connections are ours to explain.
            if _leads_nowhere(error):
                text = f"{method} {shown}: no address to call, or redirected to none ({redact(str(error))})"
                raise ConnectionFailedError(text, sent=True, permanent=True) from error
            if not is_transport_error(error):
                raise
            logger.debug("%s %s: %s", method, shown, type(error).__name__)
            elsewhere = _is_about_another_url(error, url)
            seconds = kwargs["timeout"] if isinstance(kwargs["timeout"], (int, float)) else None
            raise translate(error, method=method, url=shown, seconds=seconds, elsewhere=elsewhere) from error

    def _follow(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """Send, and follow redirects as far as that neither changes the call nor takes the token elsewhere.

        requests follows those of reads, without the token when they lead to another host. It would turn a
        write into a GET at most of them, which looks like success: only 307 and 308 within the host are
        followed here.
        """
        if method == "GET":
            return self.session.request(method, url, **kwargs)
        hops = 0
        while True:
            response = self.session.request(method, url, allow_redirects=False, **kwargs)
            if response.status_code not in (307, 308) or not response.is_redirect or hops == MAX_REDIRECTS:
                return response
            target = _location(response)
            if target is None or _origin(target) != _origin(url):
                return response
            response.close()
            hops, url, kwargs = hops + 1, target, {**kwargs, "params": []}


def _own_session(
    auth: Any, auth_host: str | None, proxies: Mapping[str, str] | None, verify: bool | str | None
) -> RequestsAuthSession:
    from kognic.auth.requests.auth_session import RequestsAuthSession

    try:
        return RequestsAuthSession(auth=auth, host=auth_host or DEFAULT_HOST, proxies=proxies, verify=verify)
    finally:
        del auth


def _redirect_target(response: requests.Response) -> str | None:
    if not response.is_redirect:
        return None
    target = redact_url(_location(response) or response.headers["location"])
    return f"redirected to {target}, where only a GET follows; set the host to that of the new address"


def _location(response: requests.Response) -> str | None:
    """The full address that a redirect names; None if it is none."""
    try:
        target = urljoin(response.url, response.headers["location"])
        _origin(target)
    except ValueError:
        return None
    return target


def _leads_nowhere(error: Exception) -> bool:
    """Whether requests could make no request of an address, which is mostly one that a redirect led to."""
    kinds = (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL)
    return isinstance(error, kinds) or type(error) is ValueError


def _body(method: str, json: Any) -> bytes | None:
    if json is None:
        return None
    return envelope.encode(filter_none(json) if method == "POST" else json)


def _page(document: Mapping[str, Any]) -> PaginatedResponse:
    from kognic.base_clients.models import PageMetadata, PaginatedResponse

    metadata = PageMetadata(next_cursor_id=envelope.next_cursor(document))
    return PaginatedResponse(data=document["data"], metadata=metadata)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _is_about_another_url(error: BaseException, url: str) -> bool:
    """Whether an error comes from a request that the session made on its own (for a token), before ours."""
    request = getattr(error, "request", None)
    other = getattr(request, "url", None)
    return other is not None and urlsplit(other)[:3] != urlsplit(requests.utils.requote_uri(url))[:3]
