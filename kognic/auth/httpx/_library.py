"""httpx, which need not be installed."""

from __future__ import annotations

try:
    import httpx as httpx
except ImportError as exc:
    raise ImportError(
        "The asynchronous clients need httpx, which is not installed: pip install 'kognic-client[httpx]'",
        name="httpx",
    ) from exc
