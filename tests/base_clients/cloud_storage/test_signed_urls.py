"""Expiry of signed URLs in every dialect, and how they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.base_clients.cloud_storage.signed_urls import expiry, has_expired, shown

GOOGLE = "https://h/b?X-Goog-Algorithm=x&X-Goog-Date=20260102T030405Z&X-Goog-Expires=600&X-Goog-Signature=s"
AT = 1767323045.0


@pytest.mark.parametrize(
    ("url", "when"),
    [
        (GOOGLE, AT + 600),
        (GOOGLE.replace("Goog", "Amz"), AT + 600),
        ("https://h/b?x-amz-date=20260102T030405Z&x-amz-expires=1", AT + 1),
        ("https://h/b?GoogleAccessId=a&Expires=1767323045&Signature=s", AT),
        ("https://h/b?sv=1&se=2026-01-02T03%3A04%3A05Z&sig=s", AT),
        ("https://h/b?se=2026-01-02T03:04:05%2B00:00", AT),
        ("https://h/b", None),
        ("https://h/b?signature=s", None),
        ("https://h/b?X-Goog-Expires=600", None),
        ("https://h/b?X-Goog-Date=yesterday&X-Goog-Expires=600", None),
        ("https://h/b?Expires=soon", None),
        ("https://h/b?X-Goog-Date=20260102T030405Z&X-Goog-Expires=", None),
    ],
)
def test_expiry(url: str, when: float | None) -> None:
    assert expiry(url) == when


@given(
    st.text() | st.text().map(lambda text: f"https://h/a?X-Goog-Date={text}&X-Goog-Expires=1&Expires={text}")
)
def test_no_url_confuses_it(url: str) -> None:
    when = expiry(url)
    assert when is None or isinstance(when, float)


@pytest.mark.parametrize(
    ("status", "body", "now", "expired"),
    [
        (403, "<Code>AccessDenied</Code><Message>Request has expired</Message>", AT, True),
        (400, "<Code>ExpiredToken</Code>", AT, True),
        (403, "SignatureDoesNotMatch", AT, False),
        (403, "SignatureDoesNotMatch", AT + 601, True),
        (404, "expired", AT + 601, False),
        (503, "", AT + 601, False),
    ],
)
def test_has_expired(status: int, body: str, now: float, expired: bool) -> None:
    assert has_expired(GOOGLE, status, body, now) is expired


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (GOOGLE, "https://h/b?***"),
        ("https://h/b?anything=secret#x", "https://h/b?***"),
        ("https://h/b", "https://h/b"),
        ("http://user:word@h:80/b?c=d", "http://***@h:80/b?***"),
    ],
)
def test_shown_without_its_query(url: str, text: str) -> None:
    """Whatever signs it: the query of a storage URL is a secret."""
    assert shown(url) == text
