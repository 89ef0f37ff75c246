"""How each kind of fault is done to a call. Every injector wraps an ASGI application in another one."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kognic.sandbox.platform.connection import hang_up, reset
from kognic.sandbox.platform.envelope import error_response
from kognic.sandbox.platform.errors import PlatformError, UnauthorizedError
from kognic.sandbox.platform.faults.rule import Rule, Secrets
from kognic.sandbox.platform.security import bearer_token

# A choice: pieces that small look like a slow line, not like pauses; more only cost system calls.
PIECES_PER_SECOND = 20
# Of a call that waits; more than that stays with its sender.
MAX_KEPT = 1 << 20
GATEWAY_PAGE = (
    "<html><head><title>{status} Gateway</title></head>"
    "<body><center><h1>{status} Gateway</h1></center><hr><center>nginx</center></body></html>"
)
Injector = Callable[[Secrets, Rule, ASGIApp], ASGIApp]


class Answer:
    """A whole answer, kept back."""

    def __init__(self) -> None:
        self.start: Message = {"type": "http.response.start", "status": 500, "headers": []}
        self.body = b""

    async def keep(self, message: Message) -> None:
        """Keep a message of the application instead of sending it."""
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")

    async def send(self, send: Send) -> None:
        """Send what was kept."""
        await send(self.start)
        await send({"type": "http.response.body", "body": self.body})

    def replace_body(self, body: bytes, *, claimed: int | None = None) -> None:
        """Replace the body; `Content-Length` is its length, or `claimed`."""
        self.body = body
        headers = MutableHeaders(raw=list(self.start.get("headers", [])))
        headers["content-length"] = str(len(body) if claimed is None else claimed)
        self.start = {**self.start, "headers": headers.raw}


async def answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    """Process the request, and hold the response back."""
    answer = Answer()
    await app(scope, receive, answer.keep)
    return answer


async def _patience(receive: Receive, seconds: float) -> Receive | None:
    """Wait, but no longer than the caller does.

    Returns:
        What hands out first what came in meanwhile, and then the rest; None when the caller is gone.
    """
    kept: deque[Message] = deque()

    async def watch() -> None:
        size = 0
        while size < MAX_KEPT:
            kept.append(await receive())
            if kept[-1]["type"] == "http.disconnect":
                return
            size += len(kept[-1].get("body", b""))
        await asyncio.sleep(seconds)

    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(watch(), seconds)
    if kept and kept[-1]["type"] == "http.disconnect":
        return None

    async def kept_first() -> Message:
        return kept.popleft() if kept else await receive()

    return kept_first


async def read_all(receive: Receive) -> None:
    """Take the whole body of a call, as a server does before it fails."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return


def _status(_secrets: Secrets, rule: Rule, app: ASGIApp) -> ASGIApp:
    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        await _process(rule, app, scope, receive)
        error = PlatformError(rule.status, f"Injected fault: status {rule.status}")
        if rule.retry_after is not None:
            error.headers["Retry-After"] = rule.retry_after
        await error_response(error)(scope, receive, send)

    return faulty


def _html(_secrets: Secrets, rule: Rule, app: ASGIApp) -> ASGIApp:
    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        await _process(rule, app, scope, receive)
        page = Response(GATEWAY_PAGE.format(status=rule.status), rule.status, media_type="text/html")
        await page(scope, receive, send)

    return faulty


def _latency(_secrets: Secrets, rule: Rule, app: ASGIApp) -> ASGIApp:
    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        if not rule.after:
            rest = await _patience(receive, rule.seconds)
            if rest is not None:
                await app(scope, rest, send)
            return
        answer = await answer_of(app, scope, receive)
        if await _patience(receive, rule.seconds) is not None:
            await answer.send(send)

    return faulty


def _slow_answer(_secrets: Secrets, rule: Rule, app: ASGIApp) -> ASGIApp:
    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        answer = await answer_of(app, scope, receive)
        await send(answer.start)
        size = max(1, rule.bytes_per_second // PIECES_PER_SECOND)
        for start in range(0, len(answer.body), size):
            await asyncio.sleep(size / rule.bytes_per_second)
            piece = answer.body[start : start + size]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return faulty


def _slow_read(_secrets: Secrets, rule: Rule, app: ASGIApp) -> ASGIApp:
    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        async def slowly() -> Message:
            message = await receive()
            await asyncio.sleep(len(message.get("body", b"")) / rule.bytes_per_second)
            return message

        await app(scope, slowly, send)

    return faulty


def _reset(_secrets: Secrets, rule: Rule, app: ASGIApp) -> ASGIApp:
    async def faulty(scope: Scope, receive: Receive, _send: Send) -> None:
        await _process(rule, app, scope, receive)
        await reset(scope, receive)

    return faulty


def _truncate(_secrets: Secrets, _rule: Rule, app: ASGIApp) -> ASGIApp:
    return _with_answer(
        app, lambda answer: answer.replace_body(answer.body[: len(answer.body) // 2]), cut=True
    )


def _wrong_length(_secrets: Secrets, _rule: Rule, app: ASGIApp) -> ASGIApp:
    return _with_answer(
        app, lambda answer: answer.replace_body(answer.body, claimed=len(answer.body) + 100), cut=True
    )


def _corrupt(_secrets: Secrets, _rule: Rule, app: ASGIApp) -> ASGIApp:
    def corrupt(answer: Answer) -> None:
        middle = len(answer.body) // 2
        # Every other bit: the length stays, so that only a checksum or a parser notices.
        flipped = bytes(byte ^ 0x55 for byte in answer.body[middle : middle + 16])
        answer.replace_body(answer.body[:middle] + flipped + answer.body[middle + 16 :])

    return _with_answer(app, corrupt, cut=False)


def _expired_token(secrets: Secrets, _rule: Rule, app: ASGIApp) -> ASGIApp:
    return _with_token(app, secrets.tokens.expire)


def _revoked_token(secrets: Secrets, _rule: Rule, app: ASGIApp) -> ASGIApp:
    return _with_token(app, secrets.tokens.revoke)


def _expired_url(secrets: Secrets, _rule: Rule, app: ASGIApp) -> ASGIApp:
    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        for signature in parse_qs(scope["query_string"].decode("latin-1")).get("Signature", ()):
            secrets.urls.expire(signature)
        await app(scope, receive, send)

    return faulty


def _short_store(_secrets: Secrets, _rule: Rule, app: ASGIApp) -> ASGIApp:
    """Storage takes everything, says so, and keeps the first half."""

    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break

        async def half() -> Message:
            return {"type": "http.request", "body": bytes(body[: len(body) // 2]), "more_body": False}

        await app(scope, half, send)

    return faulty


async def _process(rule: Rule, app: ASGIApp, scope: Scope, receive: Receive) -> None:
    """What happens before the fault: the call is only read, or it is processed and its answer lost."""
    if rule.after:
        await answer_of(app, scope, receive)
    else:
        await read_all(receive)


def _with_answer(app: ASGIApp, change: Callable[[Answer], Any], *, cut: bool) -> ASGIApp:
    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        answer = await answer_of(app, scope, receive)
        length = len(answer.body)
        change(answer)
        if not cut:
            await answer.send(send)
            return
        if len(answer.body) < length:
            answer.replace_body(answer.body, claimed=length)
        await send(answer.start)
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
        await hang_up(scope, receive)

    return faulty


def _with_token(app: ASGIApp, change: Callable[[str], Any]) -> ASGIApp:
    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        await _change_token(scope, change)
        await app(scope, receive, send)

    return faulty


def _change_token(scope: Scope, change: Callable[[str], Any]) -> Awaitable[None]:
    def work() -> None:
        try:
            token = bearer_token(Headers(scope=scope))
        except UnauthorizedError:
            return
        change(token)

    return asyncio.to_thread(work)


INJECTORS: dict[str, Injector] = {
    "corrupt": _corrupt,
    "expired_token": _expired_token,
    "expired_url": _expired_url,
    "html": _html,
    "latency": _latency,
    "reset": _reset,
    "revoked_token": _revoked_token,
    "short_store": _short_store,
    "slow_answer": _slow_answer,
    "slow_read": _slow_read,
    "status": _status,
    "truncate": _truncate,
    "wrong_length": _wrong_length,
}
