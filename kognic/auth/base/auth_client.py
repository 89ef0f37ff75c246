"""The base class of everything that holds an access token."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from kognic._core.redaction import redact_url
from kognic.auth._tokens import decode_jwt

log = logging.getLogger(__name__)


class _Response(Protocol):
    @property
    def status_code(self) -> int: ...


R = TypeVar("R", bound=_Response)


class AuthClient:
    """Views of a token; subclasses say which one by overriding `token`."""

    @property
    def token(self) -> dict[str, Any] | None:
        """The token endpoint's last answer with `expires_at`; None before the first."""
        raise NotImplementedError

    @property
    def access_token(self) -> str | None:
        """What is presented to the platform; None before the first token."""
        token = self.token
        return None if token is None else token["access_token"]

    @property
    def claims(self) -> dict[str, Any] | None:
        """What the access token says of itself, unverified; None before the first, or if it is not a JWT."""
        access_token = self.access_token
        try:
            return None if access_token is None else decode_jwt(access_token)["payload"]
        except ValueError:
            return None

    @property
    def expires_at(self) -> datetime | None:
        """When the token expires, in UTC; None before the first token, or if it does not say."""
        expires_at = (self.token or {}).get("expires_at")
        return None if expires_at is None else datetime.fromtimestamp(expires_at, tz=UTC)

    def __repr__(self) -> str:
        # Attributes may be missing: tracebacks show objects whose construction failed.
        known = vars(self)
        client_id = getattr(known.get("_credentials"), "client_id", None)
        host = redact_url(known.get("host") or "")
        return f"{type(self).__name__}(client_id={client_id!r}, host={host!r})"

    @staticmethod
    def check_rate_limit(response: R) -> R:
        """Log that the platform asks for fewer calls (429); gives the response back."""
        if response.status_code == 429:
            log.error("Too many token requests: the auth server answered 429, wait before you try again")
        return response
