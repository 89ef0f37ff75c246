"""Who may look at the pages: hosts, links, cookies, roles."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest

from kognic.sandbox import Sandbox
from tests.sandbox.protocol import Api

PAGES = ("/view", "/view/", "/view/scenes", "/view/calls", "/view/scene/{scene}", "/view/input/{input}")


def ask(
    sandbox: Sandbox, path: str, *, cookie: str = "", host: str = "", method: str = "GET"
) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of an answer, without following redirects."""
    parts = urlsplit(sandbox.url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=20)
    try:
        headers = {"Host": host or parts.netloc, **({"Cookie": cookie} if cookie else {})}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, names, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def path_of(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


def cookie_of(sandbox: Sandbox, link: str | None = None) -> str:
    """The cookie that a link is exchanged for."""
    status, headers, _ = ask(sandbox, path_of(link or sandbox.view_link()))
    assert status == 303
    return headers["set-cookie"].partition(";")[0]


def test_a_link_becomes_a_cookie(api: Api) -> None:
    """The link that the API returns signs its caller in; the signature does not stay in the address."""
    scene = api.create()
    link = api.place(scene)["viewLink"]

    status, headers, _ = ask(api.sandbox, path_of(link))

    port = urlsplit(api.sandbox.url).port
    assert (status, headers["location"]) == (303, urlsplit(link).path)
    assert headers["set-cookie"].startswith(f"kognic_sandbox_{port}=1.")
    assert headers["set-cookie"].endswith("; HttpOnly; SameSite=Lax; Path=/view; Max-Age=43200")
    cookie = headers["set-cookie"].partition(";")[0]
    assert ask(api.sandbox, headers["location"], cookie=cookie)[0] == 200
    assert ask(api.sandbox, f"/view/scene/{scene}", cookie=cookie)[0] == 200


@pytest.mark.parametrize("path", PAGES)
def test_without_the_cookie_nothing_is_shown(api: Api, path: str) -> None:
    """Neither without one, nor with one that this sandbox did not sign."""
    scene = api.create(externalId="secret-drive")
    asked = path.format(scene=scene, input=api.place(scene)["uuid"])
    good = cookie_of(api.sandbox)
    name, _, value = good.partition("=")
    user, expires, signature = value.split(".")
    forged = [
        "",
        f"{name}=",
        f"{name}=1.{int(expires) + 1}.{signature}",
        f"{name}=2.{expires}.{signature}",
        f"{name}={user}.x.{signature}",
        f"other={value}",
        "broken;;=",
    ]
    for cookie in forged:
        status, headers, body = ask(api.sandbox, asked, cookie=cookie)
        assert (status, "secret-drive" in body, "location" in headers) == (403, False, False)
        assert "kognic sandbox open" in body


def test_data_needs_the_cookie(api: Api) -> None:
    """Points and images as well."""
    scene = api.create("lidars-and-cameras-sequence")
    cookie = cookie_of(api.sandbox)
    page = ask(api.sandbox, f"/view/scene/{scene}", cookie=cookie)[2]
    source = page.partition('data-source="')[2].partition('"')[0]

    assert ask(api.sandbox, f"{source}scene", cookie=cookie)[0] == 200
    assert ask(api.sandbox, f"{source}frames/0", cookie=cookie)[0] == 200
    assert ask(api.sandbox, f"{source}scene")[0] == 403
    assert ask(api.sandbox, f"{source}frames/0")[0] == 403


def test_links_end(api: Api) -> None:
    """An expired or changed link opens nothing; with a cookie it still leads to the page."""
    api.sandbox.control.tune(url_lifetime=0)
    expired = path_of(api.sandbox.view_link())
    api.sandbox.control.tune(url_lifetime=3600)
    link = path_of(api.sandbox.view_link())
    moved = link.replace("/view/", "/view/scenes", 1)
    cookie = cookie_of(api.sandbox)
    strange = "/view/?User=%C2%B2&Expires=1&Signature=%FF"
    for wrong in (expired, moved, link.replace("User=1", "User=2"), strange):
        status, headers, body = ask(api.sandbox, wrong)
        assert (status, "set-cookie" in headers) == (403, False)
        assert "This link has expired" in body
    status, headers, _ = ask(api.sandbox, expired, cookie=cookie)
    assert (status, headers["location"], "set-cookie" in headers) == (303, "/view/", False)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example:{port}"],
)
def test_other_hosts_are_refused(kognic_sandbox: Sandbox, host: str) -> None:
    """A name that an attacker lets point here (DNS rebinding) gets nothing, with a cookie or without."""
    named = host.format(port=urlsplit(kognic_sandbox.url).port)
    cookie = cookie_of(kognic_sandbox)

    for path in ("/view/", "/view/assets/0000000000000000/pages.css", path_of(kognic_sandbox.view_link())):
        status, headers, _ = ask(kognic_sandbox, path, host=named, cookie=cookie)
        assert (status, "set-cookie" in headers) == (421, False)


def test_own_hosts() -> None:
    """The loopback and allowed names with the port, and the host of `public_url`."""
    with Sandbox(public_url="https://sandbox.example:8443", allowed_hosts=("Container",)) as sandbox:
        port = urlsplit(sandbox.url).port
        cookie = cookie_of(sandbox)
        own = [f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]", "container")]
        for host in (*own, "sandbox.example:8443"):
            assert ask(sandbox, "/view/", host=host, cookie=cookie)[0] == 200


def test_other_users_see_what_their_roles_allow(api: Api) -> None:
    """A user without a role in the workspace finds no scene of it, in lists, by UUID and as data."""
    scene = api.create("lidars-and-cameras", externalId="secret-drive")
    placed = api.place(scene)["uuid"]
    own = cookie_of(api.sandbox)
    source = (
        ask(api.sandbox, f"/view/scene/{scene}", cookie=own)[2]
        .partition('data-source="')[2]
        .partition('"')[0]
    )
    other = Api(api.sandbox, api.sandbox.control.create_user("other@x.invalid", organization="Other"))
    user_id = api.sandbox.platform.tokens.check(other.token().json()["access_token"]).user_id
    link = api.sandbox.url + api.sandbox.platform.views.link("/view/", user_id)
    cookie = cookie_of(api.sandbox, link)

    for path in (f"/view/scene/{scene}", f"/view/input/{placed}", f"{source}scene", f"{source}frames/0"):
        assert ask(api.sandbox, path, cookie=own)[0] == 200
        assert ask(api.sandbox, path, cookie=cookie)[0] == 404
    for kind in ("", "projects", "batches", "requests", "scenes", "inputs", "tasks", "annotations"):
        status, _, body = ask(api.sandbox, f"/view/{kind}", cookie=cookie)
        assert (
            status,
            "secret-drive" in body,
            "sandbox-project" in body.replace("--project sandbox-project", ""),
        ) == (200, False, False)
    for kind in ("calls", "faults"):
        assert ask(api.sandbox, f"/view/{kind}", cookie=own)[0] == 200
        assert ask(api.sandbox, f"/view/{kind}", cookie=cookie)[0] == 403


def test_headers(api: Api) -> None:
    """Pages run no script, or their own; nothing may be embedded, sniffed, or read by other sites."""
    scene = api.create("cameras")
    cookie = cookie_of(api.sandbox)

    for path in (*PAGES[:4], f"/view/scene/{scene}", "/view/none", "/view/assets/0000000000000000/pages.css"):
        _, headers, _ = ask(api.sandbox, path, cookie=cookie)
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert not [name for name in headers if name.startswith("access-control")]
    assert "script-src" not in ask(api.sandbox, "/view/scenes", cookie=cookie)[1]["content-security-policy"]


def test_pages_are_only_read(kognic_sandbox: Sandbox) -> None:
    """Other methods are refused."""
    cookie = cookie_of(kognic_sandbox)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert ask(kognic_sandbox, "/view/scenes", cookie=cookie, method=method)[0] == 405


def test_looking_leaves_no_trace(api: Api) -> None:
    """Pages are neither recorded, nor hit by faults; so no signature is in the recorded calls."""
    scene = api.create()
    with api.sandbox.control.fault("status"):
        cookie = cookie_of(api.sandbox)
        assert ask(api.sandbox, f"/view/scene/{scene}", cookie=cookie)[0] == 200
        ask(api.sandbox, path_of(api.sandbox.view_link()), method="POST")
        assert api.sandbox.control.faults()[0]["matched"] == 0

    assert not [
        call for call in api.sandbox.control.calls() if "view" in call.path or "Signature" in call.query
    ]
