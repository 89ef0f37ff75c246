"""HTML from templates: everything that is put in is escaped."""

from __future__ import annotations

import functools
import json
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from kognic.sandbox.platform.errors import PlatformError
from kognic.sandbox.platform.values import utc_now
from kognic.sandbox.platform.view import assets

KINDS = ("projects", "batches", "requests", "scenes", "inputs", "tasks", "annotations", "calls", "faults")
WITHOUT_SCRIPT = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""What a page without the viewer may do: send its own search form."""
# Characters of a recorded body: some screens; browsers are slow to lay out megabytes of text.
_LONGEST = 20_000
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


# OK (RFC 9110).
def page(template: str, http_status: int = 200, /, **values: Any) -> HTMLResponse:
    """Render a page from a template."""
    text = _environment().get_template(template).render(kinds=KINDS, assets=assets.address(), **values)
    # Names may hold lone surrogates, which UTF-8 has no form for.
    response = HTMLResponse(text.encode("utf-8", "replace"), http_status)
    if not values.get("source"):
        response.headers["Content-Security-Policy"] = WITHOUT_SCRIPT
    return response


def error_page(error: PlatformError) -> HTMLResponse:
    """Render the page with the reason why a request was rejected."""
    response = page("error.html", error.status, message=error.message, code=error.status)
    response.headers.update(error.headers)
    return response


def age(moment: datetime) -> str:
    """Write how long ago something was."""
    seconds = max(0, int((utc_now() - moment).total_seconds()))
    return next((f"{seconds // size} {unit} ago" for unit, size in _UNITS if seconds >= size), "now")


def size(count: int | None) -> str:
    """Write a number of bytes for people."""
    if count is None:
        return ""
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= step:
            return f"{count / step:.1f} {unit}"
    return f"{count} B"


def pretty(value: Any) -> str:
    """JSON for people; a long one is cut."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n... ({len(text):,} characters)"


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("kognic.sandbox.platform.view"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(age=age, size=size, pretty=pretty)
    return environment
