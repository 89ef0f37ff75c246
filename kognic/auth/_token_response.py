"""Reads the answer of a token endpoint: a token, or an error that says why it gave none.

Imports Authlib, whose `OAuthError` users catch.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import requests
from authlib.integrations.base_client import OAuthError

from kognic._core import watchdog
from kognic._core.error_text import shortened, status_line
from kognic._core.errors import rebuild
from kognic._core.files import NotJsonError, decode_json
from kognic._core.redaction import MASK, opaque, redact, redact_url
from kognic._core.retrying import parse_retry_after, server_time
from kognic.auth._defaults import RETRY_STATUS_CODES
from kognic.auth._tokens import LEEWAY, Token
from kognic.auth.base.auth_client import AuthClient
from kognic.auth.errors import TokenRefusedError, TokenResponseError

log = logging.getLogger(__name__)

# What a server answers when a refresh token has expired; the second is the name that RFC 6749 gives it.
REFRESH_TOKEN_EXPIRED = frozenset({"invalid_token", "invalid_grant"})
# A token is a few kilobytes; anything larger is not an answer of a token endpoint.
MAX_BYTES = 1024 * 1024
# Characters. A shorter secret may be a word of the server's own sentence ("the secret is wrong"): it is
# masked only where the server repeats it as a value, in quotation marks or after an equals sign or a colon.
SHORTEST_SECRET = 8
# Time-out, too many requests and failures of the server (RFC 9110, RFC 6585): each can pass by itself.
TRANSIENT = frozenset({408, 429, 500, *RETRY_STATUS_CODES})


class _OAuthTokenRefusedError(TokenRefusedError, OAuthError):  # type: ignore[misc]  # Authlib says None
    """A `TokenRefusedError` that handlers of Authlib's `OAuthError` catch as well."""

    # Tracebacks show the class that users import and catch. Its module must not import Authlib.
    __module__ = "kognic.auth.errors"
    __qualname__ = "TokenRefusedError"

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
        self.transient = status_code in TRANSIENT

    def __reduce__(self) -> tuple[Any, ...]:
        # pickle would look for the class by the name that it shows.
        return _rebuilt, (self.args, dict(self.__dict__))


def _rebuilt(args: tuple[Any, ...], state: dict[str, Any]) -> BaseException:
    return rebuild(_OAuthTokenRefusedError, args, state)


class Answer(NamedTuple):
    """What came back from a token endpoint, by whichever library.

    Attributes:
        status: The HTTP status.
        reason: Its name.
        url: Where it came from.
        headers: A mapping that ignores the case of names.
        content: The body; None if it was too long to be read.
    """

    status: int
    reason: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None


class BadAnswerError(Exception):
    """Neither a token nor an OAuth error; callers turn it into an error of their library."""

    def __init__(self, text: str, answer: Answer) -> None:
        super().__init__(text)
        # A page with a success status comes from a gateway, which hides the endpoint for some time.
        hidden = 200 <= answer.status < 300 and not isinstance(_decoded(answer.content or b""), dict)
        self.transient = hidden or answer.status in TRANSIENT
        self.retry_after = _wait(answer)


@opaque
def token_from(answer: Answer, *, secrets: Iterable[str] = (), leeway: float = LEEWAY) -> Token:
    """Return the token in an answer.

    Args:
        answer: What the endpoint answered.
        leeway: Seconds before its expiry at which it is to be renewed.
        secrets: Texts that must not appear in an error, even if the answer repeats them.

    Raises:
        TokenRefusedError: The answer is an OAuth error; also Authlib's `OAuthError`.
        BadAnswerError: It is neither that nor a token.
    """
    where = f"for url: {redact_url(answer.url)}"
    if answer.content is None:
        raise BadAnswerError(f"an answer of more than {MAX_BYTES // 1024**2} MiB {where}", answer)
    body = _decoded(answer.content)
    if isinstance(body, dict) and body.get("error"):
        error, description = (_shown(body.get(k) or "", secrets) for k in ("error", "error_description"))
        wait = _wait(answer)
        raise _OAuthTokenRefusedError(error, description, status_code=answer.status, retry_after=wait)
    if not 200 <= answer.status < 300:
        line = status_line(answer.status, answer.reason)
        said = body.get("message") if isinstance(body, dict) else body
        said = f"\nGot error in response: '{_shown(said, secrets)}'" if said else ""
        raise BadAnswerError(f"{line} {where}{said}", answer)
    trouble = _why_no_token(body)
    if trouble is not None:
        raise BadAnswerError(f"{answer.status} {answer.reason}, but {trouble} {where}", answer)
    token = Token(body, leeway=leeway, is_new=True)
    if "expires_at" not in token:
        log.warning("The token endpoint did not say when the token expires; it is used until it is refused")
    return token


@opaque
def read_token(response: requests.Response, *, secrets: Iterable[str] = (), leeway: float = LEEWAY) -> Token:
    """Return the token in an answer to requests, which may still be unread.

    Args:
        response: The answer; the request that it keeps loses its secrets.
        secrets: As in `token_from`.
        leeway: As in `token_from`.

    Raises:
        TokenRefusedError: The answer is an OAuth error; also Authlib's `OAuthError`.
        TokenResponseError: It is neither that nor a token.
    """
    for part in (response, *response.history):
        forget_secrets(part.request)
    AuthClient.check_rate_limit(response)
    content = _read(response)
    status, reason = response.status_code, response.reason or ""
    bad: BadAnswerError
    try:
        answer = Answer(status, reason, response.url, response.headers, content)
        return token_from(answer, secrets=secrets, leeway=leeway)
    except BadAnswerError as exc:
        bad = exc
    # The error may be kept, and must not keep a token that a broken answer may hold.
    response._content = b""
    raise TokenResponseError(
        str(bad), response=response, transient=bad.transient, retry_after=bad.retry_after
    )


def _wait(answer: Answer) -> float | None:
    now = server_time(answer.headers.get("Date"), time.time())
    return parse_retry_after(answer.headers.get("Retry-After"), now)


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


def _read(response: requests.Response) -> bytes | None:
    """The body; None if it is too long."""
    content, guard = b"", watchdog.current()
    if guard is not None:
        guard.watch_response(response)
        guard.reading()
    for chunk in response.iter_content(64 * 1024):
        content += chunk
        if guard is not None:
            guard.moved(len(chunk))
        if len(content) > MAX_BYTES:
            response.close()
            return None
    return content


def _decoded(content: bytes) -> Any:
    """The value of a JSON body; None if it is not JSON."""
    try:
        return decode_json(content)
    except NotJsonError:
        return None


def _shown(value: object, secrets: Iterable[str]) -> str:
    text = value if isinstance(value, str) else str(value)
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, MASK)
        elif secret:
            text = re.sub(rf"""(?<=["'`=:])(\s*){re.escape(secret)}(?!\w)""", rf"\1{MASK}", text)
    return shortened(redact(text))


def forget_secrets(request: requests.PreparedRequest | None) -> None:
    """Take the credentials out of a request that was sent."""
    if request is not None:
        request.body = None
        request.headers.pop("Authorization", None)
