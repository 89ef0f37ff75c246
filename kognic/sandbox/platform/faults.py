"""Faults injected into calls; for now nothing ever goes wrong."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class Faults:
    """Stands around every call, before anything of it is processed."""

    async def around(self, app: ASGIApp, template: str, scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    def clear(self) -> None:
        pass
