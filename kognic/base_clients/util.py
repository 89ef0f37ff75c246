"""Small functions with well-known names: what is left out of a body, what is retried, and when."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import urlsplit

RETRYABLE_STATUS_CODES = [408, 429, *range(500, 512), 598, 599]
"""What the official client retries, permanent statuses included; ours: `retry.TRANSIENT_STATUSES`."""


def filter_none(js: Any) -> Any:
    """Drop keys whose value is None from nested dicts; what is inside lists is left alone."""
    if not isinstance(js, dict):
        return js
    return {key: filter_none(value) for key, value in js.items() if value is not None}


def get_wait_time(upload_attempt: int, max_retry_wait_time: float, chance: float | None = None) -> float:
    """Return the seconds before retry number 1, 2, ... as the official client waits: about 1, 2, 4, ..."""
    jitter = random.random() if chance is None else chance  # noqa: S311  # nosec B311
    return min(2.0 ** min(upload_attempt - 1, 60) + jitter, max_retry_wait_time)


def get_resource_id(signed_url: str) -> str:
    """Return the `gs://bucket/name` that a signed URL of the form `https://host/bucket/name?...` names."""
    return f"gs:/{urlsplit(signed_url).path}"
