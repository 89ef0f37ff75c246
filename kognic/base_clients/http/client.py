"""One call's way to a service of the platform and back: address, headers, retries, errors, envelope, pages.

It knows no resource; `operations` says what a call does, `attempts` retries it where that is safe, the
session (`kognic.auth.requests.RequestsAuthSession`) signs it, the watchdog ends it in time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests

from kognic._core import watchdog
from kognic._core.clock import SYSTEM, Clock
from kognic._core.redaction import redact, redact_url
from kognic._core.urls import checked_base_url
from kognic._core.version import __version__
from kognic.auth import DEFAULT_HOST
from kognic.auth.requests.auth_session import RequestsAuthSession
from kognic.base_clients.errors import (
    ClientClosedError,
    ConnectionFailedError,
    RequestTimeoutError,
    api_error,
)
from kognic.base_clients.http import bodies, envelope, paging, redirects
from kognic.base_clients.http.attempts import Attempts
from kognic.base_clients.http.limits import SharedLimits
from kognic.base_clients.http.lookups import CallStart, Lookup, as_lookup
from kognic.base_clients.http.operations import Effect, Operation
from kognic.base_clients.http.request import Params, Request
from kognic.base_clients.http.retry import RetryPolicy
from kognic.base_clients.http.transport_errors import is_transport_error, translate
from kognic.base_clients.models import PageMetadata, PaginatedResponse
from kognic.base_clients.util import filter_none

logger = logging.getLogger(__name__)

USER_AGENT = f"kognic-http_client/{__version__}"
VERB_EFFECTS = {
    "GET": Effect.READ,
    "PUT": Effect.IDEMPOTENT,
    "PATCH": Effect.IDEMPOTENT,
    "DELETE": Effect.IDEMPOTENT,
    "POST": Effect.UNREPEATABLE,
}

PathValues = Mapping[str, object]
Late = Callable[[], bool]
"""Whether the deadline of a call has passed."""
Finish = Callable[[requests.Response, str, Late], Any]
"""Turns a successful answer into the result; also given the call's name for messages."""


class Session(Protocol):
    """What a client sends through: a `RequestsAuthSession`, or anything shaped like a `requests.Session`."""

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """Send one request."""
        ...


class HttpClient:
    """Calls one service of the platform. Thread-safe.

    A failed call is retried when that is safe: reads and idempotent calls after every transient failure,
    creations only when nothing can have been created (see `RetryPolicy`).

    Args:
        host: Base URL; a path in it is kept, a slash at its end is not.
        auth: Credentials in any form that `kognic.auth` knows; unused if a session is given.
        auth_host: Base URL of the auth server.
        client_organization_id: Sent with every call; for Kognic's own staff.
        timeout: Seconds to connect, and seconds between two pieces of an answer. Without `retry` it also caps
            the waits between attempts, those that `Retry-After` asks for aside.
        max_retries: Attempts after the first one, if no `retry` is given.
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
        self.retry = retry if retry is not None else _default_policy(max_retries, timeout)
        self.limits = limits if limits is not None else SharedLimits(self.retry.budget, clock=clock)
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
        lookup: Lookup | Callable[[], Any | None] | None = None,
    ) -> Any:
        """Perform an operation.

        Args:
            operation: What to call.
            path: Values of the template's names.
            params: Query; None values are left out, lists repeat the key, booleans are lower case.
            json: Body. Keys that are None are left out of a POST, but not of a PATCH, where null has a
                meaning.
            dryrun: Validate on the server without creating anything; retried like a read.
            discard_response: Ignore the body of the answer, which need not be JSON.
            lookup: Finds the object of a `LOOKED_UP` creation after a failure that leaves open whether it was
                created. A bare function that returns None says that the object certainly does not exist.

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
        request = self._request(
            operation.method,
            operation.path(**(path or {})),
            Effect.READ if dryrun else operation.effect,
            params=params,
            body=_body(operation.method, json),
            headers=self.dryrun_header if dryrun else None,
        )
        lookup = as_lookup(lookup)
        result = envelope.unwrap(
            self._attempts(request, _discard if discard_response else _json, lookup).run()
        )
        if lookup is not None and not dryrun:
            self.limits.created.add(lookup.names(result))
        return result

    def call_start(self) -> CallStart:
        """Note when a creation begins, for its `Lookup`."""
        return CallStart(self._clock.now(), self._clock.wall(), self.limits.platform_clock)

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
    ) -> Iterator[paging.Page]:
        """Iterate over whole pages, for callers that fetch something else for each item; see `pages`."""
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
            request = self._request(operation.method, endpoint, operation.effect, params=query, body=body)
            return self._attempts(request, _json).run()

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
        """Perform an operation and return the response, body read, for callers that need its headers."""
        return self._responding(operation, path, params, json, _whole)

    def open_stream(
        self,
        operation: Operation,
        path: PathValues | None = None,
        *,
        params: Params | None = None,
        json: Any = None,
    ) -> requests.Response:
        """Perform an operation and return the response with its body unread; the caller closes it."""
        return self._responding(operation, path, params, json, _unread)

    def _responding(
        self, operation: Operation, path: PathValues | None, params: Params | None, json: Any, finish: Finish
    ) -> requests.Response:
        body = _body(operation.method, json)
        endpoint = operation.path(**(path or {}))
        request = self._request(operation.method, endpoint, operation.effect, params=params, body=body)
        response: requests.Response = self._attempts(request, finish).run()
        return response

    def lines(self, response: requests.Response) -> Iterator[bytes]:
        """Iterate over the lines of a response from `open_stream`; closes it at the end.

        Raises:
            ConnectionFailedError: The stream broke.
            RequestTimeoutError: Nothing came for `timeout` seconds.
        """
        method, url = str(response.request.method), redact_url(response.url)
        guard = watchdog.Guard(None, self.timeout if isinstance(self.timeout, (int, float)) else None)
        guard.watch_response(response)
        try:
            with watchdog.watching(guard):
                blocks = bodies.as_they_come(response, guard)
                yield from bodies.split_lines(bodies.not_a_page(blocks, response, what=f"{method} {url}"))
                if guard.fired:
                    # Without a length, a closed connection looks like the end of the answer.
                    raise TimeoutError(guard.fired)
        except Exception as error:
            # A transport error that the consumer of the lines threw in would pass here as well, unharmed.
            if guard.fired:
                raise _late(f"{method} {url}", guard, elsewhere=False) from error
            if not is_transport_error(error):
                raise
            raise translate(error, method=method, url=url, seconds=self.timeout) from error
        finally:
            response.close()

    # The five verbs: what users of the official client call.

    def get(self, endpoint: str, **kwargs: Any) -> Any:
        """Send a GET; returns the unwrapped JSON, or a `PaginatedResponse`. `kwargs` go to requests."""
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
        """Send a POST; keys of `json` that are None are left out.

        It counts as a creation that cannot be looked up, unless `effect=` (an `Effect`) says otherwise.
        """
        return self._verb(
            "POST", endpoint, data=data, json=json, dryrun=dryrun, discard_response=discard_response, **kwargs
        )

    def put(self, endpoint: str, data: Any = None, **kwargs: Any) -> Any:
        """Send a PUT; `data` is form-encoded, `json` sent as it is."""
        return self._verb("PUT", endpoint, data=data, **kwargs)

    def patch(self, endpoint: str, data: Any = None, discard_response: bool = False, **kwargs: Any) -> Any:
        """Send a PATCH; `data` is form-encoded, `json` sent as it is, null included."""
        return self._verb("PATCH", endpoint, data=data, discard_response=discard_response, **kwargs)

    def delete(
        self, endpoint: str, dryrun: bool = False, discard_response: bool = False, **kwargs: Any
    ) -> Any:
        """Send a DELETE, which may carry `json`."""
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
        request = self._request(
            method,
            endpoint,
            Effect.READ if dryrun else effect or VERB_EFFECTS[method],
            params=params,
            body=_body(method, json),
            headers={**(self.dryrun_header if dryrun else {}), **(headers or {})},
            data=filter_none(data),
            options=kwargs,
        )
        document = self._attempts(request, _discard if discard_response else _json).run()
        return _page(document) if envelope.is_page(document) else envelope.unwrap(document)

    # The engine.

    def _request(
        self,
        method: str,
        endpoint: str,
        effect: Effect,
        *,
        params: Params | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        options: Mapping[str, Any] | None = None,
    ) -> Request:
        sent = {**self.headers, **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        options = dict(options or {})
        return Request(
            method=method,
            url=f"{self.host}/{endpoint.lstrip('/')}",
            effect=effect,
            params=envelope.query(params),
            headers=sent,
            body=data if body is None else body,
            timeout=options.pop("timeout", self.timeout),
            options=options,
        )

    def _attempts(
        self,
        request: Request,
        finish: Finish,
        lookup: Lookup | None = None,
    ) -> Attempts[Any]:
        return Attempts(
            partial(self._exchange, request, finish),
            policy=self.retry,
            effect=request.effect,
            limits=self.limits,
            name=request.name,
            lookup=lookup,
            clock=self._clock,
        )

    def _exchange(self, request: Request, finish: Finish, left: float | None) -> Any:
        """Send once and finish the answer, or raise one of our errors."""
        if self.limits.is_closed:
            raise ClientClosedError(
                "The client is closed. Create a new one, or do the work inside its `with` block"
            )
        started, seconds = self._clock.now(), request.seconds(left)
        with watchdog.guarded(left, request.step) as guard:

            def late() -> bool:
                return guard.fired is not None or (left is not None and self._clock.now() > started + left)

            try:
                response = self.session.request(request.method, request.url, **request.keywords(seconds))
                if request.method != "GET" and response.is_redirect:
                    response = self._follow(response, request, seconds)
                guard.watch_response(response)
                came = self._clock.now()
                self.limits.platform_clock.note(response.headers.get("Date"), came)
                milliseconds = (came - started) * 1e3
                logger.debug("%s: %d in %.0f ms", request.name, response.status_code, milliseconds)
                if not response.ok or response.is_redirect:
                    bodies.read_whole(response, bodies.MAX_ERROR, what=request.shown, cut=True, late=late)
                    target = _redirect_target(response)
                    url = redact_url(response.url)
                    raise api_error(response, method=request.method, url=url, message=target)
                return finish(response, request.name, late)
            except Exception as error:
                # Whatever the session raises: only broken connections are explained here.
                self._explain(error, request, guard, seconds)
                raise

    def _follow(self, response: requests.Response, request: Request, seconds: Any) -> requests.Response:
        """Follow the redirect of a write that keeps method, body and host; return any other answer."""
        answers = [response]

        def send(url: str) -> requests.Response | redirects.Moved:
            answer = (
                answers.pop()
                if answers
                else self.session.request(request.method, url, **request.moved().keywords(seconds))
            )
            location = answer.headers.get("location")
            moved = redirects.moved(request.method, answer.status_code, location, url, same_origin=True)
            if moved is None:
                return answer
            answer.close()
            return moved

        return redirects.follow(send, request.url, name=request.name)

    def _explain(self, error: Exception, request: Request, guard: watchdog.Guard, seconds: Any) -> None:
        """Raise our error for a broken connection; return for any other error."""
        if _leads_nowhere(error):
            text = f"{request.name}: invalid URL, or redirect to an invalid URL ({redact(str(error))})"
            raise ConnectionFailedError(text, sent=True, permanent=True) from error
        elsewhere = _is_about_another_url(error, request.url)
        transport = is_transport_error(error)
        if guard.fired and transport:
            raise _late(request.name, guard, elsewhere=elsewhere) from error
        if not transport:
            return
        logger.debug("%s: %s", request.name, type(error).__name__)
        limit = seconds if isinstance(seconds, (int, float)) else None
        raise translate(
            error, method=request.method, url=request.shown, seconds=limit, elsewhere=elsewhere
        ) from error


def _default_policy(max_retries: int, timeout: float) -> RetryPolicy:
    policy = RetryPolicy(max_attempts=max_retries + 1)
    if isinstance(timeout, (int, float)) and timeout < policy.max_wait:
        return RetryPolicy(max_attempts=max_retries + 1, max_wait=timeout)
    return policy


def _late(name: str, guard: watchdog.Guard, *, elsewhere: bool) -> RequestTimeoutError:
    return RequestTimeoutError(
        f"{name}: no complete answer in time: {guard.fired}; the connection was closed", sent=not elsewhere
    )


def _json(response: requests.Response, what: str, late: Late) -> Any:
    bodies.read_whole(response, what=what, late=late)
    return bodies.decode(response, what=what)


def _discard(response: requests.Response, what: str, late: Late) -> None:
    bodies.discard(response, what=what, late=late)


def _whole(response: requests.Response, what: str, late: Late) -> requests.Response:
    bodies.read_whole(response, what=what, late=late)
    bodies.refuse_web_page(response.headers.get("Content-Type"), response.content, what=what)
    return response


def _unread(response: requests.Response, what: str, late: Late) -> requests.Response:  # noqa: ARG001
    return response


def _own_session(
    auth: Any, auth_host: str | None, proxies: Mapping[str, str] | None, verify: bool | str | None
) -> RequestsAuthSession:
    try:
        host = auth_host or DEFAULT_HOST
        return RequestsAuthSession(auth=auth, host=host, proxies=proxies, verify=verify, defer=True)
    finally:
        del auth


def _redirect_target(response: requests.Response) -> str | None:
    if not response.is_redirect:
        return None
    location = response.headers["location"]
    target = redact_url(redirects.full_address(response.url, location) or location)
    return f"redirected to {target}, which the client follows for a GET only; set the host to the new address"


def _leads_nowhere(error: Exception) -> bool:
    """Whether requests could make no request of an address, which is mostly one that a redirect led to."""
    kinds = (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL)
    return isinstance(error, kinds) or type(error) is ValueError


def _body(method: str, json: Any) -> bytes | None:
    if json is None:
        return None
    return envelope.encode(filter_none(json) if method == "POST" else json)


def _page(document: Mapping[str, Any]) -> PaginatedResponse:
    metadata = PageMetadata(next_cursor_id=envelope.next_cursor(document))
    return PaginatedResponse(data=document["data"], metadata=metadata)


def _is_about_another_url(error: BaseException, url: str) -> bool:
    """Whether an error comes from a request that the session made on its own (for a token), before ours."""
    request = getattr(error, "request", None)
    other = getattr(request, "url", None)
    return other is not None and urlsplit(other)[:3] != urlsplit(requests.utils.requote_uri(url))[:3]
