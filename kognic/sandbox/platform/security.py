"""Secrets of the platform: signing keys, access tokens, hashes of client secrets, signed URLs.

Access tokens are signed JWTs (RFC 7519, HS256). Refresh tokens and client secrets are random and kept as
hashes only. Signed URLs carry an HMAC over method, path and expiry, links to
pages one over path, user and expiry.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass
from urllib.parse import quote

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from starlette.datastructures import Headers

from kognic.sandbox.platform.config import Tuning
from kognic.sandbox.platform.database import Database
from kognic.sandbox.platform.errors import ForbiddenError, UnauthorizedError
from kognic.sandbox.platform.tables import RevokedToken, Secret
from kognic.sandbox.platform.values import new_uuid

ISSUER = "kognic-sandbox"
# Verified tokens, so that a signature is checked once. More than a test makes; beyond, the cache starts anew.
CACHED_TOKENS = 10_000
# A working day; a browser that was left open overnight logs in again.
VIEW_SECONDS = 12 * 3600


@dataclass(frozen=True)
class Principal:
    """Who is calling, from a checked token."""

    user_id: int
    client_id: str
    organization_id: int
    is_staff: bool
    scopes: frozenset[str]
    token_id: str
    expires: float


def bearer_token(headers: Headers) -> str:
    """Return the token of the `Authorization` header; raises `UnauthorizedError` without one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UnauthorizedError("The call carries no bearer token")
    return token.strip()


def new_secret() -> str:
    """Make a random client secret."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Hash of a random secret of 256 bits; nothing slower is needed for those."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same_secret(secret: str, hashed: str) -> bool:
    """Compare a secret with a stored hash, in a time that does not depend on where they differ."""
    return hmac.compare_digest(hash_secret(secret), hashed)


def load_key(database: Database, name: str) -> bytes:
    """Load a key that outlives restarts; the first call creates it."""
    with database.write() as session:
        stored = session.get(Secret, name)
        if stored is None:
            stored = Secret(name=name, value=new_secret())
            session.add(stored)
        return stored.value.encode()


class TokenIssuer:
    """Makes and checks access tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key = OctKey.import_key(load_key(database, "tokens"))
        self._checked: dict[str, Principal] = {}
        self._lock = threading.Lock()
        self._revoked = self._load_revoked()
        self._expired: set[str] = set()

    def issue(self, principal: Principal) -> str:
        """Sign the token of a principal, whose `token_id` and `expires` it carries."""
        claims: dict[str, object] = {
            "iss": ISSUER,
            "sub": principal.client_id,
            "iat": int(time.time()),
            "exp": principal.expires,
            "jti": principal.token_id,
            "user_id": principal.user_id,
            "organization_id": principal.organization_id,
            "staff": principal.is_staff,
            "scope": " ".join(sorted(principal.scopes)),
        }
        return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, self._key)

    def check(self, token: str) -> Principal:
        """Who holds a token.

        Raises:
            UnauthorizedError: It is not one of ours, has expired, or was revoked.
        """
        principal = self._checked.get(token) or self._decode(token)
        # Also for cached tokens: their time can end, and they can be revoked, after the signature was
        # checked.
        if principal.expires <= time.time():
            raise UnauthorizedError("The access token has expired")
        if principal.token_id in self._revoked:
            raise UnauthorizedError("The access token has been revoked")
        if token in self._expired:
            raise UnauthorizedError("The access token has expired")
        return principal

    def find(self, token: str) -> Principal | None:
        """Who holds a token; None if it is not a current one."""
        try:
            return self.check(token)
        except UnauthorizedError:
            return None

    def revoke(self, token: str) -> None:
        """Reject a token from now on."""
        if (principal := self.find(token)) is not None:
            self._revoke(principal.token_id)

    def expire(self, token: str) -> None:
        """Treat a token as if its time were over."""
        self._expired.add(token)

    def revoke_all(self) -> int:
        """Revoke every token that is known to be in use; how many there were."""
        with self._lock:
            known = {p.token_id for p in self._checked.values()} - self._revoked
        for token_id in known:
            self._revoke(token_id)
        return len(known)

    def forget_spoilt(self) -> None:
        """Let revoked and expired tokens be valid again; their table has been emptied."""
        self._revoked.clear()
        self._expired.clear()

    def _revoke(self, token_id: str) -> None:
        with self._database.write() as session:
            # In the table as well, so that a token stays revoked after a restart.
            session.merge(RevokedToken(token_id=token_id))
        self._revoked.add(token_id)

    def _load_revoked(self) -> set[str]:
        with self._database.read() as session:
            return {row.token_id for row in session.query(RevokedToken)}

    def _decode(self, token: str) -> Principal:
        try:
            # Only this algorithm: a token must not choose how it is checked (RFC 8725, 3.1).
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            principal = Principal(
                user_id=int(claims["user_id"]),
                client_id=str(claims["sub"]),
                organization_id=int(claims["organization_id"]),
                is_staff=bool(claims["staff"]),
                scopes=frozenset(str(claims["scope"]).split()),
                token_id=str(claims["jti"]),
                expires=float(claims["exp"]),
            )
        except (JoseError, ValueError, KeyError, TypeError):
            raise UnauthorizedError("The access token is not valid") from None
        self.remember(token, principal)
        return principal

    def remember(self, token: str, principal: Principal) -> None:
        """Keep a token's meaning, so that its signature is checked once and not at every call."""
        with self._lock:
            if len(self._checked) >= CACHED_TOKENS:
                self._checked.clear()
            self._checked[token] = principal


class UrlSigner:
    """Signs the path of a storage object for one method and a limited time."""

    def __init__(self, database: Database, tuning: Tuning) -> None:
        self._key = load_key(database, "urls")
        self._tuning = tuning
        self._expired: set[str] = set()

    def expiry(self) -> float:
        """Return when a URL signed now expires, in seconds since the epoch."""
        return time.time() + self._tuning.url_lifetime

    def sign(self, base: str, path: str, method: str) -> str:
        """Sign the full URL of an object path (percent-encoded, starting with `/`)."""
        expires = f"{self.expiry():.3f}"
        signature = quote(self._signature(method, path, expires))
        return f"{base}{path}?Expires={expires}&Signature={signature}"

    def check(self, path: str, method: str, expires: str | None, signature: str | None) -> None:
        """Raise `ForbiddenError` unless the signature is ours, for this method and path, and current."""
        wanted = self._signature(method, path, expires or "")
        # As bytes, because compare_digest refuses text beyond ASCII. Before the expiry, which is a number in
        # our own URLs only.
        if not hmac.compare_digest(wanted.encode(), (signature or "").encode()):
            raise ForbiddenError("SignatureDoesNotMatch")
        if float(expires or 0) < time.time() or signature in self._expired:
            raise ForbiddenError("ExpiredToken")

    def expire(self, signature: str) -> None:
        """Treat the URL with this signature as if its time were over."""
        self._expired.add(signature)

    def forget_expired(self) -> None:
        """Let URLs work again that a fault made expire."""
        self._expired.clear()

    def _signature(self, method: str, path: str, expires: str) -> str:
        # The method is signed, too: a URL for an upload cannot be used to read.
        message = "\n".join((method, path, expires)).encode()
        return base64.urlsafe_b64encode(hmac.digest(self._key, message, "sha256")).decode()


class ViewSigner:
    """Signs the links to pages, and the cookies that such links are exchanged for.

    A link opens one path for one user and a limited time, as long as a signed storage URL; the cookie opens
    every page for that user for twelve hours.
    """

    def __init__(self, database: Database, tuning: Tuning) -> None:
        self._key = load_key(database, "views")
        self._tuning = tuning

    def link(self, path: str, user_id: int) -> str:
        """Return the path of a page (percent-encoded, `/` first) with the query that opens it for a user."""
        expires = str(int(time.time() + self._tuning.url_lifetime))
        return (
            f"{path}?User={user_id}&Expires={expires}&Signature={self._sign('link', path, user_id, expires)}"
        )

    def user_of_link(self, path: str, user: str, expires: str, signature: str) -> int | None:
        """Return the user that a link is for; None if it is not one of ours, or has expired."""
        return self._user(user, expires, signature, "link", path)

    def cookie(self, user_id: int) -> str:
        """Return the cookie of a user."""
        expires = str(int(time.time() + VIEW_SECONDS))
        return f"{user_id}.{expires}.{self._sign('cookie', '', user_id, expires)}"

    def user_of_cookie(self, cookie: str) -> int | None:
        """Return the user that a cookie is for; None if it is not one of ours, or has expired."""
        user, _, rest = cookie.partition(".")
        expires, _, signature = rest.partition(".")
        return self._user(user, expires, signature, "cookie", "")

    def _user(self, user: str, expires: str, signature: str, kind: str, path: str) -> int | None:
        if not (user.isascii() and user.isdecimal() and expires.isascii() and expires.isdecimal()):
            return None
        wanted = self._sign(kind, path, int(user), expires)
        is_ours = hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "surrogateescape"))
        return int(user) if is_ours and int(expires) >= time.time() else None

    def _sign(self, kind: str, path: str, user_id: int, expires: str) -> str:
        message = "\n".join((kind, path, str(user_id), expires)).encode("utf-8", "surrogateescape")
        digest = hmac.digest(self._key, message, "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def new_token_id() -> str:
    """Make a random id for a token."""
    return new_uuid()
