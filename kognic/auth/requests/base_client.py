"""`BaseApiClient`: the base of clients of single Kognic services, on requests.

Differs from `RequestsAuthSession` in what it does with answers: every answer that is not a success is raised,
idempotent calls are repeated, and endpoints that will end are noticed.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import requests

from kognic.auth._defaults import (
    DEFAULT_HOST,
    DEFAULT_TIMEOUT,
    DEFAULT_TOKEN_ENDPOINT_RELPATH,
)
from kognic.auth._sunset import DEFAULT_SUNSET_HANDLER, SunsetHandler
from kognic.auth.credentials import AnyAuth
from kognic.auth.credentials_parser import Found, _check_expiry, find_credentials
from kognic.auth.env_config import environment_options
from kognic.auth.requests._api_session import ApiSession, JsonSerializer
from kognic.auth.requests._transport import Timeout, Verify
from kognic.auth.requests.auth_session import RequestsAuthSession
from kognic.auth.requests.bearer_auth import KognicBearerAuth, TokenProvider
from kognic.auth.serde import serialize_body

if TYPE_CHECKING:
    from typing import Self

    from kognic.auth.internal.token_cache import TokenCache

# Token providers in use, by what makes their tokens interchangeable.
_provider_pool: WeakValueDictionary[tuple[object, ...], RequestsAuthSession] = WeakValueDictionary()
_pool_lock = threading.Lock()


def make_token_provider(
    *,
    auth: AnyAuth = None,
    auth_host: str = DEFAULT_HOST,
    auth_token_endpoint: str = DEFAULT_TOKEN_ENDPOINT_RELPATH,
    token_cache: TokenCache | None = None,
    scopes: Sequence[str] | None = None,
    **options: Any,
) -> RequestsAuthSession:
    """Return a token provider, which any number of clients and threads may share.

    Args:
        auth: Credentials in any form that `RequestsAuthSession` takes.
        auth_host: Base URL of the auth server.
        auth_token_endpoint: Path of its token endpoint.
        token_cache: Tokens are read from here first, and new ones are stored here.
        scopes: What tokens are for; None for the scopes of the credentials, empty for none.
        **options: As for `RequestsAuthSession`: `proxies`, `verify`, `timeout`, `allow_http`.

    Raises:
        CredentialsError: There are no credentials, or they cannot be used or have expired.
    """
    try:
        found = find_credentials(auth)
    finally:
        del auth  # not for tracebacks with local variables
    return _make_provider(found, auth_host, auth_token_endpoint, token_cache, scopes, options)


def _make_provider(
    found: Found,
    auth_host: str,
    auth_token_endpoint: str,
    token_cache: TokenCache | None,
    scopes: Sequence[str] | None,
    options: Mapping[str, Any],
) -> RequestsAuthSession:
    _check_expiry(*found)
    in_effect = list(found.credentials.scopes if scopes is None else scopes)
    token = writer = None
    if token_cache is not None:
        place = (auth_host.rstrip("/"), found.credentials.client_id)
        text = " ".join(in_effect) or None
        token = token_cache.load(*place, text)
        writer = _CacheWriter(token_cache, place, text)
    session = RequestsAuthSession(
        auth=found.credentials,
        host=auth_host,
        token_endpoint=auth_token_endpoint,
        initial_token=token,
        on_token_updated=writer,
        scopes=in_effect,
        **options,
    )
    session._source = found.source
    return session


class _CacheWriter:
    """Keeps new tokens in a cache."""

    def __init__(self, cache: TokenCache, place: tuple[str, str], scopes: str | None) -> None:
        self._cache = cache
        self._place = place
        self._scopes = scopes

    def __call__(self, token: Mapping[str, Any]) -> None:
        self._cache.save(*self._place, token, self._scopes)


def create_session(
    *,
    auth: AnyAuth = None,
    auth_host: str = DEFAULT_HOST,
    auth_token_endpoint: str = DEFAULT_TOKEN_ENDPOINT_RELPATH,
    client_name: str | None = None,
    json_serializer: JsonSerializer = serialize_body,
    initial_token: Mapping[str, Any] | None = None,
    on_token_updated: Callable[[dict[str, Any]], object] | None = None,
    token_provider: TokenProvider | None = None,
    sunset_handler: SunsetHandler | None = DEFAULT_SUNSET_HANDLER,
    scopes: Sequence[str] | None = None,
    proxies: Mapping[str, str] | None = None,
    verify: Verify = None,
    timeout: Timeout = DEFAULT_TIMEOUT,
    allow_http: bool | None = None,
) -> requests.Session:
    """Return a requests session as `BaseApiClient` has it.

    Args:
        auth: Credentials in any form that `RequestsAuthSession` takes; not used with a `token_provider`.
        auth_host: Base URL of the auth server.
        auth_token_endpoint: Path of its token endpoint.
        client_name: Put at the end of the user agent; None for nothing.
        json_serializer: What `json=` bodies pass through.
        initial_token: A token from before, to be used while it lasts.
        on_token_updated: Called with every new token.
        token_provider: Where tokens come from, if not from `auth`.
        sunset_handler: Called with the date, the method and the URL without query when an answer announces
            the end of its endpoint; None for nobody.
        scopes: What tokens are for; None for the scopes of the credentials, empty for none.
        proxies: As requests takes them; None for those of the environment.
        verify: Path of a CA bundle, or False to verify nothing; None for that of the environment.
        timeout: Seconds to connect and to wait for more of an answer; None for no limit.
        allow_http: Whether tokens may travel over plain http to other machines; None to ask the environment
            variable KOGNIC_ALLOW_HTTP.

    Raises:
        CredentialsError: There are no credentials, or they cannot be used or have expired.
    """
    try:
        provider = token_provider or RequestsAuthSession(
            auth=auth,
            host=auth_host,
            token_endpoint=auth_token_endpoint,
            initial_token=initial_token,
            on_token_updated=on_token_updated,
            scopes=scopes,
            proxies=proxies,
            verify=verify,
            timeout=timeout,
            allow_http=allow_http,
        )
    finally:
        del auth  # not for tracebacks with local variables
    session = ApiSession(
        KognicBearerAuth(provider, allow_http=allow_http),
        client_name=client_name,
        json_serializer=json_serializer,
        sunset_handler=sunset_handler,
    )
    session.configure(proxies=proxies, verify=verify, timeout=timeout)
    return session


class BaseApiClient:
    """Calls Kognic services with full URLs: `client.session.get("https://...")`.

    Answers that are not a success are raised as `HttpStatusError` (a requests.HTTPError). Calls of HEAD, GET,
    PUT, DELETE, OPTIONS and TRACE are retried up to three times after a connection failure or 502, 503, 504
    (at once, after 1 s, after 2 s; `Retry-After` is honoured up to a minute). A refused token (401) is
    replaced and the request retried once. Clients with equal credentials share their tokens. Safe to share
    between threads.
    """

    def __init__(
        self,
        *,
        auth: AnyAuth = None,
        auth_host: str = DEFAULT_HOST,
        auth_token_endpoint: str = DEFAULT_TOKEN_ENDPOINT_RELPATH,
        client_name: str | None = "auto",
        json_serializer: JsonSerializer = serialize_body,
        token_provider: TokenProvider | None = None,
        token_cache: TokenCache | None = None,
        sunset_handler: SunsetHandler | None = DEFAULT_SUNSET_HANDLER,
        scopes: Sequence[str] | None = None,
        proxies: Mapping[str, str] | None = None,
        verify: Verify = None,
        timeout: Timeout = DEFAULT_TIMEOUT,
        allow_http: bool | None = None,
    ) -> None:
        """Make a client, offline.

        Args:
            auth: Credentials in any form that `RequestsAuthSession` takes; not used with a `token_provider`.
            auth_host: Base URL of the auth server.
            auth_token_endpoint: Path of its token endpoint.
            client_name: Put at the end of the user agent; `auto` for the class's name, None for nothing.
            json_serializer: What `json=` bodies pass through.
            token_provider: Where tokens come from, if not from `auth`.
            token_cache: Tokens are read from here first, and new ones are stored here.
            sunset_handler: Called with the date, the method and the URL without query when an answer
                announces the end of its endpoint; None for nobody.
            scopes: What tokens are for; None for the scopes of the credentials, empty for none.
            proxies: As requests takes them; None for those of the environment.
            verify: Path of a CA bundle, or False to verify nothing; None for that of the environment.
            timeout: Seconds to connect and to wait for more of an answer; None for no limit.
            allow_http: Whether tokens may travel over plain http to other machines than this one; None to ask
                the environment variable KOGNIC_ALLOW_HTTP.

        Raises:
            CredentialsError: The credentials cannot be used or have expired. Those of the system are looked
                for when the session is first used.
        """
        transport = {"proxies": proxies, "verify": verify, "timeout": timeout, "allow_http": allow_http}
        self._sharing = ((auth_host, auth_token_endpoint), token_cache, scopes, transport)
        try:
            # What was given is checked here, where the mistake is; what the system holds, when it is needed.
            if token_provider is None and auth is not None:
                token_provider = _shared_provider(find_credentials(auth), *self._sharing)
        finally:
            del auth  # not for tracebacks with local variables
        self._provider = token_provider
        self._session_options: dict[str, Any] = {
            **transport,
            "client_name": type(self).__name__ if client_name == "auto" else client_name,
            "json_serializer": json_serializer,
            "sunset_handler": sunset_handler,
        }
        self._session: requests.Session | None = None
        self._building = threading.Lock()

    @classmethod
    def from_env(cls, env: str, *, env_config_path: str | os.PathLike[str] = "", **kwargs: Any) -> Self:
        """Return a client for an environment of the environments file.

        Args:
            env: Its name.
            env_config_path: The file; empty for `~/.config/kognic/environments.json`.
            **kwargs: As for the class; `auth` and `scopes` replace those of the environment.

        Raises:
            EnvironmentConfigError: The environment does not exist, or the file is malformed (a ValueError).
        """
        return cls(**environment_options(env, env_config_path, kwargs))

    @property
    def session(self) -> requests.Session:
        """A requests session that signs calls; made at the first access, offline.

        Raises:
            CredentialsError: None were given, and the system holds none that can be used.
        """
        with self._building:
            if self._provider is None:
                self._provider = _shared_provider(find_credentials(), *self._sharing)
            if self._session is None:
                self._session = create_session(token_provider=self._provider, **self._session_options)
            return self._session

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        if self._session is not None:
            self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _shared_provider(
    found: Found,
    place: tuple[str, str],
    cache: TokenCache | None,
    scopes: Sequence[str] | None,
    transport: Mapping[str, Any],
) -> RequestsAuthSession:
    """The provider of all clients with the same credentials, for the same purpose, by the same way."""
    _check_expiry(*found)
    secret = hashlib.sha256(found.credentials.client_secret.encode()).hexdigest()
    in_effect = tuple(found.credentials.scopes if scopes is None else scopes)
    kept_in = (type(cache), str(getattr(cache, "path", "")))
    way = tuple((name, str(value)) for name, value in sorted(transport.items()))
    key = (found.credentials.client_id, secret, *place, kept_in, in_effect, way)
    with _pool_lock:
        provider = _provider_pool.get(key)
        if provider is None:
            provider = _provider_pool[key] = _make_provider(found, *place, cache, scopes, transport)
        return provider
