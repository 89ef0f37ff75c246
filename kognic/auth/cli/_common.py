"""What both commands do alike: options, logging, and telling errors in one line."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn

import requests

from kognic._core.errors import KognicError
from kognic._core.redaction import RedactingFormatter, protect_library_logs, redact
from kognic._core.visible import visible
from kognic.auth._defaults import DEFAULT_ENV_CONFIG_FILE_PATH
from kognic.auth.internal.token_cache import MODES

# What a command may meet when nothing is wrong with it; anything else is a bug and shows its traceback.
EXPECTED = (KognicError, requests.RequestException, OSError, ValueError, RuntimeError)
# What shells report after Ctrl-C: 128 and the number of SIGINT.
INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """A parser whose messages show the control characters of what it was given."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, and exit with status 2."""
        super().error(visible(message))


def add_environment_options(parser: argparse.ArgumentParser, *, without: str) -> None:
    """`--env` and `--env-config-file-path`.

    Args:
        parser: The parser to add to.
        without: What happens without `--env`, for the help.
    """
    parser.add_argument("--env", dest="env_name", metavar="NAME", help=f"environment to use; {without}")
    parser.add_argument(
        "--env-config-file-path",
        metavar="FILE",
        default=str(DEFAULT_ENV_CONFIG_FILE_PATH),
        help="file with the environments (default: %(default)s)",
    )


def add_cache_option(parser: argparse.ArgumentParser) -> None:
    """`--token-cache`."""
    parser.add_argument(
        "--token-cache",
        choices=MODES,
        default="auto",
        help="where tokens are kept between runs: the system keyring, a file, nowhere; auto takes the "
        "keyring where one works, else the file (default: %(default)s)",
    )


@contextlib.contextmanager
def logging_to_stderr(*, verbose: bool) -> Iterator[None]:
    """Show log records on standard error as `LEVEL: text`, without secrets; warnings, or all if `verbose`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter("%(levelname)s: %(message)s"))
    handler.setLevel(logging.DEBUG if verbose else logging.WARNING)
    root = logging.getLogger()
    level = root.level
    protect_library_logs()
    root.addHandler(handler)
    root.setLevel(min(level, handler.level))
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def report(action: Callable[[], int], *, prefix: Callable[[Exception], str] | None = None) -> int:
    """Do something; tell an error in one line on standard error.

    Args:
        action: What to do; gives the exit status.
        prefix: What the line of an error begins with; None for `Error: `.
    """
    try:
        return action()
    except EXPECTED as exc:
        begin = "Error: " if prefix is None else prefix(exc)
        sys.stderr.write(visible(f"{begin}{' '.join(redact(str(exc)).split()) or type(exc).__name__}\n"))
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
