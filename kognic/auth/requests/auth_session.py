"""`RequestsAuthSession`: requests sessions that sign with a token and renew it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import requests

from kognic._core.lazy import attach
from kognic._core.redaction import Secret, without_passwords
from kognic._core.urls import checked_base_url, http_allowed, require_encryption
from kognic.auth._defaults import (
    DEFAULT_HOST,
    DEFAULT_POOL_SIZE,
    DEFAULT_TIMEOUT,
    DEFAULT_TOKEN_ENDPOINT_RELPATH,
)
from kognic.auth._tokens import Token, TokenHolder
from kognic.auth.base.auth_client import AuthClient
from kognic.auth.credentials import AnyAuth, ApiCredentials, as_scopes
from kognic.auth.credentials_parser import Found, _check_expiry, find_credentials
from kognic.auth.errors import NoCredentialsError, TokenRefusedError
from kognic.auth.requests._transport import Timeout, Verify, checked_verify

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

    from kognic.auth.requests._oauth import _FixedSession as _FixedSession

# What else Authlib's session and requests' take.
_SESSION_OPTIONS = frozenset(
    {"cert", "hooks", "leeway", "max_redirects", "stream", "trust_env"}
    | {"code_challenge_method", "redirect_uri", "revocation_endpoint_auth_method", "state"}
    | {"token_endpoint_auth_method", "token_placement"}
)


class RequestsAuthSession(AuthClient):
    """Credentials, the token they give, and a requests session that presents it.

    Making one is offline: credentials are found and checked, the token is fetched at the first call. Tokens
    are renewed a minute before they expire, by one request for all threads; a token that the platform refuses
    (401) is replaced and the request retried once. Nothing else is retried, except the token request (three
    times after a connection failure or 502, 503, 504; at once, after 1 s, after 2 s).

    Safe to share between threads and to use after a fork; picklable, the copy opens its own connections. A
    pickle holds the client secret and the current token in the clear. Use it as a context manager, or close
    it.
    """

    def __init__(
        self,
        *,
        auth: AnyAuth = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        host: str = DEFAULT_HOST,
        token_endpoint: str = DEFAULT_TOKEN_ENDPOINT_RELPATH,
        initial_token: Mapping[str, Any] | None = None,
        on_token_updated: Callable[[dict[str, Any]], object] | None = None,
        scopes: Sequence[str] | str | None = None,
        proxies: Mapping[str, str] | None = None,
        verify: Verify = None,
        timeout: Timeout = DEFAULT_TIMEOUT,
        pool_size: int = DEFAULT_POOL_SIZE,
        allow_http: bool | None = None,
        defer: bool = False,
        **kwargs: Any,
    ) -> None:
        """Find the credentials.

        Args:
            auth: Path of a credentials file, `keyring://<profile>`, `(client_id, client_secret)`, a dict or
                `ApiCredentials`; None to look at KOGNIC_CREDENTIALS, then at KOGNIC_CLIENT_ID and
                KOGNIC_CLIENT_SECRET, then at the profile `default` of the system keyring.
            client_id: With `client_secret` in place of `auth`.
            client_secret: See `client_id`.
            host: Base URL of the auth server.
            token_endpoint: Path of its token endpoint.
            initial_token: A token from before, to be used while it lasts.
            on_token_updated: Called with every new token, in the thread that fetched it.
            scopes: What the token is for; None for the scopes of the credentials, empty for none.
            proxies: As requests takes them; None for those of the environment, NO_PROXY included.
            verify: Path of a CA bundle, or False to verify nothing; None for that of the environment.
            timeout: Seconds to connect and to wait for more of an answer, for token requests and for calls
                that give no other; None for no limit.
            pool_size: Connections kept open to each host; at least the number of threads is best.
            allow_http: Whether secrets may travel over plain http to other machines than this one; None to
                ask the environment variable KOGNIC_ALLOW_HTTP.
            defer: Raise at the first request, not here, that there are no credentials or that `host` is plain
                http on another machine; for clients that are created before they are needed.
            **kwargs: Options of Authlib's `OAuth2Session`: `cert`, `trust_env`, `leeway`, ...

        Raises:
            CredentialsError: There are no credentials, or they cannot be used or have expired (a ValueError).
            InsecureUrlError: `host` is plain http on another machine.
            ValueError: Another argument is out of its range.
            TypeError: An unknown option.
        """
        found: Found | None = None
        try:
            found = find_credentials(auth, client_id, client_secret)
        except NoCredentialsError:
            if not defer:
                raise
        finally:
            # A traceback with local variables must not show what was given.
            del auth, client_secret
        if found is not None:
            _check_expiry(*found)
        self._credentials = None if found is None else found.credentials
        self._source = None if found is None else found.source
        self.host = checked_base_url(host, "host")
        self.token_url = f"{self.host}/{token_endpoint.lstrip('/')}"
        self._allow_http = http_allowed(allow_http)
        if not defer:
            require_encryption(self.token_url, allow_http=self._allow_http)
        self._scopes = None if scopes is None else as_scopes(scopes)
        if unknown := sorted(set(kwargs) - _SESSION_OPTIONS):
            raise TypeError(f"RequestsAuthSession has no argument {', '.join(map(repr, unknown))}")
        self._options = kwargs
        self._transport: dict[str, Any] = {
            "proxies": without_passwords(proxies) or None,
            "verify": checked_verify(verify),
            "timeout": timeout,
            "pool_size": pool_size,
        }
        self._callback = on_token_updated
        self._set_up(None if initial_token is None else Token(initial_token))

    def _set_up(self, token: Token | None) -> None:
        """Make what is neither copied nor pickled."""
        self._oauth_session: _FixedSession | None = None
        self._tokens = TokenHolder(self._obtain, on_new=self.on_token_updated, initial=token)

    @property
    def client_id(self) -> str:
        """The id that tokens are requested for."""
        return self._known().client_id

    @property
    def scopes(self) -> list[str]:
        """What tokens are for."""
        return as_scopes(self._known().scopes) if self._scopes is None else list(self._scopes)

    def _known(self) -> ApiCredentials:
        if self._credentials is None:
            found = find_credentials()
            _check_expiry(*found)
            self._credentials, self._source = found
        return self._credentials

    @property
    def token(self) -> dict[str, Any] | None:
        """The token endpoint's last answer with `expires_at`, its repr without secrets; None before."""
        return self._tokens.token

    @property
    def session(self) -> requests.Session:
        """A requests session that presents the token and renews it; fetches a missing token.

        Raises:
            TokenError: The auth server gave none.
        """
        self.ensure_token()
        return self._session()

    @property
    def oauth_session(self) -> OAuth2Session:
        """The same session, without fetching anything."""
        return self._session()

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """Make a call as `requests.request` does, signed.

        An error status is not raised; see `requests.Response.raise_for_status`.

        Raises:
            TokenError: The auth server gave none; nothing was sent to `url`.
            InsecureUrlError: `url` is plain http on another machine; nothing was sent.
            requests.RequestException: There was no answer.
        """
        return self._session().request(method, url, **kwargs)

    def ensure_token(self) -> dict[str, Any]:
        """Return the current token, whatever its age; fetched if missing.

        Raises:
            TokenError: The auth server gave none.
        """
        return self._tokens.ensure()

    def invalidate_token(self) -> None:
        """Forget the token; the next call fetches a new one."""
        self._tokens.forget()

    def on_token_updated(self, token: dict[str, Any]) -> None:
        """Called with every new token; passes it to the callback that was given."""
        if self._callback is not None:
            self._callback(token)

    def close(self) -> None:
        """Close all connections; a later call opens new ones."""
        if self._oauth_session is not None:
            self._oauth_session.close()

    def __enter__(self) -> RequestsAuthSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        left_out = ("_oauth_session", "_tokens")
        kept = {name: value for name, value in self.__dict__.items() if name not in left_out}
        return {**kept, "token": self._tokens.token}

    def __setstate__(self, state: dict[str, Any]) -> None:
        token = state.pop("token")
        self.__dict__.update(state)
        self._set_up(token)

    def _obtain(self, old: Token | None) -> Token:
        try:
            return self._session().obtain(old)
        except TokenRefusedError as error:
            error.says_source(self._source)
            raise

    def _session(self) -> _FixedSession:
        if self._oauth_session is None:
            kind = __getattr__("_FixedSession")
            with self._tokens.lock:
                if self._oauth_session is None:
                    self._oauth_session = self._build(kind)  # type: ignore[arg-type]
        return self._oauth_session

    def _build(self, kind: type[_FixedSession]) -> _FixedSession:
        require_encryption(self.token_url, allow_http=self._allow_http)
        session = kind(
            client_id=self._known().client_id,
            client_secret=Secret(self._known().client_secret),
            scope=" ".join(self.scopes) or None,
            token_endpoint=self.token_url,
            tokens=self._tokens,
            allow_http=self._allow_http,
            **self._options,
        )
        session.configure(**self._transport)
        return session


# The seam to Authlib, whose import takes longer than the rest of this package.
__getattr__, __dir__ = attach(__name__, {"_FixedSession": "kognic.auth.requests._oauth"})
