"""The routes below `/view`: sign-in, lists, pages of scenes and inputs, and what the viewer loads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kognic.sandbox.platform.calls import Call
from kognic.sandbox.platform.errors import PlatformError
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.view import assets, details, lists, visit
from kognic.sandbox.platform.view.packets import Packets
from kognic.sandbox.platform.view.rendering import error_page
from kognic.sandbox.platform.view.tables import TABLES
from kognic.viewer.page import SERVED_HEADERS

logger = logging.getLogger(__name__)

PREFIX = "/view"
# A choice: each frame in work takes a thread and tens of megabytes, and the API must stay quick meanwhile.
MOST_FRAMES = 4
Page = Callable[[Call], Response]


def is_view(path: str) -> bool:
    """Whether a path is one of a page; those are neither harmed by faults nor recorded."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def view_routes(platform: Platform) -> list[Route]:
    """Make the routes of all pages."""
    packets = Packets(platform)
    # Frames take long and much memory; the rest of the platform must go on meanwhile.
    frames = asyncio.Semaphore(MOST_FRAMES)

    async def frame(request: Request) -> Response:
        async with frames:
            return await answer(request, packets.frame)

    async def answer(request: Request, page: Page) -> Response:
        return await platform.in_thread(_answer, platform, request, page)

    def route(path: str, page: Page) -> Route:
        async def endpoint(request: Request) -> Response:
            return await answer(request, page)

        return Route(PREFIX + path, endpoint, methods=["GET"])

    async def asset(request: Request) -> Response:
        return await platform.in_thread(_open_to_all, platform, request, assets.answer)

    data = "/data/{scene}/{documents}/{version}"
    return [
        route("", lists.overview),
        route("/", lists.overview),
        *(route(f"/{name}", lists.page_of(table)) for name, table in TABLES.items()),
        route("/calls", lists.calls),
        route("/faults", lists.faults),
        route("/scene/{uuid}", details.scene_page),
        route("/input/{uuid}", details.input_page),
        route("/calibration/{uuid}", details.calibration_page),
        route(f"{data}/scene", packets.scene),
        Route(f"{PREFIX}{data}/frames/{{index}}", frame, methods=["GET"]),
        Route(f"{PREFIX}/assets/{{digest}}/{{name}}", asset, methods=["GET"]),
    ]


def refusal(error: PlatformError) -> Response:
    """Return the page of a request that no route takes."""
    return with_headers(error_page(error))


def with_headers(response: Response, extra: Mapping[str, str] | None = None) -> Response:
    """Add the headers that keep other sites from using or reading a response."""
    for name, value in {"Cache-Control": "no-store", **SERVED_HEADERS, **(extra or {})}.items():
        if name not in response.headers:
            response.headers[name] = value
    return response


def _open_to_all(platform: Platform, request: Request, page: Callable[[Request], Response]) -> Response:
    """What holds no data needs no sign-in."""
    try:
        visit.check_host(platform, request)
        return with_headers(page(request))
    except PlatformError as exc:
        return refusal(exc)


def _answer(platform: Platform, request: Request, page: Page) -> Response:
    try:
        visit.check_host(platform, request)
        if visit.is_signed(request):
            return with_headers(_sign_in(platform, request))
        user_id = visit.user_of_cookie(platform, request)
        if user_id is None:
            raise visit.SignInError("You are not signed in to this sandbox.")
        with platform.database.read() as session:
            return with_headers(page(visit.call_of(platform, session, request, user_id)))
    except PlatformError as exc:
        return refusal(exc)
    except Exception:
        # Whatever went wrong in here, the visitor gets a page and the operator a traceback.
        logger.exception("the page %s failed", request.scope["path"])
        return refusal(PlatformError(500, "The sandbox failed; its log has the reason."))


def _sign_in(platform: Platform, request: Request) -> Response:
    """Exchange the signature in a link for a cookie, so that it stays in no history and no log."""
    user_id = visit.user_of_link(platform, request)
    if user_id is None and visit.user_of_cookie(platform, request) is None:
        raise visit.SignInError("This link has expired, or is not one of this sandbox.")
    rest = [item for item in request.query_params.multi_items() if item[0] not in visit.SIGNATURE]
    path = request.scope["path"] + (f"?{urlencode(rest)}" if rest else "")
    headers = {"Location": path}
    if user_id is not None:
        headers["Set-Cookie"] = visit.new_cookie(platform, request, user_id)
    return Response(status_code=303, headers=headers)
