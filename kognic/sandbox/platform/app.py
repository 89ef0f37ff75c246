"""The ASGI application: finds the route, injects faults, records the call.

Paths are matched percent-encoded, so that an identifier may hold a slash. The route is known before anything
of the call is processed; that is where faults are injected.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kognic.sandbox.platform.calls import api_route
from kognic.sandbox.platform.connection import remember_transport, reset
from kognic.sandbox.platform.control.routes import PREFIX as CONTROL_PREFIX
from kognic.sandbox.platform.envelope import error_response
from kognic.sandbox.platform.errors import PlatformError
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.recorder import Record
from kognic.sandbox.platform.services import all_apis, control_routes, storage_routes, view_routes
from kognic.sandbox.platform.storage.store import PREFIX
from kognic.sandbox.platform.view.routes import is_view
from kognic.sandbox.platform.view.routes import refusal as view_refusal

NO_ANSWER = 0
# A token has a kilobyte at most; servers before the real platform allow 8 to 64 KiB in total.
MAX_HEADERS = 32 * 1024


def create_app(platform: Platform) -> Front:
    """Create the whole platform as one application: every service under one base URL."""
    routes: list[BaseRoute] = [*storage_routes(platform), *control_routes(platform), *view_routes(platform)]
    routes.extend(api_route(platform, api) for api in all_apis())
    return Front(platform, routes)


class Front:
    """The outermost application, in front of the routes."""

    def __init__(self, platform: Platform, routes: Iterable[BaseRoute]) -> None:
        self._platform = platform
        # A page elsewhere reaches the sandbox only under a name of its own (DNS rebinding), never by address.
        public = urlsplit(platform.settings.public_url or "").hostname or ""
        self._hosts = {"localhost", *map(str.lower, platform.settings.allowed_hosts), public} - {""}
        self._calls: set[asyncio.Task[None]] = set()
        self._by_service: dict[tuple[str, ...], list[Route]] = {}
        for route in routes:
            assert isinstance(route, Route)
            self._by_service.setdefault(_service(route.path), []).append(route)

    def cut_off(self) -> None:
        """End the calls in flight by cutting their connections. For the thread of the event loop."""
        for call in self._calls:
            call.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the sandbox speaks HTTP, not {scope['type']}")
        refusal = self._refusal(scope)
        if refusal is not None:
            await error_response(refusal)(scope, receive, send)
            return
        remember_transport(scope, send)
        call = asyncio.current_task()
        assert call is not None
        self._calls.add(call)
        try:
            await self._answer(scope, receive, send)
        except asyncio.CancelledError:
            await reset(scope, receive)
        finally:
            self._calls.discard(call)

    def _refusal(self, scope: Scope) -> PlatformError | None:
        """Why a request is not even looked at: too long headers, or a host name that is not the sandbox's."""
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADERS:
            return PlatformError(431, f"The headers of the request exceed {MAX_HEADERS} bytes")
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        name = urlsplit(f"//{host}").hostname or ""
        if name in self._hosts or _is_address(name):
            return None
        return PlatformError(
            421,
            f"This sandbox does not answer to the host name {name!r}; start it with --allow-host {name}, or "
            "allowed_hosts in Python, if the name is right",
        )

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        scope["path"] = "/" + path.lstrip("/")  # A base URL with a trailing slash gives two.
        route, refusal = self._find(scope)
        template = route.path if route else ""
        if is_view(scope["path"]):  # Neither harmed nor recorded: looking must not change what is seen.
            page: ASGIApp = route.handle if route else view_refusal(refusal)
            await page(scope, receive, send)
            return
        app: ASGIApp = route.handle if route else error_response(refusal)
        if template.startswith(CONTROL_PREFIX):  # Neither harmed nor remembered.
            await app(scope, receive, send)
            return
        meter = _Meter(receive, send, self._platform.recorder.add(scope, template))
        with self._platform.in_flight.current():
            try:
                await self._platform.faults.around(app, template, scope, meter.receive, meter.send)
            finally:
                meter.finish(NO_ANSWER)

    def _find(self, scope: Scope) -> tuple[Route | None, PlatformError]:
        partial = False
        for route in self._by_service.get(_service(scope["path"]), ()):
            match, child = route.matches(scope)
            if match is Match.FULL:
                scope.update(child)
                return route, PlatformError(500, "")
            partial = partial or match is Match.PARTIAL
        if partial:
            return None, PlatformError(405, f"{scope['method']} is not possible on {scope['path']}")
        return None, PlatformError(404, f"There is nothing at {scope['method']} {scope['path']}")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _service(path: str) -> tuple[str, ...]:
    """The first two segments: few routes share them, so matching stays short. Storage has one route."""
    return (PREFIX,) if path.startswith(PREFIX) else tuple(path.split("/", 3)[1:3])


class _Meter:
    """Counts what comes in, and has the answer remembered before its caller can know it."""

    def __init__(self, receive: Receive, send: Send, record: Record) -> None:
        self._receive = receive
        self._send = send
        self._record = record
        self._size = 0
        self._is_finished = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.finish(message["status"])
        await self._send(message)

    def finish(self, status: int) -> None:
        if not self._is_finished:
            self._is_finished = True
            self._record.finish(status, self._size)
