"""The `kognic-auth` command: access tokens for other programs, credentials in the system keyring."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from kognic.auth.cli import _credentials, _token
from kognic.auth.cli._common import Parser, logging_to_stderr, report

__all__ = ["create_parser", "main"]


def create_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    parser: argparse.ArgumentParser = Parser(
        prog="kognic-auth", description="Access tokens and credentials for the Kognic platform."
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="print log messages on standard error")
    commands = parser.add_subparsers(dest="command")
    _token.add_to(commands)
    _credentials.add_to(commands)
    return parser


def main(args: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        args: Its arguments; None for those of the process.

    Returns:
        The exit status: 0, or 1 after an error, which is printed in one line on standard error.
    """
    parser = create_parser()
    parsed = parser.parse_args(args)
    if parsed.command is None:
        parser.print_help()
        return 0
    with logging_to_stderr(verbose=parsed.verbose):
        return report(lambda: parsed.run(parsed), prefix=getattr(parsed, "error_prefix", None))
