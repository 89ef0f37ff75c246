"""Authlib's OAuth2 session, made safe to share between threads.

Imported when the first token is needed, because importing Authlib takes longer than the rest of this package.
"""

from __future__ import annotations

from typing import Any

import requests
from authlib.integrations.requests_client import OAuth2Session

from kognic._core import watchdog
from kognic._core.redaction import MASK, Secret
from kognic.auth._token_flow import Grant, explanation, is_broken_connection, run
from kognic.auth._token_response import read_token
from kognic.auth._tokens import LEEWAY, Token, TokenHolder
from kognic.auth.errors import TokenConnectionError, TokenError, TokenTimeoutError
from kognic.auth.requests._transport import GuardedSession
from kognic.auth.requests.bearer_auth import KognicBearerAuth


class _FixedSession(GuardedSession, OAuth2Session):
    """Signs every request with the token of a `TokenHolder`, which renews it once for all threads.

    Differs from Authlib's session in what concerns failure: token requests are retried (`_token_flow`), an
    expired refresh token leads to the client-credentials grant, nothing but a token passes for one, and
    redirects of the endpoint are not followed, because the new address would receive the client secret.
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
        """Get a new token, by the refresh token of the old one if it has any.

        Raises:
            TokenError: The endpoint gave none.
        """
        with watchdog.ensured(self.step):
            return run(old, self._ask, self._explained)

    def _ask(self, grant: Grant) -> Token:
        url = self.metadata.get("token_endpoint")
        once: dict[str, Any] = {"allow_redirects": False, "stream": True}
        if grant.refresh_token is not None:
            return self.refresh_token(  # type: ignore[no-any-return, no-untyped-call]
                url, refresh_token=grant.refresh_token, **once
            )
        return self.fetch_token(url, grant_type=grant.kind, **once)  # type: ignore[no-any-return, no-untyped-call]

    def _explained(self, error: Exception) -> TokenError | None:
        if isinstance(error, TokenError) or not is_broken_connection(error):
            return None
        text, why = explanation(error, str(self.metadata.get("token_endpoint")), self.step)
        mapped = TokenTimeoutError(text) if why.timed_out else TokenConnectionError(text)
        mapped.transient = not why.permanent
        return mapped
