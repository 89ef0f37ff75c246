"""The header that announces the end of an endpoint."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from kognic.auth import SunsetHandler, default_sunset_handler
from kognic.auth._sunset import DATETIME_FMT, handle_sunset

URL = "https://input.app.kognic.com/v1/x?secret=1"


def answer(date: str | None, url: str = URL) -> Any:
    headers = {} if date is None else {"sunset-date": date}
    return SimpleNamespace(headers=headers, request=SimpleNamespace(method="GET", url=url))


@pytest.mark.parametrize(
    ("header", "date"),
    [
        ("2030-01-02T03:04:05.000600Z", datetime(2030, 1, 2, 3, 4, 5, 600, tzinfo=UTC)),
        ("2030-01-02T03:04:05Z", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ],
)
def test_handler_is_called(header: str, date: datetime) -> None:
    """With the date in UTC, the method, and the URL without query."""
    heard: list[tuple[Any, ...]] = []
    handler: SunsetHandler = lambda *call: heard.append(call)  # noqa: E731
    handle_sunset(answer(header), handler)
    assert heard == [(date, "GET", "https://input.app.kognic.com/v1/x")]


@pytest.mark.parametrize(
    "header", [None, "", "2030-01-02", "2030-01-02T03:04:05", "tomorrow", "2030-01-02T03:04:05+00:00"]
)
def test_other_forms_are_ignored(header: str | None) -> None:
    """As is everything without a handler."""
    heard: list[Any] = []
    handle_sunset(answer(header), lambda *call: heard.append(call))
    assert heard == []
    handle_sunset(answer("2030-01-02T03:04:05Z"), None)


@pytest.mark.parametrize(("days", "level"), [(30, logging.WARNING), (13, logging.ERROR), (-1, logging.ERROR)])
def test_default_handler_logs(days: int, level: int, caplog: pytest.LogCaptureFixture) -> None:
    """A warning, or an error when two weeks or less are left."""
    date = (datetime.now(UTC) + timedelta(days=days)).strftime(DATETIME_FMT)
    handle_sunset(answer(date))
    (record,) = caplog.records
    assert record.levelno == level
    assert "GET https://input.app.kognic.com/v1/x will end on" in record.getMessage()


def test_threshold_of_the_default_handler(caplog: pytest.LogCaptureFixture) -> None:
    """In days."""
    default_sunset_handler(threshold_days=40)(datetime.now(UTC) + timedelta(days=30), "GET", "u")
    assert caplog.records[0].levelno == logging.ERROR
