"""The small functions that users of the official package know."""

from __future__ import annotations

import pytest

from kognic.base_clients.util import RETRYABLE_STATUS_CODES, filter_none, get_resource_id, get_wait_time


def test_filter_none_reaches_into_objects_but_not_into_arrays() -> None:
    body = {"a": None, "b": [{"c": None}], "d": {"e": None}, "f": 0, "g": False, "h": ""}

    assert filter_none(body) == {"b": [{"c": None}], "d": {}, "f": 0, "g": False, "h": ""}
    assert filter_none([{"a": None}]) == [{"a": None}]
    assert filter_none(None) is None


def test_filter_none_leaves_its_argument_alone() -> None:
    body = {"a": None}
    filter_none(body)
    assert body == {"a": None}


def test_retryable_status_codes() -> None:
    assert list(RETRYABLE_STATUS_CODES) == [408, 429, *range(500, 512), 598, 599]


@pytest.mark.parametrize(("attempt", "low"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (100, 60)])
def test_get_wait_time(attempt: int, low: float) -> None:
    assert low <= get_wait_time(attempt, 60) <= min(low + 1, 60)


@pytest.mark.parametrize(
    ("url", "resource"),
    [
        ("https://storage.googleapis.com/bucket/a.jpg?X-Goog-Signature=s", "gs://bucket/a.jpg"),
        ("https://host/bucket/dir/a%20b.jpg?x", "gs://bucket/dir/a%20b.jpg"),
    ],
)
def test_get_resource_id(url: str, resource: str) -> None:
    assert get_resource_id(url) == resource
