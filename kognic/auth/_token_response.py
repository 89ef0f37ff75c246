"""Reads what a token endpoint answers: a token, or an error that says why there is none.

Imports Authlib, whose `OAuthError` users catch.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterable
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError

from kognic.auth._defaults import RETRY_STATUS_CODES
from kognic.auth._files import NotJsonError, decode_json
from kognic.auth._redaction import MASK, redact, redact_url
from kognic.auth._tokens import Token
from kognic.auth.base.auth_client import AuthClient
from kognic.auth.errors import TokenError, TokenResponseError, _rebuild

MAX_BYTES = 1024 * 1024
_MAX_TEXT = 500
_TRANSIENT = frozenset({408, 429, 500, *RETRY_STATUS_CODES})


class TokenRefusedError(TokenError, OAuthError):
    """The token endpoint refused with an OAuth error, such as `invalid_client` for wrong credentials.

    Attributes:
        error: The OAuth error code.
        description: What the endpoint says about it.
    """

    def __init__(
        self,
        error: str | None = None,
        description: str | None = None,
        uri: str | None = None,
        *,
        status_code: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        OAuthError.__init__(self, error, description, uri)  # type: ignore[no-untyped-call]
        self.status_code = status_code
        self.retry_after = retry_after
        self.transient = status_code in _TRANSIENT

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, dict(self.__dict__))


def read_token(response: requests.Response, *, secrets: Iterable[str] = ()) -> Token:
    """The token in an answer, which may still be unread.

    Args:
        response: The answer; the request that it keeps loses its secrets.
        secrets: Texts that must not appear in an error, even if the answer repeats them.

    Raises:
        TokenRefusedError: The answer is an OAuth error.
        TokenResponseError: It is neither that nor a token.
    """
    _forget_request(response)
    AuthClient.check_rate_limit(response)
    body = _read(response)
    status = response.status_code
    if isinstance(body, dict) and body.get("error"):
        error, description = (_shown(body.get(k) or "", secrets) for k in ("error", "error_description"))
        raise TokenRefusedError(
            error, description, status_code=status, retry_after=retry_after(response.headers)
        )
    if not 200 <= status < 300:
        raise _bad_answer(response, f"{status} {_whose(status)}: {response.reason}", body, secrets)
    trouble = _why_no_token(body)
    if trouble is not None:
        raise _bad_answer(response, f"{status} {response.reason}, but {trouble}", None, secrets)
    return Token(body)


def _why_no_token(body: object) -> str | None:
    if not isinstance(body, dict):
        return "the answer is not a JSON object"
    access_token = body.get("access_token")
    if not isinstance(access_token, str) or not access_token:
        return "the answer holds no access_token"
    if not (access_token.isascii() and access_token.isprintable()) or " " in access_token:
        return "its access_token cannot be sent in a header"
    kind = body.get("token_type", "bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return "its token_type is not 'bearer'"
    return None


def _read(response: requests.Response) -> Any:
    """The decoded body, None if it is not JSON; the response keeps what was read."""
    content = b""
    for chunk in response.iter_content(64 * 1024):
        content += chunk
        if len(content) > MAX_BYTES:
            response.close()
            raise _bad_answer(response, f"an answer of more than {MAX_BYTES // 1024**2} MiB", None, ())
    response._content = content  # as requests does it itself when it is not asked to stream
    try:
        return decode_json(content)
    except NotJsonError:
        return None


def _bad_answer(
    response: requests.Response, trouble: str, body: object, secrets: Iterable[str]
) -> TokenResponseError:
    said = body.get("message") if isinstance(body, dict) else body
    text = f"{trouble} for url: {redact_url(response.url)}"
    if said:
        text += f"\nGot error in response: '{_shown(said, secrets)}'"
    # Whoever keeps the error must not keep a token that a broken answer may hold.
    response._content = b""
    return TokenResponseError(
        text,
        response=response,
        transient=response.status_code in _TRANSIENT,
        retry_after=retry_after(response.headers),
    )


def _whose(status: int) -> str:
    if status < 400:
        return "Unexpected Answer"
    return "Client Error" if status < 500 else "Server Error"


def _shown(value: object, secrets: Iterable[str]) -> str:
    text = value if isinstance(value, str) else str(value)
    for secret in secrets:
        text = text.replace(secret, MASK)
    text = redact(text)
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "..."


def _forget_request(response: requests.Response) -> None:
    for answer in (response, *response.history):
        request: requests.PreparedRequest | None = answer.request
        if request is not None:
            request.body = None
            request.headers.pop("Authorization", None)


def retry_after(headers: Any) -> float | None:
    """Seconds that a `Retry-After` header asks to wait, given as such or as a date; None without one."""
    value = str(headers.get("Retry-After", "")).strip()
    if value.isdecimal() and len(value) < 10:
        return float(value)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return max(0.0, date.timestamp() - time.time())
