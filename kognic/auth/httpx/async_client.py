"""`HttpxAuthAsyncClient`: asynchronous calls with httpx, signed with a token that looks after itself."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kognic._core.redaction import forget_library_frames, protect_library_logs
from kognic._core.urls import checked_base_url, http_allowed, require_encryption
from kognic.auth._defaults import DEFAULT_HOST, DEFAULT_TIMEOUT, DEFAULT_TOKEN_ENDPOINT_RELPATH
from kognic.auth._tokens import Token
from kognic.auth.base.auth_client import AuthClient
from kognic.auth.credentials import AnyAuth, as_scopes
from kognic.auth.credentials_parser import _check_expiry, find_credentials
from kognic.auth.errors import TokenRefusedError
from kognic.auth.httpx._auth import AsyncBearerAuth
from kognic.auth.httpx._library import httpx
from kognic.auth.httpx._tokens import AsyncTokenHolder, TokenClient
from kognic.auth.httpx._transport import with_environment

if TYPE_CHECKING:
    from typing import Self


class GuardedAsyncClient(httpx.AsyncClient):
    """An httpx client whose errors hold no frame in which a request can be seen."""

    async def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        """Send as `httpx.AsyncClient.send`."""
        try:
            return await super().send(request, **kwargs)
        except Exception as exc:  # every error passes on; frames below hold the request in the clear
            forget_library_frames(exc)
            raise


class HttpxAuthAsyncClient(AuthClient):
    """Credentials, the token they give, and an httpx client that presents it.

        async with HttpxAuthAsyncClient(auth="credentials.json") as client:
            session = await client.session
            response = await session.get("https://...")

    Tokens are renewed before they expire, by one request for all coroutines; a token that the platform
    refuses (401) is replaced and the request retried once, if its body is in memory. For one event loop.
    """

    def __init__(
        self,
        *,
        auth: AnyAuth = None,
        host: str = DEFAULT_HOST,
        token_endpoint: str = DEFAULT_TOKEN_ENDPOINT_RELPATH,
        scopes: Sequence[str] | None = None,
        allow_http: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """Find the credentials; offline.

        Args:
            auth: Credentials in any form that `RequestsAuthSession` takes; None for those of the system.
            host: Base URL of the auth server.
            token_endpoint: Path of its token endpoint.
            scopes: What tokens are for; None for the scopes of the credentials, empty for none.
            allow_http: Whether secrets may travel over plain http to other machines; None to ask the
                environment variable KOGNIC_ALLOW_HTTP.
            **kwargs: As for `httpx.AsyncClient`: `timeout`, `verify`, `proxy`, ...

        Raises:
            CredentialsError: There are no credentials, or they cannot be used or have expired (a ValueError).
            InsecureUrlError: `host` is plain http on another machine.
            ValueError: `host` is not a URL.
        """
        try:
            found = find_credentials(auth)
        finally:
            del auth  # not for tracebacks with local variables
        _check_expiry(*found)
        self._credentials, self._source = found
        self.host = checked_base_url(host, "host")
        self.token_url = f"{self.host}/{token_endpoint.lstrip('/')}"
        self._allow_http = http_allowed(allow_http)
        require_encryption(self.token_url, allow_http=self._allow_http)
        self.scopes = as_scopes(found.credentials.scopes if scopes is None else scopes)
        self._client_options = {"timeout": DEFAULT_TIMEOUT, **kwargs}
        self._client: httpx.AsyncClient | None = None
        self._token_client: TokenClient | None = None
        self._tokens = AsyncTokenHolder(self._obtain)

    @property
    def client_id(self) -> str:
        """Who is calling."""
        return self._credentials.client_id

    @property
    def token(self) -> dict[str, Any] | None:
        """The token endpoint's last answer with `expires_at`, its repr without secrets; None before."""
        return self._tokens.token

    @property
    def session(self) -> Awaitable[httpx.AsyncClient]:
        """To be awaited: an httpx client that presents the token and renews it; fetches the first token.

        Raises:
            TokenError: The auth server gave none.
        """
        return self._open()

    async def ensure_token(self) -> dict[str, Any]:
        """Return the current token, whatever its age; fetched if missing.

        Raises:
            TokenError: The auth server gave none.
        """
        return await self._tokens.ensure()

    def invalidate_token(self) -> None:
        """Forget the token; the next call fetches a new one."""
        self._tokens.forget()

    async def close(self) -> None:
        """Close all connections; a later call opens new ones."""
        clients = (self._token_client, self._client)
        self._token_client = self._client = None
        for client in clients:
            if client is not None:
                await client.aclose()  # pyright: ignore[reportAttributeAccessIssue]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _open(self) -> httpx.AsyncClient:
        await self._tokens.ensure()
        return self._http()

    async def _obtain(self, old: Token | None) -> Token:
        self._http()
        assert self._token_client is not None
        try:
            return await self._token_client.obtain(old)
        except TokenRefusedError as error:
            error.says_source(self._source)
            raise

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            protect_library_logs()
            auth = AsyncBearerAuth(self._tokens, allow_http=self._allow_http)
            options = with_environment(self._client_options)
            self._client = self._make_client(auth, options)
            self._token_client = TokenClient(self.token_url, self._credentials, self.scopes, options)
        return self._client

    def _make_client(self, auth: httpx.Auth, options: dict[str, Any]) -> httpx.AsyncClient:
        return GuardedAsyncClient(auth=auth, **options)
