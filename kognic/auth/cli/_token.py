"""`kognic-auth get-access-token`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from kognic.auth._defaults import DEFAULT_HOST
from kognic.auth._tokens import decode_jwt
from kognic.auth.cli._common import add_cache_option, add_environment_options
from kognic.auth.env_config import load_kognic_env_config, resolve_environment
from kognic.auth.errors import TokenError
from kognic.auth.internal import token_cache
from kognic.auth.requests.base_client import make_token_provider

if TYPE_CHECKING:
    from kognic.auth.env_config import Environment

ENVIRONMENT_VARIABLE = "KOGNIC_ENVIRONMENT"


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "get-access-token",
        help="print an access token",
        description="Print an access token, for example for curl: "
        'curl -H "Authorization: Bearer $(kognic-auth get-access-token)" https://...',
    )
    parser.add_argument(
        "--server", metavar="URL", help=f"auth server (default: the environment's, else {DEFAULT_HOST})"
    )
    parser.add_argument(
        "--credentials",
        metavar="FILE",
        help="credentials file or keyring://PROFILE (default: the environment's, else KOGNIC_CREDENTIALS, "
        "else KOGNIC_CLIENT_ID and KOGNIC_CLIENT_SECRET, else the system keyring)",
    )
    add_environment_options(parser, without=f"without, the one that {ENVIRONMENT_VARIABLE} names, else none")
    add_cache_option(parser)
    parser.add_argument(
        "--scopes",
        metavar="SCOPE",
        nargs="+",
        help="what the token is for, such as api:read (default: the "
        "environment's scopes, else those of the credentials)",
    )
    parser.add_argument(
        "--decode", action="store_true", help="print the claims of the token instead of the token"
    )
    parser.set_defaults(run=run, error_prefix=error_prefix)


def run(parsed: argparse.Namespace) -> int:
    """Print a token."""
    environment = _environment(parsed)
    provider = make_token_provider(
        auth=parsed.credentials or (environment.credentials if environment else None),
        auth_host=parsed.server or (environment.auth_server if environment else DEFAULT_HOST),
        token_cache=token_cache.make_cache(parsed.token_cache),
        scopes=parsed.scopes or ((environment.scopes if environment else None) or None),
    )
    token = provider.ensure_token()["access_token"]
    sys.stdout.write(f"{json.dumps(decode_jwt(token), indent=2) if parsed.decode else token}\n")
    return 0


def error_prefix(error: Exception) -> str:
    """Return what the line of an error begins with, as documented."""
    bad_value = isinstance(error, (FileNotFoundError, ValueError))
    inside_the_file = isinstance(error, (KeyError, AttributeError))
    if bad_value and not inside_the_file and not isinstance(error, TokenError):
        return "Error: "
    return "Error fetching token: "


def _environment(parsed: argparse.Namespace) -> Environment | None:
    name = parsed.env_name or os.environ.get(ENVIRONMENT_VARIABLE)
    if not name:
        return None
    return resolve_environment(load_kognic_env_config(parsed.env_config_file_path), "", name)
