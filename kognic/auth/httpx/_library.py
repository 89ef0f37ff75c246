"""httpx, or httpx2 if Authlib uses that; neither need be installed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

_HOW = "The asynchronous clients need httpx, which is not installed: pip install 'kognic-client[httpx]'"

try:
    with warnings.catch_warnings():
        # Authlib announces that it will prefer httpx2; users of httpx need not read that from us.
        warnings.simplefilter("ignore")
        from authlib.integrations.httpx_client import AsyncOAuth2Client as AsyncOAuth2Client
except ImportError as exc:
    raise ImportError(_HOW, name="httpx") from exc

if TYPE_CHECKING:
    import httpx as httpx
else:
    import sys

    # The library whose client Authlib extends: two libraries in one client could not share transports.
    _BASE = next(kind for kind in AsyncOAuth2Client.__mro__ if kind.__name__ == "AsyncClient")
    httpx = sys.modules[_BASE.__module__.partition(".")[0]]
    if httpx is None:
        raise ImportError(_HOW, name="httpx")
