"""`kognic auth`: who am I, and do my credentials work? Storing credentials is the `kognic-auth` command."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from kognic._core.wording import counted
from kognic.cli.lazy import LazyGroup
from kognic.cli.platform import Platform, platform_command

if TYPE_CHECKING:
    from kognic.auth.requests.auth_session import RequestsAuthSession

# Claims of a token that tell a person something; others are for machines.
_CLAIMS = {"sub": "user", "email": "email", "org": "organization", "iss": "issued_by", "scope": "scopes"}


@click.group(cls=LazyGroup)
def auth() -> None:
    """Check your credentials, and show the user and workspaces they belong to."""


@auth.command("check")
@platform_command
def check(platform: Platform) -> None:
    """Get a token and send one request to the platform; exit status 1 if either fails."""
    session = _session(platform)
    session.ensure_token()
    workspaces = platform.client.workspace.get_workspaces()
    count = counted(len(workspaces), "workspace")
    platform.done(
        f"The credentials of {session.client_id} work; you can write to {count}.",
        client_id=session.client_id,
        token_url=session.token_url,
        workspaces=[workspace.id for workspace in workspaces],
    )


@auth.command("whoami")
@platform_command
def whoami(platform: Platform) -> None:
    """Show the user, the lifetime of the token and the workspaces of the credentials."""
    session = _session(platform)
    session.ensure_token()
    claims = session.claims or {}
    facts: dict[str, Any] = {"client_id": session.client_id, "auth_server": session.host}
    facts.update({name: claims[claim] for claim, name in _CLAIMS.items() if claim in claims})
    facts["token_expires"] = _expiry(session.expires_at)
    workspaces = platform.client.workspace.get_workspaces()
    facts["workspaces"] = [f"{workspace.external_id} ({workspace.id})" for workspace in workspaces]
    platform.show_one(facts)


def _session(platform: Platform) -> RequestsAuthSession:
    """The session that a client of the same options has."""
    from kognic.auth import DEFAULT_HOST
    from kognic.auth.requests.auth_session import RequestsAuthSession
    from kognic.base_clients.http.hosts import find_environment

    environment = find_environment(platform.environment)
    return RequestsAuthSession(
        auth=platform.credentials or (environment.credentials if environment else None),
        host=environment.auth_server if environment else DEFAULT_HOST,
        scopes=(environment.scopes or None) if environment else None,
    )


def _expiry(expires_at: datetime | None) -> str | None:
    if expires_at is None:
        return None
    minutes = (expires_at - datetime.now(UTC)).total_seconds() / 60
    return f"{expires_at.isoformat(sep=' ', timespec='seconds')} (in {minutes:.0f} minutes)"
