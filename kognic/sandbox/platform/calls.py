"""One API call's way through the platform: token, body, session, handler, answer.

A handler is a plain function of a `Call`. It runs in a thread with a database session that is committed when
it returns, so the event loop never waits for the disk, and an answer is never sent before its effect is kept.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from kognic.sandbox.platform.envelope import error_response, oauth_error_response, to_response
from kognic.sandbox.platform.errors import (
    ForbiddenError,
    InvalidError,
    OAuthError,
    PlatformError,
    UnauthorizedError,
    shape_error,
)
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.security import Principal, bearer_token
from kognic.sandbox.platform.tables import Workspace, WorkspaceRole

logger = logging.getLogger(__name__)

READ_SCOPE = "api:read"
WRITE_SCOPE = "api:write"
Shape = TypeVar("Shape", bound=BaseModel)


@dataclass
class Call:
    """A request to the platform, as a handler sees it."""

    platform: Platform
    session: Session
    principal: Principal | None
    path: Mapping[str, str]
    query: QueryParams
    headers: Headers
    body: bytes
    base_url: str
    after_commit: list[Callable[[], None]] = field(default_factory=list)

    @property
    def user(self) -> Principal:
        """The caller; only for operations that need a token."""
        if self.principal is None:
            raise UnauthorizedError("This call needs a bearer token")
        return self.principal

    @cached_property
    def organization_ids(self) -> frozenset[int]:
        """The organizations whose projects the caller may see.

        Staff: the one named in `X-Organization-Id`. Others: their own, and those in whose workspaces they
        have a role; if they name one of these, only that one.
        """
        named = self.headers.get("x-organization-id", "")
        number = int(named) if named.isdecimal() else None
        if self.user.is_staff:
            if number is None:
                raise ForbiddenError("Staff users must name the organization in X-Organization-Id")
            return frozenset({number})
        query = select(Workspace.organization_id).join(WorkspaceRole)
        by_role = self.session.scalars(query.where(WorkspaceRole.user_id == self.user.user_id))
        known = frozenset({self.user.organization_id, *by_role})
        return frozenset({number}) if number is not None and number in known else known

    def view_link(self, kind: str, identifier: str) -> str:
        """Return the signed link to the page of an object on this host; `kind` is `scene` or `input`."""
        return self.base_url + self.platform.views.link(f"/view/{kind}/{identifier}", self.user.user_id)

    @property
    def is_dryrun(self) -> bool:
        """Whether the header `X-Dryrun` is set: check everything, change nothing."""
        return "x-dryrun" in self.headers

    def parse(self, shape: type[Shape]) -> Shape:
        """Parse the JSON body as `shape`; raises `ValidationFailedError` naming each offending field."""
        try:
            return shape.model_validate_json(self.body or b"{}", strict=True)
        except ValidationError as exc:
            raise shape_error(exc.errors(include_url=False, include_context=False)) from None

    def json(self) -> Any:
        """Decode the JSON body; raises `InvalidError` when it is none."""
        return parse_json(self.body)

    def whole_number(self, name: str, default: int, *, low: int, high: int) -> int:
        """Read a query parameter that counts something."""
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isdecimal() or not low <= int(text) <= high:
            raise InvalidError(f"{name} is {text}, must be {low} to {high}")
        return int(text)

    def flag(self, name: str) -> bool:
        """Read a boolean query parameter, in any letter case."""
        text = self.query.get(name, "false").lower()
        if text not in ("true", "false"):
            raise InvalidError(f"{name} is {text}, must be true or false")
        return text == "true"


Handler = Callable[[Call], Any]


@dataclass(frozen=True)
class Api:
    """One operation: method, path template, handler, and what a caller needs for it.

    `writes` gives the handler a session that may change things, and asks for the scope `api:write`.

    """

    method: str
    path: str
    handler: Handler
    writes: bool = False
    needs_token: bool = True

    @property
    def scope(self) -> str:
        """The scope that a token must have for the operation."""
        return WRITE_SCOPE if self.writes else READ_SCOPE


def read(method: str, path: str, handler: Handler) -> Api:
    """Declare an operation that changes nothing."""
    return Api(method, path, handler)


def write(method: str, path: str, handler: Handler) -> Api:
    """Declare an operation that changes something."""
    return Api(method, path, handler, writes=True)


def api_route(platform: Platform, api: Api) -> Route:
    """Make the route of an operation."""

    async def endpoint(request: Request) -> Response:
        try:
            body = await read_body(request, platform.settings.max_body)
        except PlatformError as exc:
            return error_response(exc)
        except ClientDisconnect:
            return Response(status_code=400)
        return await platform.in_thread(_run, platform, api, request, body)

    return Route(api.path, endpoint, methods=[api.method], name=f"{api.method} {api.path}")


async def read_body(request: Request, limit: int) -> bytes:
    """Read the whole body; refuses one above `limit` bytes before it is in memory."""
    blocks: list[bytes] = []
    size = 0
    async for block in request.stream():
        size += len(block)
        if size > limit:
            raise PlatformError(413, f"The body is larger than {limit} bytes")
        blocks.append(block)
    return b"".join(blocks)


def _run(platform: Platform, api: Api, request: Request, body: bytes) -> Response:
    try:
        principal = _authorize(platform, api, request.headers) if api.needs_token else None
        session_of = platform.database.write if api.writes else platform.database.read
        with session_of() as session:
            call = Call(
                platform=platform,
                session=session,
                principal=principal,
                path={name: unquote(value) for name, value in request.path_params.items()},
                query=request.query_params,
                headers=request.headers,
                body=body,
                base_url=platform.settings.public_url or f"{request.url.scheme}://{request.url.netloc}",
            )
            response = to_response(api.handler(call))
        if (sunset := platform.settings.sunset_dates.get(f"{api.method} {api.path}")) is not None:
            response.headers["sunset-date"] = sunset
        for action in call.after_commit:
            action()
        return response
    except PlatformError as exc:
        return error_response(exc)
    except OAuthError as exc:
        return oauth_error_response(exc)
    except Exception:
        # Whatever went wrong in here, the caller gets an answer and the operator a traceback.
        logger.exception("%s %s failed", api.method, api.path)
        return error_response(PlatformError(500, "The sandbox failed; its log has the reason"))


def _authorize(platform: Platform, api: Api, headers: Headers) -> Principal:
    principal = platform.tokens.check(bearer_token(headers))
    if api.scope not in principal.scopes:
        raise ForbiddenError(f"The token lacks the scope {api.scope}")
    return principal


def parse_json(body: bytes) -> Any:
    """Decode JSON; raises `InvalidError` when it is none, `NaN` and `Infinity` included."""
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise InvalidError(f"The body is not JSON: {exc}") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
