"""Credentials that are refused by any client are not shown by the traceback, local variables included."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from kognic.auth.requests import BaseApiClient, RequestsAuthSession
from kognic.base_clients.http.client import HttpClient
from kognic.io.client import KognicIOClient
from kognic.query.query_api_client import QueryApiClient

CLIENTS: dict[str, Callable[..., Any]] = {
    "KognicIOClient": KognicIOClient,
    "QueryApiClient": QueryApiClient,
    "HttpClient": functools.partial(HttpClient, "https://input.app.kognic.com"),
    "BaseApiClient": BaseApiClient,
    "RequestsAuthSession": RequestsAuthSession,
}


@pytest.mark.parametrize("name", CLIENTS)
def test_refused_credentials_are_not_shown(name: str) -> None:
    """The message names the key, and no frame of ours has the secret."""
    with pytest.raises(KeyError) as caught:
        CLIENTS[name](auth={"clientId": "i", "clientSecret": "s3cr3t", "email": "e", "userId": 1})

    report = traceback.TracebackException.from_exception(
        caught.value, capture_locals=True, lookup_lines=False
    )
    shown = "".join(report.format_exception_only()) + "".join(str(frame.locals) for frame in report.stack)

    assert "Key 'issuer' is missing in the auth dict" in shown
    assert "s3cr3t" not in shown
