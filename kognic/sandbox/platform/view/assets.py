"""Script and styles of the pages, from the bundle of the viewer and this package."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

from kognic._core.viewer_errors import ViewerMissingError
from kognic.sandbox.platform.errors import NotFoundError
from kognic.viewer.page import bundle

FOREVER = "private, max-age=31536000, immutable"


@functools.cache
def address() -> str:
    """Return where the files are, with a slash at the end; changes with their content."""
    content = [_style(), *(_viewer() or ())]
    digest = hashlib.sha256("\0".join(content).encode()).hexdigest()[:16]
    return f"/view/assets/{digest}/"


def has_viewer() -> bool:
    """Whether this installation was built with the viewer."""
    return _viewer() is not None


def answer(request: Request) -> Response:
    """Return one of the files."""
    viewer = _viewer()
    script, style = viewer or (None, None)
    kinds = {
        "pages.css": (_style(), "text/css"),
        "viewer.js": (script, "text/javascript"),
        "viewer.css": (style, "text/css"),
    }
    content, media_type = kinds.get(request.path_params["name"], (None, ""))
    if content is None:
        raise NotFoundError("There is nothing here.")
    return Response(content, media_type=f"{media_type}; charset=utf-8", headers={"Cache-Control": FOREVER})


@functools.cache
def _style() -> str:
    return (
        resources.files("kognic.sandbox.platform.view").joinpath("templates", "pages.css").read_text("utf-8")
    )


def _viewer() -> tuple[str, str] | None:
    try:
        built = bundle()
    except ViewerMissingError:
        return None
    return built.script, built.style
