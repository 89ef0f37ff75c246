"""`kognic-auth credentials`: credentials in the system keyring."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from kognic._core.visible import visible
from kognic.auth.credentials_parser import parse_credentials
from kognic.auth.internal.credentials_store import (
    DEFAULT_PROFILE,
    clear_credentials,
    load_credentials,
    save_credentials,
    why_unusable,
)


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command and its own."""
    parser = commands.add_parser(
        "credentials",
        help="manage credentials in the system keyring",
        description="Manage credentials in the system keyring, one profile per environment. The profile "
        f"'{DEFAULT_PROFILE}' is used where nothing else is given; others as keyring://PROFILE.",
    )
    parser.set_defaults(run=lambda _: 0)
    actions = parser.add_subparsers(dest="action")
    put = actions.add_parser("put", help="store a credentials file")
    put.add_argument("file", metavar="FILE", help="credentials file")
    get = actions.add_parser("get", help="print stored credentials as JSON, with the secret")
    delete = actions.add_parser("delete", help="remove stored credentials")
    for action, run in ((put, run_put), (get, run_get), (delete, run_delete)):
        action.add_argument(
            "--env", metavar="NAME", default=DEFAULT_PROFILE, help="keyring profile (default: %(default)s)"
        )
        action.set_defaults(run=run)


def run_put(parsed: argparse.Namespace) -> int:
    """Store a credentials file."""
    credentials = parse_credentials(parsed.file)
    if credentials.has_expired():
        sys.stderr.write(visible(f"Warning: these credentials expired at {credentials.expires}\n"))
    save_credentials(credentials, parsed.env)
    stored = f"Stored the credentials of client {credentials.client_id} as profile '{parsed.env}'\n"
    sys.stdout.write(visible(stored))
    return 0


def run_get(parsed: argparse.Namespace) -> int:
    """Print stored credentials."""
    credentials = load_credentials(parsed.env)
    if credentials is None:
        trouble = why_unusable() or f"the system keyring has no profile '{parsed.env}'"
        sys.stderr.write(visible(f"Error: {trouble}\n"))
        return 1
    shown = {
        "clientId": credentials.client_id,
        "clientSecret": credentials.client_secret,
        "email": credentials.email,
        "userId": credentials.user_id,
        "issuer": credentials.issuer,
    }
    sys.stdout.write(f"{json.dumps(shown, indent=2)}\n")
    return 0


def run_delete(parsed: argparse.Namespace) -> int:
    """Remove stored credentials."""
    clear_credentials(parsed.env)
    sys.stdout.write(visible(f"Removed profile '{parsed.env}' from the system keyring\n"))
    return 0
