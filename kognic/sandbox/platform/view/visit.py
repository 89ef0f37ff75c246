"""Who looks at a page: the host that was asked, the signed link, the cookie.

Other users of the machine must not see anything, and a page elsewhere must not reach the sandbox under a name
of its own (DNS rebinding). So a request has to name a host that is this sandbox's, and carry the cookie that
a signed link is exchanged for.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from urllib.parse import unquote, urlsplit

from sqlalchemy.orm import Session
from starlette.datastructures import Headers
from starlette.requests import Request

from kognic.sandbox.platform.calls import READ_SCOPE, Call
from kognic.sandbox.platform.control.seeding import USER_ID
from kognic.sandbox.platform.errors import PlatformError
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.security import VIEW_SECONDS, Principal
from kognic.sandbox.platform.tables import User

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
SIGNATURE = ("User", "Expires", "Signature")


class SignInError(PlatformError):
    """The visitor has no cookie and no valid link (403)."""

    def __init__(self, message: str) -> None:
        super().__init__(403, message)


def check_host(platform: Platform, request: Request) -> None:
    """Reject a request whose `Host` is not this sandbox's, with its port.

    The address that the connection came in on counts as well: an attacker's page needs a name.

    Raises:
        PlatformError: It is not (421).
    """
    address, port = request.scope["server"]
    allowed = map(str.lower, platform.settings.allowed_hosts)
    names = (*LOOPBACK, f"[{address}]" if ":" in address else address, *allowed)
    own = {f"{name}:{port}" for name in names}
    own.add(urlsplit(platform.settings.public_url or "").netloc.rpartition("@")[2])
    host = request.headers.get("host", "")
    if not host or host not in own:
        raise PlatformError(421, "This sandbox does not answer to that host name.")


def user_of_link(platform: Platform, request: Request) -> int | None:
    """Return the user that the link of a request is for; None if the link is not valid, or no longer."""
    user, expires, signature = (request.query_params.get(name, "") for name in SIGNATURE)
    return platform.views.user_of_link(request.scope["path"], user, expires, signature)


def is_signed(request: Request) -> bool:
    """Whether a request comes from a signed link."""
    return "Signature" in request.query_params


def cookie_name(request: Request) -> str:
    """Cookies are shared by all ports of a host, hence the port."""
    return f"kognic_sandbox_{request.scope['server'][1]}"


def new_cookie(platform: Platform, request: Request, user_id: int) -> str:
    """Return the `Set-Cookie` header that signs a user in."""
    # Lax, not Strict: browsers drop a strict cookie in the redirect that follows. Nothing here changes state.
    secure = "; Secure" if request.url.scheme == "https" else ""
    value = platform.views.cookie(user_id)
    return (
        f"{cookie_name(request)}={value}; HttpOnly; SameSite=Lax; Path=/view; Max-Age={VIEW_SECONDS}{secure}"
    )


def user_of_cookie(platform: Platform, request: Request) -> int | None:
    """Return the user that is signed in; None without a valid cookie."""
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(cookie_name(request))
    except CookieError:
        return None
    return None if found is None else platform.views.user_of_cookie(found.value)


def call_of(platform: Platform, session: Session, request: Request, user_id: int) -> Call:
    """Return what a user sees, as if by a call of the API.

    Raises:
        SignInError: The user no longer exists.
    """
    user = session.get(User, user_id)
    if user is None:
        raise SignInError("The user of this link does not exist any more.")
    principal = Principal(
        user_id=user.id,
        client_id="",
        organization_id=user.organization_id,
        is_staff=user.is_staff,
        scopes=frozenset({READ_SCOPE}),
        token_id="",
        expires=0,
    )
    # Staff have to name the organization that they act for.
    named = {"x-organization-id": str(user.organization_id)} if user.is_staff else {}
    return Call(
        platform=platform,
        session=session,
        principal=principal,
        path={name: unquote(value) for name, value in request.path_params.items()},
        query=request.query_params,
        headers=Headers(named),
        body=b"",
        base_url=f"{request.url.scheme}://{request.url.netloc}",
    )


def is_owner(call: Call) -> bool:
    """Whether the visitor may see what all users do: recorded calls and faults."""
    return call.user.user_id == USER_ID
