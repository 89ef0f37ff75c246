"""How to get a token, whatever carries the bytes: which grant, when to retry, and what a broken connection
means.

One flow for requests and httpx. `token_flow` asks for grants and is given tokens or errors; `run` and
`run_async` carry the grants to Authlib's clients.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from kognic._core import watchdog
from kognic._core.broken_connections import Explanation, explain
from kognic._core.redaction import forget_library_frames, redact, redact_url
from kognic._core.retrying import retry, retry_async
from kognic.auth._defaults import RETRY_STATUS_CODES, RETRY_WAITS
from kognic.auth._token_response import REFRESH_TOKEN_EXPIRED
from kognic.auth._tokens import Token
from kognic.auth.errors import TokenError, TokenRefusedError

log = logging.getLogger(__name__)

# A longer `Retry-After` is left to the next call, so that no call waits for the auth server alone.
MAX_RETRY_AFTER = 60.0


class Grant(NamedTuple):
    """One kind of token request.

    Attributes:
        kind: The `grant_type`.
        refresh_token: For the grant of that name.
    """

    kind: str
    refresh_token: str | None = None


def token_flow(old: Token | None) -> Generator[Grant, Token, Token]:
    """Ask for the grants that lead to a new token, by the refresh token of the old one if it has any."""
    if old is not None and old.get("refresh_token"):
        try:
            token = yield Grant("refresh_token", old["refresh_token"])
        except TokenRefusedError as exc:
            if exc.error not in REFRESH_TOKEN_EXPIRED:
                raise
            log.debug("The refresh token has expired")
        else:
            token.setdefault("refresh_token", old["refresh_token"])
            return token
    token = yield Grant("client_credentials")
    return token


def run(
    old: Token | None, ask: Callable[[Grant], Token], explained: Callable[[Exception], TokenError | None]
) -> Token:
    """Get a new token.

    Args:
        old: The token until now.
        ask: Sends one token request.
        explained: Translates an error of the HTTP library; None for one that is not about the connection.

    Raises:
        TokenError: The endpoint gave none.
    """
    flow, decide = token_flow(old), _decision(explained)
    try:
        grant = next(flow)
        while True:
            try:
                token = retry(lambda grant=grant: ask(grant), decide, time.sleep)  # type: ignore[misc]
            except TokenRefusedError as exc:
                grant = flow.throw(exc)
            else:
                grant = flow.send(token)
    except StopIteration as end:
        new: Token = end.value
        return new
    except Exception as exc:  # cleaned and raised below
        error = explained(exc) or exc
    raise _clean(error)


async def run_async(
    old: Token | None,
    ask: Callable[[Grant], Awaitable[Token]],
    explained: Callable[[Exception], TokenError | None],
    sleep: Callable[[float], Awaitable[None]],
) -> Token:
    """`run` for coroutines."""
    flow, decide = token_flow(old), _decision(explained)
    try:
        grant = next(flow)
        while True:
            try:
                token = await retry_async(lambda grant=grant: ask(grant), decide, sleep)  # type: ignore[misc]
            except TokenRefusedError as exc:
                grant = flow.throw(exc)
            else:
                grant = flow.send(token)
    except StopIteration as end:
        new: Token = end.value
        return new
    except Exception as exc:  # cleaned and raised below
        error = explained(exc) or exc
    raise _clean(error)


def _clean(error: Exception) -> Exception:
    """The error without the frames of the libraries, which hold the client secret."""
    forget_library_frames(error)
    return error


def _decision(
    explained: Callable[[Exception], TokenError | None],
) -> Callable[[BaseException, int], float | None]:
    def decide(error: BaseException, attempt: int) -> float | None:
        """Seconds before the next token request, None to give up: the one place where they are retried."""
        assert isinstance(error, Exception)
        failure = error if isinstance(error, TokenError) else explained(error)
        if failure is None or not failure.transient or attempt > len(RETRY_WAITS):
            return None
        if failure.status_code not in (None, *RETRY_STATUS_CODES):
            # The auth server's own answer (429, 500): the call's policy decides, as for any other service.
            return None
        wait = max(RETRY_WAITS[attempt - 1], failure.retry_after or 0.0)
        guard = watchdog.current()
        left = None if guard is None else guard.left()
        if (
            wait > MAX_RETRY_AFTER
            or (guard is not None and guard.fired)
            or (left is not None and left <= wait)
        ):
            return None
        log.warning(
            "Token request: attempt %d of %d failed, retrying in %.1f s: %s",
            *(attempt, 1 + len(RETRY_WAITS), wait, redact(str(failure))),
        )
        return wait

    return decide


def explanation(error: Exception, url: str, seconds: Any) -> tuple[str, Explanation]:
    """Return the text of a `TokenError` for a broken connection, and what it says about retries."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    limit = seconds if isinstance(seconds, (int, float)) else None
    why = explain(error, host=host, seconds=limit)
    guard = watchdog.current()
    text = redact(why.text)
    if guard is not None and guard.fired:
        text = f"no complete answer in time: {guard.fired}; the connection was closed"
    return f"No access token from {redact_url(url)}: {text}", why


def is_broken_connection(error: Exception) -> bool:
    """Whether an error of requests is about the connection, and not about how it was used."""
    if isinstance(error, requests.exceptions.InvalidSchema):
        return "SOCKS" in str(error)
    return isinstance(error, OSError) and not isinstance(error, (ValueError, requests.HTTPError))
