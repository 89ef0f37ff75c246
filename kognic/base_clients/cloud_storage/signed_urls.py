"""What a signed URL says about its expiry, in the dialects of the storage providers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from kognic._core.redaction import redact_url

_QUERY = "?***"
_MAY_TELL = re.compile(r"[?&](?:[xX]-[a-zA-Z]+-)?(?:[eE]xpires|se)=")
# Storage services disagree on the status of an expired URL: S3 and Azure answer 403, Google Cloud Storage
# 400.
EXPIRED_STATUSES = frozenset({400, 401, 403})


def shown(url: str) -> str:
    """Make a signed URL fit to be shown: without its query, whatever it contains, and without a password."""
    head, question, _ = url.partition("#")[0].partition("?")
    if "@" in head:
        head = redact_url(head)
    return head + _QUERY if question else head


def expiry(url: str) -> float | None:
    """Return when a signed URL stops working, seconds since the Unix epoch; None when it does not say.

    Understood are Google (`X-Goog-Date` + `X-Goog-Expires`), Amazon (`X-Amz-Date` + `X-Amz-Expires`), both
    older forms (`Expires`), and Azure (`se`).
    """
    if not _MAY_TELL.search(url):
        return None
    try:
        query = {name.lower(): values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        for vendor in ("x-goog", "x-amz"):
            if f"{vendor}-expires" in query:
                signed = datetime.strptime(query[f"{vendor}-date"], "%Y%m%dT%H%M%S%z")
                return signed.timestamp() + float(query[f"{vendor}-expires"])
        if "expires" in query:
            return float(query["expires"])
        if "se" in query:
            until = datetime.fromisoformat(query["se"].replace("Z", "+00:00"))
            return until.replace(tzinfo=until.tzinfo or UTC).timestamp()
    except (KeyError, ValueError, OverflowError):
        pass
    return None


def has_expired(url: str, status: int, body: str, now: float) -> bool:
    """Whether storage refused a URL because of its age.

    Args:
        url: The signed URL.
        status: What storage answered.
        body: The text of the answer; Google says `ExpiredToken`, Amazon `Request has expired`.
        now: Seconds since the Unix epoch, by the clock of the storage, which decides about it.
    """
    if status not in EXPIRED_STATUSES:
        return False
    until = expiry(url)
    return "expired" in body.lower() or (until is not None and until <= now)
