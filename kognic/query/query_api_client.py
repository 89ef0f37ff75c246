"""`QueryApiClient`: search in what has been annotated."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, overload

from kognic._core.version import __version__
from kognic.auth import DEFAULT_HOST as DEFAULT_AUTH_HOST
from kognic.auth.requests.auth_session import RequestsAuthSession
from kognic.base_clients.errors import ApiError, ResponseDecodeError
from kognic.base_clients.http.client import HttpClient, Session
from kognic.base_clients.http.hosts import (
    AUTH,
    DEFAULT_QUERY_API_HOST,
    find_environment,
    resolve_hosts,
)
from kognic.base_clients.http.operations import Operation
from kognic.base_clients.http.retry import RetryPolicy
from kognic.query.operations import QUERY_JUDGEMENTS, QUERY_KPI_DATA_ENTRIES
from kognic.query.query_model import QueryException, QueryResponse, StreamingQueryResponse

if TYPE_CHECKING:
    from typing import Self

    from kognic.auth.credentials import ApiCredentials
    from kognic.auth.env_config import Environment

MAX_LIMIT = 10_000
"""Items that one answer can hold; a stream holds any number."""
DEFAULT_HOST = DEFAULT_QUERY_API_HOST
DEFAULT_LIMIT = -1
QUERY = "query"

Fields = list[str] | str | None


class QueryApiClient:
    """Searches judgements and KPI data; read-only.

    Constructing it does no network I/O. Thread-safe, and a context manager that closes its connections.
    Calls are repeated after transient failures until the first byte of an answer has arrived.

    Args:
        auth: Credentials, in any form that `KognicIOClient` takes.
        host: Base URL of the query service.
        auth_host: Base URL of the service that issues tokens.
        timeout: Seconds to connect, and between two pieces of an answer.
        environment: An environment, or the name of one in environments.json; None takes the one that the
            variable KOGNIC_ENVIRONMENT names, if it is set.
        proxies: As in requests, instead of those of the environment variables.
        verify: As in requests: path of a CA bundle, instead of that of the environment variables.
        retry: When calls are tried again.
        session: An authenticated session of your own; `auth` and `auth_host` are not used.

    Raises:
        CredentialsError: The credentials are missing, malformed, expired or unreadable.
        ValueError: The environment is unknown, or both `auth` and `session` are given.
    """

    def __init__(
        self,
        *,
        auth: str | os.PathLike[str] | tuple[str, str] | ApiCredentials | Mapping[str, Any] | None = None,
        host: str = DEFAULT_QUERY_API_HOST,
        auth_host: str = DEFAULT_AUTH_HOST,
        timeout: float = 60,
        environment: str | Environment | None = None,
        proxies: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        retry: RetryPolicy | None = None,
        session: Session | None = None,
    ) -> None:
        if session is not None and auth is not None:
            raise ValueError("both auth and session are given; a session signs requests with what it has")
        found = find_environment(environment)
        hosts = resolve_hosts(
            {QUERY: host, AUTH: auth_host}, {QUERY: DEFAULT_QUERY_API_HOST, AUTH: DEFAULT_AUTH_HOST}, found
        )
        self._own_session = None
        try:
            if session is None:
                self._own_session = RequestsAuthSession(
                    auth=found.credentials if auth is None and found is not None else auth,
                    host=hosts[AUTH],
                    scopes=(found.scopes or None) if found is not None else None,
                    proxies=proxies,
                    verify=verify,
                    timeout=timeout,
                    defer=True,
                )
        finally:
            # A traceback that shows local variables must not show credentials.
            del auth
        used = self._own_session if session is None else session
        self._client = HttpClient(hosts[QUERY], timeout=timeout, session=used, retry=retry)
        self._client.headers["User-Agent"] = f"kognic-query/{__version__}"
        self.host = self._client.host

    @overload
    def query_judgements(
        self,
        query_filter: str | None = None,
        limit: int | None = DEFAULT_LIMIT,
        includes: Fields = None,
        excludes: Fields = None,
        aggregates: Mapping[str, dict[str, Any]] | None = None,
        stream: Literal[False] = False,
    ) -> QueryResponse: ...

    @overload
    def query_judgements(
        self,
        query_filter: str | None = None,
        limit: int | None = DEFAULT_LIMIT,
        includes: Fields = None,
        excludes: Fields = None,
        aggregates: Mapping[str, dict[str, Any]] | None = None,
        *,
        stream: Literal[True],
    ) -> StreamingQueryResponse: ...

    def query_judgements(
        self,
        query_filter: str | None = None,
        limit: int | None = DEFAULT_LIMIT,
        includes: Fields = None,
        excludes: Fields = None,
        aggregates: Mapping[str, dict[str, Any]] | None = None,
        stream: bool = False,
    ) -> QueryResponse | StreamingQueryResponse:
        """Search in judgements.

        Args:
            query_filter: What to find, such as `requestId = 5`; None finds everything.
            limit: Items at most; -1 and None leave it to the platform, without `stream` it is at most 10,000.
            includes: Fields of an item to return, one or several; None returns all.
            excludes: Fields of an item to leave out, one or several.
            aggregates: What to sum up over everything found, by name; not with `stream`.
            stream: Read items while they are consumed, in constant memory.

        Raises:
            ValueError: `limit` is not an integer or too large, or `aggregates` come with `stream`; raised
                before anything is sent.
            QueryException: The platform rejected the query, or its answer cannot be read.
            ConnectionFailedError: No answer.
            RequestTimeoutError: No answer in time.
        """
        return self._query(QUERY_JUDGEMENTS, query_filter, limit, includes, excludes, aggregates, stream)

    @overload
    def query_kpi_data_entries(
        self,
        query_filter: str | None = None,
        limit: int | None = DEFAULT_LIMIT,
        includes: Fields = None,
        excludes: Fields = None,
        aggregates: Mapping[str, dict[str, Any]] | None = None,
        stream: Literal[False] = False,
    ) -> QueryResponse: ...

    @overload
    def query_kpi_data_entries(
        self,
        query_filter: str | None = None,
        limit: int | None = DEFAULT_LIMIT,
        includes: Fields = None,
        excludes: Fields = None,
        aggregates: Mapping[str, dict[str, Any]] | None = None,
        *,
        stream: Literal[True],
    ) -> StreamingQueryResponse: ...

    def query_kpi_data_entries(
        self,
        query_filter: str | None = None,
        limit: int | None = DEFAULT_LIMIT,
        includes: Fields = None,
        excludes: Fields = None,
        aggregates: Mapping[str, dict[str, Any]] | None = None,
        stream: bool = False,
    ) -> QueryResponse | StreamingQueryResponse:
        """Search in KPI data entries; arguments and errors are those of `query_judgements`.

        Raises:
            ValueError: `limit` is not an integer or too large, or `aggregates` come with `stream`; raised
                before anything is sent.
            QueryException: The platform rejected the query, or its answer cannot be read.
        """
        return self._query(
            QUERY_KPI_DATA_ENTRIES, query_filter, limit, includes, excludes, aggregates, stream
        )

    def close(self) -> None:
        """Close all connections; every later call raises `ClientClosedError`. Closing again does nothing."""
        self._client.limits.is_closed = True
        if self._own_session is not None:
            self._own_session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"QueryApiClient(host={vars(self).get('host')!r})"

    def _query(
        self,
        operation: Operation,
        query_filter: str | None,
        limit: int | None,
        includes: Fields,
        excludes: Fields,
        aggregates: Mapping[str, dict[str, Any]] | None,
        stream: bool,
    ) -> QueryResponse | StreamingQueryResponse:
        _check(limit, aggregates, stream)
        body = {
            "queryFilter": query_filter or "",
            "fields": {"includes": includes or [], "excludes": excludes or []},
            "limit": None if limit == DEFAULT_LIMIT else limit,
            "aggregates": dict(aggregates) if aggregates else None,
        }
        try:
            if stream:
                response = self._client.open_stream(operation, params={"stream": True}, json=body)
                return StreamingQueryResponse(response, self._client.lines(response))
            return QueryResponse(self._client.fetch(operation, json=body))
        except ApiError as exc:
            text = f"Got {exc.status_code} error {exc.response.text}"
            raise QueryException(text, exc.status_code) from exc
        except ResponseDecodeError as exc:
            text = f"The query was answered with 200, but the answer is no JSON: {exc.msg}"
            raise QueryException(text, 200) from exc


def _check(limit: int | None, aggregates: Mapping[str, Any] | None, stream: bool) -> None:
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
        raise ValueError(f"Limit must be int, is {limit!r}")
    if limit is not None and limit > MAX_LIMIT and not stream:
        raise ValueError(f"Use stream to get more than {MAX_LIMIT} items: limit is {limit}")
    if aggregates and stream:
        raise ValueError(f"Cannot use aggregates in streaming mode: {', '.join(map(str, aggregates))}")
