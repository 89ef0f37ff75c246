"""When the base API clients retry: the decision, for requests and httpx alike.

As documented for `BaseApiClient` and `BaseAsyncApiClient`: idempotent methods, after connection failures and
502, 503, 504, three times, at once, after 1 s and after 2 s, or after what `Retry-After` asks for.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from kognic._core.retrying import parse_retry_after, server_time
from kognic.auth._defaults import RETRY_STATUS_CODES, RETRY_WAITS

# A gateway that asks for more is not waited for; nobody expects one call to take so long.
MAX_WAIT = 60.0


class BadGateway(Exception):  # noqa: N818 - never leaves this package
    """An answer that is retried; its body has been released.

    Attributes:
        response: Of requests or httpx.
        asked: Seconds that it asked to wait.
    """

    def __init__(self, response: Any, asked: float) -> None:
        super().__init__(response.status_code)
        self.response = response
        self.asked = asked

    def wait_before(self, attempt: int) -> float | None:
        """Return the seconds before the next attempt; None if there is none."""
        wait = wait_after_failure(attempt)
        return None if wait is None else max(wait, self.asked)


def wait_after_failure(attempt: int) -> float | None:
    """Return the seconds after the failed attempt of this number (from 1); None after the last."""
    return RETRY_WAITS[attempt - 1] if attempt <= len(RETRY_WAITS) else None


def wait_after_status(status: int, headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a retried status asks to wait; None for any other status."""
    if status not in RETRY_STATUS_CODES:
        return None
    return min(
        parse_retry_after(headers.get("Retry-After"), server_time(headers.get("Date"), time.time())) or 0.0,
        MAX_WAIT,
    )
