"""Credentials in every form, environments, sessions, base API clients, serialisation helpers."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from tests.interop.scripts.session import PROJECT, Session


def run(s: Session) -> None:
    os.environ["HOME"] = str(Path.cwd())
    for name in ("KOGNIC_CREDENTIALS", "KOGNIC_CLIENT_ID", "KOGNIC_CLIENT_SECRET"):
        os.environ.pop(name, None)
    credentials(s)
    environments(s)
    serialisation(s)
    sessions(s)
    base_client(s)
    asyncio.run(base_async_client(s))


def credentials(s: Session) -> None:
    from kognic.auth.credentials import ApiCredentials
    from kognic.auth.credentials_parser import parse_credentials, resolve_any_credentials, resolve_credentials

    full = {
        "clientId": "i",
        "clientSecret": "s",
        "email": "e",
        "userId": 1,
        "issuer": "auth",
        "name": "n",
        "created": "2020-01-02T03:04:05.678901234Z",
        "expires": "no time",
        "scopes": ["api:read"],
    }
    Path("full.json").write_text(json.dumps(full), "utf-8")
    Path("list.json").write_text("[1]", "utf-8")
    Path("broken.json").write_text("{", "utf-8")
    s.call("file", parse_credentials, "full.json")
    s.call("path", parse_credentials, Path("full.json"))
    s.call("dict", parse_credentials, {k: v for k, v in full.items() if k not in {"name", "scopes"}})
    s.call("home", resolve_any_credentials, "~/full.json")
    error(s, "no file", parse_credentials, "nowhere.json")
    error(s, "list", parse_credentials, "list.json")
    error(s, "broken", parse_credentials, "broken.json")
    for key in ("clientId", "clientSecret", "email", "userId", "issuer"):
        error(s, f"without {key}", parse_credentials, {k: v for k, v in full.items() if k != key})
    s.call("tuple", resolve_credentials, ("a", "b"))
    s.call("id and secret", resolve_credentials, None, "a", "b")
    s.call("object", resolve_credentials, ApiCredentials("a", "b", "e", 1, "x"))
    error(s, "both", resolve_credentials, ("a", "b"), "c", "d")
    for name, wrong in {"three": ("a", "b", "c"), "number": 7, "bytes": b"x", "text": "x.txt"}.items():
        error(s, f"no credentials: {name}", resolve_credentials, wrong)
    os.environ.update(KOGNIC_CLIENT_ID="env-id", KOGNIC_CLIENT_SECRET="env-secret")
    s.call("from variables", resolve_credentials)
    os.environ["KOGNIC_CREDENTIALS"] = "full.json"
    s.call("from the file of a variable", resolve_credentials)
    for name in ("KOGNIC_CREDENTIALS", "KOGNIC_CLIENT_ID", "KOGNIC_CLIENT_SECRET"):
        del os.environ[name]


def environments(s: Session) -> None:
    from kognic.auth.env_config import load_kognic_env_config, resolve_environment

    def at(host: str, **more: Any) -> dict[str, Any]:
        return {"host": host, "auth_server": f"https://auth.{host}", **more}

    content = {
        "default_environment": "main",
        "environments": {
            "main": at("app.kognic.com", credentials="~/full.json", scopes=["api:read"]),
            "test": at("test.kognic.com", credentials="keyring://test"),
        },
    }
    Path("environments.json").write_text(json.dumps(content), "utf-8")
    config = load_kognic_env_config("environments.json")
    s.note("default", config.default_environment)
    s.note("names", sorted(config.environments))
    for url in ("https://test.kognic.com/x", "https://input.test.kognic.com", "https://elsewhere.org/y"):
        s.note(f"environment of {url}", shown(resolve_environment(config, url)))
    s.note("environment by name", shown(resolve_environment(config, "https://x.org", "test")))
    error(s, "unknown environment", resolve_environment, config, "https://x.org", "nowhere")
    empty = load_kognic_env_config("nothing.json")
    s.note("no file", [empty.default_environment, len(empty.environments)])
    s.note("built in", shown(resolve_environment(empty, "https://x.org")))


def shown(environment: Any) -> dict[str, Any]:
    """The documented fields of an environment."""
    fields = ("name", "host", "auth_server", "credentials", "scopes")
    return {name: getattr(environment, name) for name in fields}


def serialisation(s: Session) -> None:
    from kognic.auth.serde import deserialize, serialize_body

    good = {"none": None, "dict": {"a": [1, None]}, "list": ["x"], "number": 1.5, "flag": True}
    for name, value in good.items():
        s.call(f"body {name}", serialize_body, value)
    wrong = {
        "text": "x",
        "bytes": b"x",
        "bytes inside": {"a": b"x"},
        "tuple": (1,),
        "set": {1},
        "object": object(),
    }
    for name, value in wrong.items():
        error(s, f"body {name}", serialize_body, value)
    s.call("enveloped", deserialize, {"data": [1], "more": 2})
    s.call("other envelope", deserialize, {"items": 3}, enveloped_key="items")
    s.call("no envelope", deserialize, {"a": 1}, enveloped_key=None)
    error(s, "missing envelope", deserialize, {"a": 1})


def sessions(s: Session) -> None:
    from kognic.auth.requests import RequestsAuthSession

    seen: list[str] = []
    session = RequestsAuthSession(
        auth=s.credentials, host=s.url, on_token_updated=lambda token: seen.append(token["access_token"])
    )
    s.note("before", [session.token, session.access_token, session.claims, session.expires_at])
    token = session.ensure_token()
    s.note("token", sorted(token))
    s.note("same token", session.ensure_token() == token)
    s.note("told", seen == [session.access_token])
    claims, expires_at = session.claims, session.expires_at
    assert claims is not None
    assert expires_at is not None
    s.note("claims", sorted(claims))
    s.note("expires", str(expires_at.tzinfo))
    answer = session.session.get(f"{s.url}/v1/projects")
    s.note("answer", len(answer.json()["data"]))
    s.note("rate limit", session.check_rate_limit(answer) is answer)
    session.invalidate_token()
    s.note("forgotten", session.token)
    s.note("url", session.token_url)
    wrong = RequestsAuthSession(auth=("nobody", "nothing"), host=s.url)
    s.fails("rejected", lambda: wrong.session)


def base_client(s: Session) -> None:
    from kognic.auth.requests import BaseApiClient

    class Projects(BaseApiClient):
        pass

    client = Projects(auth=s.credentials, auth_host=s.url)
    s.note("projects", client.session.get(f"{s.url}/v1/projects").json()["data"][0]["project"])
    s.note("name", str(client.session.headers["User-Agent"]).rsplit(" ", 1)[-1])
    made = client.session.post(
        f"{s.url}/v1/projects/{PROJECT}/batches/new", json={"publishPreviousBatches": True}
    )
    s.note("post", made.json()["data"]["status"])
    error(s, "not found", client.session.get, f"{s.url}/v1/projects/nowhere/batches")
    error(s, "no host", client.session.get, "/v1/projects")
    error(s, "bytes as json", client.session.post, f"{s.url}/v1/projects", json={"a": b"x"})
    s.control("revoke_tokens")
    s.note("after revocation", client.session.get(f"{s.url}/v1/projects").status_code)
    content = {"host": "127.0.0.1", "auth_server": s.url, "credentials": s.credentials}
    Path("sandbox.json").write_text(json.dumps({"environments": {"sandbox": content}}), "utf-8")
    other = Projects.from_env("sandbox", env_config_path="sandbox.json")
    s.note("from environment", other.session.get(f"{s.url}/v1/projects").status_code)
    error(s, "from no environment", Projects.from_env, "nowhere", env_config_path="sandbox.json")


async def base_async_client(s: Session) -> None:
    from kognic.auth.httpx import BaseAsyncApiClient

    async with BaseAsyncApiClient(auth=s.credentials, auth_host=s.url) as client:
        session = await client.session
        answer = await session.get(f"{s.url}/v1/projects")
        s.note("asynchronous", answer.json()["data"][0]["project"])
        try:
            await session.get(f"{s.url}/v1/projects/nowhere/batches")
        except Exception as raised:  # whatever it is, it is compared
            s.note("asynchronous, not found", [c.__name__ for c in type(raised).__mro__][-4:])


def error(s: Session, name: str, function: Any, *args: Any, **kwargs: Any) -> None:
    """Keep the class of what is raised, whose text is not documented."""
    try:
        s.note(name, function(*args, **kwargs))
    except Exception as raised:  # whatever it is, it is compared
        s.note(
            name, {"raised": type(raised).__name__, "mro": [c.__name__ for c in type(raised).__mro__[:-1]]}
        )
