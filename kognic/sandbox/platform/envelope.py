"""The forms answers take: `{"data": ...}`, pages, bare objects, nothing; and errors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from kognic.sandbox.platform.errors import OAuthError, PlatformError


@dataclass(frozen=True)
class Page:
    """One page of a cursor-paginated list."""

    items: Sequence[Any]
    next_cursor: int | str | None


@dataclass(frozen=True)
class Bare:
    """A body that goes out without envelope."""

    body: Any
    # OK (RFC 9110).
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


# The answer to a dry run: nobody reads it, but it must be JSON.
EMPTY = Bare({"data": {}})


class JsonResponse(Response):
    """JSON in UTF-8; integers are exact, and a number JSON has no word for is a bug of ours."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode the content."""
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def to_response(result: Any) -> Response:
    """Make the response for what a handler returned; None becomes an empty 204."""
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(status_code=204)
    if isinstance(result, Page):
        return JsonResponse({"data": result.items, "metadata": {"nextCursorId": result.next_cursor}})
    if isinstance(result, Bare):
        return JsonResponse(result.body, result.status, dict(result.headers))
    return JsonResponse({"data": result})


def error_response(error: PlatformError) -> Response:
    """Make the response of a refusal, in the platform's form."""
    return JsonResponse({"message": error.message}, error.status, error.headers)


def oauth_error_response(error: OAuthError) -> Response:
    """Make the response of a refusal by the token endpoint (RFC 6749, section 5.2)."""
    headers = {"Cache-Control": "no-store"}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="kognic-sandbox"'
    body = {"error": error.error, "error_description": error.description}
    return JsonResponse(body, error.status, headers)
