"""The token endpoint."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from kognic.sandbox import Sandbox
from tests.sandbox.protocol import Api

TOKEN = "/v1/auth/oauth/token"


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def error_of(answer: requests.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["error_description"]
    return str(body["error"])


def test_token_by_form(api: Api) -> None:
    """Credentials in the form give a bearer token that says how long it lives, and a refresh token."""
    answer = api.token()

    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert body["refresh_token"]
    payload = claims(body["access_token"])
    assert payload["sub"] == api.credentials["clientId"]
    assert payload["exp"] - payload["iat"] == pytest.approx(3600, abs=1)


def test_token_by_basic_header(api: Api) -> None:
    """Credentials in a Basic header do as well."""
    pair = (api.credentials["clientId"], api.credentials["clientSecret"])
    form = {"grant_type": "client_credentials"}

    answer = requests.post(api.sandbox.url + TOKEN, data=form, auth=pair, timeout=10)

    assert answer.json()["access_token"]


def test_refresh_token(api: Api) -> None:
    """A refresh token gives a new access token, and stays valid itself."""
    refresh = api.token().json()["refresh_token"]

    first = api.token(grant_type="refresh_token", refresh_token=refresh).json()
    second = api.token(grant_type="refresh_token", refresh_token=refresh).json()

    assert "refresh_token" not in first
    assert claims(first["access_token"])["jti"] != claims(second["access_token"])["jti"]


def test_expired_refresh_token(api: Api) -> None:
    """An expired refresh token is answered with 401 and `invalid_token`."""
    api.sandbox.control.tune(refresh_token_lifetime=0.000001)
    refresh = api.token().json()["refresh_token"]

    answer = api.token(grant_type="refresh_token", refresh_token=refresh)

    assert error_of(answer, 401) == "invalid_token"


def test_no_refresh_tokens(api: Api) -> None:
    """With a lifetime of 0 none are handed out."""
    api.sandbox.control.tune(refresh_token_lifetime=0)

    assert "refresh_token" not in api.token().json()


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "None"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "api:read admin"}, 400, "invalid_scope"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "unknown"}, 400, "invalid_grant"),
    ],
)
def test_refusals(api: Api, form: dict[str, str], status: int, error: str) -> None:
    """Every refusal is an OAuth error with a description."""
    assert error_of(api.token(**form), status) == error


def test_form_that_is_none(api: Api) -> None:
    """A JSON body, a doubled parameter and an unreadable Basic header are refused in OAuth's words."""
    url = api.sandbox.url + TOKEN
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    doubled = "grant_type=client_credentials&grant_type=refresh_token"

    assert error_of(requests.post(url, json={}, timeout=10), 400) == "invalid_request"
    assert error_of(requests.post(url, data=doubled, headers=form, timeout=10), 400) == "invalid_request"
    unreadable = {**form, "Authorization": "Basic ***"}
    assert error_of(requests.post(url, data=doubled, headers=form | unreadable, timeout=10), 400)
    single = {"grant_type": "client_credentials"}
    answer = requests.post(url, data=single, headers={"Authorization": "Basic ***"}, timeout=10)
    assert error_of(answer, 401) == "invalid_client"


def test_refresh_token_of_another_client(kognic_sandbox: Sandbox, api: Api) -> None:
    """A refresh token serves its own client only."""
    refresh = api.token().json()["refresh_token"]
    other = Api(kognic_sandbox, kognic_sandbox.control.create_user("other@sandbox.invalid"))

    assert error_of(other.token(grant_type="refresh_token", refresh_token=refresh), 400) == "invalid_grant"


def test_expired_credentials(kognic_sandbox: Sandbox) -> None:
    """Credentials past their end get no token."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    credentials = kognic_sandbox.control.create_user("late@sandbox.invalid", expires=yesterday)

    assert error_of(Api(kognic_sandbox, credentials).token(), 401) == "invalid_client"


def test_scopes(api: Api) -> None:
    """A token holds the scopes that were asked for; without `api:write` nothing can be changed."""
    api.login(scope="api:read")

    assert api.get("/v1/projects")
    message = api.refuse("POST", "/v1/projects/sandbox-project/batches/b2", 403, json={})
    assert message == "The token lacks the scope api:write"


def test_no_scope_asked_for_gives_all(api: Api) -> None:
    """Without a scope in the request the token gets those of the credentials."""
    assert api.token().json()["scope"] == "api:read api:write"


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer abc.def.ghi", "Basic YTpi", "Bearer " + "x" * 3000]
)
def test_calls_without_a_good_token(api: Api, header: str | None) -> None:
    """Whatever is not one of our tokens is answered with 401 and a message."""
    api.session.headers.pop("Authorization")
    headers = {} if header is None else {"Authorization": header}

    assert "token" in api.refuse("GET", "/v1/projects", 401, headers=headers)


def test_forged_token(api: Api) -> None:
    """A token without signature, or with one of another key, is refused."""
    head, payload, _ = api.token().json()["access_token"].split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")

    for forged in (f"{unsigned}.{payload}.", f"{head}.{payload}.{'A' * 43}"):
        api.refuse("GET", "/v1/projects", 401, headers={"Authorization": f"Bearer {forged}"})


def test_expired_token(api: Api) -> None:
    """A token is refused when its time is over."""
    api.sandbox.control.tune(token_lifetime=0)
    api.login()

    assert api.refuse("GET", "/v1/projects", 401) == "The access token has expired"


def test_revocation(api: Api) -> None:
    """Access and refresh tokens can be revoked by their client; unknown ones are no error."""
    pair = {"client_id": api.credentials["clientId"], "client_secret": api.credentials["clientSecret"]}
    tokens = api.token().json()
    for token in (tokens["access_token"], tokens["refresh_token"], "unknown"):
        answer = requests.post(
            f"{api.sandbox.url}/v1/auth/oauth/revoke", data={"token": token, **pair}, timeout=10
        )
        assert answer.status_code == 200

    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert api.refuse("GET", "/v1/projects", 401, headers=bearer) == "The access token has been revoked"
    refreshed = api.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert error_of(refreshed, 400) == "invalid_grant"
    assert api.get("/v1/projects"), "other tokens stay valid"


def test_revoke_all(api: Api) -> None:
    """The handle can revoke every token in use."""
    api.get("/v1/projects")

    assert api.sandbox.control.revoke_tokens() >= 1
    api.refuse("GET", "/v1/projects", 401)
