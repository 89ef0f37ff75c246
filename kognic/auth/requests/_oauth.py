"""Authlib's OAuth2 session, made safe to share between threads.

Imported when the first token is needed, because importing Authlib takes longer than the rest of this package.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_chain, wait_fixed

from kognic._core.error_text import connection_trouble
from kognic._core.redaction import MASK, Secret, forget_library_frames, redact, redact_url
from kognic.auth._defaults import MAX_RETRIES, RETRY_STATUS_CODES, RETRY_WAITS
from kognic.auth._token_response import REFRESH_TOKEN_EXPIRED, read_token
from kognic.auth._token_response import TokenRefusedError as TokenRefusedError
from kognic.auth._tokens import LEEWAY, Token, TokenHolder
from kognic.auth.errors import TokenConnectionError, TokenError, TokenTimeoutError
from kognic.auth.requests._transport import GuardedSession
from kognic.auth.requests.bearer_auth import KognicBearerAuth

log = logging.getLogger(__name__)


class _FixedSession(GuardedSession, OAuth2Session):
    """Signs every request with the token of a `TokenHolder`, which renews it once for all threads.

    Differs from Authlib's session in what concerns failure: the token endpoint is asked again after a passing
    trouble, an expired refresh token leads to new client credentials, nothing but a token is taken for one,
    and the endpoint is never followed to another address, which would be given the client secret.
    """

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        tokens: TokenHolder | None = None,
        allow_http: bool | None = None,
        token: dict[str, Any] | None = None,
        leeway: float = LEEWAY,
        **kwargs: Any,
    ) -> None:
        self._leeway = leeway
        self._tokens = tokens or TokenHolder(self.obtain, initial=None if token is None else Token(token))
        kwargs.setdefault("token_endpoint_auth_method", "client_secret_post")
        kwargs.setdefault("grant_type", "client_credentials")
        super().__init__(client_id=client_id, client_secret=client_secret, **kwargs)
        self._bearer = KognicBearerAuth(self, allow_http=allow_http)
        self.configure()

    @property
    def token(self) -> Token | None:
        """The current token, shared with the holder."""
        return self._tokens.token

    @token.setter
    def token(self, token: dict[str, Any] | None) -> None:
        self._tokens.token = token if token is None or isinstance(token, Token) else Token(token)

    def request(  # type: ignore[override]  # Authlib's signature
        self, method: str, url: str, withhold_token: bool = False, auth: Any = None, **kwargs: Any
    ) -> requests.Response:
        """As `requests.Session.request`, signed unless `withhold_token` or another `auth` is given."""
        if not withhold_token and auth is None:
            auth = self._bearer
        return super().request(method, url, withhold_token=withhold_token, auth=auth, **kwargs)

    def ensure_active_token(self, token: object = None) -> bool:  # noqa: ARG002 (Authlib's signature)
        """Renew the token if it is due."""
        self._tokens.active()
        return True

    def ensure_token(self) -> Token:
        return self._tokens.ensure()

    def invalidate_token(self) -> None:
        self._tokens.forget()

    def parse_response_token(self, resp: requests.Response) -> Token:
        """The token in an answer of the token endpoint."""
        secrets = [Secret(self.client_secret or MASK), *(self.token.secrets() if self.token else ())]
        self.token = token = read_token(resp, secrets=secrets, leeway=self._leeway)
        return token

    def obtain(self, old: Token | None) -> Token:
        """A new token, by the refresh token of the old one if it has any.

        Raises:
            TokenError: There is none to be had.
        """
        try:
            return self._obtain(old)
        except TokenError as exc:
            error: Exception = exc
        except OSError as exc:  # of requests, or a CA bundle that is not there
            error = _as_token_error(exc, str(self.metadata.get("token_endpoint")))
        # The frames of the libraries hold the client secret; so does the request that their errors keep.
        forget_library_frames(error)
        try:
            raise error
        finally:
            del error  # it refers to this frame

    def _obtain(self, old: Token | None) -> Token:
        if old is not None and old.get("refresh_token"):
            try:
                return self._ask(lambda: self._refresh(old))
            except TokenRefusedError as exc:
                if exc.error not in REFRESH_TOKEN_EXPIRED:
                    raise
                log.debug("The refresh token has expired")
        return self._ask(self._fetch)

    def _ask(self, call: Callable[[], Token]) -> Token:
        retrying = Retrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(1 + MAX_RETRIES),
            wait=wait_chain(*map(wait_fixed, RETRY_WAITS)),
            before_sleep=_log_retry,
            reraise=True,
        )
        return retrying(call)

    def _fetch(self) -> Token:
        return self.fetch_token(  # type: ignore[no-any-return, no-untyped-call]
            self.metadata.get("token_endpoint"),
            grant_type="client_credentials",
            allow_redirects=False,
            stream=True,
        )

    def _refresh(self, old: Token) -> Token:
        return self.refresh_token(  # type: ignore[no-any-return, no-untyped-call]
            self.metadata.get("token_endpoint"),
            refresh_token=old["refresh_token"],
            allow_redirects=False,
            stream=True,
        )


def _may_pass(error: BaseException) -> bool:
    """Whether the token endpoint is asked again."""
    if isinstance(error, TokenError):
        return error.status_code in RETRY_STATUS_CODES
    if isinstance(error, requests.exceptions.SSLError):
        return False
    passing = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    return isinstance(error, passing)


def _log_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    # Whoever needs the token tells of a failure that lasts.
    log.info("The token endpoint is asked again: %s", redact(str(error)))


def _as_token_error(error: OSError, url: str) -> TokenError:
    kind: type[TokenConnectionError | TokenTimeoutError]
    kind = TokenTimeoutError if isinstance(error, requests.Timeout) else TokenConnectionError
    host = urlsplit(url).netloc.rpartition("@")[2]
    mapped = kind(f"No access token from {redact_url(url)}: {connection_trouble(error, host)}")
    mapped.transient = _may_pass(error)
    return mapped
