"""httpx, or httpx2 where that alone is installed; neither need be."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kognic._core.extras import needs_extra

_HOW = needs_extra("The asynchronous clients need httpx, which is not installed", "httpx")


@contextmanager
def _httpx_preferred() -> Iterator[None]:
    """Let Authlib extend httpx if it is installed.

    It extends httpx2 wherever that can be imported, for example because another library brought it. Programs
    that catch errors of httpx, or pass its transports, would then stop working.
    """
    name = "httpx2"
    if importlib.util.find_spec("httpx") is None:
        yield
        return
    known = sys.modules.get(name)
    # What Python itself makes of None: importing the module fails as if it were not installed.
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if known is None:
            del sys.modules[name]
        else:
            sys.modules[name] = known


try:
    with warnings.catch_warnings(), _httpx_preferred():
        # Authlib announces that it will prefer httpx2; users of httpx need not read that from us. Its own
        # filter, set when this module is imported, shows it always, so ours has to come later.
        from authlib.deprecate import AuthlibDeprecationWarning

        warnings.simplefilter("ignore", AuthlibDeprecationWarning)
        from authlib.integrations.httpx_client import AsyncOAuth2Client as AsyncOAuth2Client
except ImportError as exc:
    raise ImportError(_HOW, name="httpx") from exc

if TYPE_CHECKING:
    import httpx as httpx
else:
    # The library whose client Authlib extends: two libraries in one client could not share transports.
    _BASE = next(kind for kind in AsyncOAuth2Client.__mro__ if kind.__name__ == "AsyncClient")
    httpx = sys.modules[_BASE.__module__.partition(".")[0]]
    if httpx is None:
        raise ImportError(_HOW, name="httpx")
