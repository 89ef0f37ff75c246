"""The token endpoint: client credentials and refresh tokens (RFC 6749, RFC 7009 for revocation)."""

from __future__ import annotations

import base64
import binascii
import time
from datetime import timedelta
from urllib.parse import parse_qsl, unquote_plus

from sqlalchemy import select

from kognic.sandbox.platform.calls import Api, Call
from kognic.sandbox.platform.envelope import Bare
from kognic.sandbox.platform.errors import OAuthError
from kognic.sandbox.platform.security import (
    Principal,
    hash_secret,
    new_secret,
    new_token_id,
    same_secret,
)
from kognic.sandbox.platform.tables import ApiClient, RefreshToken, User
from kognic.sandbox.platform.values import utc_now

FORM = "application/x-www-form-urlencoded"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def issue_token(call: Call) -> Bare:
    """Answer a token request."""
    form = _form(call)
    client = _authenticate(call, form)
    grant = form.get("grant_type")
    if grant == "client_credentials":
        return _tokens(call, client, _granted(form.get("scope"), client.scopes), new_refresh=True)
    if grant == "refresh_token":
        stored = _refresh_token(call, client, form.get("refresh_token"))
        scopes = _granted(form.get("scope"), stored.scope.split())
        return _tokens(call, client, scopes, new_refresh=False)
    raise OAuthError(400, "unsupported_grant_type", f"grant_type is {grant}")


def revoke_token(call: Call) -> Bare:
    """Forget a refresh token, or refuse an access token from now on; unknown ones are no error."""
    form = _form(call)
    client = _authenticate(call, form)
    token = form.get("token", "")
    stored = call.session.get(RefreshToken, hash_secret(token))
    if stored is not None and stored.client_id == client.client_id:
        call.session.delete(stored)
    elif (principal := call.platform.tokens.find(token)) and principal.client_id == client.client_id:
        call.after_commit.append(lambda: call.platform.tokens.revoke(token))
    return Bare({})


def _form(call: Call) -> dict[str, str]:
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise OAuthError(400, "invalid_request", f"Content-Type must be {FORM}")
    try:
        pairs = parse_qsl(call.body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(call.body))
    except ValueError:
        raise OAuthError(400, "invalid_request", "the form cannot be read") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError(400, "invalid_request", "a parameter is given more than once")
    return form


def _authenticate(call: Call, form: dict[str, str]) -> ApiClient:
    client_id, secret = _basic(call) or (form.get("client_id"), form.get("client_secret"))
    client = call.session.get(ApiClient, client_id) if client_id else None
    if client is None or secret is None or not same_secret(secret, client.secret_hash):
        raise OAuthError(401, "invalid_client", "the client id or the client secret is wrong")
    if client.expires is not None and client.expires <= utc_now():
        raise OAuthError(401, "invalid_client", "the credentials have expired")
    return client


def _basic(call: Call) -> tuple[str, str] | None:
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        client_id = colon = secret = ""  # nosec B105
    if not colon:
        raise OAuthError(401, "invalid_client", "the Authorization header cannot be read")
    return unquote_plus(client_id), unquote_plus(secret)


def _granted(asked: str | None, allowed: list[str]) -> list[str]:
    """The scopes of the token: those asked for, else all that are allowed."""
    if not asked:
        return list(allowed)
    wanted = asked.split()
    refused = [scope for scope in wanted if scope not in allowed]
    if refused:
        raise OAuthError(400, "invalid_scope", f"the client may not have {' '.join(refused)}")
    return wanted


def _refresh_token(call: Call, client: ApiClient, token: str | None) -> RefreshToken:
    if not token:
        raise OAuthError(400, "invalid_request", "refresh_token is missing")
    stored = call.session.get(RefreshToken, hash_secret(token))
    if stored is None or stored.client_id != client.client_id:
        raise OAuthError(400, "invalid_grant", "the refresh token is unknown")
    if stored.expires <= utc_now():
        raise OAuthError(401, "invalid_token", "the refresh token has expired")
    return stored


def _tokens(call: Call, client: ApiClient, scopes: list[str], *, new_refresh: bool) -> Bare:
    tuning = call.platform.tuning
    user = call.session.scalars(select(User).where(User.id == client.user_id)).one()
    principal = Principal(
        user_id=user.id,
        client_id=client.client_id,
        organization_id=user.organization_id,
        is_staff=user.is_staff,
        scopes=frozenset(scopes),
        token_id=new_token_id(),
        expires=time.time() + tuning.token_lifetime,
    )
    body: dict[str, object] = {
        "access_token": call.platform.tokens.issue(principal),
        "token_type": "Bearer",  # nosec B105
        "expires_in": max(0, round(tuning.token_lifetime)),
        "scope": " ".join(scopes),
    }
    if new_refresh and tuning.refresh_token_lifetime > 0:
        body["refresh_token"] = token = new_secret()
        call.session.add(
            RefreshToken(
                token_hash=hash_secret(token),
                client_id=client.client_id,
                scope=" ".join(scopes),
                expires=utc_now() + timedelta(seconds=tuning.refresh_token_lifetime),
            )
        )
    return Bare(body, headers=NO_STORE)


APIS = (
    Api("POST", "/v1/auth/oauth/token", issue_token, writes=True, needs_token=False),
    Api("POST", "/v1/auth/oauth/revoke", revoke_token, writes=True, needs_token=False),
)
