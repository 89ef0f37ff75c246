"""The views of a token that all clients share."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from kognic.auth.base.auth_client import AuthClient
from tests.auth.auth_server import jwt


class Holder(AuthClient):
    """The least that a client is."""

    def __init__(self, token: dict[str, Any] | None) -> None:
        self._token = token

    @property
    def token(self) -> dict[str, Any] | None:
        return self._token


def test_views() -> None:
    """Of a token as the platform issues it."""
    client = Holder({"access_token": jwt({"sub": "u"}), "expires_at": 1_800_000_000})
    assert client.access_token == jwt({"sub": "u"})
    assert client.claims == {"sub": "u"}
    assert client.expires_at == datetime(2027, 1, 15, 8, tzinfo=UTC)


def test_views_of_other_tokens() -> None:
    """Claims are None if it is not a JWT, and so is an expiry that is not known."""
    opaque = Holder({"access_token": "opaque"})
    assert (opaque.access_token, opaque.claims, opaque.expires_at) == ("opaque", None, None)
    none = Holder(None)
    assert (none.access_token, none.claims, none.expires_at) == (None, None, None)


def test_token_is_for_subclasses() -> None:
    """The base has none."""
    with pytest.raises(NotImplementedError):
        _ = AuthClient().token


@pytest.mark.parametrize(("status", "logged"), [(429, True), (200, False), (503, False)])
def test_check_rate_limit(status: int, logged: bool, caplog: pytest.LogCaptureFixture) -> None:
    """It is an error in the log; the response comes back in any case."""
    response = requests.Response()
    response.status_code = status
    assert AuthClient.check_rate_limit(response) is response
    assert [r.levelno for r in caplog.records] == [logging.ERROR] * logged
