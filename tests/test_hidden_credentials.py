"""Credentials that are refused by any client are not shown by the traceback, local variables included."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from kognic.auth.requests import BaseApiClient, RequestsAuthSession
from kognic.base_clients.http_client import HttpClient
from kognic.io.client import KognicIOClient
from kognic.query.query_api_client import QueryApiClient

CLIENTS = {
    "KognicIOClient": KognicIOClient,
    "QueryApiClient": QueryApiClient,
    "HttpClient": functools.partial(HttpClient, "https://input.app.kognic.com"),
    "BaseApiClient": BaseApiClient,
    "RequestsAuthSession": RequestsAuthSession,
}


def refused(make: Callable[..., Any]) -> Exception:
    """What a client says to credentials without issuer, without the frame that has them."""
    try:
        make(auth={"clientId": "i", "clientSecret": "s3cr3t", "email": "e", "userId": 1})
    except KeyError as error:
        assert error.__traceback__ is not None
        return error.with_traceback(error.__traceback__.tb_next)
    raise AssertionError("credentials without issuer were taken")


@pytest.mark.parametrize("name", CLIENTS)
def test_refused_credentials_are_not_shown(name: str) -> None:
    """The message names the key, and no frame of ours has the secret."""
    error = refused(CLIENTS[name])

    report = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())

    assert "Key 'issuer' is missing in the auth dict" in report
    assert "s3cr3t" not in report
