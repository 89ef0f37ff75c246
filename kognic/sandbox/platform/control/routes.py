"""The control API: every action of `control` by name, for those who hold the control token."""

from __future__ import annotations

import hmac

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from kognic.sandbox.platform.calls import parse_json, read_body
from kognic.sandbox.platform.control.actions import perform
from kognic.sandbox.platform.envelope import JsonResponse, error_response
from kognic.sandbox.platform.errors import InvalidError, PlatformError, UnauthorizedError
from kognic.sandbox.platform.platform import Platform

PREFIX = "/_sandbox"
TOKEN_HEADER = "x-sandbox-control"  # noqa: S105 - the name of a header  # nosec B105


def control_routes(platform: Platform) -> list[Route]:
    """Make the routes below the control prefix."""

    async def act(request: Request) -> Response:
        try:
            _authorize(platform, request)
            body = await read_body(request, platform.settings.max_body)
            arguments = parse_json(body) if body else {}
            if not isinstance(arguments, dict):
                raise InvalidError("the body must be an object of arguments")
            result = await platform.in_thread(perform, platform, request.path_params["action"], arguments)
        except PlatformError as exc:
            return error_response(exc)
        except ClientDisconnect:
            return Response(status_code=400)
        return JsonResponse({"data": result})

    async def health(_request: Request) -> Response:
        return JsonResponse({"data": {"status": "ok"}})

    return [
        Route(f"{PREFIX}/health", health, methods=["GET"]),
        Route(f"{PREFIX}/control/{{action}}", act, methods=["POST"]),
    ]


def _authorize(platform: Platform, request: Request) -> None:
    token = request.headers.get(TOKEN_HEADER, "")
    if not hmac.compare_digest(token.encode(), platform.control_token.encode()):
        raise UnauthorizedError(f"The control API needs the control token in {TOKEN_HEADER}")
