"""The `kog` command: one authenticated request."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from kognic._core.files import NotJsonError, decode_json
from kognic._core.visible import visible
from kognic.auth._defaults import DEFAULT_KOGNIC_PLATFORM
from kognic.auth.cli._common import (
    Parser,
    add_cache_option,
    add_environment_options,
    logging_to_stderr,
    report,
)
from kognic.auth.cli._formats import FORMATS, Text, formatted
from kognic.auth.env_config import (
    Environment,
    KognicEnvConfig,
    is_known,
    load_kognic_env_config,
    resolve_environment,
)
from kognic.auth.internal import token_cache
from kognic.auth.requests.base_client import create_session, make_token_provider
from kognic.auth.serde import serialize_body

if TYPE_CHECKING:
    import requests

METHODS = ["get", "post", "put", "patch", "delete", "head", "options"]


def _create_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="kog",
        description="Send one authenticated request to the Kognic platform and print the response, for "
        "example: kog get https://project-management.app.kognic.com/v1/projects --format table",
    )
    parser.add_argument("method", metavar="METHOD", choices=METHODS, help=", ".join(METHODS))
    parser.add_argument("url", metavar="URL", help="full URL")
    parser.add_argument("-d", "--data", metavar="JSON", help="body of the request")
    parser.add_argument(
        "-H", "--header", metavar="'KEY: VALUE'", action="append", default=[], help="header (repeatable)"
    )
    add_environment_options(parser, without="without, the one that the URL belongs to")
    parser.add_argument(
        "--scope",
        action="append",
        help="scope of the token (repeatable; default: the environment's scopes)",
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="json", help="output format (default: %(default)s)"
    )
    add_cache_option(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="print log messages on standard error")
    return parser


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit with its status.

    Args:
        args: Its arguments; None for those of the process.
    """
    sys.exit(run(_create_parser().parse_args(args)))


def run(parsed: argparse.Namespace) -> int:
    """Make the request that parsed arguments describe, and print the answer.

    Returns:
        The exit status: 0, or 1 after an error, which is printed in one line on standard error.
    """
    with logging_to_stderr(verbose=parsed.verbose):
        return report(lambda: _run(parsed))


def _run(parsed: argparse.Namespace) -> int:
    headers = _headers(parsed.header)
    body = None if parsed.data is None else _body(parsed.data)
    if body is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    environment = _environment(parsed)
    with _session(parsed, environment) as session:
        response = session.request(parsed.method.upper(), parsed.url, data=body, headers=headers)
    text = formatted(_document(response), parsed.format)
    # Only a terminal obeys control characters; a file or pipe gets the answer as it is.
    sys.stdout.write(visible(text) if sys.stdout.isatty() else text)
    return 0


def _headers(given: Sequence[str]) -> dict[str, str]:
    headers = {}
    for header in given:
        name, separator, value = header.partition(": ")
        if not separator or not name:
            # The value may be a secret.
            raise ValueError(f"Header '{name.partition(':')[0][:40]}' must have the form 'Key: Value'")
        headers[name] = value
    return headers


def _body(text: str) -> bytes:
    try:
        serialize_body(decode_json(text))
    except NotJsonError as exc:
        trouble = str(exc)
    else:
        return text.encode()
    raise ValueError(f"The body given by --data {trouble}")


def _environment(parsed: argparse.Namespace) -> Environment:
    config = load_kognic_env_config(parsed.env_config_file_path)
    host = urlsplit(parsed.url).hostname
    if not host:
        raise ValueError(
            f"The URL is '{parsed.url}', must be a full one like https://input.app.kognic.com/..."
        )
    environment = resolve_environment(config, parsed.url, parsed.env_name)
    if parsed.env_name is None and not _may_have_token(config, parsed.url, environment):
        raise ValueError(
            f"Refused to send a token of {environment.host} to {host}, which belongs to no environment; "
            "describe it in the environments file, or name an environment with --env"
        )
    return environment


def _may_have_token(config: KognicEnvConfig, url: str, environment: Environment) -> bool:
    """Whether the URL belongs to the environment, or the user chose it for all that belong nowhere."""
    chosen = config.default_environment in config.environments
    return chosen or environment.host != DEFAULT_KOGNIC_PLATFORM or is_known(url, environment)


def _session(parsed: argparse.Namespace, environment: Environment) -> requests.Session:
    provider = make_token_provider(
        auth=environment.credentials,
        auth_host=environment.auth_server,
        token_cache=token_cache.make_cache(parsed.token_cache),
        scopes=parsed.scope or environment.scopes or None,
    )
    return create_session(token_provider=provider)


def _document(response: requests.Response) -> Any:
    """The value of a JSON answer; the text of any other."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            return decode_json(response.content)
        except NotJsonError:
            pass
    return Text(response.text)
